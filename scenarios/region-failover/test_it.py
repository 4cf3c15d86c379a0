"""The story of README.md, with a short time to live: a region fails, and comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fogbank.testing.process import CloudProcess

HERE = Path(__file__).parent


@pytest.mark.timeout(400)  # health checks look every ten seconds, twice each way
def test_clients_move_to_the_other_region_and_back(
    full: CloudProcess, tell: Callable[..., str], tmp_path: Path
) -> None:
    (seen,) = json.loads(tell(full, "--ttl=5", "--json", f"--picture={tmp_path}/picture", seconds=350))
    # Two probes of each checker, ten seconds apart: more than one interval, and not many more than two.
    assert 9 < seen["decision"] < 30
    assert seen["failed after the time to live"] <= 1
    assert seen["failed after the answers"] <= 5 + 1
    assert {one["region"] for one in seen["polls"] if one["well"]} == {"eu-west-1", "us-east-1"}
    bars = ElementTree.parse(seen["picture"]).iter("{http://www.w3.org/2000/svg}rect")
    assert sum(bar.get("fill") == "#c0392b" for bar in bars) == seen["failed polls"]
