"""Throttles: how often an account may make and change health checks."""

from __future__ import annotations

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context

CREATIONS_PER_DAY = 1000
CHANGES_PER_SECOND, CHANGES_MAX = 5.0, 100.0
_DAY_SECONDS = 86_400.0


class Bucket:
    """Drops that come back at a rate of cloud time, up to as many as there were at first."""

    def __init__(self, *whose: str) -> None:
        self._left: float | None = None
        self._at = 0.0

    def take(self, now: float, most: float, per_second: float) -> bool:
        """Take a drop; False where none is left."""
        left = most if self._left is None else min(most, self._left + max(0.0, now - self._at) * per_second)
        self._at = now
        self._left = left - 1 if left >= 1 else left
        return left >= 1


def creation(ctx: Context) -> None:
    """Raises ThrottlingException."""
    _take(ctx, "creation", CREATIONS_PER_DAY, CREATIONS_PER_DAY / _DAY_SECONDS)


def change(ctx: Context) -> None:
    """Raises ThrottlingException."""
    _take(ctx, "change", CHANGES_MAX, CHANGES_PER_SECOND)


def _take(ctx: Context, kind: str, most: float, per_second: float) -> None:
    if not ctx.held(Bucket, *ctx.scope[:2], kind).take(ctx.now, most, per_second):
        raise AwsError("ThrottlingException", "Rate exceeded")
