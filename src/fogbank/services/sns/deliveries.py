"""A message on its way to each subscriber: into queues at once, over HTTP by a record, to people into the mailbox."""

from __future__ import annotations

import json
from typing import Any

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control import target as targets
from fogbank.control.context import Context, Source
from fogbank.control.target import Parcel
from fogbank.services.sns import envelopes, filters, mailbox, retries, subscriptions
from fogbank.services.sns.envelopes import Message
from fogbank.services.sns.resources import Delivery, Settings, Subscription
from fogbank.services.sns.topics import Found

_ATTRIBUTES_MAX = 10
_AGENT = "Amazon Simple Notification Service Agent"


class Pace:
    """When the next delivery to a subscription with a throttle may begin."""

    def __init__(self, *key: str) -> None:
        self.next_at = 0.0


def spread(ctx: Context, found: Found, message: Message) -> None:
    """Hand a message to every subscriber whose filter it passes."""
    for subscription in list(found.home.scan(Subscription, found.topic.name)):
        if not subscription.confirmed:
            continue
        text = message.text_for(subscription.protocol)
        given = subscription.attributes
        scope = given.get("FilterPolicyScope", "MessageAttributes")
        if filters.passes(given.get("FilterPolicy", ""), scope, text, message.attributes):
            _hand(ctx, found, message, subscription)
        else:
            measure(found, "NumberOfNotificationsFilteredOut")


def measure(found: Found, metric: str) -> None:
    found.home.measure(metric, 1, "Count", TopicName=found.topic.name)


def _hand(ctx: Context, found: Found, message: Message, subscription: Subscription) -> None:
    protocol = subscription.protocol
    if protocol in ("http", "https"):
        _post(ctx, found, message, subscription)
        return
    try:
        if protocol == "sqs":
            _send(ctx, found, message, subscription)
        elif protocol == "lambda":
            body = envelopes.for_function(ctx, found, message, subscription)
            targets.deliver(
                found.home.as_service(Source(found.arn, found.home.account), name="sns"),
                subscription.endpoint,
                Parcel(body),
            )
        else:
            _mail(ctx, found, message, subscription)
    except AwsError as error:
        body = envelopes.notification(ctx, found, message, subscription)
        give_up(found, subscription, body, {"group": message.group, "id": message.deduplication}, error.code)
        return
    measure(found, "NumberOfNotificationsDelivered")


def _is_raw(subscription: Subscription) -> bool:
    return subscription.attributes.get("RawMessageDelivery", "").lower() == "true"


def _send(ctx: Context, found: Found, message: Message, subscription: Subscription) -> None:
    """Into a queue, in this transaction. Raises what SQS says."""
    request: dict[str, Any] = {}
    if _is_raw(subscription):
        if len(message.attributes) > _ATTRIBUTES_MAX:
            raise AwsError("InvalidParameterValue", "A queue takes at most ten message attributes.")
        request["MessageBody"] = message.text_for("sqs")
        if message.attributes:
            request["MessageAttributes"] = {
                name: {**value, "DataType": "String" if value["DataType"] == "String.Array" else value["DataType"]}
                for name, value in message.attributes.items()
            }
    else:
        request["MessageBody"] = envelopes.notification(ctx, found, message, subscription)
    if message.group:
        request["MessageGroupId"] = message.group
    if message.deduplication and subscription.endpoint.endswith(".fifo"):
        request["MessageDeduplicationId"] = message.deduplication
    to_queue(found, subscription.endpoint, request)


def to_queue(found: Found, queue_arn: str, request: dict[str, Any]) -> None:
    """SendMessage as SNS, for a topic. Raises what SQS says."""
    arn = Arn.parse(queue_arn)
    if arn is None:
        raise AwsError("InvalidParameterValue", f"{queue_arn} is no queue.")
    url = f"https://sqs.{arn.region}.amazonaws.com/{arn.account}/{arn.resource}"
    acting = found.home.as_service(Source(found.arn, found.home.account), name="sns").at(arn.region, arn.account)
    acting.call("sqs", "SendMessage", QueueUrl=url, **request)


def give_up(found: Found, subscription: Subscription, body: str, fifo: dict[str, str], code: str) -> None:
    """What cannot be delivered goes to the subscription's dead-letter queue, if it has one that takes it."""
    measure(found, "NumberOfNotificationsFailed")
    policy = subscription.attributes.get("RedrivePolicy")
    if not policy:
        return
    arn = str(json.loads(policy)["deadLetterTargetArn"])
    request: dict[str, Any] = {
        "MessageBody": body,
        "MessageAttributes": {
            "RequestID": {"DataType": "String", "StringValue": found.home.uuid()},
            "ErrorCode": {"DataType": "String", "StringValue": code},
        },
    }
    if arn.endswith(".fifo"):
        request |= {"MessageGroupId": fifo.get("group") or "sns", "MessageDeduplicationId": fifo.get("id") or found.home.uuid()}  # fmt: skip  # noqa: E501
    try:
        to_queue(found, arn, request)
    except AwsError:
        measure(found, "NumberOfNotificationsFailedToRedriveToDlq")
    else:
        measure(found, "NumberOfNotificationsRedrivenToDlq")


def _post(ctx: Context, found: Found, message: Message, subscription: Subscription) -> None:
    given = subscription.attributes
    policy = retries.effective(found.topic.attributes.get("DeliveryPolicy", ""), given.get("DeliveryPolicy", ""))
    raw = _is_raw(subscription)
    body = message.text_for(subscription.protocol) if raw else envelopes.notification(ctx, found, message, subscription)
    headers = headers_of(found, subscription, "Notification", message.id)
    headers["content-type"] = policy["requestPolicy"]["headerContentType"] or headers["content-type"]
    if raw:
        headers["x-amz-sns-rawdelivery"] = "true"
    rate = (policy["throttlePolicy"] or {}).get("maxReceivesPerSecond")
    queue_post(found, subscription, headers, body, (retries.delays(policy["healthyRetryPolicy"]), rate))


def queue_post(
    found: Found, subscription: Subscription, headers: dict[str, str], body: str, pace: tuple[tuple[float, ...], Any]
) -> None:
    """Have a body posted to a subscriber, by a record that survives."""
    home, (delays, rate) = found.home, pace
    next_at = 0.0
    if rate:
        held = home.held(Pace, *home.scope, subscription.topic, subscription.id)
        next_at = max(home.now, held.next_at)
        held.next_at = next_at + 1 / rate
    key = home.uuid()
    home.put(
        Delivery(
            id=key,
            url=subscription.endpoint,
            headers=headers,
            body=home.seal(body.encode(), f"sns delivery {key}"),
            delays=delays,
            topic=subscription.topic,
            subscription=subscription.id,
            next_at=next_at,
        )
    )


def headers_of(found: Found, subscription: Subscription, kind: str, message_id: str) -> dict[str, str]:
    return {
        "x-amz-sns-message-type": kind,
        "x-amz-sns-message-id": message_id,
        "x-amz-sns-topic-arn": found.arn,
        "x-amz-sns-subscription-arn": f"{found.arn}:{subscription.id}",
        "content-type": "text/plain; charset=UTF-8",
        "user-agent": _AGENT,
    }


def ask(ctx: Context, found: Found, subscription: Subscription, kind: str = "SubscriptionConfirmation") -> None:
    """Ask the endpoint whether it wants the subscription, or tell it that it has ended."""
    body = envelopes.confirmation(ctx, found, subscription, kind)
    if subscription.protocol in ("http", "https"):
        headers = headers_of(found, subscription, kind, json.loads(body)["MessageId"])
        queue_post(found, subscription, headers, body, (retries.delays(retries.DEFAULT), None))
    elif subscription.protocol == "sqs":
        try:
            to_queue(found, subscription.endpoint, {"MessageBody": body})
        except AwsError:
            measure(found, "NumberOfNotificationsFailed")
    else:
        mail = {"protocol": subscription.protocol, "endpoint": subscription.endpoint, "topic": found.arn}
        mailbox.keep(found.home, {**mail, "type": kind, "token": subscription.token, "message": json.loads(body)})


def _mail(ctx: Context, found: Found, message: Message, subscription: Subscription) -> None:
    """To people: kept where it can be read. Raises EndpointDisabled and the like for devices."""
    protocol, endpoint = subscription.protocol, subscription.endpoint
    entry: dict[str, Any] = {"type": "Notification", "protocol": protocol, "endpoint": endpoint, "topic": found.arn}
    if protocol == "application":
        push(found.home, endpoint, message, entry)
        return
    if protocol == "sms":
        settings = found.home.get(Settings, "settings")
        if settings is not None and endpoint in settings.opted_out:
            raise AwsError("OptedOut", "The endpoint phone number is opted out")
    text = message.text_for(protocol)
    if protocol == "email-json":
        text = envelopes.notification(ctx, found, message, subscription)
    subject = message.subject or ("AWS Notification Message" if protocol == "email" else None)
    mailbox.keep(found.home, {**entry, "id": message.id, "subject": subject, "message": text})


def push(ctx: Context, arn: str, message: Message, entry: dict[str, Any]) -> None:
    """To a device. Raises NotFound, EndpointDisabled and PlatformApplicationDisabled."""
    from fogbank.services.sns.resources import Application

    home, device = subscriptions.device(ctx, arn)
    application = home.get(Application, device.application)
    if application is not None and application.attributes.get("Enabled", "true").lower() == "false":
        raise AwsError("PlatformApplicationDisabled", "Platform application is disabled")
    if device.attributes.get("Enabled", "true").lower() == "false":
        raise AwsError("EndpointDisabled", "Endpoint is disabled")
    platform = device.application.partition("/")[0]
    mailbox.keep(home, {**entry, "id": message.id, "platform": platform, "message": message.text_for(platform)})
