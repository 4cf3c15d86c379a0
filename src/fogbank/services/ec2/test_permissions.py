"""What calls must be allowed: seen by what a user with one policy may do, and what it is refused."""

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control.caller import Caller
from fogbank.testing import TestCloud

ROOT = "arn:aws:ec2:us-east-1:000000000000"


def refused() -> Any:
    return pytest.raises(AwsError, match=r"^UnauthorizedOperation:")


def allowed(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})


def user(cloud: TestCloud, policy: str) -> Caller:
    cloud.call("iam", "CreateUser", {"UserName": "u"})
    cloud.call("iam", "PutUserPolicy", {"UserName": "u", "PolicyName": "p", "PolicyDocument": policy})
    key = cloud.call("iam", "CreateAccessKey", {"UserName": "u"})["AccessKey"]["AccessKeyId"]
    credential = cloud.cloud.credential(key, None)
    assert credential is not None
    return credential.caller


def test_an_action_on_one_resource(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    one, other = (ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(2))
    policy = allowed({"Action": "ec2:DeleteVpc", "Resource": f"{ROOT}:vpc/{one}"})
    mine = cloud.client("ec2", caller=user(cloud, policy))
    with refused():
        mine("DeleteVpc", VpcId=other)
    with refused():
        mine("DescribeVpcs")
    mine("DeleteVpc", VpcId=one)


def test_every_resource_that_takes_part_must_be_allowed(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    call = {"VpcId": vpc_id, "InternetGatewayId": gateway}
    half = user(cloud, allowed({"Action": "ec2:AttachInternetGateway", "Resource": f"{ROOT}:vpc/*"}))
    with refused():
        cloud.call("ec2", "AttachInternetGateway", call, caller=half)
    whole = allowed(
        {"Action": "ec2:AttachInternetGateway", "Resource": [f"{ROOT}:vpc/*", f"{ROOT}:internet-gateway/*"]}
    )
    cloud.call("iam", "PutUserPolicy", {"UserName": "u", "PolicyName": "p", "PolicyDocument": whole})
    cloud.call("ec2", "AttachInternetGateway", call, caller=half)


def test_tags_decide(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    one, other = (ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"] for _ in range(2))
    ec2("CreateTags", Resources=[one], Tags=[{"Key": "team", "Value": "red"}])
    policy = allowed(
        {"Action": "ec2:DeleteVpc", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "red"}}}
    )
    mine = cloud.client("ec2", caller=user(cloud, policy))
    with refused():
        mine("DeleteVpc", VpcId=other)
    mine("DeleteVpc", VpcId=one)


def test_tagging_what_one_makes_is_an_action_of_its_own(cloud: TestCloud) -> None:
    tags = [{"ResourceType": "vpc", "Tags": [{"Key": "team", "Value": "red"}]}]
    create = {"Action": "ec2:CreateVpc", "Resource": "*"}
    mine = cloud.client("ec2", caller=user(cloud, allowed(create)))
    mine("CreateVpc", CidrBlock="10.0.0.0/16")
    with refused():
        mine("CreateVpc", CidrBlock="10.1.0.0/16", TagSpecifications=tags)
    tag = {
        "Action": "ec2:CreateTags",
        "Resource": f"{ROOT}:vpc/*",
        "Condition": {"StringEquals": {"ec2:CreateAction": "CreateVpc", "aws:RequestTag/team": "red"}},
    }
    policy = {"UserName": "u", "PolicyName": "p", "PolicyDocument": allowed(create, tag)}
    cloud.call("iam", "PutUserPolicy", policy)
    made = mine("CreateVpc", CidrBlock="10.1.0.0/16", TagSpecifications=tags)["Vpc"]["VpcId"]
    with refused():
        mine("CreateTags", Resources=[made], Tags=[{"Key": "team", "Value": "red"}])


def test_what_is_in_a_vpc_can_be_allowed_by_it(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    tables = []
    for number in range(2):
        vpc_id = ec2("CreateVpc", CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        tables.append((vpc_id, ec2("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]))
    condition = {"ArnEquals": {"ec2:Vpc": f"{ROOT}:vpc/{tables[0][0]}"}, "StringEquals": {"ec2:Region": "us-east-1"}}
    policy = allowed({"Action": "ec2:DeleteRouteTable", "Resource": "*", "Condition": condition})
    mine = cloud.client("ec2", caller=user(cloud, policy))
    with refused():
        mine("DeleteRouteTable", RouteTableId=tables[1][1])
    mine("DeleteRouteTable", RouteTableId=tables[0][1])


def test_a_refusal_says_what_was_not_allowed(cloud: TestCloud) -> None:
    caller = user(cloud, allowed({"Action": "ec2:DescribeVpcs", "Resource": "*"}))
    with refused() as raised:
        cloud.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16", "DryRun": True}, caller=caller)
    assert raised.value.message == (
        "You are not authorized to perform this operation. User: arn:aws:iam::000000000000:user/u is not authorized to "
        f"perform: ec2:CreateVpc on resource: {ROOT}:vpc/* because no identity-based policy allows the ec2:CreateVpc "
        "action."
    )


def test_who_may_peer_with_whom(cloud: TestCloud) -> None:
    """VPC Peering Guide, "Identity and access management for VPC peering"."""
    ec2 = cloud.client("ec2")
    ours, theirs, other = (ec2("CreateVpc", CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"] for number in range(3))
    connection = f"{ROOT}:vpc-peering-connection/*"
    policy = allowed(
        {"Action": "ec2:CreateVpcPeeringConnection", "Resource": f"{ROOT}:vpc/*"},
        {
            "Action": "ec2:CreateVpcPeeringConnection",
            "Resource": connection,
            "Condition": {"ArnEquals": {"ec2:AccepterVpc": f"{ROOT}:vpc/{theirs}"}},
        },
        {"Action": "ec2:AcceptVpcPeeringConnection", "Resource": f"{ROOT}:vpc/{theirs}"},
        {
            "Action": "ec2:AcceptVpcPeeringConnection",
            "Resource": connection,
            "Condition": {"ArnEquals": {"ec2:RequesterVpc": f"{ROOT}:vpc/{ours}"}},
        },
    )
    mine = cloud.client("ec2", caller=user(cloud, policy))
    with refused():
        mine("CreateVpcPeeringConnection", VpcId=ours, PeerVpcId=other)
    made = mine("CreateVpcPeeringConnection", VpcId=ours, PeerVpcId=theirs)["VpcPeeringConnection"]
    mine("AcceptVpcPeeringConnection", VpcPeeringConnectionId=made["VpcPeeringConnectionId"])
    for asked, answering in ((other, theirs), (ours, other)):
        made = ec2("CreateVpcPeeringConnection", VpcId=asked, PeerVpcId=answering)["VpcPeeringConnection"]
        with refused():
            mine("AcceptVpcPeeringConnection", VpcPeeringConnectionId=made["VpcPeeringConnectionId"])


def test_what_may_be_set_of_an_attribute(cloud: TestCloud) -> None:
    vpc_id = cloud.call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"})["Vpc"]["VpcId"]
    condition = {"StringEquals": {"ec2:Attribute": "EnableDnsHostnames", "ec2:Attribute/EnableDnsHostnames": "true"}}
    policy = allowed({"Action": "ec2:ModifyVpcAttribute", "Resource": "*", "Condition": condition})
    mine = cloud.client("ec2", caller=user(cloud, policy))
    mine("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    with refused():
        mine("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": False})
    with refused():
        mine("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsSupport={"Value": True})


def test_where_interfaces_may_be_made(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    one, other = (
        ec2("CreateSubnet", VpcId=vpc_id, CidrBlock=f"10.0.{number}.0/24")["Subnet"]["SubnetId"] for number in range(2)
    )
    make = {"Action": "ec2:CreateNetworkInterface"}
    policy = allowed(
        {**make, "Resource": [f"{ROOT}:subnet/*", f"{ROOT}:security-group/*"]},
        {
            **make,
            "Resource": f"{ROOT}:network-interface/*",
            "Condition": {"ArnEquals": {"ec2:Subnet": f"{ROOT}:subnet/{one}", "ec2:Vpc": f"{ROOT}:vpc/{vpc_id}"}},
        },
    )
    mine = cloud.client("ec2", caller=user(cloud, policy))
    mine("CreateNetworkInterface", SubnetId=one)
    with refused():
        mine("CreateNetworkInterface", SubnetId=other)
