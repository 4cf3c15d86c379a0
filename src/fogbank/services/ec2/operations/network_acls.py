"""Network ACLs, their entries and their subnets (EC2 API Reference, "CreateNetworkAcl" and the pages around it)."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import acl_entries, catalog, network_acls, rules, tagging
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import NetworkAcl, Subnet, Vpc
from fogbank.services.ec2.vpcs import new_id

_LISTING = Listing(
    NetworkAcl,
    "NetworkAcls",
    "NetworkAclIds",
    "NetworkAclId",
    {
        "association.association-id": "Associations.NetworkAclAssociationId",
        "association.network-acl-id": "Associations.NetworkAclId",
        "association.subnet-id": "Associations.SubnetId",
        "default": "IsDefault",
        "entry.cidr": "Entries.CidrBlock",
        "entry.icmp.code": "Entries.IcmpTypeCode.Code",
        "entry.icmp.type": "Entries.IcmpTypeCode.Type",
        "entry.ipv6-cidr": "Entries.Ipv6CidrBlock",
        "entry.port-range.from": "Entries.PortRange.From",
        "entry.port-range.to": "Entries.PortRange.To",
        "entry.protocol": "Entries.Protocol",
        "entry.rule-action": "Entries.RuleAction",
        "entry.egress": "Entries.Egress",
        "entry.rule-number": "Entries.RuleNumber",
        "network-acl-id": "NetworkAclId",
        "owner-id": "OwnerId",
        "vpc-id": "VpcId",
    },
)


def create_network_acl(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    vpc = catalog.one(ctx, Vpc, req["VpcId"])
    count = sum(1 for _ in ctx.scan(NetworkAcl, vpc.id))
    rules.check_quota("acls", count, "NetworkAclLimitExceeded", "The maximum number of network ACLs has been reached.")
    acl = NetworkAcl(vpc_id=vpc.id, id=new_id(ctx, "acl"), tags=tagging.specified(req, "network-acl"))
    ctx.put(acl)
    answer = {"NetworkAcl": network_acls.described(ctx, acl)}
    return {**answer, **({"ClientToken": req["ClientToken"]} if "ClientToken" in req else {})}


def delete_network_acl(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    acl = catalog.one(ctx, NetworkAcl, req["NetworkAclId"])
    if acl.is_default:
        raise AwsError("InvalidParameterValue", f"cannot delete default network ACL {acl.id}")
    if network_acls.associated(ctx, acl):
        raise catalog.dependency_violation("networkAcl", acl.id)
    ctx.delete(NetworkAcl, acl.vpc_id, acl.id)
    return {}


def describe_network_acls(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, req, _LISTING, network_acls.described)


def create_network_acl_entry(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    acl = catalog.one(ctx, NetworkAcl, req["NetworkAclId"])
    entry = acl_entries.entry(req)
    if acl_entries.at(acl.entries, entry.number, entry.is_egress) is not None:
        text = f"The network acl entry identified by {entry.number} already exists."
        raise AwsError("NetworkAclEntryAlreadyExists", text)
    acl_entries.check_quota(acl.entries, entry.is_egress)
    ctx.put(msgspec.structs.replace(acl, entries=acl_entries.ordered((*acl.entries, entry))))
    return {}


def replace_network_acl_entry(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    acl = catalog.one(ctx, NetworkAcl, req["NetworkAclId"])
    entry = acl_entries.entry(req)
    _require_entry(acl, entry.number, entry.is_egress)
    left = acl_entries.without(acl.entries, entry.number, entry.is_egress)
    ctx.put(msgspec.structs.replace(acl, entries=acl_entries.ordered((*left, entry))))
    return {}


def delete_network_acl_entry(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    acl = catalog.one(ctx, NetworkAcl, req["NetworkAclId"])
    number, is_egress = acl_entries.number_of(req["RuleNumber"]), req["Egress"]
    _require_entry(acl, number, is_egress)
    ctx.put(msgspec.structs.replace(acl, entries=acl_entries.without(acl.entries, number, is_egress)))
    return {}


def replace_network_acl_association(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    association_id = req["AssociationId"]
    if catalog.prefix_of(association_id) != "aclassoc":
        text = f'Invalid id: "{association_id}" (expecting "aclassoc-...")'
        raise AwsError("InvalidAssociationID.Malformed", text)
    acl = catalog.one(ctx, NetworkAcl, req["NetworkAclId"])
    found = ctx.find(Subnet, "by_association", association_id)
    if not found:
        text = f"The association ID '{association_id}' does not exist"
        raise AwsError("InvalidAssociationID.NotFound", text)
    subnet = found[0]
    if subnet.vpc_id != acl.vpc_id:
        text = f"networkAcl {acl.id} and subnet {subnet.id} belong to different networks"
        raise AwsError("InvalidParameterValue", text)
    new = new_id(ctx, "aclassoc")
    ctx.put(msgspec.structs.replace(subnet, acl_id=acl.id, acl_association_id=new))
    return {"NewAssociationId": new}


def _require_entry(acl: NetworkAcl, number: int, is_egress: bool) -> None:
    if acl_entries.at(acl.entries, number, is_egress) is None:
        direction = "egress" if is_egress else "ingress"
        text = f"The specified {direction} rule {number} does not exist in the network ACL {acl.id}"
        raise AwsError("InvalidNetworkAclEntry.NotFound", text)
