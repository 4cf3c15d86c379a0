"""Network ACLs, as they are described with the subnets that name them."""

from __future__ import annotations

from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.ec2 import acl_entries
from fogbank.services.ec2.resources import NetworkAcl, Subnet, Vpc


def associated(ctx: Context, acl: NetworkAcl) -> list[Subnet]:
    """The subnets of an ACL."""
    return [subnet for subnet in ctx.scan(Subnet, acl.vpc_id) if subnet.acl_id == acl.id]


def described(ctx: Context, acl: NetworkAcl) -> dict[str, Any]:
    """An ACL as DescribeNetworkAcls shows it."""
    vpc = ctx.get(Vpc, acl.vpc_id)
    return {
        "NetworkAclId": acl.id,
        "VpcId": acl.vpc_id,
        "OwnerId": ctx.account,
        "IsDefault": acl.is_default,
        "Associations": [
            {"NetworkAclAssociationId": subnet.acl_association_id, "NetworkAclId": acl.id, "SubnetId": subnet.id}
            for subnet in associated(ctx, acl)
        ],
        "Entries": acl_entries.shown(acl.entries, vpc is not None and bool(vpc.ipv6_blocks)),
        "Tags": tags.written(acl.tags),
    }
