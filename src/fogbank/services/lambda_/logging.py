"""What functions print and what is told of them, written into their log streams as their roles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.lambda_.environments import Held

_BATCH_BYTES_MAX, _BATCH_MAX, _EVENT_OVERHEAD = 1_000_000, 10_000, 26
_LINE_BYTES_MAX = 250_000


def lines(text: bytes) -> list[str]:
    """What was printed, as events."""
    return [line.decode("utf-8", "replace") + "\n" for line in text.split(b"\n") if line.strip()]


def write(ctx: Context, held: Held, messages: list[str]) -> None:
    """Put lines into the stream of an environment, if its role may; what cannot be written is lost, as with AWS.

    Within a transaction.
    """
    if held.has_stream is False:
        return
    at = ctx.authorized_as(held.caller)
    if held.has_stream is None:
        held.has_stream = _made(at, held)
        if not held.has_stream:
            return
    now_ms = int(ctx.now * 1000)
    for batch in _batches(messages):
        events = [{"timestamp": now_ms, "message": message} for message in batch]
        try:
            at.call("logs", "PutLogEvents", logGroupName=held.group, logStreamName=held.stream, logEvents=events)
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                # Somebody has deleted it: it is made again for the next lines.
                held.has_stream = None
            return


def _made(ctx: Context, held: Held) -> bool:
    """Make the log stream, and its group where there is none. Whether there is one now."""
    names = {"logGroupName": held.group, "logStreamName": held.stream}
    for _ in range(2):
        try:
            ctx.call("logs", "CreateLogStream", **names)
        except AwsError as error:
            if error.code == "ResourceAlreadyExistsException":
                return True
            if error.code != "ResourceNotFoundException" or not _made_group(ctx, held.group):
                return False
        else:
            return True
    return False


def _made_group(ctx: Context, group: str) -> bool:
    try:
        ctx.call("logs", "CreateLogGroup", logGroupName=group)
    except AwsError as error:
        return error.code == "ResourceAlreadyExistsException"
    return True


def _batches(messages: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for message in messages:
        text = message.encode()[:_LINE_BYTES_MAX]
        cut, bytes_ = text.decode("utf-8", "ignore"), len(text) + _EVENT_OVERHEAD
        if batch and (len(batch) >= _BATCH_MAX or size + bytes_ > _BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(cut)
        size += bytes_
    if batch:
        yield batch
