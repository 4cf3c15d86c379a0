"""Rates: how fast packets go, what changes in place, and who finds a limit again, or takes it away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.aws.errors import WorldError
from fogbank.planes.net import probe
from fogbank.planes.net.apply import Hands
from fogbank.planes.net.facts import Fact, Pair, Rate
from fogbank.planes.net.namespaces import Traveller, in_thread
from fogbank.planes.net.plan import Contradiction, Make, plan
from fogbank.planes.net.test_adoption import afresh, crashed_at, no_delays, no_lines
from fogbank.planes.net.test_net import NETWORK, Ground, address_of, ground_of, interface
from fogbank.testing.speed import Way, sending

FAST, SLOW = 8_000_000, 2_000_000
"""Bytes a second."""
SECONDS = 0.4
TO_1 = Way("i2", address_of(2), "i1", address_of(1), 80)
FROM_1 = TO_1.back


def limited(arriving: int = FAST, leaving: int = FAST) -> dict[str, frozenset[Fact]]:
    """The network, in which the first interface is not to be faster than this; 0 is as fast as it can."""
    facts: set[Fact] = set()
    if arriving:
        facts.add(Rate("r", "e-1", arriving))
    if leaving:
        facts.add(Rate("i1", "eth0", leaving))
    return {**NETWORK, "rates": frozenset(facts)}


@pytest.fixture(params=["full", "rootless"])
def ground(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ground]:
    found = ground_of(request.param, tmp_path)
    yield found
    found.close()


def speed(ground: Ground, way: Way, connections: int = 1) -> float:
    """Bytes a second over a way, once it has begun."""

    async def measured() -> float:
        async with sending(ground.net, way, connections) as found:
            await found.speed(0.05)
            return await found.speed(SECONDS)

    return ground.run(measured())


def test_a_device_keeps_to_its_rate_each_way_and_others_to_none(ground: Ground) -> None:
    ground.run(ground.net.set({**NETWORK, "eni-3": interface(3)}))
    assert speed(ground, TO_1) > 3 * FAST
    ground.run(ground.net.set(limited(arriving=FAST, leaving=SLOW)))
    assert 0.5 * FAST < speed(ground, TO_1) < 1.2 * FAST
    assert 0.5 * SLOW < speed(ground, FROM_1) < 1.2 * SLOW
    assert 0.5 * FAST < speed(ground, TO_1, 4) < 1.2 * FAST, "all connections together"
    other = Way("i3", address_of(3), "i2", address_of(2), 80)
    assert speed(ground, other) > 3 * FAST


def test_a_rate_changes_and_goes_under_a_connection(ground: Ground) -> None:
    async def turned(way: Way, slow: dict[str, frozenset[Fact]], fast: dict[str, frozenset[Fact]]) -> list[float]:
        found = []
        await ground.net.set(slow)
        async with sending(ground.net, way) as data:
            for parts in (slow, fast, {"rates": frozenset[Fact]()}):
                await ground.net.set(parts)
                await data.speed(0.1)
                found.append(await data.speed(SECONDS))
        return found

    for way in (TO_1, FROM_1):
        slow, fast, free = ground.run(turned(way, limited(SLOW, SLOW), limited()))
        assert slow < 1.2 * SLOW < 0.5 * FAST < fast < 1.2 * FAST
        assert free > 3 * FAST


def test_a_rate_is_found_again_and_a_stray_one_goes(ground: Ground) -> None:
    ground.run(ground.net.set(limited()))
    ground.run(ground.net.close())
    ground.net = ground.another()
    ground.run(ground.net.whole(limited()))
    assert 0.5 * FAST < speed(ground, FROM_1) < 1.2 * FAST
    ground.run(ground.net.close())
    ground.net = ground.another()
    ground.run(ground.net.whole({**NETWORK, "rates": frozenset({Rate("r", "e-1", SLOW)})}))
    assert 0.5 * SLOW < speed(ground, TO_1) < 1.2 * SLOW
    assert speed(ground, FROM_1) > 3 * FAST
    ground.run(ground.net.close())
    ground.net = ground.another()
    ground.run(ground.net.whole(NETWORK))
    assert speed(ground, TO_1) > 3 * FAST


def test_what_somebody_has_taken_away_comes_again(ground: Ground) -> None:
    """Whoever is in the namespace may: fogbank looks when it starts again."""
    if not has_ip():
        pytest.skip("iproute2 is not installed")
    taken = (("r", "tc qdisc del dev e-1 root"), ("i1", "tc qdisc del dev eth0 root"), ("r", "ip link del e-1"))
    for ns, argv in (*taken, ("i1", "tc qdisc replace dev eth0 root tbf rate 1mbit burst 10kb latency 50ms")):
        ground.run(ground.net.whole(limited()))
        ran = ground.run(ground.net.run(ns, argv.split()))
        assert ran.code == 0, ran
        ground.run(ground.net.close())
        ground.net = ground.another()
        ground.run(ground.net.whole(limited()))
        assert 0.5 * FAST < speed(ground, FROM_1) < 1.2 * FAST, argv
        assert 0.5 * FAST < speed(ground, TO_1) < 1.2 * FAST, argv


def has_ip() -> bool:
    return shutil.which("ip") is not None and shutil.which("tc") is not None


def test_an_interface_with_rates_goes_and_comes_again(ground: Ground) -> None:
    for _ in range(3):
        ground.run(ground.net.set(limited()))
        ground.run(ground.net.set({"eni-1": frozenset(), "rates": frozenset()}))
    ground.run(ground.net.set(limited()))
    assert 0.5 * FAST < speed(ground, FROM_1) < 1.2 * FAST


@pytest.mark.parametrize(
    ("held", "wanted"),
    [(NETWORK, limited()), (limited(), limited(SLOW, SLOW)), (limited(), NETWORK)],
    ids=["made", "changed", "removed"],
)
def test_rates_converge_after_a_crash_at_every_step(
    held: dict[str, frozenset[Fact]], wanted: dict[str, frozenset[Fact]]
) -> None:
    if reason := probe.full():
        pytest.skip(f"networks (full): {reason}")
    prefix = f"fbr{os.getpid()}"

    def crashed_at_every_step() -> int:
        for step in range(1, 100):
            is_done = crashed_at(prefix, held, wanted, step)
            assert afresh(prefix, wanted)
            assert rates_in(prefix) == {fact for fact in wanted.get("rates", ()) if isinstance(fact, Rate)}
            if is_done:
                return step
        raise AssertionError("it never ends")

    try:
        assert in_thread(crashed_at_every_step) >= 2
    finally:
        in_thread(lambda: afresh(prefix, {}))


def rates_in(prefix: str) -> set[Fact]:
    """The rates that the kernel shows in the router and in the interface."""
    traveller = Traveller(prefix)
    hands = Hands(traveller, no_lines(traveller), no_delays(traveller))
    try:
        views = hands.observed(["r", "i1"]).values()
        return {fact for view in views if view is not None for fact in view.facts if isinstance(fact, Rate)}
    finally:
        hands.close()


def test_a_new_number_is_one_step_and_a_link_that_is_made_anew_gets_its_rate_again() -> None:
    slow, fast = Rate("r", "e-1", SLOW), Rate("r", "e-1", FAST)
    assert plan({fast}, {slow}) == (Make(fast),)
    link = next(fact for fact in interface(1) if isinstance(fact, Pair))
    assert plan({link, fast}, {fast}) == (Make(link), Make(fast))


def test_a_rate_of_nothing_is_refused_by_name(ground: Ground) -> None:
    ground.run(ground.net.set(NETWORK))
    with pytest.raises(WorldError, match="there is no device e-9"):
        ground.run(ground.net.set({"rates": frozenset({Rate("r", "e-9", FAST)})}))
    with pytest.raises(Contradiction):
        ground.run(ground.net.set({"one": frozenset({Rate("r", "e-1", 1), Rate("r", "e-1", 2)})}))
    assert not ground.net.has("rates")
