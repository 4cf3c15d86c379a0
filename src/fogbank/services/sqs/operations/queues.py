"""Queues made, found, described, changed, emptied and deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sqs import messages, queues, rules, settings
from fogbank.services.sqs.resources import Gone, MoveTask, Queue, Watch


def create_queue(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name, given = req["QueueName"], dict(req.get("Attributes", {}))
    fifo = given.get("FifoQueue", "").lower() == "true"
    rules.checked_name(name, fifo)
    rules.check_tags(req.get("tags", {}))
    now = ctx.now
    fresh = Queue(name=name, uid=ctx.uuid(), created_at=now, changed_at=now, fifo=fifo, tags=req.get("tags", {}))
    queue = settings.applied(fresh, given, now)
    known = ctx.get(Queue, name)
    if known is not None:
        _check_same(ctx, known, given, now)
        return {"QueueUrl": queues.url_of(ctx, name)}
    gone = ctx.get(Gone, name)
    if gone is not None and now - gone.deleted_at < rules.DELETED_SECONDS:
        text = f"You must wait {rules.DELETED_SECONDS} seconds after deleting a queue before you can create another "
        raise AwsError("QueueDeletedRecently", f"{text}with the same name.")
    if gone is not None:
        ctx.delete(Gone, name)
    queues.check_dead_letters(ctx, queue, given.get("RedrivePolicy", ""))
    ctx.put(queue)
    return {"QueueUrl": queues.url_of(ctx, name)}


def _check_same(ctx: Context, known: Queue, given: dict[str, str], now: float) -> None:
    """Raises QueueNameExists unless a queue has the attributes that are given."""
    has = settings.shown(known, ctx.arn(known.name))
    wants = settings.shown(settings.applied(known, given, now), ctx.arn(known.name))
    for name in given:
        if has.get(name) != wants.get(name):
            text = "A queue already exists with the same name and a different value for attribute"
            raise AwsError("QueueNameExists", f"{text} {name}")


def delete_queue(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, queue = found = queues.by_url(ctx, req["QueueUrl"])
    shelf = messages.shelf_of(found)
    shelf.clear()
    watch = home.get(Watch, queue.name)
    if watch is not None:
        for period in (watch.period, watch.period - 1):
            home.delete_item(shelf.spaces.known(period), None)
        home.delete(Watch, queue.name)
    for task in list(home.scan(MoveTask, queue.name)):
        home.delete(MoveTask, task.queue, task.started_ms, task.id)
    home.delete(Queue, queue.name)
    home.put(Gone(name=queue.name, deleted_at=home.now))
    home.after_commit(shelf.tally.wake_all)
    return {}


def get_queue_url(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    account = req.get("QueueOwnerAWSAccountId") or ctx.account
    if ctx.at(account=account).get(Queue, req["QueueName"]) is None:
        raise rules.no_queue()
    return {"QueueUrl": queues.url_of(ctx, req["QueueName"], account)}


def list_queues(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    names = (queue.name for queue in ctx.scan(Queue, start=req.get("QueueNamePrefix", ""), after=_after(req)))
    return _page(ctx, req, "QueueUrls", names)


def list_dead_letter_source_queues(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    after = _after(req)
    names = (queue.name for queue in found.home.find(Queue, "by_dead_letters", found.arn) if queue.name > after)
    return _page(found.home, req, "queueUrls", names)


def _after(req: dict[str, Any]) -> str:
    most = rules.LISTED_MAX
    if not 1 <= req.get("MaxResults", most) <= most:
        text = f"Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and {most}."
        raise rules.invalid(text)
    return paging.after(req.get("NextToken"), "InvalidParameterValue", "Invalid or expired next token.")


def _page(ctx: Context, req: dict[str, Any], member: str, names: Any) -> dict[str, Any]:
    page, token = paging.page(names, req.get("MaxResults", rules.LISTED_MAX), lambda name: str(name))
    answer: dict[str, Any] = {member: [queues.url_of(ctx, name) for name in page]}
    # Who does not say how many gets the first thousand, and no way to the others (ListQueues API page).
    return {**answer, "NextToken": token} if token and "MaxResults" in req else answer


def get_queue_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted = req.get("AttributeNames", ())
    for name in wanted:
        if name not in settings.KNOWN:
            raise settings.unknown(name)
    found = queues.by_url(ctx, req["QueueUrl"])
    attributes = settings.shown(found.queue, found.arn)
    if "All" in wanted or any(name in wanted for name in settings.COUNTS):
        counts = messages.shelf_of(found).counts()
        attributes |= {name: str(count) for name, count in zip(settings.COUNTS, counts, strict=True)}
    if "All" not in wanted:
        attributes = {name: value for name, value in attributes.items() if name in wanted}
    return {"Attributes": attributes} if attributes else {}


def set_queue_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    home, given = found.home, req["Attributes"]
    if "FifoQueue" in given and found.queue.fifo is False:
        raise settings.unknown("FifoQueue")
    queue = settings.applied(found.queue, given, ctx.now)
    if "RedrivePolicy" in given:
        queues.check_dead_letters(home, queue, given["RedrivePolicy"])
    home.put(queue)
    watch = home.get(Watch, queue.name)
    if watch is not None and queue.retention_seconds != found.queue.retention_seconds:
        # Written as it is, so that its reconciler asks anew when messages expire.
        home.put(watch)
    return {}


def purge_queue(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    if found.home.now - found.queue.purged_at < rules.PURGE_SECONDS:
        text = f"Only one PurgeQueue operation on {found.queue.name} is allowed every {rules.PURGE_SECONDS} seconds."
        raise AwsError("PurgeQueueInProgress", text)
    messages.shelf_of(found).clear()
    found.home.put(msgspec.structs.replace(found.queue, purged_at=found.home.now))
    return {}
