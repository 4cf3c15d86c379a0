"""What Route 53 remembers: zones, record sets, changes, delegation sets and CIDR collections, in all regions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import msgspec

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
    is_signed: bool = False
    logging_id: str = ""
    """The id of its query logging configuration."""
    has_targets: bool = False
    """Whether there were ever aliases to services: what it says then depends on where it is asked."""


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


class Protection(Record, frozen=True, kw_only=True):
    """That nobody changes the record sets of a name and a type. `order` is the name with its labels reversed."""

    KIND: ClassVar[str] = "route53/protection"
    KEY: ClassVar[tuple[str, ...]] = ("zone_id", "order", "type")
    GLOBAL: ClassVar[bool] = True
    zone_id: str
    order: str
    type: str
    name: str
    comment: str | None = None


class TrafficPolicy(Record, frozen=True, kw_only=True):
    """A version of a traffic policy."""

    KIND: ClassVar[str] = "route53/traffic-policy"
    KEY: ClassVar[tuple[str, ...]] = ("id", "order")
    INDEXES: ClassVar[Mapping[str, str]] = {"by_name": "name"}
    GLOBAL: ClassVar[bool] = True
    id: str
    order: str
    """The version in four digits, which listings go by."""
    version: int
    name: str
    type: str
    document: str
    comment: str | None = None
    created_at: float = 0.0
    """When the policy, rather than this version, was made."""


class TrafficPolicyInstance(Record, frozen=True, kw_only=True):
    """A name in a zone that is answered as a version of a traffic policy says."""

    KIND: ClassVar[str] = "route53/traffic-policy-instance"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_policy": "policy", "by_zone": "zone_id"}
    GLOBAL: ClassVar[bool] = True
    id: str
    zone_id: str
    name: str
    type: str
    ttl: int
    policy_id: str
    policy_version: int
    policy: str
    """Id and version, for the index."""
    message: str = ""
    """Why it could not be made; empty where it is applied."""


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


class KeySigningKey(Record, frozen=True, kw_only=True):
    """A key of `kms` that vouches for the keys of a zone."""

    KIND: ClassVar[str] = "route53/key-signing-key"
    KEY: ClassVar[tuple[str, ...]] = ("zone_id", "name")
    GLOBAL: ClassVar[bool] = True
    zone_id: str
    name: str
    kms_arn: str
    public: bytes
    """As in a DNSKEY record: 64 bytes."""
    tag: int
    status: str
    trouble: str = ""
    """Why the status is ACTION_NEEDED."""
    created_at: float
    modified_at: float


class Signing(Record, frozen=True, kw_only=True):
    """What a zone is signed with: its own key, which nobody else has, and its DNSKEY records with their signatures."""

    KIND: ClassVar[str] = "route53/signing"
    KEY: ClassVar[tuple[str, ...]] = ("zone_id",)
    GLOBAL: ClassVar[bool] = True
    zone_id: str
    sealed: bytes
    """PKCS #8 under the machine's seal."""
    other: bytes = b""
    """The key that is coming in the place of `sealed`, or is going, as `turn` says."""
    turn: str = ""
    """COMING or GOING while one key takes the place of another."""
    turned_at: float = 0.0
    """When signing began, or the turn."""
    is_on: bool = False
    published: tuple[bytes, ...] = ()
    vouched: tuple[bytes, ...] = ()
    """RRSIG data over `published`, by each key-signing key."""
    tried_at: float = 0.0
    """When the keys were last to be signed."""


class QueryLogging(Record, frozen=True, kw_only=True):
    """Where the questions that a zone is asked are written."""

    KIND: ClassVar[str] = "route53/query-logging"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str
    zone_id: str
    group_arn: str


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """An edge location, the stripes of name servers that it answers for, and what is broken of it."""

    name: str
    stripes: tuple[int, ...]
    fault: str = ""


class Edges(Record, frozen=True, kw_only=True):
    """The edge locations that there are, at the internet of a region. They belong to no account."""

    KIND: ClassVar[str] = "route53/edges"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str = "edges"
    region: str
    edges: tuple[Edge, ...]


class HealthCheck(Record, frozen=True, kw_only=True):
    """A health check. Whether it is healthy is in no record: it is computed anew all the time."""

    KIND: ClassVar[str] = "route53/health-check"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_reference": "reference", "by_slot": "place"}
    GLOBAL: ClassVar[bool] = True
    id: str
    reference: str
    version: int = 1
    config: Mapping[str, Any]
    """As the API has it, with defaults."""
    given: Mapping[str, Any] = {}
    """As it was first asked for, which a repeated request is compared with."""
    place: str = ""
    """The number of its place in the table of targets; empty for those that look at no endpoint."""
    alarm: Mapping[str, Any] = {}
    """What the CloudWatch alarm that it follows measures, as the API has it."""
    created_at: float = 0.0
    tags: Mapping[str, str] = {}


class UsedReference(Record, frozen=True, kw_only=True):
    """The caller reference of a health check that was deleted: it is not free again for some days."""

    KIND: ClassVar[str] = "route53/used-reference"
    KEY: ClassVar[tuple[str, ...]] = ("reference",)
    GLOBAL: ClassVar[bool] = True
    reference: str
    deleted_at: float


class HealthMeasuring(Record, frozen=True, kw_only=True):
    """There as long as an account has health checks: what they are is told to CloudWatch each minute."""

    KIND: ClassVar[str] = "route53/health-measuring"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    GLOBAL: ClassVar[bool] = True
    id: str = "measuring"
