"""Refusals of groups, ACLs, prefix lists, peerings, endpoints, flow logs, transit gateways, placement and insights."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.control.service import snake_case
from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case, Parity, World

SERVICE = "ec2"
GONE = "0123456789abcdef0"
ANY = [{"CidrIp": "0.0.0.0/0"}]
SSH: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": ANY}
ENTRY: dict[str, Any] = {
    "NetworkAclId": "$ACL",
    "RuleNumber": 1,
    "Protocol": "-1",
    "RuleAction": "allow",
    "Egress": False,
    "CidrBlock": "10.0.0.0/8",
}
LIST: dict[str, Any] = {"PrefixListName": "new", "MaxEntries": 2, "AddressFamily": "IPv4"}
TO_S3: dict[str, Any] = {"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::flows"}
FLOWS: dict[str, Any] = {"ResourceIds": ["$VPC"], "ResourceType": "VPC", "TrafficType": "ALL", **TO_S3}
TO_LOGS: dict[str, Any] = {
    "ResourceIds": ["$VPC"],
    "ResourceType": "VPC",
    "TrafficType": "ALL",
    "LogGroupName": "flows",
}
SOMEBODY = "arn:aws:iam::000000000000:role/flows"
ROUTE: dict[str, Any] = {"TransitGatewayRouteTableId": "$TABLE", "DestinationCidrBlock": "10.8.0.0/16"}
PATH: dict[str, Any] = {"Source": "$GATEWAY", "Destination": "$GATEWAY", "Protocol": "tcp", "ClientToken": "x"}
S3 = "com.amazonaws.us-east-1.s3"


def _made(cloud: TestCloud) -> dict[str, str]:
    def call(operation: str, **parameters: Any) -> dict[str, Any]:
        return cloud.call(SERVICE, operation, parameters)

    vpc, peer, third = (call("CreateVpc", CidrBlock=f"10.{at}.0.0/16")["Vpc"]["VpcId"] for at in range(3))
    subnets = [
        call("CreateSubnet", VpcId=vpc, CidrBlock=f"10.0.{at}.0/24", AvailabilityZone="us-east-1a")["Subnet"][
            "SubnetId"
        ]
        for at in range(2)
    ]
    stranger = call("CreateSubnet", VpcId=third, CidrBlock="10.2.0.0/24")["Subnet"]["SubnetId"]
    group, used = (
        call("CreateSecurityGroup", GroupName=name, Description="x", VpcId=vpc)["GroupId"] for name in ("web", "used")
    )
    alien = call("CreateSecurityGroup", GroupName="alien", Description="x", VpcId=third)["GroupId"]
    rule = call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[SSH])["SecurityGroupRules"][0]
    named = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": used}]}
    call("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[named])
    groups = call("DescribeSecurityGroups", Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    acl, far_acl = (call("CreateNetworkAcl", VpcId=one)["NetworkAcl"]["NetworkAclId"] for one in (vpc, third))
    acls = call(
        "DescribeNetworkAcls", Filters=[{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    )["NetworkAcls"]
    call("CreateNetworkAclEntry", **{**ENTRY, "NetworkAclId": acl, "RuleNumber": 100})
    entries = [{"Cidr": "10.0.0.0/8"}, {"Cidr": "11.0.0.0/8"}]
    listed = call("CreateManagedPrefixList", **{**LIST, "PrefixListName": "full", "Entries": entries})["PrefixList"][
        "PrefixListId"
    ]
    peering = call("CreateVpcPeeringConnection", VpcId=vpc, PeerVpcId=peer)["VpcPeeringConnection"][
        "VpcPeeringConnectionId"
    ]
    rejected = call("CreateVpcPeeringConnection", VpcId=vpc, PeerVpcId=third)["VpcPeeringConnection"][
        "VpcPeeringConnectionId"
    ]
    call("RejectVpcPeeringConnection", VpcPeeringConnectionId=rejected)
    table = call("CreateRouteTable", VpcId=vpc)["RouteTable"]["RouteTableId"]
    far_table = call("CreateRouteTable", VpcId=third)["RouteTable"]["RouteTableId"]
    endpoint = call("CreateVpcEndpoint", VpcId=vpc, ServiceName=S3, RouteTableIds=[table])["VpcEndpoint"][
        "VpcEndpointId"
    ]
    call("CreateFlowLogs", **{**FLOWS, "ResourceIds": [peer]})
    hubs = [call("CreateTransitGateway")["TransitGateway"] for _ in range(3)]
    hub, other_hub, idle = (one["TransitGatewayId"] for one in hubs)
    tables = [
        call("CreateTransitGatewayRouteTable", TransitGatewayId=one)["TransitGatewayRouteTable"][
            "TransitGatewayRouteTableId"
        ]
        for one in (hub, other_hub)
    ]
    attachment = call("CreateTransitGatewayVpcAttachment", TransitGatewayId=hub, VpcId=vpc, SubnetIds=subnets[:1])[
        "TransitGatewayVpcAttachment"
    ]["TransitGatewayAttachmentId"]
    waiting = call(
        "CreateTransitGatewayPeeringAttachment",
        TransitGatewayId=hub,
        PeerTransitGatewayId=other_hub,
        PeerAccountId="000000000000",
        PeerRegion="us-east-1",
    )
    call(
        "CreateTransitGatewayRoute",
        TransitGatewayRouteTableId=tables[0],
        DestinationCidrBlock="10.7.0.0/16",
        Blackhole=True,
    )
    call("CreatePlacementGroup", GroupName="near", Strategy="cluster")
    gateway = call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    return {
        "VPC": vpc, "PEER": peer, "THIRD": third, "SUBNET": subnets[0], "SAME_ZONE": subnets[1], "STRANGER": stranger,
        "GROUP": group, "USED": used, "ALIEN": alien, "RULE": rule["SecurityGroupRuleId"],
        "DEFAULT_GROUP": next(one["GroupId"] for one in groups if one["GroupName"] == "default"),
        "DEFAULT_VPC": call("DescribeVpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"],
        "ACL": acl, "FAR_ACL": far_acl, "DEFAULT_ACL": acls[0]["NetworkAclId"],
        "ASSOCIATION": next(one["NetworkAclAssociationId"] for one in acls[0]["Associations"] if one["SubnetId"] == subnets[1]),
        "LIST": listed, "PEERING": peering, "REJECTED": rejected, "ROUTES": table, "FAR_ROUTES": far_table,
        "ENDPOINT": endpoint, "HUB": hub, "OTHER_HUB": other_hub, "IDLE": idle, "TABLE": tables[0], "OTHER_TABLE": tables[1],
        "DEFAULT_TABLE": hubs[0]["Options"]["AssociationDefaultRouteTableId"], "ATTACHMENT": attachment,
        "WAITING": waiting["TransitGatewayPeeringAttachment"]["TransitGatewayAttachmentId"], "GATEWAY": gateway,
    }  # fmt: skip


def ingress(**permission: Any) -> dict[str, Any]:
    return {"GroupId": "$GROUP", "IpPermissions": [{**SSH, **permission}]}


# fmt: off
CASES = [
    # Security groups
    Case("CreateSecurityGroup", "InvalidGroup.Duplicate", "The security group 'web' already exists for VPC '$VPC'", {"GroupName": "web", "Description": "x", "VpcId": "$VPC"}),
    Case("CreateSecurityGroup", "InvalidGroup.Reserved", "The security group 'default' is reserved", {"GroupName": "default", "Description": "x", "VpcId": "$VPC"}),
    Case("CreateSecurityGroup", "InvalidParameterValue", "Invalid group name. Group names may not be in the format sg-*.", {"GroupName": "sg-mine", "Description": "x", "VpcId": "$VPC"}),
    Case("CreateSecurityGroup", "InvalidParameterValue", "Value (grün) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.", {"GroupName": "grün", "Description": "x", "VpcId": "$VPC"}),
    Case("CreateSecurityGroup", "InvalidParameterValue", "Value (für alle) for parameter GroupDescription is invalid. Character sets beyond ASCII are not supported.", {"GroupName": "new", "Description": "für alle", "VpcId": "$VPC"}),
    Case("CreateSecurityGroup", "InvalidParameterValue", f"Value ({'a' * 256}) for parameter GroupName is invalid. Invalid format.", {"GroupName": "a" * 256, "Description": "x", "VpcId": "$VPC"}),
    Case("CreateSecurityGroup", "MissingParameter", "The request must contain the parameter GroupDescription", {"GroupName": "new", "Description": "", "VpcId": "$VPC"}),
    Case("CreateSecurityGroup", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"GroupName": "new", "Description": "x", "VpcId": f"vpc-{GONE}"}),
    Case("CreateSecurityGroup", "InvalidVpcID.Malformed", 'Invalid id: "here" (expecting "vpc-...")', {"GroupName": "new", "Description": "x", "VpcId": "here"}),
    Case("CreateSecurityGroup", "InvalidParameterValue", "'vpc' is not a valid taggable resource type for this operation.", {"GroupName": "new", "Description": "x", "VpcId": "$VPC", "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}]}),
    Case("CreateSecurityGroup", "DryRunOperation", "Request would have succeeded, but DryRun flag is set.", {"GroupName": "new", "Description": "x", "VpcId": "$VPC", "DryRun": True}, 412),
    Case("DeleteSecurityGroup", "CannotDelete", 'the specified group: "$DEFAULT_GROUP" name: "default" cannot be deleted by a user', {"GroupId": "$DEFAULT_GROUP"}),
    Case("DeleteSecurityGroup", "DependencyViolation", "resource $USED has a dependent object", {"GroupId": "$USED"}),
    Case("DeleteSecurityGroup", "InvalidGroup.NotFound", f"The security group 'sg-{GONE}' does not exist", {"GroupId": f"sg-{GONE}"}),
    Case("DeleteSecurityGroup", "InvalidGroupId.Malformed", 'Invalid id: "web" (expecting "sg-...")', {"GroupId": "web"}),
    Case("DeleteSecurityGroup", "InvalidGroup.NotFound", "The security group 'web' does not exist in default VPC '$DEFAULT_VPC'", {"GroupName": "web"}),
    Case("DeleteSecurityGroup", "MissingParameter", "The request must contain the parameter groupName or groupId", {}),
    Case("DescribeSecurityGroups", "InvalidGroup.NotFound", f"The security group 'sg-{GONE}' does not exist", {"GroupIds": [f"sg-{GONE}"]}),
    Case("DescribeSecurityGroups", "InvalidParameterValue", "The filter 'colour' is invalid", {"Filters": [{"Name": "colour", "Values": ["red"]}]}),
    Case("DescribeSecurityGroups", "InvalidNextToken", "The token is not valid.", {"NextToken": "x"}),
    Case("DescribeSecurityGroups", "InvalidParameterCombination", "The parameter GroupIds cannot be used with the parameter maxResults", {"GroupIds": ["$GROUP"], "MaxResults": 5}),
    Case("AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate", 'the specified rule "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW" already exists', ingress()),
    Case("AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate", 'the specified rule "peer: $USED, ALL, ALLOW" already exists', {"GroupId": "$GROUP", "IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "$USED"}]}]}),
    Case("AuthorizeSecurityGroupEgress", "InvalidPermission.Duplicate", 'the specified rule "peer: 0.0.0.0/0, ALL, ALLOW" already exists', {"GroupId": "$GROUP", "IpPermissions": [{"IpProtocol": "-1", "IpRanges": ANY}]}),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "The same permission must not appear multiple times", {"GroupId": "$GROUP", "IpPermissions": [{**SSH, "FromPort": 1}, {**SSH, "FromPort": 1}]}),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "CIDR block 10.0.0.1 is malformed", ingress(IpRanges=[{"CidrIp": "10.0.0.1"}])),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "CIDR block 10.0.0.0/33 is malformed", ingress(IpRanges=[{"CidrIp": "10.0.0.0/33"}])),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "CIDR block ::/0 is malformed", ingress(IpRanges=[{"CidrIp": "::/0"}])),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "CIDR block 10.0.0.0/8 is malformed", ingress(IpRanges=[], Ipv6Ranges=[{"CidrIpv6": "10.0.0.0/8"}])),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "TCP/UDP port (70000) out of range", ingress(ToPort=70000)),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "Invalid TCP/UDP port range (443:80)", ingress(FromPort=443, ToPort=80)),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.", {"GroupId": "$GROUP", "IpPermissions": [{"IpProtocol": "tcp", "IpRanges": ANY}]}),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "ICMP type (256) out of range", ingress(IpProtocol="icmp", FromPort=256, ToPort=0)),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "ICMP code (256) out of range", ingress(IpProtocol="icmp", FromPort=8, ToPort=256)),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "Invalid value 'ipx' for IP protocol. Unknown protocol.", ingress(IpProtocol="ipx")),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "Invalid value '256' for IP protocol. Unknown protocol.", ingress(IpProtocol="256")),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterValue", "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*", ingress(IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "who?"}])),
    Case("AuthorizeSecurityGroupIngress", "MissingParameter", "The request must contain the parameter ipProtocol", {"GroupId": "$GROUP", "IpPermissions": [{"IpRanges": ANY}]}),
    Case("AuthorizeSecurityGroupIngress", "MissingParameter", "Missing source specification: include source security group or CIDR", ingress(IpRanges=[])),
    Case("AuthorizeSecurityGroupIngress", "MissingParameter", "Source group ID missing.", ingress(IpRanges=[], UserIdGroupPairs=[{"UserId": "1"}])),
    Case("AuthorizeSecurityGroupIngress", "MissingParameter", "The request must contain the parameter ipPermissions", {"GroupId": "$GROUP"}),
    Case("AuthorizeSecurityGroupIngress", "InvalidParameterCombination", "The parameter 'cidrIp' may not be used in combination with 'ipPermissions'", {**ingress(), "CidrIp": "10.0.0.0/8"}),
    Case("AuthorizeSecurityGroupIngress", "InvalidGroup.NotFound", f"The security group 'sg-{GONE}' does not exist", ingress(IpRanges=[], UserIdGroupPairs=[{"GroupId": f"sg-{GONE}"}])),
    Case("AuthorizeSecurityGroupIngress", "InvalidGroup.NotFound", "You have specified two resources that belong to different networks.", ingress(IpRanges=[], UserIdGroupPairs=[{"GroupId": "$ALIEN"}])),
    Case("AuthorizeSecurityGroupIngress", "InvalidGroup.NotFound", "The security group 'nobody' does not exist", ingress(IpRanges=[], UserIdGroupPairs=[{"GroupName": "nobody"}])),
    Case("AuthorizeSecurityGroupIngress", "InvalidPrefixListID.NotFound", f"The prefix list ID 'pl-{GONE}' does not exist", ingress(IpRanges=[], PrefixListIds=[{"PrefixListId": f"pl-{GONE}"}])),
    Case("AuthorizeSecurityGroupEgress", "InvalidGroup.NotFound", f"The security group 'sg-{GONE}' does not exist", {"GroupId": f"sg-{GONE}", "IpPermissions": [SSH]}),
    Case("AuthorizeSecurityGroupIngress", "RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.", ingress(IpRanges=[{"CidrIp": f"10.{at}.0.0/16"} for at in range(61)])),
    Case("RevokeSecurityGroupIngress", "InvalidPermission.NotFound", "The specified rule does not exist in this security group.", ingress(FromPort=1)),
    Case("RevokeSecurityGroupEgress", "InvalidPermission.NotFound", "The specified rule does not exist in this security group.", ingress()),
    Case("RevokeSecurityGroupIngress", "MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.", {"GroupId": "$GROUP"}),
    Case("RevokeSecurityGroupIngress", "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID 'sgr-{GONE}' does not exist", {"GroupId": "$GROUP", "SecurityGroupRuleIds": [f"sgr-{GONE}"]}),
    Case("RevokeSecurityGroupEgress", "InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '$RULE' does not exist", {"GroupId": "$GROUP", "SecurityGroupRuleIds": ["$RULE"]}),
    Case("RevokeSecurityGroupIngress", "InvalidSecurityGroupRuleId.Malformed", 'Invalid id: "one" (expecting "sgr-...")', {"GroupId": "$GROUP", "SecurityGroupRuleIds": ["one"]}),
    Case("RevokeSecurityGroupIngress", "InvalidParameterCombination", "The parameter 'securityGroupRuleIds' may not be used in combination with 'ipPermissions'", {**ingress(), "SecurityGroupRuleIds": ["$RULE"]}),
    Case("DescribeSecurityGroupRules", "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID 'sgr-{GONE}' does not exist", {"SecurityGroupRuleIds": [f"sgr-{GONE}"]}),
    Case("DescribeSecurityGroupRules", "InvalidParameterValue", "The filter 'cidr' is invalid", {"Filters": [{"Name": "cidr", "Values": ["x"]}]}),
    Case("ModifySecurityGroupRules", "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID 'sgr-{GONE}' does not exist", {"GroupId": "$GROUP", "SecurityGroupRules": [{"SecurityGroupRuleId": f"sgr-{GONE}"}]}),
    Case("ModifySecurityGroupRules", "MissingParameter", "Only one of cidrIpv4, cidrIpv6, prefixListId, or referencedGroupId must be specified.", {"GroupId": "$GROUP", "SecurityGroupRules": [{"SecurityGroupRuleId": "$RULE", "SecurityGroupRule": {"IpProtocol": "-1"}}]}),
    Case("ModifySecurityGroupRules", "InvalidParameterCombination", "Only one of cidrIpv4, cidrIpv6, prefixListId, or referencedGroupId must be specified.", {"GroupId": "$GROUP", "SecurityGroupRules": [{"SecurityGroupRuleId": "$RULE", "SecurityGroupRule": {"IpProtocol": "-1", "CidrIpv4": "0.0.0.0/0", "CidrIpv6": "::/0"}}]}),
    Case("ModifySecurityGroupRules", "InvalidPermission.Duplicate", 'the specified rule "peer: $USED, ALL, ALLOW" already exists', {"GroupId": "$GROUP", "SecurityGroupRules": [{"SecurityGroupRuleId": "$RULE", "SecurityGroupRule": {"IpProtocol": "-1", "ReferencedGroupId": "$USED"}}]}),
    Case("UpdateSecurityGroupRuleDescriptionsIngress", "InvalidPermission.NotFound", "The specified rule does not exist in this security group.", ingress(FromPort=1)),
    Case("UpdateSecurityGroupRuleDescriptionsEgress", "MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleDescriptions' should be provided.", {"GroupId": "$GROUP"}),
    Case("DescribeSecurityGroupReferences", "InvalidGroup.NotFound", f"The security group 'sg-{GONE}' does not exist", {"GroupId": [f"sg-{GONE}"]}),
    Case("DescribeStaleSecurityGroups", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": f"vpc-{GONE}"}),
    Case("GetSecurityGroupsForVpc", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": f"vpc-{GONE}"}),
    # Network ACLs
    Case("CreateNetworkAcl", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": f"vpc-{GONE}"}),
    Case("DeleteNetworkAcl", "InvalidNetworkAclID.NotFound", f"The networkAcl ID 'acl-{GONE}' does not exist", {"NetworkAclId": f"acl-{GONE}"}),
    Case("DeleteNetworkAcl", "InvalidParameterValue", "cannot delete default network ACL $DEFAULT_ACL", {"NetworkAclId": "$DEFAULT_ACL"}),
    Case("DescribeNetworkAcls", "InvalidNetworkAclID.NotFound", f"The networkAcl ID 'acl-{GONE}' does not exist", {"NetworkAclIds": [f"acl-{GONE}"]}),
    Case("CreateNetworkAclEntry", "NetworkAclEntryAlreadyExists", "The network acl entry identified by 100 already exists.", {**ENTRY, "RuleNumber": 100}),
    Case("CreateNetworkAclEntry", "InvalidParameterValue", "Invalid value '32767' for ruleNumber. Must be between 1 and 32766", {**ENTRY, "RuleNumber": 32767}),
    Case("CreateNetworkAclEntry", "InvalidParameterValue", "Invalid value '0' for ruleNumber. Must be between 1 and 32766", {**ENTRY, "RuleNumber": 0}),
    Case("CreateNetworkAclEntry", "InvalidParameterValue", "Invalid value 'ipx' for IP protocol. Unknown protocol.", {**ENTRY, "Protocol": "ipx"}),
    Case("CreateNetworkAclEntry", "InvalidParameterValue", "Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block.", {**ENTRY, "CidrBlock": "10.0.0.0"}),
    Case("CreateNetworkAclEntry", "InvalidParameterCombination", "The parameter cidrBlock cannot be used with the parameter ipv6CidrBlock", {**ENTRY, "Ipv6CidrBlock": "::/0"}),
    Case("CreateNetworkAclEntry", "MissingParameter", "The request must contain the parameter portRange", {**ENTRY, "Protocol": "6"}),
    Case("CreateNetworkAclEntry", "MissingParameter", "The request must contain the parameter icmpTypeCode", {**ENTRY, "Protocol": "1"}),
    Case("CreateNetworkAclEntry", "InvalidParameterValue", "Invalid TCP/UDP port range (2:1)", {**ENTRY, "Protocol": "6", "PortRange": {"From": 2, "To": 1}}),
    Case("ReplaceNetworkAclEntry", "InvalidNetworkAclEntry.NotFound", "The specified ingress rule 1 does not exist in the network ACL $ACL", ENTRY),
    Case("DeleteNetworkAclEntry", "InvalidNetworkAclEntry.NotFound", "The specified egress rule 100 does not exist in the network ACL $ACL", {"NetworkAclId": "$ACL", "RuleNumber": 100, "Egress": True}),
    Case("DeleteNetworkAclEntry", "InvalidParameterValue", "Invalid value '32767' for ruleNumber. Must be between 1 and 32766", {"NetworkAclId": "$ACL", "RuleNumber": 32767, "Egress": True}),
    Case("ReplaceNetworkAclAssociation", "InvalidAssociationID.NotFound", f"The association ID 'aclassoc-{GONE}' does not exist", {"AssociationId": f"aclassoc-{GONE}", "NetworkAclId": "$ACL"}),
    Case("ReplaceNetworkAclAssociation", "InvalidNetworkAclID.NotFound", f"The networkAcl ID 'acl-{GONE}' does not exist", {"AssociationId": "$ASSOCIATION", "NetworkAclId": f"acl-{GONE}"}),
    Case("ReplaceNetworkAclAssociation", "InvalidParameterValue", "networkAcl $FAR_ACL and subnet $SAME_ZONE belong to different networks", {"AssociationId": "$ASSOCIATION", "NetworkAclId": "$FAR_ACL"}),
    # Prefix lists
    Case("CreateManagedPrefixList", "InvalidParameterValue", "Value (IPv5) for parameter AddressFamily is invalid. Valid values are IPv4 and IPv6.", {**LIST, "AddressFamily": "IPv5"}),
    Case("CreateManagedPrefixList", "InvalidParameterValue", "Value (0) for parameter MaxEntries is invalid. It must be between 1 and 1000.", {**LIST, "MaxEntries": 0}),
    Case("CreateManagedPrefixList", "InvalidParameterValue", "Value (1001) for parameter MaxEntries is invalid. It must be between 1 and 1000.", {**LIST, "MaxEntries": 1001}),
    Case("CreateManagedPrefixList", "InvalidParameterValue", "Value (com.amazonaws.mine) for parameter PrefixListName is invalid. A name cannot start with com.amazonaws.", {**LIST, "PrefixListName": "com.amazonaws.mine"}),
    Case("CreateManagedPrefixList", "InvalidParameterValue", "The CIDR (::/0) does not match the address family (IPv4) of the prefix list.", {**LIST, "Entries": [{"Cidr": "::/0"}]}),
    Case("CreateManagedPrefixList", "InvalidParameterValue", "Value (ten) for parameter Cidr is invalid. This is not a valid CIDR block.", {**LIST, "Entries": [{"Cidr": "ten"}]}),
    Case("CreateManagedPrefixList", "InvalidParameterValue", "The CIDR (10.0.0.0/8) appears more than once in the request.", {**LIST, "Entries": [{"Cidr": "10.0.0.0/8"}, {"Cidr": "10.1.0.0/8"}]}),
    Case("CreateManagedPrefixList", "PrefixListMaxEntriesExceeded", "The number of entries exceeds the maximum number of entries (2) for the prefix list.", {**LIST, "Entries": [{"Cidr": f"{at}.0.0.0/8"} for at in (10, 11, 12)]}),
    Case("DeleteManagedPrefixList", "InvalidPrefixListID.NotFound", f"The prefix list ID 'pl-{GONE}' does not exist", {"PrefixListId": f"pl-{GONE}"}),
    Case("DeleteManagedPrefixList", "OperationNotPermitted", "The prefix list pl-63a5400a is managed by AWS and cannot be modified or deleted.", {"PrefixListId": "pl-63a5400a"}),
    Case("DescribeManagedPrefixLists", "InvalidPrefixListId.Malformed", 'Invalid id: "mine" (expecting "pl-...")', {"PrefixListIds": ["mine"]}),
    Case("DescribePrefixLists", "InvalidPrefixListID.NotFound", f"The prefix list ID 'pl-{GONE}' does not exist", {"PrefixListIds": [f"pl-{GONE}"]}),
    Case("ModifyManagedPrefixList", "PrefixListVersionMismatch", "The prefix list has the incorrect version number.", {"PrefixListId": "$LIST", "CurrentVersion": 2, "RemoveEntries": [{"Cidr": "10.0.0.0/8"}]}),
    Case("ModifyManagedPrefixList", "InvalidParameterCombination", "You cannot modify the entries and the maximum entries for the prefix list in the same request.", {"PrefixListId": "$LIST", "CurrentVersion": 1, "MaxEntries": 3, "RemoveEntries": [{"Cidr": "10.0.0.0/8"}]}),
    Case("ModifyManagedPrefixList", "PrefixListMaxEntriesExceeded", "The number of entries exceeds the maximum number of entries (2) for the prefix list.", {"PrefixListId": "$LIST", "CurrentVersion": 1, "AddEntries": [{"Cidr": "12.0.0.0/8"}]}),
    Case("ModifyManagedPrefixList", "PrefixListMaxEntriesExceeded", "The prefix list has 2 entries, which is more than the maximum of 1.", {"PrefixListId": "$LIST", "MaxEntries": 1}),
    Case("ModifyManagedPrefixList", "MissingParameter", "The request must contain the parameter CurrentVersion", {"PrefixListId": "$LIST", "RemoveEntries": [{"Cidr": "10.0.0.0/8"}]}),
    Case("ModifyManagedPrefixList", "InvalidParameterValue", "The CIDR (12.0.0.0/8) does not exist in the prefix list $LIST.", {"PrefixListId": "$LIST", "CurrentVersion": 1, "RemoveEntries": [{"Cidr": "12.0.0.0/8"}]}),
    Case("ModifyManagedPrefixList", "InvalidParameterValue", "The CIDR (10.0.0.0/8) already exists in the prefix list $LIST.", {"PrefixListId": "$LIST", "CurrentVersion": 1, "AddEntries": [{"Cidr": "10.0.0.0/8"}]}),
    Case("ModifyManagedPrefixList", "InvalidParameterValue", "The CIDR (10.0.0.0/8) cannot be both added and removed.", {"PrefixListId": "$LIST", "CurrentVersion": 1, "AddEntries": [{"Cidr": "10.0.0.0/8"}], "RemoveEntries": [{"Cidr": "10.0.0.0/8"}]}),
    Case("RestoreManagedPrefixListVersion", "InvalidPrefixListVersion.NotFound", "The prefix list version (7) does not exist for the prefix list $LIST.", {"PrefixListId": "$LIST", "PreviousVersion": 7, "CurrentVersion": 1}),
    Case("RestoreManagedPrefixListVersion", "PrefixListVersionMismatch", "The prefix list has the incorrect version number.", {"PrefixListId": "$LIST", "PreviousVersion": 1, "CurrentVersion": 2}),
    Case("GetManagedPrefixListEntries", "InvalidPrefixListVersion.NotFound", "The prefix list version (2) does not exist for the prefix list $LIST.", {"PrefixListId": "$LIST", "TargetVersion": 2}),
    Case("GetManagedPrefixListAssociations", "OperationNotPermitted", "The prefix list pl-63a5400a is managed by AWS and cannot be modified or deleted.", {"PrefixListId": "pl-63a5400a"}),
    # Peerings
    Case("CreateVpcPeeringConnection", "VpcPeeringConnectionAlreadyExists", "A VPC peering connection $PEERING between VPCs $VPC and $PEER already exists.", {"VpcId": "$VPC", "PeerVpcId": "$PEER"}),
    Case("CreateVpcPeeringConnection", "InvalidParameterValue", "The requester VPC and the accepter VPC of a VPC peering connection must not be the same VPC.", {"VpcId": "$VPC", "PeerVpcId": "$VPC"}),
    Case("CreateVpcPeeringConnection", "MissingParameter", "The request must contain the parameter peerVpcId", {"VpcId": "$VPC"}),
    Case("CreateVpcPeeringConnection", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": "$VPC", "PeerVpcId": f"vpc-{GONE}"}),
    Case("AcceptVpcPeeringConnection", "InvalidVpcPeeringConnectionID.NotFound", f"The vpcPeeringConnection ID 'pcx-{GONE}' does not exist", {"VpcPeeringConnectionId": f"pcx-{GONE}"}),
    Case("AcceptVpcPeeringConnection", "InvalidVpcPeeringConnectionId.Malformed", 'Invalid id: "x" (expecting "pcx-...")', {"VpcPeeringConnectionId": "x"}),
    Case("AcceptVpcPeeringConnection", "InvalidStateTransition", "Invalid state transition for $REJECTED, attempted to transition from rejected to provisioning", {"VpcPeeringConnectionId": "$REJECTED"}),
    Case("RejectVpcPeeringConnection", "InvalidStateTransition", "Invalid state transition for $REJECTED, attempted to transition from rejected to rejected", {"VpcPeeringConnectionId": "$REJECTED"}),
    Case("DeleteVpcPeeringConnection", "InvalidStateTransition", "Invalid state transition for $REJECTED, attempted to transition from rejected to deleting", {"VpcPeeringConnectionId": "$REJECTED"}),
    Case("DescribeVpcPeeringConnections", "InvalidVpcPeeringConnectionID.NotFound", f"The vpcPeeringConnection ID 'pcx-{GONE}' does not exist", {"VpcPeeringConnectionIds": [f"pcx-{GONE}"]}),
    Case("ModifyVpcPeeringConnectionOptions", "OperationNotPermitted", "Peering $PEERING is not active. Peering options can be added only to active peerings.", {"VpcPeeringConnectionId": "$PEERING", "RequesterPeeringConnectionOptions": {"AllowDnsResolutionFromRemoteVpc": True}}),
    Case("ModifyVpcPeeringConnectionOptions", "MissingParameter", "The request must contain the parameter requesterPeeringConnectionOptions or accepterPeeringConnectionOptions", {"VpcPeeringConnectionId": "$PEERING"}),
    # Endpoints
    Case("CreateVpcEndpoint", "InvalidServiceName", "The Vpc Endpoint Service 'com.amazonaws.us-east-1.tea' does not exist", {"VpcId": "$VPC", "ServiceName": "com.amazonaws.us-east-1.tea"}),
    Case("CreateVpcEndpoint", "RouteAlreadyExists", "route table $ROUTES already has a route with destination-prefix-list-id pl-63a5400a", {"VpcId": "$VPC", "ServiceName": S3, "RouteTableIds": ["$ROUTES"]}),
    Case("CreateVpcEndpoint", "InvalidParameter", "Route table $FAR_ROUTES and network $VPC belong to different networks", {"VpcId": "$VPC", "ServiceName": S3, "RouteTableIds": ["$FAR_ROUTES"]}),
    Case("CreateVpcEndpoint", "InvalidRouteTableID.NotFound", f"The routeTable ID 'rtb-{GONE}' does not exist", {"VpcId": "$VPC", "ServiceName": S3, "RouteTableIds": [f"rtb-{GONE}"]}),
    Case("CreateVpcEndpoint", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": f"vpc-{GONE}", "ServiceName": S3}),
    Case("CreateVpcEndpoint", "InvalidParameter", "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.", {"VpcId": "$VPC", "ServiceName": S3, "SubnetIds": ["$SUBNET"]}),
    Case("CreateVpcEndpoint", "InvalidPolicyDocument", "The policy document is invalid: Syntax errors in policy.", {"VpcId": "$VPC", "ServiceName": S3, "PolicyDocument": "{"}),
    Case("CreateVpcEndpoint", "UnsupportedOperation", "fogbank does not implement VPC endpoints of the type Interface. See `fogbank coverage`.", {"VpcId": "$VPC", "ServiceName": S3, "VpcEndpointType": "Interface"}),
    Case("ModifyVpcEndpoint", "InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id 'vpce-{GONE}' does not exist", {"VpcEndpointId": f"vpce-{GONE}"}),
    Case("ModifyVpcEndpoint", "InvalidParameterCombination", "The parameter resetPolicy cannot be used with the parameter policyDocument", {"VpcEndpointId": "$ENDPOINT", "ResetPolicy": True, "PolicyDocument": "{}"}),
    Case("DescribeVpcEndpoints", "InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id 'vpce-{GONE}' does not exist", {"VpcEndpointIds": [f"vpce-{GONE}"]}),
    Case("DescribeVpcEndpointServices", "InvalidServiceName", "The Vpc Endpoint Service 'tea' does not exist", {"ServiceNames": ["tea"]}),
    # Flow logs
    Case("CreateFlowLogs", "FlowLogAlreadyExists", "Error. There is an existing Flow Log with the same configuration and log destination.", {**FLOWS, "ResourceIds": ["$PEER"]}),
    Case("CreateFlowLogs", "InvalidParameter", "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs.", TO_LOGS),
    Case("CreateFlowLogs", "InvalidParameter", "LogDestination can't be empty if LogGroupName is not provided.", {**FLOWS, "LogDestination": ""}),
    Case("CreateFlowLogs", "InvalidParameter", "Please only provide LogGroupName or only provide LogDestination.", {**FLOWS, "LogGroupName": "flows"}),
    Case("CreateFlowLogs", "InvalidParameter", "DeliverLogsPermissionArn is not applicable for s3 delivery", {**FLOWS, "DeliverLogsPermissionArn": SOMEBODY}),
    Case("CreateFlowLogs", "InvalidParameter", "LogDestination: flows is not a valid ARN of an S3 bucket.", {**FLOWS, "LogDestination": "flows"}),
    Case("CreateFlowLogs", "InvalidParameter", "DeliverLogsPermissionArn: me is not a valid ARN of an IAM role.", {**TO_LOGS, "DeliverLogsPermissionArn": "me"}),
    Case("CreateFlowLogs", "InvalidParameter", "DestinationOptions is only applicable for s3 delivery", {**TO_LOGS, "DeliverLogsPermissionArn": SOMEBODY, "DestinationOptions": {"FileFormat": "parquet"}}),
    Case("CreateFlowLogs", "InvalidParameter", "Unknown fields provided: colour", {**FLOWS, "LogFormat": "${version} ${colour}"}),
    Case("CreateFlowLogs", "InvalidParameterValue", "1 validation error detected: Value '${version} ' at 'logFormat' has an invalid format", {**FLOWS, "LogFormat": "${version} "}),
    Case("CreateFlowLogs", "InvalidParameterValue", "Value (300) for parameter maxAggregationInterval is invalid. Valid values are 60 and 600.", {**FLOWS, "MaxAggregationInterval": 300}),
    Case("CreateFlowLogs", "MissingParameter", "The request must contain the parameter trafficType", {"ResourceIds": ["$VPC"], "ResourceType": "VPC", **TO_S3}),
    Case("CreateFlowLogs", "UnsupportedOperation", "fogbank does not implement flow logs to kinesis-data-firehose.", {**FLOWS, "LogDestinationType": "kinesis-data-firehose"}),
    Case("DescribeFlowLogs", "InvalidFlowLogId.NotFound", f"The flow log ID 'fl-{GONE}' does not exist", {"FlowLogIds": [f"fl-{GONE}"]}),
    # Transit gateways
    Case("CreateTransitGateway", "InvalidParameterValue", "Amazon side ASN 7 is not valid. Allowed ranges are 64512 to 65534 and 4200000000 to 4294967294.", {"Options": {"AmazonSideAsn": 7}}),
    Case("CreateTransitGateway", "InvalidParameterValue", "The CIDR block 10.0.0.0/25 is too small for a transit gateway.", {"Options": {"TransitGatewayCidrBlocks": ["10.0.0.0/25"]}}),
    Case("DeleteTransitGateway", "InvalidTransitGatewayID.NotFound", f"Transit Gateway tgw-{GONE} was deleted or does not exist.", {"TransitGatewayId": f"tgw-{GONE}"}),
    Case("DeleteTransitGateway", "InvalidTransitGatewayID.Malformed", 'Invalid id: "hub" (expecting "tgw-...")', {"TransitGatewayId": "hub"}),
    Case("DeleteTransitGateway", "IncorrectState", "$HUB has non-deleted VPC Attachments: $ATTACHMENT.", {"TransitGatewayId": "$HUB"}),
    Case("DeleteTransitGateway", "IncorrectState", "$OTHER_HUB has non-deleted Transit Gateway Cross Region Peering Attachments: $WAITING.", {"TransitGatewayId": "$OTHER_HUB"}),
    Case("DescribeTransitGateways", "InvalidTransitGatewayID.NotFound", f"Transit Gateway tgw-{GONE} was deleted or does not exist.", {"TransitGatewayIds": [f"tgw-{GONE}"]}),
    Case("ModifyTransitGateway", "InvalidParameterValue", "$OTHER_TABLE does not belong to $HUB.", {"TransitGatewayId": "$HUB", "Options": {"AssociationDefaultRouteTableId": "$OTHER_TABLE"}}),
    Case("CreateTransitGatewayVpcAttachment", "DuplicateTransitGatewayAttachment", "$HUB has non-deleted Transit Gateway Attachments with same VPC ID.", {"TransitGatewayId": "$HUB", "VpcId": "$VPC", "SubnetIds": ["$SUBNET"]}),
    Case("CreateTransitGatewayVpcAttachment", "DuplicateSubnetsInSameZone", "Duplicate Subnets for same AZ", {"TransitGatewayId": "$IDLE", "VpcId": "$VPC", "SubnetIds": ["$SUBNET", "$SAME_ZONE"]}),
    Case("CreateTransitGatewayVpcAttachment", "InvalidSubnetID.NotFound", f"Subnet subnet-{GONE} was deleted or does not exist.", {"TransitGatewayId": "$IDLE", "VpcId": "$VPC", "SubnetIds": [f"subnet-{GONE}"]}),
    Case("CreateTransitGatewayVpcAttachment", "InvalidSubnetID.NotFound", "Subnet $STRANGER was deleted or does not exist.", {"TransitGatewayId": "$IDLE", "VpcId": "$VPC", "SubnetIds": ["$STRANGER"]}),
    Case("CreateTransitGatewayVpcAttachment", "InvalidParameterValue", "Subnets $SUBNET do not have an IPv6 CIDR block.", {"TransitGatewayId": "$IDLE", "VpcId": "$VPC", "SubnetIds": ["$SUBNET"], "Options": {"Ipv6Support": "enable"}}),
    Case("ModifyTransitGatewayVpcAttachment", "DuplicateSubnetsInSameZone", "Duplicate Subnets for same AZ", {"TransitGatewayAttachmentId": "$ATTACHMENT", "AddSubnetIds": ["$SAME_ZONE"]}),
    Case("ModifyTransitGatewayVpcAttachment", "InvalidParameterValue", "$ATTACHMENT must have at least one subnet.", {"TransitGatewayAttachmentId": "$ATTACHMENT", "RemoveSubnetIds": ["$SUBNET"]}),
    Case("DeleteTransitGatewayVpcAttachment", "InvalidTransitGatewayAttachmentID.NotFound", f"Transit Gateway Attachment tgw-attach-{GONE} was deleted or does not exist.", {"TransitGatewayAttachmentId": f"tgw-attach-{GONE}"}),
    Case("DescribeTransitGatewayVpcAttachments", "InvalidTransitGatewayAttachmentID.Malformed", 'Invalid id: "x" (expecting "tgw-attach-...")', {"TransitGatewayAttachmentIds": ["x"]}),
    Case("DescribeTransitGatewayAttachments", "InvalidTransitGatewayAttachmentID.NotFound", f"Transit Gateway Attachment tgw-attach-{GONE} was deleted or does not exist.", {"TransitGatewayAttachmentIds": [f"tgw-attach-{GONE}"]}),
    Case("DeleteTransitGatewayRouteTable", "IncorrectState", "Cannot delete $DEFAULT_TABLE: it is the default association route table of $HUB.", {"TransitGatewayRouteTableId": "$DEFAULT_TABLE"}),
    Case("CreateTransitGatewayRouteTable", "InvalidTransitGatewayID.NotFound", f"Transit Gateway tgw-{GONE} was deleted or does not exist.", {"TransitGatewayId": f"tgw-{GONE}"}),
    Case("DescribeTransitGatewayRouteTables", "InvalidRouteTableID.NotFound", f"Transit Gateway Route Table tgw-rtb-{GONE} was deleted or does not exist.", {"TransitGatewayRouteTableIds": [f"tgw-rtb-{GONE}"]}),
    Case("AssociateTransitGatewayRouteTable", "Resource.AlreadyAssociated", "Transit Gateway Attachment $ATTACHMENT is already associated to a route table.", {"TransitGatewayRouteTableId": "$TABLE", "TransitGatewayAttachmentId": "$ATTACHMENT"}),
    Case("AssociateTransitGatewayRouteTable", "IncorrectState", "$WAITING is in invalid state", {"TransitGatewayRouteTableId": "$TABLE", "TransitGatewayAttachmentId": "$WAITING"}),
    Case("AssociateTransitGatewayRouteTable", "InvalidParameterValue", "$OTHER_TABLE and $ATTACHMENT belong to different transit gateways.", {"TransitGatewayRouteTableId": "$OTHER_TABLE", "TransitGatewayAttachmentId": "$ATTACHMENT"}),
    Case("DisassociateTransitGatewayRouteTable", "InvalidAssociation.NotFound", "Transit Gateway Attachment $ATTACHMENT is not associated to $TABLE.", {"TransitGatewayRouteTableId": "$TABLE", "TransitGatewayAttachmentId": "$ATTACHMENT"}),
    Case("EnableTransitGatewayRouteTablePropagation", "TransitGatewayRouteTablePropagation.Duplicate", "Propagation from $ATTACHMENT to $DEFAULT_TABLE is already enabled.", {"TransitGatewayRouteTableId": "$DEFAULT_TABLE", "TransitGatewayAttachmentId": "$ATTACHMENT"}),
    Case("EnableTransitGatewayRouteTablePropagation", "MissingParameter", "The request must contain the parameter transitGatewayAttachmentId", {"TransitGatewayRouteTableId": "$TABLE"}),
    Case("DisableTransitGatewayRouteTablePropagation", "TransitGatewayRouteTablePropagation.NotFound", "Propagation from $ATTACHMENT to $TABLE was not found.", {"TransitGatewayRouteTableId": "$TABLE", "TransitGatewayAttachmentId": "$ATTACHMENT"}),
    Case("CreateTransitGatewayRoute", "RouteAlreadyExists", "Route 10.7.0.0/16 already exists in Transit Gateway Route Table $TABLE.", {**ROUTE, "DestinationCidrBlock": "10.7.0.0/16", "Blackhole": True}),
    Case("CreateTransitGatewayRoute", "InvalidParameterCombination", "The parameter transitGatewayAttachmentId cannot be used with the parameter blackhole", {**ROUTE, "Blackhole": True, "TransitGatewayAttachmentId": "$ATTACHMENT"}),
    Case("CreateTransitGatewayRoute", "MissingParameter", "The request must contain the parameter transitGatewayAttachmentId or blackhole", ROUTE),
    Case("CreateTransitGatewayRoute", "InvalidParameterValue", "Value (ten) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", {**ROUTE, "DestinationCidrBlock": "ten", "Blackhole": True}),
    Case("ReplaceTransitGatewayRoute", "InvalidRoute.NotFound", "Could not find a static route with destination CIDR block 10.8.0.0/16 in $TABLE.", {**ROUTE, "Blackhole": True}),
    Case("DeleteTransitGatewayRoute", "InvalidRoute.NotFound", "Could not find a static route with destination CIDR block 10.8.0.0/16 in $TABLE.", ROUTE),
    Case("SearchTransitGatewayRoutes", "InvalidParameterValue", "The filter 'route-search.guess' is invalid", {"TransitGatewayRouteTableId": "$TABLE", "Filters": [{"Name": "route-search.guess", "Values": ["x"]}]}),
    Case("CreateTransitGatewayPrefixListReference", "InvalidPrefixListID.NotFound", f"The prefix list ID 'pl-{GONE}' does not exist", {"TransitGatewayRouteTableId": "$TABLE", "PrefixListId": f"pl-{GONE}", "Blackhole": True}),
    Case("ModifyTransitGatewayPrefixListReference", "InvalidRoute.NotFound", "Could not find a static route with prefix list $LIST in $TABLE.", {"TransitGatewayRouteTableId": "$TABLE", "PrefixListId": "$LIST", "Blackhole": True}),
    Case("DeleteTransitGatewayPrefixListReference", "InvalidRoute.NotFound", "Could not find a static route with prefix list $LIST in $TABLE.", {"TransitGatewayRouteTableId": "$TABLE", "PrefixListId": "$LIST"}),
    Case("GetTransitGatewayPrefixListReferences", "InvalidRouteTableId.Malformed", 'Invalid id: "x" (expecting "tgw-rtb-...")', {"TransitGatewayRouteTableId": "x"}),
    Case("GetTransitGatewayRouteTableAssociations", "InvalidRouteTableId.Malformed", 'Invalid id: "x" (expecting "tgw-rtb-...")', {"TransitGatewayRouteTableId": "x"}),
    Case("GetTransitGatewayRouteTablePropagations", "InvalidRouteTableId.Malformed", 'Invalid id: "x" (expecting "tgw-rtb-...")', {"TransitGatewayRouteTableId": "x"}),
    Case("GetTransitGatewayAttachmentPropagations", "InvalidTransitGatewayAttachmentID.NotFound", f"Transit Gateway Attachment tgw-attach-{GONE} was deleted or does not exist.", {"TransitGatewayAttachmentId": f"tgw-attach-{GONE}"}),
    Case("CreateTransitGatewayPeeringAttachment", "DuplicateTransitGatewayAttachment", "$HUB has non-deleted Transit Gateway Peering Attachments with $OTHER_HUB.", {"TransitGatewayId": "$HUB", "PeerTransitGatewayId": "$OTHER_HUB", "PeerAccountId": "000000000000", "PeerRegion": "us-east-1"}),
    Case("CreateTransitGatewayPeeringAttachment", "InvalidParameterValue", "A transit gateway cannot be peered with itself.", {"TransitGatewayId": "$HUB", "PeerTransitGatewayId": "$HUB", "PeerAccountId": "000000000000", "PeerRegion": "us-east-1"}),
    Case("AcceptTransitGatewayPeeringAttachment", "InvalidTransitGatewayAttachmentID.NotFound", "Transit Gateway Attachment $ATTACHMENT was deleted or does not exist.", {"TransitGatewayAttachmentId": "$ATTACHMENT"}),
    Case("RejectTransitGatewayPeeringAttachment", "InvalidTransitGatewayAttachmentID.NotFound", f"Transit Gateway Attachment tgw-attach-{GONE} was deleted or does not exist.", {"TransitGatewayAttachmentId": f"tgw-attach-{GONE}"}),
    Case("DeleteTransitGatewayPeeringAttachment", "InvalidTransitGatewayAttachmentID.NotFound", "Transit Gateway Attachment $ATTACHMENT was deleted or does not exist.", {"TransitGatewayAttachmentId": "$ATTACHMENT"}),
    Case("DescribeTransitGatewayPeeringAttachments", "InvalidTransitGatewayAttachmentID.NotFound", f"Transit Gateway Attachment tgw-attach-{GONE} was deleted or does not exist.", {"TransitGatewayAttachmentIds": [f"tgw-attach-{GONE}"]}),
    # Placement groups and Reachability Analyzer
    Case("CreatePlacementGroup", "InvalidPlacementGroup.Duplicate", "The Placement Group 'near' already exists.", {"GroupName": "near", "Strategy": "spread"}),
    Case("CreatePlacementGroup", "MissingParameter", "The request must contain the parameter strategy", {"GroupName": "new"}),
    Case("CreatePlacementGroup", "InvalidParameterValue", "Value (8) for parameter partitionCount is invalid. Valid range is 1 - 7.", {"GroupName": "new", "Strategy": "partition", "PartitionCount": 8}),
    Case("CreatePlacementGroup", "InvalidParameterValue", "Value (2) for parameter partitionCount is invalid. Only valid for the partition strategy.", {"GroupName": "new", "Strategy": "cluster", "PartitionCount": 2}),
    Case("DeletePlacementGroup", "InvalidPlacementGroup.Unknown", "The Placement Group 'far' is unknown.", {"GroupName": "far"}),
    Case("DescribePlacementGroups", "InvalidPlacementGroup.Unknown", "The Placement Group 'far' is unknown.", {"GroupNames": ["far"]}),
    Case("CreateNetworkInsightsPath", "InvalidInternetGatewayID.NotFound", f"The internetGateway ID 'igw-{GONE}' does not exist", {**PATH, "Source": f"igw-{GONE}"}),
    Case("CreateNetworkInsightsPath", "InvalidInstanceID.NotFound", f"The instance ID 'i-{GONE}' does not exist", {**PATH, "Source": f"i-{GONE}"}),
    Case("CreateNetworkInsightsPath", "InvalidParameterValue", "Value ($SUBNET) for parameter source is invalid. The resource type is not supported.", {**PATH, "Source": "$SUBNET"}),
    Case("CreateNetworkInsightsPath", "MissingParameter", "The request must contain the parameter destination or a destination address", {"Source": "$GATEWAY", "Protocol": "tcp", "ClientToken": "x"}),
    Case("DeleteNetworkInsightsPath", "InvalidNetworkInsightsPathId.NotFound", f"The network insights path ID 'nip-{GONE}' does not exist", {"NetworkInsightsPathId": f"nip-{GONE}"}),
    Case("DescribeNetworkInsightsPaths", "InvalidNetworkInsightsPathId.NotFound", f"The network insights path ID 'nip-{GONE}' does not exist", {"NetworkInsightsPathIds": [f"nip-{GONE}"]}),
    Case("StartNetworkInsightsAnalysis", "InvalidNetworkInsightsPathId.NotFound", f"The network insights path ID 'nip-{GONE}' does not exist", {"NetworkInsightsPathId": f"nip-{GONE}", "ClientToken": "x"}),
    Case("DeleteNetworkInsightsAnalysis", "InvalidNetworkInsightsAnalysisId.NotFound", f"The network insights analysis ID 'nia-{GONE}' does not exist", {"NetworkInsightsAnalysisId": f"nia-{GONE}"}),
    Case("DescribeNetworkInsightsAnalyses", "InvalidNetworkInsightsPathId.NotFound", f"The network insights path ID 'nip-{GONE}' does not exist", {"NetworkInsightsPathId": f"nip-{GONE}"}),
]
# fmt: on

_PARITY = Parity(SERVICE, CASES, {})
NEVER_REFUSING = {"DeleteVpcEndpoints", "DeleteFlowLogs"}
"""Operations that tell in their answer what they could not do."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    yield from parity.world(_made)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation}-{case.code}")
def test_each_refusal_has_aws_s_words(world: World, case: Case) -> None:
    assert _PARITY.refused(world, case) == (case.code, case.message, case.status)


@pytest.mark.parametrize(
    "noun",
    [
        "security_groups",
        "network_acls",
        "prefix_lists",
        "peerings",
        "endpoints",
        "flow_logs",
        "transit_gateways",
        "transit_attachments",
        "transit_routes",
        "placement_groups",
        "insights",
    ],
)
def test_every_operation_of_these_nouns_is_seen_to_refuse_something(noun: str) -> None:
    module = importlib.import_module(f"fogbank.services.ec2.operations.{noun}")
    refused = {snake_case(case.operation) for case in CASES} | {snake_case(one) for one in NEVER_REFUSING}
    done = {
        name
        for name, one in vars(module).items()
        if inspect.isfunction(one) and one.__module__ == module.__name__ and name[0] != "_"
    }
    assert done - refused == set()
