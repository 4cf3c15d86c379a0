"""Subscriptions made, confirmed, listed, described, changed and ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sns import deliveries, rules, subscriptions, topics
from fogbank.services.sns.resources import Pending, Subscription
from fogbank.services.sns.topics import Found

_BAD_TOKEN = ("InvalidParameter", "Invalid parameter: NextToken")
_PENDING = "pending confirmation"


def subscribe(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = topics.existing(ctx, req["TopicArn"])
    protocol, endpoint = req["Protocol"], req.get("Endpoint", "")
    subscriptions.check_endpoint(ctx, found, protocol, endpoint)
    attributes = _checked(found, protocol, req.get("Attributes") or {})
    known = found.home.find(Subscription, "by_target", _target(found, protocol, endpoint))
    if known:
        subscription = known[0]
        if any(subscription.attributes.get(name) != value for name, value in attributes.items()):
            raise rules.invalid("Attributes Reason: Subscription already exists with different attributes")
        if not subscription.confirmed:
            deliveries.ask(ctx, found, subscription)
    else:
        subscription = _made(ctx, found, (protocol, endpoint), attributes)
    arn = f"{found.arn}:{subscription.id}"
    return {"SubscriptionArn": arn if subscription.confirmed or req.get("ReturnSubscriptionArn") else _PENDING}


def _target(found: Found, protocol: str, endpoint: str) -> str:
    return f"{found.topic.name}\n{protocol}\n{endpoint}"


def _checked(found: Found, protocol: str, given: dict[str, str]) -> dict[str, str]:
    for name, value in given.items():
        try:
            subscriptions.check_attribute((found, protocol), name, value, given)
        except AwsError as error:
            # What Subscribe refuses of an attribute it says under the name of its own parameter.
            reason = error.message.removeprefix("Invalid parameter: ")
            raise rules.invalid(f"Attributes Reason: {reason}") from None
    return dict(given)


def _made(ctx: Context, found: Found, where: tuple[str, str], attributes: dict[str, str]) -> Subscription:
    protocol, endpoint = where
    subscription = Subscription(
        topic=found.topic.name,
        id=ctx.uuid(),
        protocol=protocol,
        endpoint=endpoint,
        owner=ctx.account,
        target=_target(found, protocol, endpoint),
        made_at=ctx.now,
        attributes=attributes,
        confirmed=_needs_no_word(ctx, protocol, endpoint),
        authenticated=_needs_no_word(ctx, protocol, endpoint),
        token=f"{ctx.random.getrandbits(512):0128x}",
    )
    found.home.put(subscription)
    if not subscription.confirmed:
        found.home.put(Pending(topic=subscription.topic, id=subscription.id))
        deliveries.ask(ctx, found, subscription)
    return subscription


def _needs_no_word(ctx: Context, protocol: str, endpoint: str) -> bool:
    """Whether whoever subscribes is the endpoint's owner, or nobody is ever asked."""
    if protocol in ("sqs", "lambda"):
        arn = Arn.parse(endpoint)
        return arn is not None and arn.account == ctx.account
    return protocol in ("sms", "application")


def confirm_subscription(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = topics.existing(ctx, req["TopicArn"])
    matching = found.home.find(Subscription, "by_token", req["Token"])
    if not matching or matching[0].topic != found.topic.name:
        raise rules.invalid("Token")
    is_signed = ctx.caller.principal.kind != "anonymous"
    guarded = req.get("AuthenticateOnUnsubscribe", "").lower() == "true"
    if guarded and not is_signed:
        raise AwsError("AuthorizationError", "AuthenticateOnUnsubscribe requires a signed request", status=403)
    subscription = matching[0]
    if not subscription.confirmed:
        subscription = subscriptions.confirm(found, subscription, authenticated=is_signed, guarded=guarded)
    return {"SubscriptionArn": f"{found.arn}:{subscription.id}"}


def unsubscribe(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    try:
        held = subscriptions.existing(ctx, req["SubscriptionArn"])
    except AwsError as error:
        if error.code == "NotFound":
            return {}
        raise
    is_signed = ctx.caller.principal.kind != "anonymous"
    if not is_signed and held.subscription.guarded:
        raise AwsError("AuthorizationError", "This subscription can be ended by its owner only", status=403)
    if is_signed and not held.subscription.confirmed:
        raise rules.invalid("This subscription has not been confirmed yet")
    subscriptions.remove(held)
    if not is_signed or ctx.account != held.subscription.owner:
        deliveries.ask(ctx, held.found, held.subscription, "UnsubscribeConfirmation")
    return {}


def list_subscriptions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("NextToken"), *_BAD_TOKEN)
    own = (one for one in ctx.scan(Subscription, after=after) if one.owner == ctx.account)
    return _page(ctx, own)


def list_subscriptions_by_topic(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = topics.existing(ctx, req["TopicArn"])
    after = paging.after(req.get("NextToken"), *_BAD_TOKEN)
    return _page(found.home, found.home.scan(Subscription, found.topic.name, after=after))


def _page(home: Context, rows: Iterable[Subscription]) -> dict[str, Any]:
    page, token = paging.page(rows, rules.PAGE, lambda one: f"{one.topic}\0{one.id}")
    answer: dict[str, Any] = {"Subscriptions": [subscriptions.listed(home, one) for one in page]}
    return {**answer, "NextToken": token} if token else answer


def get_subscription_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Attributes": subscriptions.shown(subscriptions.existing(ctx, req["SubscriptionArn"]))}


def set_subscription_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, one = subscriptions.existing(ctx, req["SubscriptionArn"])
    name, value = req["AttributeName"], req.get("AttributeValue", "")
    subscriptions.check_attribute((found, one.protocol), name, value, dict(one.attributes))
    attributes = {**one.attributes, name: value}
    if not value or (name == "FilterPolicy" and value.strip() == "{}"):
        del attributes[name]
    found.home.put(msgspec.structs.replace(one, attributes=attributes))
    return {}
