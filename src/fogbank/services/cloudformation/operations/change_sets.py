"""Change sets: what an update would come to, and having it done."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudformation import differences, jobs, shown, stacks, wishes
from fogbank.services.cloudformation.resources import ChangeSet, Stack, Wish
from fogbank.services.cloudformation.template import invalid

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")


def create_change_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name, kind = req["ChangeSetName"], req.get("ChangeSetType", "UPDATE")
    if not _NAME.fullmatch(name):
        raise invalid(f"Value '{name}' at 'changeSetName' failed to satisfy constraint")
    found = stacks.living(ctx, req["StackName"])
    if kind == "CREATE" and (found is None or found.status == "REVIEW_IN_PROGRESS"):
        found = found or _review(ctx, req)
    elif found is None:
        raise invalid(f"Stack [{req['StackName']}] does not exist")
    elif kind == "CREATE":
        raise invalid(f"Stack [{found.name}] already exists and cannot be created again with the changeSet [{name}].")
    else:
        jobs.check_at_rest(ctx, found)
    if ctx.get(ChangeSet, found.id, name) is not None:
        raise AwsError("AlreadyExistsException", f"ChangeSet {name} cannot be created because it already exists")
    before = found if kind == "UPDATE" else None
    wish = wishes.of(ctx, req, before, wishes.body_of(ctx, req, before.wish if before else None))
    wishes.check_expandable(ctx, wish)
    made = ChangeSet(
        stack_id=found.id,
        name=name,
        id=ctx.arn(f"changeSet/{name}/{ctx.uuid()}"),
        kind=kind,
        wish=wish,
        status="CREATE_IN_PROGRESS",
        execution="UNAVAILABLE",
        caller=ctx.caller,
        description=req.get("Description", ""),
        role_arn=req.get("RoleARN", ""),
        capabilities=tuple(req.get("Capabilities", ())),
        notification_arns=tuple(req.get("NotificationARNs", ())),
        on_failure=req.get("OnStackFailure", ""),
        created_at=ctx.now,
    )
    # One whose template is to be transformed is finished by its reconciler.
    ctx.put(made if wish.is_pending else differences.finished(ctx, found, made))
    return {"Id": made.id, "StackId": stacks.arn(ctx, found)}


def _review(ctx: Context, req: dict[str, Any]) -> Stack:
    """A stack that has nothing yet but change sets."""
    return stacks.turned(ctx, jobs.fresh(ctx, req, Wish(template="")), "REVIEW_IN_PROGRESS", "User Initiated")


def describe_change_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, one = stacks.change_set(ctx, req)
    return {
        **shown.change_set(ctx, found, one),
        "Parameters": shown.given(one.wish),
        "Changes": [{"Type": "Resource", "ResourceChange": dict(change)} for change in one.changes],
        "Capabilities": list(one.capabilities),
        "NotificationARNs": list(one.notification_arns),
        "Tags": [{"Key": key, "Value": value} for key, value in one.wish.tags.items()],
        "RollbackConfiguration": {},
        "IncludeNestedStacks": False,
    }


def list_change_sets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.one(ctx, req["StackName"])
    return {"Summaries": [shown.change_set(ctx, found, one) for one in ctx.scan(ChangeSet, found.id)]}


def execute_change_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, one = stacks.change_set(ctx, req)
    if jobs.is_repeated(ctx, req, found, "ExecuteChangeSet"):
        return {}
    if one.execution != "AVAILABLE":
        text = f"ChangeSet [{one.id}] cannot be executed in its current status of [{one.status}]"
        raise AwsError("InvalidChangeSetStatus", text)
    asked = {
        "ClientRequestToken": req.get("ClientRequestToken", ""),
        "Capabilities": list(one.capabilities),
        "NotificationARNs": list(one.notification_arns),
        **({"RoleARN": one.role_arn} if one.role_arn else {}),
        "DisableRollback": req.get("DisableRollback", False) or one.on_failure == "DO_NOTHING",
    }
    found = msgspec.structs.replace(found, change_set=one.id)
    if one.kind == "CREATE":
        description = str(stacks.parsed(one.wish.body).get("Description", ""))
        on_failure = "DO_NOTHING" if asked["DisableRollback"] else one.on_failure or "ROLLBACK"
        more = {"wish": one.wish, "description": description, "on_failure": on_failure}
        more |= jobs.job(ctx, found, asked, "ExecuteChangeSet")
        stacks.turned(ctx, found, "CREATE_IN_PROGRESS", "User Initiated", **more)
    else:
        jobs.changed(ctx, asked, found, one.wish, "ExecuteChangeSet")
    for other in list(ctx.scan(ChangeSet, found.id)):
        ctx.delete(ChangeSet, found.id, other.name)
    ctx.put(msgspec.structs.replace(one, execution="EXECUTE_COMPLETE"))
    return {}


def delete_change_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    try:
        found, one = stacks.change_set(ctx, req)
    except AwsError as error:
        if error.code == "ChangeSetNotFound" and "StackName" in req:
            # AWS takes what is not there for deleted.
            return {}
        raise
    if one.status == "CREATE_IN_PROGRESS":
        raise AwsError("InvalidChangeSetStatus", f"ChangeSet [{one.id}] cannot be deleted in status {one.status}")
    ctx.delete(ChangeSet, found.id, one.name)
    return {}
