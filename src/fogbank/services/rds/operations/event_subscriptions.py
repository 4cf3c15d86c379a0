"""Event subscriptions: topics that are told of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context, Source
from fogbank.services.rds import listing, naming, quotas, tagging
from fogbank.services.rds.happenings import CATEGORIES, SOURCES
from fogbank.services.rds.resources import EventSubscription

_LETTERS_MAX = 254
_UNSEEN = ("db-security-group", "custom-engine-version", "db-proxy", "blue-green-deployment")
"""Types whose identifiers are not looked for."""


def create_event_subscription(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = naming.identifier(req["SubscriptionName"], "SubscriptionName", _LETTERS_MAX)
    if ctx.get(EventSubscription, name) is not None:
        raise AwsError("SubscriptionAlreadyExist", f"Event Subscription already exists: {name}")
    quotas.check(ctx, "EventSubscriptions", "EventSubscriptionQuotaExceeded")
    kind, sources = req.get("SourceType", ""), req.get("SourceIds", [])
    if sources and not kind:
        text = "SourceType must be provided if SourceIds are provided."
        raise AwsError("InvalidParameterCombination", text)
    found = EventSubscription(
        name=name,
        topic_arn=_topic(ctx, name, req["SnsTopicArn"]),
        created_at=ctx.now,
        source_type=_checked_type(kind),
        source_ids=tuple(_source(ctx, kind, one) for one in dict.fromkeys(sources)),
        categories=_categories(kind, req.get("EventCategories", ())),
        is_enabled=req.get("Enabled", True),
        tags=tags.read(req.get("Tags")),
    )
    return _put(ctx, found)


def describe_event_subscriptions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    if name := req.get("SubscriptionName"):
        return {"EventSubscriptionsList": [_described(ctx, _one(ctx, name))]}
    rows = ((found.name, _described(ctx, found)) for found in ctx.scan(EventSubscription))
    return listing.page(req, "EventSubscriptionsList", rows)


def modify_event_subscription(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["SubscriptionName"])
    kind = _checked_type(req.get("SourceType", found.source_type))
    fields: dict[str, Any] = {"source_type": kind, "is_enabled": req.get("Enabled", found.is_enabled)}
    if kind != found.source_type:
        # Its sources were of another type.
        fields["source_ids"] = ()
    fields["categories"] = _categories(kind, req.get("EventCategories", found.categories))
    if arn := req.get("SnsTopicArn"):
        fields |= {"topic_arn": _topic(ctx, found.name, arn), "status": "active"}
    return _put(ctx, msgspec.structs.replace(found, **fields))


def delete_event_subscription(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["SubscriptionName"])
    ctx.delete(EventSubscription, found.name)
    return {"EventSubscription": {**_described(ctx, found), "Status": "deleting"}}


def add_source_identifier_to_subscription(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["SubscriptionName"])
    if not found.source_type:
        text = f"The event subscription {found.name} is of all source types: it has no source identifiers."
        raise AwsError("InvalidParameterCombination", text)
    source = _source(ctx, found.source_type, req["SourceIdentifier"])
    sources = tuple(dict.fromkeys((*found.source_ids, source)))
    return _put(ctx, msgspec.structs.replace(found, source_ids=sources))


def remove_source_identifier_from_subscription(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, source = _one(ctx, req["SubscriptionName"]), req["SourceIdentifier"].lower()
    if source not in found.source_ids:
        raise AwsError("SourceNotFound", f"Source not found: {req['SourceIdentifier']}")
    sources = tuple(one for one in found.source_ids if one != source)
    return _put(ctx, msgspec.structs.replace(found, source_ids=sources))


def _one(ctx: Context, name: str) -> EventSubscription:
    found = ctx.get(EventSubscription, name.lower())
    if found is None:
        raise AwsError("SubscriptionNotFound", f"Event Subscription not found: {name}")
    return found


def _put(ctx: Context, found: EventSubscription) -> dict[str, Any]:
    ctx.put(found)
    return {"EventSubscription": _described(ctx, found)}


def _checked_type(kind: str) -> str:
    if kind and kind not in CATEGORIES:
        text = f"Invalid source type: {kind}. Valid source types: {', '.join(CATEGORIES)}"
        raise AwsError("InvalidParameterValue", text)
    return kind


def _categories(kind: str, wanted: Iterable[str]) -> tuple[str, ...]:
    known = set(CATEGORIES[kind]) if kind else {name for names in CATEGORIES.values() for name in names}
    for name in wanted:
        if name not in known:
            raise AwsError("SubscriptionCategoryNotFound", f"Event category not found: {name}")
    return tuple(dict.fromkeys(wanted))


def _source(ctx: Context, kind: str, identifier: str) -> str:
    """A source's identifier. Raises SourceNotFound."""
    name = identifier.lower()
    nouns = [noun for noun, source in SOURCES.items() if source.source_type == kind]
    if kind not in _UNSEEN and not any(tagging.is_there(ctx, f"{noun}:{name}") for noun in nouns):
        raise AwsError("SourceNotFound", f"Source not found: {identifier}")
    return name


def _topic(ctx: Context, name: str, arn: str) -> str:
    """A topic that there is. Raises SNSInvalidTopic, SNSTopicArnNotFound."""
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service != "sns" or parsed.resource.endswith(".fifo"):
        raise AwsError("SNSInvalidTopic", f"Invalid SNS topic: {arn}")
    source = Source(ctx.arn(f"es:{name}"), ctx.account)
    there = ctx.as_service(source, "events.rds").at(parsed.region)
    try:
        there.call("sns", "GetTopicAttributes", TopicArn=arn)
    except AwsError as error:
        # A topic that lets us publish and no more is there all the same.
        if error.code == "NotFound":
            raise AwsError("SNSTopicArnNotFound", f"SNS topic ARN not found: {arn}") from None
    return arn


def _described(ctx: Context, found: EventSubscription) -> Mapping[str, Any]:
    made = datetime.fromtimestamp(found.created_at, UTC).isoformat(sep=" ", timespec="milliseconds")
    shown: dict[str, Any] = {
        "CustomerAwsId": ctx.account,
        "CustSubscriptionId": found.name,
        "EventSubscriptionArn": ctx.arn(f"es:{found.name}"),
        "SnsTopicArn": found.topic_arn,
        "Status": found.status,
        "SubscriptionCreationTime": made.removesuffix("+00:00"),
        "SourceIdsList": list(found.source_ids),
        "EventCategoriesList": list(found.categories),
        "Enabled": found.is_enabled,
    }
    return shown | ({"SourceType": found.source_type} if found.source_type else {})
