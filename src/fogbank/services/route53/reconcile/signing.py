"""Signatures of zones' keys, made anew through `kms` before they end."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.route53.signing import MEASURE_SECONDS, measure, renewed


async def signing(ctx: Context, key: str) -> After | None:
    """Told the id of a zone."""
    with ctx.begin():
        seconds = renewed(ctx, key)
        if seconds is None:
            return None
        measure(ctx, key)
    return After(min(seconds, MEASURE_SECONDS))
