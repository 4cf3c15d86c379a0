"""EventBridge Scheduler's resource types."""

from __future__ import annotations

from typing import Any

from fogbank.control.resource_type import Properties, Table, Wanted, listed, of_calls, some, tags

_SCHEDULE = (
    "Description",
    "EndDate",
    "FlexibleTimeWindow",
    "GroupName",
    "KmsKeyArn",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "State",
    "Target",
)
_GONE = ("ResourceNotFoundException",)


def _name(wanted: Wanted) -> str:
    return str(wanted.properties.get("Name", wanted.name))


def _asked(name: str, properties: Properties) -> dict[str, Any]:
    return {"Name": name, **some(properties, *_SCHEDULE)}


def _schedule(name: str, properties: Properties, answer: dict[str, Any]) -> dict[str, Any]:
    group = properties.get("GroupName", "default")
    return {"Arn": next(one["Arn"] for one in answer["Schedules"] if (one["Name"], one["GroupName"]) == (name, group))}


TYPES = (
    of_calls(
        Table(
            "AWS::Scheduler::Schedule",
            "scheduler",
            create=lambda wanted: ("CreateSchedule", _asked(_name(wanted), wanted.properties)),
            identity=lambda answer, wanted: _name(wanted),
            update=lambda change: [("UpdateSchedule", _asked(change.id, change.after))],
            delete=lambda name, properties: [("DeleteSchedule", {"Name": name, **some(properties, "GroupName")})],
            look=lambda name: ("ListSchedules", {"NamePrefix": name}),
            attributes=_schedule,
            absent=_GONE,
            required=("FlexibleTimeWindow", "ScheduleExpression", "Target"),
            known=frozenset((*_SCHEDULE, "Name")),
            replaces=frozenset(("Name", "GroupName")),
        )
    ),
    of_calls(
        Table(
            "AWS::Scheduler::ScheduleGroup",
            "scheduler",
            create=lambda wanted: (
                "CreateScheduleGroup",
                {"Name": _name(wanted), "Tags": listed(tags(wanted.tags, wanted.properties.get("Tags")))},
            ),
            identity=lambda answer, wanted: _name(wanted),
            update=lambda change: (),
            retag=lambda change, new, gone: [
                *([("TagResource", {"ResourceArn": change.attributes["Arn"], "Tags": listed(new)})] if new else ()),
                *([("UntagResource", {"ResourceArn": change.attributes["Arn"], "TagKeys": gone})] if gone else ()),
            ],
            delete=lambda name, properties: [("DeleteScheduleGroup", {"Name": name})],
            look=lambda name: ("GetScheduleGroup", {"Name": name}),
            attributes=lambda name, properties, answer: some(answer, "Arn", "State"),
            gone=lambda answer: False,
            absent=_GONE,
            known=frozenset(("Name", "Tags")),
            replaces=frozenset(("Name",)),
        )
    ),
)
