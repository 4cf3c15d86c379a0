"""Stacks and their resources as the API shows them."""

from __future__ import annotations

import re
from typing import Any

from fogbank.control.context import Context
from fogbank.services.cloudformation import parameters, stacks, template
from fogbank.services.cloudformation.resources import ChangeSet, Output, Stack, StackResource, Wish

_QUEUE = re.compile(r"https?://[\w.-]+:\d+(?=/\d{12}/[\w.-]+)")
"""Where a queue's URL says that this cloud is: what `Ref` of a queue was, when it was made."""


def here(ctx: Context, text: str) -> str:
    """A text with the URLs of queues as they are now: the cloud may have come back at another port."""
    url = ctx.planes.api_url()
    return _QUEUE.sub(lambda found: url, text) if url else text


def stack(ctx: Context, found: Stack) -> dict[str, Any]:
    return {
        **_main(ctx, found),
        **({"Description": found.description} if found.description else {}),
        "Parameters": given(found.wish),
        "DisableRollback": found.on_failure == "DO_NOTHING",
        "NotificationARNs": list(found.notification_arns),
        "Capabilities": list(found.capabilities),
        "Outputs": [_output(ctx, one) for one in found.outputs],
        "Tags": [{"Key": key, "Value": value} for key, value in found.wish.tags.items()],
        "EnableTerminationProtection": found.is_protected,
        "RollbackConfiguration": {},
        **({"RoleARN": found.role_arn} if found.role_arn else {}),
        **({"TimeoutInMinutes": found.timeout_minutes} if found.timeout_minutes else {}),
        **({"ChangeSetId": found.change_set} if found.change_set else {}),
    }


def summary(ctx: Context, found: Stack) -> dict[str, Any]:
    more = {"TemplateDescription": found.description} if found.description else {}
    return {**_main(ctx, found), **more}


def _main(ctx: Context, found: Stack) -> dict[str, Any]:
    more: dict[str, Any] = {
        "StackStatusReason": found.reason,
        "LastUpdatedTime": found.updated_at,
        "DeletionTime": found.deleted_at,
    }
    return {
        "StackId": stacks.arn(ctx, found),
        "StackName": found.name,
        "CreationTime": found.created_at,
        "StackStatus": found.status,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"},
        **{name: value for name, value in more.items() if value},
    }


def given(wish: Wish) -> list[dict[str, Any]]:
    """The parameters of a stack."""
    if not wish.template:
        return []
    declared = template.section(stacks.parsed(wish.body), "Parameters")
    found = []
    for name, value in wish.values.items():
        text = wish.parameters.get(name, str(declared[name].get("Default", value)))
        row = {"ParameterKey": name, "ParameterValue": parameters.shown(declared, name, text)}
        found.append(row | ({"ResolvedValue": value} if name in parameters.looked_up(declared) else {}))
    return found


def _output(ctx: Context, one: Output) -> dict[str, Any]:
    row = {"OutputKey": one.key, "OutputValue": here(ctx, one.value)}
    row |= {"Description": one.description} if one.description else {}
    return row | ({"ExportName": one.export} if one.export else {})


def resource(ctx: Context, found: Stack, row: StackResource, time_name: str) -> dict[str, Any]:
    """A resource; `time_name` is `Timestamp` or `LastUpdatedTimestamp`."""
    more = {"PhysicalResourceId": here(ctx, row.what.physical_id), "ResourceStatusReason": row.reason}
    return {
        "LogicalResourceId": row.logical,
        "ResourceType": row.what.type,
        "ResourceStatus": row.status,
        time_name: row.updated_at,
        "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"},
        **{name: value for name, value in more.items() if value},
    }


def of_stack(ctx: Context, found: Stack) -> dict[str, Any]:
    return {"StackName": found.name, "StackId": stacks.arn(ctx, found)}


def change_set(ctx: Context, found: Stack, one: ChangeSet) -> dict[str, Any]:
    more = {"Description": one.description, "StatusReason": one.reason}
    return {
        **of_stack(ctx, found),
        "ChangeSetName": one.name,
        "ChangeSetId": one.id,
        "CreationTime": one.created_at,
        "Status": one.status,
        "ExecutionStatus": one.execution,
        **{name: value for name, value in more.items() if value},
    }
