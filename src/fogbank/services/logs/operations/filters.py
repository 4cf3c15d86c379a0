"""Metric filters, subscription filters and the destinations that these may name."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.logs import groups, rules, subscriptions
from fogbank.services.logs.patterns import BadPattern, compiled
from fogbank.services.logs.patterns.document import is_selector
from fogbank.services.logs.resources import MetricFilter, SubscriptionFilter, Transformation

_NAMES_MAX = 50
_BAD_TOKEN = ("InvalidParameterException", "The specified nextToken is invalid.")
_TARGETS = re.compile(r"arn:[^:]+:(kinesis|firehose|lambda|logs|es):[^:]*:\d{12}:.+")


def put_metric_filter(ctx: Context, req: dict[str, Any]) -> None:
    _, group = groups.existing(ctx, req["logGroupName"])
    if group.storage != "STANDARD":
        raise rules.invalid("Metric filters are supported for log groups of the Standard log class only.")
    _check_pattern(req["filterPattern"])
    made = tuple(_transformation(one) for one in req["metricTransformations"])
    before = ctx.get(MetricFilter, group.name, req["filterName"])
    if before is None:
        if group.metric_filters >= rules.METRIC_FILTERS_MAX:
            raise rules.limit_exceeded()
        ctx.put(msgspec.structs.replace(group, metric_filters=group.metric_filters + 1))
    ctx.put(
        MetricFilter(
            group=group.name,
            name=req["filterName"],
            pattern=req["filterPattern"],
            created_at=before.created_at if before else ctx.now,
            transformations=made,
        )
    )


def describe_metric_filters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    metric, namespace = req.get("metricName"), req.get("metricNamespace")
    if (metric is None) != (namespace is None):
        raise rules.invalid("metricName and metricNamespace must be specified together.")
    after = paging.after(req.get("nextToken"), *_BAD_TOKEN)
    start = ""
    if "logGroupName" in req:
        groups.existing(ctx, req["logGroupName"])
        start = f"{req['logGroupName']}\x00"
    prefix = req.get("filterNamePrefix", "")
    rows = (
        kept
        for kept in ctx.scan(MetricFilter, start=start, after=after)
        if kept.name.startswith(prefix)
        and (metric is None or any((one.name, one.namespace) == (metric, namespace) for one in kept.transformations))
    )
    page, token = paging.page(rows, req.get("limit", _NAMES_MAX), lambda kept: f"{kept.group}\x00{kept.name}")
    answer: dict[str, Any] = {"metricFilters": [_described(kept) for kept in page]}
    return {**answer, "nextToken": token} if token else answer


def delete_metric_filter(ctx: Context, req: dict[str, Any]) -> None:
    _, group = groups.existing(ctx, req["logGroupName"])
    if ctx.get(MetricFilter, group.name, req["filterName"]) is None:
        raise rules.missing("metric filter")
    ctx.delete(MetricFilter, group.name, req["filterName"])
    ctx.put(msgspec.structs.replace(group, metric_filters=group.metric_filters - 1))


def put_subscription_filter(ctx: Context, req: dict[str, Any]) -> None:
    _, group = groups.existing(ctx, req["logGroupName"])
    if group.storage != "STANDARD":
        raise rules.invalid("Subscription filters are supported for log groups of the Standard log class only.")
    _check_pattern(req["filterPattern"])
    _check_destination(req)
    before = ctx.get(SubscriptionFilter, group.name, req["filterName"])
    kept = SubscriptionFilter(
        group=group.name,
        name=req["filterName"],
        pattern=req["filterPattern"],
        destination=req["destinationArn"],
        created_at=before.created_at if before else ctx.now,
        distribution=req.get("distribution", "ByLogStream"),
        is_on_transformed=req.get("applyOnTransformedLogs", False),
    )
    if before is None:
        if group.subscription_filters >= rules.SUBSCRIPTION_FILTERS_MAX:
            raise rules.limit_exceeded()
        ctx.put(msgspec.structs.replace(group, subscription_filters=group.subscription_filters + 1))
    subscriptions.check(ctx, kept)
    subscriptions.forget_pause(ctx, kept)
    ctx.put(kept)


def describe_subscription_filters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _, group = groups.existing(ctx, req["logGroupName"])
    after, prefix = paging.after(req.get("nextToken"), *_BAD_TOKEN), req.get("filterNamePrefix", "")
    rows = (kept for kept in ctx.scan(SubscriptionFilter, group.name, after=after) if kept.name.startswith(prefix))
    page, token = paging.page(rows, req.get("limit", _NAMES_MAX), lambda kept: f"{kept.group}\x00{kept.name}")
    answer: dict[str, Any] = {"subscriptionFilters": [_subscribed(kept) for kept in page]}
    return {**answer, "nextToken": token} if token else answer


def delete_subscription_filter(ctx: Context, req: dict[str, Any]) -> None:
    _, group = groups.existing(ctx, req["logGroupName"])
    if ctx.get(SubscriptionFilter, group.name, req["filterName"]) is None:
        raise rules.missing("subscription filter")
    ctx.delete(SubscriptionFilter, group.name, req["filterName"])
    ctx.put(msgspec.structs.replace(group, subscription_filters=group.subscription_filters - 1))


def put_destination(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if not re.fullmatch(r"arn:[^:]+:(kinesis|firehose):[^:]+:\d{12}:(stream|deliverystream)/.+", req["targetArn"]):
        raise rules.invalid(f"Invalid target ARN: {req['targetArn']}")
    # As with subscription filters: AWS sends a test message, and there is no stream to take it.
    raise _unreachable(req["targetArn"].split(":")[2])


def put_destination_policy(ctx: Context, req: dict[str, Any]) -> None:
    raise rules.missing("destination")


def describe_destinations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"destinations": []}


def delete_destination(ctx: Context, req: dict[str, Any]) -> None:
    raise rules.missing("destination")


def _check_destination(req: dict[str, Any]) -> None:
    """Raises InvalidParameterException for a destination that is none, or that nothing here can be."""
    arn = req["destinationArn"]
    found = _TARGETS.fullmatch(arn)
    if found is None:
        raise rules.invalid(f"Invalid destinationArn: {arn}")
    vendor = found[1]
    if vendor in ("kinesis", "firehose") and not req.get("roleArn"):
        raise rules.invalid(f"destinationArn for vendor {vendor} cannot be used without roleArn")
    if vendor == "lambda" and req.get("roleArn"):
        raise rules.invalid("destinationArn for vendor lambda cannot be used with roleArn")
    if vendor == "logs":
        raise rules.missing("destination")
    if vendor != "lambda":
        raise _unreachable(vendor)
    for member in ("emitSystemFields", "fieldSelectionCriteria"):
        if req.get(member):
            raise NotImplementedByFogbank("logs", f"PutSubscriptionFilter with {member}")


def _unreachable(vendor: str) -> AwsError:
    """AWS's error for a destination that does not take its test message, and why none of this kind does."""
    kind = {"kinesis": "stream", "firehose": "Firehose stream"}.get(vendor, "destination")
    return rules.invalid(
        f"Could not deliver test message to specified {kind}. Check if the given {kind} is in ACTIVE state. "
        f"(fogbank has no {vendor}; functions can be destinations.)"
    )


def _check_pattern(text: str) -> None:
    try:
        compiled(text)
    except BadPattern as error:
        raise rules.invalid(str(error)) from None


def _transformation(one: dict[str, Any]) -> Transformation:
    value = one["metricValue"]
    is_name = re.fullmatch(r"\$[\w-]+", value) or is_selector(value)
    if not is_name and not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", value):
        raise rules.invalid(f"Invalid metric transformation: metricValue '{value}' is no number and no selector.")
    if one["metricNamespace"].startswith("AWS/"):
        raise rules.invalid("Invalid metric transformation: a namespace must not begin with AWS/.")
    rules.check_dimensions(one.get("dimensions", ()), one.get("defaultValue"))
    return Transformation(
        one["metricName"],
        one["metricNamespace"],
        value,
        one.get("defaultValue"),
        one.get("dimensions", {}),
        one.get("unit", ""),
    )


def _described(kept: MetricFilter) -> dict[str, Any]:
    told = []
    for one in kept.transformations:
        made: dict[str, Any] = {
            "metricName": one.name,
            "metricNamespace": one.namespace,
            "metricValue": one.value,
            "unit": one.unit or "None",
        }
        if one.default is not None:
            made["defaultValue"] = one.default
        if one.dimensions:
            made["dimensions"] = dict(one.dimensions)
        told.append(made)
    return {
        "filterName": kept.name,
        "filterPattern": kept.pattern,
        "metricTransformations": told,
        "creationTime": int(kept.created_at * 1000),
        "logGroupName": kept.group,
    }


def _subscribed(kept: SubscriptionFilter) -> dict[str, Any]:
    return {
        "filterName": kept.name,
        "logGroupName": kept.group,
        "filterPattern": kept.pattern,
        "destinationArn": kept.destination,
        "distribution": kept.distribution,
        "applyOnTransformedLogs": kept.is_on_transformed,
        "creationTime": int(kept.created_at * 1000),
    }
