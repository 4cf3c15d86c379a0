"""Client tokens: a request that is sent twice is done once."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.ec2.resources import ClientToken
from fogbank.services.ec2.tokens import KEPT_SECONDS
from fogbank.testing import TestCloud

DAY = KEPT_SECONDS
LIST = {"PrefixListName": "a", "AddressFamily": "IPv4", "MaxEntries": 1}


def subnet(cloud: TestCloud) -> str:
    vpc_id = cloud.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    made = cloud.call("ec2", "CreateSubnet", {"VpcId": vpc_id, "CidrBlock": "10.0.1.0/24"})
    return str(made["Subnet"]["SubnetId"])


def test_a_repeated_request_is_told_again_and_not_done_again(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    call = {"SubnetId": subnet(cloud), "ClientToken": "one"}
    first = ec2("CreateNetworkInterface", **call)
    cloud.advance(60.0)
    assert ec2("CreateNetworkInterface", **call) == first
    assert len(ec2("DescribeNetworkInterfaces")["NetworkInterfaces"]) == 1
    ec2("CreateNetworkInterface", **{**call, "ClientToken": "two"})
    assert len(ec2("DescribeNetworkInterfaces")["NetworkInterfaces"]) == 2


def test_requests_without_a_token_are_each_done(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    call = {"SubnetId": subnet(cloud)}
    assert ec2("CreateNetworkInterface", **call) != ec2("CreateNetworkInterface", **call)


def test_the_same_token_with_other_parameters_is_refused(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    call = {"SubnetId": subnet(cloud), "ClientToken": "one"}
    ec2("CreateNetworkInterface", **call)
    with pytest.raises(AwsError, match="IdempotentParameterMismatch: The request uses the same client token"):
        ec2("CreateNetworkInterface", **call, Description="other")


def test_a_token_is_one_operation_s_in_one_account_and_region(cloud: TestCloud) -> None:
    token = {"ClientToken": "one"}
    here = cloud.call("ec2", "CreateManagedPrefixList", {**LIST, **token})["PrefixList"]["PrefixListId"]
    there = cloud.call("ec2", "CreateManagedPrefixList", {**LIST, **token}, region="eu-west-1")["PrefixList"]
    assert there["PrefixListId"] != here
    vpc_id = cloud.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    assert cloud.call("ec2", "CreateRouteTable", {"VpcId": vpc_id, **token})["RouteTable"]["VpcId"] == vpc_id


def test_what_failed_may_be_tried_again_with_its_token(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    call = {**LIST, "ClientToken": "one"}
    with pytest.raises(AwsError, match="DryRunOperation"):
        ec2("CreateManagedPrefixList", **call, DryRun=True)
    with pytest.raises(AwsError, match="PrefixListMaxEntriesExceeded"):
        ec2("CreateManagedPrefixList", **call, Entries=[{"Cidr": "10.0.0.0/8"}, {"Cidr": "11.0.0.0/8"}])
    assert ec2("CreateManagedPrefixList", **call)["PrefixList"]["PrefixListName"] == "a"


def test_a_token_is_forgotten_after_a_day(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    call = {**LIST, "ClientToken": "one"}
    first = ec2("CreateManagedPrefixList", **call)["PrefixList"]["PrefixListId"]
    cloud.advance(DAY - 1)
    assert ec2("CreateManagedPrefixList", **call)["PrefixList"]["PrefixListId"] == first
    cloud.advance(2)
    ec2("CreateManagedPrefixList", **{**call, "ClientToken": "two"})
    assert not [one for one in tokens(cloud) if one == "one"]
    assert ec2("CreateManagedPrefixList", **call)["PrefixList"]["PrefixListId"] != first


def tokens(cloud: TestCloud) -> list[str]:
    dispatch = cloud.cloud.dispatch
    with dispatch.store.begin() as transaction:
        scopes = dispatch.store.scopes(ClientToken)
        return [one.token for scope in scopes for one in transaction.scan(ClientToken, scope)]


@pytest.mark.parametrize("token", ["x" * 65, "ü"])
def test_what_is_no_token_is_refused(cloud: TestCloud, token: str) -> None:
    with pytest.raises(AwsError, match=r"InvalidParameterValue: Value .* for parameter clientToken is invalid"):
        cloud.call("ec2", "CreateManagedPrefixList", {**LIST, "ClientToken": token})
