"""Whoever stacks are made as."""

from __future__ import annotations

from fogbank.control import target
from fogbank.control.caller import Caller
from fogbank.control.context import Context


def owner(ctx: Context, role_arn: str, caller: Caller) -> Context:
    """The stack's role, or whoever has asked for what is under way; outside of any transaction."""
    if role_arn:
        found = target.as_role(ctx, role_arn, "AWSCloudFormation", service="cloudformation")
    else:
        found = ctx.authorized_as(caller)
    found.join(None)
    return found
