"""Zones: found by id, changed, and compiled into what answers on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from fogbank.aws import ids
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.planes.dns import rdata
from fogbank.planes.dns.plans import Plans
from fogbank.planes.dns.routing import Choice, Place
from fogbank.planes.dns.zone import Sets, Zone
from fogbank.services.route53 import aliases, names, places, record_sets, rules, traffic, traffic_policies
from fogbank.services.route53.record_sets import Shown
from fogbank.services.route53.resources import Change, CidrCollection, DelegationSet, HostedZone, RecordSet
from fogbank.services.route53.traffic import Branch

_ID_LENGTHS: Mapping[str, int] = MappingProxyType({"Z": 19, "C": 20, "N": 14})
"""Short enough for an id to be as long as the API allows with the path that answers have before it."""
_COMPILED_MAX = 25_000
"""Names that are ready to answer, of the zones that were asked for lately; and as many of those before them."""
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Public(NamedTuple):
    """A public zone as `Compiled` finds it: of several with one name the oldest answers."""

    created_at: float
    id: str
    partition: str
    account: str


class Compiled:
    """The zones of all accounts that somebody has asked for, ready to answer, and the names of all public ones."""

    def __init__(self) -> None:
        self._young: dict[str, Zone] = {}
        self._old: dict[str, Zone] = {}
        self._room = _COMPILED_MAX
        """How many more names `_young` takes."""
        self.public: dict[str, tuple[Public, ...]] | None = None
        """By the name as a query has it, the oldest first; None until somebody asks."""
        self.plans: dict[str, Plans] = {}
        """What was made of public zones for questions that were asked, by the place where that was."""

    def ready(self, zone_id: str) -> Zone | None:
        """A zone that is compiled."""
        found = self._young.get(zone_id)
        if found is None and (found := self._old.pop(zone_id, None)) is not None:
            self.keep(zone_id, found)
        return found

    def keep(self, zone_id: str, found: Zone) -> None:
        """Have a zone be ready, for as long as it is asked for, or there is room."""
        self._room -= found.size
        if self._room < 0:
            for left in self._old.values():
                # Plans may remember it, and it will hear of no change from now on.
                left.version += 1
            self._old, self._young, self._room = self._young, {}, _COMPILED_MAX
        self._young[zone_id] = found

    def note(self, name: str, found: Public) -> None:
        """Have a public zone be found."""
        known = self.public.get(name, ()) if self.public is not None else (found,)
        if self.public is not None and found not in known:
            self.public[name] = tuple(sorted((*known, found)))
            # Names that were others', or nobody's, may be the new zone's.
            self._replan()

    def forget(self, name: str, found: Public) -> None:
        """Have a public zone be found no more."""
        left = tuple(one for one in (self.public or {}).get(name, ()) if one != found)
        if self.public is not None:
            self.public.pop(name, None)
            self.public.update({name: left} if left else {})

    def _replan(self) -> None:
        for one in self.plans.values():
            one.clear()

    def drop(self, *zone_ids: str) -> None:
        """Have zones be compiled anew when they are next asked for; all of them if none is named."""
        self._replan()
        for zone_id in zone_ids or (*self._young, *self._old):
            self._young.pop(zone_id, None)
            self._old.pop(zone_id, None)


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


def public(ctx: Context, name: str) -> tuple[Context, HostedZone] | None:
    """The public zone with the longest name at or above one (as a query has it), with a context of its owner."""
    known = ctx.held(Compiled)
    if known.public is None:
        known.public = _all_public(ctx)
    while name:
        for found in known.public.get(name, ()):
            owner = ctx.at(account=found.account) if found.partition == ctx.partition else None
            if owner is not None and (zone := owner.get(HostedZone, found.id)):
                return owner, zone
        name = name.partition(".")[2]
    return None


def _all_public(ctx: Context) -> dict[str, tuple[Public, ...]]:
    found: dict[str, tuple[Public, ...]] = {}
    for scope in ctx.scopes(HostedZone):
        for zone in ctx.transaction.scan(HostedZone, scope):
            if not zone.is_private:
                name, one = rdata.plain(zone.name), Public(zone.created_at, zone.id, *scope[:2])
                found[name] = tuple(sorted((*found[name], one))) if name in found else (one,)
    return found


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
    leads_out = any(_is_service(one.shown) for one in new.values())
    records = zone.records + len(new) - len(old)
    zone = msgspec.structs.replace(zone, records=records, has_targets=zone.has_targets or leads_out)
    ctx.put(zone)
    names = {one.shown["Name"] for one in (*old.values(), *new.values())}
    own = rdata.plain(zone.name)
    sets = {rdata.plain(name): _sets(ctx, own, at(ctx, zone.id, name)) for name in names}
    known, about = ctx.held(Compiled), _about(ctx, zone)

    def tell() -> None:
        if not zone.is_private:
            known.note(own, about)
        if (found := known.ready(zone.id)) is not None:
            for one, ready in sets.items():
                found.set(one, ready)

    ctx.after_commit(tell)
    return zone


def forget(ctx: Context, *zone_ids: str) -> None:
    """Have zones compiled anew when they are next asked for; all of them if none is named."""
    known = ctx.held(Compiled)
    ctx.after_commit(lambda: known.drop(*zone_ids))


def gone(ctx: Context, zone: HostedZone) -> None:
    """Have nothing answer for a zone any more."""
    known, about = ctx.held(Compiled), _about(ctx, zone)
    ctx.after_commit(lambda: known.forget(rdata.plain(zone.name), about))
    forget(ctx, zone.id)


def _about(ctx: Context, zone: HostedZone) -> Public:
    return Public(zone.created_at, zone.id, ctx.partition, ctx.account)


def compiled(owner: Context, zone: HostedZone) -> Zone:
    """What answers for a zone; it is made when it is first asked for, and then follows the changes."""
    known = owner.held(Compiled)
    found = known.ready(zone.id)
    if found is None:
        by_name: dict[str, list[RecordSet]] = {}
        for record in owner.scan(RecordSet, zone.id):
            by_name.setdefault(record.shown["Name"], []).append(record)
        own = rdata.plain(zone.name)
        names = {rdata.plain(name): _sets(owner, own, records) for name, records in by_name.items()}
        for records in by_name.values():
            names |= _hidden(owner, own, records)
        found = Zone(own, names)
        known.keep(zone.id, found)
    return found


def _sets(ctx: Context, zone: str, records: Iterable[RecordSet]) -> Sets:
    """The record sets of a name of a zone, whose own name is as a query has it."""
    found: dict[int, tuple[Choice, ...]] = {}
    for record in records:
        number = rdata.TYPES[record.type]
        instance_id = record.shown.get("TrafficPolicyInstanceId")
        if instance_id is None:
            found[number] = (*found.get(number, ()), _choice(ctx, record.shown))
        elif branches := traffic_policies.tree(ctx, instance_id).get(traffic.START):
            found[number] = _choices(ctx, zone, instance_id, branches)
    return found


def _hidden(ctx: Context, zone: str, records: Iterable[RecordSet]) -> dict[str, Sets]:
    """The record sets of the rules behind traffic policies, at names that nobody can ask for."""
    found: dict[str, Sets] = {}
    for record in records:
        instance_id = record.shown.get("TrafficPolicyInstanceId", "")
        tree = traffic_policies.tree(ctx, instance_id) if instance_id else {}
        for rule, branches in tree.items():
            if rule:
                sets = {rdata.TYPES[record.type]: _choices(ctx, zone, instance_id, branches)}
                found[traffic.hidden(instance_id, rule, zone)] = sets
    return found


def _choices(ctx: Context, zone: str, instance_id: str, branches: Iterable[Branch]) -> tuple[Choice, ...]:
    found = []
    for shown, rule, evaluates in branches:
        choice = _choice(ctx, shown)
        alias = traffic.hidden(instance_id, rule, zone) if rule else choice.alias
        found.append(choice._replace(alias=alias, evaluates=evaluates or choice.evaluates))
    return tuple(found)


def _is_service(shown: Shown) -> bool:
    target = shown.get("AliasTarget")
    return target is not None and aliases.found(target["HostedZoneId"], target["DNSName"]) is not None


def _choice(ctx: Context, shown: Shown) -> Choice:
    values = tuple((one["Value"], rdata.wire(shown["Type"], one["Value"])) for one in shown.get("ResourceRecords", ()))
    target = shown.get("AliasTarget")
    if target is not None and _is_service(shown):
        # A record without data stands for the addresses of a service, which follow from who asks (`aliases.resolved`).
        values, target = ((target["DNSName"], b""),), None
    return Choice(
        ttl=shown.get("TTL", aliases.TTL_SECONDS if values else 0),
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
