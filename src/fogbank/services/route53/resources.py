"""What Route 53 remembers: zones, record sets, changes, delegation sets and CIDR collections, in all regions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fogbank.store.records import Record


class HostedZone(Record, frozen=True, kw_only=True):
    """A zone. Its name is in lower case and ends in a dot, as the API shows it."""

    KIND: ClassVar[str] = "route53/zone"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {
        "by_name": "name",
        "by_vpc": "vpcs",
        "by_reference": "reference",
        "by_delegation": "delegation_id",
        "by_shard": "shard",
    }
    GLOBAL: ClassVar[bool] = True
    id: str
    name: str
    reference: str
    comment: str = ""
    is_private: bool = False
    vpcs: tuple[str, ...] = ()
    """Of a private zone: `eu-west-1 vpc-…`."""
    servers: tuple[str, ...] = ()
    """Its four name servers, without a last dot."""
    shard: str = ""
    """`servers` in one line, of a zone that has them for itself."""
    delegation_id: str = ""
    """The reusable delegation set that `servers` are of; empty for servers of its own."""
    created_at: float = 0.0
    records: int = 0
    tags: Mapping[str, str] = {}


class RecordSet(Record, frozen=True, kw_only=True):
    """A record set as the API shows it. `order` is its name with the labels reversed, which listings go by."""

    KIND: ClassVar[str] = "route53/record-set"
    KEY: ClassVar[tuple[str, ...]] = ("zone_id", "order", "type", "identifier")
    GLOBAL: ClassVar[bool] = True
    zone_id: str
    order: str
    type: str
    identifier: str = ""
    shown: Mapping[str, Any]


class Change(Record, frozen=True, kw_only=True):
    """A change that was made; by the time that anybody can ask, every server has it."""

    KIND: ClassVar[str] = "route53/change"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str
    submitted_at: float
    comment: str = ""


class DelegationSet(Record, frozen=True, kw_only=True):
    """Four name servers that several zones may have."""

    KIND: ClassVar[str] = "route53/delegation-set"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str
    reference: str
    servers: tuple[str, ...]


class Authorization(Record, frozen=True, kw_only=True):
    """That a VPC of another account may be associated with a private zone."""

    KIND: ClassVar[str] = "route53/authorization"
    KEY: ClassVar[tuple[str, ...]] = ("zone_id", "vpc")
    GLOBAL: ClassVar[bool] = True
    zone_id: str
    vpc: str
    """`eu-west-1 vpc-…`."""


class CidrCollection(Record, frozen=True, kw_only=True):
    """Blocks of addresses by location, for IP-based routing."""

    KIND: ClassVar[str] = "route53/cidr-collection"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str
    name: str
    reference: str
    version: int = 1
    locations: Mapping[str, tuple[str, ...]] = {}


class LatencyTarget(Record, frozen=True, kw_only=True):
    """A region that latency records name: the way to it is measured."""

    KIND: ClassVar[str] = "route53/latency-target"
    KEY: ClassVar[tuple[str, ...]] = ("region",)
    GLOBAL: ClassVar[bool] = True
    region: str


class ToldLatency(Record, frozen=True, kw_only=True):
    """How long people say that it takes from a network to a region and back."""

    KIND: ClassVar[str] = "route53/told-latency"
    KEY: ClassVar[tuple[str, ...]] = ("network", "region")
    GLOBAL: ClassVar[bool] = True
    network: str
    region: str
    seconds: float
