"""A custom resource whose function lives in a VPC answers where the VPC has a way to S3, and nowhere else."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from tests.functions.conftest import Town
from tests.functions.test_networks import town
from tests.serverless.test_functions import PYTHON, body

__all__ = ["town"]
BODY = body("python3.11", PYTHON).replace(
    "      Timeout: 20\n", "      Timeout: 3\n      VpcConfig: {SubnetIds: [SUBNET], SecurityGroupIds: [GROUP]}\n"
)
SERVICE_ROLE = "arn:aws:iam::aws:policy/service-role/AWSLambda"
DEADLINE_SECONDS = 60


def lines(town: Town) -> list[str]:
    """What the function has printed."""
    call = town.cloud.client("logs")
    groups = [one["logGroupName"] for one in call("DescribeLogGroups")["logGroups"]]
    return [one["message"] for name in groups for one in call("FilterLogEvents", logGroupName=name)["events"]]


def events(town: Town) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = town.cloud.call("cloudformation", "DescribeStackEvents", {"StackName": "inside"})[
        "StackEvents"
    ]
    return found


def until(town: Town, ended: str) -> str:
    """The status of the stack, once it is another or the function has printed something."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        status = str(
            town.cloud.call("cloudformation", "DescribeStacks", {"StackName": "inside"})["Stacks"][0]["StackStatus"]
        )
        if not status.endswith("_IN_PROGRESS") or any(ended in line for line in lines(town)):
            return status
        town.cloud.run(asyncio.sleep(0.05))
    raise AssertionError(f"it hangs: {lines(town)}")


@pytest.mark.parametrize("is_open", [True, False])
def test_it_answers_over_an_endpoint(town: Town, is_open: bool) -> None:
    ec2 = town.cloud.client("ec2")
    vpc = ec2("CreateVpc", CidrBlock="10.33.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2("CreateSubnet", VpcId=vpc, CidrBlock="10.33.1.0/24")["Subnet"]["SubnetId"]
    group = ec2("CreateSecurityGroup", GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    text = BODY.replace("SUBNET", subnet).replace("GROUP", group)
    text = text.replace(f"{SERVICE_ROLE}BasicExecutionRole", f"{SERVICE_ROLE}VPCAccessExecutionRole")
    if is_open:
        table = ec2("DescribeRouteTables", Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"][0]
        routes = {"VpcId": vpc, "RouteTableIds": [table["RouteTableId"]]}
        ec2("CreateVpcEndpoint", ServiceName="com.amazonaws.us-east-1.s3", **routes)
    town.cloud.run(town.cloud.cloud.settled())
    given = {"StackName": "inside", "TemplateBody": text, "Capabilities": ["CAPABILITY_IAM"]}
    town.cloud.call("cloudformation", "CreateStack", given)
    if is_open:
        assert until(town, "nothing") == "CREATE_COMPLETE", [row.get("ResourceStatusReason") for row in events(town)]
        return
    assert until(town, "REPORT") == "CREATE_IN_PROGRESS", "it has tried, and nobody has heard it"
    town.cloud.advance(3601)
    failed = [row for row in events(town) if row["ResourceStatus"] == "CREATE_FAILED"]
    assert "did not receive a response from your Custom Resource" in failed[0]["ResourceStatusReason"]
