"""Interfaces and their addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from fogbank.services.ec2.bandwidth import GROUP_TAG, TYPE_TAG
from fogbank.store.records import Record

_BY_ID = {"by_id": "id"}


class Association(msgspec.Struct, frozen=True, gc=False):
    """The public address of a private one."""

    id: str
    """Empty for an address that came with the subnet's MapPublicIpOnLaunch."""
    allocation_id: str
    public_ip: str
    owner: str


class PrivateAddress(msgspec.Struct, frozen=True, gc=False):
    """An IPv4 address of an interface; the first one is primary."""

    address: str
    association: Association | None = None


class Attachment(msgspec.Struct, frozen=True, gc=False):
    """What an interface is attached to."""

    id: str
    device_index: int
    instance_id: str = ""
    instance_owner: str = ""
    status: str = "attached"
    deletes_on_termination: bool = False
    attached_at: float = 0.0


class NetworkInterface(Record, frozen=True, kw_only=True):
    """An elastic network interface: whatever has an address in a VPC has one of these."""

    KIND: ClassVar[str] = "ec2/network-interface"
    KEY: ClassVar[tuple[str, ...]] = ("vpc_id", "id")
    INDEXES: ClassVar[Mapping[str, str]] = {
        **_BY_ID,
        "by_subnet": "subnet_id",
        "by_place": "places",
        "by_delegating_subnet": "delegating_subnet",
        "by_group": "groups",
        "by_attachment": "attachment_id",
        "by_public_ip": "public_ips",
        "by_placement_group": "placement_group",
    }
    vpc_id: str
    id: str
    subnet_id: str
    mac: str
    addresses: tuple[PrivateAddress, ...] = ()
    ipv6_addresses: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    """Delegated prefixes of both families."""
    groups: tuple[str, ...] = ()
    description: str = ""
    checks_source: bool = True
    type: str = "interface"
    status: str = "available"
    attachment: Attachment | None = None
    requester_id: str = ""
    is_managed: bool = False
    """Made by a service for itself; people may not change it."""
    created_at: float = 0.0
    tags: Mapping[str, str] = {}

    @property
    def places(self) -> tuple[str, ...]:
        """`<subnet> <address>` for each of its addresses: who has one is found without looking at all the others."""
        found = (*(one.address for one in self.addresses), *self.ipv6_addresses)
        return tuple(f"{self.subnet_id} {address}" for address in found)

    @property
    def delegating_subnet(self) -> str | None:
        return self.subnet_id if self.prefixes else None

    @property
    def attachment_id(self) -> str | None:
        return self.attachment.id if self.attachment else None

    @property
    def public_ips(self) -> tuple[str, ...]:
        return tuple(one.association.public_ip for one in self.addresses if one.association)

    @property
    def instance_type(self) -> str:
        """Whose bandwidth it has; that of nobody where it is empty."""
        return self.tags.get(TYPE_TAG, "")

    @property
    def placement_group(self) -> str | None:
        """The name of the placement group that it is in."""
        return self.tags.get(GROUP_TAG)


class InterfacePermission(Record, frozen=True, kw_only=True):
    """That another account may attach an interface to its instances, or associate addresses with it."""

    KIND: ClassVar[str] = "ec2/interface-permission"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_interface": "interface_id"}
    id: str
    interface_id: str
    permission: str
    """INSTANCE-ATTACH or EIP-ASSOCIATE."""
    account: str = ""
    service: str = ""
    tags: Mapping[str, str] = {}


class ElasticIp(Record, frozen=True, kw_only=True):
    """An Elastic IP address; the interface that has it names it too."""

    KIND: ClassVar[str] = "ec2/elastic-ip"
    KEY: ClassVar[tuple[str, ...]] = ("id",)
    INDEXES: ClassVar[Mapping[str, str]] = {"by_ip": "public_ip", "by_association": "association_id"}
    id: str
    public_ip: str
    association_id: str | None = None
    vpc_id: str = ""
    interface_id: str = ""
    private_ip: str = ""
    ptr: str = ""
    border_group: str = ""
    is_managed: bool = False
    tags: Mapping[str, str] = {}
