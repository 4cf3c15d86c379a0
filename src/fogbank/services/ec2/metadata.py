"""Instance metadata: what is told of an interface, by path (EC2 User Guide, "Instance metadata categories")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.services.ec2 import addressing
from fogbank.services.ec2.resources import NetworkInterface, Subnet, Vpc

VERSIONS = ("1.0", "2021-07-15", "latest")


def tree(vpc: Vpc, subnet: Subnet, eni: NetworkInterface, account: str, region: str) -> dict[str, Any]:
    """Everything below `/latest/meta-data/`, as texts and trees of texts."""
    private = eni.addresses[0].address if eni.addresses else ""
    association = eni.addresses[0].association if eni.addresses else None
    names = {"local-hostname": addressing.private_name(private, region)} if private else {}
    found: dict[str, Any] = {
        "local-ipv4": private,
        "mac": eni.mac,
        "network": {"interfaces": {"macs": {eni.mac: _interface(vpc, subnet, eni, account, region)}}},
        "placement": {
            "availability-zone": subnet.zone,
            "availability-zone-id": subnet.zone_id,
            "region": region,
        },
        "services": {"domain": "amazonaws.com", "partition": "aws"},
        **names,
    }
    if names:
        found["hostname"] = names["local-hostname"]
    if association is not None:
        found["public-ipv4"] = association.public_ip
        if vpc.dns_hostnames:
            found["public-hostname"] = addressing.public_name(association.public_ip, region)
    if eni.ipv6_addresses:
        found["ipv6"] = eni.ipv6_addresses[0]
    return {name: value for name, value in found.items() if value}


def _interface(vpc: Vpc, subnet: Subnet, eni: NetworkInterface, account: str, region: str) -> dict[str, Any]:
    associations = {one.association.public_ip: one.address for one in eni.addresses if one.association}
    found: dict[str, Any] = {
        "device-number": str(eni.attachment.device_index if eni.attachment else 0),
        "interface-id": eni.id,
        "local-ipv4s": "\n".join(one.address for one in eni.addresses),
        "mac": eni.mac,
        "owner-id": account,
        "security-group-ids": "\n".join(eni.groups),
        "subnet-id": subnet.id,
        "subnet-ipv4-cidr-block": subnet.cidr,
        "vpc-id": vpc.id,
        "vpc-ipv4-cidr-block": vpc.blocks[0].cidr,
        "vpc-ipv4-cidr-blocks": "\n".join(block.cidr for block in vpc.blocks),
        "ipv6s": "\n".join(eni.ipv6_addresses),
        "subnet-ipv6-cidr-blocks": "\n".join(block.cidr for block in subnet.ipv6_blocks),
        "vpc-ipv6-cidr-blocks": "\n".join(block.cidr for block in vpc.ipv6_blocks),
        "public-ipv4s": "\n".join(associations),
        "ipv4-associations": associations,
    }
    return {name: value for name, value in found.items() if value}


def at(found: Mapping[str, Any], path: str) -> str | None:
    """What stands at a path: a text, or names, of which those that go on end with a slash; None for nothing."""
    node: Any = found
    for part in path.strip("/").split("/") if path.strip("/") else ():
        if not isinstance(node, Mapping) or part not in node:
            return None
        node = node[part]
    if isinstance(node, Mapping):
        return "\n".join(f"{name}/" if isinstance(node[name], Mapping) else name for name in sorted(node))
    return str(node)
