"""Events: what has happened, and which kinds of it there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import events, listing
from fogbank.services.rds.events import Event
from fogbank.services.rds.happenings import CATEGORIES

_MINUTES = 60


def describe_events(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    start, end = _times(ctx, req)
    kind, identifier = req.get("SourceType", ""), req.get("SourceIdentifier", "").lower()
    if identifier and not kind:
        text = "SourceType must be provided if SourceIdentifier is provided."
        raise AwsError("InvalidParameterCombination", text)
    if kind:
        _checked_type(kind)
    categories = set(req.get("EventCategories", ()))
    found = (
        (key, event)
        for key, event in events.between(ctx, start, end, listing.after(req))
        if kind in ("", event.source_type)
        and identifier in ("", event.identifier)
        and (not categories or categories & set(event.categories))
    )
    page, marker = paging.page(found, listing.rows_max(req), lambda row: row[0])
    return {"Events": [_described(ctx, event) for _, event in page]} | ({"Marker": marker} if marker else {})


def describe_event_categories(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    wanted = req.get("SourceType", "")
    kinds = [_checked_type(wanted)] if wanted else list(CATEGORIES)
    return {
        "EventCategoriesMapList": [{"SourceType": kind, "EventCategories": list(CATEGORIES[kind])} for kind in kinds]
    }


def _times(ctx: Context, req: Mapping[str, Any]) -> tuple[float, float]:
    duration = req.get("Duration", 0) * 60.0
    start, end = req.get("StartTime"), req.get("EndTime")
    if start is not None and end is not None and start > end:
        raise AwsError("InvalidParameterCombination", "EndTime must be later than StartTime.")
    if start is not None:
        return float(start), float(end) if end is not None else (start + duration if duration else ctx.now)
    last = float(end) if end is not None else ctx.now
    return max(last - (duration or _MINUTES * 60.0), ctx.now - events.KEPT_SECONDS), last


def _described(ctx: Context, event: Event) -> dict[str, Any]:
    return {
        "SourceIdentifier": event.identifier,
        "SourceType": event.source_type,
        "SourceArn": ctx.arn(event.resource),
        "EventCategories": list(event.categories),
        "Message": event.message,
        "Date": event.at,
    }


def _checked_type(kind: str) -> str:
    """A type that events are of. Raises InvalidParameterValue."""
    if kind not in CATEGORIES:
        text = f"Invalid source type: {kind}. Valid source types: {', '.join(CATEGORIES)}"
        raise AwsError("InvalidParameterValue", text)
    return kind
