"""What is asked of a stack: its creation, an update; each is a job that its reconciler does."""

from __future__ import annotations

import re
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudformation import policy, stacks
from fogbank.services.cloudformation.resources import Stack, Token, Wish
from fogbank.services.cloudformation.template import invalid

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_AT_REST = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED", "CREATE_FAILED")


def begun(ctx: Context, req: dict[str, Any], wish: Wish) -> Stack:
    """A new stack, whose creation begins. Raises AlreadyExistsException, ValidationError."""
    name = req["StackName"]
    known = stacks.living(ctx, name)
    if is_repeated(ctx, req, known, "CreateStack") and known is not None:
        return known
    if known is not None:
        raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
    found = fresh(ctx, req, wish)
    return stacks.turned(ctx, found, "CREATE_IN_PROGRESS", "User Initiated", **job(ctx, found, req, "CreateStack"))


def is_repeated(ctx: Context, req: dict[str, Any], found: Stack | None, operation: str) -> bool:
    """Whether what is asked is what is being done, or was done last. Raises TokenAlreadyExistsException."""
    token = req.get("ClientRequestToken", "")
    known = ctx.get(Token, token) if token else None
    if known is None:
        return False
    if found is not None and (found.token, found.id, operation) == (token, known.stack_id, known.operation):
        return True
    text = f"The client request token {token} has already been used for this stack."
    raise AwsError("TokenAlreadyExistsException", f"{text} Retry the request with a different client request token.")


def fresh(ctx: Context, req: dict[str, Any], wish: Wish) -> Stack:
    """The record of a new stack. Raises ValidationError."""
    name = req["StackName"]
    if not _NAME.fullmatch(name):
        text = f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: "
        raise invalid(f"{text}Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*")
    if "OnFailure" in req and "DisableRollback" in req:
        raise invalid("You can specify either DisableRollback or OnFailure, but not both.")
    minutes = req.get("TimeoutInMinutes", 0)
    return Stack(
        id=ctx.uuid(),
        name=name,
        living_name=name,
        status="",
        wish=wish,
        caller=ctx.caller,
        on_failure="DO_NOTHING" if req.get("DisableRollback") else req.get("OnFailure", "ROLLBACK"),
        timeout_minutes=minutes,
        timeout_at=ctx.now + 60 * minutes if minutes else None,
        is_protected=req.get("EnableTerminationProtection", False),
        policy=policy.check(req["StackPolicyBody"]) if req.get("StackPolicyBody") else "",
        description=str(stacks.parsed(wish.template).get("Description", "")) if wish.template else "",
        created_at=ctx.now,
    )


def job(ctx: Context, found: Stack, req: dict[str, Any], operation: str) -> dict[str, Any]:
    """What is new of a stack with each thing that is asked of it."""
    return {
        "job": f"job-{found.jobs + 1}",
        "jobs": found.jobs + 1,
        "caller": ctx.caller,
        "token": remembered(ctx, req, found, operation),
        "skipped": (),
        "role_arn": req.get("RoleARN", found.role_arn),
        "capabilities": tuple(req.get("Capabilities", found.capabilities)),
        "notification_arns": tuple(req.get("NotificationARNs", found.notification_arns)),
    }


def remembered(ctx: Context, req: dict[str, Any], found: Stack, operation: str) -> str:
    """The token of a request, so that it is known again."""
    token: str = req.get("ClientRequestToken", "")
    if token:
        ctx.put(Token(token=token, stack_id=found.id, operation=operation))
    return token


def _in_force(req: dict[str, Any], found: Stack) -> str:
    """The policy that an update has to keep to: the stack's as it was, unless another is given for its time."""
    given = req.get("StackPolicyDuringUpdateBody")
    return policy.check(given) if given else found.policy


def check_at_rest(ctx: Context, found: Stack) -> None:
    """Raises ValidationError for a stack that cannot be changed."""
    if found.status not in _AT_REST:
        arn = stacks.arn(ctx, found)
        raise invalid(f"Stack:{arn} is in {found.status} state and can not be updated.")


def changed(ctx: Context, req: dict[str, Any], found: Stack, wish: Wish, operation: str = "UpdateStack") -> Stack:
    """A stack whose update begins. Raises ValidationError for one that cannot be changed, or need not be."""
    if is_repeated(ctx, req, found, operation):
        return found
    check_at_rest(ctx, found)
    same = not wish.transforms and (wish.template, wish.values, wish.tags) == (
        found.wish.template,
        found.wish.values,
        found.wish.tags,
    )
    if same and found.status != "UPDATE_FAILED":
        raise invalid("No updates are to be performed.")
    earlier = {logical: row.what for logical, row in stacks.rows(ctx, found).items() if row.what.physical_id}
    more: dict[str, Any] = {
        **job(ctx, found, req, operation),
        "wish": wish,
        "policy": policy.check(req["StackPolicyBody"]) if req.get("StackPolicyBody") else found.policy,
        "policy_in_force": _in_force(req, found),
        "before": found.wish,
        "earlier": earlier,
        "updated_at": ctx.now,
        "description": str(stacks.parsed(wish.body).get("Description", "")),
        "on_failure": "DO_NOTHING" if req.get("DisableRollback") else "ROLLBACK",
    }
    return stacks.turned(ctx, found, "UPDATE_IN_PROGRESS", "User Initiated", **more)
