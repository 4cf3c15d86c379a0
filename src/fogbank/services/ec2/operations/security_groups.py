"""Security groups and their rules (EC2 API Reference, "CreateSecurityGroup" and the pages around it)."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.aws.filters import matching
from fogbank.control.context import Context
from fogbank.services.ec2 import catalog, group_rules, peerings, prefix_lists, security_groups, tagging
from fogbank.services.ec2.listing import Listing, limit_of, listed, paged
from fogbank.services.ec2.resources import NetworkInterface, Rule, SecurityGroup, Vpc
from fogbank.services.ec2.vpcs import new_id

_PERMISSION = {
    "cidr": "IpRanges.CidrIp",
    "from-port": "FromPort",
    "group-id": "UserIdGroupPairs.GroupId",
    "group-name": "UserIdGroupPairs.GroupName",
    "ipv6-cidr": "Ipv6Ranges.CidrIpv6",
    "prefix-list-id": "PrefixListIds.PrefixListId",
    "protocol": "IpProtocol",
    "to-port": "ToPort",
    "user-id": "UserIdGroupPairs.UserId",
}
_FILTERS = {
    "description": "Description",
    "group-id": "GroupId",
    "group-name": "GroupName",
    "owner-id": "OwnerId",
    "vpc-id": "VpcId",
    **{f"ip-permission.{name}": f"IpPermissions.{path}" for name, path in _PERMISSION.items()},
    **{f"egress.ip-permission.{name}": f"IpPermissionsEgress.{path}" for name, path in _PERMISSION.items()},
}
_LISTING = Listing(SecurityGroup, "SecurityGroups", "GroupIds", "GroupId", _FILTERS)
_FOR_VPC = {
    "group-id": "GroupId",
    "description": "Description",
    "group-name": "GroupName",
    "owner-id": "OwnerId",
    "primary-vpc-id": "PrimaryVpcId",
}
_NOT_FOUND = "The specified rule does not exist in this security group."
_STALE_MAX = 255


def create_security_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group_rules.check_name(req["GroupName"], req["Description"])
    vpc_id = req["VpcId"] if req.get("VpcId") else security_groups.default_vpc(ctx).id
    group = security_groups.make(
        ctx,
        SecurityGroup(
            vpc_id=vpc_id,
            id=new_id(ctx, "sg"),
            name=req["GroupName"],
            description=req["Description"],
            tags=tagging.specified(req, "security-group"),
        ),
    )
    shown = security_groups.described(ctx, group)
    return {name: shown[name] for name in ("GroupId", "SecurityGroupArn", "Tags")}


def delete_security_group(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = security_groups.named(ctx, req)
    if group.name == "default":
        text = f'the specified group: "{group.id}" name: "{group.name}" cannot be deleted by a user'
        raise AwsError("CannotDelete", text)
    named = [other for other in ctx.find(SecurityGroup, "by_peer", group.id) if other.vpc_id == group.vpc_id]
    if ctx.find(NetworkInterface, "by_group", group.id) or any(other.id != group.id for other in named):
        raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")
    ctx.delete(SecurityGroup, group.vpc_id, group.id)
    return {"Return": True, "GroupId": group.id}


def describe_security_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    records = None
    if names := req.get("GroupNames"):
        vpc = security_groups.default_vpc(ctx)
        records = [security_groups.by_name(ctx, vpc, name) for name in names]
    return listed(ctx, req, _LISTING, security_groups.described, records)


def authorize_security_group_ingress(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _authorize(ctx, req, is_egress=False)


def authorize_security_group_egress(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _authorize(ctx, req, is_egress=True)


def revoke_security_group_ingress(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _revoke(ctx, req, is_egress=False)


def revoke_security_group_egress(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _revoke(ctx, req, is_egress=True)


def describe_security_group_rules(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    limit = limit_of(req)
    rows = []
    if ids := req.get("SecurityGroupRuleIds"):
        for rule_id in ids:
            group = _group_of(ctx, rule_id)
            rule = next(rule for rule in group.rules if rule.id == rule_id)
            rows.append(security_groups.described_rule(ctx, group, rule))
    else:
        for group in ctx.scan(SecurityGroup):
            rows.extend(security_groups.described_rule(ctx, group, rule) for rule in group.rules)
    paths = {"group-id": "GroupId", "security-group-rule-id": "SecurityGroupRuleId"}
    return paged(req, "SecurityGroupRules", matching(rows, req.get("Filters"), paths), "SecurityGroupRuleId", limit)


def modify_security_group_rules(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    group = catalog.one(ctx, SecurityGroup, req["GroupId"])
    for change in req["SecurityGroupRules"]:
        rule = _rule_of(group, change.get("SecurityGroupRuleId", ""))
        permission = _permission(change.get("SecurityGroupRule") or {})
        wanted = group_rules.wanted([permission])
        changed = security_groups.resolved(ctx, group, wanted, is_egress=rule.is_egress)[0]
        changed = msgspec.structs.replace(changed, id=rule.id, tags=rule.tags)
        if any(
            group_rules.key_of(other) == group_rules.key_of(changed) and other.id != rule.id for other in group.rules
        ):
            raise group_rules.duplicate(changed)
        rules = tuple(changed if other.id == rule.id else other for other in group.rules)
        group = msgspec.structs.replace(group, rules=rules)
    group_rules.check_quota(group.rules, prefix_lists.sizes(ctx))
    ctx.put(group)
    return {"Return": True}


def update_security_group_rule_descriptions_ingress(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _describe_anew(ctx, req, is_egress=False)


def update_security_group_rule_descriptions_egress(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _describe_anew(ctx, req, is_egress=True)


def describe_security_group_references(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The VPCs at the other ends of peerings whose groups name these."""
    found = []
    for group in catalog.found(ctx, SecurityGroup, req["GroupId"]):
        for peering in peerings.of_vpc(ctx, group.vpc_id):
            sides = (peering.requester, peering.accepter)
            other = next((side for side in sides if side.vpc_id != group.vpc_id), None)
            if other is None or peering.status != "active" or other.region != ctx.region:
                continue
            there = ctx.at(account=other.account)
            if any(one.vpc_id == other.vpc_id for one in there.find(SecurityGroup, "by_peer", group.id)):
                row = {"GroupId": group.id, "ReferencingVpcId": other.vpc_id, "VpcPeeringConnectionId": peering.id}
                found.append(row)
    return {"SecurityGroupReferenceSet": found}


def describe_stale_security_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    catalog.one(ctx, Vpc, req["VpcId"])
    limit = limit_of(req, most=_STALE_MAX)
    rows = []
    for group in ctx.scan(SecurityGroup, req["VpcId"]):
        stale = [rule for rule in group.rules if security_groups.is_stale(ctx, group, rule)]
        if stale:
            rows.append(_stale(ctx, group, stale))
    return paged(req, "StaleSecurityGroupSet", rows, "GroupId", limit)


def get_security_groups_for_vpc(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    vpc = catalog.one(ctx, Vpc, req["VpcId"])
    rows = [
        {
            "GroupId": group.id,
            "GroupName": group.name,
            "Description": group.description,
            "OwnerId": ctx.account,
            "PrimaryVpcId": group.vpc_id,
            "Tags": tags.written(group.tags),
        }
        for group in ctx.scan(SecurityGroup, vpc.id)
    ]
    found = matching(rows, req.get("Filters"), _FOR_VPC)
    return paged(req, "SecurityGroupForVpcs", found, "GroupId", limit_of(req))


def _authorize(ctx: Context, req: dict[str, Any], *, is_egress: bool) -> dict[str, Any]:
    group = security_groups.named(ctx, req)
    wanted = group_rules.wanted(group_rules.flat(req))
    found = security_groups.resolved(ctx, group, wanted, is_egress=is_egress)
    known = {group_rules.key_of(rule) for rule in group.rules}
    for rule in found:
        if group_rules.key_of(rule) in known:
            raise group_rules.duplicate(rule)
        known.add(group_rules.key_of(rule))
    given = tagging.specified(req, "security-group-rule")
    made = [msgspec.structs.replace(rule, id=new_id(ctx, "sgr"), tags=given) for rule in found]
    group_rules.check_quota((*group.rules, *made), prefix_lists.sizes(ctx))
    ctx.put(msgspec.structs.replace(group, rules=(*group.rules, *made)))
    return {
        "Return": True,
        "SecurityGroupRules": [security_groups.described_rule(ctx, group, rule) for rule in made],
    }


def _revoke(ctx: Context, req: dict[str, Any], *, is_egress: bool) -> dict[str, Any]:
    group = security_groups.named(ctx, req)
    unknown: list[dict[str, Any]] = []
    if ids := req.get("SecurityGroupRuleIds"):
        if req.get("IpPermissions"):
            text = "The parameter 'securityGroupRuleIds' may not be used in combination with 'ipPermissions'"
            raise AwsError("InvalidParameterCombination", text)
        gone = [_rule_of(group, rule_id, is_egress) for rule_id in ids]
    else:
        _require_rules(req)
        gone = []
        for one in group_rules.wanted(group_rules.flat(req)):
            rule = _matching(ctx, group, one, is_egress)
            gone += [rule] if rule else []
            unknown += [] if rule else [group_rules.as_permission(one)]
    if unknown and not catalog.one(ctx, Vpc, group.vpc_id).is_default:
        raise AwsError("InvalidPermission.NotFound", _NOT_FOUND)
    left = tuple(rule for rule in group.rules if rule not in gone)
    if left != group.rules:
        ctx.put(msgspec.structs.replace(group, rules=left))
    revoked = [security_groups.revoked_rule(group, rule) for rule in gone]
    return {"Return": True, "UnknownIpPermissions": unknown, "RevokedSecurityGroupRules": revoked}


def _describe_anew(ctx: Context, req: dict[str, Any], *, is_egress: bool) -> dict[str, Any]:
    group = security_groups.named(ctx, req)
    texts: dict[str, str] = {}
    if given := req.get("SecurityGroupRuleDescriptions"):
        if req.get("IpPermissions"):
            text = "The parameter 'securityGroupRuleDescriptions' may not be used in combination with 'ipPermissions'"
            raise AwsError("InvalidParameterCombination", text)
        for one in given:
            rule = _rule_of(group, one.get("SecurityGroupRuleId", ""), is_egress)
            texts[rule.id] = group_rules.description_of(one.get("Description")) or ""
    elif permissions := req.get("IpPermissions"):
        for wanted in group_rules.wanted(permissions):
            found = _matching(ctx, group, wanted, is_egress)
            if found is None:
                raise AwsError("InvalidPermission.NotFound", _NOT_FOUND)
            texts[found.id] = wanted.description or ""
    else:
        text = "Either 'ipPermissions' or 'securityGroupRuleDescriptions' should be provided."
        raise AwsError("MissingParameter", text)
    rules = (msgspec.structs.replace(rule, description=texts.get(rule.id, rule.description)) for rule in group.rules)
    ctx.put(msgspec.structs.replace(group, rules=tuple(rules)))
    return {"Return": True}


def _require_rules(req: dict[str, Any]) -> None:
    flat = ("IpProtocol", "CidrIp", "SourceSecurityGroupName", "FromPort", "ToPort")
    if not req.get("IpPermissions") and not any(req.get(name) is not None for name in flat):
        raise AwsError("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.")


def _matching(ctx: Context, group: SecurityGroup, one: group_rules.Wanted, is_egress: bool) -> Rule | None:
    """The rule of a group that a request means; the group it names need not exist any more."""
    peer = one.peer or security_groups.by_name(ctx, catalog.one(ctx, Vpc, group.vpc_id), one.pair["GroupName"]).id
    key = group_rules.key_of(Rule("", is_egress, one.protocol, one.from_port, one.to_port, peer))
    return next((rule for rule in group.rules if group_rules.key_of(rule) == key), None)


def _rule_of(group: SecurityGroup, rule_id: str, is_egress: bool | None = None) -> Rule:
    _check_rule_id(rule_id)
    for rule in group.rules:
        if rule.id == rule_id and is_egress in (None, rule.is_egress):
            return rule
    raise AwsError("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist")


def _group_of(ctx: Context, rule_id: str) -> SecurityGroup:
    _check_rule_id(rule_id)
    found = ctx.find(SecurityGroup, "by_rule", rule_id)
    if not found:
        raise AwsError("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist")
    return found[0]


def _check_rule_id(rule_id: str) -> None:
    if catalog.prefix_of(rule_id) != "sgr":
        text = f'Invalid id: "{rule_id}" (expecting "sgr-...")'
        raise AwsError("InvalidSecurityGroupRuleId.Malformed", text)


def _permission(given: dict[str, Any]) -> dict[str, Any]:
    """A `SecurityGroupRule` of ModifySecurityGroupRules as one of `IpPermissions`."""
    places = {
        "CidrIpv4": ("IpRanges", "CidrIp"),
        "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "PrefixListId": ("PrefixListIds", "PrefixListId"),
        "ReferencedGroupId": ("UserIdGroupPairs", "GroupId"),
    }
    named = [name for name in places if given.get(name)]
    if len(named) != 1:
        text = "Only one of cidrIpv4, cidrIpv6, prefixListId, or referencedGroupId must be specified."
        raise AwsError("InvalidParameterCombination" if named else "MissingParameter", text)
    member, name = places[named[0]]
    peer = {name: given[named[0]], **({"Description": given["Description"]} if given.get("Description") else {})}
    ports = {name: given[name] for name in ("FromPort", "ToPort") if given.get(name) is not None}
    return {"IpProtocol": given.get("IpProtocol"), **ports, member: [peer]}


def _stale(ctx: Context, group: SecurityGroup, stale: list[Rule]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "GroupId": group.id,
        "GroupName": group.name,
        "Description": group.description,
        "VpcId": group.vpc_id,
    }
    for member, is_egress in (("StaleIpPermissions", False), ("StaleIpPermissionsEgress", True)):
        some = [rule for rule in stale if rule.is_egress == is_egress]
        pairs = {rule.id: security_groups.pair(ctx, group, rule) for rule in some}
        shown[member] = [
            {name: value for name, value in permission.items() if name != "Ipv6Ranges"}
            for permission in group_rules.grouped(some, pairs)
        ]
    return shown
