"""Which resource comes after which: as references and DependsOn say. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from fogbank.services.cloudformation.intrinsics import mentioned
from fogbank.services.cloudformation.template import invalid, unresolved

Needs = dict[str, frozenset[str]]
"""The logical id of a resource -> those that have to be there before."""


def needs(resources: Mapping[str, Any], known: Collection[str]) -> Needs:
    """What each resource needs, of those that are to be there. `known`: parameters and pseudo parameters.

    Raises ValidationError for names that stand for nothing, and for circles.
    """
    found: Needs = {}
    strangers: set[str] = set()
    for logical, resource in resources.items():
        given = resource.get("DependsOn", [])
        explicit = [given] if isinstance(given, str) else list(given)
        told = [resource.get("Properties", {}), resource.get("CreationPolicy", {})]
        named = {*mentioned(told), *explicit}
        strangers |= {one for one in named if one not in resources and one not in known}
        found[logical] = frozenset(one for one in named if one in resources)
    if strangers:
        raise unresolved(*sorted(strangers))
    _check_circles(found)
    return found


def _check_circles(found: Needs) -> None:
    left = dict(found)
    while left:
        ready = [logical for logical, needed in left.items() if not needed & left.keys()]
        if not ready:
            raise invalid(f"Circular dependency between resources: [{', '.join(sorted(left))}]")
        for logical in ready:
            del left[logical]


def backwards(found: Needs) -> Needs:
    """Who needs each resource: what has to be gone before it may go."""
    turned: dict[str, set[str]] = {logical: set() for logical in found}
    for logical, needed in found.items():
        for one in needed:
            turned[one].add(logical)
    return {logical: frozenset(users) for logical, users in turned.items()}
