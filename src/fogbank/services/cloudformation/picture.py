"""Stacks as a page shows them: how far each has come, its parameters, outputs and resources, and what happened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudformation import shown, stacks
from fogbank.services.cloudformation.resources import Stack, StackResource

DELETED_SECONDS = 900.0
"""For how long a stack that has been deleted is listed."""
_EVENTS_MAX = 200
_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_GROWING = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
_SHRINKING = ("DELETE_", "ROLLBACK_")


class Progress(NamedTuple):
    """How many of its resources a stack is done with, how many failed, and how many there are."""

    done: int
    failed: int
    total: int


def listed(ctx: Context) -> list[dict[str, Any]]:
    """Every stack of all accounts and regions, the newest first, those inside others after these.

    Deleted ones are there for a while. Within a transaction.
    """
    found: list[dict[str, Any]] = []
    for scope in ctx.scopes(Stack):
        there = ctx.at(scope.region, scope.account)
        inside = _parents(there)
        rows = [_row(there, one, inside) for one in there.scan(Stack) if _is_shown(there, one)]
        rows.sort(key=lambda row: -row["created_at"])
        found += _nested(rows)
    return sorted(found, key=lambda row: (row["account"], row["region"]))


def told(ctx: Context, arn: str) -> dict[str, Any]:
    """All that there is to say of a stack, also of one that has been deleted. Within a transaction.

    Raises ValidationError for what is no ARN, and NotFound for a stack that there is not.
    """
    parts = arn.split(":", 5)
    if len(parts) != 6 or not parts[5].startswith("stack/"):
        raise AwsError("ValidationError", f"{arn} is the ARN of no stack")
    there = ctx.at(parts[3], parts[4])
    found = stacks.maybe(there, arn)
    if found is None:
        raise AwsError("NotFound", f"Stack with id {arn} does not exist", status=404)
    described = shown.stack(there, found)
    return {
        **_row(there, found, _parents(there)),
        "description": found.description,
        "is_protected": found.is_protected,
        "role": found.role_arn,
        "parameters": [_parameter(one) for one in described["Parameters"]],
        "outputs": [_output(one) for one in described["Outputs"]],
        "tags": dict(found.wish.tags),
        "resources": list(_resources(there, found)),
        "events": _events(there, found),
    }


def progress(found: Stack, rows: Mapping[str, StackResource], names: set[str]) -> Progress:
    """How far a stack has come with what is being done; `names`: the resources that it is to have."""
    failed = sum(row.status.endswith("_FAILED") for row in rows.values())
    if found.status.startswith(_SHRINKING):
        return Progress(sum(row.status == "DELETE_COMPLETE" for row in rows.values()), failed, len(rows))
    if found.status in _GROWING:
        done = sum(row.job == found.job and row.status in _SETTLED for row in rows.values())
        return Progress(done, failed, len(names) or len(rows))
    there = [row for row in rows.values() if row.status != "DELETE_COMPLETE"]
    return Progress(sum(row.status.endswith("_COMPLETE") for row in there), failed, len(there))


def _is_shown(ctx: Context, one: Stack) -> bool:
    return bool(one.living_name) or (one.deleted_at or 0.0) > ctx.now - DELETED_SECONDS


def _parents(ctx: Context) -> dict[str, str]:
    """The ARN of the stack that each stack is a resource of."""
    inside = (row for row in ctx.scan(StackResource) if row.what.type == stacks.TYPE and row.what.physical_id)
    found = {row.what.physical_id: ctx.get(Stack, row.stack_id) for row in inside}
    return {inner: stacks.arn(ctx, one) for inner, one in found.items() if one is not None}


def _nested(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows as they come, each followed by those inside it, with how deep they are."""
    known = {row["arn"] for row in rows}
    waiting = [(row, 0) for row in reversed(rows) if row["parent"] not in known]
    while waiting:
        row, depth = waiting.pop()
        yield {**row, "depth": depth}
        waiting += [(one, depth + 1) for one in reversed(rows) if one["parent"] == row["arn"]]


def _row(ctx: Context, found: Stack, parents: Mapping[str, str]) -> dict[str, Any]:
    arn = stacks.arn(ctx, found)
    come = progress(found, stacks.rows(ctx, found), set(_wanted(ctx, found)))
    last = next((msgspec.msgpack.decode(item) for _, item in ctx.items(ctx.space("events", found.id), limit=1)), None)
    return {
        "name": found.name,
        "arn": arn,
        "account": ctx.account,
        "region": ctx.region,
        "status": found.status,
        "reason": found.reason,
        "created_at": found.created_at,
        "changed_at": last["Timestamp"] if last is not None else found.created_at,
        "is_deleted": not found.living_name,
        "parent": parents.get(arn, ""),
        "progress": come._asdict(),
    }


def _wanted(ctx: Context, found: Stack) -> dict[str, str]:
    """The resources that a stack which grows is to have, and their types; none where that is not known yet."""
    if found.status not in _GROWING or not found.wish.template or found.wish.is_pending:
        return {}
    try:
        declared = stacks.resources(found.wish, stacks.scope(ctx, found, found.wish, {}))
    except (AwsError, KeyError):
        return {}
    return {logical: str(one["Type"]) for logical, one in declared.items()}


def _resources(ctx: Context, found: Stack) -> Iterator[dict[str, Any]]:
    """Those that there are, or were begun, and those that are still waited for."""
    rows = stacks.rows(ctx, found)
    waiting = {logical: kind for logical, kind in _wanted(ctx, found).items() if logical not in rows}
    for logical in sorted({*rows, *waiting}):
        row = rows.get(logical)
        yield {
            "logical": logical,
            "type": row.what.type if row is not None else waiting[logical],
            "id": row.what.physical_id if row is not None else "",
            "status": row.status if row is not None else "",
            "reason": row.reason if row is not None else "",
            "updated_at": row.updated_at if row is not None else None,
        }


def _parameter(one: Mapping[str, str]) -> dict[str, str]:
    return {"name": one["ParameterKey"], "value": one["ParameterValue"], "resolved": one.get("ResolvedValue", "")}


def _output(one: Mapping[str, str]) -> dict[str, str]:
    more = {"description": one.get("Description", ""), "export": one.get("ExportName", "")}
    return {"name": one["OutputKey"], "value": one["OutputValue"], **more}


def _events(ctx: Context, found: Stack) -> list[dict[str, Any]]:
    """What happened, the last of it first."""
    own = stacks.arn(ctx, found)
    rows = ctx.items(ctx.space("events", found.id), limit=_EVENTS_MAX)
    return [_event(msgspec.msgpack.decode(item), own) for _, item in rows]


def _event(one: Mapping[str, Any], own: str) -> dict[str, Any]:
    identity = one.get("PhysicalResourceId", "")
    return {
        "id": one["EventId"],
        "at": one["Timestamp"],
        "logical": one["LogicalResourceId"],
        "type": one["ResourceType"],
        "physical_id": identity,
        "status": one["ResourceStatus"],
        "reason": one.get("ResourceStatusReason", ""),
        "is_own": identity == own,
        "nested": identity if one["ResourceType"] == stacks.TYPE and identity not in ("", own) else "",
    }
