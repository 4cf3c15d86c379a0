"""EventBridge's resource types."""

from __future__ import annotations

from typing import Any

from fogbank.control.resource_type import Call, Change, Properties, Table, Wanted, listed, of_calls, some, tags

_BUS = ("DeadLetterConfig", "Description", "KmsKeyIdentifier")
_RULE = ("Description", "EventBusName", "EventPattern", "RoleArn", "ScheduleExpression", "State")
_GONE = ("ResourceNotFoundException",)


def _identity(answer: dict[str, Any], wanted: Wanted) -> str:
    """A rule's name, with its bus before it where that is not the default one."""
    name, bus = _name(wanted), _bus(wanted.properties)
    return name if bus == "default" else f"{bus}|{name}"


def _name(wanted: Wanted) -> str:
    return str(wanted.properties.get("Name", wanted.name))


def _bus(properties: Properties) -> str:
    # A bus may be named by its ARN.
    return str(properties.get("EventBusName", "default")).rpartition("/")[2]


def _named(identity: str) -> dict[str, str]:
    bus, bar, name = identity.rpartition("|")
    return {"Name": name, **({"EventBusName": bus} if bar else {})}


def _of_rule(identity: str) -> dict[str, str]:
    bus, bar, name = identity.rpartition("|")
    return {"Rule": name, **({"EventBusName": bus} if bar else {})}


def _targets(identity: str, before: Properties, after: Properties) -> list[Call]:
    new = list(after.get("Targets", ()))
    names = [one["Id"] for one in new]
    gone = [one["Id"] for one in before.get("Targets", ()) if one["Id"] not in names]
    calls: list[Call] = []
    if gone:
        calls.append(("RemoveTargets", {**_of_rule(identity), "Ids": gone}))
    if new:
        calls.append(("PutTargets", {**_of_rule(identity), "Targets": new}))
    return calls


def _create_rule(wanted: Wanted) -> Call:
    found = listed(tags(wanted.tags, wanted.properties.get("Tags")))
    more = {"Tags": found} if found else {}
    return "PutRule", {"Name": _name(wanted), **some(wanted.properties, *_RULE), **more}


def _update_rule(change: Change) -> list[Call]:
    put = ("PutRule", {**_named(change.id), **some(change.after, *_RULE)})
    return [put, *_targets(change.id, change.before, change.after)]


def _delete_rule(identity: str, properties: Properties) -> list[Call]:
    ids = [one["Id"] for one in properties.get("Targets", ())]
    remove: list[Call] = [("RemoveTargets", {**_of_rule(identity), "Ids": ids})] if ids else []
    return [*remove, ("DeleteRule", _named(identity))]


def _retag(change: Change, new: dict[str, str], gone: list[str]) -> list[Call]:
    arn = {"ResourceARN": change.attributes["Arn"]}
    calls: list[Call] = [("TagResource", {**arn, "Tags": listed(new)})] if new else []
    return calls + ([("UntagResource", {**arn, "TagKeys": gone})] if gone else [])


def _create_bus(wanted: Wanted) -> Call:
    found = listed(tags(wanted.tags, wanted.properties.get("Tags")))
    more = {"Tags": found} if found else {}
    return "CreateEventBus", {"Name": wanted.properties["Name"], **some(wanted.properties, *_BUS), **more}


TYPES = (
    of_calls(
        Table(
            "AWS::Events::EventBus",
            "events",
            create=_create_bus,
            identity=lambda answer, wanted: str(wanted.properties["Name"]),
            update=lambda change: [
                ("UpdateEventBus", {"Name": change.id, "Description": "", **some(change.after, *_BUS)})
            ],
            retag=_retag,
            delete=lambda name, properties: [("DeleteEventBus", {"Name": name})],
            look=lambda name: ("DescribeEventBus", {"Name": name}),
            attributes=lambda name, properties, answer: {"Arn": answer["Arn"], "Name": name},
            absent=_GONE,
            required=("Name",),
            known=frozenset((*_BUS, "Name", "Tags")),
            replaces=frozenset(("Name",)),
        )
    ),
    of_calls(
        Table(
            "AWS::Events::Rule",
            "events",
            taken=lambda wanted: ("DescribeRule", _named(_identity({}, wanted))),
            create=_create_rule,
            identity=_identity,
            afterwards=lambda identity, wanted: _targets(identity, {}, wanted.properties),
            update=_update_rule,
            retag=_retag,
            delete=_delete_rule,
            look=lambda identity: ("DescribeRule", _named(identity)),
            attributes=lambda identity, properties, answer: {"Arn": answer["Arn"]},
            absent=_GONE,
            known=frozenset((*_RULE, "Name", "Tags", "Targets")),
            replaces=frozenset(("Name", "EventBusName")),
        )
    ),
)
