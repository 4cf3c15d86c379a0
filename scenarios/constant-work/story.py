"""Ten thousand targets, three checkers: what a calm hour costs, and what it costs when everything fails at once."""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from fogbank.planes.checks.checker import TELL_SECONDS
from fogbank.planes.checks.frames import STATE_BYTES
from fogbank.planes.dns import message, read

HERE = Path(__file__).parent
ADDRESSES, OF_ACCOUNT = 100, 200
INTERVAL = 10
ZONE = "constant-work.example"
GOOD = "192.0.2.1"
_FIRST_ACCOUNT = 700_000_000_000
_TICKS = os.sysconf("SC_CLK_TCK")
_XML = "https://route53.amazonaws.com/doc/2013-04-01/"
_POLL_SECONDS = 0.25
_PATIENCE_SECONDS = 120.0


class Row(NamedTuple):
    """A phase."""

    phase: str
    checkers: float
    cloud: float
    bytes: float
    memory: float
    decided: float
    undecided: int


class Api:
    """Route 53 over one connection. Whose key has twelve digits is the root of that account."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.port = parts.port or 80
        self._connection = http.client.HTTPConnection(parts.hostname or "127.0.0.1", self.port)

    def ask(self, account: str, method: str, path: str, body: str = "") -> str:
        at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        credential = f"{account}/{at[:8]}/us-east-1/route53/aws4_request"
        signed = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature=x"
        headers = {"Authorization": signed, "X-Amz-Date": at}
        self._connection.request(method, f"/2013-04-01/{path}", body, headers)
        answer = self._connection.getresponse()
        said = answer.read().decode()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {said}")
        return said

    def skip(self, seconds: float) -> None:
        """Move cloud time."""
        self.renew()
        body, headers = json.dumps({"advance_seconds": seconds}), {"Content-Type": "application/json"}
        self._connection.request("POST", "/_fogbank/clock", body, headers)
        self._connection.getresponse().read()

    def renew(self) -> None:
        """Begin with a new connection."""
        self._connection.close()

    def dns(self) -> tuple[str, int]:
        self._connection.request("GET", "/_fogbank/info")
        host, _, port = str(json.loads(self._connection.getresponse().read())["dns"]).rpartition(":")
        return host, int(port)


class Names:
    """Which of the sampled targets a name server takes to be healthy."""

    def __init__(self, where: tuple[str, int]) -> None:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.settimeout(2.0)
        self._socket.connect(where)

    def is_healthy(self, sample: int) -> bool:
        self._socket.send(read.question(1, f"t{sample}.{ZONE}", message.A))
        return any(one.data == GOOD for one in read.reading(self._socket.recv(4096)).answer)


class World:
    """The health checks of a run, its targets, and the processes that are measured."""

    def __init__(self, url: str, chosen: argparse.Namespace) -> None:
        self.chosen, self.api = chosen, Api(url)
        argv = [sys.executable, str(HERE / "targets.py")]
        self.targets = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.targets.stdout is not None
        self.port = int(self.targets.stdout.readline())
        self.names = Names(self.api.dns())
        self._ids: list[tuple[str, str]] = []
        self._zone = ""

    def make(self) -> None:
        """Health checks for all targets, and records that show the first of them."""
        for number in range(self.chosen.targets):
            account = f"{_FIRST_ACCOUNT + number // OF_ACCOUNT}"
            config = (
                f"<IPAddress>127.9.0.{number % ADDRESSES + 1}</IPAddress><Port>{self.port}</Port><Type>HTTP</Type>"
                f"<ResourcePath>/{number}</ResourcePath><RequestInterval>{INTERVAL}</RequestInterval>"
                f"<FailureThreshold>{self.chosen.threshold}</FailureThreshold>"
            )
            reference = f"<CallerReference>{os.getpid()}-{number}</CallerReference>"
            body = f"{reference}<HealthCheckConfig>{config}</HealthCheckConfig>"
            said = self.api.ask(account, "POST", "healthcheck", _request("CreateHealthCheck", body))
            self._ids.append((account, _id(said)))
        body = f"<Name>{ZONE}</Name><CallerReference>{os.getpid()}</CallerReference>"
        said = self.api.ask(f"{_FIRST_ACCOUNT}", "POST", "hostedzone", _request("CreateHostedZone", body))
        self._zone = _id(said).rpartition("/")[2]
        self._change("CREATE")

    def _change(self, action: str) -> None:
        changes = []
        for sample in range(self.chosen.samples):
            for role, value, check in (("PRIMARY", GOOD, self._ids[sample][1]), ("SECONDARY", "192.0.2.2", "")):
                follows = f"<HealthCheckId>{check}</HealthCheckId>" if check else ""
                record = (
                    f"<Name>t{sample}.{ZONE}</Name><Type>A</Type><SetIdentifier>{role}</SetIdentifier>"
                    f"<Failover>{role}</Failover><TTL>1</TTL><ResourceRecords><ResourceRecord><Value>{value}</Value>"
                    f"</ResourceRecord></ResourceRecords>{follows}"
                )
                changes.append(
                    f"<Change><Action>{action}</Action><ResourceRecordSet>{record}</ResourceRecordSet></Change>"
                )
        body = f"<ChangeBatch><Changes>{''.join(changes)}</Changes></ChangeBatch>"
        request = _request("ChangeResourceRecordSets", body)
        self.api.ask(f"{_FIRST_ACCOUNT}", "POST", f"hostedzone/{self._zone}/rrset", request)

    def tell(self, *words: object) -> None:
        """Tell the targets how they are."""
        assert self.targets.stdin is not None
        self.targets.stdin.write(f"{' '.join(map(str, words))}\n")
        self.targets.stdin.flush()

    def close(self) -> None:
        """Take away what was made."""
        # The connection has had nothing to do for minutes.
        self.api.renew()
        if self._zone:
            self._change("DELETE")
            self.api.ask(f"{_FIRST_ACCOUNT}", "DELETE", f"hostedzone/{self._zone}")
        for account, check in self._ids:
            self.api.ask(account, "DELETE", f"healthcheck/{check}")
        assert self.targets.stdin is not None and self.targets.stdout is not None
        self.targets.stdin.close()
        self.targets.wait()
        self.targets.stdout.close()


class Watch:
    """How long it takes from a target's turn to another answer."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wanted = [True] * world.chosen.samples
        self._turned_at: list[float | None] = [None] * world.chosen.samples

    def poll(self, wanted: Callable[[int], bool], delays: list[float]) -> None:
        """Ask for every sample, always: the questions cost the same in each phase."""
        for sample in range(len(self._wanted)):
            now, is_wanted = time.monotonic(), wanted(sample)
            if is_wanted != self._wanted[sample]:
                self._wanted[sample], self._turned_at[sample] = is_wanted, now
            turned_at = self._turned_at[sample]
            if self._world.names.is_healthy(sample) == is_wanted and turned_at is not None:
                delays.append(now - turned_at)
                self._turned_at[sample] = None

    @property
    def waiting(self) -> int:
        return sum(one is not None for one in self._turned_at)


def phase(world: World, name: str, watch: Watch) -> Row:
    """One phase, measured from its first moment to its last."""
    seconds, delays = world.chosen.seconds, list[float]()
    cloud = _listener(world.api.port)
    checkers = _children(cloud)
    wanted = _moods(world, name, time.monotonic())
    began, before, cloud_before = time.monotonic(), _cpu(checkers), _cpu([cloud])
    told, polls = _told_bytes(checkers), 0
    while (passed := time.monotonic() - began) < seconds:
        if passed < polls * _POLL_SECONDS:
            time.sleep(polls * _POLL_SECONDS - passed)
        polls += 1
        watch.poll(wanted, delays)
    took = time.monotonic() - began
    return Row(
        name,
        (_cpu(checkers) - before) / took,
        (_cpu([cloud]) - cloud_before) / took,
        (_told_bytes(checkers) - told) / took,
        _memory([*checkers, cloud]),
        statistics.median(delays) if delays else 0.0,
        watch.waiting,
    )


def _moods(world: World, name: str, began: float) -> Callable[[int], bool]:
    """Tell the targets how they are in a phase; whether a sample is well, by its number, at the moment of asking."""
    chosen = world.chosen
    if name == "all fail":
        world.tell("bad")
        return lambda sample: False
    if name == "flapping":
        period = (chosen.threshold + 1) * INTERVAL
        world.tell("flap", period)
        return lambda sample: not int(time.time() / period) % 2
    told: list[int] = []
    spread = chosen.seconds / 2 / chosen.samples

    def is_well(sample: int) -> bool:
        """One more of the samples falls ill now and then: a few of all there are."""
        due = min(chosen.samples, int((time.monotonic() - began) / spread))
        if due > len(told):
            told.extend(range(len(told), due))
            world.tell("only", *told)
        return sample >= due

    return is_well


def pause(world: World, seconds: float) -> None:
    """Let time pass, or skip it."""
    if world.chosen.skip:
        world.api.skip(seconds)
        # The skipped probes are made now.
        seconds = 3.0
    time.sleep(seconds)


def recover(world: World) -> None:
    """Wait until all are well, and are told to be."""
    world.tell("good")
    pause(world, world.chosen.threshold * INTERVAL)
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while not all(world.names.is_healthy(sample) for sample in range(world.chosen.samples)):
        if time.monotonic() > ends_at:
            raise SystemExit("they do not recover")
        time.sleep(_POLL_SECONDS)


# Processes


def _listener(port: int) -> int:
    """The process that listens at a port of this machine."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    inodes = {line.split()[9] for line in lines if line.split()[1].endswith(f":{port:04X}") and line.split()[3] == "0A"}
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(descriptor.readlink()) in wanted:
                return int(descriptor.parts[2])
        except OSError:
            continue
    raise SystemExit(f"nobody listens at port {port}")


def _children(parent: int) -> list[int]:
    """The checkers that a cloud has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and b"fogbank.planes.checks" in path.with_name("cmdline").read_bytes():
                found.append(int(path.parts[2]))
        except OSError:
            continue
    return found


def _cpu(pids: Sequence[int]) -> float:
    """CPU seconds since they began."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in pids]
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / _TICKS


def _memory(pids: Sequence[int]) -> float:
    """MiB that are theirs alone or shared."""
    return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids) * 4096 / (1 << 20)


def _told_bytes(pids: Sequence[int]) -> int:
    """All that checkers have told the cloud; what probes send does not count here (proc(5), io: wchar)."""
    return sum(int(Path(f"/proc/{pid}/io").read_text().split("\n")[1].split()[1]) for pid in pids)


def _id(said: str) -> str:
    found = re.search("<Id>(.*?)</Id>", said)
    assert found is not None, said
    return found[1]


def _request(operation: str, body: str) -> str:
    return f'<{operation}Request xmlns="{_XML}">{body}</{operation}Request>'


def _chosen() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=90.0, help="of each phase")
    parser.add_argument("--threshold", type=int, default=2)
    parser.add_argument("--samples", type=int, default=40, help="targets whose answers are watched, 200 at most")
    parser.add_argument("--phases", default="calm,all fail,flapping", help="separated by commas, in their order")
    parser.add_argument("--skip", action="store_true", help="skip the cloud time between phases")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def main() -> None:
    chosen = _chosen()
    world = World(os.environ["AWS_ENDPOINT_URL"], chosen)
    rows = []
    try:
        world.make()
        # Everybody has been looked at by everybody.
        pause(world, 2 * INTERVAL)
        for name in chosen.phases.split(","):
            watch = Watch(world)
            if rows:
                recover(world)
            rows.append(phase(world, name, watch))
    finally:
        world.close()
    if chosen.json:
        print(json.dumps([row._asdict() for row in rows]))
    else:
        show(rows, chosen)


def show(rows: Sequence[Row], chosen: argparse.Namespace) -> None:
    """Print a table, and how the worst phase compares with the calm one."""
    print(f"{chosen.targets:,} targets, each probed by 3 checkers every {INTERVAL} s, threshold {chosen.threshold}")
    print(f"a checker streams {STATE_BYTES / TELL_SECONDS:,.0f} bytes a second, whatever it knows")
    print(f"{'phase':10}{'checkers':>10}{'cloud':>8}{'bytes/s':>12}{'memory':>10}{'decided':>9}{'undecided':>11}")
    for row in rows:
        print(
            f"{row.phase:10}{row.checkers:10.3f}{row.cloud:8.3f}{row.bytes:12,.0f}{row.memory:10.1f}"
            f"{row.decided:9.2f}{row.undecided:11}"
        )
    by_name = {row.phase: row for row in rows}
    if {"calm", "all fail"} <= by_name.keys():
        calm, failing = by_name["calm"], by_name["all fail"]
        cpu = (failing.checkers + failing.cloud) / (calm.checkers + calm.cloud)
        print(f"all fail / calm: CPU {cpu:.3f}, bytes {failing.bytes / calm.bytes:.3f}, ", end="")
        print(f"memory {failing.memory / calm.memory:.3f}, decision {failing.decided / (calm.decided or 1):.3f}")


if __name__ == "__main__":
    main()
