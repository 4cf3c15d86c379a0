"""The contract of `Net`: on the fake always, on the kernel as root and in a user namespace where the machine can."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from fogbank.aws.errors import WorldError
from fogbank.planes import process
from fogbank.planes.net import probe
from fogbank.planes.net.apply import Hands
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
from fogbank.planes.net.lines import Lines
from fogbank.planes.net.messages import Request
from fogbank.planes.net.namespaces import FOLDER, Traveller, in_thread, prefix_of
from fogbank.planes.net.net import Listen, Net
from fogbank.planes.net.plan import Contradiction, Holding
from fogbank.planes.net.world import World

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


# Death, adoption, removal


def test_a_worker_that_dies_is_started_again_and_nothing_is_lost(real: Ground) -> None:
    real.run(real.net.set(NETWORK))
    first = real.worker()
    os.kill(first.pid, signal.SIGKILL)
    real.run(real.net.set({"eni-3": interface(3)}))
    assert real.worker() != first
    assert real.connects(1, 2)
    assert real.connects(3, 1)


def test_what_stands_is_adopted_and_connections_live_through_it(real: Ground) -> None:
    real.run(real.net.set(NETWORK))
    loop = real.loop
    listening = real.run(real.net.open(Listen("i2", address_of(2), 80)))
    asking = real.run(real.net.open(Listen("i1", address_of(1), 0)))
    listening.listen()
    real.run(loop.sock_connect(asking, (address_of(2), 80)))
    accepted, _ = real.run(loop.sock_accept(listening))
    before = links_of(real)
    real.run(real.net.close())
    assert not processes_of(real.prefix) or real.mode == "rootless"
    real.net = real.another()
    real.run(real.net.whole(NETWORK))
    assert links_of(real) == before, "nothing was made anew"
    real.run(loop.sock_sendall(asking, b"still"))
    assert real.run(loop.sock_recv(accepted, 10)) == b"still"
    for one in (accepted, asking, listening):
        one.close()


def links_of(real: Ground) -> object:
    """The router's devices with their numbers, which a device that is made anew does not keep."""
    shown = real.run(real.net.run("r", ["cat", "/proc/net/dev_mcast"])).output
    return sorted({tuple(line.split()[:2]) for line in shown.splitlines()})


def test_leftovers_are_removed_and_drift_is_repaired(real: Ground) -> None:
    if shutil.which("ip") is None:
        pytest.skip("ip is not installed")
    real.run(real.net.set({**NETWORK, "eni-3": interface(3)}))
    drift = (
        ("r", "ip route del 10.0.0.5/32"),
        ("r", "ip route add 10.77.0.0/16 dev e-1 proto 251"),
        ("r", "ip rule add fwmark 9 table 9 pref 1000 protocol 251"),
        ("r", "ip -6 rule del fwmark 101 table 101"),
        ("r", "ip link add stray type veth peer name stray2"),
        ("i1", "ip link set eth0 down"),
        ("i1", "ip address add 10.66.0.1/32 dev lo"),
        ("i2", "ip neigh del 10.0.0.1 dev eth0"),
        ("r", "sysctl -qw net.ipv4.ip_default_ttl=1"),
    )
    for ns, line in drift:
        ran = real.run(real.net.run(ns, line.split()))
        assert ran.code == 0 or "sysctl" in line, (line, ran.errors)
    assert not real.connects(1, 2)
    real.run(real.net.close())
    real.net = real.another()
    real.run(real.net.whole(NETWORK))
    assert real.connects(1, 2)
    assert real.connects(2, 1)
    with pytest.raises(WorldError, match="i3"):
        real.run(real.net.run("i3", ["true"]))
    shown = b"".join(
        real.run(real.net.run(ns, ["sh", "-c", "ip link; ip address; ip route; ip rule; ip -6 rule"])).output
        for ns in ("r", "i1")
    )
    for word in (b"e-3", b"10.77", b"0x9", b"stray", b"10.66"):
        assert word not in shown, word
    assert shown.count(b"fwmark 0x65") == 2
    assert real.run(real.net.run("r", ["cat", "/proc/sys/net/ipv4/ip_default_ttl"])).output == b"77\n"


def test_nothing_outside_the_prefix_is_touched(tmp_path: Path) -> None:
    ground = ground_of("full", tmp_path)
    stranger = Traveller(f"xx{os.getpid()}")
    host = Path("/proc/net/dev").read_text().count("\n")
    in_thread(lambda: stranger.create("theirs"))
    try:
        ground.run(ground.net.whole(NETWORK))
        ground.run(ground.net.whole({}))
        ground.run(ground.net.clear())
        assert stranger.names() == {"theirs"}
        assert in_thread(lambda: Traveller(stranger.prefix).at("theirs", lambda: Path("/proc/net/dev").read_text()))
        assert Path("/proc/net/dev").read_text().count("\n") == host
    finally:
        in_thread(lambda: stranger.remove("theirs"))
        ground.close()


def test_clear_ends_what_runs_inside_and_leaves_nothing(real: Ground) -> None:
    real.run(real.net.set(NETWORK))
    before = set(processes_of(real.prefix))
    assert before
    engine = subprocess.Popen([*real.net.entry("i1"), "sleep", "1000"], start_new_session=True)
    shown = real.run(real.net.run("i2", ["true"]))
    assert shown.code == 0
    while not is_inside(engine.pid):
        assert engine.poll() is None
        real.run(real.net.run("i2", ["true"]))
    real.run(real.net.clear())
    assert engine.wait(timeout=10) in (-signal.SIGTERM, -signal.SIGKILL)
    assert not processes_of(real.prefix)
    assert not mounts_of(real.prefix)
    assert not real.net.has("router")
    real.run(real.net.set(NETWORK))
    assert real.connects(1, 2), "and it can be made again"


def is_inside(pid: int) -> bool:
    """Whether `sleep` has begun in another namespace than ours."""
    ours, its = Path("/proc/self/ns/net").stat().st_ino, Path(f"/proc/{pid}/ns/net").stat().st_ino
    return its != ours and Path(f"/proc/{pid}/comm").read_text() == "sleep\n"


def test_a_worker_waits_until_the_one_before_it_has_ended(real: Ground) -> None:
    """A cloud that was killed leaves a worker that ends what it is at, while the next cloud starts already."""
    real.run(real.net.set(NETWORK))
    before, kept = real.worker(), real.net
    real.net = real.another()

    async def followed() -> None:
        kept._worker.let_go()  # type: ignore[attr-defined]
        work = asyncio.ensure_future(real.net.whole(NETWORK))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(work), 1.0)
        assert len([line for line in processes_of(real.prefix) if "worker" in line]) == 2
        os.kill(before.pid, signal.SIGCONT)
        await work

    os.kill(before.pid, signal.SIGSTOP)
    try:
        real.run(followed())
    finally:
        os.kill(before.pid, signal.SIGCONT)
        os.waitpid(before.pid, 0)
    assert real.connects(1, 2)


def test_a_file_without_a_namespace_is_taken_away(tmp_path: Path) -> None:
    """As a worker leaves it that is killed between the two, or a machine that is started again."""
    ground = ground_of("full", tmp_path)
    FOLDER.mkdir(exist_ok=True)
    for ns in ("i1", "i9"):
        (FOLDER / f"{ground.prefix}-{ns}").touch()
    ground.run(ground.net.whole(NETWORK))
    assert {path.name for path in FOLDER.glob(f"{ground.prefix}-*")} == {
        f"{ground.prefix}-{ns}" for ns in ("i1", "i2", "r")
    }
    assert ground.connects(1, 2)
    ground.close()


def test_a_holder_that_nobody_has_noted_down_ends(tmp_path: Path) -> None:
    if reason := missing("rootless"):
        pytest.skip(f"networks (rootless): {reason}")
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        argv = [sys.executable, "-m", "fogbank.planes.net.holder", str(theirs.fileno()), str(tmp_path)]
        with subprocess.Popen(argv, pass_fds=[theirs.fileno()]) as child:
            theirs.close()
            assert ours.recv(100) == b"ready"
            ours.close()
            assert child.wait(10) == 1


def test_who_waits_when_it_is_closed_is_told_and_nothing_is_started(real: Ground) -> None:
    async def closed() -> list[BaseException | object]:
        waiting = asyncio.ensure_future(real.net.run("i1", ["sleep", "60"]))
        await real.net.run("i1", ["true"])
        await real.net.close()
        return await asyncio.gather(waiting, return_exceptions=True)

    real.run(real.net.set(NETWORK))
    (error,) = real.run(closed())
    assert isinstance(error, WorldError)
    assert "closed" in str(error)
    assert not [line for line in processes_of(real.prefix) if "worker" in line]
    assert real.net.has("router")


def test_clear_of_nothing_starts_nothing(ground: Ground) -> None:
    ground.run(ground.net.clear())
    assert not processes_of(ground.prefix)


@pytest.mark.parametrize("step", [1, 4, 9])
def test_a_worker_killed_at_a_step_is_followed_by_one_that_repairs(
    step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOGBANK_FAULT_POINT", f"net:{step}")
    ground = ground_of("full", tmp_path)
    try:
        ground.run(ground.net.set(NETWORK))
        assert ground.connects(1, 2)
        assert ground.connects(2, 1)
    finally:
        ground.close()


def no_lines(traveller: Traveller) -> Lines:
    return Lines(traveller, Path("/nonexistent"), is_kernels=False)


class Broken(BaseException):
    """The process ends here."""


class Mortal(Hands):
    """Hands that are gone before a step, as after `kill -9`."""

    def __init__(self, traveller: Traveller) -> None:
        super().__init__(traveller, no_lines(traveller))
        self._is_careful = True
        self.steps_left = -1

    def _point(self) -> None:
        self.steps_left -= 1
        if not self.steps_left:
            raise Broken


CHANGED = {
    "router": ROUTER - {Route("r", "0.0.0.0/0", kind="blackhole", metric=9999)} | {RoutingRule("r", 102, 102)},
    "eni-1": interface(1) - {Element("r", "ways", '"e-1"', "goto enter")} | {Element("r", "ways", '"e-1"', "drop")},
    "eni-3": interface(3),
}


@pytest.mark.parametrize(
    ("held", "wanted"), [({}, NETWORK), (NETWORK, CHANGED), (NETWORK, {})], ids=["made", "changed", "removed"]
)
def test_it_converges_after_a_crash_at_every_step(
    held: dict[str, frozenset[Fact]], wanted: dict[str, frozenset[Fact]]
) -> None:
    if reason := probe.full():
        pytest.skip(f"networks (full): {reason}")
    prefix = f"fbt{os.getpid()}"

    def crashed_at_every_step() -> int:
        for step in range(1, 400):
            is_done = crashed_at(prefix, held, wanted, step)
            assert afresh(prefix, wanted)
            assert_holds(prefix, wanted)
            if is_done:
                return step
        raise AssertionError("it never ends")

    try:
        assert in_thread(crashed_at_every_step) > 3
    finally:
        in_thread(lambda: afresh(prefix, {}))


def crashed_at(prefix: str, held: PartsByName, wanted: PartsByName, step: int) -> bool:
    """Whether there are fewer steps from what is held to what is wanted than that."""
    hands = Mortal(Traveller(prefix))
    world = World(hands)
    try:
        assert applied(world, held)
        hands.steps_left = step
        return applied(world, wanted)
    finally:
        hands.close()


def afresh(prefix: str, wanted: PartsByName) -> bool:
    traveller = Traveller(prefix)
    hands = Hands(traveller, no_lines(traveller))
    try:
        return applied(World(hands), wanted)
    finally:
        hands.close()


def applied(world: World, parts: PartsByName) -> bool:
    """Whether it lives through it."""
    try:
        (verdict,) = world.apply([request(parts)])
        world.hands.sweep()
    except Broken:
        return False
    assert not verdict.error, verdict
    return True


def request(parts: dict[str, frozenset[Fact]]) -> Request:
    return msgspec.convert(Request(parts, is_whole=True), Request)  # type: ignore[arg-type]


def assert_holds(prefix: str, parts: dict[str, frozenset[Fact]]) -> None:
    """What the kernel shows is what is wanted, and nothing else."""
    holding = Holding(fact for facts in parts.values() for fact in facts)
    traveller = Traveller(prefix)
    hands = Hands(traveller, no_lines(traveller))
    assert hands.traveller.names() == holding.namespaces
    for ns, view in hands.observed(holding.namespaces).items():
        kinds = Address | Neighbour | Route | RoutingRule
        assert view is not None
        assert view.facts == {fact for fact in holding.facts(ns) if isinstance(fact, kinds)}
        pairs = [fact for fact in holding.facts(ns) if isinstance(fact, Pair)]
        names = {fact.name if fact.ns == ns else fact.peer_name for fact in pairs}
        assert {name for name, link in view.links.items() if link.kind == "veth" and link.is_up} == names
        assert view.has_table == (ns == "r")
    hands.close()


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
