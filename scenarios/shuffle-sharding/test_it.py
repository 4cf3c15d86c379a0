"""The story of README.md: what is counted, and what real resolvers make of real edges."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from types import ModuleType

import pytest

from fogbank.planes.engines import bird
from fogbank.testing.process import CloudProcess

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def arithmetic() -> ModuleType:
    spec = importlib.util.spec_from_file_location("arithmetic", HERE / "arithmetic.py")
    assert spec and spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def test_pairs_are_counted_as_one_by_one(arithmetic: ModuleType) -> None:
    zones = arithmetic.shards(700)
    by_hand = [0] * 5
    for one, other in combinations(map(set, zones), 2):
        by_hand[len(one & other)] += 1
    assert arithmetic.overlaps(zones) == by_hand
    assert by_hand[1] and by_hand[3:] == [0, 0]
    alike = [(1, 600, 1100, 1600), (1, 600, 1100, 1600), (1, 600, 1100, 1700), (2, 601, 1101, 1701)]
    assert arithmetic.overlaps(alike) == [3, 0, 0, 2, 1]


def test_no_two_of_a_hundred_thousand_zones_share_more_than_two(arithmetic: ModuleType) -> None:
    zones = arithmetic.shards(100_000)
    pairs = arithmetic.overlaps(zones)
    assert sum(pairs) == 100_000 * 99_999 // 2
    assert pairs[3:] == [0, 0]
    losses = arithmetic.losses(zones, arithmetic.scenes()["an edge of one stripe"])
    assert losses == [0, 1, 0, 0, 0]
    assert arithmetic.losses(zones, arithmetic.scenes()["an edge of all stripes"]) == [0, 0, 0, 0, 1]


@pytest.mark.timeout(400)
@pytest.mark.skipif(
    not bird.program() or not shutil.which("unbound", path=f"{os.environ['PATH']}:/usr/sbin"),
    reason="not installed here: bird, or unbound",
)
def test_names_are_answered_whatever_edge_is_gone(full: CloudProcess, tell: Callable[..., str]) -> None:
    options = ("--zones=100", "--real-zones=3", "--broken=1", "--listen=1.5", "--json")
    seen = json.loads(tell(full, *options, seconds=350))
    assert {(one["fault"], one["failed"], one["own_failed"]) for one in seen["edges"]} == {
        ("killed", 0, 0),
        ("blackholed", 0, 0),
        ("silent", 0, 0),
    }
    gone = [one["own_failed"] for one in seen["everywhere"]]
    assert sorted(gone) == [0, 0, 0, 1], "the edge that everybody is led to takes every name with it"
