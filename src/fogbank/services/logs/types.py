"""CloudWatch Logs' resource types."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.fitting import fitted
from fogbank.control.resource_type import (
    Call,
    Change,
    Functions,
    Properties,
    Table,
    Wanted,
    already_exists,
    of_calls,
    of_functions,
    some,
    tags,
)

_GONE = ("ResourceNotFoundException",)


def _retention(name: str, before: Properties, after: Properties) -> list[Call]:
    days = after.get("RetentionInDays")
    if before.get("RetentionInDays") == days:
        return []
    if days is None:
        return [("DeleteRetentionPolicy", {"logGroupName": name})]
    return [("PutRetentionPolicy", {"logGroupName": name, "retentionInDays": int(days)})]


def _update(change: Change) -> list[Call]:
    return _retention(change.id, change.before, change.after)


def _subscribe(name: str, properties: Properties) -> Call:
    members = ("LogGroupName", "FilterPattern", "DestinationArn", "RoleArn", "Distribution", "ApplyOnTransformedLogs")
    given = {member[0].lower() + member[1:]: value for member, value in some(properties, *members).items()}
    return "PutSubscriptionFilter", {"filterName": name, **given}


def _call(ctx: Context, call: Call) -> dict[str, Any]:
    operation, params = call
    return ctx.call("logs", operation, **fitted("logs", operation, params))


def _subscribe_new(ctx: Context, wanted: Wanted) -> str:
    properties = wanted.properties
    name = str(properties.get("FilterName", wanted.name))
    group = {"logGroupName": properties["LogGroupName"], "filterNamePrefix": name}
    known = _call(ctx, ("DescribeSubscriptionFilters", group))["subscriptionFilters"]
    if any(one["filterName"] == name for one in known):
        raise already_exists("AWS::Logs::SubscriptionFilter", name)
    _call(ctx, _subscribe(name, properties))
    return name


def _change_subscription(ctx: Context, change: Change) -> None:
    _call(ctx, _subscribe(change.id, change.after))


def _unsubscribe(ctx: Context, name: str, properties: Properties) -> None:
    try:
        _call(ctx, ("DeleteSubscriptionFilter", {"logGroupName": properties["LogGroupName"], "filterName": name}))
    except AwsError as error:
        if error.code not in _GONE:
            raise


TYPES = (
    of_calls(
        Table(
            "AWS::Logs::LogGroup",
            "logs",
            create=lambda wanted: (
                "CreateLogGroup",
                {
                    "logGroupName": wanted.properties.get("LogGroupName", wanted.name),
                    **({"tags": found} if (found := tags(wanted.tags, wanted.properties.get("Tags"))) else {}),
                    **({"kmsKeyId": wanted.properties["KmsKeyId"]} if "KmsKeyId" in wanted.properties else {}),
                },
            ),
            identity=lambda answer, wanted: str(wanted.properties.get("LogGroupName", wanted.name)),
            afterwards=lambda name, wanted: _retention(name, {}, wanted.properties),
            update=_update,
            retag=lambda change, new, gone: [
                *([("TagLogGroup", {"logGroupName": change.id, "tags": new})] if new else ()),
                *([("UntagLogGroup", {"logGroupName": change.id, "tags": gone})] if gone else ()),
            ],
            delete=lambda name, properties: [("DeleteLogGroup", {"logGroupName": name})],
            look=lambda name: ("DescribeLogGroups", {"logGroupNamePrefix": name}),
            attributes=lambda name, properties, answer: {
                "Arn": next(one["arn"] for one in answer["logGroups"] if one["logGroupName"] == name)
            },
            present=("ResourceAlreadyExistsException",),
            absent=_GONE,
            known=frozenset(("LogGroupName", "RetentionInDays", "KmsKeyId", "Tags")),
            replaces=frozenset(("LogGroupName", "KmsKeyId")),
        )
    ),
    of_calls(
        Table(
            "AWS::Logs::LogStream",
            "logs",
            create=lambda wanted: (
                "CreateLogStream",
                {
                    "logGroupName": wanted.properties["LogGroupName"],
                    "logStreamName": wanted.properties.get("LogStreamName", wanted.name),
                },
            ),
            identity=lambda answer, wanted: str(wanted.properties.get("LogStreamName", wanted.name)),
            delete=lambda name, properties: [
                ("DeleteLogStream", {"logGroupName": properties["LogGroupName"], "logStreamName": name})
            ],
            present=("ResourceAlreadyExistsException",),
            absent=_GONE,
            required=("LogGroupName",),
            known=frozenset(("LogGroupName", "LogStreamName")),
        )
    ),
    of_functions(
        Functions(
            "AWS::Logs::SubscriptionFilter",
            create=_subscribe_new,
            update=_change_subscription,
            delete=_unsubscribe,
            required=("LogGroupName", "FilterPattern", "DestinationArn"),
            known=frozenset(
                (
                    "ApplyOnTransformedLogs",
                    "DestinationArn",
                    "Distribution",
                    "FilterName",
                    "FilterPattern",
                    "LogGroupName",
                    "RoleArn",
                )
            ),
            replaces=frozenset(("LogGroupName", "FilterName")),
        )
    ),
)
