"""Record sets: change batches, listings, and what a name server would say."""

from __future__ import annotations

from ipaddress import ip_address
from itertools import islice
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.planes.dns import message, rdata
from fogbank.planes.dns.message import Query, Subnet
from fogbank.services.route53 import answers, health_checks, latency, names, protections, record_sets, rules, zones
from fogbank.services.route53.record_sets import Batch, Shown, key_of
from fogbank.services.route53.resources import CidrCollection, RecordSet

_PAGE_MAX = 300
_CODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")


def change_resource_record_sets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone = zones.one(ctx, req["HostedZoneId"])
    changes = record_sets.read(req["ChangeBatch"]["Changes"])
    for action, shown in changes:
        if action != "DELETE":
            _check_known(ctx, shown)
    protections.check(ctx, zone.id, [key_of(shown) for _, shown in changes])
    names = {key_of(shown).name for _, shown in changes}
    before = [one for name in names for one in zones.at(ctx, zone.id, name)]
    known = {key_of(one.shown): one.shown for one in before}
    batch = Batch(zone.id, zone.name, known, lambda name: [one.shown for one in zones.at(ctx, zone.id, name)])
    after = record_sets.changed(batch, changes)
    if zone.records + len(after) - len(before) > rules.RECORDS_MAX:
        text = f"Number of records limit of {rules.RECORDS_MAX} exceeded for hosted zone {zone.id}."
        raise record_sets.invalid([text])
    latency.wanted(ctx, (one["Region"] for one in after.values() if "Region" in one))
    zones.write(ctx, zone, before, [zones.record_of(zone.id, one) for one in after.values()])
    return {"ChangeInfo": zones.noted(ctx, req["ChangeBatch"].get("Comment", ""))}


def list_resource_record_sets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone, most = zones.one(ctx, req["HostedZoneId"]), rules.limit(req, most=_PAGE_MAX)
    after = rules.before(_start(zone.id, req))
    found = [one.shown for one in islice(ctx.scan(RecordSet, zone.id, after=after), most + 1)]
    page: dict[str, Any] = {"ResourceRecordSets": found[:most], "IsTruncated": len(found) > most, "MaxItems": str(most)}
    if len(found) > most:
        following = key_of(found[most])
        page |= {"NextRecordName": following.name, "NextRecordType": following.type}
        page |= {"NextRecordIdentifier": following.identifier} if following.identifier else {}
    return page


def test_dns_answer(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """Asks the zone that answers on the wire."""
    zone = zones.one(ctx, req["HostedZoneId"])
    if zone.is_private:
        raise AwsError("InvalidInput", "TestDNSAnswer supports only public hosted zones.")
    if "EDNS0ClientSubnetIP" in req and "ResolverIP" not in req:
        raise AwsError("InvalidInput", "If you specify EDNS0ClientSubnetIP, you must also specify ResolverIP.")
    try:
        name, subnet = rdata.plain(req["RecordName"]), _subnet(req)
        address = str(ip_address(req.get("ResolverIP", "127.0.0.1")))
    except ValueError:
        raise AwsError("InvalidInput", "The name or the address that was given is not valid.") from None
    query = Query(0, name, rdata.TYPES[req["RecordType"]], message.IN, b"", subnet=subnet)
    said = answers.said(ctx, zone, query, address)
    return {
        "Nameserver": zone.servers[0],
        "RecordName": names.shown_name(req["RecordName"]),
        "RecordType": req["RecordType"],
        "RecordData": [one.data for one in said.records],
        "ResponseCode": _CODES[said.code],
        "Protocol": "UDP",
    }


def _subnet(req: dict[str, Any]) -> Subnet | None:
    """Raises InvalidInput for a mask that is none, ValueError for what is no address."""
    if "EDNS0ClientSubnetIP" not in req:
        return None
    address = ip_address(req["EDNS0ClientSubnetIP"])
    given = req.get("EDNS0ClientSubnetMask", "64" if address.version == 6 else "24")
    if not given.isdigit() or int(given) > address.max_prefixlen:
        raise AwsError("InvalidInput", f"EDNS0ClientSubnetMask is not valid: {given}")
    return Subnet(str(address), int(given))


def _start(zone_id: str, req: dict[str, Any]) -> str:
    """Raises InvalidInput."""
    name, type_ = req.get("StartRecordName"), req.get("StartRecordType")
    if type_ and not name:
        raise AwsError("InvalidInput", "If you specify StartRecordType, you must also specify StartRecordName.")
    if "StartRecordIdentifier" in req and not type_:
        text = "If you specify StartRecordIdentifier, you must also specify StartRecordName and StartRecordType."
        raise AwsError("InvalidInput", text)
    if not name:
        return ""
    try:
        order = names.order(names.shown_name(name))
    except rdata.Illegal as error:
        raise AwsError("InvalidInput", f"StartRecordName is not valid: {error}") from None
    parts = (zone_id, order, type_, req.get("StartRecordIdentifier"))
    return "\x00".join(part for part in parts if part)


def _check_known(ctx: Context, shown: Shown) -> None:
    """Raises for what a record set names that there is not: NoSuchHealthCheck, InvalidInput."""
    if "HealthCheckId" in shown:
        health_checks.one(ctx, shown["HealthCheckId"])
    if "TrafficPolicyInstanceId" in shown:
        text = "TrafficPolicyInstanceId is set by traffic policy instances alone."
        raise AwsError("InvalidInput", f"Invalid request: {text}")
    config = shown.get("CidrRoutingConfig")
    if config is None:
        return
    found = ctx.get(CidrCollection, config["CollectionId"])
    if found is None:
        raise record_sets.invalid([f"The CIDR collection {config['CollectionId']} does not exist"])
    if config["LocationName"] not in ("*", *found.locations):
        raise record_sets.invalid([f"The CIDR location {config['LocationName']} does not exist"])
