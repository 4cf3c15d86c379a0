"""Messages sent, received, hidden and deleted: what single calls, batches and dead-letter queues have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sqs import bodies, queues, rules, sealing
from fogbank.services.sqs.line import Line
from fogbank.services.sqs.queues import Found
from fogbank.services.sqs.resources import Attempt, Message, Queue, Watch, attempt_of, encode
from fogbank.services.sqs.shelf import Shelf, Taken

_KNOWN_PERIODS = 2


class Parcel(NamedTuple):
    """What is to be sent, looked at: `size` is what counts towards the queue's maximum."""

    body: bytes
    attributes: bodies.Attributes
    trace: str
    size: int


def shelf_of(found: Found) -> Shelf:
    return Line(found.home, found.queue) if found.queue.fifo else Shelf(found.home, found.queue)


def parcel(entry: Mapping[str, Any]) -> Parcel:
    """What a request or an entry of a batch holds. Raises the errors of its contents."""
    body = bodies.checked_body(entry["MessageBody"])
    attributes = bodies.checked_attributes(entry.get("MessageAttributes") or {})
    trace = bodies.checked_trace(entry.get("MessageSystemAttributes") or {})
    return Parcel(body, attributes, trace, bodies.size_of(body, attributes))


def send(ctx: Context, found: Found, entry: Mapping[str, Any], parcel: Parcel) -> dict[str, Any]:
    """Add a message to a queue, unless it repeats one. Nothing is written where it raises."""
    queue, shelf = found.queue, shelf_of(found)
    if parcel.size > queue.size_max:
        raise rules.invalid(
            f"One or more parameters are invalid. Reason: Message must be shorter than {queue.size_max} bytes."
        )
    delay_seconds = _delay(queue, entry)
    group, deduplication = _fifo_terms(queue, entry, parcel.body)
    answer: dict[str, Any] = {"MD5OfMessageBody": bodies.md5(parcel.body)}
    message = Message(
        id="",
        body=parcel.body,
        md5=answer["MD5OfMessageBody"],
        sender=_sender(ctx),
        attributes=parcel.attributes or None,
        # Whoever sends within a trace need not say so: a header does as well as the attribute.
        trace=parcel.trace or ctx.origin.trace,
        group=group,
        deduplication=deduplication,
    )
    if parcel.attributes:
        answer["MD5OfMessageAttributes"] = message.md5_attributes = bodies.md5_of_attributes(parcel.attributes)
    if parcel.trace:
        trace = {"AWSTraceHeader": ("String", parcel.trace)}
        answer["MD5OfMessageSystemAttributes"] = bodies.md5_of_attributes(trace)
    known = _known(shelf, group, deduplication) if queue.fifo else None
    if known is None:
        sealing.close(_acting(ctx, found), queue, message, found.arn)
        message.id = ctx.uuid()
        key = shelf.put(message, delay_seconds=delay_seconds)
        if queue.fifo:
            _remember(shelf, message, key)
        known = (message.id, key)
    answer["MessageId"] = known[0]
    if queue.fifo:
        answer["SequenceNumber"] = known[1]
    found.home.measure("NumberOfMessagesSent", 1, "Count", QueueName=queue.name)
    found.home.measure("SentMessageSize", parcel.size, "Bytes", QueueName=queue.name)
    return answer


def _acting(ctx: Context, found: Found) -> Context:
    return ctx if ctx.scope == found.home.scope else found.home


def _delay(queue: Queue, entry: Mapping[str, Any]) -> int:
    given = entry.get("DelaySeconds")
    rules.within(given, 0, rules.DELAY_MAX, ("DelaySeconds", f"DelaySeconds must be >= 0 and <= {rules.DELAY_MAX}."))
    if given and queue.fifo:
        reason = "The request include parameter that is not valid for this queue type."
        raise rules.invalid_value(given, "DelaySeconds", reason)
    return queue.delay_seconds if given is None or queue.fifo else int(given)


def _fifo_terms(queue: Queue, entry: Mapping[str, Any], body: bytes) -> tuple[str, str]:
    """The message group and deduplication id of a message; empty where there is none."""
    group, deduplication = entry.get("MessageGroupId"), entry.get("MessageDeduplicationId")
    if group is not None:
        rules.check_token(group, "MessageGroupId")
    if not queue.fifo:
        if deduplication is not None:
            reason = "The request includes a parameter that is not valid for this queue type."
            raise rules.invalid_value(deduplication, "MessageDeduplicationId", reason)
        return group or "", ""
    if group is None:
        raise rules.missing("MessageGroupId")
    if deduplication is not None:
        rules.check_token(deduplication, "MessageDeduplicationId")
    elif queue.deduplicates_content:
        deduplication = hashlib.sha256(body).hexdigest()
    else:
        raise rules.invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
            "explicitly"
        )
    return group, deduplication


def _sender(ctx: Context) -> str:
    principal = ctx.caller.principal
    if principal.kind == "anonymous":
        return ctx.origin.source_ip
    return principal.user_id or principal.service or principal.account


def _known_key(queue: Queue, group: str, deduplication: str) -> str:
    return f"{group}\0{deduplication}" if queue.deduplicates_by_group else deduplication


def _known(shelf: Shelf, group: str, deduplication: str) -> tuple[str, str] | None:
    """The (id, key) of the message of the last five minutes that this one repeats."""
    period = shelf.now_ms // rules.DEDUPLICATION_MS
    key = _known_key(shelf.queue, group, deduplication)
    for one in (period, period - 1):
        row = shelf.ctx.item(shelf.spaces.known(one), key)
        if row is not None:
            message_id, _, sent = row.decode().partition("\n")
            return (message_id, sent) if int(sent[:13]) > shelf.now_ms - rules.DEDUPLICATION_MS else None
    return None


def _remember(shelf: Shelf, message: Message, key: str) -> None:
    ctx, queue, period = shelf.ctx, shelf.queue, shelf.now_ms // rules.DEDUPLICATION_MS
    name = _known_key(queue, message.group, message.deduplication)
    ctx.put_item(shelf.spaces.known(period), name, f"{message.id}\n{key}".encode())
    watch = ctx.get(Watch, queue.name) or Watch(name=queue.name)
    if watch.period == period:
        return
    for past in {watch.period, watch.period - 1} - {period, period - 1}:
        ctx.delete_item(shelf.spaces.known(past), None)
    ctx.put(Watch(name=queue.name, period=period))


def receive(ctx: Context, found: Found, req: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Receive what there is; messages that were received too often go to the dead-letter queue."""
    queue, shelf = found.queue, shelf_of(found)
    attempt_id = req.get("ReceiveRequestAttemptId") if queue.fifo else None
    visibility = req.get("VisibilityTimeout")
    visibility = queue.visibility_seconds if visibility is None else visibility
    taken = _repeated(shelf, attempt_id, visibility) if attempt_id else None
    if taken is None:
        wanted = _room(shelf, int(req.get("MaxNumberOfMessages", 1)), is_polling=not req.get("WaitTimeSeconds"))
        taken, given_up = shelf.take(wanted, visibility) if wanted else ([], [])
        for one in given_up:
            _give_up(shelf, found, one.message, one.key)
        if attempt_id and taken:
            kept = Attempt(shelf.now_ms, [(one.key, one.message.group, one.state.count) for one in taken])
            shelf.ctx.put_item(shelf.spaces.attempt, attempt_id, encode(kept))
    acting = _acting(ctx, found)
    shown = [_shown(acting, queue, one, req) for one in taken]
    if shown:
        found.home.measure("NumberOfMessagesReceived", len(shown), "Count", QueueName=queue.name)
    return shown


def _room(shelf: Shelf, wanted: int, *, is_polling: bool) -> int:
    """How many messages may be received. Raises OverLimit, but for FIFO queues and long polls."""
    flights, _ = shelf.tally.hidden(shelf.now_ms)
    if flights + wanted <= rules.FLIGHTS_MAX:
        return wanted
    if flights >= rules.FLIGHTS_MAX and is_polling and not shelf.queue.fifo:
        raise AwsError("OverLimit", f"The maximum number of in flight messages is reached: {rules.FLIGHTS_MAX}.")
    return max(0, rules.FLIGHTS_MAX - flights)


def _repeated(shelf: Shelf, attempt_id: str, visibility: int) -> list[Taken] | None:
    """What an attempt of the last five minutes was answered with, hidden anew, if nothing has happened to it since."""
    row = shelf.ctx.item(shelf.spaces.attempt, attempt_id)
    if row is None:
        return None
    kept = attempt_of(row)
    if kept.at_ms <= shelf.now_ms - rules.DEDUPLICATION_MS:
        shelf.ctx.delete_item(shelf.spaces.attempt, attempt_id)
        return None
    found = []
    for key, group, count in kept.taken:
        handle = rules.Handle(key, count, shelf.queue.uid, group)
        state, message = shelf.state_of(handle), shelf.message(key)
        if state is None or message is None or state.count != count or state.visible_ms <= shelf.now_ms:
            return None
        found.append((handle, Taken(key, message, state)))
    for handle, one in found:
        shelf.hide(handle, one.state, shelf.now_ms + visibility * 1000)
    return [one for _, one in found]


def _give_up(shelf: Shelf, found: Found, message: Message, key: str) -> None:
    """Put a message into the dead-letter queue: in a standard one it keeps its age. Without one it is dropped."""
    target = queues.by_arn(found.home, found.queue.dead_letter_arn)
    if target is None:
        return
    message.source_arn = found.arn
    other = shelf_of(target)
    new_key = other.put(message, key="" if target.queue.fifo else key)
    if target.queue.fifo:
        message.sequence = new_key


def _shown(ctx: Context, queue: Queue, one: Taken, req: Mapping[str, Any]) -> dict[str, Any]:
    """A message as ReceiveMessage gives it."""
    message, state = one.message, one.state
    handle = rules.Handle(one.key, state.count, queue.uid, message.group if queue.fifo else "")
    shown: dict[str, Any] = {
        "MessageId": message.id,
        "ReceiptHandle": rules.handle_text(handle),
        "MD5OfBody": message.md5,
        "Body": sealing.opened(ctx, queue, message).decode(),
    }
    wanted = (*req.get("AttributeNames", ()), *req.get("MessageSystemAttributeNames", ()))
    if wanted:
        system = _system_attributes(queue, one)
        if "All" not in wanted:
            system = {name: value for name, value in system.items() if name in wanted}
        if system:
            shown["Attributes"] = system
    names = req.get("MessageAttributeNames")
    if names and message.attributes:
        chosen = bodies.chosen(message.attributes, names)
        if chosen:
            is_all = len(chosen) == len(message.attributes)
            shown["MD5OfMessageAttributes"] = message.md5_attributes if is_all else bodies.md5_of_attributes(chosen)
            shown["MessageAttributes"] = bodies.shown(chosen)
    return shown


def _system_attributes(queue: Queue, one: Taken) -> dict[str, str]:
    message, state = one.message, one.state
    found = {
        "SenderId": message.sender,
        "SentTimestamp": str(int(one.key[:13])),
        "ApproximateReceiveCount": str(state.count),
        "ApproximateFirstReceiveTimestamp": str(state.first_ms),
    }
    optional = {
        "MessageGroupId": message.group,
        "AWSTraceHeader": message.trace,
        "DeadLetterQueueSourceArn": message.source_arn,
    }
    if queue.fifo:
        found["SequenceNumber"] = one.key
        optional["MessageDeduplicationId"] = message.deduplication
    return found | {name: value for name, value in optional.items() if value}


def delete(found: Found, handle_text: str) -> None:
    """Take a message away by a receipt. Raises ReceiptHandleIsInvalid; InvalidParameterValue for a FIFO's old one."""
    shelf = shelf_of(found)
    handle = rules.handle_of(handle_text, found.queue.uid)
    state = shelf.state_of(handle)
    found.home.measure("NumberOfMessagesDeleted", 1, "Count", QueueName=found.queue.name)
    if state is None:
        return
    is_old = state.count != handle.receipt
    if found.queue.fifo and (is_old or state.visible_ms <= shelf.now_ms):
        raise rules.invalid_value(handle_text, "ReceiptHandle", "The receipt handle has expired.")
    if not is_old:
        shelf.delete(handle, state)


def change_visibility(found: Found, handle_text: str, seconds: int) -> None:
    """Hide a message in flight for so long from now. Raises the errors of ChangeMessageVisibility."""
    reason = f"VisibilityTimeout must be an integer between 0 and {rules.VISIBILITY_MAX}."
    rules.within(seconds, 0, rules.VISIBILITY_MAX, ("VisibilityTimeout", reason))
    shelf = shelf_of(found)
    handle = rules.handle_of(handle_text, found.queue.uid)
    state = shelf.state_of(handle)
    if state is None or state.count != handle.receipt:
        raise rules.invalid_value(
            handle_text,
            "ReceiptHandle",
            "Message does not exist or is not available for visibility timeout change.",
        )
    if state.visible_ms <= shelf.now_ms:
        raise AwsError("MessageNotInflight", "The specified message isn't in flight.")
    visible_ms = shelf.now_ms + seconds * 1000
    if visible_ms - state.received_ms > rules.VISIBILITY_MAX * 1000:
        raise rules.invalid_value(
            seconds,
            "VisibilityTimeout",
            f"Total VisibilityTimeout for the message is beyond the limit [{rules.VISIBILITY_MAX} seconds].",
        )
    shelf.hide(handle, state, visible_ms)


def each(entries: Sequence[Mapping[str, Any]], act: Any) -> dict[str, Any]:
    """A batch, entry by entry: what goes wrong for one does not keep the others back."""
    good, bad = [], []
    for entry in entries:
        try:
            good.append({"Id": entry["Id"], **(act(entry) or {})})
        except AwsError as error:
            bad.append(rules.failed(entry["Id"], error))
    answer: dict[str, Any] = {"Successful": good}
    return {**answer, "Failed": bad} if bad else answer
