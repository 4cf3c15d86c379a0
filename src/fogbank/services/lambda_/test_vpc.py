"""Functions in networks: the interface that they share, who may make it, and when it goes."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.services.lambda_.test_lambda import World
from fogbank.testing import TestCloud


@pytest.fixture
def world(cloud: TestCloud) -> World:
    found = World(cloud)
    found.allow("logs:*", "ec2:*")
    return found


def network(world: World) -> dict[str, Any]:
    ec2 = world.cloud.client("ec2")
    vpc = ec2("CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2("CreateSubnet", VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    group = ec2("CreateSecurityGroup", GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    return {"vpc": vpc, "config": {"SubnetIds": [subnet], "SecurityGroupIds": [group]}}


def interfaces(world: World, vpc: str) -> list[dict[str, Any]]:
    world.cloud.run(world.cloud.cloud.settled())
    wanted = [{"Name": "vpc-id", "Values": [vpc]}]
    found: list[dict[str, Any]] = world.cloud.call("ec2", "DescribeNetworkInterfaces", {"Filters": wanted})[
        "NetworkInterfaces"
    ]
    return found


def test_functions_share_an_interface_while_one_needs_it(world: World) -> None:
    net = network(world)
    made = world.make(VpcConfig=net["config"])
    assert made["VpcConfig"] == {**net["config"], "VpcId": net["vpc"], "Ipv6AllowedForDualStack": False}
    world.make("g", VpcConfig=net["config"])
    (interface,) = interfaces(world, net["vpc"])
    assert interface["Description"].startswith("AWS Lambda VPC ENI-f-") and interface["InterfaceType"] == "lambda"
    world.invoke()
    assert "AWS_ENDPOINT_URL" not in world.sandboxes.started[-1].environ
    world.call("DeleteFunction", FunctionName="f")
    assert len(interfaces(world, net["vpc"])) == 1
    world.call("UpdateFunctionConfiguration", FunctionName="g", VpcConfig={"SubnetIds": [], "SecurityGroupIds": []})
    assert interfaces(world, net["vpc"]) == []
    assert "VpcConfig" not in world.call("GetFunctionConfiguration", FunctionName="g")


def test_the_role_must_be_allowed_to_make_interfaces(world: World) -> None:
    net = network(world)
    world.allow("logs:*")
    given = {"FunctionName": "f", "VpcConfig": net["config"]}
    world.make()
    text = world.refused("UpdateFunctionConfiguration", "InvalidParameterValueException", **given)
    assert text == "The provided execution role does not have permissions to call CreateNetworkInterface on EC2"
    assert interfaces(world, net["vpc"]) == []
