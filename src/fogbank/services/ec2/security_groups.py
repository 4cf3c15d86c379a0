"""Security groups, as they are found, made and described, and the groups that their rules name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import catalog, group_rules, peerings, prefix_lists, rules
from fogbank.services.ec2.group_rules import Wanted
from fogbank.services.ec2.resources import Peering, Rule, SecurityGroup, Vpc
from fogbank.services.ec2.vpcs import new_id


def default_vpc(ctx: Context) -> Vpc:
    """Raises VPCIdNotSpecified where there is none."""
    found = next((vpc for vpc in ctx.scan(Vpc) if vpc.is_default), None)
    if found is None:
        raise AwsError("VPCIdNotSpecified", "No default VPC for this user")
    return found


def named(ctx: Context, req: Mapping[str, Any]) -> SecurityGroup:
    """The group that `GroupId`, or in the default VPC `GroupName`, names.

    Raises InvalidGroup.NotFound, InvalidGroupId.Malformed, MissingParameter, VPCIdNotSpecified.
    """
    if req.get("GroupId"):
        return catalog.one(ctx, SecurityGroup, req["GroupId"])
    name = req.get("GroupName")
    if not name:
        raise AwsError("MissingParameter", "The request must contain the parameter groupName or groupId")
    return by_name(ctx, default_vpc(ctx), name)


def by_name(ctx: Context, vpc: Vpc, name: str) -> SecurityGroup:
    found = next((group for group in ctx.scan(SecurityGroup, vpc.id) if group.name == name), None)
    if found is None:
        text = f"The security group '{name}' does not exist"
        raise AwsError("InvalidGroup.NotFound", f"{text} in default VPC '{vpc.id}'" if vpc.is_default else text)
    return found


def make(ctx: Context, group: SecurityGroup) -> SecurityGroup:
    """Put a group with the rule that lets everything out, and of IPv6 too where its VPC has a block.

    Raises InvalidGroup.Duplicate and SecurityGroupLimitExceeded.
    """
    vpc = catalog.one(ctx, Vpc, group.vpc_id)
    if any(other.name == group.name for other in ctx.scan(SecurityGroup, vpc.id)):
        text = f"The security group '{group.name}' already exists for VPC '{vpc.id}'"
        raise AwsError("InvalidGroup.Duplicate", text)
    text = "The maximum number of security groups has been reached."
    rules.check_quota("groups", ctx.count(SecurityGroup), "SecurityGroupLimitExceeded", text)
    everywhere = ("0.0.0.0/0", "::/0") if vpc.ipv6_blocks else ("0.0.0.0/0",)
    out = tuple(Rule(new_id(ctx, "sgr"), True, group_rules.ALL, -1, -1, cidr) for cidr in everywhere)
    made = msgspec.structs.replace(group, rules=out)
    ctx.put(made)
    return made


def resolved(ctx: Context, group: SecurityGroup, wanted: Sequence[Wanted], *, is_egress: bool) -> list[Rule]:
    """The rules that a request names, with the groups and prefix lists that they speak of looked up; without ids.

    Raises InvalidGroup.NotFound, InvalidPrefixListID.NotFound and their kin.
    """
    found = []
    for one in wanted:
        rule = Rule(
            "", is_egress, one.protocol, one.from_port, one.to_port, one.peer, description=one.description or ""
        )
        if one.pair:
            rule = _towards(ctx, group, rule, one.pair)
        elif one.peer.startswith("pl-"):
            prefix_lists.one(ctx, one.peer)
        found.append(rule)
    return found


def described(ctx: Context, group: SecurityGroup) -> dict[str, Any]:
    """A group as DescribeSecurityGroups shows it."""
    pairs = {rule.id: pair(ctx, group, rule) for rule in group.rules if rule.peer.startswith("sg-")}
    inward, outward = ([rule for rule in group.rules if rule.is_egress == is_egress] for is_egress in (False, True))
    return {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "VpcId": group.vpc_id,
        "OwnerId": ctx.account,
        "SecurityGroupArn": ctx.arn(f"security-group/{group.id}"),
        "IpPermissions": group_rules.grouped(inward, pairs),
        "IpPermissionsEgress": group_rules.grouped(outward, pairs),
        "Tags": tags.written(group.tags),
    }


def pair(ctx: Context, group: SecurityGroup, rule: Rule) -> dict[str, Any]:
    """What is shown of the group that a rule names."""
    shown: dict[str, Any] = {"GroupId": rule.peer, "UserId": rule.peer_account or ctx.account}
    if not rule.peering_id:
        return shown
    peering = ctx.get(Peering, rule.peering_id)
    status = peerings.at(peering, ctx.now).status if peering else "deleted"
    shown |= {"VpcPeeringConnectionId": rule.peering_id, "PeeringStatus": status}
    if peering:
        sides = (peering.requester, peering.accepter)
        shown["VpcId"] = next((side.vpc_id for side in sides if side.vpc_id != group.vpc_id), group.vpc_id)
    return shown


def described_rule(ctx: Context, group: SecurityGroup, rule: Rule) -> dict[str, Any]:
    """A rule as DescribeSecurityGroupRules shows it."""
    shown: dict[str, Any] = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": group.id,
        "GroupOwnerId": ctx.account,
        "IsEgress": rule.is_egress,
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        "SecurityGroupRuleArn": ctx.arn(f"security-group-rule/{rule.id}"),
        "Tags": tags.written(rule.tags),
    }
    if rule.peer.startswith("sg-"):
        shown["ReferencedGroupInfo"] = pair(ctx, group, rule)
    else:
        shown |= peer_member(rule)
    if rule.description:
        shown["Description"] = rule.description
    return shown


def revoked_rule(group: SecurityGroup, rule: Rule) -> dict[str, Any]:
    """A rule as the answer of a revocation shows it."""
    shown: dict[str, Any] = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": group.id,
        "IsEgress": rule.is_egress,
        "IpProtocol": rule.protocol,
        "FromPort": rule.from_port,
        "ToPort": rule.to_port,
        **peer_member(rule),
    }
    return {**shown, **({"Description": rule.description} if rule.description else {})}


def peer_member(rule: Rule) -> dict[str, str]:
    """Whom a rule lets through, under the member that flat rules show it with."""
    if rule.peer.startswith("sg-"):
        return {"ReferencedGroupId": rule.peer}
    if rule.peer.startswith("pl-"):
        return {"PrefixListId": rule.peer}
    return {"CidrIpv6" if ":" in rule.peer else "CidrIpv4": rule.peer}


def is_stale(ctx: Context, group: SecurityGroup, rule: Rule) -> bool:
    """Whether a rule names a group that is gone, or behind a peering that no longer is (VPC Peering Guide)."""
    if not rule.peering_id:
        return False
    peering = ctx.get(Peering, rule.peering_id)
    if peering is None or peerings.at(peering, ctx.now).status != "active":
        return True
    return catalog.maybe(ctx.at(account=rule.peer_account or ctx.account), SecurityGroup, rule.peer) is None


def _towards(ctx: Context, group: SecurityGroup, rule: Rule, given: Mapping[str, Any]) -> Rule:
    """A rule with the group that it names: of the same VPC, or of one that an active peering of this region joins."""
    account = given.get("UserId") or ctx.account
    there = ctx.at(account=account)
    if given.get("GroupId"):
        other = catalog.one(there, SecurityGroup, given["GroupId"])
    else:
        other = by_name(ctx, catalog.one(ctx, Vpc, group.vpc_id), given["GroupName"])
    rule = msgspec.structs.replace(rule, peer=other.id, peer_account=account)
    if other.vpc_id == group.vpc_id:
        return rule
    peering = peerings.between(ctx, group.vpc_id, other.vpc_id)
    asked = given.get("VpcPeeringConnectionId")
    if peering is None or (asked and asked != peering.id):
        text = "You have specified two resources that belong to different networks."
        raise AwsError("InvalidGroup.NotFound", text)
    return msgspec.structs.replace(rule, peering_id=peering.id)
