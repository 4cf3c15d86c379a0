"""What is published: looked at, told apart from what was published before, and sent on its way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sns import deliveries, mailbox, rules, subscriptions, topics
from fogbank.services.sns.envelopes import Message
from fogbank.services.sns.resources import Period, Settings
from fogbank.services.sns.topics import Found

_FIRST = 10_000_000_000_000_000_000


def drafted(entry: Mapping[str, Any]) -> tuple[Message, int]:
    """A message from a request or an entry of a batch, and its size. Raises InvalidParameter."""
    text, attributes = entry["Message"], entry.get("MessageAttributes") or {}
    if not text:
        raise rules.invalid("Empty message")
    rules.checked_subject(entry.get("Subject"))
    size = len(text.encode()) + rules.check_attributes(attributes)
    if size > rules.MESSAGE_BYTES_MAX:
        raise rules.invalid("Message too long")
    structure = entry.get("MessageStructure")
    if structure not in (None, "json"):
        raise rules.invalid("MessageStructure")
    rules.check_token(entry.get("MessageGroupId"), "MessageGroupId")
    rules.check_token(entry.get("MessageDeduplicationId"), "MessageDeduplicationId")
    message = Message(
        id="",
        text=text,
        texts=_texts(text) if structure else None,
        subject=entry.get("Subject"),
        attributes=attributes,
        group=entry.get("MessageGroupId") or "",
        deduplication=entry.get("MessageDeduplicationId") or "",
    )
    return message, size


def _texts(text: str) -> dict[str, str]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise rules.invalid("Message Structure - JSON message body failed to parse") from None
    if not isinstance(given, dict) or not isinstance(given.get("default"), str):
        raise rules.invalid("Message Structure - No default entry in JSON message body")
    return {name: value for name, value in given.items() if isinstance(value, str)}


def to_topic(ctx: Context, found: Found, message: Message, size: int) -> dict[str, Any]:
    """Publish to a topic's subscribers, unless it repeats a message of a FIFO topic. Raises InvalidParameter."""
    topic, home = found.topic, found.home
    _check_terms(found, message)
    answer: dict[str, Any] = {}
    if topic.fifo:
        known = _known(found, message)
        if known is not None:
            return {"MessageId": known[0], "SequenceNumber": known[1]}
        message.sequence = answer["SequenceNumber"] = _next_sequence(found)
    message.id = answer["MessageId"] = ctx.uuid()
    if topic.fifo:
        _remember(found, message)
    deliveries.spread(ctx, found, message)
    deliveries.measure(found, "NumberOfMessagesPublished")
    home.measure("PublishSize", size, "Bytes", TopicName=topic.name)
    return answer


def _check_terms(found: Found, message: Message) -> None:
    if not found.topic.fifo:
        if message.deduplication:
            raise rules.invalid("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter "
                                "that is not valid for this topic type")  # fmt: skip
        return
    if not message.group:
        raise rules.invalid("The MessageGroupId parameter is required for FIFO topics")
    if message.deduplication:
        return
    if found.topic.attributes.get("ContentBasedDeduplication", "").lower() != "true":
        raise rules.invalid("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId "
                            "provided explicitly")  # fmt: skip
    message.deduplication = hashlib.sha256(message.text.encode()).hexdigest()


def _known_key(found: Found, message: Message) -> str:
    by_group = found.topic.attributes.get("FifoThroughputScope") == "MessageGroup"
    return f"{message.group}\0{message.deduplication}" if by_group else message.deduplication


def known_space(found: Found, period: int) -> str:
    return found.home.space("known", found.topic.name, str(period))


def _known(found: Found, message: Message) -> tuple[str, str] | None:
    """The (id, sequence number) of the message of the last five minutes that this one repeats."""
    home, now_ms = found.home, int(found.home.now * 1000)
    period = now_ms // rules.DEDUPLICATION_MS
    for one in (period, period - 1):
        row = home.item(known_space(found, one), _known_key(found, message))
        if row is not None:
            message_id, sequence, at = row.decode().split("\n")
            return (message_id, sequence) if int(at) > now_ms - rules.DEDUPLICATION_MS else None
    return None


def _remember(found: Found, message: Message) -> None:
    home, now_ms = found.home, int(found.home.now * 1000)
    period = now_ms // rules.DEDUPLICATION_MS
    row = f"{message.id}\n{message.sequence}\n{now_ms}"
    home.put_item(known_space(found, period), _known_key(found, message), row.encode())
    last = home.get(Period, found.topic.name)
    if last is not None and last.number == period:
        return
    if last is not None:
        for past in {last.number, last.number - 1} - {period, period - 1}:
            home.delete_item(known_space(found, past), None)
    home.put(Period(topic=found.topic.name, number=period))


def _next_sequence(found: Found) -> str:
    space = found.home.space("sequence", found.topic.name)
    row = found.home.item(space, "last")
    number = int(row) + 1 if row is not None else _FIRST
    found.home.put_item(space, "last", str(number).encode())
    return str(number)


def to_phone(ctx: Context, number: str, message: Message) -> dict[str, Any]:
    """A text message. Raises InvalidParameter and OptedOut."""
    rules.checked_phone(number)
    settings = ctx.get(Settings, "settings")
    if settings is not None and number in settings.opted_out:
        raise AwsError("OptedOut", "The phone number is opted out")
    message.id = ctx.uuid()
    sender = message.attributes.get("AWS.SNS.SMS.SenderID", {}).get("StringValue")
    entry = {"type": "Notification", "protocol": "sms", "endpoint": number, "id": message.id}
    more = {"sender": sender} if sender else {}
    mailbox.keep(ctx, {**entry, **more, "message": message.text_for("sms")})
    return {"MessageId": message.id}


def to_device(ctx: Context, arn: str, message: Message) -> dict[str, Any]:
    """A push to one endpoint of a platform application."""
    message.id = ctx.uuid()
    subscriptions.device(ctx, arn)
    deliveries.push(ctx, arn, message, {"type": "Notification", "protocol": "application", "endpoint": arn})
    return {"MessageId": message.id}


def topic_of(ctx: Context, arn: str, member: str = "TopicArn") -> Found:
    found = topics.existing(ctx, arn, member)
    topics.check_key(ctx, found)
    return found
