"""Network interfaces: how they are made and removed, who may change them, and how they are described."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import addressing, elastic_ips, interface_addresses, rules, subnets, vpcs
from fogbank.services.ec2.catalog import one
from fogbank.services.ec2.interface_addresses import Asked
from fogbank.services.ec2.resources import (
    Attachment,
    InterfacePermission,
    NetworkInterface,
    PrivateAddress,
    SecurityGroup,
    Subnet,
    Vpc,
)

NAT = "nat_gateway"
_TYPES = {"lambda": "lambda", "vpce": "vpc_endpoint", "globalaccelerator": "global_accelerator_managed"}
_REQUESTERS = {"elasticloadbalancing": "amazon-elb", "elasticache": "amazon-elasticache"}
_SERVICE_SUFFIX = ".amazonaws.com"


class Wanted(NamedTuple):
    """What an interface is to be, beside its subnet."""

    asked: Asked = Asked()
    groups: Sequence[str] | None = None
    """None for the VPC's default group; an empty sequence for none at all (NAT gateways)."""
    description: str = ""
    type: str = "interface"
    requester_id: str = ""
    """Of the service that makes it for itself; empty for people's own."""
    owner: str = ""
    """Of a service's interface, who it is attached to: `amazon-elb`."""
    checks_source: bool = True
    tags: Mapping[str, str] = {}


def make(ctx: Context, subnet: Subnet, wanted: Wanted) -> NetworkInterface:
    """Put an interface into a subnet, with addresses and groups as wanted.

    One that a service makes for itself is attached to what the service has there. Raises what the choice of addresses
    raises, InvalidGroup.NotFound, InvalidParameter, SecurityGroupsPerInterfaceLimitExceeded and
    NetworkInterfaceLimitExceeded.
    """
    text = "The maximum number of network interfaces has been reached."
    rules.check_quota("interfaces", ctx.count(NetworkInterface), "NetworkInterfaceLimitExceeded", text)
    groups = checked_groups(ctx, subnet, wanted.groups)
    given = interface_addresses.first(ctx, subnet, wanted.asked)
    attachment = None
    if wanted.requester_id:
        owner = wanted.owner or wanted.requester_id
        attachment = Attachment(
            id=vpcs.new_id(ctx, "ela-attach"), device_index=1, instance_owner=owner, attached_at=ctx.now
        )
    made = NetworkInterface(
        vpc_id=subnet.vpc_id,
        id=vpcs.new_id(ctx, "eni"),
        subnet_id=subnet.id,
        mac=addressing.mac(ctx.random),
        addresses=tuple(PrivateAddress(address) for address in given.ipv4),
        ipv6_addresses=given.ipv6,
        prefixes=given.prefixes,
        groups=groups,
        description=wanted.description,
        checks_source=wanted.checks_source,
        type=wanted.type,
        status="in-use" if attachment else "available",
        attachment=attachment,
        requester_id=wanted.requester_id,
        is_managed=bool(wanted.requester_id),
        created_at=ctx.now,
        tags=wanted.tags,
    )
    ctx.put(made)
    return made


def remove(ctx: Context, interface: NetworkInterface) -> None:
    """Delete an interface; its Elastic IP addresses are free again."""
    for address in interface.addresses:
        if address.association and address.association.id:
            elastic_ips.disassociate(ctx, elastic_ips.by_association(ctx, address.association.id))
    for permission in ctx.find(InterfacePermission, "by_interface", interface.id):
        ctx.delete(InterfacePermission, permission.id)
    ctx.delete(NetworkInterface, interface.vpc_id, interface.id)
    subnets.freed(ctx, interface.subnet_id)


def checked_groups(ctx: Context, subnet: Subnet, groups: Sequence[str] | None) -> tuple[str, ...]:
    """The groups of an interface in a subnet, the VPC's default one where none are named."""
    if groups is None:
        return (one(ctx, Vpc, subnet.vpc_id).default_group_id,)
    chosen = tuple(dict.fromkeys(groups))
    for group_id in chosen:
        if one(ctx, SecurityGroup, group_id).vpc_id != subnet.vpc_id:
            text = f"Security group {group_id} and subnet {subnet.id} belong to different networks."
            raise AwsError("InvalidParameter", text)
    if len(chosen) > rules.QUOTAS["groups-of-interface"]:
        text = "The maximum number of security groups per interface has been reached."
        raise AwsError("SecurityGroupsPerInterfaceLimitExceeded", text)
    return chosen


def requester_of(ctx: Context) -> str:
    """As what a service makes interfaces for itself (`amazon-rds`); empty where people call."""
    principal = ctx.caller.principal
    if principal.kind != "service":
        return ""
    name = principal.service.removesuffix(_SERVICE_SUFFIX)
    return _REQUESTERS.get(name, f"amazon-{name}")


def type_for(ctx: Context, description: str) -> str:
    """The type of an interface that the caller, a service, makes: told by who it is and how it describes it."""
    name = ctx.caller.principal.service.removesuffix(_SERVICE_SUFFIX)
    if name == "elasticloadbalancing":
        kinds = {"ELB net/": "network_load_balancer", "ELB gwy/": "gateway_load_balancer"}
        return next((kind for start, kind in kinds.items() if description.startswith(start)), "interface")
    return _TYPES.get(name, "interface")


def check_editable(ctx: Context, interface: NetworkInterface) -> None:
    """Raises AuthFailure where an interface belongs to a service, and somebody else would change it."""
    if interface.is_managed and requester_of(ctx) != interface.requester_id:
        raise AwsError("AuthFailure", "You do not have permission to access the specified resource.", status=403)


def with_addresses(ctx: Context, interface: NetworkInterface, given: interface_addresses.Given) -> NetworkInterface:
    """Put an interface with further addresses and prefixes."""
    changed = msgspec.structs.replace(
        interface,
        addresses=(*interface.addresses, *(PrivateAddress(address) for address in given.ipv4)),
        ipv6_addresses=(*interface.ipv6_addresses, *given.ipv6),
        prefixes=(*interface.prefixes, *given.prefixes),
    )
    ctx.put(changed)
    return changed


def described(ctx: Context, interface: NetworkInterface) -> dict[str, Any]:
    """An interface as DescribeNetworkInterfaces shows it."""
    subnet = one(ctx, Subnet, interface.subnet_id)
    names_public = one(ctx, Vpc, interface.vpc_id).dns_hostnames
    shown: dict[str, Any] = {
        "NetworkInterfaceId": interface.id,
        "SubnetId": interface.subnet_id,
        "VpcId": interface.vpc_id,
        "AvailabilityZone": subnet.zone,
        "AvailabilityZoneId": subnet.zone_id,
        "Description": interface.description,
        "OwnerId": ctx.account,
        "RequesterManaged": interface.is_managed,
        "Status": interface.status,
        "MacAddress": interface.mac,
        "SourceDestCheck": interface.checks_source,
        "InterfaceType": interface.type,
        "Groups": list(groups_of(ctx, interface)),
        "PrivateIpAddresses": [_address(ctx, one, at == 0, names_public) for at, one in enumerate(interface.addresses)],
        "Ipv6Addresses": [{"Ipv6Address": address, "IsPrimaryIpv6": False} for address in interface.ipv6_addresses],
        "Ipv4Prefixes": [{"Ipv4Prefix": prefix} for prefix in interface.prefixes if ":" not in prefix],
        "Ipv6Prefixes": [{"Ipv6Prefix": prefix} for prefix in interface.prefixes if ":" in prefix],
        "Ipv6Native": not subnet.cidr,
        "DenyAllIgwTraffic": False,
        "Operator": {"Managed": False},
        "TagSet": tags.written(interface.tags),
    }
    if interface.requester_id:
        shown["RequesterId"] = interface.requester_id
    if interface.attachment:
        shown["Attachment"] = attachment_of(interface.attachment)
    if interface.ipv6_addresses:
        shown["Ipv6Address"] = interface.ipv6_addresses[0]
    if shown["PrivateIpAddresses"]:
        primary = shown["PrivateIpAddresses"][0]
        shown |= {
            name: primary[name] for name in ("PrivateIpAddress", "PrivateDnsName", "Association") if name in primary
        }
        if "PublicDnsName" in primary.get("Association", {}):
            shown["PublicDnsName"] = primary["Association"]["PublicDnsName"]
    return shown


def groups_of(ctx: Context, interface: NetworkInterface) -> Iterator[dict[str, str]]:
    """The groups of an interface, with their names."""
    for group_id in interface.groups:
        group = ctx.get(SecurityGroup, interface.vpc_id, group_id)
        yield {"GroupId": group_id, "GroupName": group.name if group else ""}


def attachment_of(attachment: Attachment) -> dict[str, Any]:
    """An attachment as it is shown."""
    shown = {
        "AttachmentId": attachment.id,
        "DeviceIndex": attachment.device_index,
        "NetworkCardIndex": 0,
        "Status": attachment.status,
        "DeleteOnTermination": attachment.deletes_on_termination,
        "AttachTime": attachment.attached_at,
        "InstanceOwnerId": attachment.instance_owner,
    }
    return shown | ({"InstanceId": attachment.instance_id} if attachment.instance_id else {})


def _address(ctx: Context, address: PrivateAddress, is_primary: bool, names_public: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "PrivateIpAddress": address.address,
        "Primary": is_primary,
        "PrivateDnsName": addressing.private_name(address.address, ctx.region),
    }
    if found := address.association:
        shown["Association"] = {"PublicIp": found.public_ip, "IpOwnerId": found.owner}
        if found.id:
            shown["Association"] |= {"AssociationId": found.id, "AllocationId": found.allocation_id}
        if names_public:
            shown["Association"]["PublicDnsName"] = addressing.public_name(found.public_ip, ctx.region)
    return shown
