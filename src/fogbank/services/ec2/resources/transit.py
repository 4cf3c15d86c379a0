"""What joins VPCs: peerings, transit gateways, and the lines between regions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

from fogbank.store.records import Record

_BY_ID = {"by_id": "id"}


class Side(msgspec.Struct, frozen=True, gc=False):
    """One side of a peering."""

    account: str
    region: str
    vpc_id: str
    cidrs: tuple[str, ...] = ()
    ipv6_cidrs: tuple[str, ...] = ()
    resolves_dns: bool = False


class Peering(Record, frozen=True, kw_only=True):
    """A VPC peering connection: the same record in the scope of either side."""

    KIND: ClassVar[str] = "ec2/peering"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_vpc": "vpc_ids"}
    id: str
    requester: Side
    accepter: Side
    status: str = "initiating-request"
    message: str = ""
    expires_at: float = 0.0
    ended_at: float = 0.0
    """When it was deleted, rejected or failed, or had expired; it can be seen for some hours."""
    tags: Mapping[str, str] = {}

    @property
    def vpc_ids(self) -> tuple[str, ...]:
        return (self.requester.vpc_id, self.accepter.vpc_id)


class RegionLine(Record, frozen=True, kw_only=True):
    """What people have said of the line between two regions; its key is their names in order."""

    KIND: ClassVar[str] = "ec2/region-line"
    KEY: ClassVar[tuple[str, ...]] = ("here", "there")
    GLOBAL: ClassVar[bool] = True
    here: str
    there: str
    round_trip_seconds: float | None = None
    loss: float = 0.0


class ZoneLine(Record, frozen=True, kw_only=True):
    """What people have said of the way between two zones of a region; its key is their names in order."""

    KIND: ClassVar[str] = "ec2/zone-line"
    KEY: ClassVar[tuple[str, ...]] = ("here", "there")
    here: str
    there: str
    round_trip_seconds: float = 0.0


class TransitGateway(Record, frozen=True, kw_only=True):
    """A transit gateway."""

    KIND: ClassVar[str] = "ec2/transit-gateway"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    description: str = ""
    options: Mapping[str, Any] = {}
    association_table_id: str = ""
    """The default route table for associations; empty for none."""
    propagation_table_id: str = ""
    state: str = "available"
    created_at: float = 0.0
    ended_at: float = 0.0
    tags: Mapping[str, str] = {}


class TransitAttachment(Record, frozen=True, kw_only=True):
    """What is attached to a transit gateway: a VPC, with an interface in each of some subnets, or a peer."""

    KIND: ClassVar[str] = "ec2/transit-attachment"
    KEY: ClassVar[tuple[str, ...]] = ("gateway_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = {**_BY_ID, "by_resource": "resource_id"}
    gateway_id: str
    id: str
    number: int
    """Its number within the gateway: the index of its links there."""
    resource_id: str
    type: str = "vpc"
    interfaces: Mapping[str, str] = {}
    """Subnet -> the interface there."""
    peer: Side | None = None
    route_table_id: str = ""
    """The route table that it is associated with."""
    options: Mapping[str, Any] = {}
    state: str = "available"
    created_at: float = 0.0
    ended_at: float = 0.0
    tags: Mapping[str, str] = {}


class TransitRoute(msgspec.Struct, frozen=True, gc=False):
    """A static route of a transit gateway's route table; without an attachment it is a blackhole."""

    destination: str
    """A CIDR, or the id of a prefix list."""
    attachment_id: str = ""


class TransitRouteTable(Record, frozen=True, kw_only=True):
    """A route table of a transit gateway."""

    KIND: ClassVar[str] = "ec2/transit-route-table"
    KEY: ClassVar[tuple[str, ...]] = ("gateway_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = _BY_ID
    gateway_id: str
    id: str
    number: int
    routes: tuple[TransitRoute, ...] = ()
    propagating: tuple[str, ...] = ()
    """The attachments whose blocks come by themselves."""
    state: str = "available"
    created_at: float = 0.0
    ended_at: float = 0.0
    tags: Mapping[str, str] = {}
