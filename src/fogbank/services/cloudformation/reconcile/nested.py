"""Stacks that are resources of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.resource_type import Change, Properties, ResourceType, Waits, Wanted, listed, tags

_ACKNOWLEDGED = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
"""What a template needs has been acknowledged for the stack that it is nested in."""
_NOTHING = "No updates are to be performed."


def _asked(properties: Properties, stack_tags: Mapping[str, str]) -> dict[str, Any]:
    given = properties.get("Parameters", {})
    rows = [{"ParameterKey": name, "ParameterValue": _text(value)} for name, value in given.items()]
    return {
        "TemplateURL": properties["TemplateURL"],
        "Parameters": rows,
        "Tags": listed(tags(stack_tags, properties.get("Tags"))),
        "Capabilities": _ACKNOWLEDGED,
        "NotificationARNs": list(properties.get("NotificationARNs", ())),
    }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


async def _create(ctx: Context, wanted: Wanted) -> str:
    minutes = wanted.properties.get("TimeoutInMinutes")
    more = {"TimeoutInMinutes": int(minutes)} if minutes is not None else {}
    asked = {**_asked(wanted.properties, wanted.tags), **more, "ClientRequestToken": wanted.token}
    answer = await ctx.invoke("cloudformation", "CreateStack", StackName=wanted.name, **asked)
    return str(answer["StackId"])


async def _update(ctx: Context, change: Change) -> None:
    asked = {**_asked(change.after, change.tags), "ClientRequestToken": change.token}
    try:
        await ctx.invoke("cloudformation", "UpdateStack", StackName=change.id, **asked)
    except AwsError as error:
        if error.message != _NOTHING:
            raise


async def _described(ctx: Context, arn: str) -> dict[str, Any]:
    found: dict[str, Any] = (await ctx.invoke("cloudformation", "DescribeStacks", StackName=arn))["Stacks"][0]
    return found


async def _finish(ctx: Context, arn: str, wanted: Wanted) -> None:
    found = await _described(ctx, arn)
    status = found["StackStatus"]
    if status.endswith("_IN_PROGRESS"):
        raise Waits
    # One that has been taken back is as it was, which is what a parent that takes itself back wants.
    is_back = not wanted.name and status == "UPDATE_ROLLBACK_COMPLETE"
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE") and not is_back:
        verb = "created" if found.get("LastUpdatedTime") is None else "updated"
        why = found.get("StackStatusReason", "")
        raise AwsError("ValidationError", f"Embedded stack {arn} was not successfully {verb}: {why}")


async def _delete(ctx: Context, arn: str, properties: Properties) -> None:
    await ctx.invoke("cloudformation", "DeleteStack", StackName=arn)


async def _gone(ctx: Context, arn: str) -> None:
    found = await _described(ctx, arn)
    if found["StackStatus"].endswith("_FAILED"):
        raise AwsError("ValidationError", f"Embedded stack {arn} was not successfully deleted")
    if found["StackStatus"] != "DELETE_COMPLETE":
        raise Waits


async def _attributes(ctx: Context, arn: str, properties: Properties) -> Mapping[str, Any]:
    outputs = (await _described(ctx, arn)).get("Outputs", ())
    return {f"Outputs.{one['OutputKey']}": one["OutputValue"] for one in outputs}


NESTED = ResourceType(
    "AWS::CloudFormation::Stack",
    _create,
    _delete,
    _update,
    _finish,
    _attributes,
    required=("TemplateURL",),
    known=frozenset(("TemplateURL", "Parameters", "Tags", "NotificationARNs", "TimeoutInMinutes")),
    has_tags=True,
    gone=_gone,
)
