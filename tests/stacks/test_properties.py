"""Properties that nobody means well with, of every type: the resource is made, or fails, and its stack ends."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.cloudformation import graph, soundness, template
from fogbank.services.cloudformation.test_hostile import BOUNDS, STRANGE, Ended, nothing_broke, paths

from . import shop, test_types

GOOD = [template.parsed(one) for one in (shop.TEMPLATE, test_types.REST, test_types.FUNCTIONS)]
PLAIN = [one for one in STRANGE if one is not None and one != "\ud800" and not isinstance(one, dict)]
"""What a template may have in the place of a property."""


@st.composite
def resources(draw: st.DrawFn) -> dict[str, Any]:
    """Some resource, with what it needs, one of whose properties is another, or is missing."""
    good = draw(st.sampled_from(GOOD))
    needs = graph.needs(good["Resources"], soundness.known_names(good))
    name = draw(st.sampled_from(sorted(good["Resources"])))
    found = copy.deepcopy({**good, "Resources": {one: good["Resources"][one] for one in _all(needs, name)}})
    found.pop("Outputs", None)
    properties = found["Resources"][name].get("Properties", {})
    path = draw(st.sampled_from(list(paths(properties))))
    owner: Any = properties
    for part in path[:-1]:
        owner = owner[part]
    if path:
        owner[path[-1]] = copy.deepcopy(draw(st.sampled_from([*PLAIN, {}, {"x": "y"}, {"Key": "a"}])))
    if path and draw(st.integers(0, 3)) == 0:
        del owner[path[-1]]
    return found


def _all(needs: graph.Needs, name: str) -> set[str]:
    found = {name}
    for one in needs[name]:
        found |= _all(needs, one)
    return found


@pytest.fixture
def ended(caplog: pytest.LogCaptureFixture) -> Iterator[Ended]:
    made = Ended(caplog)
    yield made
    made.cloud.close()


@BOUNDS
@given(found=resources())
def test_whatever_a_property_is(ended: Ended, found: dict[str, Any]) -> None:
    ended.ends(json.dumps(found))
    nothing_broke(ended.log)
