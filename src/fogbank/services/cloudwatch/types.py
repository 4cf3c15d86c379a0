"""CloudWatch's resource types."""

from __future__ import annotations

from typing import Any

from fogbank.control.resource_type import Call, Change, Properties, Table, Wanted, listed, of_calls, some, tags

_ACTIONS = ("ActionsEnabled", "AlarmActions", "AlarmDescription", "InsufficientDataActions", "OKActions")
_ALARM = (
    *_ACTIONS,
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "MetricName",
    "Metrics",
    "Namespace",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
)
_COMPOSITE = (
    *_ACTIONS,
    "ActionsSuppressor",
    "ActionsSuppressorExtensionPeriod",
    "ActionsSuppressorWaitPeriod",
    "AlarmRule",
)
_BOTH = ["MetricAlarm", "CompositeAlarm"]


def _name(wanted: Wanted) -> str:
    return str(wanted.properties.get("AlarmName", wanted.name))


def _put(operation: str, name: str, properties: Properties, found: dict[str, str] | None = None) -> Call:
    names = _ALARM if operation == "PutMetricAlarm" else _COMPOSITE
    more = {"Tags": listed(found)} if found else {}
    return operation, {"AlarmName": name, **some(properties, *names), **more}


def _retag(change: Change, new: dict[str, str], gone: list[str]) -> list[Call]:
    arn = {"ResourceARN": change.attributes["Arn"]}
    calls: list[Call] = [("TagResource", {**arn, "Tags": listed(new)})] if new else []
    return calls + ([("UntagResource", {**arn, "TagKeys": gone})] if gone else [])


def _arn(name: str, properties: Properties, answer: dict[str, Any]) -> dict[str, Any]:
    found = [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]
    return {"Arn": next(one["AlarmArn"] for one in found if one["AlarmName"] == name)}


def _alarm(name: str, operation: str, known: tuple[str, ...], required: tuple[str, ...]) -> Table:
    return Table(
        name,
        "cloudwatch",
        taken=lambda wanted: ("DescribeAlarms", {"AlarmNames": [_name(wanted)], "AlarmTypes": _BOTH}),
        create=lambda wanted: _put(
            operation, _name(wanted), wanted.properties, tags(wanted.tags, wanted.properties.get("Tags"))
        ),
        identity=lambda answer, wanted: _name(wanted),
        update=lambda change: [_put(operation, change.id, change.after)],
        retag=_retag,
        delete=lambda name, properties: [("DeleteAlarms", {"AlarmNames": [name]})],
        look=lambda name: ("DescribeAlarms", {"AlarmNames": [name], "AlarmTypes": _BOTH}),
        attributes=_arn,
        absent=("ResourceNotFound", "ResourceNotFoundException"),
        required=required,
        known=frozenset((*known, "AlarmName", "Tags")),
        replaces=frozenset(("AlarmName",)),
    )


TYPES = (
    of_calls(_alarm("AWS::CloudWatch::Alarm", "PutMetricAlarm", _ALARM, ("ComparisonOperator", "EvaluationPeriods"))),
    of_calls(_alarm("AWS::CloudWatch::CompositeAlarm", "PutCompositeAlarm", _COMPOSITE, ("AlarmRule",))),
    of_calls(
        Table(
            "AWS::CloudWatch::Dashboard",
            "cloudwatch",
            taken=lambda wanted: (
                "GetDashboard",
                {"DashboardName": wanted.properties.get("DashboardName", wanted.name)},
            ),
            create=lambda wanted: (
                "PutDashboard",
                {
                    "DashboardName": wanted.properties.get("DashboardName", wanted.name),
                    **some(wanted.properties, "DashboardBody"),
                },
            ),
            identity=lambda answer, wanted: str(wanted.properties.get("DashboardName", wanted.name)),
            update=lambda change: [
                ("PutDashboard", {"DashboardName": change.id, **some(change.after, "DashboardBody")})
            ],
            delete=lambda name, properties: [("DeleteDashboards", {"DashboardNames": [name]})],
            absent=("ResourceNotFound", "DashboardNotFoundError", "ResourceNotFoundException"),
            required=("DashboardBody",),
            known=frozenset(("DashboardName", "DashboardBody")),
            replaces=frozenset(("DashboardName",)),
        )
    ),
)
