"""Security groups, network ACLs, and their rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.control.context import Context
from fogbank.control.resource_type import (
    Call,
    Functions,
    Properties,
    ResourceType,
    Table,
    Wanted,
    of_calls,
    of_functions,
    some,
)
from fogbank.services.ec2.types.tagged import retag, specified

_GROUP = ("GroupName", "GroupDescription", "VpcId")
_OPEN = {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}
_WAYS = ("Ingress", "Egress")
_ENDS = {"Ingress": "Source", "Egress": "Destination"}
_RULE = ("CidrIp", "CidrIpv6", "Description", "FromPort", "IpProtocol", "ToPort")
_ENTRY = ("NetworkAclId", "RuleNumber", "Protocol", "RuleAction", "Egress", "CidrBlock", "Ipv6CidrBlock", "PortRange")


def _permission(rule: Properties, way: str) -> dict[str, Any]:
    """A rule as its template writes it -> the permission that EC2 takes."""
    end = _ENDS[way]
    told = some(rule, "Description")
    found: dict[str, Any] = some(rule, "IpProtocol", "FromPort", "ToPort")
    if "CidrIp" in rule:
        found["IpRanges"] = [{"CidrIp": rule["CidrIp"], **told}]
    if "CidrIpv6" in rule:
        found["Ipv6Ranges"] = [{"CidrIpv6": rule["CidrIpv6"], **told}]
    if f"{end}PrefixListId" in rule:
        found["PrefixListIds"] = [{"PrefixListId": rule[f"{end}PrefixListId"], **told}]
    if f"{end}SecurityGroupId" in rule:
        owner = {"UserId": rule["SourceSecurityGroupOwnerId"]} if "SourceSecurityGroupOwnerId" in rule else {}
        found["UserIdGroupPairs"] = [{"GroupId": rule[f"{end}SecurityGroupId"], **owner, **told}]
    return found


def _rules(properties: Properties, way: str) -> list[Any]:
    """The rules of one way; a group that says nothing of what leaves lets everything leave."""
    return list(properties.get(f"SecurityGroup{way}", [_OPEN] if way == "Egress" else []))


def _changed_rules(group: str, before: Properties, after: Properties) -> list[Call]:
    calls: list[Call] = []
    for way in _WAYS:
        old, new = _rules(before, way), _rules(after, way)
        for verb, rules in (
            ("Revoke", [one for one in old if one not in new]),
            ("Authorize", [one for one in new if one not in old]),
        ):
            if rules:
                permissions = [_permission(one, way) for one in rules]
                calls.append((f"{verb}SecurityGroup{way}", {"GroupId": group, "IpPermissions": permissions}))
    return calls


def _create_group(wanted: Wanted) -> Call:
    properties = wanted.properties
    params = {
        "GroupName": properties.get("GroupName", wanted.name),
        "Description": properties["GroupDescription"],
        **some(properties, "VpcId"),
        **specified("security-group", wanted),
    }
    return "CreateSecurityGroup", params


def _group(identity: str, properties: Properties, answer: dict[str, Any]) -> Mapping[str, Any]:
    (found,) = answer["SecurityGroups"]
    return {"GroupId": identity, "Id": identity, "VpcId": found["VpcId"]}


def _rule_type(way: str) -> ResourceType:
    """`AWS::EC2::SecurityGroupIngress` or `…Egress`."""
    end = _ENDS[way]
    known = (*_RULE, "GroupId", f"{end}SecurityGroupId", f"{end}PrefixListId", "SourceSecurityGroupOwnerId")

    def asked(properties: Properties) -> dict[str, Any]:
        return {"GroupId": properties["GroupId"], "IpPermissions": [_permission(properties, way)]}

    return of_calls(
        Table(
            f"AWS::EC2::SecurityGroup{way}",
            "ec2",
            create=lambda wanted: (f"AuthorizeSecurityGroup{way}", asked(wanted.properties)),
            identity=lambda answer, wanted: str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]),
            update=lambda change: [(f"UpdateSecurityGroupRuleDescriptions{way}", asked(change.after))],
            delete=lambda identity, properties: [
                (
                    f"RevokeSecurityGroup{way}",
                    {"GroupId": properties["GroupId"], "SecurityGroupRuleIds": [identity]},
                )
            ],
            attributes=lambda identity, properties, answer: {"Id": identity},
            absent=("InvalidGroup.NotFound", "InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound"),
            required=("GroupId", "IpProtocol"),
            known=frozenset(known),
            replaces=frozenset(known) - {"Description"},
        )
    )


def _entry(properties: Properties) -> dict[str, Any]:
    icmp = {"IcmpTypeCode": properties["Icmp"]} if "Icmp" in properties else {}
    return {"Egress": False, **some(properties, *_ENTRY), **icmp}


def _tie(ctx: Context, subnet: str) -> tuple[str, str]:
    """What ties a subnet to a network ACL now, and the VPC's default ACL."""
    (found,) = ctx.call("ec2", "DescribeSubnets", SubnetIds=[subnet])["Subnets"]
    asked = [{"Name": "vpc-id", "Values": [found["VpcId"]]}]
    acls = ctx.call("ec2", "DescribeNetworkAcls", Filters=asked)["NetworkAcls"]
    ties = [one for acl in acls for one in acl["Associations"] if one["SubnetId"] == subnet]
    default = next(acl["NetworkAclId"] for acl in acls if acl["IsDefault"])
    return str(ties[0]["NetworkAclAssociationId"]), str(default)


def _tied(ctx: Context, wanted: Wanted) -> str:
    tie, _ = _tie(ctx, wanted.properties["SubnetId"])
    asked = {"AssociationId": tie, "NetworkAclId": wanted.properties["NetworkAclId"]}
    return str(ctx.call("ec2", "ReplaceNetworkAclAssociation", **asked)["NewAssociationId"])


def _untied(ctx: Context, identity: str, properties: Properties) -> None:
    tie, default = _tie(ctx, properties["SubnetId"])
    # Another resource may have tied the subnet anew, in this one's place.
    if tie == identity:
        ctx.call("ec2", "ReplaceNetworkAclAssociation", AssociationId=tie, NetworkAclId=default)


TYPES = (
    of_calls(
        Table(
            "AWS::EC2::SecurityGroup",
            "ec2",
            create=_create_group,
            identity=lambda answer, wanted: str(answer["GroupId"]),
            afterwards=lambda group, wanted: _changed_rules(group, {}, wanted.properties),
            update=lambda change: _changed_rules(change.id, change.before, change.after),
            retag=retag,
            delete=lambda group, properties: [("DeleteSecurityGroup", {"GroupId": group})],
            look=lambda group: ("DescribeSecurityGroups", {"GroupIds": [group]}),
            attributes=_group,
            absent=("InvalidGroup.NotFound", "InvalidGroupId.NotFound"),
            required=("GroupDescription",),
            known=frozenset((*_GROUP, "SecurityGroupIngress", "SecurityGroupEgress", "Tags")),
            replaces=frozenset(_GROUP),
        )
    ),
    _rule_type("Ingress"),
    _rule_type("Egress"),
    of_calls(
        Table(
            "AWS::EC2::NetworkAcl",
            "ec2",
            create=lambda wanted: (
                "CreateNetworkAcl",
                {**some(wanted.properties, "VpcId"), **specified("network-acl", wanted)},
            ),
            identity=lambda answer, wanted: str(answer["NetworkAcl"]["NetworkAclId"]),
            update=lambda change: (),
            retag=retag,
            delete=lambda acl, properties: [("DeleteNetworkAcl", {"NetworkAclId": acl})],
            attributes=lambda acl, properties, answer: {"Id": acl},
            absent=("InvalidNetworkAclID.NotFound",),
            required=("VpcId",),
            known=frozenset(("VpcId", "Tags")),
            replaces=frozenset(("VpcId",)),
        )
    ),
    of_calls(
        Table(
            "AWS::EC2::NetworkAclEntry",
            "ec2",
            create=lambda wanted: ("CreateNetworkAclEntry", _entry(wanted.properties)),
            identity=lambda answer, wanted: wanted.name,
            update=lambda change: [("ReplaceNetworkAclEntry", _entry(change.after))],
            delete=lambda identity, properties: [
                ("DeleteNetworkAclEntry", some(_entry(properties), "NetworkAclId", "RuleNumber", "Egress"))
            ],
            attributes=lambda identity, properties, answer: {"Id": identity},
            absent=("InvalidNetworkAclEntry.NotFound", "InvalidNetworkAclID.NotFound"),
            required=("NetworkAclId", "RuleNumber", "Protocol", "RuleAction"),
            known=frozenset((*_ENTRY, "Icmp")),
            replaces=frozenset(("NetworkAclId", "RuleNumber", "Egress")),
        )
    ),
    of_functions(
        Functions(
            "AWS::EC2::SubnetNetworkAclAssociation",
            create=_tied,
            delete=_untied,
            attributes=lambda ctx, identity, properties: {"AssociationId": identity},
            required=("SubnetId", "NetworkAclId"),
            known=frozenset(("SubnetId", "NetworkAclId")),
        )
    ),
)
