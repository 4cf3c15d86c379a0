"""Tags of EC2's resources as its operations take them."""

from __future__ import annotations

from typing import Any

from fogbank.control.resource_type import Call, Change, Wanted, listed, tags


def specified(kind: str, wanted: Wanted) -> dict[str, Any]:
    """`TagSpecifications` of a new resource: its own tags, and the stack's."""
    found = tags(wanted.tags, wanted.properties.get("Tags"))
    return {"TagSpecifications": [{"ResourceType": kind, "Tags": listed(found)}]} if found else {}


def retag(change: Change, new: dict[str, str], gone: list[str]) -> list[Call]:
    """What makes a resource's tags others."""
    return retagged(change.id, new, gone)


def retagged(resource: str, new: dict[str, str], gone: list[str]) -> list[Call]:
    """The same, of a resource by another id."""
    calls: list[Call] = []
    if new:
        calls.append(("CreateTags", {"Resources": [resource], "Tags": listed(new)}))
    if gone:
        calls.append(("DeleteTags", {"Resources": [resource], "Tags": [{"Key": key} for key in gone]}))
    return calls
