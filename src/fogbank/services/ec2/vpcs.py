"""VPCs, as they are made and described, with what each of them always has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from fogbank.aws import ids, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import addressing, dhcp_options, zones
from fogbank.services.ec2.catalog import one
from fogbank.services.ec2.resources import (
    AclEntry,
    Block,
    EgressOnlyGateway,
    Endpoint,
    InternetGateway,
    NetworkAcl,
    NetworkInterface,
    Peering,
    Route,
    RouteTable,
    Rule,
    SecurityGroup,
    Subnet,
    TransitAttachment,
    Vpc,
)
from fogbank.store.records import Record

DEFAULT_BLOCK = "172.31.0.0/16"
_DEFAULT_SUBNET_BITS = 4
_ALLOW_ALL = 100
_ENDED = ("deleted", "rejected", "failed")


def new_id(ctx: Context, prefix: str) -> str:
    return ids.resource_id(ctx.random, prefix)


def numbered(ctx: Context, vpc: Vpc) -> int:
    """The next number of a VPC, for a subnet or a route table; the VPC remembers that it was given."""
    vpc = one(ctx, Vpc, vpc.id)
    ctx.put(msgspec.structs.replace(vpc, numbers=vpc.numbers + 1))
    return vpc.numbers + 1


def make(ctx: Context, vpc: Vpc) -> Vpc:
    """Put a VPC, with its main route table, its default network ACL and its default security group."""
    table_id, acl_id, group_id = (new_id(ctx, prefix) for prefix in ("rtb", "acl", "sg"))
    vpc = msgspec.structs.replace(
        vpc,
        main_route_table_id=table_id,
        main_association_id=new_id(ctx, "rtbassoc"),
        default_acl_id=acl_id,
        default_group_id=group_id,
        dhcp_options_id=dhcp_options.default_id(ctx),
    )
    ctx.put(vpc)
    ctx.put(RouteTable(vpc_id=vpc.id, id=table_id, number=numbered(ctx, vpc)))
    entries = tuple(
        AclEntry(_ALLOW_ALL, is_egress, "-1", True, "0.0.0.0/0") for is_egress in (False, True)
    )  # The last entry, which denies, is not remembered.
    ctx.put(NetworkAcl(vpc_id=vpc.id, id=acl_id, is_default=True, entries=entries))
    rules = (
        Rule(new_id(ctx, "sgr"), False, "-1", -1, -1, group_id, ctx.account),
        Rule(new_id(ctx, "sgr"), True, "-1", -1, -1, "0.0.0.0/0"),
    )
    ctx.put(
        SecurityGroup(vpc_id=vpc.id, id=group_id, name="default", description="default VPC security group", rules=rules)
    )
    return one(ctx, Vpc, vpc.id)


def with_ipv6(ctx: Context, vpc: Vpc) -> Vpc:
    """Give a VPC a /56 of Amazon's. Its default ACL and group then let IPv6 through as they do IPv4, if nobody changed
    that (Amazon VPC User Guide, "Default network ACL", "Default security groups")."""
    taken = {
        block.cidr
        for scope in ctx.scopes(Vpc)
        if scope.region == ctx.region
        for other in ctx.at(account=scope.account).scan(Vpc)
        for block in other.ipv6_blocks
    }
    block = Block(new_id(ctx, "vpc-cidr-assoc"), addressing.free_ipv6_block(ctx.region, taken), "Amazon")
    vpc = msgspec.structs.replace(vpc, ipv6_blocks=(*vpc.ipv6_blocks, block))
    ctx.put(vpc)
    if acl := ctx.get(NetworkAcl, vpc.id, vpc.default_acl_id):
        ctx.put(msgspec.structs.replace(acl, entries=_with_ipv6_entries(acl.entries)))
    if group := ctx.get(SecurityGroup, vpc.id, vpc.default_group_id):
        out = [rule for rule in group.rules if rule.is_egress]
        if len(out) == 1 and (out[0].protocol, out[0].peer) == ("-1", "0.0.0.0/0"):
            rule = Rule(new_id(ctx, "sgr"), True, "-1", -1, -1, "::/0")
            ctx.put(msgspec.structs.replace(group, rules=(*group.rules, rule)))
    return vpc


def _with_ipv6_entries(entries: tuple[AclEntry, ...]) -> tuple[AclEntry, ...]:
    for is_egress in (False, True):
        same = [entry for entry in entries if entry.is_egress == is_egress]
        if [(entry.number, entry.cidr) for entry in same] == [(_ALLOW_ALL, "0.0.0.0/0")]:
            entries = (*entries, AclEntry(_ALLOW_ALL + 1, is_egress, "-1", True, "::/0"))
    return tuple(sorted(entries, key=lambda entry: (entry.is_egress, entry.number)))


def has_dependencies(ctx: Context, vpc: Vpc) -> bool:
    """Whether anything but what every VPC always has is left in it."""
    if vpc.internet_gateway_id or any(True for _ in _within(ctx, vpc)):
        return True
    return any(
        one.status in ("active", "pending-acceptance", "provisioning") for one in ctx.find(Peering, "by_vpc", vpc.id)
    )


def _within(ctx: Context, vpc: Vpc) -> Iterator[Record]:
    for kind in (Subnet, NetworkInterface, EgressOnlyGateway, Endpoint):
        yield from ctx.scan(kind, vpc.id)
    own = (vpc.main_route_table_id, vpc.default_acl_id, vpc.default_group_id)
    for named in (RouteTable, NetworkAcl, SecurityGroup):
        yield from (row for row in ctx.scan(named, vpc.id) if row.id not in own)  # type: ignore[attr-defined]
    yield from (row for row in ctx.find(TransitAttachment, "by_resource", vpc.id) if row.state not in _ENDED)


def remove(ctx: Context, vpc: Vpc) -> None:
    """Delete a VPC with what it always had."""
    ctx.delete(RouteTable, vpc.id, vpc.main_route_table_id)
    ctx.delete(NetworkAcl, vpc.id, vpc.default_acl_id)
    ctx.delete(SecurityGroup, vpc.id, vpc.default_group_id)
    ctx.delete(Vpc, vpc.id)


def make_default(ctx: Context) -> Vpc:
    """The default VPC: 172.31.0.0/16, a public /20 in each zone, an internet gateway and a route to it.

    Raises DefaultVpcAlreadyExists.
    """
    if any(vpc.is_default for vpc in ctx.scan(Vpc)):
        text = "A Default VPC already exists for this account in this region."
        raise AwsError("DefaultVpcAlreadyExists", text)
    block = Block(new_id(ctx, "vpc-cidr-assoc"), DEFAULT_BLOCK)
    vpc = make(ctx, Vpc(id=new_id(ctx, "vpc"), blocks=(block,), is_default=True, dns_hostnames=True))
    gateway = InternetGateway(id=new_id(ctx, "igw"), vpc_id=vpc.id)
    ctx.put(gateway)
    ctx.put(msgspec.structs.replace(vpc, internet_gateway_id=gateway.id))
    table = one(ctx, RouteTable, vpc.main_route_table_id)
    ctx.put(msgspec.structs.replace(table, routes=(Route("0.0.0.0/0", gateway.id),)))
    for zone, _ in zones.zones(ctx.region):
        make_default_subnet(ctx, vpc, zone)
    return one(ctx, Vpc, vpc.id)


def make_default_subnet(ctx: Context, vpc: Vpc, zone: str) -> Subnet:
    """The default subnet of a zone: the /20 that goes with the zone's place among the zones, or the next free one.

    Raises InsufficientCidrBlocks.
    """
    at = [name for name, _ in zones.zones(ctx.region)].index(zone)
    blocks = [f"172.31.{number % 16 << _DEFAULT_SUBNET_BITS}.0/20" for number in range(at, at + 16)]
    taken = [subnet.cidr for subnet in ctx.scan(Subnet, vpc.id) if subnet.cidr]
    free = [block for block in blocks if not any(addressing.overlap(block, other) for other in taken)]
    if not free:
        raise AwsError("InsufficientCidrBlocks", "The default VPC has no /20 CIDR block left.")
    subnet = Subnet(
        vpc_id=vpc.id,
        id=new_id(ctx, "subnet"),
        number=numbered(ctx, vpc),
        cidr=free[0],
        zone=zone,
        zone_id=dict(zones.zones(ctx.region))[zone],
        is_default=True,
        map_public_ip=True,
        acl_id=vpc.default_acl_id,
        acl_association_id=new_id(ctx, "aclassoc"),
    )
    ctx.put(subnet)
    return subnet


def described(ctx: Context, vpc: Vpc) -> dict[str, Any]:
    """A VPC as DescribeVpcs shows it."""
    return {
        "VpcId": vpc.id,
        "OwnerId": ctx.account,
        "State": "available",
        "CidrBlock": vpc.blocks[0].cidr,
        "CidrBlockAssociationSet": [association(block) for block in vpc.blocks],
        "Ipv6CidrBlockAssociationSet": [ipv6_association(ctx, block) for block in vpc.ipv6_blocks],
        "DhcpOptionsId": vpc.dhcp_options_id,
        "InstanceTenancy": vpc.tenancy,
        "IsDefault": vpc.is_default,
        "Tags": tags.written(vpc.tags),
    }


def association(block: Block, state: str = "associated") -> dict[str, Any]:
    """An IPv4 block of a VPC as it is shown."""
    return {"AssociationId": block.association_id, "CidrBlock": block.cidr, "CidrBlockState": {"State": state}}


def ipv6_association(ctx: Context, block: Block, state: str = "associated") -> dict[str, Any]:
    """An IPv6 block of a VPC as it is shown."""
    return {
        "AssociationId": block.association_id,
        "Ipv6CidrBlock": block.cidr,
        "Ipv6CidrBlockState": {"State": state},
        "Ipv6Pool": block.pool,
        "Ipv6AddressAttribute": "public",
        "NetworkBorderGroup": ctx.region,
        "IpSource": "amazon",
    }
