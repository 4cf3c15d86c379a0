"""CIDR collections, for IP-based routing."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import rules, zones
from fogbank.services.route53.resources import CidrCollection, HostedZone, RecordSet

_COLLECTIONS_MAX, _BLOCKS_MAX = 5, 1000
_BITS = {4: (1, 24), 6: (1, 48)}
"""How long blocks may be (Developer Guide, "IP-based routing"); `0.0.0.0/0` and `::/0` may be too."""


def create_cidr_collection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    for found in ctx.scan(CidrCollection):
        if found.name == req["Name"] and found.reference != req["CallerReference"]:
            text = "A CIDR collection with this name and a different caller reference already exists in this account."
            raise AwsError("CidrCollectionAlreadyExistsException", text)
        if found.reference == req["CallerReference"]:
            if found.name != req["Name"]:
                raise AwsError("InvalidInput", "The caller reference was used for a CIDR collection of another name.")
            return _made(ctx, found)
    if ctx.count(CidrCollection) >= _COLLECTIONS_MAX:
        text = f"Limits Exceeded: Cannot create more than {_COLLECTIONS_MAX} CIDR collections."
        raise AwsError("LimitsExceeded", text)
    found = CidrCollection(id=ctx.uuid(), name=req["Name"], reference=req["CallerReference"])
    ctx.put(found)
    return _made(ctx, found)


def change_cidr_collection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["Id"])
    if req.get("CollectionVersion", found.version) != found.version:
        text = "The CIDR collection version you provided, doesn't match the one in the ListCidrCollections operation."
        raise AwsError("CidrCollectionVersionMismatchException", text)
    locations = {name: list(blocks) for name, blocks in found.locations.items()}
    for change in req["Changes"]:
        blocks, here = [_block(one) for one in change["CidrList"]], locations.get(change["LocationName"], [])
        if change["Action"] == "PUT":
            locations[change["LocationName"]] = list(dict.fromkeys([*here, *blocks]))
        else:
            locations[change["LocationName"]] = [one for one in here if one not in blocks]
    _check(ctx, found.id, locations)
    kept = {name: tuple(blocks) for name, blocks in sorted(locations.items()) if blocks}
    ctx.put(msgspec.structs.replace(found, locations=kept, version=found.version + 1))
    zones.forget(ctx)
    return {"Id": zones.noted(ctx)["Id"].rpartition("/")[2]}


def list_cidr_collections(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _page(req, "CidrCollections", [(one.id, _shown(ctx, one)) for one in ctx.scan(CidrCollection)])


def list_cidr_locations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["CollectionId"])
    return _page(req, "CidrLocations", [(name, {"LocationName": name}) for name in sorted(found.locations)])


def list_cidr_blocks(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, wanted = _one(ctx, req["CollectionId"]), req.get("LocationName")
    if wanted and wanted not in found.locations:
        raise AwsError("NoSuchCidrLocationException", f"The CIDR collection location doesn't match any: {wanted}")
    rows = [
        (f"{name} {block}", {"CidrBlock": block, "LocationName": name})
        for name, blocks in found.locations.items()
        for block in blocks
        if wanted in (None, name)
    ]
    return _page(req, "CidrBlocks", sorted(rows, key=lambda row: row[0]))


def delete_cidr_collection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["Id"])
    if found.locations:
        text = "This CIDR collection is in use, and isn't empty."
        raise AwsError("CidrCollectionInUseException", text)
    ctx.delete(CidrCollection, found.id)
    return {}


def _one(ctx: Context, given: str) -> CidrCollection:
    found = ctx.get(CidrCollection, given)
    if found is None:
        raise AwsError("NoSuchCidrCollectionException", f"The CIDR collection {given} doesn't exist.")
    return found


def _check(ctx: Context, collection_id: str, locations: dict[str, list[str]]) -> None:
    """Raises CidrBlockInUseException for a location that goes though records name it, LimitsExceeded for too many."""
    every = [block for blocks in locations.values() for block in blocks]
    if len(every) > _BLOCKS_MAX:
        text = f"Limits Exceeded: Cannot have more than {_BLOCKS_MAX} CIDR blocks in a CIDR collection."
        raise AwsError("LimitsExceeded", text)
    if len(set(every)) < len(every):
        raise AwsError("InvalidInput", "A CIDR block can be in one location of a CIDR collection only.")
    empty = {name for name, blocks in locations.items() if not blocks}
    if empty & _used(ctx, collection_id):
        raise AwsError("CidrBlockInUseException", "This CIDR block is in use: records are routed by its location.")


def _used(ctx: Context, collection_id: str) -> set[str]:
    configs = (
        record.shown["CidrRoutingConfig"]
        for zone in ctx.scan(HostedZone)
        for record in ctx.scan(RecordSet, zone.id)
        if "CidrRoutingConfig" in record.shown
    )
    return {one["LocationName"] for one in configs if one["CollectionId"] == collection_id}


def _block(text: str) -> str:
    """Raises InvalidInput."""
    try:
        found = ip_network(text)
    except ValueError:
        raise AwsError("InvalidInput", f"The CIDR block {text} is not valid.") from None
    least, most = _BITS[found.version]
    if found.prefixlen and not least <= found.prefixlen <= most:
        raise AwsError("InvalidInput", f"The CIDR block {text} is longer than {most} bits.")
    return str(found)


def _page(req: dict[str, Any], name: str, rows: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Raises InvalidInput for a token that is none of ours."""
    after = paging.after(req.get("NextToken"), "InvalidInput", "The specified pagination token isn't valid.")
    left = (row for row in rows if row[0] > after)
    found, token = paging.page(left, rules.limit(req, "MaxResults"), lambda row: row[0])
    return {name: [shown for _, shown in found], **({"NextToken": token} if token else {})}


def _made(ctx: Context, found: CidrCollection) -> dict[str, Any]:
    location = f"https://route53.amazonaws.com/2013-04-01/cidrcollection/{found.id}"
    return {"Collection": _shown(ctx, found), "Location": location}


def _shown(ctx: Context, found: CidrCollection) -> dict[str, Any]:
    arn = f"arn:{ctx.partition}:route53:::cidrcollection/{found.id}"
    return {"Arn": arn, "Id": found.id, "Name": found.name, "Version": found.version}
