"""Tags of every kind of resource (EC2 API Reference, "CreateTags", "DeleteTags", "DescribeTags")."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.filters import matching
from fogbank.control.context import Context
from fogbank.services.ec2 import tagging
from fogbank.services.ec2.catalog import NOUNS, one, prefix_of
from fogbank.services.ec2.listing import limit_of, paged
from fogbank.services.ec2.resources import SecurityGroup, Subnet

_FILTERS = {"key": "Key", "resource-id": "ResourceId", "resource-type": "ResourceType", "value": "Value"}
_RESOURCES_MAX = 1000
_SHOWN = ("ResourceId", "ResourceType", "Key", "Value")
_UNTAGGED = ("eni-perm",)

Change = Callable[[Mapping[str, str]], dict[str, str]]


def create_tags(ctx: Context, req: dict[str, Any]) -> None:
    _each(ctx, req["Resources"], lambda before: tagging.checked(req["Tags"], before))


def delete_tags(ctx: Context, req: dict[str, Any]) -> None:
    given = req.get("Tags")

    def left(before: Mapping[str, str]) -> dict[str, str]:
        if not given:
            # Without tags, all go but those that AWS made itself.
            return {key: value for key, value in before.items() if key.lower().startswith("aws:")}
        return {key: value for key, value in before.items() if not _names(given, key, value)}

    if given:
        tagging.checked([{"Key": tag.get("Key", "")} for tag in given])
    _each(ctx, req["Resources"], left)


def describe_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    limit = limit_of(req)
    rows = [
        {
            "Row": f"{resource_id} {key}",
            "Tags": [{"Key": key, "Value": found[key]}],
            "ResourceId": resource_id,
            "ResourceType": type_,
            "Key": key,
            "Value": found[key],
        }
        for resource_id, type_, found in sorted(_tagged(ctx), key=lambda row: row[0])
        for key in sorted(found)
    ]
    answer = paged(req, "Tags", matching(rows, req.get("Filters"), _FILTERS), "Row", limit)
    return {**answer, "Tags": [{member: row[member] for member in _SHOWN} for row in answer["Tags"]]}


def _names(given: Sequence[Mapping[str, str]], key: str, value: str) -> bool:
    """Whether a list of tags names this one: by its key, and by its value where it gives one."""
    return any(tag.get("Key") == key and tag.get("Value", value) == value for tag in given)


def _each(ctx: Context, resources: Sequence[str], change: Change) -> None:
    if len(resources) > _RESOURCES_MAX:
        text = f"The maximum number of resources in a request is {_RESOURCES_MAX}."
        raise AwsError("InvalidParameterValue", text)
    for resource_id in resources:
        _changed(ctx, resource_id, change)


def _changed(ctx: Context, resource_id: str, change: Change) -> None:
    prefix = prefix_of(resource_id)
    if prefix == "sgr":
        _rule_changed(ctx, resource_id, change)
    elif prefix == "scr":
        _reservation_changed(ctx, resource_id, change)
    elif prefix in NOUNS and prefix not in _UNTAGGED:
        record = one(ctx, NOUNS[prefix].record, resource_id)
        ctx.put(msgspec.structs.replace(record, tags=change(record.tags)))  # type: ignore[attr-defined]
    else:
        raise AwsError("InvalidID", f"The ID '{resource_id}' is not valid")


def _rule_changed(ctx: Context, rule_id: str, change: Change) -> None:
    for group in ctx.find(SecurityGroup, "by_rule", rule_id):
        changed = tuple(
            msgspec.structs.replace(rule, tags=change(rule.tags)) if rule.id == rule_id else rule
            for rule in group.rules
        )
        ctx.put(msgspec.structs.replace(group, rules=changed))
        return
    text = f"The security group rule ID '{rule_id}' does not exist"
    raise AwsError("InvalidSecurityGroupRuleId.NotFound", text)


def _reservation_changed(ctx: Context, reservation_id: str, change: Change) -> None:
    for subnet in ctx.scan(Subnet):
        if any(one.id == reservation_id for one in subnet.reservations):
            changed = tuple(
                msgspec.structs.replace(one, tags=change(one.tags)) if one.id == reservation_id else one
                for one in subnet.reservations
            )
            ctx.put(msgspec.structs.replace(subnet, reservations=changed))
            return
    text = f"The subnet CIDR reservation ID '{reservation_id}' does not exist"
    raise AwsError("InvalidSubnetCidrReservationID.NotFound", text)


def _tagged(ctx: Context) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """(id, type, tags) of everything that may have tags."""
    for prefix, noun in NOUNS.items():
        if prefix in _UNTAGGED:
            continue
        for record in ctx.scan(noun.record):
            yield record.id, noun.type, record.tags  # type: ignore[attr-defined]
    for group in ctx.scan(SecurityGroup):
        yield from ((rule.id, "security-group-rule", rule.tags) for rule in group.rules)
    for subnet in ctx.scan(Subnet):
        yield from ((one.id, "subnet-cidr-reservation", one.tags) for one in subnet.reservations)
