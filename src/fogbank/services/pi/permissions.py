"""What each call must be allowed (Service Authorization Reference, "AWS Performance Insights")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.control.context import Context
from fogbank.control.service import Need


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"pi:{operation}"
    if "Identifier" in req:
        return (Need(action, ctx.arn(f"metrics/{req.get('ServiceType', 'RDS').lower()}/{req['Identifier']}")),)
    return (Need(action, req.get("ResourceARN", "*")),)
