"""Makes time act on traces: those of more than thirty days ago go."""

from __future__ import annotations

import asyncio

from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.xray import shelf
from fogbank.services.xray.resources import Upkeep

_PAGE = 500
_LEAST_SECONDS = 60.0
_DAY = 86_400.0


async def upkeep(ctx: Context, key: str) -> After | None:
    """Let go of a region's old traces."""
    while True:
        with ctx.begin():
            if ctx.get(Upkeep, key) is None:
                return None
            count, due_at = shelf.drop_old(ctx, _PAGE)
            if due_at is None and count < _PAGE:
                # The next segment that comes begins it anew.
                ctx.delete(Upkeep, key)
                return None
        if due_at is not None:
            return After(min(max(due_at - ctx.now, _LEAST_SECONDS), _DAY))
        await asyncio.sleep(0)
