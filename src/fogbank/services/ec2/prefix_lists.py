"""Managed prefix lists, people's and AWS's, as they are found, used and described."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Any
from zlib import crc32

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.aws.internet import public_prefix
from fogbank.control.context import Context
from fogbank.services.ec2 import catalog, rules
from fogbank.services.ec2.resources import (
    PrefixEntry,
    PrefixList,
    RouteTable,
    SecurityGroup,
    TransitRouteTable,
)

VERSIONS_MAX = 1_000
_FAMILIES = {"IPv4": 4, "IPv6": 6}
_SERVICES = {"s3": "32/28", "dynamodb": "48/28"}
"""Where the addresses of a service lie within the first /24 of a region's public prefix."""
_KNOWN = {"com.amazonaws.us-east-1.s3": "pl-63a5400a", "com.amazonaws.us-east-1.dynamodb": "pl-02cd2c6b"}
_DESCRIPTION_MAX = 255


def aws_lists(region: str) -> tuple[PrefixList, ...]:
    """AWS's own lists of a region, whose ids never change: pure. They have one version, and their owner is `AWS`."""
    return tuple(_aws_list(region, service, place) for service, place in _SERVICES.items())


def _aws_list(region: str, service: str, place: str) -> PrefixList:
    name = f"com.amazonaws.{region}.{service}"
    start, length = place.split("/")
    cidr = f"{ip_network(public_prefix(region))[int(start)]}/{length}"
    known = _KNOWN.get(name) or f"pl-{crc32(name.encode()):08x}"
    return PrefixList(id=known, name=name, family="IPv4", entries_max=1, versions=((PrefixEntry(cidr),),))


def is_aws(name: str) -> bool:
    return name.startswith("com.amazonaws.")


def everything(ctx: Context) -> Iterator[PrefixList]:
    """The lists that an account sees in a region: AWS's, and its own."""
    yield from aws_lists(ctx.region)
    yield from ctx.scan(PrefixList)


def one(ctx: Context, list_id: str) -> PrefixList:
    """A list by its id, AWS's too. Raises InvalidPrefixListID.NotFound and .Malformed."""
    found = next((row for row in aws_lists(ctx.region) if row.id == list_id), None)
    return found or catalog.one(ctx, PrefixList, list_id)


def own(ctx: Context, list_id: str) -> PrefixList:
    """A list that may be changed. Raises OperationNotPermitted for AWS's."""
    found = one(ctx, list_id)
    if is_aws(found.name):
        text = f"The prefix list {list_id} is managed by AWS and cannot be modified or deleted."
        raise AwsError("OperationNotPermitted", text)
    return found


def sizes(ctx: Context) -> dict[str, int]:
    """How much each list counts for in a security group: see `group_rules.check_quota`."""
    return {
        (found.id if found.family == "IPv4" else f"{found.id}/IPv6"): found.entries_max for found in everything(ctx)
    }


def blocks_of(ctx: Context, list_id: str) -> tuple[str, ...]:
    """The blocks of the version in force; none for a list that is not there."""
    found = next((row for row in everything(ctx) if row.id == list_id), None)
    return tuple(entry.cidr for entry in found.entries) if found else ()


def users(ctx: Context, list_id: str) -> list[str]:
    """The ids of the resources that name a list, in order."""
    found = {group.id for group in ctx.find(SecurityGroup, "by_peer", list_id)}
    found |= {table.id for table in ctx.find(RouteTable, "by_target", list_id)}
    for table in ctx.scan(TransitRouteTable):
        if any(route.destination == list_id for route in table.routes):
            found.add(table.id)
    return sorted(found)


def with_version(found: PrefixList, entries: Iterable[PrefixEntry], state: str) -> PrefixList:
    """A list with its entries as a new version. Raises PrefixListMaxEntriesExceeded."""
    version = tuple(sorted(entries, key=lambda entry: _order(entry.cidr)))
    if len(version) > found.entries_max:
        text = f"The number of entries exceeds the maximum number of entries ({found.entries_max}) for the prefix list."
        raise AwsError("PrefixListMaxEntriesExceeded", text)
    # Numbers of versions must not move, so the oldest past the limit are emptied instead of dropped.
    kept = [() if at < len(found.versions) + 1 - VERSIONS_MAX else old for at, old in enumerate(found.versions)]
    return msgspec.structs.replace(found, versions=(*kept, version), state=state, state_message="")


def entries(given: Sequence[Mapping[str, Any]], family: str) -> tuple[PrefixEntry, ...]:
    """Entries as requests give them. Raises InvalidParameterValue."""
    found = tuple(PrefixEntry(cidr_of(entry["Cidr"], family), _description(entry)) for entry in given)
    names = [entry.cidr for entry in found]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        text = f"The CIDR ({repeated[0]}) appears more than once in the request."
        raise AwsError("InvalidParameterValue", text)
    return found


def cidr_of(text: str, family: str) -> str:
    """A block in canonical form, of the list's family. Raises InvalidParameterValue."""
    found = rules.network(text, "Cidr")
    if found.version != _FAMILIES[family]:
        text = f"The CIDR ({text}) does not match the address family ({family}) of the prefix list."
        raise AwsError("InvalidParameterValue", text)
    return str(found)


def described(ctx: Context, found: PrefixList) -> dict[str, Any]:
    """A list as DescribeManagedPrefixLists shows it; AWS's have neither versions nor a maximum."""
    is_theirs = is_aws(found.name)
    owner = "AWS" if is_theirs else ctx.account
    shown: dict[str, Any] = {
        "PrefixListId": found.id,
        "AddressFamily": found.family,
        "State": found.state,
        "PrefixListArn": f"arn:{ctx.partition}:ec2:{ctx.region}:{owner.lower()}:prefix-list/{found.id}",
        "PrefixListName": found.name,
        "Tags": tags.written(found.tags),
        "OwnerId": owner,
    }
    if found.state_message:
        shown["StateMessage"] = found.state_message
    if not is_theirs:
        shown |= {"MaxEntries": found.entries_max, "Version": len(found.versions)}
    return shown


def _description(entry: Mapping[str, Any]) -> str:
    text: str = entry.get("Description", "")
    if len(text) > _DESCRIPTION_MAX:
        problem = f"The description of an entry cannot exceed {_DESCRIPTION_MAX} characters."
        raise AwsError("InvalidParameterValue", problem)
    return text


def _order(cidr: str) -> tuple[int, int]:
    found = rules.network(cidr)
    return int(found.network_address), found.prefixlen
