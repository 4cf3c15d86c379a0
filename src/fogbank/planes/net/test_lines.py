"""Lines with delay: what they do to packets, what changes in place, and who makes them anew."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from fogbank.planes.net import probe, rtnetlink
from fogbank.planes.net.apply import Hands
from fogbank.planes.net.delays import DELAYS_FOLDER, Delays
from fogbank.planes.net.facts import Address, Fact, Line, Namespace, Route
from fogbank.planes.net.kernel import KernelNet
from fogbank.planes.net.lines import LINES_FOLDER, Lines
from fogbank.planes.net.messages import Request
from fogbank.planes.net.namespaces import Traveller, in_thread
from fogbank.planes.net.net import Listen
from fogbank.planes.net.test_net import Ground, ground_of, processes_of
from fogbank.planes.net.world import World

WAY_SECONDS = 0.02
BACK_SECONDS = 2 * WAY_SECONDS - 0.001
"""There and back: a packet may be a quarter of a millisecond early."""


def regions(way_seconds: float = WAY_SECONDS, loss: float = 0.0) -> dict[str, frozenset[Fact]]:
    """Two routers with an address each, and a line between them."""
    line = Line("a", "to-b", "b", "to-a", way_seconds, group=5, peer_group=6, loss=loss)
    ends = (("a", "to-b", 2), ("b", "to-a", 1))
    facts: set[Fact] = {line}
    for ns, device, other in ends:
        own = 3 - other
        facts |= {
            Namespace(ns, router=True),
            Address(ns, "lo", f"192.0.2.{own}/32"),
            Address(ns, "lo", f"2001:db8::{own}/128"),
            Route(ns, f"192.0.2.{other}/32", device=device),
            Route(ns, f"2001:db8::{other}/128", device=device),
        }
    return {"line": frozenset(facts)}


@pytest.fixture(params=["full", "rootless"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    found = ground_of(request.param, tmp_path)
    features = {one.name: one for one in features_of_kernel()}
    if not (features["TUN"].works or features["netem"].works):
        pytest.skip(f"TUN: {features['TUN'].words}; netem: {features['netem'].words}")
    yield found
    found.close()


@functools.cache
def features_of_kernel() -> list[probe.Feature]:
    """What the kernel has."""
    return probe.features()


def there_and_back(ground: Ground, form: str = "192.0.2.{}") -> float:
    """Seconds that a connection takes from one end to the other: there and back."""

    async def connected() -> float:
        with (
            await ground.net.open(Listen("b", form.format(2), 7)) as listening,
            await ground.net.open(Listen("a", form.format(1), 0)) as asking,
        ):
            listening.listen()
            began = time.monotonic()
            await ground.loop.sock_connect(asking, (form.format(2), 7))
            return time.monotonic() - began

    return ground.run(connected())


def carriers(ground: Ground) -> list[int]:
    """The processes of this instance's lines."""
    pids = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        words = []
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
        if b"fogbank.planes.net.wan" in words and ground.prefix.encode() in words:
            pids.append(int(path.parent.name))
    return pids


def test_a_packet_takes_its_time_in_both_families(ground: Ground) -> None:
    ground.run(ground.net.set(regions()))
    for form in ("192.0.2.{}", "2001:db8::{}"):
        assert there_and_back(ground, form) >= BACK_SECONDS


def test_delay_changes_in_place(ground: Ground) -> None:
    ground.run(ground.net.set(regions()))
    before = carriers(ground)
    ground.run(ground.net.set(regions(0.0)))
    assert any(there_and_back(ground) < BACK_SECONDS for _ in range(6)), "as far as the machine has time"
    ground.run(ground.net.set(regions(2 * WAY_SECONDS)))
    assert there_and_back(ground) >= 2 * BACK_SECONDS
    assert carriers(ground) == before


def test_what_is_lost_does_not_arrive(ground: Ground) -> None:
    ground.run(ground.net.set(regions(0.0, loss=1.0)))
    asking = ground.run(ground.net.open(Listen("a", "192.0.2.1", 9, is_stream=False)))
    hearing = ground.run(ground.net.open(Listen("b", "192.0.2.2", 9, is_stream=False)))
    asking.sendto(b"lost", ("192.0.2.2", 9))
    # One line, one order: what was sent before the change would arrive before what is sent after it.
    ground.run(ground.net.run("a", ["true"]))
    ground.run(ground.net.set(regions(0.05)))
    asking.sendto(b"kept", ("192.0.2.2", 9))
    assert ground.run(ground.loop.sock_recv(hearing, 100)) == b"kept"
    asking.close()
    hearing.close()


def test_a_line_outlives_the_worker_and_is_adopted(ground: Ground) -> None:
    ground.run(ground.net.set(regions()))
    before = carriers(ground)
    os.kill(ground.worker().pid, signal.SIGKILL)
    ground.run(ground.net.set({"more": frozenset({Namespace("c")})}))
    assert carriers(ground) == before
    assert there_and_back(ground) >= BACK_SECONDS
    ground.run(ground.net.close())
    ground.net = ground.another()
    ground.run(ground.net.whole(regions()))
    assert carriers(ground) == before
    assert there_and_back(ground) >= BACK_SECONDS


def test_a_line_whose_process_dies_is_made_anew(ground: Ground) -> None:
    ground.run(ground.net.set(regions()))
    if not (before := carriers(ground)):
        pytest.skip("the kernel delays packets by itself: there is no process to kill")
    os.kill(before[0], signal.SIGKILL)
    while not (after := [pid for pid in carriers(ground) if pid not in before]):
        ground.run(ground.net.run("a", ["true"]))
    ground.run(ground.net.set({"more": frozenset({Namespace("c")})}))
    assert there_and_back(ground) >= BACK_SECONDS
    assert carriers(ground) == after


def test_a_line_goes_with_its_facts_and_with_its_namespaces(ground: Ground) -> None:
    ground.run(ground.net.set(regions()))
    ground.run(ground.net.set({"line": frozenset({Namespace("a", router=True)})}))
    assert not carriers(ground)
    assert b"to-b" not in ground.run(ground.net.run("a", ["cat", "/proc/net/dev"])).output
    ground.run(ground.net.set(regions()))
    ground.run(ground.net.set({"line": frozenset()}))
    assert not carriers(ground)


def test_clear_and_leftovers(ground: Ground) -> None:
    ground.run(ground.net.set(regions()))
    ground.run(ground.net.close())
    ground.net = ground.another()
    ground.run(ground.net.whole({}))
    assert not carriers(ground)
    ground.run(ground.net.set(regions()))
    ground.run(ground.net.clear())
    assert not carriers(ground)
    assert not processes_of(ground.prefix)
    assert not (ground.folder / LINES_FOLDER).exists()


def test_a_line_by_the_kernel_needs_no_neighbours(tmp_path: Path) -> None:
    """The form that is used where the kernel has netem, here without delay, so that every kernel can show it."""
    if reason := probe.full():
        pytest.skip(f"networks (full): {reason}")
    ground = Ground("full", tmp_path)
    traveller = Traveller(ground.prefix)

    def applied(parts: dict[str, frozenset[Fact]]) -> object:
        lines = Lines(traveller, tmp_path / LINES_FOLDER, is_kernels=True)
        hands = Hands(Traveller(ground.prefix), lines, Delays(traveller, tmp_path / DELAYS_FOLDER))
        try:
            return World(hands).apply([msgspec.convert(Request(parts, is_whole=True), Request)])  # type: ignore[arg-type]
        finally:
            hands.sweep()
            hands.close()

    try:
        for _ in range(2):
            (verdict,) = in_thread(lambda: applied(regions(0.0)))  # type: ignore[misc]
            assert not verdict.error, verdict
            ground.net = KernelNet(ground.prefix, "full", tmp_path / "other")
            for form in ("192.0.2.{}", "2001:db8::{}"):
                assert there_and_back(ground, form) < BACK_SECONDS
            ground.run(ground.net.close())
            assert not carriers(ground)
    finally:
        in_thread(lambda: applied({}))
        ground.net = ground.another()
        ground.close()


def test_netem_as_the_kernel_has_it() -> None:
    message = rtnetlink.delayed(3, 0.04, 0.5)
    # tcmsg; TCA_KIND; TCA_OPTIONS with tc_netem_qopt and, after it, the latency in nanoseconds.
    assert message.payload[:20].hex(" ", 4) == "00000000 03000000 00000100 ffffffff 00000000"
    assert message.payload[20:32] == b"\x0a\0\x01\0netem\0\0\0"
    assert message.payload[-8:] == (40_000_000).to_bytes(8, "little")
