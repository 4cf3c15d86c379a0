"""The model that Reachability Analyzer walks, and the kernel: of random probes in random networks they say the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from fogbank.control import caller as callers
from fogbank.services.ec2 import reach
from fogbank.services.ec2.network.decide import Packet
from fogbank.services.ec2.network.walk import Map, both_ways, both_ways_in
from fogbank.testing.network import Network

from .topology import OUTSIDE, PORTS, REGION, Maker, Topology, topologies

ACCOUNT = "000000000077"
INTERNET = f"inet-{REGION}"
PROBES = 50
EXAMPLES = 56
DIFFERENT = 50
"""Of each part's examples; the simplest ones come in every part, so that more are drawn than are counted."""


@pytest.mark.parametrize("part", range(4))
@pytest.mark.timeout(900)
def test_the_kernel_and_the_model_agree(shared: Network, part: int) -> None:
    """Four times fifty networks and more, each part from a seed of its own, fifty probes each."""
    heard: dict[Topology, int] = {}

    @seed(part)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        # Whoever mends a disagreement shrinks it: Phase.shrink takes minutes.
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(topologies())
    def agree(wanted: Topology) -> None:
        heard[wanted] = _compare(shared, wanted, random.Random(repr((part, wanted))))

    agree()
    # Of networks where nothing or everything passes one would learn nothing.
    assert len(heard) >= DIFFERENT
    assert len(heard) * PROBES // 20 < sum(heard.values()) < len(heard) * PROBES * 19 // 20


def _compare(net: Network, wanted: Topology, dice: random.Random) -> int:
    made = Maker(net, ACCOUNT).make(wanted)
    try:
        for eni, address in made.interfaces.items():
            for port in PORTS:
                net.serve(eni, address, port)
        places = [*made.interfaces]
        if made.public:
            places.append(INTERNET)
            for port in PORTS:
                net.serve(INTERNET, OUTSIDE, port)
        ends = [*made.interfaces.values(), *made.public, OUTSIDE, "10.0.1.200"]
        probes = [(dice.choice(places), dice.choice(ends), dice.choice(PORTS)) for _ in range(PROBES)]
        probes = [one for one in probes if not (one[0] == INTERNET and one[1] == OUTSIDE)]
        probes = [one for one in probes if made.interfaces.get(one[0]) != one[1]]
        said = net.asked_all(probes)
        world = _world(net)
        expected = [_is_reached(world, made.interfaces, probe) for probe in probes]
        found = [not one.startswith("(") for one in said]
        differing = [
            (probe, "kernel" if is_heard else "model", "says yes", words)
            for probe, is_heard, is_expected, words in zip(probes, found, expected, said, strict=True)
            if is_heard != is_expected
        ]
        assert not differing
        return sum(found)
    finally:
        net.forget()


def _world(net: Network) -> Map:
    ctx = net.cloud.cloud.context("ec2", "reach", callers.root(ACCOUNT), REGION)
    with ctx.begin():
        return reach.everything(ctx)


def _is_reached(world: Map, interfaces: dict[str, str], probe: tuple[str, str, int]) -> bool:
    place, address, port = probe
    if place == INTERNET:
        forth, back = both_ways_in(world, Packet("tcp", OUTSIDE, address, destination_port=port))
    else:
        eni = next(one for found in world.interfaces.values() for one in found.values() if one.id == place)
        forth, back = both_ways(world, eni, Packet("tcp", interfaces[place], address, destination_port=port))
    if not forth.end or back is None or not back.end:
        return False
    if forth.end == "internet" and address != OUTSIDE:
        # It has left, for an address that nobody has.
        return False
    return back.end == (place if place != INTERNET else "internet")
