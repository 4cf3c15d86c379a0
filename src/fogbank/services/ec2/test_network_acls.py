from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient

Call = Callable[..., dict[str, Any]]
ENTRY: dict[str, Any] = {"Egress": False, "RuleAction": "allow", "CidrBlock": "10.0.0.0/8"}
HTTP: dict[str, Any] = {**ENTRY, "Protocol": "6", "PortRange": {"From": 80, "To": 80}}


@pytest.fixture
def ec2(cloud: TestCloud) -> Call:
    return cloud.client("ec2")


@pytest.fixture
def vpc(ec2: Call) -> str:
    return str(ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


@pytest.fixture
def acl(ec2: Call, vpc: str) -> str:
    return str(ec2("CreateNetworkAcl", VpcId=vpc)["NetworkAcl"]["NetworkAclId"])


def entries(ec2: Call, acl: str, is_egress: bool = False) -> list[dict[str, Any]]:
    found = ec2("DescribeNetworkAcls", NetworkAclIds=[acl])["NetworkAcls"][0]["Entries"]
    return [entry for entry in found if entry["Egress"] is is_egress]


def test_a_new_acl_denies_everything_and_the_default_one_allows(ec2: Call, vpc: str, acl: str) -> None:
    last = {"Protocol": "-1", "RuleAction": "deny", "RuleNumber": 32767, "CidrBlock": "0.0.0.0/0", "Egress": False}
    assert entries(ec2, acl) == [last]
    filters = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    default = ec2("DescribeNetworkAcls", Filters=filters)["NetworkAcls"][0]
    assert [(one["Egress"], one["RuleNumber"], one["RuleAction"]) for one in default["Entries"]] == [
        (True, 100, "allow"),
        (True, 32767, "deny"),
        (False, 100, "allow"),
        (False, 32767, "deny"),
    ]


def test_entries_are_kept_in_order_of_number(ec2: Call, acl: str) -> None:
    for number in (300, 100, 200):
        ec2("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=number, **HTTP)
    assert [entry["RuleNumber"] for entry in entries(ec2, acl)] == [100, 200, 300, 32767]
    with pytest.raises(AwsError) as caught:
        ec2("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=100, **HTTP)
    text = "The network acl entry identified by 100 already exists."
    assert str(caught.value) == f"NetworkAclEntryAlreadyExists: {text}"
    ec2("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=100, **{**HTTP, "Egress": True})
    ec2("ReplaceNetworkAclEntry", NetworkAclId=acl, RuleNumber=100, **{**HTTP, "RuleAction": "deny"})
    assert entries(ec2, acl)[0]["RuleAction"] == "deny"
    assert entries(ec2, acl, is_egress=True)[0]["RuleAction"] == "allow"
    ec2("DeleteNetworkAclEntry", NetworkAclId=acl, RuleNumber=100, Egress=False)
    with pytest.raises(AwsError, match=r"InvalidNetworkAclEntry.NotFound"):
        ec2("DeleteNetworkAclEntry", NetworkAclId=acl, RuleNumber=100, Egress=False)
    with pytest.raises(AwsError, match=r"InvalidNetworkAclEntry.NotFound"):
        ec2("ReplaceNetworkAclEntry", NetworkAclId=acl, RuleNumber=100, **HTTP)
    assert len(entries(ec2, acl, is_egress=True)) == 2


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"Protocol": "tcp", "PortRange": {"From": 0, "To": 65535}}, {"Protocol": "6"}),
        ({"Protocol": "17", "PortRange": {"From": 53, "To": 53}}, {"PortRange": {"From": 53, "To": 53}}),
        ({"Protocol": "1", "IcmpTypeCode": {"Type": -1, "Code": -1}}, {"IcmpTypeCode": {"Type": -1, "Code": -1}}),
        ({"Protocol": "-1", "CidrBlock": "10.1.2.3/16"}, {"CidrBlock": "10.1.0.0/16"}),
        ({"Protocol": "50"}, {"Protocol": "50"}),
    ],
)
def test_protocols(ec2: Call, acl: str, given: dict[str, Any], kept: dict[str, Any]) -> None:
    ec2("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=1, **{**ENTRY, **given})
    found = entries(ec2, acl)[0]
    assert {name: found[name] for name in kept} == kept


def test_with_ipv6_there_is_another_last_entry(ec2: Call) -> None:
    vpc = ec2("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    acl = ec2("CreateNetworkAcl", VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    given = {"Protocol": "58", "IcmpTypeCode": {"Type": 128, "Code": 0}, "Ipv6CidrBlock": "2001:db8::/32"}
    entry = {"Egress": False, "RuleAction": "allow", **given}
    ec2("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=1, **entry)
    found = entries(ec2, acl)
    assert [one["RuleNumber"] for one in found] == [1, 32767, 32768]
    assert (found[0]["Ipv6CidrBlock"], found[2]["Ipv6CidrBlock"]) == ("2001:db8::/32", "::/0")


def test_twenty_entries_each_way_and_not_one_more(ec2: Call, acl: str) -> None:
    for number in range(1, 21):
        ec2("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=number, **HTTP)
    with pytest.raises(AwsError, match="NetworkAclEntryLimitExceeded"):
        ec2("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=21, **HTTP)
    ec2("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=21, **{**HTTP, "Egress": True})


def test_two_hundred_acls_and_not_one_more(ec2: Call, vpc: str) -> None:
    for _ in range(199):
        ec2("CreateNetworkAcl", VpcId=vpc)
    with pytest.raises(AwsError, match="NetworkAclLimitExceeded"):
        ec2("CreateNetworkAcl", VpcId=vpc)


def test_a_subnet_moves_from_acl_to_acl(ec2: Call, vpc: str, acl: str) -> None:
    subnet = ec2("CreateSubnet", VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    filters = [{"Name": "association.subnet-id", "Values": [subnet]}]
    before = ec2("DescribeNetworkAcls", Filters=filters)["NetworkAcls"][0]
    assert before["IsDefault"] is True
    association = before["Associations"][0]["NetworkAclAssociationId"]
    new = ec2("ReplaceNetworkAclAssociation", AssociationId=association, NetworkAclId=acl)["NewAssociationId"]
    after = ec2("DescribeNetworkAcls", Filters=filters)["NetworkAcls"][0]
    assert after["Associations"] == [{"NetworkAclAssociationId": new, "NetworkAclId": acl, "SubnetId": subnet}]
    with pytest.raises(AwsError, match=r"InvalidAssociationID.NotFound"):
        ec2("ReplaceNetworkAclAssociation", AssociationId=association, NetworkAclId=acl)
    with pytest.raises(AwsError) as caught:
        ec2("DeleteNetworkAcl", NetworkAclId=acl)
    text = f"The networkAcl '{acl}' has dependencies and cannot be deleted."
    assert str(caught.value) == f"DependencyViolation: {text}"
    ec2("ReplaceNetworkAclAssociation", AssociationId=new, NetworkAclId=before["NetworkAclId"])
    ec2("DeleteNetworkAcl", NetworkAclId=acl)


def test_through_boto3(boto: MakeClient) -> None:
    ec2 = boto("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    tags = [{"ResourceType": "network-acl", "Tags": [{"Key": "a", "Value": "b"}]}]
    made = ec2.create_network_acl(VpcId=vpc, TagSpecifications=tags)["NetworkAcl"]
    assert (made["IsDefault"], made["Associations"], made["Tags"]) == (False, [], [{"Key": "a", "Value": "b"}])
    for number in range(5):
        ec2.create_network_acl(VpcId=vpc)
        ec2.create_network_acl_entry(NetworkAclId=made["NetworkAclId"], RuleNumber=number + 1, **HTTP)
    pages = list(ec2.get_paginator("describe_network_acls").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["NetworkAcls"]) for page in pages] == [5, 3]
    named = ec2.describe_network_acls(Filters=[{"Name": "entry.port-range.from", "Values": ["80"]}])["NetworkAcls"]
    assert [one["NetworkAclId"] for one in named] == [made["NetworkAclId"]]


def test_a_protocol_of_five_thousand_digits_is_refused(cloud: TestCloud) -> None:
    acl = cloud.call("ec2", "DescribeNetworkAcls")["NetworkAcls"][0]["NetworkAclId"]
    entry = {"NetworkAclId": acl, "RuleNumber": 5, "RuleAction": "deny", "Egress": True, "CidrBlock": "0.0.0.0/0"}
    with pytest.raises(AwsError, match=r"InvalidParameterValue: Invalid value '1+' for IP protocol"):
        cloud.call("ec2", "CreateNetworkAclEntry", {**entry, "Protocol": "1" * 5_000})
