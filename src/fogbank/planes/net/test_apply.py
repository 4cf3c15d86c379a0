"""Steps done by hand: what is to be true once they are done, and not a moment later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.planes.net.apply import Hands
from fogbank.planes.net.delays import DELAYS_FOLDER, Delays
from fogbank.planes.net.facts import Address, Fact, Namespace, Pair
from fogbank.planes.net.lines import LINES_FOLDER, Lines
from fogbank.planes.net.namespaces import Traveller, prefix_of
from fogbank.planes.net.plan import Holding, Make, Unmake
from fogbank.planes.net.probe import full

HOSTS = 200


@pytest.fixture
def hands(tmp_path: Path) -> Iterator[Hands]:
    if reason := full():
        pytest.skip(f"networks: {reason}")
    traveller = Traveller(prefix_of(tmp_path))
    lines = Lines(traveller, tmp_path / LINES_FOLDER, is_kernels=True)
    found = Hands(traveller, lines, Delays(traveller, tmp_path / DELAYS_FOLDER))
    yield found
    found.do([Unmake(Namespace(ns)) for ns in sorted(traveller.names())], Holding(()))
    found.close()


def test_an_address_is_heard_at_as_soon_as_it_is_there(hands: Hands) -> None:
    """Of IPv6 addresses the kernel makes the way to its namespace later, by a work of its own (addrconf_dad_work)."""
    hands.do([Make(Namespace("n"))], Holding([Namespace("n")]))
    for host in range(1, HOSTS):
        pair = Pair("n", f"e-{host}", f"06:00:00:00:00:{host:02x}", "n", f"p-{host}", f"02:00:00:00:00:{host:02x}")
        facts: list[Fact] = [
            pair,
            Address("n", pair.name, f"10.0.0.{host}/32"),
            Address("n", pair.name, f"fd00::{host:x}/128"),
        ]
        assert not hands.do([Make(fact) for fact in facts], Holding(facts))
        assert [hands.is_heard("n", f"fd00::{host:x}"), hands.is_heard("n", f"10.0.0.{host}")] == [True, True]
    assert not hands.is_heard("n", "fd00::ffff")
