"""VPCs, subnets, route tables, gateways, endpoints. What lies in one VPC is keyed by it, so that a key tells whose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from fogbank.store.records import Record

_BY_ID = {"by_id": "id"}


class Block(msgspec.Struct, frozen=True, gc=False):
    """A CIDR block of a VPC or a subnet, and the id of its association."""

    association_id: str
    cidr: str
    pool: str = ""
    """Of a VPC's IPv6 block, `Amazon` or the id of a pool."""


class Region(Record, frozen=True, kw_only=True):
    """That an account has been given its default VPC in a region (`defaults.py`)."""

    KIND: ClassVar[str] = "ec2/region"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str = "region"
    dhcp_options_id: str = ""
    """The set of DHCP options that Amazon made."""


class Vpc(Record, frozen=True, kw_only=True):
    """A VPC. The first of its blocks is the one it was made with."""

    KIND: ClassVar[str] = "ec2/vpc"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    blocks: tuple[Block, ...]
    ipv6_blocks: tuple[Block, ...] = ()
    is_default: bool = False
    tenancy: str = "default"
    dns_support: bool = True
    dns_hostnames: bool = False
    usage_metrics: bool = False
    dhcp_options_id: str = "default"
    main_route_table_id: str = ""
    main_association_id: str = ""
    default_acl_id: str = ""
    default_group_id: str = ""
    internet_gateway_id: str = ""
    numbers: int = 100
    """The last number that was given to a subnet or a route table of this VPC: see `Subnet.number`."""
    tags: Mapping[str, str] = {}

    @property
    def cidrs(self) -> tuple[str, ...]:
        """All its blocks of both families."""
        return tuple(block.cidr for block in (*self.blocks, *self.ipv6_blocks))


class Subnet(Record, frozen=True, kw_only=True):
    """A subnet, with its network ACL and, unless it follows the main one, its route table."""

    KIND: ClassVar[str] = "ec2/subnet"
    KEY: ClassVar[tuple[str, ...]] = ("vpc_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = {**_BY_ID, "by_association": "associations"}
    vpc_id: str
    id: str
    number: int
    """Its number within the VPC: the link group of its interfaces (a u32)."""
    cidr: str
    """Empty for an IPv6-only subnet."""
    zone: str
    zone_id: str
    ipv6_blocks: tuple[Block, ...] = ()
    is_default: bool = False
    map_public_ip: bool = False
    assign_ipv6: bool = False
    dns64: bool = False
    hostname_type: str = "ip-name"
    resource_name_a: bool = False
    resource_name_aaaa: bool = False
    acl_id: str = ""
    acl_association_id: str = ""
    route_table_id: str = ""
    """Empty while it follows the VPC's main route table."""
    route_association_id: str = ""
    reservations: tuple[Reservation, ...] = ()
    tags: Mapping[str, str] = {}

    @property
    def associations(self) -> tuple[str, ...]:
        return tuple(found for found in (self.acl_association_id, self.route_association_id) if found)


class Reservation(msgspec.Struct, frozen=True, gc=False):
    """A CIDR reservation of a subnet: `prefix` or `explicit`."""

    id: str
    cidr: str
    type: str
    description: str = ""
    tags: Mapping[str, str] = {}


class Route(msgspec.Struct, frozen=True, gc=False):
    """A route: a destination (a CIDR of either family, or a prefix list's id) and the id of what it leads to."""

    destination: str
    target: str
    """`local`, igw-, eigw-, nat-, eni-, pcx-, tgw-, vgw- or vpce-…"""
    origin: str = "CreateRoute"


class Edge(msgspec.Struct, frozen=True, gc=False):
    """The association of a route table with a gateway, for what comes in through it."""

    association_id: str
    gateway_id: str


class RouteTable(Record, frozen=True, kw_only=True):
    """A route table. Its local routes follow from the VPC's blocks; remembered only where they were replaced."""

    KIND: ClassVar[str] = "ec2/route-table"
    KEY: ClassVar[tuple[str, ...]] = ("vpc_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = {**_BY_ID, "by_target": "targets", "by_association": "associations"}
    vpc_id: str
    id: str
    number: int
    """Its number within the VPC: the kernel's routing table, and the mark of packets that look there."""
    routes: tuple[Route, ...] = ()
    edges: tuple[Edge, ...] = ()
    propagating: tuple[str, ...] = ()
    """Gateways whose routes come by themselves."""
    tags: Mapping[str, str] = {}

    @property
    def targets(self) -> tuple[str, ...]:
        return tuple({route.target for route in self.routes} | {route.destination for route in self.routes})

    @property
    def associations(self) -> tuple[str, ...]:
        return tuple(edge.association_id for edge in self.edges)


class InternetGateway(Record, frozen=True, kw_only=True):
    """An internet gateway; the VPC that it is attached to names it too."""

    KIND: ClassVar[str] = "ec2/internet-gateway"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    vpc_id: str = ""
    tags: Mapping[str, str] = {}


class EgressOnlyGateway(Record, frozen=True, kw_only=True):
    """An egress-only internet gateway: IPv6 out, nothing in."""

    KIND: ClassVar[str] = "ec2/egress-only-gateway"
    KEY: ClassVar[tuple[str, ...]] = ("vpc_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = _BY_ID
    vpc_id: str
    id: str
    tags: Mapping[str, str] = {}


class NatAddress(msgspec.Struct, frozen=True, gc=False):
    """An address that a NAT gateway gives to what goes through it."""

    private_ip: str
    public_ip: str = ""
    allocation_id: str = ""
    association_id: str = ""
    is_primary: bool = False
    status: str = "succeeded"


class NatGateway(Record, frozen=True, kw_only=True):
    """A NAT gateway; deleted ones can be seen for an hour."""

    KIND: ClassVar[str] = "ec2/nat-gateway"
    KEY: ClassVar[tuple[str, ...]] = ("vpc_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = {**_BY_ID, "by_subnet": "subnet_id"}
    vpc_id: str
    id: str
    subnet_id: str
    interface_id: str
    connectivity: str = "public"
    addresses: tuple[NatAddress, ...] = ()
    state: str = "pending"
    failure_code: str = ""
    failure_message: str = ""
    created_at: float = 0.0
    deleted_at: float = 0.0
    tags: Mapping[str, str] = {}


class DhcpOptions(Record, frozen=True, kw_only=True):
    """A set of DHCP options."""

    KIND: ClassVar[str] = "ec2/dhcp-options"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    values: Mapping[str, tuple[str, ...]]
    tags: Mapping[str, str] = {}


class Endpoint(Record, frozen=True, kw_only=True):
    """A VPC endpoint. Gateway endpoints (s3, dynamodb) are routes; the other types come with other services."""

    KIND: ClassVar[str] = "ec2/endpoint"
    KEY: ClassVar[tuple[str, ...]] = ("vpc_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = _BY_ID
    vpc_id: str
    id: str
    service: str
    """`com.amazonaws.<region>.s3`."""
    prefix_list_id: str
    type: str = "Gateway"
    route_table_ids: tuple[str, ...] = ()
    policy: str = ""
    state: str = "available"
    created_at: float = 0.0
    tags: Mapping[str, str] = {}


class PlacementGroup(Record, frozen=True, kw_only=True):
    """A placement group."""

    KIND: ClassVar[str] = "ec2/placement-group"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    INDEXES: ClassVar[Mapping[str, str]] = _BY_ID
    name: str
    id: str
    strategy: str
    partitions: int = 0
    spread_level: str = ""
    tags: Mapping[str, str] = {}
