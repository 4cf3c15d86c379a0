"""What a stack would become: changes of resources as change sets list them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.control.context import Context
from fogbank.services.cloudformation import custom, intrinsics, stacks
from fogbank.services.cloudformation.intrinsics import Scope
from fogbank.services.cloudformation.resources import ChangeSet, Stack, StackResource, Wish

_NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


class _View(NamedTuple):
    """What a change is looked at with."""

    ctx: Context
    scope: Scope
    unknown: frozenset[str]
    """The resources of which nothing is known yet: what refers to one is taken to become something else."""


def listed(ctx: Context, found: Stack, wish: Wish) -> list[dict[str, Any]]:
    """Every change of a resource, in order of logical id. Raises ValidationError."""
    rows = {logical: row for logical, row in stacks.rows(ctx, found).items() if row.status != "DELETE_COMPLETE"}
    attributes = {one: {**row.what.attributes, "": row.what.physical_id} for one, row in rows.items()}
    scope = stacks.scope(ctx, found, wish, attributes)
    wanted = stacks.resources(wish, scope)
    unknown = {logical for logical, one in wanted.items() if logical not in rows or custom.is_custom(one["Type"])}
    view = _View(ctx, scope, frozenset(unknown))
    changes = [_change(view, logical, rows.get(logical), wanted.get(logical)) for logical in {*rows, *wanted}]
    return sorted((one for one in changes if one), key=lambda one: str(one["LogicalResourceId"]))


def finished(ctx: Context, found: Stack, one: ChangeSet) -> ChangeSet:
    """A change set whose template is whole, with what it comes to. Raises ValidationError."""
    changes = listed(ctx, found, one.wish)
    same = (one.wish.tags, one.wish.values) == (found.wish.tags, found.wish.values)
    is_empty = one.kind == "UPDATE" and not changes and same
    return msgspec.structs.replace(
        one,
        status="FAILED" if is_empty else "CREATE_COMPLETE",
        execution="UNAVAILABLE" if is_empty else "AVAILABLE",
        reason=_NO_CHANGES if is_empty else "",
        changes=tuple(changes),
    )


def _change(view: _View, logical: str, row: StackResource | None, declared: Mapping[str, Any] | None) -> dict[str, Any]:
    if declared is None or row is None:
        about = declared["Type"] if declared is not None else row.what.type if row is not None else ""
        action = "Add" if row is None else "Remove"
        identity = {"PhysicalResourceId": row.what.physical_id} if row is not None else {}
        return {
            "Action": action,
            "LogicalResourceId": logical,
            "ResourceType": about,
            "Scope": [],
            "Details": [],
            **identity,
        }
    names = sorted(_changed(row.what.properties, declared.get("Properties", {}), view))
    if not names and row.what.type == declared["Type"]:
        return {}
    kind = view.ctx.resource_type(custom.listed(declared["Type"]))
    replaces = kind.replaces if kind is not None else frozenset()
    is_all = kind is None or kind.update is None or row.what.type != declared["Type"]
    return {
        "Action": "Modify",
        "LogicalResourceId": logical,
        "PhysicalResourceId": row.what.physical_id,
        "ResourceType": declared["Type"],
        "Replacement": "True" if is_all or set(names) & replaces else "False",
        "Scope": ["Properties"],
        "Details": [_detail(name, "Always" if is_all or name in replaces else "Never") for name in names],
    }


def _detail(name: str, recreation: str) -> dict[str, Any]:
    attribute = {"Attribute": "Properties", "Name": name, "RequiresRecreation": recreation}
    return {"Target": attribute, "Evaluation": "Static", "ChangeSource": "DirectModification"}


def _changed(before: Mapping[str, Any], declared: Mapping[str, Any], view: _View) -> Iterator[str]:
    """The names of properties that will be others; what cannot be told yet is taken to be."""
    for name in {*before, *declared}:
        if view.unknown.intersection(intrinsics.mentioned(declared.get(name))):
            yield name
            continue
        try:
            value = intrinsics.resolved(declared.get(name, intrinsics.NOTHING), view.scope)
        except (KeyError, ValueError, TypeError):
            value = None
        if value is intrinsics.NOTHING:
            value = None
        if before.get(name) != value:
            yield name
