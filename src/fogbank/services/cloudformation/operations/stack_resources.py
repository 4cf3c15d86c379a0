"""Resources of stacks and what was told of them."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.control.context import Context
from fogbank.services.cloudformation import shown, stacks, template
from fogbank.services.cloudformation.resources import Awaited, Stack, StackResource
from fogbank.services.cloudformation.template import invalid

_PAGE = 100


def describe_stack_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.maybe(ctx, req["StackName"])
    if found is None:
        raise invalid(f"Stack [{req['StackName']}] does not exist")
    after = paging.after(req.get("NextToken"), "ValidationError", "The token is not valid.")
    rows = ctx.items(ctx.space("events", found.id), after=after, limit=_PAGE + 1)
    events = [msgspec.msgpack.decode(row[1]) for row in rows[:_PAGE]]
    more = {"NextToken": paging.token_after(rows[_PAGE - 1][0])} if len(rows) > _PAGE else {}
    return {"StackEvents": events, **more}


def describe_stack_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.one(ctx, req["StackName"])
    row = ctx.get(StackResource, found.id, req["LogicalResourceId"])
    if row is None:
        raise invalid(f"Resource {req['LogicalResourceId']} does not exist for stack {found.name}")
    metadata = template.section(stacks.parsed(found.wish.body), "Resources").get(row.logical, {}).get("Metadata")
    detail = {**shown.of_stack(ctx, found), **shown.resource(ctx, found, row, "LastUpdatedTimestamp")}
    if metadata is not None:
        detail["Metadata"] = msgspec.json.encode(metadata).decode()
    return {"StackResourceDetail": detail}


def describe_stack_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "PhysicalResourceId" in req:
        wanted = req["PhysicalResourceId"]
        rows_of = ((one, one.what.physical_id) for one in ctx.scan(StackResource))
        row = next((one for one, known in rows_of if wanted in (known, shown.here(ctx, known))), None)
        if row is None:
            raise invalid(f"Stack for {wanted} does not exist")
        found = stacks.one(ctx, f"arn:/{row.stack_id}")
    elif "StackName" in req:
        found = stacks.one(ctx, req["StackName"])
    else:
        raise invalid("Either StackName or PhysicalResourceId must be specified.")
    only = req.get("LogicalResourceId")
    rows = [row for row in stacks.rows(ctx, found).values() if only in (None, row.logical)]
    about = shown.of_stack(ctx, found)
    return {"StackResources": [{**about, **shown.resource(ctx, found, row, "Timestamp")} for row in rows[:_PAGE]]}


def list_stack_resources(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.one(ctx, req["StackName"])
    after = paging.after(req.get("NextToken"), "ValidationError", "The token is not valid.")
    rows = (row for row in stacks.rows(ctx, found).values() if row.logical > after)
    page, token = paging.page(rows, _PAGE, lambda row: row.logical)
    summaries = [shown.resource(ctx, found, row, "LastUpdatedTimestamp") for row in page]
    return {"StackResourceSummaries": summaries} | ({"NextToken": token} if token else {})


def signal_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, logical, identity = stacks.living(ctx, req["StackName"]), req["LogicalResourceId"], req["UniqueId"]
    if found is None:
        raise invalid(f"Stack '{req['StackName']}' does not exist")
    row = ctx.get(StackResource, found.id, logical)
    if row is None:
        raise invalid(f"Resource {logical} does not exist for stack {found.name}")
    awaited = ctx.get(Awaited, found.id, logical)
    if awaited is None or awaited.job != found.job or not row.status.endswith("_IN_PROGRESS"):
        raise invalid(f"Resource {logical} is in {row.status} state and can not be signaled")
    if identity in awaited.heard and (req["Status"], awaited.heard[identity]) != ("FAILURE", "SUCCESS"):
        text = f"Signal with ID {identity} for resource {logical} already exists."
        raise invalid(f"{text} Signals may only be updated with a FAILURE status.")
    ctx.put(msgspec.structs.replace(awaited, heard={**awaited.heard, identity: req["Status"]}))
    why = f"Received {req['Status']} signal with UniqueId {identity}"
    more = {"PhysicalResourceId": row.what.physical_id, "ResourceStatusReason": why}
    stacks.told(ctx, found, logical, row.what.type, row.status, **more)
    ctx.after_commit(ctx.waker(Stack, found.id))
    return {}
