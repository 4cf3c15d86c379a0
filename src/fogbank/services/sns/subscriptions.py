"""Subscriptions: found, described, ended, and the attributes that they may have."""

from __future__ import annotations

import json
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from fogbank.aws.arns import Arn
from fogbank.control.context import Context
from fogbank.services.sns import filters, retries, rules
from fogbank.services.sns.resources import Device, Pending, Subscription, Topic
from fogbank.services.sns.topics import Found

SETTABLE = {
    "DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy",
    "SubscriptionRoleArn", "ReplayPolicy",
}  # fmt: skip
_RAW = ("sqs", "http", "https")
_NO_TARGET = {
    "firehose": "fogbank has no delivery streams",
}
PROTOCOLS = ("http", "https", "email", "email-json", "sms", "sqs", "application", "lambda", "firehose")


class Held(NamedTuple):
    """A subscription, and the topic that it is of."""

    found: Found
    subscription: Subscription

    @property
    def arn(self) -> str:
        return f"{self.found.arn}:{self.subscription.id}"


def existing(ctx: Context, arn: str) -> Held:
    """Raises InvalidParameter and NotFound."""
    parsed = Arn.parse(arn)
    name, _, key = parsed.resource.rpartition(":") if parsed else ("", "", "")
    if parsed is None or parsed.service != "sns" or not name:
        raise rules.invalid("SubscriptionArn Reason: An ARN must have at least 6 elements, not "
                            f"{arn.count(':') + 1}")  # fmt: skip
    home = ctx.at(parsed.region, parsed.account)
    subscription = home.get(Subscription, name, key)
    topic = home.get(Topic, name)
    if subscription is None or topic is None:
        raise rules.not_found("Subscription")
    return Held(Found(home, topic), subscription)


def check_endpoint(ctx: Context, found: Found, protocol: str, endpoint: str) -> None:
    """Whether there can be a subscription of this protocol to this endpoint. Raises InvalidParameter."""
    if protocol not in PROTOCOLS:
        raise rules.invalid(f"Amazon SNS does not support this protocol string: {protocol}")
    if protocol in _NO_TARGET:
        raise rules.invalid(f"Endpoint Reason: {_NO_TARGET[protocol]}")
    if protocol in ("http", "https"):
        _check_url(protocol, endpoint)
    if protocol.startswith("email") and "@" not in endpoint:
        raise rules.invalid("Email address")
    if protocol == "sms":
        rules.checked_phone(endpoint)
    if protocol == "sqs":
        _check_queue(found, endpoint)
    if protocol == "lambda":
        _check_function(endpoint)
    if protocol == "application":
        device(ctx, endpoint)
    if found.topic.fifo and protocol != "sqs":
        raise rules.invalid(f"Invalid protocol type: {protocol}")


def _check_url(protocol: str, endpoint: str) -> None:
    if not endpoint.startswith(f"{protocol}://"):
        raise rules.invalid("Endpoint must match the specified protocol")
    try:
        url = urlsplit(endpoint)
        is_good = bool(url.hostname) and url.port != 0
    except ValueError:
        is_good = False
    if not is_good or not endpoint.isprintable() or " " in endpoint:
        raise rules.invalid("Endpoint Reason: The endpoint is not a valid URL")


def _check_queue(found: Found, endpoint: str) -> None:
    arn = Arn.parse(endpoint)
    if arn is None or arn.service != "sqs" or not arn.resource:
        raise rules.invalid("SQS endpoint ARN")
    if arn.resource.endswith(".fifo") and not found.topic.fifo:
        raise rules.invalid("Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics")


def _check_function(endpoint: str) -> None:
    arn = Arn.parse(endpoint)
    if arn is None or arn.service != "lambda" or not arn.resource.startswith("function:"):
        raise rules.invalid("Lambda endpoint ARN")


def device(ctx: Context, arn: str) -> tuple[Context, Device]:
    """An endpoint of a platform application: `endpoint/GCM/name/uuid`. Raises InvalidParameter and NotFound."""
    parsed = Arn.parse(arn)
    kind, _, path = parsed.resource.partition("/") if parsed else ("", "", "")
    application, _, key = path.rpartition("/")
    if parsed is None or kind != "endpoint" or not application:
        raise rules.invalid("TargetArn Reason: This endpoint ARN is not valid")
    home = ctx.at(parsed.region, parsed.account)
    found = home.get(Device, application, key)
    if found is None:
        raise rules.not_found("Endpoint")
    return home, found


def check_attribute(held: tuple[Found, str], name: str, value: str, others: dict[str, str]) -> None:
    """An attribute that is to be set on a subscription of a (topic, protocol). Raises InvalidParameter."""
    found, protocol = held
    if name not in SETTABLE:
        raise rules.invalid("AttributeName")
    if name == "ReplayPolicy":
        raise rules.invalid("ReplayPolicy Reason: fogbank does not archive messages")
    if name == "RawMessageDelivery":
        if value.lower() not in ("true", "false"):
            raise rules.invalid("RawMessageDelivery Reason: Invalid value [" + value + "]. Must be true or false.")
        if value.lower() == "true" and protocol not in _RAW:
            raise rules.invalid(f"Delivery protocol [{protocol}] does not support raw message delivery.")
    if name == "FilterPolicyScope" and value not in ("MessageAttributes", "MessageBody"):
        raise rules.invalid(f"FilterPolicyScope: Invalid value [{value}]. Please use either MessageBody or "
                            "MessageAttributes")  # fmt: skip
    if name in ("FilterPolicy", "FilterPolicyScope"):
        merged = {**others, name: value}
        filters.check(merged.get("FilterPolicy", ""), merged.get("FilterPolicyScope", "MessageAttributes"))
    if name == "DeliveryPolicy":
        retries.check(value, of_topic=False)
    if name == "RedrivePolicy":
        _check_redrive(found, value)


def _check_redrive(found: Found, text: str) -> None:
    if not text:
        return
    try:
        given = json.loads(text)
        arn = Arn.parse(str(given["deadLetterTargetArn"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise rules.invalid("RedrivePolicy: deadLetterTargetArn is required") from None
    if arn is None or arn.service != "sqs":
        raise rules.invalid("RedrivePolicy: deadLetterTargetArn is an invalid arn")
    if arn.region != found.home.region:
        raise rules.invalid("RedrivePolicy: deadLetterTargetArn must be in the same region as the subscription")
    if arn.resource.endswith(".fifo") and not found.topic.fifo:
        raise rules.invalid("RedrivePolicy: must use a standard queue as DLQ for a standard topic")


def remove(held: Held) -> None:
    """End a subscription."""
    found, subscription = held
    home = found.home
    home.delete(Subscription, subscription.topic, subscription.id)
    home.delete(Pending, subscription.topic, subscription.id)
    home.put(msgspec.structs.replace(found.topic, deleted=found.topic.deleted + 1))


def confirm(found: Found, subscription: Subscription, *, authenticated: bool, guarded: bool) -> Subscription:
    home = found.home
    confirmed = msgspec.structs.replace(subscription, confirmed=True, authenticated=authenticated, guarded=guarded)
    home.put(confirmed)
    home.delete(Pending, subscription.topic, subscription.id)
    return confirmed


def listed(home: Context, subscription: Subscription) -> dict[str, str]:
    topic_arn = home.arn(subscription.topic)
    return {
        "SubscriptionArn": f"{topic_arn}:{subscription.id}" if subscription.confirmed else "PendingConfirmation",
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": topic_arn,
    }


def shown(held: Held) -> dict[str, str]:
    """Attributes as GetSubscriptionAttributes gives them."""
    found, one = held
    given = {name: value for name, value in one.attributes.items() if value}
    attributes = {
        "SubscriptionArn": held.arn,
        "TopicArn": found.arn,
        "Owner": one.owner,
        "Protocol": one.protocol,
        "Endpoint": one.endpoint,
        "PendingConfirmation": _boolean(not one.confirmed),
        "ConfirmationWasAuthenticated": _boolean(one.authenticated),
        "RawMessageDelivery": "false",
        "SubscriptionPrincipal": f"arn:{found.home.partition}:iam::{one.owner}:root",
    }
    if "FilterPolicy" in given:
        attributes["FilterPolicyScope"] = "MessageAttributes"
    if one.protocol in ("http", "https"):
        policy = _effective(found, one)
        attributes["EffectiveDeliveryPolicy"] = json.dumps(policy, separators=(",", ":"))
    return attributes | given


def _effective(found: Found, one: Subscription) -> dict[str, Any]:
    return retries.effective(found.topic.attributes.get("DeliveryPolicy", ""), one.attributes.get("DeliveryPolicy", ""))


def _boolean(value: bool) -> str:
    return "true" if value else "false"
