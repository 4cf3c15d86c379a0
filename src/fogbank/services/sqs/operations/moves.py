"""Tasks that move messages out of dead-letter queues."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sqs import messages, moves, rules
from fogbank.services.sqs.resources import MoveTask, Queue


def start_message_move_task(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    source = moves.source(ctx, req["SourceArn"])
    rate = req.get("MaxNumberOfMessagesPerSecond")
    reason = f"MaxNumberOfMessagesPerSecond must be an integer between 1 and {rules.MOVE_RATE_MAX}."
    rules.within(rate, 1, rules.MOVE_RATE_MAX, ("MaxNumberOfMessagesPerSecond", reason))
    destination = req.get("DestinationArn", "")
    if destination:
        moves.check_destination(source, destination)
    if not source.home.find(Queue, "by_dead_letters", source.arn):
        raise rules.invalid("Source queue must be configured as a Dead Letter Queue.")
    if any(task.status in moves.ACTIVE for task in source.home.scan(MoveTask, source.queue.name)):
        text = (
            "There is already a task running. Only one active task is allowed for a source queue arn at a given time."
        )
        raise AwsError("UnsupportedOperation", text)
    task = MoveTask(
        queue=source.queue.name,
        started_ms=int(ctx.now * 1000),
        id=ctx.uuid(),
        source_arn=source.arn,
        destination_arn=destination,
        rate=rate or 0,
        to_move=messages.shelf_of(source).counts()[0],
    )
    source.home.put(task)
    return {"TaskHandle": moves.handle_of(task)}


def cancel_message_move_task(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    source_arn, task_id = moves.named(req["TaskHandle"])
    source = moves.source(ctx, source_arn)
    task = next((one for one in source.home.scan(MoveTask, source.queue.name) if one.id == task_id), None)
    if task is None:
        raise AwsError("ResourceNotFoundException", "Task does not exist.")
    if task.status != "RUNNING":
        raise AwsError("UnsupportedOperation", "Only active tasks can be cancelled.")
    source.home.put(msgspec.structs.replace(task, status="CANCELLED"))
    return {"ApproximateNumberOfMessagesMoved": task.moved}


def list_message_move_tasks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    most = req.get("MaxResults", 1)
    reason = f"MaxResults must be an integer between 1 and {rules.TASKS_SHOWN_MAX}."
    rules.within(most, 1, rules.TASKS_SHOWN_MAX, ("MaxResults", reason))
    source = moves.source(ctx, req["SourceArn"])
    found = list(source.home.scan(MoveTask, source.queue.name))
    return {"Results": [_shown(task) for task in reversed(found[-most:])]}


def _shown(task: MoveTask) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Status": task.status,
        "SourceArn": task.source_arn,
        "ApproximateNumberOfMessagesMoved": task.moved,
        "ApproximateNumberOfMessagesToMove": task.to_move,
        "StartedTimestamp": task.started_ms,
    }
    if task.status == "RUNNING":
        shown["TaskHandle"] = moves.handle_of(task)
    if task.destination_arn:
        shown["DestinationArn"] = task.destination_arn
    if task.rate:
        shown["MaxNumberOfMessagesPerSecond"] = task.rate
    if task.reason:
        shown["FailureReason"] = task.reason
    return shown
