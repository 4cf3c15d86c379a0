"""Export tasks: events of a group written to a bucket."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.logs import events, groups, rules
from fogbank.services.logs.resources import Export

_LIVE = ("PENDING", "RUNNING")


def create_export_task(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if not ctx.has_service("s3"):
        raise NotImplementedByFogbank("s3", "PutObject (CreateExportTask needs it)")
    _, group = groups.existing(ctx, req["logGroupName"])
    if group.storage != "STANDARD":
        raise rules.invalid("Only log groups of the Standard log class can be exported.")
    if req["to"] < req["from"]:
        raise rules.invalid("The specified time range is invalid: to is before from.")
    try:
        events.as_itself(ctx, group).call("s3", "GetBucketAcl", Bucket=req["destination"])
    except AwsError as error:
        if error.code == "NotImplemented":
            raise
        text = "GetBucketAcl call on the given bucket failed. Please check if CloudWatch Logs has been granted "
        raise rules.invalid(f"{text}permission to perform this operation.") from None
    if any(task.status in _LIVE for task in ctx.scan(Export)):
        raise rules.limit_exceeded()
    task = Export(
        id=ctx.uuid(),
        name=req.get("taskName", ""),
        group=group.name,
        stream_prefix=req.get("logStreamNamePrefix", ""),
        from_ms=req["from"],
        to_ms=req["to"],
        bucket=req["destination"],
        prefix=req.get("destinationPrefix", "exportedlogs"),
        created_at=ctx.now,
    )
    ctx.put(task)
    return {"taskId": task.id}


def describe_export_tasks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "taskId" in req and "statusCode" in req:
        raise rules.invalid("taskId and statusCode are mutually exclusive parameters.")
    if "taskId" in req:
        return {"exportTasks": [_described(_existing(ctx, req["taskId"]))]}
    after = paging.after(req.get("nextToken"), "InvalidParameterException", "The specified nextToken is invalid.")
    rows = (task for task in ctx.scan(Export, after=after) if req.get("statusCode", task.status) == task.status)
    page, token = paging.page(rows, req.get("limit", 50), lambda task: task.id)
    answer: dict[str, Any] = {"exportTasks": [_described(task) for task in page]}
    return {**answer, "nextToken": token} if token else answer


def cancel_export_task(ctx: Context, req: dict[str, Any]) -> None:
    task = _existing(ctx, req["taskId"])
    if task.status not in _LIVE:
        raise AwsError("InvalidOperationException", "The specified export task has already finished")
    ctx.put(msgspec.structs.replace(task, status="CANCELLED", completed_at=ctx.now, status_text="Cancelled by user"))


def _existing(ctx: Context, task_id: str) -> Export:
    found = ctx.get(Export, task_id)
    if found is None:
        raise rules.missing("export task")
    return found


def _described(task: Export) -> dict[str, Any]:
    told: dict[str, Any] = {
        "taskId": task.id,
        "logGroupName": task.group,
        "from": task.from_ms,
        "to": task.to_ms,
        "destination": task.bucket,
        "destinationPrefix": task.prefix,
        "status": {"code": task.status, "message": task.status_text},
        "executionInfo": {"creationTime": int(task.created_at * 1000)},
    }
    if task.name:
        told["taskName"] = task.name
    if task.completed_at:
        told["executionInfo"]["completionTime"] = int(task.completed_at * 1000)
    return told
