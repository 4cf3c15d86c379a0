"""Lays lines to standbys in other regions, and looks whether they have become other ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fogbank.aws.errors import WorldError
from fogbank.control.context import Context
from fogbank.services.rds import lines
from fogbank.services.rds.lines import Far, Line

_LOOK_SECONDS = 1.0
"""Of machine time: nobody tells of lines that change."""


class _Watched(NamedTuple):
    far: Far
    line: Line
    wake: Callable[[], object]


class _Lines:
    """The lines that there are, by the standby's node."""

    def __init__(self) -> None:
        self.laid: dict[str, _Watched] = {}
        self.none: set[str] = set()
        """Nodes that are known to have no line."""
        self.is_waiting = False


async def laid(ctx: Context, far: Far, wake: Callable[[], object]) -> None:
    """Have a standby reach its primary over the line between their regions; `wake` is called when it is another one.

    Raises WorldError.
    """
    known = ctx.held(_Lines)
    with ctx.begin():
        line = lines.between(ctx, far.here, far.there)
    known.laid[far.node] = _Watched(far, line, wake)
    known.none.discard(far.node)
    _watch(ctx, known)
    await _serve(ctx, far, line)


def socket(ctx: Context, node: str) -> str:
    """Where a standby finds its primary, if that is in another region: the folder of a socket file."""
    return ctx.planes.proxies.folder(lines.owner(node))


def is_up(ctx: Context, node: str) -> bool:
    """Whether anything passes the line to a standby."""
    found = ctx.held(_Lines).laid.get(node)
    return found is None or found.line.is_up


def passable(ctx: Context, node: str) -> None:
    """Raises WorldError where a standby's line is down: nothing can be copied over it."""
    found = ctx.held(_Lines).laid.get(node)
    if found is not None and not found.line.is_up:
        raise WorldError(f"the line between {found.far.here} and {found.far.there} is down")


async def cut(ctx: Context, far: Far) -> None:
    """Nothing that is on the way to a standby arrives any more, until its line is laid anew."""
    await _serve(ctx, far, Line(0.0, is_up=False))


async def lifted(ctx: Context, node: str) -> None:
    """A node follows nobody of another region, or is gone."""
    known = ctx.held(_Lines)
    if node not in known.none:
        known.laid.pop(node, None)
        await ctx.planes.proxies.set(lines.owner(node), ())
        known.none.add(node)


async def _serve(ctx: Context, far: Far, line: Line) -> None:
    owner, proxies = lines.owner(far.node), ctx.planes.proxies
    await proxies.set(owner, [lines.front(far, line, socket(ctx, far.node), ctx.planes.databases.socket)])


def _watch(ctx: Context, known: _Lines) -> None:
    """Look at all lines soon, and again for as long as there are any."""
    there = ctx.at()

    def look() -> None:
        known.is_waiting = False
        if there.held(_Lines) is not known or not known.laid:
            return
        with there.begin():
            moved = [one for one in known.laid.values() if lines.between(there, *one.far[3:]) != one.line]
        for one in moved:
            one.wake()
        _watch(there, known)

    if not known.is_waiting:
        known.is_waiting = True
        ctx.planes.databases.remind(_LOOK_SECONDS, look)
