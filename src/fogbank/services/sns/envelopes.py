"""Messages as subscribers get them: the JSON around a notification, and around the question whether they want any."""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from fogbank.control.context import Context
from fogbank.services.sns import signing
from fogbank.services.sns.resources import Subscription
from fogbank.services.sns.topics import Found

_HOST_DEFAULT = "127.0.0.1:4566"
_VERSION = "2010-03-31"
Attributes = Mapping[str, Mapping[str, Any]]


class Message(msgspec.Struct, kw_only=True):
    """A message that is being published."""

    id: str
    text: str
    texts: Mapping[str, str] | None = None
    """The text for each protocol, where MessageStructure is json."""
    subject: str | None = None
    attributes: Attributes = {}
    group: str = ""
    deduplication: str = ""
    sequence: str = ""
    structured: bool = False
    notification: dict[str, Any] | None = None
    """The envelope without what differs between subscriptions, once it has been made and signed."""
    notified: str = ""
    """The text that it was made for."""

    def text_for(self, protocol: str) -> str:
        return self.texts.get(protocol, self.texts["default"]) if self.texts else self.text


def origin_of(ctx: Context) -> str:
    """Where the client that made this call finds fogbank."""
    origin = ctx.origin
    return f"{'https' if origin.secure else 'http'}://{origin.host or _HOST_DEFAULT}"


def moment(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def link(ctx: Context, action: str, **members: str) -> str:
    return f"{origin_of(ctx)}/?{urlencode({'Action': action, **members, 'Version': _VERSION})}"


def notification(ctx: Context, found: Found, message: Message, subscription: Subscription) -> str:
    """The JSON of a notification."""
    text = message.text_for(subscription.protocol)
    if message.notification is None or message.notified != text:
        message.notification, message.notified = _signed_notification(ctx, found, message, text), text
    arn = f"{found.arn}:{subscription.id}"
    envelope = {**message.notification, "UnsubscribeURL": link(ctx, "Unsubscribe", SubscriptionArn=arn)}
    if message.attributes:
        envelope["MessageAttributes"] = shown(message.attributes)
    return json.dumps(envelope, ensure_ascii=False)


def for_function(ctx: Context, found: Found, message: Message, subscription: Subscription) -> str:
    """The event that a function gets (Lambda Developer Guide, "Amazon SNS"): the notification, by other names."""
    told = json.loads(notification(ctx, found, message, subscription))
    told = {name.replace("URL", "Url"): value for name, value in told.items()}
    told = {"Subject": None, **told, "MessageAttributes": told.get("MessageAttributes", {})}
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": f"{found.arn}:{subscription.id}",
        "Sns": told,
    }
    return json.dumps({"Records": [record]}, ensure_ascii=False)


def _signed_notification(ctx: Context, found: Found, message: Message, text: str) -> dict[str, Any]:
    envelope = {"Type": "Notification", "MessageId": message.id}
    if message.sequence:
        envelope["SequenceNumber"] = message.sequence
    envelope["TopicArn"] = found.arn
    if message.subject:
        envelope["Subject"] = message.subject
    envelope |= {"Message": text, "Timestamp": moment(ctx.now)}
    # What a FIFO topic hands to its queues carries no signature.
    return envelope if found.topic.fifo else _with_signature(ctx, found, envelope)


def confirmation(ctx: Context, found: Found, subscription: Subscription, kind: str = "SubscriptionConfirmation") -> str:
    """The JSON that asks for a confirmation, or tells that a subscription has ended."""
    end = kind == "UnsubscribeConfirmation"
    arn = f"{found.arn}:{subscription.id}"
    text = (
        f"You have chosen to deactivate subscription {arn}.\nTo cancel this operation and restore the subscription, "
        "visit the SubscribeURL included in this message."
        if end
        else f"You have chosen to subscribe to the topic {found.arn}.\nTo confirm the subscription, visit the "
        "SubscribeURL included in this message."
    )
    envelope = {
        "Type": kind,
        "MessageId": ctx.uuid(),
        "Token": subscription.token,
        "TopicArn": found.arn,
        "Message": text,
        "SubscribeURL": link(ctx, "ConfirmSubscription", TopicArn=found.arn, Token=subscription.token),
        "Timestamp": moment(ctx.now),
    }
    return json.dumps(_with_signature(ctx, found, envelope), ensure_ascii=False)


def _with_signature(ctx: Context, found: Found, envelope: dict[str, Any]) -> dict[str, Any]:
    version = found.topic.attributes.get("SignatureVersion") or "1"
    signer = signing.signer_of(ctx)
    return {
        **envelope,
        "SignatureVersion": version,
        "Signature": signing.signature(signer, envelope, version),
        "SigningCertURL": origin_of(ctx) + signing.path_of(signer.certificate),
    }


def shown(attributes: Attributes) -> dict[str, dict[str, str]]:
    """Message attributes as an envelope has them; binary ones as base64."""
    return {
        name: {
            "Type": value["DataType"],
            "Value": base64.b64encode(value["BinaryValue"]).decode()
            if value["DataType"].startswith("Binary")
            else value["StringValue"],
        }
        for name, value in attributes.items()
    }
