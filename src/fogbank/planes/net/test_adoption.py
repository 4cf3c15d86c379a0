"""Death, adoption, removal: what stands when a worker dies at any step, and who goes on from there."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fogbank.aws.errors import WorldError
from fogbank.planes.net import probe
from fogbank.planes.net.apply import Hands
from fogbank.planes.net.delays import Delays
from fogbank.planes.net.facts import (
    Address,
    Element,
    Fact,
    Neighbour,
    Pair,
    Route,
    RoutingRule,
)
from fogbank.planes.net.lines import Lines
from fogbank.planes.net.messages import Request
from fogbank.planes.net.namespaces import FOLDER, Traveller, in_thread
from fogbank.planes.net.net import Listen
from fogbank.planes.net.plan import Holding
from fogbank.planes.net.test_net import (
    NETWORK,
    ROUTER,
    Ground,
    PartsByName,
    address_of,
    ground_of,
    interface,
    missing,
    mounts_of,
    processes_of,
)
from fogbank.planes.net.world import World


@pytest.fixture(params=["full", "rootless"])
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    found = ground_of(request.param, tmp_path)
    yield found
    found.close()


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


def no_delays(traveller: Traveller) -> Delays:
    return Delays(traveller, Path("/nonexistent"))


class Broken(BaseException):
    """The process ends here."""


class Mortal(Hands):
    """Hands that are gone before a step, as after `kill -9`."""

    def __init__(self, traveller: Traveller) -> None:
        super().__init__(traveller, no_lines(traveller), no_delays(traveller))
        self.channels.is_careful = True
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
    hands = Hands(traveller, no_lines(traveller), no_delays(traveller))
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
    hands = Hands(traveller, no_lines(traveller), no_delays(traveller))
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
