"""Zones: found by id, changed, and compiled into what answers on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from types import MappingProxyType
from typing import Any

import msgspec

from fogbank.aws import ids
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.planes.dns import rdata
from fogbank.planes.dns.routing import Choice, Place
from fogbank.planes.dns.zone import Sets, Zone
from fogbank.services.route53 import names, places, record_sets, rules
from fogbank.services.route53.record_sets import Shown
from fogbank.services.route53.resources import Change, CidrCollection, DelegationSet, HostedZone, RecordSet

_ID_LENGTHS: Mapping[str, int] = MappingProxyType({"Z": 19, "C": 20, "N": 14})
"""Short enough for an id to be as long as the API allows with the path that answers have before it."""
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Compiled:
    """The zones of all accounts that somebody has asked for, ready to answer."""

    def __init__(self) -> None:
        self.by_id: dict[str, Zone] = {}


def one(ctx: Context, given: str) -> HostedZone:
    """A zone of this account. Raises NoSuchHostedZone."""
    zone_id = rules.id_of(given)
    found = ctx.get(HostedZone, zone_id)
    if found is None:
        raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {zone_id}")
    return found


def everywhere(ctx: Context, index: str, value: str) -> Iterator[tuple[Context, HostedZone]]:
    """The zones of all accounts that an index has, each with a context of its owner."""
    for scope in ctx.scopes(HostedZone):
        owner = ctx.at(account=scope.account)
        for found in owner.find(HostedZone, index, value):
            yield owner, found


def owner_of(ctx: Context, zone_id: str) -> tuple[Context, HostedZone]:
    """A zone of any account, with a context of its owner. Raises NoSuchHostedZone."""
    for scope in ctx.scopes(HostedZone):
        owner = ctx.at(account=scope.account)
        if found := owner.get(HostedZone, rules.id_of(zone_id)):
            return owner, found
    raise AwsError("NoSuchHostedZone", f"No hosted zone found with ID: {rules.id_of(zone_id)}")


def new_id(ctx: Context, letter: str) -> str:
    """An id that begins with a letter: Z for zones, C for changes, N for delegation sets."""
    return letter + ids.letters(ctx.random, _ID_LENGTHS[letter], _ALPHABET)


def noted(ctx: Context, comment: str = "") -> dict[str, Any]:
    """Remember a change; the ChangeInfo that its answer has."""
    change = Change(id=new_id(ctx, "C"), submitted_at=ctx.now, comment=comment)
    ctx.put(change)
    return change_info(change, "PENDING")


def change_info(change: Change, status: str) -> dict[str, Any]:
    info = {"Id": f"/change/{change.id}", "Status": status, "SubmittedAt": change.submitted_at}
    return {**info, "Comment": change.comment} if change.comment else info


def new_servers(ctx: Context) -> tuple[str, ...]:
    """Name servers of which no zone of any account has more than two."""
    while True:
        found = rules.servers(int(ctx.random.random() * rules.SHARDS))
        if not _is_taken(ctx, found):
            return found


def _is_taken(ctx: Context, servers: tuple[str, ...]) -> bool:
    taken = any(True for _ in everywhere(ctx, "by_shard", " ".join(servers)))
    for scope in ctx.scopes(DelegationSet):
        taken = taken or any(one.servers == servers for one in ctx.at(account=scope.account).scan(DelegationSet))
    return taken


def first_records(zone: HostedZone) -> list[Shown]:
    """The NS and SOA records that a zone begins with."""
    servers = [{"Value": f"{name}."} for name in zone.servers]
    soa = f"{zone.servers[0]}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"
    return [
        {"Name": zone.name, "Type": "NS", "TTL": 172_800, "ResourceRecords": servers},
        {"Name": zone.name, "Type": "SOA", "TTL": 900, "ResourceRecords": [{"Value": soa}]},
    ]


def record_of(zone_id: str, shown: Shown) -> RecordSet:
    identifier = shown.get("SetIdentifier", "")
    return RecordSet(
        zone_id=zone_id, order=names.order(shown["Name"]), type=shown["Type"], identifier=identifier, shown=shown
    )


def at(ctx: Context, zone_id: str, name: str) -> list[RecordSet]:
    """A zone's record sets of a name as it is kept."""
    return list(ctx.scan(RecordSet, zone_id, names.order(name)))


def write(ctx: Context, zone: HostedZone, before: Iterable[RecordSet], after: Iterable[RecordSet]) -> HostedZone:
    """Put record sets in the place of others, in the records and, once that is committed, on the wire."""
    old = {(one.order, one.type, one.identifier): one for one in before}
    new = {(one.order, one.type, one.identifier): one for one in after}
    for key in old.keys() - new.keys():
        ctx.delete(RecordSet, zone.id, *key)
    for key, record in new.items():
        if record != old.get(key):
            ctx.put(record)
    zone = msgspec.structs.replace(zone, records=zone.records + len(new) - len(old))
    ctx.put(zone)
    names = {one.shown["Name"] for one in (*old.values(), *new.values())}
    sets = {rdata.plain(name): _sets(ctx, at(ctx, zone.id, name)) for name in names}
    known = ctx.held(Compiled)

    def tell() -> None:
        if found := known.by_id.get(zone.id):
            for name, ready in sets.items():
                found.set(name, ready)

    ctx.after_commit(tell)
    return zone


def forget(ctx: Context, *zone_ids: str) -> None:
    """Have zones compiled anew when they are next asked for; all of them if none is named."""
    known = ctx.held(Compiled)

    def drop() -> None:
        for zone_id in zone_ids or list(known.by_id):
            known.by_id.pop(zone_id, None)

    ctx.after_commit(drop)


def compiled(owner: Context, zone: HostedZone) -> Zone:
    """What answers for a zone; it is made when it is first asked for, and then follows the changes."""
    known = owner.held(Compiled)
    found = known.by_id.get(zone.id)
    if found is None:
        by_name: dict[str, list[RecordSet]] = {}
        for record in owner.scan(RecordSet, zone.id):
            by_name.setdefault(record.shown["Name"], []).append(record)
        names = {rdata.plain(name): _sets(owner, records) for name, records in by_name.items()}
        found = known.by_id[zone.id] = Zone(rdata.plain(zone.name), names)
    return found


def _sets(ctx: Context, records: Iterable[RecordSet]) -> Sets:
    found: dict[int, tuple[Choice, ...]] = {}
    for record in records:
        number = rdata.TYPES[record.type]
        found[number] = (*found.get(number, ()), _choice(ctx, record.shown))
    return found


def _choice(ctx: Context, shown: Shown) -> Choice:
    values = tuple((one["Value"], rdata.wire(shown["Type"], one["Value"])) for one in shown.get("ResourceRecords", ()))
    target = shown.get("AliasTarget")
    return Choice(
        ttl=shown.get("TTL", 0),
        values=values,
        alias=rdata.plain(target["DNSName"]) if target else "",
        evaluates=bool(target and target["EvaluateTargetHealth"]),
        check=shown.get("HealthCheckId", ""),
        **_routing(ctx, shown),
    )


def _routing(ctx: Context, shown: Shown) -> dict[str, Any]:
    policy = record_sets.policy_of(shown)
    if policy == "weighted":
        return {"policy": policy, "weight": shown["Weight"]}
    if policy == "latency":
        return {"policy": policy, "region": shown["Region"]}
    if policy == "failover":
        return {"policy": policy, "is_primary": shown["Failover"] == "PRIMARY"}
    if policy == "geolocation":
        found = shown["GeoLocation"]
        place = Place(found.get("ContinentCode", ""), found.get("CountryCode", ""), found.get("SubdivisionCode", ""))
        return {"policy": policy, "place": place}
    if policy == "geoproximity":
        return {"policy": policy, **_location(shown["GeoProximityLocation"])}
    if policy == "cidr":
        return {"policy": policy, "networks": _networks(ctx, shown["CidrRoutingConfig"])}
    return {"policy": "multivalue"} if policy else {}


def _location(given: Mapping[str, Any]) -> dict[str, Any]:
    bias = given.get("Bias", 0)
    if "Coordinates" in given:
        where = given["Coordinates"]
        return {"bias": bias, "coordinates": (float(where["Latitude"]), float(where["Longitude"]))}
    group = given.get("AWSRegion") or given.get("LocalZoneGroup", "")
    region = next((name for name in places.REGIONS if group == name or group.startswith(f"{name}-")), "")
    spot = places.REGIONS.get(region)
    return {"bias": bias, "coordinates": (spot.latitude, spot.longitude) if spot else (0.0, 0.0)}


def _networks(ctx: Context, given: Mapping[str, Any]) -> tuple[Any, ...]:
    found = ctx.get(CidrCollection, given["CollectionId"])
    return tuple(map(ip_network, found.locations.get(given["LocationName"], ()))) if found is not None else ()
