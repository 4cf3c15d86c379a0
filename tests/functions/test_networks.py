"""A function with a VPC configuration lives at an address of its subnet, behind its security groups."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.functions.conftest import Town

from fogbank.planes.net.kernel import KernelNet
from fogbank.planes.net.namespaces import prefix_of

REACHES = """
import socket
def run(event, context):
    found = socket.socket()
    found.settimeout(1)
    try:
        found.connect((event["address"], event["port"]))
    except OSError as error:
        return type(error).__name__
    own = found.getsockname()[0]
    found.close()
    return own
"""


@pytest.fixture
def town() -> Iterator[Town]:
    if os.geteuid() != 0:
        pytest.skip("namespaces of the network need root")
    found = Town(net=lambda folder: KernelNet(prefix_of(folder), "full", folder))
    isolation = found.cloud.cloud.planes.sandboxes.isolation
    if "plain processes" in isolation:
        found.close()
        pytest.skip(f"sandboxes: {isolation}")
    yield found
    found.cloud.run(found.cloud.cloud.net.clear())
    found.close()


def test_it_has_an_address_and_is_held_to_its_groups(town: Town) -> None:
    ec2 = town.cloud.client("ec2")
    town.allow("logs:*", "ec2:*")
    vpc = ec2("CreateVpc", CidrBlock="10.31.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2("CreateSubnet", VpcId=vpc, CidrBlock="10.31.1.0/24")["Subnet"]["SubnetId"]
    groups = [ec2("CreateSecurityGroup", GroupName=n, Description=n, VpcId=vpc)["GroupId"] for n in ("f", "server")]
    server = ec2("CreateNetworkInterface", SubnetId=subnet, Groups=groups[1:])["NetworkInterface"]
    config = {"SubnetIds": [subnet], "SecurityGroupIds": groups[:1]}
    town.write("inside", REACHES, VpcConfig=config, Timeout=10)
    town.cloud.run(town.cloud.cloud.settled())
    asked = {"address": server["PrivateIpAddress"], "port": 5432}
    assert town.said("inside", asked) == "TimeoutError", "the server's group lets nobody in"
    permission = {
        "IpProtocol": "tcp",
        "FromPort": 5432,
        "ToPort": 5432,
        "UserIdGroupPairs": [{"GroupId": groups[0]}],
    }
    ec2("AuthorizeSecurityGroupIngress", GroupId=groups[1], IpPermissions=[permission])
    town.cloud.run(town.cloud.cloud.settled())
    # Nobody listens there, and whoever is let in is told so.
    assert town.said("inside", asked) == "ConnectionRefusedError"
    assert town.said("inside", {"address": "127.0.0.1", "port": 1}) == "ConnectionRefusedError"


READS = """
import boto3
from botocore.config import Config
def run(event, context):
    config = Config(connect_timeout=1, retries={"total_max_attempts": 1})
    try:
        return boto3.client("s3", config=config).get_object(Bucket=event["bucket"], Key="k")["Body"].read().decode()
    except Exception as error:
        return type(error).__name__
"""


def test_it_reaches_the_api_as_its_network_allows(town: Town) -> None:
    ec2, s3 = town.cloud.client("ec2"), town.cloud.client("s3")
    town.allow("logs:*", "ec2:*", "s3:*")
    s3("CreateBucket", Bucket="tides-inside")
    s3("PutObject", Bucket="tides-inside", Key="k", Body=b"high")
    vpc = ec2("CreateVpc", CidrBlock="10.32.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2("CreateSubnet", VpcId=vpc, CidrBlock="10.32.1.0/24")["Subnet"]["SubnetId"]
    group = ec2("CreateSecurityGroup", GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    config = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    town.write("inside", READS, VpcConfig=config, Timeout=30, MemorySize=256)
    town.cloud.run(town.cloud.cloud.settled())
    assert town.said("inside", {"bucket": "tides-inside"}) in ("ConnectTimeoutError", "EndpointConnectionError")
    wanted = [{"Name": "vpc-id", "Values": [vpc]}]
    table = ec2("DescribeRouteTables", Filters=wanted)["RouteTables"][0]["RouteTableId"]
    ec2("CreateVpcEndpoint", VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[table])
    town.cloud.run(town.cloud.cloud.settled())
    assert town.said("inside", {"bucket": "tides-inside"}) == "high"
