"""One resource of a stack: decided in a transaction, done outside of any, written down in the next."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.errors import AwsError, WorldError
from fogbank.control import target
from fogbank.control.context import Context
from fogbank.control.resource_type import Change, Properties, ResourceType, Wanted
from fogbank.services.cloudformation import intrinsics, stacks
from fogbank.services.cloudformation.intrinsics import Scope
from fogbank.services.cloudformation.reconcile.side_by_side import reason
from fogbank.services.cloudformation.resources import Leftover, Resource, Stack, StackResource

_REPLACES = "Requested update requires the creation of a new physical resource; hence creating one."
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Step(NamedTuple):
    """What is to be done with a resource."""

    kind: ResourceType
    row: StackResource
    properties: Properties
    is_new: bool
    """Whether it is made, for the first time or in another's place."""
    is_again: bool


def scope(ctx: Context, found: Stack) -> Scope:
    """What names stand for now."""
    rows = stacks.rows(ctx, found)
    attributes = {
        logical: {**row.what.attributes, "": row.what.physical_id}
        for logical, row in rows.items()
        if row.what.physical_id and row.status != "DELETE_COMPLETE"
    }
    return stacks.scope(ctx, found, found.wish, attributes)


def wanted(ctx: Context, found: Stack) -> dict[str, Any]:
    """The resources that a stack is to have."""
    return stacks.resources(found.wish, scope(ctx, found))


def is_settled(found: Stack, row: StackResource) -> bool:
    """Whether the job that is under way has done with a resource."""
    return row.job == found.job and row.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")


async def settled(ctx: Context, found: Stack, logical: str, needs: frozenset[str]) -> None:
    """Make a resource what is wished. Raises AwsError, WorldError and Waits."""
    try:
        with ctx.begin():
            step = _decided(ctx, found, logical, needs)
            owner = _owner(ctx, found)
        if step is None:
            return
        if step.is_new:
            physical_id = await step.kind.create(owner, _asked(found, logical, step))
        else:
            assert step.kind.update is not None
            physical_id = step.row.what.physical_id
            await step.kind.update(
                owner, Change(physical_id, step.row.what.properties, step.properties, found.wish.tags)
            )
        attributes = await _attributes(owner, step.kind, physical_id, step.properties)
    except (AwsError, WorldError) as error:
        with ctx.begin():
            _failed(ctx, found, logical, reason(error))
        raise
    with ctx.begin():
        _done(ctx, found, step, physical_id, attributes)


def _decided(ctx: Context, found: Stack, logical: str, needs: frozenset[str]) -> Step | None:
    """What is to be done, which is written down before it is done; None for nothing. Raises AwsError."""
    here = scope(ctx, found)
    declared = stacks.resources(found.wish, here)[logical]
    type_name = declared["Type"]
    kind = ctx.resource_type(type_name)
    before = ctx.get(StackResource, found.id, logical)
    blank = Resource(
        type=type_name,
        deletion_policy=stacks.policy(declared, "DeletionPolicy", "Delete"),
        replace_policy=stacks.policy(declared, "UpdateReplacePolicy", "Delete"),
        needs=tuple(sorted(needs)),
    )
    if before is None or before.status == "DELETE_COMPLETE":
        before = StackResource(stack_id=found.id, logical=logical, what=blank, status="", updated_at=ctx.now)
        ctx.put(before)
    if kind is None:
        raise AwsError("ValidationError", f"Template format error: Unrecognized resource types: [{type_name}]")
    properties = intrinsics.resolved(declared.get("Properties", {}), here)
    _check(kind, properties)
    what = msgspec.structs.replace(
        before.what,
        deletion_policy=blank.deletion_policy,
        replace_policy=blank.replace_policy,
        needs=blank.needs,
    )
    is_new = not before.what.physical_id or _is_replaced(kind, before.what, properties)
    if not is_new and properties == before.what.properties and not before.attempt:
        ctx.put(msgspec.structs.replace(before, what=what, job=found.job))
        return None
    is_again = before.job == found.job and before.status.endswith("_IN_PROGRESS")
    status = "UPDATE_IN_PROGRESS" if before.what.physical_id else "CREATE_IN_PROGRESS"
    row = msgspec.structs.replace(
        before, what=what, status=status, job=found.job, attempt=properties, reason="", updated_at=ctx.now
    )
    if not is_again:
        why = _REPLACES if is_new and before.what.physical_id else ""
        _write(ctx, found, row, why)
    return Step(kind, row, properties, is_new, is_again)


def _check(kind: ResourceType, properties: Properties) -> None:
    """Raises ValidationError for what is missing, and for what would have no effect."""
    missing = [name for name in kind.required if name not in properties]
    if missing:
        raise AwsError("ValidationError", f"Property {missing[0]} cannot be empty.")
    strange = sorted(set(properties) - kind.known) if kind.known else []
    if strange:
        raise AwsError("ValidationError", f"Encountered unsupported property {strange[0]}")


def _is_replaced(kind: ResourceType, before: Resource, properties: Properties) -> bool:
    if before.type != kind.name or kind.update is None:
        return before.type != kind.name or before.properties != properties
    changed = {
        name for name in {*before.properties, *properties} if before.properties.get(name) != properties.get(name)
    }
    return bool(changed & kind.replaces)


def _asked(found: Stack, logical: str, step: Step) -> Wanted:
    token = f"{found.id}-{logical}-{found.job}"
    number = int.from_bytes(hashlib.blake2s(token.encode()).digest()[:10], "big")
    letters = "".join(_LETTERS[number // 36**at % 36] for at in range(12))
    name = f"{found.name[:24]}-{logical[:24]}-{letters}"
    return Wanted(step.properties, name, token, found.wish.tags, step.is_again)


async def _attributes(ctx: Context, kind: ResourceType, physical_id: str, properties: Properties) -> Mapping[str, Any]:
    return await kind.attributes(ctx, physical_id, properties) if kind.attributes is not None else {}


def _done(ctx: Context, found: Stack, step: Step, physical_id: str, attributes: Mapping[str, Any]) -> None:
    old = step.row.what
    if old.physical_id and physical_id != old.physical_id:
        _put_aside(ctx, found, step.row.logical, old, old.replace_policy)
    what = msgspec.structs.replace(
        old, type=step.kind.name, physical_id=physical_id, properties=step.properties, attributes=attributes
    )
    status = "UPDATE_COMPLETE" if old.physical_id else "CREATE_COMPLETE"
    row = msgspec.structs.replace(step.row, what=what, status=status, attempt={}, updated_at=ctx.now)
    _write(ctx, found, row)


def _failed(ctx: Context, found: Stack, logical: str, why: str) -> None:
    row = ctx.get(StackResource, found.id, logical)
    if row is None:
        return
    status = "UPDATE_FAILED" if row.what.physical_id else "CREATE_FAILED"
    _write(ctx, found, msgspec.structs.replace(row, status=status, job=found.job, updated_at=ctx.now), why)


def _write(ctx: Context, found: Stack, row: StackResource, why: str = "") -> None:
    """Put a row, and tell of it."""
    ctx.put(msgspec.structs.replace(row, reason=why))
    properties = msgspec.json.encode(row.attempt or row.what.properties).decode()
    stacks.told(
        ctx,
        found,
        row.logical,
        row.what.type,
        row.status,
        PhysicalResourceId=row.what.physical_id,
        ResourceStatusReason=why,
        ResourceProperties=properties,
    )


def leave(ctx: Context, found: Stack, row: StackResource) -> None:
    """Put a resource aside that is no longer wanted."""
    if row.what.physical_id:
        _put_aside(ctx, found, row.logical, row.what, row.what.deletion_policy)
    ctx.delete(StackResource, found.id, row.logical)


def _put_aside(ctx: Context, found: Stack, logical: str, what: Resource, policy: str) -> None:
    kept = msgspec.structs.replace(what, deletion_policy=policy)
    ctx.put(Leftover(stack_id=found.id, logical=logical, physical_id=what.physical_id, what=kept))


async def deleted(ctx: Context, found: Stack, row: StackResource) -> None:
    """Take a resource of a stack away. Raises AwsError, WorldError and Waits."""
    is_kept = row.what.deletion_policy == "Retain" or row.logical in found.retained
    is_kept |= row.what.deletion_policy == "RetainExceptOnCreate" and found.status != "ROLLBACK_IN_PROGRESS"
    if not row.what.physical_id or is_kept:
        with ctx.begin():
            status = "DELETE_SKIPPED" if row.what.physical_id else "DELETE_COMPLETE"
            ctx.put(msgspec.structs.replace(row, status="DELETE_COMPLETE", updated_at=ctx.now))
            stacks.told(ctx, found, row.logical, row.what.type, status, PhysicalResourceId=row.what.physical_id)
        return
    with ctx.begin():
        if row.status != "DELETE_IN_PROGRESS":
            row = msgspec.structs.replace(row, status="DELETE_IN_PROGRESS", attempt={}, updated_at=ctx.now)
            _write(ctx, found, row)
        owner = _owner(ctx, found)
    try:
        await _gone(owner, row.what)
    except (AwsError, WorldError) as error:
        with ctx.begin():
            _write(ctx, found, msgspec.structs.replace(row, status="DELETE_FAILED", updated_at=ctx.now), reason(error))
        raise
    with ctx.begin():
        _write(ctx, found, msgspec.structs.replace(row, status="DELETE_COMPLETE", updated_at=ctx.now))


async def cleaned(ctx: Context, found: Stack, left: Leftover) -> None:
    """Take away what is left over; what will not go is told of, and no error."""
    kind, identity = left.what.type, left.physical_id
    with ctx.begin():
        owner = _owner(ctx, found)
        if left.what.deletion_policy.startswith("Retain"):
            stacks.told(ctx, found, left.logical, kind, "DELETE_SKIPPED", PhysicalResourceId=identity)
            return
        stacks.told(ctx, found, left.logical, kind, "DELETE_IN_PROGRESS", PhysicalResourceId=identity)
    status, why = "DELETE_COMPLETE", ""
    try:
        await _gone(owner, left.what)
    except (AwsError, WorldError) as error:
        status, why = "DELETE_FAILED", reason(error)
    with ctx.begin():
        more = {"PhysicalResourceId": identity, "ResourceStatusReason": why}
        stacks.told(ctx, found, left.logical, kind, status, **more)


async def _gone(owner: Context, what: Resource) -> None:
    kind = owner.resource_type(what.type)
    if kind is None:
        raise AwsError("ValidationError", f"Unrecognized resource types: [{what.type}]")
    await kind.delete(owner, what.physical_id, what.properties)


async def restored(ctx: Context, found: Stack, row: StackResource) -> None:
    """Make a resource what it was before the update. Raises AwsError, WorldError and Waits."""
    old = found.earlier.get(row.logical)
    if old is None:
        with ctx.begin():
            leave(ctx, found, row)
        return
    is_other = row.what.physical_id != old.physical_id
    tried = row.attempt or row.what.properties
    kind = ctx.resource_type(old.type)
    if not is_other and tried != old.properties and kind is not None and kind.update is not None:
        await _changed_back(ctx, found, row, Change(old.physical_id, tried, old.properties, found.wish.tags), kind)
    with ctx.begin():
        if is_other and row.what.physical_id:
            _put_aside(ctx, found, row.logical, row.what, "Delete")
        ctx.delete(Leftover, found.id, row.logical, old.physical_id)
        whole = msgspec.structs.replace(row, what=old, status="UPDATE_COMPLETE", attempt={}, updated_at=ctx.now)
        if is_other or tried != old.properties or row.status.endswith("_FAILED"):
            _write(ctx, found, whole)
        else:
            ctx.put(whole)


async def _changed_back(ctx: Context, found: Stack, row: StackResource, change: Change, kind: ResourceType) -> None:
    with ctx.begin():
        owner = _owner(ctx, found)
        stacks.told(ctx, found, row.logical, kind.name, "UPDATE_IN_PROGRESS", PhysicalResourceId=change.id)
    assert kind.update is not None
    try:
        await kind.update(owner, change)
    except (AwsError, WorldError) as error:
        with ctx.begin():
            _failed(ctx, found, row.logical, reason(error))
        raise


def _owner(ctx: Context, found: Stack) -> Context:
    """Whoever calls are made as: the stack's role, or whoever has asked for what is under way."""
    if found.role_arn:
        owner = target.as_role(ctx, found.role_arn, "AWSCloudFormation", service="cloudformation")
    else:
        owner = ctx.authorized_as(found.caller)
    owner.join(None)
    return owner
