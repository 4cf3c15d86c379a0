"""The contract of `Net`: on the fake always, on the kernel as root and in a user namespace where the machine can."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.net import probe
from fogbank.planes.net.facts import (
    Address,
    Chain,
    Element,
    Fact,
    Namespace,
    Neighbour,
    Pair,
    Route,
    RoutingRule,
    Rules,
    Set,
    Setting,
)
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.kernel import KernelNet
from fogbank.planes.net.namespaces import FOLDER, prefix_of
from fogbank.planes.net.net import Listen, Net
from fogbank.planes.net.plan import Contradiction

T = TypeVar("T")
PartsByName = dict[str, frozenset[Fact]]
SILENCE_SECONDS = 0.3
"""How long an answer is waited for that shall not come; one that comes takes microseconds."""
ROUTER = frozenset[Fact](
    {
        Namespace("r", router=True),
        Setting("r", "net/ipv4/ip_default_ttl", "77"),
        Address("r", "lo", "10.0.0.2/32"),
        Route("r", "0.0.0.0/0", kind="blackhole", metric=9999),
        RoutingRule("r", 101, 101),
        Route("r", "10.0.0.0/16", table=101, kind="throw"),
        Set("r", "enis", "type ifname . ipv4_addr"),
        Set("r", "ways", "type ifname : verdict", is_map=True),
        Chain("r", "forward_", "type filter hook forward priority 0; policy drop;"),
        Chain("r", "enter"),
        Rules(
            "r",
            "forward_",
            (
                'iifname . ip saddr != @enis meta nfproto ipv4 counter drop comment "spoofed"',
                "ct state established,related accept",
                "oifname vmap @ways",
                'counter drop comment "nowhere"',
            ),
        ),
        Rules("r", "enter", ('tcp dport 80 counter accept comment "web"', 'counter drop comment "closed"')),
    }
)


def address_of(number: int) -> str:
    """The address of the n-th interface."""
    return f"10.0.{number >> 8}.{(number & 255) + 4}"


def interface(number: int) -> frozenset[Fact]:
    """The n-th interface, with a namespace of its own behind it."""
    ns, device, ip = f"i{number}", f"e-{number}", address_of(number)
    ours = f"06:00:00:00:{number >> 8:02x}:{number & 255:02x}"
    theirs = f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}"
    return frozenset(
        {
            Namespace(ns),
            Pair("r", device, ours, ns, "eth0", theirs, group=101),
            Address(ns, "eth0", f"{ip}/24"),
            Address(ns, "eth0", f"fd00::{number + 4:x}/64"),
            Neighbour(ns, "eth0", "10.0.0.1", ours),
            Neighbour(ns, "eth0", "fe80::1", ours),
            Route(ns, "0.0.0.0/0", device="eth0", via="10.0.0.1"),
            Route(ns, "::/0", device="eth0", via="fe80::1"),
            Neighbour("r", device, ip, theirs),
            Neighbour("r", device, f"fd00::{number + 4:x}", theirs),
            Route("r", f"{ip}/32", device=device),
            Route("r", f"fd00::{number + 4:x}/128", device=device),
            Element("r", "enis", f'"{device}" . {ip}'),
            Element("r", "ways", f'"{device}"', "goto enter"),
        }
    )


NETWORK = {"router": ROUTER, "eni-1": interface(1), "eni-2": interface(2)}


class Ground:
    """A loop, a folder, and the networks that were made there, which leave nothing behind."""

    def __init__(self, mode: str, folder: Path) -> None:
        self.mode = mode
        self.folder = folder
        self.prefix = prefix_of(folder)
        self.loop = asyncio.new_event_loop()
        self.net = self.another()

    def another(self) -> Net:
        """Another view of the same networks, as another process would have it."""
        return FakeNet() if self.mode == "fake" else KernelNet(self.prefix, self.mode, self.folder)

    def run(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(work)

    def worker(self) -> process.Process:
        return self.net._worker.running  # type: ignore[attr-defined]

    def close(self) -> None:
        self.run(self.net.clear())
        left = [*processes_of(self.prefix), *mounts_of(self.prefix)]
        self.loop.close()
        assert not left, "something is left on the machine"

    # Packets

    def connects(self, source: int, target: int, port: int = 80, family: str = "4") -> bool:
        """Whether a connection from one interface reaches another."""
        return self.run(self._connects(source, target, port, family))

    async def _connects(self, source: int, target: int, port: int, family: str) -> bool:
        to, at = address_of(target), address_of(source)
        if family == "6":
            to, at = f"fd00::{target + 4:x}", f"fd00::{source + 4:x}"
        loop = asyncio.get_running_loop()
        with (
            await self.net.open(Listen(f"i{target}", to, port)) as listening,
            await self.net.open(Listen(f"i{source}", at, 0)) as asking,
        ):
            listening.listen()
            try:
                await asyncio.wait_for(loop.sock_connect(asking, (to, port)), SILENCE_SECONDS)
            except (TimeoutError, OSError):
                return False
            accepted, (peer, *_) = await loop.sock_accept(listening)
            accepted.close()
            assert peer == at
            return True


def processes_of(prefix: str) -> list[str]:
    """The workers and holders of an instance."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().replace(b"\0", b" ").decode()
            if prefix in line and "fogbank.planes.net" in line:
                found.append(line)
    return found


def mounts_of(prefix: str) -> list[str]:
    """The namespaces of an instance, mounted or not."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if prefix in line] + [path.name for path in FOLDER.glob(f"{prefix}*")]


@functools.cache
def missing(mode: str) -> str:
    """Why a mode cannot be had here."""
    return {"full": probe.full, "rootless": probe.rootless, "fake": str}[mode]()


def ground_of(mode: str, folder: Path) -> Ground:
    if reason := missing(mode):
        pytest.skip(f"networks ({mode}): {reason}")
    return Ground(mode, folder)


@pytest.fixture(params=["fake", "full", "rootless"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    found = ground_of(request.param, tmp_path)
    yield found
    found.close()


@pytest.fixture(params=["full", "rootless"])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    found = ground_of(request.param, tmp_path)
    yield found
    found.close()


# What every network keeps to


def test_parts_are_set_and_taken_away(ground: Ground) -> None:
    net = ground.net
    ground.run(net.set(NETWORK))
    assert net.has("eni-1")
    ground.run(net.set({"eni-1": frozenset()}))
    assert not net.has("eni-1")
    assert net.has("eni-2")
    ground.run(net.set({"router": ROUTER}, within=["eni-"]))
    assert not net.has("eni-2")
    assert net.has("router")


def test_whole_is_all_there_is(ground: Ground) -> None:
    ground.run(ground.net.set(NETWORK))
    ground.run(ground.net.whole({"router": ROUTER}))
    assert ground.net.has("router")
    assert not ground.net.has("eni-1")


def test_a_contradiction_is_refused_and_what_was_stays(ground: Ground) -> None:
    ground.run(ground.net.set(NETWORK))
    other = Element("r", "ways", '"e-1"', "drop")
    with pytest.raises(Contradiction, match="part eni-1 says"):
        ground.run(ground.net.set({"fault": frozenset({other})}))
    assert not ground.net.has("fault")
    ground.run(ground.net.set({"eni-1": interface(1) - {Element("r", "ways", '"e-1"', "goto enter")}}))
    ground.run(ground.net.set({"fault": frozenset({other})}))
    assert ground.net.has("fault")


def test_many_who_set_at_once_are_all_served(ground: Ground) -> None:
    async def many() -> None:
        await asyncio.gather(*(ground.net.set({f"eni-{i}": interface(i)}) for i in range(1, 9)))

    ground.run(ground.net.set({"router": ROUTER}))
    ground.run(many())
    assert all(ground.net.has(f"eni-{i}") for i in range(1, 9))


# What the kernel does about it


def test_packets_pass_and_die_with_an_element(real: Ground) -> None:
    net = real.net
    real.run(net.set(NETWORK))
    assert real.connects(1, 2)
    assert real.connects(2, 1)
    assert real.connects(1, 2, family="6")
    assert not real.connects(1, 2, port=81)
    counters = real.run(net.counters("r"))
    assert counters["web"][0] == 3
    assert counters["closed"][0] >= 1
    way = Element("r", "ways", '"e-2"', "goto enter")
    real.run(net.set({"eni-2": interface(2) - {way}}))
    assert not real.connects(1, 2)
    assert real.connects(2, 1)
    assert real.run(net.counters("r"))["nowhere"][0] >= 1
    real.run(net.set({"eni-2": interface(2)}))
    assert real.connects(1, 2)


def test_a_router_forwards_and_others_do_not(real: Ground) -> None:
    real.run(real.net.set(NETWORK))
    names = ("ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/ip_default_ttl")
    shown = {
        ns: real.run(real.net.run(ns, ["cat", *(f"/proc/sys/net/{name}" for name in names)])).output.split()
        for ns in ("r", "i1")
    }
    assert shown == {"r": [b"1", b"1", b"77"], "i1": [b"0", b"0", b"64"]}


def test_an_interface_goes_whole_and_comes_again(real: Ground) -> None:
    real.run(real.net.set(NETWORK))
    for _ in range(5):
        real.run(real.net.set({"eni-2": frozenset()}))
        real.run(real.net.set({"eni-2": interface(2)}))
    assert real.connects(1, 2)
    moved = {fact for fact in interface(2) if not isinstance(fact, Pair)}
    real.run(
        real.net.set(
            {"eni-2": frozenset({*moved, Pair("r", "e-2", "06:00:00:00:00:99", "i2", "eth0", "02:00:00:00:00:02")})}
        )
    )
    shown = real.run(real.net.run("r", ["cat", "/sys/class/net/e-2/address"]))
    assert shown.output.strip() in (b"06:00:00:00:00:99", b""), "sysfs shows the namespace of whoever mounted it"
    assert not real.connects(2, 1), "i2 still has the router's former address for its neighbour"
    real.run(real.net.set({"eni-2": interface(2)}))
    assert real.connects(2, 1)


def test_a_command_runs_inside_and_is_ended_in_time(real: Ground) -> None:
    real.run(real.net.set(NETWORK))
    ran = real.run(real.net.run("i1", ["sh", "-c", "cat /proc/net/fib_trie; echo no >&2; exit 3"]))
    assert address_of(1).encode() in ran.output
    assert (ran.code, ran.errors) == (3, b"no\n")
    with pytest.raises(WorldError, match=r"did not end within 0\.2 seconds"):
        real.run(real.net.run("i1", ["sleep", "60"], seconds=0.2))
    with pytest.raises(WorldError, match="no-such-command"):
        real.run(real.net.run("i1", ["no-such-command"]))
    with pytest.raises(WorldError, match="nowhere"):
        real.run(real.net.run("nowhere", ["true"]))


def test_a_socket_that_cannot_be_says_why(real: Ground) -> None:
    real.run(real.net.set(NETWORK))
    with pytest.raises(WorldError, match=r"10\.9\.9\.9 port 80: Cannot assign"):
        real.run(real.net.open(Listen("i1", "10.9.9.9", 80)))
    with real.run(real.net.open(Listen("i1", "fd00::5", 53, is_stream=False))) as opened:
        assert opened.type == socket.SOCK_DGRAM


def test_the_way_in_is_usable_by_a_command(real: Ground) -> None:
    real.run(real.net.set(NETWORK))
    if shutil.which("nsenter") is None:
        pytest.skip("nsenter is not installed")
    shown = subprocess.run([*real.net.entry("i2"), "cat", "/proc/net/fib_trie"], capture_output=True, text=True)
    assert address_of(2) in shown.stdout, shown.stderr
    if real.mode == "full":
        assert Path(real.net.path("i2")).exists()


def test_what_the_kernel_refuses_names_the_fact_and_spoils_nothing_else(real: Ground) -> None:
    wrong = Rules("r", "enter", ("ip saddr nonsense",))
    lost = Route("r", "10.8.0.0/16", device="e-99")

    async def together() -> list[BaseException | None]:
        return await asyncio.gather(
            real.net.set({"eni-1": interface(1)}),
            real.net.set({"route": frozenset({lost})}),
            real.net.set({"eni-2": interface(2)}),
            real.net.set({"chain": frozenset({Chain("r", "odd"), Rules("r", "odd", wrong.rules)})}),
            return_exceptions=True,
        )

    real.run(real.net.set({"router": ROUTER}))
    one, route, two, chain = real.run(together())
    assert (one, two) == (None, None)
    assert isinstance(route, WorldError)
    assert "no device e-99" in str(route)
    assert "10.8.0.0/16" in str(route)
    assert isinstance(chain, WorldError)
    assert "ip saddr nonsense" in str(chain)
    assert real.connects(1, 2)
    assert not real.net.has("route")
    real.run(real.net.set({"chain": frozenset({Chain("r", "odd"), Rules("r", "odd", ("accept",))})}))
    assert real.connects(2, 1)


def test_somebody_elses_change_of_the_table_is_undone_by_the_next_set(real: Ground) -> None:
    real.run(real.net.set(NETWORK))
    if shutil.which("nft") is None:
        pytest.skip("nft is not installed")
    assert real.run(real.net.run("r", ["nft", "flush", "chain", "inet", "fb", "forward_"])).code == 0
    assert not real.connects(1, 2)
    real.run(real.net.set({"eni-3": interface(3)}))
    assert real.connects(1, 2)
    assert real.connects(1, 3)


def test_clear_of_nothing_starts_nothing(ground: Ground) -> None:
    ground.run(ground.net.clear())
    assert not processes_of(ground.prefix)


# Without any rights


UNPRIVILEGED = """
import asyncio, sys
from pathlib import Path
from fogbank.planes.net import test_net as t
ground = t.Ground("rootless", Path(sys.argv[1]))
ground.run(ground.net.set(t.NETWORK))
assert ground.connects(1, 2) and not ground.connects(1, 2, port=81)
way = t.Element("r", "ways", '"e-2"', "goto enter")
ground.run(ground.net.set({"eni-2": t.interface(2) - {way}}))
assert not ground.connects(1, 2)
ground.close()
print("done")
"""


def test_an_unprivileged_user_has_a_network_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    if os.geteuid():
        pytest.skip("the suite itself runs unprivileged: `rootless` above is this test")
    nobody = 65534
    folder = Path(f"/tmp/fogbank-nobody-{os.getpid()}")
    python = shutil.which("python3", path="/usr/bin") or sys.executable
    environ = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": os.environ["PATH"]}

    def as_nobody(code: str, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-c", code, *argv],
            user=nobody,
            group=nobody,
            extra_groups=[],
            env=environ,
            cwd="/",
            capture_output=True,
            text=True,
        )

    asked = as_nobody(
        "import os, pytest, msgspec; from fogbank.planes.net import probe; print(probe.found('rootless'))"
    )
    if "('rootless', '')" not in asked.stdout:
        pytest.skip(f"networks (rootless, as nobody): {(asked.stdout or asked.stderr).strip().splitlines()[-1]}")
    folder.mkdir()
    os.chown(folder, nobody, nobody)
    try:
        ran = as_nobody(UNPRIVILEGED, str(folder))
        assert ran.stdout == "done\n", ran.stderr + (folder / "net.log").read_text()
    finally:
        shutil.rmtree(folder)
