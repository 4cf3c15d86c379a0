"""What a function must not do: each fails, nothing else is harmed, and its log says why."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sandboxes.world import Started, World, commands

from fogbank.testing.databases import soon


@pytest.fixture
def neighbour(apart: World) -> Iterator[Started]:
    """Another function, which must go on as if nothing were."""
    found = apart.python(
        "SECRET = 'mine'\ncount = 0\ndef handler(event, context):\n  global count\n  count += 1\n  return count"
    )
    assert found() == 1
    yield found
    assert found() == 2
    found.stop()


def refused(world: World, text: str, kind: str, **more: object) -> str:
    """The message of what a function raises; its log says it too."""
    one = world.python(f"import os\ndef handler(event, context):\n    {text}", **more)
    outcome = one.ask()
    told = json.loads(outcome.payload)
    assert outcome.error and told["errorType"] == kind, told
    assert kind.encode() in outcome.log and str(told["errorMessage"]).encode() in outcome.log
    one.stop()
    return str(told["errorMessage"])


def test_it_cannot_read_the_machines_passwords(apart: World, neighbour: Started) -> None:
    assert "/etc/shadow" in refused(apart, "open('/etc/shadow').read()", "FileNotFoundError")


def test_it_cannot_read_fogbanks_state(apart: World, neighbour: Started) -> None:
    secret = apart.folder / "state" / "machine.key"
    secret.write_text("secret")
    try:
        refused(apart, f"open({str(secret)!r}).read()", "FileNotFoundError")
        refused(apart, "os.listdir('/var/lib/fogbank')", "FileNotFoundError")
        # Nor by the process that holds what the machine has.
        refused(apart, f"open('/proc/1/root' + {str(secret)!r}).read()", "PermissionError")
    finally:
        secret.unlink()


def test_it_cannot_read_another_functions_code(apart: World, neighbour: Started) -> None:
    other = apart.code(main_py="SECRET = 'theirs'")
    refused(apart, f"open({str(other / 'main.py')!r}).read()", "FileNotFoundError")
    one = apart.python(
        "import os\ndef handler(event, context): return open('/var/task/main.py').read(), os.listdir('/var')"
    )
    text, names = one()
    assert "theirs" not in text and sorted(names) == ["lang", "runtime", "task", "tmp"]
    one.stop()


def test_it_cannot_write_its_code_nor_anything_but_its_tmp(apart: World, neighbour: Started) -> None:
    assert "Read-only file system" in refused(apart, "open('/var/task/main.py', 'w')", "OSError")
    for path in ("/x", "/usr/x", "/etc/x", "/opt/x", "/var/tmp/x", "/dev/x"):
        assert "Read-only" in refused(apart, f"open({path!r}, 'w')", "OSError")
    one = apart.python("def handler(event, context): return open('/tmp/x', 'w').write('yes')")
    assert one() == 3
    one.stop()


def test_it_cannot_use_more_memory_than_it_has(apart: World, neighbour: Started) -> None:
    one = apart.python("def handler(event, context): return len(bytearray(event << 20)) >> 20", memory_mb=128)
    assert one(64) == 64
    outcome = one.ask(400)
    told = json.loads(outcome.payload)
    if "that limit memory" in apart.plane.isolation:
        # By its own limits alone it is told that there is no more, and goes on.
        assert told["errorType"] == "MemoryError" and one(1) == 1
        one.stop()
        return
    assert told["errorType"] == "Runtime.ExitError"
    assert told["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert outcome.is_dead and outcome.memory_mb_max == 128
    assert b"Out of memory: the function may have 128 MB" in outcome.log


def test_what_it_uses_is_counted(apart: World) -> None:
    one = apart.python("kept = []\ndef handler(event, context): kept.append(bytearray(event << 20))", memory_mb=256)
    assert one.ask(1).memory_mb_max < 80 < one.ask(100).memory_mb_max <= 200
    one.stop()


def test_it_cannot_fork_without_end(apart: World, neighbour: Started) -> None:
    text = """
    import os, time
    def handler(event, context):
        count = 0
        while True:
            if not os.fork():
                time.sleep(60)
            count += 1
            if count > 5000:
                return count
    """
    one = apart.python(text, memory_mb=1024)
    outcome = one.ask(seconds=60.0)
    told = json.loads(outcome.payload)
    assert told["errorType"] in ("BlockingIOError", "Runtime.ExitError"), told
    assert told["errorType"].encode() in outcome.log
    one.stop()


def test_a_bomb_ends_with_its_time(apart: World, neighbour: Started) -> None:
    text = """
    import os
    def handler(event, context):
        open(f"/tmp/{event}", "w")
        return sorted(set(os.listdir("/tmp")) & set("abc"))
    """
    one, other = apart.python(text), apart.python(text)
    assert one("a") == ["a"] and other("b") == ["b"] and one("c") == ["a", "c"]
    one.stop()
    other.stop()


def test_tmp_is_as_large_as_it_is_said(apart: World) -> None:
    text = "def handler(event, context): return open('/tmp/x', 'wb').write(bytes(event << 20))"
    one = apart.python(text, storage_mb=20, memory_mb=512)
    assert one(10)
    assert "No space left" in json.loads(one.ask(30).payload)["errorMessage"]
    one.stop()


def test_it_cannot_take_another_functions_events(apart: World, neighbour: Started) -> None:
    if "runtime APIs" in apart.plane.isolation:
        pytest.skip(f"sandboxes: {apart.plane.isolation}")
    victim = apart.python("import os\ndef handler(event, context): return os.environ['AWS_LAMBDA_RUNTIME_API']")
    address = victim()
    text = """
    import http.client
    def handler(event, context):
        connection = http.client.HTTPConnection(event, timeout=5)
        connection.request("GET", "/2018-06-01/runtime/invocation/next")
        return connection.getresponse().status
    """
    thief = apart.python(text)
    kind = json.loads(thief.ask(address).payload)["errorType"]
    assert kind in ("ConnectionResetError", "RemoteDisconnected", "BrokenPipeError")
    assert victim() == address
    victim.stop()
    thief.stop()


def test_a_stopped_environment_leaves_nothing(apart: World) -> None:
    mark = f"7654322.{os.getpid()}"
    text = (
        f"import subprocess\ndef handler(event, context): subprocess.Popen(['sleep', '{mark}'], start_new_session=True)"
    )
    one = apart.python(text)
    one()
    assert [command for _, command in commands() if mark in command]
    one.stop()
    assert not [command for _, command in commands() if mark in command]
    assert not list(Path("/sys/fs/cgroup").glob(f"*/{apart.prefix}/{os.getpid()}-*/nothing"))


def test_everything_ends_with_a_cloud_that_is_killed(apart: World, tmp_path: Path) -> None:
    mark = f"7654323.{os.getpid()}"
    code = apart.code(
        main_py=f"""
        import subprocess
        subprocess.Popen(['sleep', '{mark}'], start_new_session=True)
        def handler(event, context): pass
        """
    )
    prefix = apart.prefix + "k"
    text = (
        "import sys; from pathlib import Path; from tests.sandboxes.world import World\n"
        f"world = World(Path({str(tmp_path)!r}), {prefix!r})\n"
        f"world.start(world.function(code=Path({str(code)!r})))\n"
        "print('started', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as cloud:
        assert cloud.stdout is not None and cloud.stdout.readline() == b"started\n"
        mine = f"{tmp_path}/state/roots"
        assert [command for _, command in commands() if mark in command]
        assert [command for _, command in commands() if mine in command]
        cloud.send_signal(signal.SIGKILL)
    soon(lambda: not [command for _, command in commands() if mark in command or mine in command], True)
    after = World(tmp_path, prefix)
    one = after.python("def handler(event, context): return 1")
    assert one() == 1
    groups = [path.name for path in Path("/sys/fs/cgroup").glob(f"*/{prefix}/*") if path.is_dir()]
    assert all(name.startswith(f"{os.getpid()}-") for name in groups), "what was left is gone"
    after.close()
    assert not list(Path("/sys/fs/cgroup").glob(f"*/{prefix}")) and not (tmp_path / "state").exists()
