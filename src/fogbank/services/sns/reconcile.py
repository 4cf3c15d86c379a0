"""Deliveries over HTTP, tried until they arrive or are given up, and subscriptions that nobody confirms."""

from __future__ import annotations

import msgspec

from fogbank.aws.errors import WorldError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.planes import http
from fogbank.services.sns import deliveries, rules
from fogbank.services.sns.resources import Delivery, Pending, Subscription, Topic
from fogbank.services.sns.topics import Found

_TIMEOUT_SECONDS = 15.0
_TOO_MANY = 429


async def delivery(ctx: Context, key: str) -> After | None:
    """Make one POST. The commit of what became of it brings the reconciler back."""
    with ctx.begin():
        found = ctx.get(Delivery, key)
    if found is None:
        return None
    if found.next_at > ctx.now:
        return After(found.next_at - ctx.now)
    body = ctx.unseal(found.body, f"sns delivery {key}")
    try:
        answer = await http.send("POST", found.url, found.headers, body, timeout_seconds=_TIMEOUT_SECONDS)
        status = answer.status
    except WorldError:
        status = 0
    with ctx.begin():
        _settle(ctx, found, status, body.decode())
    return None


def _settle(ctx: Context, tried: Delivery, status: int, body: str) -> None:
    topic, subscription = ctx.get(Topic, tried.topic), ctx.get(Subscription, tried.topic, tried.subscription)
    is_final = 400 <= status < 500 and status != _TOO_MANY
    if not 200 <= status < 300 and not is_final and tried.tries < len(tried.delays) and topic is not None:
        next_at = ctx.now + tried.delays[tried.tries]
        ctx.put(msgspec.structs.replace(tried, tries=tried.tries + 1, next_at=next_at))
        return
    ctx.delete(Delivery, tried.id)
    if topic is None or tried.headers["x-amz-sns-message-type"] != "Notification":
        return
    home = Found(ctx, topic)
    if 200 <= status < 300:
        deliveries.measure(home, "NumberOfNotificationsDelivered")
    elif subscription is not None:
        deliveries.give_up(home, subscription, body, {}, str(status or "ConnectionFailed"))


async def pending(ctx: Context, key: str) -> After | None:
    """Forget a subscription that was not confirmed in two days."""
    topic, subscription_id = key.split("\0")
    with ctx.begin():
        if ctx.get(Pending, topic, subscription_id) is None:
            return None
        found = ctx.get(Subscription, topic, subscription_id)
        if found is None or found.confirmed:
            ctx.delete(Pending, topic, subscription_id)
            return None
        due_at = found.made_at + rules.PENDING_SECONDS
        if due_at > ctx.now:
            return After(due_at - ctx.now)
        ctx.delete(Subscription, topic, subscription_id)
        ctx.delete(Pending, topic, subscription_id)
    return None
