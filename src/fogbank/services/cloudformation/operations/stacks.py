"""Stacks: created, changed, deleted, listed."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.control.context import Context
from fogbank.services.cloudformation import exports, jobs, policy, shown, stacks, wishes
from fogbank.services.cloudformation.resources import Stack
from fogbank.services.cloudformation.template import invalid

_PAGE = 100


def create_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wishes.check_texts(req)
    wish = wishes.of(ctx, req, None, wishes.body_of(ctx, req))
    wishes.check_expandable(ctx, wish, req.get("Capabilities", []))
    found = jobs.begun(ctx, req, wish)
    return {"StackId": stacks.arn(ctx, found)}


def update_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.existing(ctx, req["StackName"])
    wishes.check_texts(req)
    wish = wishes.of(ctx, req, found, wishes.body_of(ctx, req, found.wish))
    wishes.check_expandable(ctx, wish, req.get("Capabilities", []))
    jobs.changed(ctx, req, found, wish)
    return {"StackId": stacks.arn(ctx, found)}


def delete_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.living(ctx, req["StackName"])
    if found is None or jobs.is_repeated(ctx, req, found, "DeleteStack") or found.status == "DELETE_IN_PROGRESS":
        return {}
    if found.is_protected:
        text = f"Stack [{found.name}] cannot be deleted while TerminationProtection is enabled"
        raise invalid(text)
    if found.status.endswith("_IN_PROGRESS") and found.status not in ("CREATE_IN_PROGRESS", "REVIEW_IN_PROGRESS"):
        raise invalid(f"Stack [{found.name}] cannot be deleted while in status {found.status}")
    retained = tuple(req.get("RetainResources", ()))
    if retained and found.status != "DELETE_FAILED":
        raise invalid("Cannot specify RetainResources for a stack that is not in DELETE_FAILED state")
    for one in found.outputs:
        if one.export:
            exports.check_free(ctx, found, one.export, "deleted")
    more = {**jobs.job(ctx, found, req, "DeleteStack"), "retained": retained}
    stacks.turned(ctx, found, "DELETE_IN_PROGRESS", "User Initiated", **more)
    return {}


def describe_stacks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "StackName" in req:
        return {"Stacks": [shown.stack(ctx, stacks.one(ctx, req["StackName"]))]}
    found = sorted((one for one in ctx.scan(Stack) if one.living_name), key=lambda one: -one.created_at)
    rows, token = _page(found, req)
    return {"Stacks": [shown.stack(ctx, one) for one in rows], **token}


def list_stacks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted = req.get("StackStatusFilter")
    found = sorted(ctx.scan(Stack), key=lambda one: -one.created_at)
    rows, token = _page([one for one in found if not wanted or one.status in wanted], req)
    return {"StackSummaries": [shown.summary(ctx, one) for one in rows], **token}


def _page(found: list[Any], req: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    after = paging.after(req.get("NextToken"), "ValidationError", "The token is not valid.")
    start = int(after) if after.isdigit() else 0
    more = {"NextToken": paging.token_after(str(start + _PAGE))} if len(found) > start + _PAGE else {}
    return found[start : start + _PAGE], more


def update_termination_protection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.existing(ctx, req["StackName"])
    ctx.put(msgspec.structs.replace(found, is_protected=req["EnableTerminationProtection"]))
    return {"StackId": stacks.arn(ctx, found)}


def set_stack_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wishes.check_texts(req)
    found = stacks.existing(ctx, req["StackName"])
    ctx.put(msgspec.structs.replace(found, policy=policy.check(req.get("StackPolicyBody", ""))))
    return {}


def get_stack_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.existing(ctx, req["StackName"])
    return {"StackPolicyBody": found.policy} if found.policy else {}
