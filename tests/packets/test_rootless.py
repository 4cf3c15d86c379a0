"""Networks without any rights: the packet tests as an unprivileged user, and a cloud of such a user's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from fogbank import running
from fogbank.planes import process
from fogbank.planes.net import probe, uplinks
from fogbank.planes.net.namespaces import prefix_of
from fogbank.testing.machine import processes, traces
from fogbank.testing.nobody import Nobody, somebody
from fogbank.testing.process import CloudProcess

HERE = Path(__file__).parent


@pytest.fixture
def nobody() -> Iterator[Nobody]:
    with somebody(HERE) as found:
        yield found


def test_the_packet_tests_pass_for_an_unprivileged_user(nobody: Nobody) -> None:
    """All but the random topologies (`test_model.py`), which take minutes and say nothing of the mode; and those of
    what has delay where an unprivileged user has neither netem nor /dev/net/tun, of the uplink without that or its
    program, of AWS's command line where it is nobody's to run. Two processes, since most of the time is spent in
    waiting for packets that never come.
    """
    unwanted = []
    if nobody.lacks("netem") and nobody.lacks("TUN"):
        unwanted += ["regions", "latency_routing"]
    if nobody.lacks("egress hook"):
        unwanted.append("zone_latency")
    if nobody.lacks("TUN") or shutil.which(uplinks.PROGRAM) is None:
        unwanted.append("test_uplink")
    if not nobody.is_like_us:
        unwanted.append("command_line_of_aws")
    chosen = ["-k", " and ".join(f"not {noun}" for noun in unwanted)] if unwanted else []
    argv = ["-m", "pytest", "-n", "2", "--dist", "worksteal", f"--ignore={HERE / 'test_model.py'}", *chosen, str(HERE)]
    ran = nobody.python(*argv)
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
    summary = ran.stdout.strip().rpartition("\n")[2]
    skipped = [line for line in ran.stdout.splitlines() if line.startswith("SKIPPED")]
    assert all("unprivileged" in line for line in skipped), skipped
    assert "failed" not in summary


@pytest.fixture
def rootless(tmp_path: Path) -> Iterator[CloudProcess]:
    """A cloud in a user namespace, and what it was started with; nothing of it is left, but for its state."""
    mode, reason = probe.found("rootless")
    if mode != "rootless":
        pytest.skip(f"networks (rootless): {reason}")
    found = CloudProcess(tmp_path / "state", network="rootless")
    yield found
    if hasattr(found, "card"):
        found.kill()
    found.stop()


def test_a_cloud_of_an_unprivileged_user_is_entered_killed_adopted_and_gone(
    rootless: CloudProcess, tmp_path: Path
) -> None:
    prefix, value = prefix_of(rootless.state), str(uuid.uuid4())
    passing = tmp_path / "tmp"
    passing.mkdir()
    environ = {"FOGBANK_TEST_MARK": value, "TMPDIR": str(passing)}

    def exec_(eni: str, *argv: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fogbank", "net", "exec", eni, "--", *argv]
        more = {"FOGBANK_STATE": str(rootless.state), "TMPDIR": str(passing)}
        return subprocess.run(command, env={**os.environ, **more}, capture_output=True, text=True, timeout=60)

    rootless.start(environ)
    subnet, (one, other) = made(rootless, 2)
    shown = exec_(one[0], "cat", "/proc/net/fib_trie")
    assert one[1] in shown.stdout, shown.stderr
    assert exec_(one[0], sys.executable, "-c", _CONNECT, other[1]).stdout == "refused\n", "it was reached"
    if shutil.which("ip") is not None:
        assert one[1] in exec_(one[0], "ip", "address").stdout
    there = processes(value)
    (holder,) = (pid for pid, line in there.items() if "net.holder" in line)
    inside = subprocess.Popen([*entry(rootless, one[0]), "sleep", "1000"])
    try:
        rootless.kill()
        assert holder in processes(value), "networks outlive their cloud"
        rootless.start(environ)
        assert [pid for pid, line in processes(value).items() if "net.holder" in line] == [holder], "and are adopted"
        assert inside.poll() is None
        assert exec_(one[0], sys.executable, "-c", _CONNECT, other[1]).stdout == "refused\n"
        _, (third,) = made(rootless, 1, subnet=subnet)
        assert third[1] in exec_(third[0], "cat", "/proc/net/fib_trie").stdout
        rootless.kill()
        assert not running.stop(rootless._settings), "none was running; what it left is taken away"
        assert inside.wait(10), "whatever runs inside is ended too"
    finally:
        inside.kill()
        inside.wait()
    assert process.found(holder) is None
    assert traces(prefix, value) == []
    assert list(passing.iterdir()) == []
    assert {path.name for path in rootless.state.iterdir()}.isdisjoint({"netns", "net-lines", "net-holder.json"})


_CONNECT = """
import errno, socket, sys
with socket.socket() as sock:
    sock.settimeout(2)
    print({0: "connected", errno.ECONNREFUSED: "refused"}.get(sock.connect_ex((sys.argv[1], 9)), "lost"))
"""


def entry(cloud: CloudProcess, eni: str) -> list[str]:
    """The words before a command that is to run inside an interface."""
    from fogbank.planes.net.kernel import KernelNet

    return KernelNet(prefix_of(cloud.state), "rootless", cloud.state).entry(eni)


def made(cloud: CloudProcess, count: int, *, subnet: str = "") -> tuple[str, list[tuple[str, str]]]:
    """A subnet, perhaps a new one in a VPC of its own, and interfaces in it: ids and addresses."""
    client = boto3.client(
        "ec2",
        endpoint_url=cloud.card.url,
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="x",
    )
    if not subnet:
        vpc = client.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = client.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    found = []
    for _ in range(count):
        eni = client.create_network_interface(SubnetId=subnet)["NetworkInterface"]
        found.append((eni["NetworkInterfaceId"], eni["PrivateIpAddress"]))
    client.close()
    return subnet, found
