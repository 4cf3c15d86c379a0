from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient

Call = Callable[..., dict[str, Any]]
OTHER = "222222222222"
ANYWHERE = [{"CidrIp": "0.0.0.0/0"}]


def tcp(port: int, **peers: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **(peers or {"IpRanges": ANYWHERE})}


@pytest.fixture
def ec2(cloud: TestCloud) -> Call:
    return cloud.client("ec2")


@pytest.fixture
def vpc(ec2: Call) -> str:
    return str(ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def group(ec2: Call, vpc: str) -> str:
    return str(ec2("CreateSecurityGroup", GroupName="web", Description="for the web", VpcId=vpc)["GroupId"])


def shown(ec2: Call, group_id: str) -> dict[str, Any]:
    found: dict[str, Any] = ec2("DescribeSecurityGroups", GroupIds=[group_id])["SecurityGroups"][0]
    return found


def test_a_new_group_lets_everything_out_and_nothing_in(ec2: Call, group: str) -> None:
    found = shown(ec2, group)
    assert found["IpPermissions"] == []
    assert found["IpPermissionsEgress"] == [
        {"IpProtocol": "-1", "IpRanges": ANYWHERE, "Ipv6Ranges": [], "UserIdGroupPairs": [], "PrefixListIds": []}
    ]
    assert found["SecurityGroupArn"] == f"arn:aws:ec2:us-east-1:000000000000:security-group/{group}"


def test_without_a_vpc_a_group_is_made_in_the_default_one(ec2: Call) -> None:
    group_id = ec2("CreateSecurityGroup", GroupName="web", Description="x")["GroupId"]
    default = ec2("DescribeVpcs", Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    assert shown(ec2, group_id)["VpcId"] == default
    assert ec2("DescribeSecurityGroups", GroupNames=["web"])["SecurityGroups"][0]["GroupId"] == group_id
    ec2("AuthorizeSecurityGroupIngress", GroupName="web", IpProtocol="tcp", FromPort=1, ToPort=2, CidrIp="10.0.0.0/8")
    ec2("DeleteSecurityGroup", GroupName="web")
    with pytest.raises(AwsError, match=r"InvalidGroup.NotFound"):
        shown(ec2, group_id)


def test_rules_are_shown_grouped_by_protocol_and_ports(ec2: Call, group: str) -> None:
    permission = tcp(443, IpRanges=[{"CidrIp": "10.0.0.0/8", "Description": "us"}, {"CidrIp": "11.0.0.0/8"}])
    made = ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[permission, tcp(80)])
    assert made["Return"] is True
    assert [rule["CidrIpv4"] for rule in made["SecurityGroupRules"]] == ["10.0.0.0/8", "11.0.0.0/8", "0.0.0.0/0"]
    more = tcp(443, Ipv6Ranges=[{"CidrIpv6": "2001:db8::/32"}], UserIdGroupPairs=[{"GroupId": group}])
    ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[more])
    https, http = shown(ec2, group)["IpPermissions"]
    assert (https["FromPort"], https["ToPort"], http["FromPort"]) == (443, 443, 80)
    assert https["IpRanges"] == [{"CidrIp": "10.0.0.0/8", "Description": "us"}, {"CidrIp": "11.0.0.0/8"}]
    assert https["Ipv6Ranges"] == [{"CidrIpv6": "2001:db8::/32"}]
    assert https["UserIdGroupPairs"] == [{"GroupId": group, "UserId": "000000000000"}]


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"IpProtocol": "6", "FromPort": 22, "ToPort": 22}, ("tcp", 22, 22)),
        ({"IpProtocol": "TCP", "FromPort": 0, "ToPort": 65535}, ("tcp", 0, 65535)),
        ({"IpProtocol": "17", "FromPort": 53, "ToPort": 53}, ("udp", 53, 53)),
        ({"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1}, ("icmp", 8, -1)),
        ({"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1}, ("icmp", -1, -1)),
        ({"IpProtocol": "icmpv6"}, ("icmpv6", -1, -1)),
        ({"IpProtocol": "58", "FromPort": 128, "ToPort": 0}, ("icmpv6", 128, 0)),
        ({"IpProtocol": "-1", "FromPort": 5, "ToPort": 6}, ("-1", -1, -1)),
        ({"IpProtocol": "all"}, ("-1", -1, -1)),
        ({"IpProtocol": "50", "FromPort": 5, "ToPort": 6}, ("50", -1, -1)),
    ],
)
def test_protocols_and_ports(ec2: Call, group: str, given: dict[str, Any], kept: tuple[str, int, int]) -> None:
    permission = {**given, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    answer = ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[permission])
    rule = answer["SecurityGroupRules"][0]
    assert (rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) == kept


def test_blocks_are_made_canonical_and_then_they_are_duplicates(ec2: Call, group: str) -> None:
    twisted = tcp(22, IpRanges=[{"CidrIp": "100.68.0.18/18"}])
    made = ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[twisted])["SecurityGroupRules"][0]
    assert made["CidrIpv4"] == "100.68.0.0/18"
    with pytest.raises(AwsError) as caught:
        ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[twisted])
    assert caught.value.code == "InvalidPermission.Duplicate"
    assert caught.value.message == (
        'the specified rule "peer: 100.68.0.0/18, TCP, from port: 22, to port: 22, ALLOW" already exists'
    )


def test_if_one_rule_is_refused_none_is_made(ec2: Call, group: str) -> None:
    ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(22)])
    with pytest.raises(AwsError, match=r"InvalidPermission.Duplicate"):
        ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(23), tcp(22)])
    assert len(shown(ec2, group)["IpPermissions"]) == 1


def test_rules_are_revoked_by_what_they_say_and_by_id(ec2: Call, group: str) -> None:
    permissions = [tcp(22), tcp(80), tcp(443)]
    made = ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=permissions)["SecurityGroupRules"]
    gone = ec2("RevokeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(80)])
    assert [rule["SecurityGroupRuleId"] for rule in gone["RevokedSecurityGroupRules"]] == [
        made[1]["SecurityGroupRuleId"]
    ]
    assert gone["UnknownIpPermissions"] == []
    ec2("RevokeSecurityGroupIngress", GroupId=group, SecurityGroupRuleIds=[made[0]["SecurityGroupRuleId"]])
    ec2("RevokeSecurityGroupIngress", GroupId=group, IpProtocol="tcp", FromPort=443, ToPort=443, CidrIp="0.0.0.0/0")
    assert shown(ec2, group)["IpPermissions"] == []
    ec2("RevokeSecurityGroupEgress", GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": ANYWHERE}])
    assert shown(ec2, group)["IpPermissionsEgress"] == []


def test_an_outward_rule_cannot_be_revoked_as_an_inward_one(ec2: Call, group: str) -> None:
    rules = ec2("DescribeSecurityGroupRules", Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    with pytest.raises(AwsError, match=r"InvalidSecurityGroupRuleId.NotFound"):
        ec2("RevokeSecurityGroupIngress", GroupId=group, SecurityGroupRuleIds=[rules[0]["SecurityGroupRuleId"]])


def test_revoking_what_is_not_there_is_an_error_but_in_the_default_vpc(ec2: Call, group: str) -> None:
    with pytest.raises(AwsError, match=r"InvalidPermission.NotFound"):
        ec2("RevokeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(1)])
    other = ec2("CreateSecurityGroup", GroupName="web", Description="x")["GroupId"]
    answer = ec2("RevokeSecurityGroupIngress", GroupId=other, IpPermissions=[tcp(1)])
    assert answer["UnknownIpPermissions"][0]["FromPort"] == 1
    assert answer["RevokedSecurityGroupRules"] == []


def test_rules_have_ids_tags_and_arns(ec2: Call, group: str) -> None:
    tag = {"Key": "for", "Value": "tests"}
    made = ec2(
        "AuthorizeSecurityGroupIngress",
        GroupId=group,
        IpPermissions=[tcp(22)],
        TagSpecifications=[{"ResourceType": "security-group-rule", "Tags": [tag]}],
    )["SecurityGroupRules"][0]
    assert made["Tags"] == [tag]
    assert made["SecurityGroupRuleArn"].endswith(f":security-group-rule/{made['SecurityGroupRuleId']}")
    by_id = ec2("DescribeSecurityGroupRules", SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])
    assert by_id["SecurityGroupRules"] == [made]
    by_tag = ec2("DescribeSecurityGroupRules", Filters=[{"Name": "tag:for", "Values": ["tests"]}])
    assert by_tag["SecurityGroupRules"] == [made]


def test_rules_are_modified_in_place(ec2: Call, group: str) -> None:
    made = ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(22), tcp(23)])["SecurityGroupRules"]
    first = made[0]["SecurityGroupRuleId"]
    changed = {"IpProtocol": "tcp", "FromPort": 24, "ToPort": 25, "CidrIpv4": "10.1.0.0/16", "Description": "new"}
    request = [{"SecurityGroupRuleId": first, "SecurityGroupRule": changed}]
    ec2("ModifySecurityGroupRules", GroupId=group, SecurityGroupRules=request)
    rule = ec2("DescribeSecurityGroupRules", SecurityGroupRuleIds=[first])["SecurityGroupRules"][0]
    assert {name: rule[name] for name in changed} == changed
    same = {"IpProtocol": "tcp", "FromPort": 23, "ToPort": 23, "CidrIpv4": "0.0.0.0/0"}
    with pytest.raises(AwsError, match=r"InvalidPermission.Duplicate"):
        request = [{"SecurityGroupRuleId": first, "SecurityGroupRule": same}]
        ec2("ModifySecurityGroupRules", GroupId=group, SecurityGroupRules=request)


def test_descriptions_of_rules_change_and_nothing_else(ec2: Call, group: str) -> None:
    made = ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(22)])["SecurityGroupRules"][0]
    described = tcp(22, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "for all"}])
    ec2("UpdateSecurityGroupRuleDescriptionsIngress", GroupId=group, IpPermissions=[described])
    assert shown(ec2, group)["IpPermissions"][0]["IpRanges"] == [{"CidrIp": "0.0.0.0/0", "Description": "for all"}]
    by_id = [{"SecurityGroupRuleId": made["SecurityGroupRuleId"], "Description": "once"}]
    ec2("UpdateSecurityGroupRuleDescriptionsIngress", GroupId=group, SecurityGroupRuleDescriptions=by_id)
    ec2("UpdateSecurityGroupRuleDescriptionsIngress", GroupId=group, IpPermissions=[tcp(22)])
    assert shown(ec2, group)["IpPermissions"][0]["IpRanges"] == ANYWHERE
    with pytest.raises(AwsError, match=r"InvalidPermission.NotFound"):
        ec2("UpdateSecurityGroupRuleDescriptionsEgress", GroupId=group, IpPermissions=[tcp(22)])


def test_sixty_rules_each_way_and_family_and_not_one_more(ec2: Call, group: str) -> None:
    def ranges(count: int, first: int = 0) -> dict[str, Any]:
        return tcp(22, IpRanges=[{"CidrIp": f"10.{at}.0.0/16"} for at in range(first, first + count)])

    ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[ranges(60)])
    with pytest.raises(AwsError, match="RulesPerSecurityGroupLimitExceeded"):
        ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[ranges(1, 60)])
    blocks = [{"CidrIpv6": f"2001:db8:{at}::/48"} for at in range(60)]
    ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(22, Ipv6Ranges=blocks)])
    with pytest.raises(AwsError, match="RulesPerSecurityGroupLimitExceeded"):
        pair = tcp(22, UserIdGroupPairs=[{"GroupId": group}])
        ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[pair])
    ec2("AuthorizeSecurityGroupEgress", GroupId=group, IpPermissions=[ranges(59)])
    with pytest.raises(AwsError, match="RulesPerSecurityGroupLimitExceeded"):
        ec2("AuthorizeSecurityGroupEgress", GroupId=group, IpPermissions=[ranges(1, 59)])


def test_a_prefix_list_counts_with_its_largest_size(ec2: Call, group: str) -> None:
    def listed(entries_max: int) -> dict[str, Any]:
        made = ec2("CreateManagedPrefixList", PrefixListName="x", MaxEntries=entries_max, AddressFamily="IPv4")
        return tcp(22, PrefixListIds=[{"PrefixListId": made["PrefixList"]["PrefixListId"]}])

    with pytest.raises(AwsError, match="RulesPerSecurityGroupLimitExceeded"):
        ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[listed(61)])
    ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[listed(60)])
    with pytest.raises(AwsError, match="RulesPerSecurityGroupLimitExceeded"):
        ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(22)])


def test_what_is_named_cannot_be_deleted(ec2: Call, vpc: str, group: str) -> None:
    other = ec2("CreateSecurityGroup", GroupName="db", Description="x", VpcId=vpc)["GroupId"]
    pair = tcp(5432, UserIdGroupPairs=[{"GroupId": group}])
    ec2("AuthorizeSecurityGroupIngress", GroupId=other, IpPermissions=[pair])
    with pytest.raises(AwsError) as caught:
        ec2("DeleteSecurityGroup", GroupId=group)
    assert str(caught.value) == f"DependencyViolation: resource {group} has a dependent object"
    ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(1, UserIdGroupPairs=[{"GroupId": group}])])
    ec2("RevokeSecurityGroupIngress", GroupId=other, IpPermissions=[pair])
    assert ec2("DeleteSecurityGroup", GroupId=group) == {"Return": True, "GroupId": group}


def test_the_default_group_stays(ec2: Call, vpc: str) -> None:
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
    default = ec2("DescribeSecurityGroups", Filters=filters)["SecurityGroups"][0]
    assert default["IpPermissions"][0]["UserIdGroupPairs"][0]["GroupId"] == default["GroupId"]
    with pytest.raises(AwsError) as caught:
        ec2("DeleteSecurityGroup", GroupId=default["GroupId"])
    text = f'the specified group: "{default["GroupId"]}" name: "default" cannot be deleted by a user'
    assert str(caught.value) == f"CannotDelete: {text}"


def peered(cloud: TestCloud, vpc: str, cidr: str = "10.1.0.0/16", account: str = "") -> tuple[str, str, Call]:
    """(VPC, peering, client) of a VPC at the other end of an active peering."""
    there = cloud.client("ec2", caller=caller_of(account)) if account else cloud.client("ec2")
    other = there("CreateVpc", CidrBlock=cidr)["Vpc"]["VpcId"]
    asked = cloud.client("ec2")(
        "CreateVpcPeeringConnection", VpcId=vpc, PeerVpcId=other, **({"PeerOwnerId": account} if account else {})
    )
    peering = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    there("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    return other, peering, there


def caller_of(account: str) -> Any:
    from fogbank.control import caller

    return caller.root(account)


@pytest.mark.parametrize("account", ["", OTHER])
def test_groups_of_a_peer_may_be_named_and_go_stale_with_the_peering(
    cloud: TestCloud, ec2: Call, vpc: str, group: str, account: str
) -> None:
    other, peering, there = peered(cloud, vpc, account=account)
    theirs = there("CreateSecurityGroup", GroupName="db", Description="x", VpcId=other)["GroupId"]
    pair = {"GroupId": theirs, **({"UserId": account} if account else {})}
    made = ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(1, UserIdGroupPairs=[pair])])
    assert made["SecurityGroupRules"][0]["ReferencedGroupInfo"] == {
        "GroupId": theirs,
        "UserId": account or "000000000000",
        "VpcId": other,
        "VpcPeeringConnectionId": peering,
        "PeeringStatus": "active",
    }
    references = there("DescribeSecurityGroupReferences", GroupId=[theirs])["SecurityGroupReferenceSet"]
    assert references == [{"GroupId": theirs, "ReferencingVpcId": vpc, "VpcPeeringConnectionId": peering}]
    assert ec2("DescribeStaleSecurityGroups", VpcId=vpc)["StaleSecurityGroupSet"] == []
    there("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering)
    stale = ec2("DescribeStaleSecurityGroups", VpcId=vpc)["StaleSecurityGroupSet"]
    assert [one["GroupId"] for one in stale] == [group]
    assert stale[0]["StaleIpPermissions"][0]["UserIdGroupPairs"][0]["PeeringStatus"] == "deleted"
    # What is stale can still be revoked.
    ec2("RevokeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(1, UserIdGroupPairs=[pair])])


def test_a_group_that_a_peer_names_can_be_deleted_and_leaves_a_stale_rule(
    cloud: TestCloud, ec2: Call, vpc: str, group: str
) -> None:
    other, _, there = peered(cloud, vpc, account=OTHER)
    theirs = there("CreateSecurityGroup", GroupName="db", Description="x", VpcId=other)["GroupId"]
    slashed = tcp(1, UserIdGroupPairs=[{"GroupId": f"{OTHER}/{theirs}"}])
    ec2("AuthorizeSecurityGroupEgress", GroupId=group, IpPermissions=[slashed])
    there("DeleteSecurityGroup", GroupId=theirs)
    stale = ec2("DescribeStaleSecurityGroups", VpcId=vpc)["StaleSecurityGroupSet"][0]
    assert stale["StaleIpPermissionsEgress"][0]["UserIdGroupPairs"][0]["GroupId"] == theirs


def test_groups_of_strangers_may_not_be_named(cloud: TestCloud, ec2: Call, vpc: str, group: str) -> None:
    other = ec2("CreateVpc", CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    theirs = ec2("CreateSecurityGroup", GroupName="db", Description="x", VpcId=other)["GroupId"]
    with pytest.raises(AwsError) as caught:
        pair = tcp(1, UserIdGroupPairs=[{"GroupId": theirs}])
        ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[pair])
    text = "You have specified two resources that belong to different networks."
    assert str(caught.value) == f"InvalidGroup.NotFound: {text}"


def test_filters_look_into_rules(ec2: Call, vpc: str, group: str) -> None:
    ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=[tcp(8443)])

    def found(**filters: str) -> list[str]:
        wanted = [{"Name": name.replace("__", ".").replace("_", "-"), "Values": [one]} for name, one in filters.items()]
        return [one["GroupId"] for one in ec2("DescribeSecurityGroups", Filters=wanted)["SecurityGroups"]]

    assert found(ip_permission__from_port="8443") == [group]
    assert found(ip_permission__cidr="0.0.0.0/0") == [group]
    assert group in found(egress__ip_permission__protocol="-1")
    assert found(ip_permission__from_port="8444") == []
    assert found(description="for the*", vpc_id=vpc) == [group]


def test_a_vpc_s_groups(ec2: Call, vpc: str, group: str) -> None:
    filters = [{"Name": "group-name", "Values": ["web"]}]
    found = ec2("GetSecurityGroupsForVpc", VpcId=vpc, Filters=filters)["SecurityGroupForVpcs"]
    assert [(one["GroupId"], one["PrimaryVpcId"]) for one in found] == [(group, vpc)]


def test_through_boto3(boto: MakeClient) -> None:
    ec2 = boto("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    for at in range(12):
        ec2.create_security_group(GroupName=f"g{at}", Description="x", VpcId=vpc)
    pages = list(
        ec2.get_paginator("describe_security_groups").paginate(
            Filters=[{"Name": "vpc-id", "Values": [vpc]}], PaginationConfig={"PageSize": 5}
        )
    )
    assert [len(page["SecurityGroups"]) for page in pages] == [5, 5, 3]
    group = pages[0]["SecurityGroups"][0]["GroupId"]
    ec2.get_waiter("security_group_exists").wait(GroupIds=[group])
    rule = ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[tcp(22, Ipv6Ranges=[{"CidrIpv6": "::/0", "Description": "all of it"}])]
    )["SecurityGroupRules"][0]
    assert (rule["CidrIpv6"], rule["IsEgress"]) == ("::/0", False)
    rules = list(ec2.get_paginator("describe_security_group_rules").paginate(PaginationConfig={"PageSize": 5}))
    assert sum(len(page["SecurityGroupRules"]) for page in rules) == 13 + 1 + 1 + 2
    with pytest.raises(ec2.exceptions.ClientError, match=r"InvalidPermission.Duplicate"):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[tcp(22, Ipv6Ranges=[{"CidrIpv6": "::/0"}])])
