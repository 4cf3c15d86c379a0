"""Route 53's resource types."""

from __future__ import annotations

from collections.abc import Iterable
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
    listed,
    of_calls,
    of_functions,
    some,
    tags,
)

_RECORD = (
    "AliasTarget",
    "CidrRoutingConfig",
    "Failover",
    "GeoLocation",
    "GeoProximityLocation",
    "HealthCheckId",
    "MultiValueAnswer",
    "Name",
    "Region",
    "SetIdentifier",
    "TTL",
    "Type",
    "Weight",
)
_FIXED = ("Type", "RequestInterval", "MeasureLatency", "Regions")
_GONE = ("NoSuchHostedZone", "NoSuchHealthCheck", "InvalidChangeBatch")


def _set(properties: Properties) -> dict[str, Any]:
    """A record set as Route 53 takes it."""
    found: dict[str, Any] = some(properties, *_RECORD)
    if "AliasTarget" in found:
        found["AliasTarget"] = {"EvaluateTargetHealth": False, **found["AliasTarget"]}
    if "ResourceRecords" in properties:
        found["ResourceRecords"] = [{"Value": str(one)} for one in properties["ResourceRecords"]]
    return found


def _zone(ctx: Context, properties: Properties) -> str:
    """The zone of records, by its id or its name. Raises ValidationError."""
    if "HostedZoneId" in properties:
        return str(properties["HostedZoneId"])
    name = str(properties.get("HostedZoneName", ""))
    zones = ctx.call("route53", "ListHostedZonesByName", DNSName=name)["HostedZones"]
    found = [one["Id"].rpartition("/")[2] for one in zones if one["Name"].rstrip(".") == name.rstrip(".")]
    if len(found) != 1:
        raise AwsError("ValidationError", f"Could not find one hosted zone of the name {name}.")
    return str(found[0])


def _changed(ctx: Context, zone: str, gone: Iterable[Properties], new: Iterable[Properties]) -> None:
    """Have records go and others come, in one batch."""
    changes = [{"Action": "DELETE", "ResourceRecordSet": _set(one)} for one in gone]
    changes += [{"Action": "CREATE", "ResourceRecordSet": _set(one)} for one in new]
    if changes:
        asked = {"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}}
        ctx.call("route53", "ChangeResourceRecordSets", **fitted("route53", "ChangeResourceRecordSets", asked))


def _sets(properties: Properties) -> list[Any]:
    return list(properties["RecordSets"]) if "RecordSets" in properties else [properties]


def _create_records(ctx: Context, wanted: Wanted) -> str:
    properties = wanted.properties
    _changed(ctx, _zone(ctx, properties), (), _sets(properties))
    return str(properties.get("Name", wanted.name))


def _update_records(ctx: Context, change: Change) -> None:
    old, new = _sets(change.before), _sets(change.after)
    gone = [one for one in old if one not in new]
    _changed(ctx, _zone(ctx, change.after), gone, [one for one in new if one not in old])


def _delete_records(ctx: Context, identity: str, properties: Properties) -> None:
    try:
        _changed(ctx, _zone(ctx, properties), _sets(properties), ())
    except AwsError as error:
        if error.code not in _GONE:
            raise


def _create_zone(wanted: Wanted) -> Call:
    properties = wanted.properties
    config = dict(properties.get("HostedZoneConfig", {}))
    vpcs = properties.get("VPCs", [])
    first = {"VPC": vpcs[0]} if vpcs else {}
    if vpcs:
        config["PrivateZone"] = True
    more = {"HostedZoneConfig": config} if config else {}
    return "CreateHostedZone", {"Name": properties["Name"], "CallerReference": wanted.token, **first, **more}


def _vpcs(zone: str, before: list[Any], after: list[Any]) -> list[Call]:
    calls: list[Call] = [
        ("AssociateVPCWithHostedZone", {"HostedZoneId": zone, "VPC": one}) for one in after if one not in before
    ]
    return calls + [
        ("DisassociateVPCFromHostedZone", {"HostedZoneId": zone, "VPC": one}) for one in before if one not in after
    ]


def _tagged(kind: str, identity: str, new: dict[str, str], gone: Iterable[str] = ()) -> list[Call]:
    given: dict[str, Any] = {"AddTags": listed(new)} if new else {}
    given |= {"RemoveTagKeys": list(gone)} if gone else {}
    return [("ChangeTagsForResource", {"ResourceType": kind, "ResourceId": identity, **given})] if given else []


def _after_zone(zone: str, wanted: Wanted) -> list[Call]:
    properties = wanted.properties
    calls = _vpcs(zone, properties.get("VPCs", [])[:1], properties.get("VPCs", []))
    return calls + _tagged("hostedzone", zone, tags(wanted.tags, properties.get("HostedZoneTags")))


def _update_zone(change: Change) -> list[Call]:
    comment = change.after.get("HostedZoneConfig", {}).get("Comment", "")
    calls = _vpcs(change.id, change.before.get("VPCs", []), change.after.get("VPCs", []))
    if comment != change.before.get("HostedZoneConfig", {}).get("Comment", ""):
        calls.append(("UpdateHostedZoneComment", {"Id": change.id, "Comment": comment}))
    return calls


def _update_check(change: Change) -> list[Call]:
    config = {name: value for name, value in change.after["HealthCheckConfig"].items() if name not in _FIXED}
    return [("UpdateHealthCheck", {"HealthCheckId": change.id, **config})]


def _is_other_check(before: Properties, after: Properties) -> bool:
    old, new = before["HealthCheckConfig"], after["HealthCheckConfig"]
    return any(str(old.get(name)) != str(new.get(name)) for name in _FIXED)


TYPES = (
    of_calls(
        Table(
            "AWS::Route53::HostedZone",
            "route53",
            create=_create_zone,
            identity=lambda answer, wanted: str(answer["HostedZone"]["Id"].rpartition("/")[2]),
            afterwards=_after_zone,
            update=_update_zone,
            retag=lambda change, new, gone: _tagged("hostedzone", change.id, new, gone),
            tags_property="HostedZoneTags",
            delete=lambda zone, properties: [("DeleteHostedZone", {"Id": zone})],
            look=lambda zone: ("GetHostedZone", {"Id": zone}),
            attributes=lambda zone, properties, answer: {
                "Id": zone,
                "NameServers": answer.get("DelegationSet", {}).get("NameServers", []),
            },
            absent=_GONE,
            required=("Name",),
            known=frozenset(("Name", "HostedZoneConfig", "HostedZoneTags", "VPCs")),
            replaces=frozenset(("Name",)),
        )
    ),
    of_functions(
        Functions(
            "AWS::Route53::RecordSet",
            create=_create_records,
            update=_update_records,
            delete=_delete_records,
            required=("Name", "Type"),
            known=frozenset((*_RECORD, "ResourceRecords", "HostedZoneId", "HostedZoneName", "Comment")),
            replaces=frozenset(("Name", "HostedZoneId", "HostedZoneName")),
        )
    ),
    of_functions(
        Functions(
            "AWS::Route53::RecordSetGroup",
            create=_create_records,
            update=_update_records,
            delete=_delete_records,
            required=("RecordSets",),
            known=frozenset(("RecordSets", "HostedZoneId", "HostedZoneName", "Comment")),
            replaces=frozenset(("HostedZoneId", "HostedZoneName")),
        )
    ),
    of_calls(
        Table(
            "AWS::Route53::HealthCheck",
            "route53",
            create=lambda wanted: (
                "CreateHealthCheck",
                {"CallerReference": wanted.token, **some(wanted.properties, "HealthCheckConfig")},
            ),
            identity=lambda answer, wanted: str(answer["HealthCheck"]["Id"]),
            afterwards=lambda check, wanted: _tagged(
                "healthcheck", check, tags(wanted.tags, wanted.properties.get("HealthCheckTags"))
            ),
            update=_update_check,
            retag=lambda change, new, gone: _tagged("healthcheck", change.id, new, gone),
            tags_property="HealthCheckTags",
            delete=lambda check, properties: [("DeleteHealthCheck", {"HealthCheckId": check})],
            attributes=lambda check, properties, answer: {"HealthCheckId": check},
            absent=_GONE,
            required=("HealthCheckConfig",),
            known=frozenset(("HealthCheckConfig", "HealthCheckTags")),
            replaced=_is_other_check,
        )
    ),
)
