"""Polls queues for functions, hands them batches, and takes away what they have dealt with."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.lambda_ import acting, batches, environments, functions
from fogbank.services.lambda_.batches import Message
from fogbank.services.lambda_.resources import Function, Mapped
from fogbank.services.lambda_.running import invocation
from fogbank.services.lambda_.running.invocation import Asked

_LOG = logging.getLogger("fogbank.lambda")
_WAIT_SECONDS = 20
_RECEIVED_MAX = 10
_AT_ONCE = 5
"""Batches that a mapping has functions work at side by side, unless ScalingConfig says otherwise."""
_TROUBLE_SECONDS = 5.0
_ROLE_SECONDS = 1_800.0


class Poller(msgspec.Struct, eq=False):
    """A mapping that is at work."""

    record: Mapped
    task: asyncio.Task[Any]


async def mapping(ctx: Context, key: str) -> After | None:
    """Have a mapping polled as its record says, or not at all."""
    pool = environments.pool(ctx)
    with ctx.begin():
        record = ctx.get(Mapped, key)
        if record is not None and ctx.get(Function, record.function) is None:
            record = None
    poller: Poller | None = pool.pollers.get(key)
    if poller is not None and (poller.record != record or poller.task.done()):
        del pool.pollers[key]
        failed = poller.task.done() and not poller.task.cancelled()
        poller.task.cancel()
        if failed and poller.record == record:
            # It met trouble, and is begun again after a while.
            return After(_TROUBLE_SECONDS)
        poller = None
    if poller is None and record is not None and record.is_enabled:
        waker = ctx.waker(Mapped, key)
        task = pool.work(_poll(ctx.as_service(), record))
        task.add_done_callback(lambda done: None if done.cancelled() else waker())
        pool.pollers[key] = Poller(record, task)
    return None


async def _poll(ctx: Context, record: Mapped) -> None:
    """Receive and hand over until something is wrong."""
    is_fifo = record.source.endswith(".fifo")
    places = asyncio.Semaphore(1 if is_fifo else record.concurrency_max or _AT_ONCE)
    working: set[asyncio.Task[None]] = set()
    at, since = None, 0.0
    try:
        while True:
            await places.acquire()
            if at is None or ctx.now - since > _ROLE_SECONDS:
                at, since = _as_function(ctx, record), ctx.now
            messages = await _gathered(at, record)
            if not messages:
                places.release()
                continue
            task = asyncio.ensure_future(_handed(ctx, at, record, messages))
            working.add(task)
            task.add_done_callback(lambda done: (working.discard(done), places.release()))  # type: ignore[func-returns-value]
    except AwsError as error:
        _LOG.warning("lambda/mapping %s: %s", record.id, error)
    finally:
        for task in list(working):
            task.cancel()


def _as_function(ctx: Context, record: Mapped) -> Context:
    with ctx.begin():
        found = functions.find(ctx, record.function, record.qualifier or None)
        at = acting.as_function(ctx, functions.version_of(found).configuration.role, record.function)
    parsed = Arn.parse(record.source)
    assert parsed is not None
    at = at.at(parsed.region, parsed.account)
    at.join(None)
    return at


def _url(record: Mapped) -> str:
    parsed = Arn.parse(record.source)
    assert parsed is not None
    return f"https://sqs.{parsed.region}.amazonaws.com/{parsed.account}/{parsed.resource}"


async def _gathered(at: Context, record: Mapped) -> list[Message]:
    """A batch: what there is, or all that comes within the mapping's window."""
    loop = asyncio.get_running_loop()
    found: list[Message] = []
    until = 0.0
    while len(found) < record.batch_size:
        wait = _WAIT_SECONDS if not found else max(0, min(_WAIT_SECONDS, int(until - loop.time())))
        answer = await at.invoke(
            "sqs",
            "ReceiveMessage",
            QueueUrl=_url(record),
            MaxNumberOfMessages=min(_RECEIVED_MAX, record.batch_size - len(found)),
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        received = answer.get("Messages", ())
        if received and not found:
            until = loop.time() + record.window_seconds
        found += received
        if not received or (not record.window_seconds and len(received) < _RECEIVED_MAX) or loop.time() >= until:
            break
    return found


async def _handed(ctx: Context, at: Context, record: Mapped, messages: Sequence[Message]) -> None:
    """Run the function with a batch; what it has dealt with, and what is not for it, leaves the queue."""
    wanted = [one for one in messages if batches.passes(one, record.filters, record.source, at.region)]
    done = [one for one in messages if one not in wanted]
    if wanted:
        try:
            with ctx.begin():
                found = functions.find(ctx, record.function, record.qualifier or None)
            asked = Asked(ctx.uuid(), batches.payload(wanted, record.source, at.region), trace=batches.trace(wanted))
            ended = await invocation.run(ctx, found, asked)
        except AwsError as error:
            # They come again when their visibility timeout is over.
            _LOG.warning("lambda/mapping %s: %s", record.id, error)
        else:
            left = {one["MessageId"] for one in wanted} if ended.outcome.error else set()
            if not ended.outcome.error and record.reports_failures:
                left = batches.failed(ended.outcome.payload, wanted)
            done += [one for one in wanted if one["MessageId"] not in left]
    await _taken_away(at, record, done)


async def _taken_away(at: Context, record: Mapped, messages: Sequence[Message]) -> None:
    for start in range(0, len(messages), _RECEIVED_MAX):
        entries = [
            {"Id": str(number), "ReceiptHandle": one["ReceiptHandle"]}
            for number, one in enumerate(messages[start : start + _RECEIVED_MAX])
        ]
        try:
            await at.invoke("sqs", "DeleteMessageBatch", QueueUrl=_url(record), Entries=entries)
        except AwsError as error:
            _LOG.warning("lambda/mapping %s: %s", record.id, error)
