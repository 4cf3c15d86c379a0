"""Messages on their way out of a dead-letter queue: to where they came from, or to one queue."""

from __future__ import annotations

import base64
import binascii
import json

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sqs import messages, queues, rules
from fogbank.services.sqs.queues import Found
from fogbank.services.sqs.resources import Message, MoveTask, Queue, State
from fogbank.services.sqs.shelf import Shelf

ACTIVE = ("RUNNING", "CANCELLING")
_AT_ONCE_MAX = 200


def handle_of(task: MoveTask) -> str:
    raw = json.dumps({"taskId": task.id, "sourceArn": task.source_arn})
    return base64.b64encode(raw.encode()).decode()


def named(handle: str) -> tuple[str, str]:
    """The (ARN of the source, id) of a task's handle. Raises InvalidParameterValue."""
    try:
        said = json.loads(base64.b64decode(handle, validate=True))
        return str(said["sourceArn"]), str(said["taskId"])
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        raise rules.invalid_value(handle, "TaskHandle", "The task handle is not valid.") from None


def source(ctx: Context, arn: str) -> Found:
    """The queue that a task takes from. Raises ResourceNotFoundException."""
    found = queues.by_arn(ctx, arn)
    if found is None or found.home.scope != ctx.scope:
        text = "The resource that you specified for the SourceArn parameter doesn't exist."
        raise AwsError("ResourceNotFoundException", text)
    return found


def check_destination(source: Found, arn: str) -> None:
    target = queues.by_arn(source.home, arn)
    if target is None or target.home.scope != source.home.scope:
        text = "The resource that you specified for the DestinationArn parameter doesn't exist."
        raise AwsError("ResourceNotFoundException", text)
    if target.queue.fifo is not source.queue.fifo:
        raise rules.invalid("The source and destination queues must be of the same type.")
    if arn == source.arn:
        raise rules.invalid("The source and destination queues must not be the same.")


def step(ctx: Context, task: MoveTask) -> MoveTask:
    """The task after one more round: a second's worth of messages, or some hundreds where no rate is set."""
    queue = ctx.get(Queue, task.queue)
    if queue is None:
        return msgspec.structs.replace(task, status="FAILED", reason="AWS.SimpleQueueService.NonExistentQueue")
    found = Found(ctx, queue)
    shelf = messages.shelf_of(found)
    wanted = task.rate or _AT_ONCE_MAX
    moved = 0
    for key, state in list(shelf.first(wanted))[:wanted]:
        message = shelf.message(key)
        if message is None:
            continue
        reason = _move(shelf, found, task, (key, message, state))
        if reason:
            return msgspec.structs.replace(task, moved=task.moved + moved, status="FAILED", reason=reason)
        moved += 1
    done = msgspec.structs.replace(task, moved=task.moved + moved)
    if not moved:
        return msgspec.structs.replace(done, status="COMPLETED")
    return msgspec.structs.replace(done, next_at=ctx.now + 1 if task.rate else 0.0)


def _move(shelf: Shelf, found: Found, task: MoveTask, one: tuple[str, Message, State]) -> str:
    """Move one message: a new one to its new queue. Returns what keeps it here, empty for nothing."""
    key, message, state = one
    arn = task.destination_arn or message.source_arn
    if not arn:
        return "CouldNotDetermineMessageSource"
    target = queues.by_arn(found.home, arn)
    if target is None:
        return "AWS.SimpleQueueService.NonExistentQueue"
    shelf.drop(key, message, state)
    message.id, message.source_arn = found.home.uuid(), ""
    messages.shelf_of(target).put(message)
    return ""
