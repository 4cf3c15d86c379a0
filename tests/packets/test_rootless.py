"""Networks without any rights: the packet tests as an unprivileged user, and a cloud of such a user's own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

import fogbank
from fogbank import running
from fogbank.planes import process
from fogbank.planes.net import probe, uplinks
from fogbank.planes.net.namespaces import prefix_of
from fogbank.testing.machine import processes, traces
from fogbank.testing.process import CloudProcess

NOBODY = 65534
HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
SECONDS_MAX = 280.0


class Nobody:
    """An unprivileged user with a home, who runs this checkout's code with an interpreter that everybody may run."""

    def __init__(self, home: Path) -> None:
        self._python = sys.executable
        packages = (str(Path(fogbank.__file__).parent.parent), sysconfig.get_path("purelib"))
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(home),
            "PYTHONPATH": os.pathsep.join(packages),
            "PYTHONDONTWRITEBYTECODE": "1",
            "FOGBANK_NETWORK": "rootless",
        }

    def python(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run Python as nobody. Raises OSError where nobody may not."""
        return subprocess.run(
            [self._python, *argv],
            user=NOBODY,
            group=NOBODY,
            extra_groups=[],
            umask=0o022,
            env=self._environ,
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=SECONDS_MAX,
        )

    def hindrance(self) -> str:
        """Why nobody has no networks here; empty if there are."""
        said = "no interpreter that everybody may run"
        for self._python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
            try:
                asked = self.python("-c", _ASK, str(HERE))
            except OSError as error:
                said = f"{error.filename}: {error.strerror} (for everybody)"
                continue
            if asked.stdout == "yes\n":
                return ""
            said = (asked.stdout or asked.stderr).strip().rpartition("\n")[2]
        return said

    def lacks(self, feature: str) -> bool:
        """Whether nobody's networks do without something of the kernel's."""
        code = "import sys; from fogbank.planes.net import probe; print([f.name for f in probe.features() if f.works])"
        return feature not in self.python("-c", code).stdout

    @property
    def is_like_us(self) -> bool:
        """Whether nobody may run what lies beside our own interpreter: other people's commands."""
        return self._python == sys.executable


_ASK = """
import os, sys, pytest, boto3
from fogbank.planes.net import probe, uplinks
os.listdir(sys.argv[1])
print(probe.found("rootless")[1] or "yes")
"""


@pytest.fixture
def nobody() -> Iterator[Nobody]:
    if os.geteuid():
        pytest.skip("this user is unprivileged, and the other tests have run rootless already")
    # Pytest's own folders are of whoever runs it, and nobody else's.
    home = Path(tempfile.mkdtemp(prefix="fogbank-nobody-"))
    os.chown(home, NOBODY, NOBODY)
    try:
        found = Nobody(home)
        if reason := found.hindrance():
            pytest.skip(f"networks (rootless, as nobody): {reason}")
        yield found
    finally:
        shutil.rmtree(home)


def test_the_packet_tests_pass_for_an_unprivileged_user(nobody: Nobody) -> None:
    """All but the random topologies (`test_model.py`), which take minutes and say nothing of the mode; and those of
    what has delay where an unprivileged user has neither netem nor /dev/net/tun, of the uplink without that or its
    program, of AWS's command line where it is nobody's to run. Two processes, since most of the time is spent in
    waiting for packets that never come.
    """
    unwanted = []
    if nobody.lacks("netem") and nobody.lacks("TUN"):
        unwanted.append("regions")
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
