"""Change batches: what may be asked of a zone's record sets, and what they are afterwards, as pure functions.

API reference, ChangeResourceRecordSets; Route 53 Developer Guide, "Values that you specify when you create records".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.planes.dns import rdata
from fogbank.services.route53 import aliases, geography, names, rules

Shown = Mapping[str, Any]
"""A record set as the API has it, with its names as they are kept."""
CHANGES_MAX, CHARACTERS_MAX = 1000, 32_000
VALUES_MAX = 400
POLICIES: Mapping[str, str] = MappingProxyType(
    {
        "Weight": "weighted",
        "Region": "latency",
        "Failover": "failover",
        "GeoLocation": "geolocation",
        "MultiValueAnswer": "multivalue answer",
        "GeoProximityLocation": "geoproximity",
        "CidrRoutingConfig": "cidr",
    }
)
"""The member that a routing policy is told by, and its name in errors."""
_ONE_POLICY = "[Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig]"
_ONE_SOURCE = "[AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId]"
_UNROUTED = ("NS", "SOA")
_NO_ALIASES = ("NS", "SOA", "DS")


class Key(NamedTuple):
    """What a record set is known by."""

    name: str
    type: str
    identifier: str = ""


class Batch(NamedTuple):
    """A zone that is changed, and what it has at the names that the batch is about."""

    zone_id: str
    zone_name: str
    sets: dict[Key, Shown]
    at: Callable[[str], Iterable[Shown]]
    """What the zone has at any other name; for the targets of aliases."""


def key_of(shown: Shown) -> Key:
    return Key(shown["Name"], shown["Type"], shown.get("SetIdentifier", ""))


def policy_of(shown: Shown) -> str:
    """The name of a record set's routing policy; empty for simple routing."""
    return next((name for member, name in POLICIES.items() if member in shown), "")


def read(changes: Iterable[Mapping[str, Any]]) -> list[tuple[str, Shown]]:
    """Each change as (action, record set), checked by itself. Raises InvalidInput and InvalidChangeBatch."""
    found = []
    for change in changes:
        given = change["ResourceRecordSet"]
        _check_form(change["Action"], given)
        try:
            found.append((change["Action"], _kept(given)))
        except rdata.Illegal as error:
            raise invalid([f"FATAL problem: {error} encountered with '{given['Name']}'"]) from None
    _check_size(found)
    return found


def invalid(messages: Iterable[str]) -> AwsError:
    """The error that says everything that is wrong with a batch."""
    return AwsError("InvalidChangeBatch", f"[{', '.join(messages)}]")


def _check_form(action: str, given: Shown) -> None:
    where = (
        f"Change with [Action={action}, Name={given['Name']}, Type={given['Type']}, "
        f"SetIdentifier={given.get('SetIdentifier', 'null')}]"
    )
    # A false MultiValueAnswer is as good as none only where there is an identifier for it: AWS counts what is there.
    policies = [member for member in POLICIES if member in given]
    if len(policies) > 1:
        raise _malformed(f"Expected exactly one of {_ONE_POLICY}, but found more than one in {where}")
    if policies and "SetIdentifier" not in given:
        raise _malformed(f"Missing field 'SetIdentifier' in {where}")
    if not policies and "SetIdentifier" in given:
        raise _malformed(f"Expected exactly one of {_ONE_POLICY}, but found none in {where}")
    is_plain = "TTL" in given and "ResourceRecords" in given
    sources = [is_plain, "AliasTarget" in given, "TrafficPolicyInstanceId" in given]
    if not any(sources):
        raise _malformed(f"Expected exactly one of {_ONE_SOURCE}, but found none in {where}")
    if sum(sources) > 1 or ("AliasTarget" in given and ("TTL" in given or "ResourceRecords" in given)):
        raise _malformed(f"Expected exactly one of {_ONE_SOURCE}, but found more than one in {where}")
    if "GeoLocation" in given and (fault := geography.fault(given["GeoLocation"])):
        raise _malformed(f"{fault} in {where}")


def _malformed(text: str) -> AwsError:
    return AwsError("InvalidInput", f"Invalid request: {text}")


def _check_size(changes: list[tuple[str, Shown]]) -> None:
    """Each change of an UPSERT counts twice (Developer Guide, "Quotas")."""
    count, characters = 0, 0
    for action, shown in changes:
        times = 2 if action == "UPSERT" else 1
        values = [one["Value"] for one in shown.get("ResourceRecords", ())]
        count += times * max(1, len(values))
        characters += times * sum(map(len, values))
    if count > CHANGES_MAX:
        raise invalid([f"Number of records limit of {CHANGES_MAX} exceeded."])
    if characters > CHARACTERS_MAX:
        raise invalid([f"Number of characters limit of {CHARACTERS_MAX} exceeded."])


def _kept(given: Shown) -> Shown:
    shown = {**given, "Name": names.shown_name(given["Name"])}
    if "AliasTarget" in given:
        target = given["AliasTarget"]
        zone_id, name = rules.id_of(target["HostedZoneId"]), names.shown_name(target["DNSName"])
        shown["AliasTarget"] = {**target, "HostedZoneId": zone_id, "DNSName": name}
    return shown


def changed(batch: Batch, changes: Iterable[tuple[str, Shown]]) -> dict[Key, Shown]:
    """What a zone has at the names of a batch after all its changes. Raises InvalidChangeBatch, which says all faults.

    Changes follow each other, so that a CNAME may take the place of an address; what lasts is what must be right.
    """
    sets, made, faults = dict(batch.sets), set[Key](), list[str]()
    seen: dict[Key, str] = {}
    for action, shown in changes:
        key = key_of(shown)
        if key in seen and (seen[key], action) != ("DELETE", "CREATE"):
            what = f"{key.type} {key.name}"
            faults.append(f"The request contains an invalid set of changes for a resource record set '{what}'")
            continue
        seen[key] = action
        fault = _applied(batch, sets, action, shown)
        if fault:
            faults.append(fault)
        elif action != "DELETE":
            made.add(key)
    if not faults:
        faults = [fault for key in sorted(made) if key in sets for fault in _faults(batch, sets, sets[key])]
        faults += _missing(batch, sets)
    if faults:
        raise invalid(dict.fromkeys(faults))
    return sets


def _applied(batch: Batch, sets: dict[Key, Shown], action: str, shown: Shown) -> str:
    """Carry one change out; what is wrong with it, or nothing."""
    key = key_of(shown)
    identifier = f", set-identifier='{key.identifier}'" if key.identifier else ""
    name = f"resource record set [name='{key.name}', type='{key.type}'{identifier}]"
    before = sets.get(key)
    if not is_within(key.name, batch.zone_name):
        return f"RRSet with DNS name {key.name} is not permitted in zone {batch.zone_name}"
    if action == "DELETE":
        if before is None:
            return f"Tried to delete {name} but it was not found"
        if _compared(before) != _compared(shown):
            return f"Tried to delete {name} but the values provided do not match the current values"
        del sets[key]
    elif action == "CREATE" and before is not None:
        return f"Tried to create {name} but it already exists"
    else:
        sets[key] = shown
    return ""


def is_within(name: str, zone_name: str) -> bool:
    """Whether a kept name is that of a zone or below it."""
    return name == zone_name or name.endswith(f".{zone_name}")


def _compared(shown: Shown) -> dict[str, Any]:
    """A record set for comparison: the order of its values does not count."""
    values = sorted(one["Value"] for one in shown.get("ResourceRecords", ()))
    return {**shown, "ResourceRecords": values}


def _faults(batch: Batch, sets: Mapping[Key, Shown], shown: Shown) -> Iterator[str]:
    """What is wrong with a record set that a batch has made, among those that are there afterwards."""
    key = key_of(shown)
    about = f"RRSet of type {key.type} with DNS name {key.name}"
    if key.type == "CNAME" and key.name == batch.zone_name:
        yield f"{about} is not permitted at apex in zone {batch.zone_name}"
        return
    if key.type in _UNROUTED and key.identifier:
        yield f"{about} is not permitted with a routing policy in zone {batch.zone_name}"
    if key.type == "SOA" and key.name != batch.zone_name:
        yield f"{about} is not permitted in zone {batch.zone_name}: the SOA record is at the apex"
    if key.type == "DS" and key.name == batch.zone_name:
        yield f"{about} is not permitted at apex in zone {batch.zone_name}"
    yield from _conflicts(batch, sets, key, about)
    yield from _siblings(sets, shown)
    yield from _target_faults(batch, sets, shown) if "AliasTarget" in shown else _value_faults(shown)


def _conflicts(batch: Batch, sets: Mapping[Key, Shown], key: Key, about: str) -> Iterator[str]:
    others = {one.type for one in sets if one.name == key.name} - {key.type}
    if key.type == "CNAME" and others:
        yield (
            f"{about} is not permitted as it conflicts with other records with the same DNS name "
            f"in zone {batch.zone_name}"
        )
    elif "CNAME" in others:
        yield (
            f"{about} is not permitted because a conflicting RRSet of type CNAME with the same DNS name "
            f"already exists in zone {batch.zone_name}"
        )


def _siblings(sets: Mapping[Key, Shown], shown: Shown) -> Iterator[str]:
    """What is wrong between record sets of one name and one type."""
    key, policy = key_of(shown), policy_of(shown)
    others = [sets[one] for one in sets if one[:2] == key[:2] and one != key]
    about = f"RRSet with DNS name {key.name}, type {key.type}"
    if not policy:
        if others:
            yield f"{about} cannot be created as other RRSets exist with the same name and type."
        return
    about += f", SetIdentifier {key.identifier}"
    if any(policy_of(one) != policy for one in others):
        yield f"{about} cannot be created as a non-{policy} set exists with the same name and type."
        return
    ttl = shown.get("TTL")
    if policy == "weighted" and any(one.get("TTL", ttl) != ttl for one in others if ttl is not None):
        yield (
            f"RRSet with DNS name {key.name} and type {key.type}, SetIdentifier {key.identifier} "
            "cannot be created as weighted sets must contain the same TTL."
        )
    if policy in _DISTINCT and any(_DISTINCT[policy](one) == _DISTINCT[policy](shown) for one in others):
        what, word = _told(policy, shown)
        yield (
            f"{about}, and {what} cannot be created because a {policy} RRSet with the same name, type and {word} "
            "already exists."
        )


_DISTINCT: Mapping[str, Callable[[Shown], Any]] = MappingProxyType(
    {
        "latency": lambda shown: shown["Region"],
        "failover": lambda shown: shown["Failover"],
        "geolocation": lambda shown: dict(shown["GeoLocation"]),
        "cidr": lambda shown: dict(shown["CidrRoutingConfig"]),
    }
)


def _told(policy: str, shown: Shown) -> tuple[str, str]:
    if policy == "latency":
        return f"Region Name={shown['Region']}", "region"
    if policy == "failover":
        return f"Failover={shown['Failover']}", "failover"
    found = shown["GeoLocation" if policy == "geolocation" else "CidrRoutingConfig"]
    return ", ".join(f"{name}={value}" for name, value in found.items()), "location"


def _value_faults(shown: Shown) -> Iterator[str]:
    values = [one["Value"] for one in shown.get("ResourceRecords", ())]
    for value in values:
        try:
            rdata.wire(shown["Type"], value)
        except rdata.Illegal as error:
            yield f"Invalid Resource Record: 'FATAL problem: {error} encountered with '{value}''"
    for value in sorted({value for value in values if values.count(value) > 1}):
        yield f"Duplicate Resource Record: '{value}'"
    if shown["Type"] in ("CNAME", "SOA") and len(values) > 1:
        yield f"RRSet of type {shown['Type']} with DNS name {shown['Name']} may have one value only"
    if len(values) > VALUES_MAX:
        yield f"Number of values limit of {VALUES_MAX} exceeded."
    if policy_of(shown) == "multivalue answer" and len(values) > 1:
        yield f"RRSet with DNS name {shown['Name']}, type {shown['Type']}: multivalue answers have one value each"


def _target_faults(batch: Batch, sets: Mapping[Key, Shown], shown: Shown) -> Iterator[str]:
    """What is wrong with an alias: to a service, or to records of its own zone, of its type, and not itself."""
    target = shown["AliasTarget"]
    about = f"Tried to create an alias that targets {target['DNSName']}, type {shown['Type']}"
    zone = f"in zone {target['HostedZoneId']}"
    if shown["Type"] in _NO_ALIASES:
        yield f"RRSet of type {shown['Type']} with DNS name {shown['Name']} cannot be an alias"
    elif policy_of(shown) == "multivalue answer":
        yield f"RRSet with DNS name {shown['Name']}, type {shown['Type']}: multivalue answers cannot be aliases"
    elif aliases.found(target["HostedZoneId"], target["DNSName"]) is not None:
        if shown["Type"] != "A":
            yield f"{about} {zone}, but that target was not found"
    elif target["HostedZoneId"] != batch.zone_id:
        yield f"{about} {zone}, but that target was not found"
    elif not is_within(target["DNSName"], batch.zone_name):
        yield f"{about} {zone}, but the alias target name does not lie within the target zone"
    elif _is_circle(batch, sets, shown):
        yield f"{about} {zone}, but that would be a circle of aliases"
    elif not _is_there(batch, sets, target["DNSName"], shown["Type"]):
        yield f"{about} {zone}, but that target was not found"


def _is_there(batch: Batch, sets: Mapping[Key, Shown], name: str, type_: str) -> bool:
    wildcard = "\\052." + name.partition(".")[2]
    return any(one["Type"] == type_ for found in (name, wildcard) for one in _at(batch, sets, found))


def _at(batch: Batch, sets: Mapping[Key, Shown], name: str) -> Iterable[Shown]:
    """What a name has after the batch, whether that is about it or not."""
    touched = {one.name for one in (*batch.sets, *sets)}
    return [one for key, one in sets.items() if key.name == name] if name in touched else batch.at(name)


def _is_circle(batch: Batch, sets: Mapping[Key, Shown], shown: Shown) -> bool:
    """Whether the aliases that this one leads to lead back to it."""
    steps = [shown["AliasTarget"]["DNSName"]]
    # The list grows while it is walked: each name is looked at once.
    for name in steps:
        if name == shown["Name"]:
            return True
        following = (one for one in _at(batch, sets, name) if one["Type"] == shown["Type"] and "AliasTarget" in one)
        steps += {one["AliasTarget"]["DNSName"] for one in following}.difference(steps)
    return False


def _missing(batch: Batch, sets: Mapping[Key, Shown]) -> Iterator[str]:
    """The records that a zone has for as long as it lives."""
    needed = [key for key in batch.sets if key.name == batch.zone_name and key.type in _UNROUTED]
    for key in needed:
        if key not in sets:
            yield (
                "A HostedZone must contain exactly one SOA record."
                if key.type == "SOA"
                else "A HostedZone must contain at least one NS record for the zone itself."
            )
