from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller
from fogbank.services.ec2 import peerings
from fogbank.services.ec2.resources import Peering, Side
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient

Call = Callable[..., dict[str, Any]]
OTHER = "222222222222"
DAY = 86_400


@pytest.fixture
def ec2(cloud: TestCloud) -> Call:
    return cloud.client("ec2")


def vpc_of(ec2: Call, cidr: str) -> str:
    return str(ec2("CreateVpc", CidrBlock=cidr)["Vpc"]["VpcId"])


def asked(ec2: Call, vpc: str, other: str, **more: Any) -> str:
    made = ec2("CreateVpcPeeringConnection", VpcId=vpc, PeerVpcId=other, **more)["VpcPeeringConnection"]
    assert made["Status"]["Code"] in ("initiating-request", "failed")
    return str(made["VpcPeeringConnectionId"])


def shown(ec2: Call, peering: str) -> dict[str, Any]:
    found = ec2("DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[peering])["VpcPeeringConnections"]
    return dict(found[0])


def status(ec2: Call, peering: str) -> str:
    return str(shown(ec2, peering)["Status"]["Code"])


def test_asked_accepted_deleted_and_forgotten(cloud: TestCloud, ec2: Call) -> None:
    one, other = vpc_of(ec2, "10.0.0.0/16"), vpc_of(ec2, "10.1.0.0/16")
    peering = asked(ec2, one, other)
    found = shown(ec2, peering)
    assert found["Status"] == {"Code": "pending-acceptance", "Message": "Pending Acceptance by 000000000000"}
    assert found["RequesterVpcInfo"]["CidrBlock"] == "10.0.0.0/16"
    assert "CidrBlock" not in found["AccepterVpcInfo"]
    accepted = ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)["VpcPeeringConnection"]
    assert accepted["Status"]["Code"] == "provisioning"
    found = shown(ec2, peering)
    assert found["Status"] == {"Code": "active", "Message": "Active"}
    assert found["AccepterVpcInfo"]["CidrBlockSet"] == [{"CidrBlock": "10.1.0.0/16"}]
    assert found["AccepterVpcInfo"]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is False
    assert "ExpirationTime" not in found
    ec2("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering)
    assert shown(ec2, peering)["Status"] == {"Code": "deleted", "Message": "Deleted by 000000000000"}
    cloud.advance(2 * 3600)
    with pytest.raises(AwsError, match=r"InvalidVpcPeeringConnectionID.NotFound"):
        shown(ec2, peering)
    assert ec2("DescribeVpcPeeringConnections")["VpcPeeringConnections"] == []


def test_nobody_accepts_for_seven_days(cloud: TestCloud, ec2: Call) -> None:
    peering = asked(ec2, vpc_of(ec2, "10.0.0.0/16"), vpc_of(ec2, "10.1.0.0/16"))
    cloud.advance(7 * DAY - 1)
    assert status(ec2, peering) == "pending-acceptance"
    cloud.advance(1)
    assert status(ec2, peering) == "expired"
    with pytest.raises(AwsError, match="InvalidStateTransition"):
        ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)


def test_overlapping_vpcs_fail(ec2: Call) -> None:
    peering = asked(ec2, vpc_of(ec2, "10.0.0.0/16"), vpc_of(ec2, "10.0.128.0/17"))
    text = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"
    assert shown(ec2, peering)["Status"] == {"Code": "failed", "Message": text}
    with pytest.raises(AwsError, match="InvalidStateTransition"):
        ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)


def test_across_accounts_each_side_does_its_own_part(cloud: TestCloud, ec2: Call) -> None:
    there = cloud.client("ec2", caller=caller.root(OTHER))
    one, other = vpc_of(ec2, "10.0.0.0/16"), vpc_of(there, "10.1.0.0/16")
    tags = [{"ResourceType": "vpc-peering-connection", "Tags": [{"Key": "a", "Value": "b"}]}]
    peering = asked(ec2, one, other, PeerOwnerId=OTHER, TagSpecifications=tags)
    assert (shown(ec2, peering)["Tags"], shown(there, peering)["Tags"]) == ([{"Key": "a", "Value": "b"}], [])
    with pytest.raises(AwsError) as caught:
        ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    assert str(caught.value) == f"OperationNotPermitted: User 000000000000 cannot accept peering {peering}"
    with pytest.raises(AwsError, match="OperationNotPermitted"):
        there("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering)
    there("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    assert status(ec2, peering) == status(there, peering) == "active"
    assert shown(ec2, peering)["Tags"] == [{"Key": "a", "Value": "b"}]
    assert shown(ec2, peering)["AccepterVpcInfo"]["OwnerId"] == OTHER
    there("DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering)
    assert shown(ec2, peering)["Status"]["Message"] == f"Deleted by {OTHER}"


def test_across_regions_it_is_accepted_where_it_was_sent(cloud: TestCloud, ec2: Call) -> None:
    there = cloud.client("ec2", region="eu-west-1")
    one, other = vpc_of(ec2, "10.0.0.0/16"), vpc_of(there, "10.1.0.0/16")
    peering = asked(ec2, one, other, PeerRegion="eu-west-1")
    with pytest.raises(AwsError) as caught:
        ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    assert "must be accepted in region eu-west-1" in caught.value.message
    there("RejectVpcPeeringConnection", VpcPeeringConnectionId=peering)
    assert status(ec2, peering) == status(there, peering) == "rejected"
    again = asked(ec2, one, other, PeerRegion="eu-west-1")
    there("AcceptVpcPeeringConnection", VpcPeeringConnectionId=again)
    assert shown(there, again)["RequesterVpcInfo"]["Region"] == "us-east-1"


def test_a_vpc_that_is_not_there_fails_in_another_account(cloud: TestCloud, ec2: Call) -> None:
    vpc = vpc_of(ec2, "10.0.0.0/16")
    peering = asked(ec2, vpc, "vpc-0123456789abcdef0", PeerOwnerId=OTHER)
    assert status(ec2, peering) == "failed"
    with pytest.raises(AwsError, match=r"InvalidVpcID.NotFound"):
        asked(ec2, vpc, "vpc-0123456789abcdef0")


def test_each_side_sets_its_own_option(cloud: TestCloud, ec2: Call) -> None:
    there = cloud.client("ec2", caller=caller.root(OTHER))
    peering = asked(ec2, vpc_of(ec2, "10.0.0.0/16"), vpc_of(there, "10.1.0.0/16"), PeerOwnerId=OTHER)
    option = {"AllowDnsResolutionFromRemoteVpc": True}
    mine = {"VpcPeeringConnectionId": peering, "RequesterPeeringConnectionOptions": option}
    with pytest.raises(AwsError) as caught:
        ec2("ModifyVpcPeeringConnectionOptions", **mine)
    text = f"Peering {peering} is not active. Peering options can be added only to active peerings."
    assert str(caught.value) == f"OperationNotPermitted: {text}"
    there("AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
    answer = ec2("ModifyVpcPeeringConnectionOptions", **mine)
    assert answer["RequesterPeeringConnectionOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
    seen = shown(there, peering)
    assert seen["RequesterVpcInfo"]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is True
    assert seen["AccepterVpcInfo"]["PeeringOptions"]["AllowDnsResolutionFromRemoteVpc"] is False
    with pytest.raises(AwsError, match="OperationNotPermitted"):
        there("ModifyVpcPeeringConnectionOptions", **mine)


def test_two_vpcs_have_one_peering(ec2: Call) -> None:
    one, other = vpc_of(ec2, "10.0.0.0/16"), vpc_of(ec2, "10.1.0.0/16")
    peering = asked(ec2, one, other)
    for pair in ((one, other), (other, one)):
        with pytest.raises(AwsError, match="VpcPeeringConnectionAlreadyExists"):
            asked(ec2, *pair)
    ec2("RejectVpcPeeringConnection", VpcPeeringConnectionId=peering)
    asked(ec2, other, one)


def test_twenty_five_unanswered_and_not_one_more(cloud: TestCloud, ec2: Call) -> None:
    vpc = vpc_of(ec2, "10.0.0.0/16")
    regions = ("eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "us-west-1", "us-west-2", "us-east-2")
    others = []
    for region in regions:
        there = cloud.client("ec2", region=region)
        others += [(region, vpc_of(there, f"10.{at}.0.0/16")) for at in range(1, 5)]
    for region, other in others[:25]:
        asked(ec2, vpc, other, PeerRegion=region)
    with pytest.raises(AwsError, match="OutstandingVpcPeeringConnectionLimitExceeded"):
        asked(ec2, vpc, others[25][1], PeerRegion=others[25][0])


def test_filters(ec2: Call) -> None:
    one, other = vpc_of(ec2, "10.0.0.0/16"), vpc_of(ec2, "10.1.0.0/16")
    peering = asked(ec2, one, other)

    def found(name: str, value: str) -> list[str]:
        answer = ec2("DescribeVpcPeeringConnections", Filters=[{"Name": name, "Values": [value]}])
        return [row["VpcPeeringConnectionId"] for row in answer["VpcPeeringConnections"]]

    assert found("status-code", "pending-acceptance") == found("accepter-vpc-info.vpc-id", other) == [peering]
    assert found("requester-vpc-info.vpc-id", other) == []


def test_what_time_does_is_pure() -> None:
    sides = Side("1", "a", "vpc-1", ("10.0.0.0/16",)), Side("2", "b", "vpc-2", ("10.1.0.0/16",))
    record = Peering(id="pcx-1", requester=sides[0], accepter=sides[1], status="pending-acceptance", expires_at=100.0)
    assert [peerings.expired(record, now) for now in (99.0, 100.0)] == [False, True]
    assert peerings.at(record, 99.0) is record
    ended = peerings.at(record, 500.0)
    assert (ended.status, ended.ended_at) == ("expired", 100.0)
    assert [peerings.is_gone(record, 100.0 + seconds) for seconds in (2 * DAY - 1, 2 * DAY)] == [False, True]
    assert not peerings.overlap(*sides)


def test_through_boto3(boto: MakeClient) -> None:
    ec2 = boto("ec2")
    vpcs = [ec2.create_vpc(CidrBlock=f"10.{at}.0.0/16")["Vpc"]["VpcId"] for at in range(2)]
    made = ec2.create_vpc_peering_connection(VpcId=vpcs[0], PeerVpcId=vpcs[1])["VpcPeeringConnection"]
    ids = [made["VpcPeeringConnectionId"]]
    ec2.get_waiter("vpc_peering_connection_exists").wait(VpcPeeringConnectionIds=ids)
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=ids[0])
    pages = ec2.get_paginator("describe_vpc_peering_connections").paginate(PaginationConfig={"PageSize": 5})
    assert [one["Status"]["Code"] for one in pages.build_full_result()["VpcPeeringConnections"]] == ["active"]
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=ids[0])
    ec2.get_waiter("vpc_peering_connection_deleted").wait(VpcPeeringConnectionIds=ids)


@pytest.mark.parametrize("peer", [{"PeerOwnerId": "abc"}, {"PeerOwnerId": "☁" * 12}, {"PeerRegion": "mars-1"}])
def test_the_other_side_has_an_account_and_a_region(ec2: Call, peer: dict[str, str]) -> None:
    with pytest.raises(AwsError, match=r"InvalidParameterValue: Value .* for parameter peer"):
        asked(ec2, vpc_of(ec2, "10.0.0.0/16"), "vpc-00000000000000000", **peer)
