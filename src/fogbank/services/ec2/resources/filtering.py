"""What lets packets through: security groups, network ACLs, prefix lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from fogbank.store.records import Record

_BY_ID = {"by_id": "id"}


class Rule(msgspec.Struct, frozen=True, gc=False):
    """A rule of a security group."""

    id: str
    is_egress: bool
    protocol: str
    """`-1`, tcp, udp, icmp, icmpv6, or a number as text."""
    from_port: int
    """-1 for all; of icmp the type."""
    to_port: int
    """-1 for all; of icmp the code."""
    peer: str
    """Whom it lets through: a CIDR of either family, sg-… or pl-…"""
    peer_account: str = ""
    """Of a group, whose it is."""
    peering_id: str = ""
    description: str = ""
    tags: Mapping[str, str] = {}


class SecurityGroup(Record, frozen=True, kw_only=True):
    """A security group and its rules."""

    KIND: ClassVar[str] = "ec2/security-group"
    KEY: ClassVar[tuple[str, ...]] = ("vpc_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = {**_BY_ID, "by_peer": "peers", "by_rule": "rule_ids"}
    vpc_id: str
    id: str
    name: str
    description: str
    rules: tuple[Rule, ...] = ()
    tags: Mapping[str, str] = {}

    @property
    def peers(self) -> tuple[str, ...]:
        """The groups and prefix lists that its rules name."""
        return tuple({rule.peer for rule in self.rules if rule.peer.startswith(("sg-", "pl-"))})

    @property
    def rule_ids(self) -> tuple[str, ...]:
        return tuple(rule.id for rule in self.rules)


class AclEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry of a network ACL, decided in order of number; 32767 is the last, which denies."""

    number: int
    is_egress: bool
    protocol: str
    """-1, or the protocol's number, as text."""
    allows: bool
    cidr: str
    from_port: int = -1
    to_port: int = -1
    icmp_type: int = -1
    icmp_code: int = -1


class NetworkAcl(Record, frozen=True, kw_only=True):
    """A network ACL: stateless, at the edge of the subnets that name it."""

    KIND: ClassVar[str] = "ec2/network-acl"
    KEY: ClassVar[tuple[str, ...]] = ("vpc_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = _BY_ID
    vpc_id: str
    id: str
    is_default: bool = False
    entries: tuple[AclEntry, ...] = ()
    """Those that people made, in order of number; the last, which denies, is always there."""
    tags: Mapping[str, str] = {}


class PrefixEntry(msgspec.Struct, frozen=True, gc=False):
    """An entry of a prefix list."""

    cidr: str
    description: str = ""


class PrefixList(Record, frozen=True, kw_only=True):
    """A customer-managed prefix list with all its versions; the last is in force."""

    KIND: ClassVar[str] = "ec2/prefix-list"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    id: str
    name: str
    family: str
    entries_max: int
    versions: tuple[tuple[PrefixEntry, ...], ...]
    state: str = "create-complete"
    state_message: str = ""
    tags: Mapping[str, str] = {}

    @property
    def entries(self) -> tuple[PrefixEntry, ...]:
        return self.versions[-1]
