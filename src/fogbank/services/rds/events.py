"""Events: kept for two weeks, told to EventBridge, and to the topics that subscribe to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context, Source
from fogbank.services.rds import tagging
from fogbank.services.rds.happenings import SOURCES, SourceKind, number
from fogbank.services.rds.resources import EventSubscription

KEPT_SECONDS = 14 * 24 * 3600.0
_KEPT_MAX = 5000
_SWEPT_MAX = 50
_PRINCIPAL = "events.rds"
_PAGE = "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html"
_STATES = {"NotFound": "topic-not-exist"}


class Happening(NamedTuple):
    """Something that happened: to which resource (the last part of its ARN, `db:shop`), of which category, in words."""

    resource: str
    category: str
    message: str

    @property
    def kind(self) -> SourceKind:
        return SOURCES[self.resource.partition(":")[0]]

    @property
    def identifier(self) -> str:
        return self.resource.partition(":")[2]


class Event(msgspec.Struct, frozen=True):
    """An event as it is kept."""

    at: float
    source_type: str
    identifier: str
    resource: str
    categories: tuple[str, ...]
    message: str


def tell(ctx: Context, what: Happening) -> None:
    """Keep an event, and have everybody told who wants to hear of it, if this transaction commits."""
    kind, number_ = what.kind, number(what.kind.source_type, what.message)
    detail = {
        "EventCategories": [what.category],
        "SourceType": kind.event_type,
        "SourceArn": ctx.arn(what.resource),
        "Date": _stamp(ctx.now, "T") + "Z",
        "Message": what.message,
        "SourceIdentifier": what.identifier,
    }
    if number_:
        detail["EventID"] = number_
    ctx.emit(kind.detail_type, detail, [ctx.arn(what.resource)])
    _keep(ctx, what)
    for found in list(ctx.scan(EventSubscription)):
        if is_wanted(found, what):
            _publish(ctx, found, what, number_)


def is_wanted(subscription: EventSubscription, what: Happening) -> bool:
    """Whether a subscription is to hear of an event."""
    if not subscription.is_enabled or subscription.source_type not in ("", what.kind.source_type):
        return False
    if subscription.source_ids and what.identifier not in subscription.source_ids:
        return False
    return not subscription.categories or what.category in subscription.categories


# Kept


def between(ctx: Context, start: float, end: float, after: str = "") -> Iterator[tuple[str, Event]]:
    """The events of a time, the oldest first, past a key."""
    space, after = ctx.space("event"), max(after, _key(start, 0))
    while found := ctx.items(space, after=after, before=_key(end, 999_999), limit=200):
        for key, item in found:
            yield key, msgspec.json.decode(item, type=Event)
        after = found[-1][0]


def _keep(ctx: Context, what: Happening) -> None:
    space, last = ctx.space("event"), ""
    for key, _ in ctx.items(space, limit=1, reverse=True):
        last = key
    key = _key(ctx.now, 1)
    if last >= key:
        # Within the same moment they stay in the order that they happened in.
        moment, _, order = last.partition("/")
        key = f"{moment}/{int(order) + 1:06d}"
    event = Event(ctx.now, what.kind.source_type, what.identifier, what.resource, (what.category,), what.message)
    ctx.put_item(space, key, msgspec.json.encode(event))
    for old, _ in ctx.items(space, before=_key(ctx.now - KEPT_SECONDS, 0), limit=_SWEPT_MAX):
        ctx.delete_item(space, old)
    if ctx.count_items(space) > _KEPT_MAX:
        for old, _ in ctx.items(space, limit=_SWEPT_MAX):
            ctx.delete_item(space, old)


def _key(at: float, order: int) -> str:
    return f"{max(at, 0.0):015.3f}/{order:06d}"


def _stamp(at: float, between_: str) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(sep=between_, timespec="milliseconds").removesuffix("+00:00")


# Told to topics


def _publish(ctx: Context, subscription: EventSubscription, what: Happening, number_: str) -> None:
    source = Source(ctx.arn(what.resource), ctx.account)
    there = ctx.as_service(source, _PRINCIPAL).at(subscription.topic_arn.split(":")[3])
    state = "active"
    try:
        there.call(
            "sns",
            "Publish",
            TopicArn=subscription.topic_arn,
            Subject="RDS Notification Message",
            Message=json.dumps(message(ctx, what, number_)),
        )
    except AwsError as error:
        state = _STATES.get(error.code, "no-permission")
    if state != subscription.status:
        ctx.put(msgspec.structs.replace(subscription, status=state))


def message(ctx: Context, what: Happening, number_: str) -> Mapping[str, object]:
    """What a topic is told (RDS User Guide, "Working with Amazon RDS event notification")."""
    anchor = f"#{number_}" if number_ else ""
    link = f"https://console.aws.amazon.com/rds/home?region={ctx.region}#{what.kind.link}:id={what.identifier}"
    found = {
        "Event Source": what.kind.source_type,
        "Event Time": _stamp(ctx.now, " "),
        "Identifier Link": link,
        "Source ID": what.identifier,
        "Source ARN": ctx.arn(what.resource),
        "Event ID": f"{_PAGE}{anchor}",
        "Event Message": what.message,
    }
    tagged = tagging.of(ctx, what.resource)
    return found | ({"Tags": tags.written(tagged)} if tagged else {})
