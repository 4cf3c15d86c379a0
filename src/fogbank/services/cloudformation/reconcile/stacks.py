"""Stacks on their way from one status to the next. Whatever is done is written down, so that a crash loses nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.cloudformation import differences, exports, graph, stacks, wishes
from fogbank.services.cloudformation.reconcile import acting, expansion, pieces
from fogbank.services.cloudformation.reconcile.side_by_side import Course, reason
from fogbank.services.cloudformation.resources import Awaited, ChangeSet, Leftover, Request, Stack

_NEVER = 1e12


async def stack(ctx: Context, key: str) -> After | None:
    """A stack that something is under way with."""
    with ctx.begin():
        found = ctx.get(Stack, key)
    work = _WORK.get(found.status) if found is not None else None
    return await work(ctx, found) if work is not None and found is not None else None


async def _grow(ctx: Context, found: Stack) -> After | None:
    """Make the stack what is wished: resources that are new, changed, or to be replaced."""
    if found.wish.is_pending:
        return await _expand(ctx, found)
    try:
        with ctx.begin():
            wanted = pieces.wanted(ctx, found)
            needs = graph.needs(wanted, stacks.known_names(found.wish))
            rows = stacks.rows(ctx, found)
            denied = pieces.denied(ctx, found, rows.keys() - wanted.keys())
    except AwsError as error:
        return _fail(ctx, found, reason(error))
    if denied:
        return _fail(ctx, found, f"The following resource(s) failed to update: [{', '.join(denied)}]. ")
    course = Course(logical for logical, row in rows.items() if pieces.is_settled(found, row) and logical in wanted)
    await course.run(needs, lambda logical: pieces.settled(ctx, found, logical, needs[logical]))
    with ctx.begin():
        if pieces.has_moved_on(ctx, found):
            return None
    if course.failed:
        names = ", ".join(sorted(course.failed))
        verb = "create" if found.before is None else "update"
        return _fail(ctx, found, f"The following resource(s) failed to {verb}: [{names}]. ")
    if found.timeout_at is not None and ctx.now >= found.timeout_at and course.waits:
        return _fail(ctx, found, "Stack creation time exceeded the specified timeout.")
    if course.waits:
        return After(min(*course.waits, (found.timeout_at or _NEVER) - ctx.now, _NEVER))
    return _finish(ctx, found)


async def _expand(ctx: Context, found: Stack) -> After | None:
    """Have the template's transforms carried out; what comes of it wakes the stack again."""
    try:
        with ctx.begin():
            owner = acting.owner(ctx, found.role_arn, found.caller)
        text = await expansion.processed(owner, found, found.wish)
        with ctx.begin():
            if pieces.has_moved_on(ctx, found):
                return None
            wish = wishes.transformed(ctx, found.wish, text, found.capabilities)
            description = str(stacks.parsed(wish.body).get("Description", ""))
            ctx.put(msgspec.structs.replace(found, wish=wish, description=description))
    except AwsError as error:
        return _fail(ctx, found, error.message)
    return None


async def change_set(ctx: Context, key: str) -> After | None:
    """A change set whose transforms are to be carried out."""
    with ctx.begin():
        one = ctx.get(ChangeSet, *key.split("\0"))
        found = ctx.get(Stack, one.stack_id) if one is not None else None
    if one is None or found is None or one.status != "CREATE_IN_PROGRESS":
        return None
    assert one.caller is not None
    try:
        with ctx.begin():
            owner = acting.owner(ctx, one.role_arn, one.caller)
        text = await expansion.processed(owner, found, one.wish)
        with ctx.begin():
            wish = wishes.transformed(ctx, one.wish, text, one.capabilities)
            ctx.put(differences.finished(ctx, found, msgspec.structs.replace(one, wish=wish)))
    except AwsError as error:
        with ctx.begin():
            ctx.put(msgspec.structs.replace(one, status="FAILED", execution="UNAVAILABLE", reason=error.message))
    return None


def _finish(ctx: Context, found: Stack) -> After | None:
    """All is as wished: outputs and exports, and what is no longer wanted is left over."""
    try:
        with ctx.begin():
            wanted, rows = pieces.wanted(ctx, found), stacks.rows(ctx, found)
            outputs, imports = exports.outputs(ctx, found, rows)
            exports.write(ctx, found, outputs)
            for logical in rows.keys() - wanted.keys():
                pieces.leave(ctx, found, rows[logical])
            more: dict[str, Any] = {"outputs": outputs, "imports": imports, "timeout_at": None}
            if found.before is None:
                stacks.turned(ctx, found, "CREATE_COMPLETE", **more)
            else:
                stacks.turned(ctx, found, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", before=None, earlier={}, **more)
    except AwsError as error:
        return _fail(ctx, found, reason(error))
    return None


def _fail(ctx: Context, found: Stack, why: str) -> After | None:
    with ctx.begin():
        if found.before is not None:
            status = "UPDATE_FAILED" if found.on_failure == "DO_NOTHING" else "UPDATE_ROLLBACK_IN_PROGRESS"
        else:
            status = {"DO_NOTHING": "CREATE_FAILED", "DELETE": "DELETE_IN_PROGRESS"}.get(
                found.on_failure, "ROLLBACK_IN_PROGRESS"
            )
        if status == "ROLLBACK_IN_PROGRESS":
            why = f"{why.rstrip(' .')}. Rollback requested by user."
        stacks.turned(ctx, found, status, why)
    return None


async def _shrink(ctx: Context, found: Stack) -> After | None:
    """Take everything away, each resource after all that need it."""
    with ctx.begin():
        rows = {logical: row for logical, row in stacks.rows(ctx, found).items() if row.status != "DELETE_COMPLETE"}
    needs = {logical: frozenset(row.what.needs) & rows.keys() for logical, row in rows.items()}
    course = Course(())
    await course.run(graph.backwards(needs), lambda logical: pieces.deleted(ctx, found, rows[logical]), goes_on=True)
    if course.waits:
        return After(min(course.waits))
    is_rollback = found.status == "ROLLBACK_IN_PROGRESS"
    with ctx.begin():
        if course.failed:
            text = f"The following resource(s) failed to delete: [{', '.join(sorted(course.failed))}]. "
            stacks.turned(ctx, found, "ROLLBACK_FAILED" if is_rollback else "DELETE_FAILED", text)
        elif is_rollback:
            stacks.turned(ctx, found, "ROLLBACK_COMPLETE")
        else:
            exports.forget(ctx, found)
            for asked in list(ctx.scan(Request, found.id)):
                ctx.delete(Request, found.id, asked.id)
            for awaited in list(ctx.scan(Awaited, found.id)):
                ctx.delete(Awaited, found.id, awaited.logical)
            stacks.turned(ctx, found, "DELETE_COMPLETE", living_name="", deleted_at=ctx.now)
    return None


async def _restore(ctx: Context, found: Stack) -> After | None:
    """Take an update back: what was changed is changed again, what was replaced is itself again."""
    with ctx.begin():
        rows = stacks.rows(ctx, found)
    needs = {
        logical: frozenset(found.earlier[logical].needs if logical in found.earlier else ()) & rows.keys()
        for logical in rows
    }
    course = Course(())
    await course.run(needs, lambda logical: pieces.restored(ctx, found, rows[logical]), goes_on=True)
    if course.waits:
        return After(min(course.waits))
    with ctx.begin():
        if course.failed:
            text = f"The following resource(s) failed to update: [{', '.join(sorted(course.failed))}]. "
            stacks.turned(ctx, found, "UPDATE_ROLLBACK_FAILED", text)
        elif found.before is not None:
            more: dict[str, Any] = {"wish": found.before, "before": None, "earlier": {}}
            stacks.turned(ctx, found, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", **more)
    return None


async def _clean(ctx: Context, found: Stack) -> After | None:
    """Take away what an update, or its taking back, has left over. What will not go is told, and left."""
    with ctx.begin():
        left = {f"{one.logical} {one.physical_id}": one for one in ctx.scan(Leftover, found.id)}
    by_logical: dict[str, set[str]] = {}
    for key, one in left.items():
        by_logical.setdefault(one.logical, set()).add(key)
    needs = {
        key: frozenset(other for need in one.what.needs for other in by_logical.get(need, ()) if other != key)
        for key, one in left.items()
    }
    course = Course(())
    await course.run(graph.backwards(needs), lambda key: pieces.cleaned(ctx, found, left[key]), goes_on=True)
    if course.waits:
        return After(min(course.waits))
    with ctx.begin():
        stacks.turned(ctx, found, found.status.removesuffix("_CLEANUP_IN_PROGRESS"))
    return None


_WORK: Mapping[str, Callable[[Context, Stack], Awaitable[After | None]]] = MappingProxyType(
    {
        "CREATE_IN_PROGRESS": _grow,
        "UPDATE_IN_PROGRESS": _grow,
        "ROLLBACK_IN_PROGRESS": _shrink,
        "DELETE_IN_PROGRESS": _shrink,
        "UPDATE_ROLLBACK_IN_PROGRESS": _restore,
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": _clean,
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": _clean,
    }
)
