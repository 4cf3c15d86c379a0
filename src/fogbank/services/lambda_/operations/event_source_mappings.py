"""Event source mappings: queues that functions are run for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.lambda_ import acting, batches, functions, listing, rules, settings, shown
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Mapped

_FIFO_BATCH_MAX, _BATCH_MAX, _BATCH_WITHOUT_WINDOW = 10, 10_000, 10
_WINDOW_SECONDS_MAX = 300
_QUERY_CODES = {"QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue"}
_ACTIONS = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
_OF_STREAMS = (
    "StartingPosition", "ParallelizationFactor", "BisectBatchOnFunctionError", "MaximumRecordAgeInSeconds",
    "TumblingWindowInSeconds", "DestinationConfig", "MaximumRetryAttempts",
)  # fmt: skip


def create_event_source_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    version = functions.version_of(found)
    source = _queue_arn(req)
    for other in ctx.find(Mapped, "by_source", source):
        if (other.function, other.qualifier) == (found.name, found.qualifier):
            raise rules.conflict(
                f'An event source mapping with SQS arn (" {source} ") and function (" {found.name} ") already exists. '
                f"Please update or delete the existing mapping with UUID {other.id}"
            )
    at = acting.check_role(ctx, version.configuration.role, found.name)
    _check_queue(at, source, version.configuration.timeout_seconds)
    record = Mapped(
        id=ctx.uuid(),
        function=found.name,
        qualifier=found.qualifier,
        source=source,
        is_enabled=req.get("Enabled", True),
        modified_at=ctx.now,
        tags=rules.check_tags(req.get("Tags") or {}, {}),
    )
    record = _configured(record, req)
    ctx.put(record)
    return shown.mapping(ctx, record, "Creating")


def get_event_source_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return shown.mapping(ctx, _existing(ctx, req))


def list_event_source_mappings(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = listing.after(req)
    rows: Iterable[Mapped] = ctx.scan(Mapped, after=after)
    if "FunctionName" in req:
        found = functions.own(ctx, req)
        rows = (row for row in rows if _is_of(row, found))
    if "EventSourceArn" in req:
        rows = (row for row in rows if row.source == req["EventSourceArn"])
    return listing.page("EventSourceMappings", rows, req, lambda row: row.id, lambda row: shown.mapping(ctx, row))


def update_event_source_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    record = _existing(ctx, req)
    is_enabled = req.get("Enabled", record.is_enabled)
    changes: dict[str, Any] = {"is_enabled": is_enabled, "modified_at": ctx.now}
    if "FunctionName" in req:
        found = functions.own(ctx, req)
        functions.version_of(found)
        changes |= {"function": found.name, "qualifier": found.qualifier}
    changed = _configured(msgspec.structs.replace(record, **changes), req)
    ctx.put(changed)
    state = "Updating"
    if is_enabled != record.is_enabled:
        state = "Enabling" if is_enabled else "Disabling"
    return shown.mapping(ctx, changed, state)


def delete_event_source_mapping(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    record = _existing(ctx, req)
    ctx.delete(Mapped, record.id)
    return shown.mapping(ctx, record, "Deleting")


def _existing(ctx: Context, req: dict[str, Any]) -> Mapped:
    record = ctx.get(Mapped, req["UUID"])
    if record is None:
        raise rules.missing()
    return record


def _is_of(record: Mapped, found: Found) -> bool:
    return record.function == found.name and (not found.qualifier or record.qualifier == found.qualifier)


def _queue_arn(req: dict[str, Any]) -> str:
    """Raises InvalidParameterValueException, and NotImplemented for what is no queue."""
    arn: str = req.get("EventSourceArn", "")
    parsed = Arn.parse(arn)
    if parsed is None:
        if not arn:
            raise NotImplementedByFogbank("lambda", "CreateEventSourceMapping for sources other than queues")
        raise rules.invalid(f"The event source arn {arn} is not valid.")
    if parsed.service != "sqs":
        raise NotImplementedByFogbank("lambda", f"CreateEventSourceMapping for {parsed.service}")
    for member in _OF_STREAMS:
        if req.get(member):
            raise rules.invalid(f"Unsupported parameter for given event source mapping type: {member}")
    return arn


def _check_queue(at: Context, arn: str, timeout_seconds: int) -> None:
    parsed = Arn.parse(arn)
    assert parsed is not None
    for action in _ACTIONS:
        try:
            settings.check_may(at, f"sqs:{action}", arn, f"{action} on SQS")
        except AwsError:
            raise rules.invalid(
                f"The function execution role does not have permissions to call {action} on SQS"
            ) from None
    url = f"https://sqs.{parsed.region}.amazonaws.com/{parsed.account}/{parsed.resource}"
    home = at.at(parsed.region, parsed.account)
    try:
        found = home.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    except AwsError as error:
        code = _QUERY_CODES.get(error.code, error.code)
        raise rules.invalid(
            f"Error occurred while ReceiveMessage. SQS Error Code: {code}. SQS Error Message: {error.message}"
        ) from None
    visible_seconds = int(found["Attributes"]["VisibilityTimeout"])
    if visible_seconds < timeout_seconds:
        raise rules.invalid(
            f"Queue visibility timeout: {visible_seconds} seconds is less than Function timeout: {timeout_seconds} "
            "seconds"
        )


def _configured(record: Mapped, req: dict[str, Any]) -> Mapped:
    """A mapping with what a request says of it. Raises InvalidParameterValueException."""
    is_fifo = record.source.endswith(".fifo")
    size = req.get("BatchSize", record.batch_size)
    window = req.get("MaximumBatchingWindowInSeconds", record.window_seconds)
    most = _FIFO_BATCH_MAX if is_fifo else _BATCH_MAX
    if size > most:
        raise rules.invalid(f"Batch size must be between 1 and {most} for {'FIFO' if is_fifo else 'standard'} queues.")
    if is_fifo and window:
        raise rules.invalid("Batching window is not supported for FIFO queues")
    if size > _BATCH_WITHOUT_WINDOW and not window:
        raise rules.invalid(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    if window > _WINDOW_SECONDS_MAX:
        raise rules.invalid(f"MaximumBatchingWindowInSeconds must be at most {_WINDOW_SECONDS_MAX}.")
    changes: dict[str, Any] = {"batch_size": size, "window_seconds": window}
    if "FunctionResponseTypes" in req:
        changes["reports_failures"] = "ReportBatchItemFailures" in req["FunctionResponseTypes"]
    if "FilterCriteria" in req:
        changes["filters"] = batches.check_filters(req["FilterCriteria"])
    if "ScalingConfig" in req:
        changes["concurrency_max"] = req["ScalingConfig"].get("MaximumConcurrency", 0)
    return msgspec.structs.replace(record, **changes)
