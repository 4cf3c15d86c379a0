"""Events that nobody waits for, from when they are accepted until their last word is said."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.services.lambda_ import references, rules, tracing
from fogbank.services.lambda_.functions import Found, version_of
from fogbank.services.lambda_.resources import Event, EventSettings

_PURPOSE = "lambda event"


def accept(ctx: Context, found: Found, payload: bytes, client_context: str = "") -> str:
    """Write an event down, in this transaction; returns its request id. Raises ResourceNotFoundException."""
    home = found.home
    mode = version_of(found).configuration.tracing
    # Here and not at each attempt, which may come out differently.
    traced = tracing.decided(home, found.name, mode, ctx.origin.trace)
    key = ctx.request_id if ctx.operation == "Invoke" and not ctx.via and ctx.request_id else ctx.uuid()
    if home.get(Event, key) is not None:
        key = ctx.uuid()
    home.put_item(_space(home), key, home.seal(payload, _PURPOSE))
    home.put(
        Event(
            id=key,
            function=found.name,
            qualifier=found.qualifier,
            accepted_at=home.now,
            client_context=client_context,
            trace=str(traced),
        )
    )
    home.measure("AsyncEventsReceived", 1, "Count", FunctionName=found.name)
    return key


def payload_of(ctx: Context, event: Event) -> bytes:
    item = ctx.item(_space(ctx), event.id)
    return ctx.unseal(item, _PURPOSE) if item is not None else b""


def forget(ctx: Context, event: Event) -> None:
    ctx.delete(Event, event.id)
    ctx.delete_item(_space(ctx), event.id)


def settings_of(ctx: Context, event: Event) -> EventSettings:
    """What holds for an event: its qualifier's settings, or nothing but the defaults."""
    qualifier = event.qualifier or references.LATEST
    found = ctx.get(EventSettings, event.function, qualifier)
    return found or EventSettings(function=event.function, qualifier=qualifier, modified_at=0.0)


def retries(settings: EventSettings) -> int:
    return rules.RETRIES_DEFAULT if settings.retries is None else settings.retries


def age_seconds(settings: EventSettings) -> float:
    return float(settings.age_seconds or rules.AGE_SECONDS_DEFAULT)


def _space(ctx: Context) -> str:
    # The same whoever asks: a queue, a topic and the reconciler name their own service in their contexts.
    return "\x00".join(("lambda/event", *ctx.scope))
