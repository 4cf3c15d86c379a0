"""Messages received, and waited for."""

from __future__ import annotations

import asyncio
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sqs import messages, queues, rules, settings
from fogbank.services.sqs.tally import Tally, tally_of

_RECEIVABLE = settings.KNOWN | {
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
}


async def receive_message(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check(req)
    loop = asyncio.get_running_loop()
    until: float | None = None
    while True:
        with ctx.begin():
            found = queues.by_url(ctx, req["QueueUrl"])
            if "WaitTimeSeconds" not in req:
                req["WaitTimeSeconds"] = found.queue.wait_seconds
            received = messages.receive(ctx, found, req)
            tally, now_ms = tally_of(found.home, found.queue), int(ctx.now * 1000)
            if until is None:
                until = loop.time() + req["WaitTimeSeconds"]
            left = until - loop.time()
            if not received and left <= 0:
                found.home.measure("NumberOfEmptyReceives", 1, "Count", QueueName=found.queue.name)
        if received:
            return {"Messages": received}
        if left <= 0:
            return {}
        waiter: asyncio.Future[None] = loop.create_future()
        tally.wait(waiter, now_ms, ctx.call_at)
        await _woken(waiter, left, tally)


async def _woken(waiter: asyncio.Future[None], seconds: float, tally: Tally) -> None:
    """Wait until woken, but no longer than so many seconds of machine time."""
    timer = asyncio.get_running_loop().call_later(seconds, _settle, waiter)
    try:
        await waiter
    except asyncio.CancelledError:
        if waiter.done() and not waiter.cancelled():
            # Woken for a message and gone in the same moment: somebody else shall have it.
            tally.wake()
        raise
    finally:
        timer.cancel()


def _settle(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _check(req: dict[str, Any]) -> None:
    number = req.get("MaxNumberOfMessages")
    rules.within(number, 1, 10, ("MaxNumberOfMessages", "Must be between 1 and 10, if provided."))
    limit = rules.VISIBILITY_MAX
    rules.within(
        req.get("VisibilityTimeout"), 0, limit, ("VisibilityTimeout", f"Must be between 0 and {limit}, if provided.")
    )
    wait = rules.WAIT_MAX
    rules.within(req.get("WaitTimeSeconds"), 0, wait, ("WaitTimeSeconds", f"Must be >= 0 and <= {wait}, if provided."))
    if "ReceiveRequestAttemptId" in req:
        rules.check_token(req["ReceiveRequestAttemptId"], "ReceiveRequestAttemptId")
    for member in ("AttributeNames", "MessageSystemAttributeNames"):
        for name in req.get(member, ()):
            if name not in _RECEIVABLE:
                raise AwsError("InvalidAttributeName", f"Unknown Attribute {name}.")
