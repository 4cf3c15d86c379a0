"""Makes parameter policies act: notices are told, expired parameters go."""

from __future__ import annotations

import json

import msgspec

from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.ssm import policies, rules
from fogbank.services.ssm.parameters import remove
from fogbank.services.ssm.policies import Policy
from fogbank.services.ssm.resources import Deadline, Parameter


async def deadline(ctx: Context, key: str) -> After | None:
    """Look at one parameter's policies, at its name."""
    with ctx.begin():
        found, parameter = ctx.get(Deadline, key), ctx.get(Parameter, key)
        if found is None or parameter is None:
            return None
        due = policies.due(
            policies.parsed(parameter.latest.policies, parameter.latest.modified_at), found.told, ctx.now
        )
        for policy in due.notices:
            _tell(ctx, parameter, policy)
        if due.expires:
            _tell(ctx, parameter, None)
            remove(ctx, parameter, "Delete")
            return None
        if due.notices:
            told = (*found.told, *(policy.text for policy in due.notices))
            ctx.put(msgspec.structs.replace(found, told=told))
    return After(max(0.0, due.next_at - ctx.now)) if due.next_at is not None else None


def _tell(ctx: Context, parameter: Parameter, policy: Policy | None) -> None:
    """Tell of a policy that acts, or with None of an expiration (User Guide, "Setting up notifications")."""
    detail = {
        "parameter-name": parameter.name,
        "parameter-type": parameter.latest.type,
        "policy-type": policy.type if policy else "Expiration",
        "policy-content": json.loads(policy.text) if policy else {},
        "action-status": "Success",
        "action-reason": "The parameter has expired and was deleted." if policy is None else "A notice was due.",
    }
    ctx.emit("Parameter Store Policy Action", detail, [ctx.arn(rules.resource_of(parameter.name))])
