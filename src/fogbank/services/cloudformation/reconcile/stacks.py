"""Stacks on their way from one status to the next. Whatever is done is written down, so that a crash loses nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.cloudformation import exports, graph, stacks
from fogbank.services.cloudformation.reconcile import pieces
from fogbank.services.cloudformation.reconcile.side_by_side import Course, reason
from fogbank.services.cloudformation.resources import Leftover, Stack

_EVERY_SECONDS = 0.5


async def stack(ctx: Context, key: str) -> After | None:
    """A stack that something is under way with."""
    with ctx.begin():
        found = ctx.get(Stack, key)
    work = _WORK.get(found.status) if found is not None else None
    return await work(ctx, found) if work is not None and found is not None else None


async def _grow(ctx: Context, found: Stack) -> After | None:
    """Make the stack what is wished: resources that are new, changed, or to be replaced."""
    try:
        with ctx.begin():
            wanted = pieces.wanted(ctx, found)
            needs = graph.needs(wanted, stacks.known_names(found.wish))
            rows = stacks.rows(ctx, found)
    except AwsError as error:
        return _fail(ctx, found, reason(error))
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
        return After(min(course.waits))
    return _finish(ctx, found)


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
        asked = "Rollback requested by user." if status == "ROLLBACK_IN_PROGRESS" else ""
        stacks.turned(ctx, found, status, f"{why}{asked}")
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
