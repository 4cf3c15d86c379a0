"""kombu, the messaging library of Celery, on its SQS transport: every message is handled once and acknowledged."""

from __future__ import annotations

import subprocess
from pathlib import Path

from fogbank.testing import Served

CLIENTS = Path(__file__).resolve().parents[2] / "build" / "clients" / "bin"

KOMBU = """
import socket, sys
from kombu import Connection, Exchange, Queue
port = sys.argv[1]
options = {"region": "us-east-1", "endpoint_url": f"http://127.0.0.1:{port}", "visibility_timeout": 30,
           "wait_time_seconds": 1, "is_secure": False}
tasks = Queue("tasks", Exchange("tasks"), routing_key="tasks")
seen, refused = [], []

def handle(body, message):
    if body["number"] == 13 and not refused:
        refused.append(message)
        message.requeue()
        return
    seen.append(body["number"])
    message.ack()

with Connection(f"sqs://{sys.argv[2]}:secret@127.0.0.1:{port}//", transport_options=options) as connection:
    producer = connection.Producer(serializer="json")
    for number in range(40):
        producer.publish({"number": number}, exchange=tasks.exchange, routing_key="tasks", declare=[tasks])
    with connection.Consumer(tasks, callbacks=[handle], accept=["json"]):
        for _ in range(200):
            if len(seen) == 40:
                break
            try:
                connection.drain_events(timeout=2)
            except socket.timeout:
                pass
    left = tasks(connection.default_channel).queue_declare(passive=True)
assert sorted(seen) == list(range(40)), sorted(seen)
assert refused and left.message_count == 0, left
print("done")
"""


def test_kombu_publishes_consumes_requeues_and_acknowledges(served: Served, account: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [str(CLIENTS / "python"), "-c", KOMBU, str(served.port), account],
        capture_output=True,
        text=True,
        timeout=120,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0 and done.stdout.strip() == "done", done.stdout + done.stderr
