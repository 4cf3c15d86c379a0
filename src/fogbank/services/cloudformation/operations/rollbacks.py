"""Updates given up, and stacks brought back to where they were: by hand, where a stack does not go back by itself."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.cloudformation import jobs, stacks
from fogbank.services.cloudformation.resources import Stack
from fogbank.services.cloudformation.template import invalid

_BACK = {"CREATE_FAILED": "ROLLBACK_IN_PROGRESS", "UPDATE_FAILED": "UPDATE_ROLLBACK_IN_PROGRESS"}


def cancel_update_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.existing(ctx, req["StackName"])
    if jobs.is_repeated(ctx, req, found, "CancelUpdateStack"):
        return {}
    if found.status != "UPDATE_IN_PROGRESS":
        raise invalid("CancelUpdateStack cannot be called from current stack status")
    _back(ctx, found, req, "CancelUpdateStack", "UPDATE_ROLLBACK_IN_PROGRESS")
    return {}


def continue_update_rollback(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.existing(ctx, req["StackName"])
    if jobs.is_repeated(ctx, req, found, "ContinueUpdateRollback"):
        return {}
    if found.status != "UPDATE_ROLLBACK_FAILED":
        arn = stacks.arn(ctx, found)
        raise invalid(f"Stack:{arn} is in {found.status} state and can not continue update rollback.")
    rows = stacks.rows(ctx, found)
    skipped = tuple(req.get("ResourcesToSkip") or ())
    for logical in skipped:
        if logical not in rows or rows[logical].status != "UPDATE_FAILED":
            raise invalid(f"Resource [{logical}] cannot be skipped: only resources in UPDATE_FAILED state can be.")
    more = {"skipped": skipped, "role_arn": req.get("RoleARN", found.role_arn)}
    _back(ctx, found, req, "ContinueUpdateRollback", "UPDATE_ROLLBACK_IN_PROGRESS", **more)
    return {}


def rollback_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.existing(ctx, req["StackName"])
    answer = {"StackId": stacks.arn(ctx, found)}
    if jobs.is_repeated(ctx, req, found, "RollbackStack"):
        return answer
    if found.status not in _BACK:
        raise invalid(f"Stack:{answer['StackId']} is in {found.status} state and can not be rolled back.")
    _back(ctx, found, req, "RollbackStack", _BACK[found.status], role_arn=req.get("RoleARN", found.role_arn))
    return answer


def _back(ctx: Context, found: Stack, req: dict[str, Any], operation: str, status: str, **more: Any) -> None:
    """The same job goes the other way: what it has done so far is what has to be undone."""
    token = jobs.remembered(ctx, req, found, operation)
    stacks.turned(ctx, found, status, "User Initiated", token=token, **more)
