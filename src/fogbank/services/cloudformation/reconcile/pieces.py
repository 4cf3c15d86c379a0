"""One resource of a stack: decided in a transaction, done outside of any, written down in the next."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.errors import AwsError, WorldError
from fogbank.control.context import Context
from fogbank.control.resource_type import Change, Properties, ResourceType, Waits, Wanted
from fogbank.control.service import MustWait
from fogbank.services.cloudformation import creations, intrinsics, policy, stacks
from fogbank.services.cloudformation.custom import Answered, Moved, Said, Unmade, place_of
from fogbank.services.cloudformation.intrinsics import Scope
from fogbank.services.cloudformation.reconcile import acting, kinds
from fogbank.services.cloudformation.reconcile.side_by_side import reason
from fogbank.services.cloudformation.resources import Awaited, Leftover, Resource, Stack, StackResource

_LOG = logging.getLogger("fogbank.stacks")
_REPLACES = "Requested update requires the creation of a new physical resource; hence creating one."
_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Step(NamedTuple):
    """What is to be done with a resource."""

    kind: ResourceType
    row: StackResource
    properties: Properties
    tags: Mapping[str, str]
    is_new: bool
    """Whether it is made, for the first time or in another's place."""
    is_again: bool


def scope(ctx: Context, found: Stack) -> Scope:
    """What names stand for now."""
    rows = stacks.rows(ctx, found)
    attributes = {
        logical: _attributes(ctx, found, row)
        for logical, row in rows.items()
        if row.what.physical_id and row.status != "DELETE_COMPLETE"
    }
    return stacks.scope(ctx, found, found.wish, attributes)


def _attributes(ctx: Context, found: Stack, row: StackResource) -> Mapping[str, Any]:
    known = {**row.what.attributes, "": row.what.physical_id}
    if not row.what.request_id:
        return known
    return Said(known, place_of(stacks.arn(ctx, found), row.logical, row.what.request_id, ctx.region))


def wanted(ctx: Context, found: Stack) -> dict[str, Any]:
    """The resources that a stack is to have."""
    return stacks.resources(found.wish, scope(ctx, found))


def is_settled(found: Stack, row: StackResource) -> bool:
    """Whether the job that is under way has done with a resource."""
    return row.job == found.job and row.status in _SETTLED


def has_moved_on(ctx: Context, found: Stack) -> bool:
    """Whether something else is asked of a stack by now."""
    now = ctx.get(Stack, found.id)
    return now is None or (now.job, now.status) != (found.job, found.status)


async def settled(ctx: Context, found: Stack, logical: str, needs: frozenset[str]) -> None:
    """Make a resource what is wished. Raises AwsError, WorldError and Waits."""
    try:
        with ctx.begin():
            step = _decided(ctx, found, logical, needs)
            owner = _owner(ctx, found)
        if step is None:
            return
        if step.is_new:
            step = await _made(ctx, owner, found, step)
        elif not step.row.is_unfinished:
            step = await _replaced_or_changed(ctx, owner, found, step)
        physical_id = step.row.what.physical_id
        attributes: Mapping[str, Any] = {}
        with _readable(logical):
            if step.kind.finish is not None:
                await step.kind.finish(owner, physical_id, _asked(ctx, found, logical, step))
            if step.kind.attributes is not None:
                attributes = await step.kind.attributes(owner, physical_id, step.properties)
        with ctx.begin():
            _check_signals(ctx, found, logical)
    except (AwsError, WorldError) as error:
        with ctx.begin():
            _failed(ctx, found, logical, error)
        raise
    with ctx.begin():
        _done(ctx, found, step, attributes)


@contextmanager
def _readable(logical: str) -> Iterator[None]:
    """What a type cannot read of its properties fails the resource: a template may have written anything there."""
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        _LOG.warning("%s: its type could not read its properties", logical, exc_info=error)
        text = f"Properties validation failed for resource {logical} with message: {error!r}"
        raise AwsError("ValidationError", text) from error


def _check_signals(ctx: Context, found: Stack, logical: str) -> None:
    """Raises Waits and AwsError where signals are awaited, by a CreationPolicy."""
    awaited = ctx.get(Awaited, found.id, logical)
    if awaited is not None and awaited.job == found.job:
        creations.check_heard(awaited, ctx.now)


async def _made(ctx: Context, owner: Context, found: Stack, step: Step) -> Step:
    """Make what is new, and write its id down: in one transaction where nothing has to be waited for."""
    wanted = _asked(ctx, found, step.row.logical, step)
    if step.kind.at_once is not None:
        try:
            with _readable(step.row.logical), _together(ctx, owner):
                return _noted(ctx, found, step, step.kind.at_once.create(owner, wanted._replace(is_again=False)))
        except MustWait:
            pass
    with _readable(step.row.logical):
        physical_id = await step.kind.create(owner, wanted)
    with ctx.begin():
        return _noted(ctx, found, step, physical_id)


def _noted(ctx: Context, found: Stack, step: Step, physical_id: str) -> Step:
    """A step whose new resource has an id: what it replaces, if anything, is put aside."""
    old = step.row.what
    if old.physical_id and physical_id != old.physical_id:
        _put_aside(ctx, found, step.row.logical, old, old.replace_policy)
    what = msgspec.structs.replace(
        old,
        type=step.kind.name,
        physical_id=physical_id,
        properties=step.properties,
        attributes={},
        tags=step.tags,
    )
    row = msgspec.structs.replace(step.row, what=what, is_unfinished=True, updated_at=ctx.now)
    _write(ctx, found, row, "Resource creation Initiated")
    return step._replace(row=row, is_new=False)


async def _replaced_or_changed(ctx: Context, owner: Context, found: Stack, step: Step) -> Step:
    """Change a resource; whoever is asked for a custom one may make another in its place."""
    try:
        return await _changed(ctx, owner, found, step)
    except Moved as moved:
        with ctx.begin():
            return _noted(ctx, found, step, moved.physical_id)


async def _changed(ctx: Context, owner: Context, found: Stack, step: Step) -> Step:
    old = step.row.what
    what = msgspec.structs.replace(old, properties=step.properties, tags=step.tags)
    row = msgspec.structs.replace(step.row, what=what, is_unfinished=True)
    token = _token(found, row.logical)
    change = Change(old.physical_id, old.properties, step.properties, step.tags, old.tags, old.attributes, token)
    await _updated(ctx, owner, step.kind, change, row)
    return step._replace(row=row)


def _token(found: Stack, logical: str) -> str:
    """The same for every try of what is under way with a resource."""
    return hashlib.blake2s(f"{found.id}-{logical}-{found.job}-{found.status}".encode()).hexdigest()[:32]


async def _updated(ctx: Context, owner: Context, kind: ResourceType, change: Change, row: StackResource) -> None:
    """Change a resource, and put its row: in one transaction where nothing has to be waited for."""
    if kind.at_once is not None and kind.at_once.update is not None:
        try:
            with _readable(row.logical), _together(ctx, owner):
                kind.at_once.update(owner, change)
                ctx.put(row)
                return
        except MustWait:
            pass
    assert kind.update is not None
    with _readable(row.logical):
        await kind.update(owner, change)
    with ctx.begin():
        ctx.put(row)


@contextmanager
def _together(ctx: Context, owner: Context) -> Iterator[None]:
    """A transaction that the owner's calls are part of."""
    with ctx.begin():
        owner.join(ctx.transaction)
        try:
            yield
        finally:
            owner.join(None)


def _decided(ctx: Context, found: Stack, logical: str, needs: frozenset[str]) -> Step | None:
    """What is to be done, which is written down before it is done; None for nothing. Raises AwsError and Waits."""
    if has_moved_on(ctx, found):
        raise Waits
    here = scope(ctx, found)
    declared = stacks.resources(found.wish, here)[logical]
    type_name = declared["Type"]
    kind = kinds.of(ctx, found, logical, type_name)
    before = ctx.get(StackResource, found.id, logical)
    if before is None or before.status == "DELETE_COMPLETE":
        blank = Resource(type=type_name, needs=tuple(sorted(needs)))
        before = StackResource(stack_id=found.id, logical=logical, what=blank, status="", updated_at=ctx.now)
        ctx.put(before)
    if kind is None:
        raise AwsError("ValidationError", f"Template format error: Unrecognized resource types: [{type_name}]")
    properties = _properties(declared, here)
    _check(kind, properties)
    policies = _policies(kind, declared, properties)
    what = msgspec.structs.replace(before.what, **policies, needs=tuple(sorted(needs)))
    tags = found.wish.tags if kind.has_tags else {}
    is_again = before.job == found.job and before.status.endswith("_IN_PROGRESS")
    if before.is_unfinished and is_again:
        return Step(kind, before, before.what.properties, tags, False, True)
    is_new = not before.what.physical_id or before.is_unfinished or _is_replaced(kind, before, properties)
    is_same = properties == before.what.properties and tags == before.what.tags
    if not is_new and is_same and not before.attempt:
        # Settled, so that a restart does not look at it again.
        done = before.status if before.status in _SETTLED else "UPDATE_COMPLETE"
        ctx.put(msgspec.structs.replace(before, what=what, job=found.job, status=done))
        return None
    status = "UPDATE_IN_PROGRESS" if before.what.physical_id else "CREATE_IN_PROGRESS"
    row = msgspec.structs.replace(
        before,
        what=what,
        status=status,
        job=found.job,
        attempt=properties,
        is_unfinished=False,
        reason="",
        updated_at=ctx.now,
    )
    if before.what.physical_id and (refused := _denial(found, before, policy.REPLACE if is_new else policy.MODIFY)):
        raise refused
    if not is_again:
        _write(ctx, found, row, _REPLACES if is_new and before.what.physical_id else "")
        _await_signals(ctx, found, logical, creations.policy(declared, here) if is_new else None)
    return Step(kind, row, properties, tags, is_new, is_again)


def _properties(declared: Mapping[str, Any], here: Scope) -> dict[str, Any]:
    """The properties of a resource, all of which one function may come to. Raises AwsError."""
    found = intrinsics.resolved(declared.get("Properties", {}), here)
    if not isinstance(found, dict | intrinsics.Nothing):
        raise AwsError("ValidationError", "Properties must be an object.")
    return found if isinstance(found, dict) else {}


def _policies(kind: ResourceType, declared: Mapping[str, Any], properties: Properties) -> dict[str, str]:
    """What is done with a resource that is no longer wanted. Raises ValidationError for snapshots of what has none."""
    usual = "Snapshot" if kind.last is not None and kind.last.is_usual(properties) else "Delete"
    found = {
        "deletion_policy": declared.get("DeletionPolicy", usual),
        "replace_policy": declared.get("UpdateReplacePolicy", "Delete"),
    }
    why = kind.last.refusal(properties) if kind.last is not None and "Snapshot" in found.values() else ""
    if why:
        raise AwsError("ValidationError", why)
    return found


def _await_signals(ctx: Context, found: Stack, logical: str, wanted: creations.Policy | None) -> None:
    """Write down what a new resource waits for, if anything."""
    if wanted is not None:
        due_at = ctx.now + wanted.seconds
        ctx.put(Awaited(stack_id=found.id, logical=logical, job=found.job, count=wanted.signals, due_at=due_at))


def _check(kind: ResourceType, properties: Properties) -> None:
    """Raises ValidationError for what is missing, and for what would have no effect."""
    missing = [name for name in kind.required if name not in properties]
    if missing:
        raise AwsError("ValidationError", f"Property {missing[0]} cannot be empty.")
    strange = sorted(set(properties) - kind.known) if kind.known else []
    if strange:
        raise AwsError("ValidationError", f"Encountered unsupported property {strange[0]}")


def _is_replaced(kind: ResourceType, row: StackResource, properties: Properties) -> bool:
    before = row.what
    if before.type != kind.name or kind.update is None:
        return before.type != kind.name or before.properties != properties
    changed = {
        name for name in {*before.properties, *properties} if before.properties.get(name) != properties.get(name)
    }
    with _readable(row.logical):
        if kind.replaced is not None and kind.replaced(before.properties, properties):
            return True
    return bool(changed & kind.replaces)


def _asked(ctx: Context, found: Stack, logical: str, step: Step) -> Wanted:
    about = f"{found.id}-{logical}-{found.job}"
    name = f"{found.name[:24]}-{logical[:24]}-{_letters(about)}"
    token = hashlib.blake2s(about.encode()).hexdigest()[:32]
    return Wanted(step.properties, name, token, found.wish.tags, ctx.scope, step.is_again)


def _letters(about: str) -> str:
    """Twelve letters and digits, the same for the same."""
    number = int.from_bytes(hashlib.blake2s(about.encode()).digest()[:10], "big")
    return "".join(_LETTERS[number // 36**at % 36] for at in range(12))


def _done(ctx: Context, found: Stack, step: Step, attributes: Mapping[str, Any]) -> None:
    what = msgspec.structs.replace(step.row.what, attributes=dict(attributes))
    if isinstance(attributes, Answered):
        what = msgspec.structs.replace(what, request_id=attributes.request_id, is_secret=attributes.is_secret)
    status = step.row.status.removesuffix("_IN_PROGRESS") + "_COMPLETE"
    row = msgspec.structs.replace(
        step.row, what=what, status=status, attempt={}, is_unfinished=False, updated_at=ctx.now
    )
    _write(ctx, found, row)


def _denial(found: Stack, row: StackResource, action: str) -> AwsError | None:
    """The error for what the stack's policy does not allow an update to do with a resource."""
    return policy.denial(found.policy_in_force, action, row.logical, row.what.type) if found.before else None


def denied(ctx: Context, found: Stack, gone: Iterable[str]) -> list[str]:
    """Those that an update takes away and the stack's policy keeps, told as failed."""
    kept = []
    for logical in sorted(gone):
        row = ctx.get(StackResource, found.id, logical)
        refused = _denial(found, row, policy.DELETE) if row is not None and row.what.physical_id else None
        if refused is not None:
            _failed(ctx, found, logical, refused)
            kept.append(logical)
    return kept


def _failed(ctx: Context, found: Stack, logical: str, error: AwsError | WorldError) -> None:
    row = ctx.get(StackResource, found.id, logical)
    if row is None:
        # It failed before anything was written down: a property that is not known, a name that stands for nothing.
        what = Resource(type=stacks.parsed(found.wish.body)["Resources"][logical]["Type"])
        row = StackResource(stack_id=found.id, logical=logical, what=what, status="", updated_at=ctx.now)
    is_new = row.status in ("", "CREATE_IN_PROGRESS", "CREATE_FAILED", "DELETE_COMPLETE")
    status = "CREATE_FAILED" if is_new else "UPDATE_FAILED"
    kind = kinds.of(ctx, found, logical, row.what.type)
    begun = error.physical_id if isinstance(error, Unmade) and not row.what.physical_id else ""
    if begun:
        # It may have left something: its deletion is asked for, by the id that it would have had.
        what = msgspec.structs.replace(row.what, physical_id=begun, properties=row.attempt)
        row = msgspec.structs.replace(row, what=what, is_unfinished=True)
    # What is done in one transaction has not been done at all.
    attempt = {} if kind is None or kind.at_once is not None else row.attempt
    row = msgspec.structs.replace(row, status=status, job=found.job, attempt=attempt, updated_at=ctx.now)
    _write(ctx, found, row, reason(error))


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
        _put_aside(ctx, found, row.logical, row.what, _policy_of(row))
    ctx.delete(StackResource, found.id, row.logical)


def _policy_of(row: StackResource) -> str:
    """What is done with a resource: of half of one there is no snapshot."""
    found = row.what.deletion_policy
    return "Delete" if found == "Snapshot" and row.is_unfinished else found


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
        last = _snapshot(found, row.logical, row.what) if _policy_of(row) == "Snapshot" else ""
        await _gone(ctx, owner, found, row, last)
    except (AwsError, WorldError) as error:
        with ctx.begin():
            row = msgspec.structs.replace(row, status="DELETE_FAILED", is_leaving=False, updated_at=ctx.now)
            _write(ctx, found, row, reason(error))
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
            ctx.delete(Leftover, found.id, left.logical, identity)
            return
        if not left.is_begun:
            left = msgspec.structs.replace(left, is_begun=True)
            ctx.put(left)
            stacks.told(ctx, found, left.logical, kind, "DELETE_IN_PROGRESS", PhysicalResourceId=identity)
    status, why = "DELETE_COMPLETE", ""
    try:
        last = _snapshot(found, left.logical, left.what) if left.what.deletion_policy == "Snapshot" else ""
        await _gone(ctx, owner, found, left, last)
    except (AwsError, WorldError) as error:
        status, why = "DELETE_FAILED", reason(error)
    with ctx.begin():
        ctx.delete(Leftover, found.id, left.logical, identity)
        more = {"PhysicalResourceId": identity, "ResourceStatusReason": why}
        stacks.told(ctx, found, left.logical, kind, status, **more)


def _snapshot(found: Stack, logical: str, what: Resource) -> str:
    """The name of a resource's last snapshot, the same however often it is asked for."""
    name = f"{found.name}-snapshot-{logical}-{_letters(f'{found.id}-{logical}-{what.physical_id}')}"
    return re.sub("-+", "-", name).lower()


async def _gone(ctx: Context, owner: Context, found: Stack, going: StackResource | Leftover, last: str) -> None:
    """Take a resource away; `last`: the name of a snapshot to leave, if any. Raises Waits until it is gone."""
    what = going.what
    kind = kinds.of(ctx, found, going.logical, what.type)
    if kind is None:
        raise AwsError("ValidationError", f"Unrecognized resource types: [{what.type}]")
    with _readable(going.logical):
        if not going.is_leaving:
            await _asked_to_leave(ctx, owner, kind, going, last)
        if kind.gone is not None:
            await kind.gone(owner, what.physical_id)


async def _asked_to_leave(
    ctx: Context, owner: Context, kind: ResourceType, going: StackResource | Leftover, last: str
) -> None:
    """Ask once: what is on its way out is not there to be deleted, for some services."""
    identity, properties = going.what.physical_id, going.what.properties
    leaving = msgspec.structs.replace(going, is_leaving=True)
    if kind.at_once is None:
        await kind.delete(owner, identity, properties)
        with ctx.begin():
            ctx.put(leaving)
        return
    with _together(ctx, owner):
        if last and kind.at_once.delete_last is not None:
            kind.at_once.delete_last(owner, identity, properties, last)
        else:
            kind.at_once.delete(owner, identity, properties)
        ctx.put(leaving)


async def restored(ctx: Context, found: Stack, row: StackResource) -> None:
    """Make a resource what it was before the update. Raises AwsError, WorldError and Waits."""
    old = found.earlier.get(row.logical)
    if row.logical in found.skipped:
        with ctx.begin():
            _write(ctx, found, msgspec.structs.replace(row, status="UPDATE_COMPLETE", attempt={}, updated_at=ctx.now))
        return
    if old is None:
        with ctx.begin():
            leave(ctx, found, row)
        return
    is_other = row.what.physical_id != old.physical_id
    kind = kinds.of(ctx, found, row.logical, old.type)
    change = _back(found, row, old, kind)
    is_touched = change.before != change.after or change.tags_before != change.tags or row.is_going_back
    now = old
    if not is_other and is_touched and kind is not None and kind.update is not None:
        try:
            await _changed_back(ctx, found, row, change, kind)
        except Moved as moved:
            now = msgspec.structs.replace(old, physical_id=moved.physical_id)
    whole = msgspec.structs.replace(row, what=now, status="UPDATE_COMPLETE", attempt={}, updated_at=ctx.now)
    whole = msgspec.structs.replace(whole, is_unfinished=False, is_going_back=False)
    with ctx.begin():
        if now is not old:
            _put_aside(ctx, found, row.logical, old, "Delete")
        if is_other and row.what.physical_id:
            _put_aside(ctx, found, row.logical, row.what, "Delete")
        ctx.delete(Leftover, found.id, row.logical, now.physical_id)
        if is_other or is_touched or row.status.endswith("_FAILED") or row.is_unfinished:
            _write(ctx, found, whole)
        else:
            ctx.put(whole)


def _back(found: Stack, row: StackResource, old: Resource, kind: ResourceType | None) -> Change:
    """The change that takes an update back. What is done at once is as the row says; the rest may have been tried."""
    properties, tags = row.what.properties, row.what.tags
    if kind is not None and kind.at_once is None and row.attempt:
        properties, tags = row.attempt, found.wish.tags if kind.has_tags else {}
    token = _token(found, row.logical)
    return Change(old.physical_id, properties, old.properties, old.tags, tags, old.attributes, token)


async def _changed_back(ctx: Context, found: Stack, row: StackResource, change: Change, kind: ResourceType) -> None:
    with ctx.begin():
        owner = _owner(ctx, found)
        if not row.is_going_back:
            # Told once, however often it has to be waited for.
            row = msgspec.structs.replace(row, is_going_back=True, is_unfinished=False)
            ctx.put(row)
            stacks.told(ctx, found, row.logical, kind.name, "UPDATE_IN_PROGRESS", PhysicalResourceId=change.id)
    what = msgspec.structs.replace(row.what, properties=change.after, tags=change.tags)
    try:
        back = msgspec.structs.replace(row, what=what, attempt={}, is_unfinished=True)
        if not row.is_unfinished:
            await _updated(ctx, owner, kind, change, back)
        if kind.finish is not None:
            with _readable(row.logical):
                await kind.finish(owner, change.id, Wanted(change.after, "", "", change.tags, ctx.scope))
    except (AwsError, WorldError) as error:
        with ctx.begin():
            _failed(ctx, found, row.logical, error)
        raise


def _owner(ctx: Context, found: Stack) -> Context:
    return acting.owner(ctx, found.role_arn, found.caller)
