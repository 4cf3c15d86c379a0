from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.ec2 import flow_formats
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient

Call = Callable[..., dict[str, Any]]
TO_LOGS: dict[str, Any] = {
    "LogGroupName": "flows",
    "DeliverLogsPermissionArn": "arn:aws:iam::000000000000:role/flows",
}
TO_S3: dict[str, Any] = {"LogDestinationType": "s3", "LogDestination": "arn:aws:s3:::flows/here"}


@pytest.fixture
def ec2(cloud: TestCloud) -> Call:
    return cloud.client("ec2")


@pytest.fixture
def vpc(ec2: Call) -> str:
    return str(ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def made(ec2: Call, *ids: str, **more: Any) -> dict[str, Any]:
    return ec2("CreateFlowLogs", **{"ResourceIds": list(ids), "ResourceType": "VPC", "TrafficType": "ALL", **more})


def test_to_a_log_group_and_to_a_bucket(cloud: TestCloud, ec2: Call, vpc: str) -> None:
    ids = made(ec2, vpc, **TO_LOGS)["FlowLogIds"] + made(ec2, vpc, MaxAggregationInterval=60, **TO_S3)["FlowLogIds"]
    logs, bucket = ec2("DescribeFlowLogs", FlowLogIds=ids)["FlowLogs"]
    assert (logs["LogGroupName"], logs["LogDestinationType"]) == ("flows", "cloud-watch-logs")
    assert (logs["LogFormat"], logs["MaxAggregationInterval"]) == (flow_formats.DEFAULT, 600)
    assert (logs["FlowLogStatus"], logs["CreationTime"]) == ("ACTIVE", cloud.clock.now())
    assert (bucket["LogDestination"], bucket["MaxAggregationInterval"]) == ("arn:aws:s3:::flows/here", 60)
    assert bucket["DestinationOptions"]["FileFormat"] == "plain-text"


def test_the_same_flow_log_is_made_once(ec2: Call, vpc: str) -> None:
    made(ec2, vpc, **TO_S3)
    with pytest.raises(AwsError, match=r"FlowLogAlreadyExists: Error. There is an existing Flow Log"):
        made(ec2, vpc, **TO_S3)
    made(ec2, vpc, **{**TO_S3, "LogDestination": "arn:aws:s3:::other"})
    made(ec2, vpc, **{**TO_S3, "TrafficType": "REJECT"})
    made(ec2, vpc, **{**TO_S3, "LogFormat": "${srcaddr} ${dstaddr} ${pkt-srcaddr}"})
    assert len(ec2("DescribeFlowLogs")["FlowLogs"]) == 4


def test_what_is_not_there_is_told_and_the_rest_is_made(ec2: Call, vpc: str) -> None:
    answer = made(ec2, vpc, "vpc-0123456789abcdef0", **TO_S3)
    assert len(answer["FlowLogIds"]) == 1
    failed = answer["Unsuccessful"][0]
    assert (failed["ResourceId"], failed["Error"]["Code"]) == ("vpc-0123456789abcdef0", "InvalidVpcID.NotFound")
    gone = ec2("DeleteFlowLogs", FlowLogIds=[*answer["FlowLogIds"], "fl-0123456789abcdef0"])["Unsuccessful"]
    assert [one["Error"]["Code"] for one in gone] == ["InvalidFlowLogId.NotFound"]
    assert ec2("DescribeFlowLogs")["FlowLogs"] == []


def test_formats_are_made_of_documented_fields() -> None:
    assert flow_formats.checked("${version} ${vpc-id}") == "${version} ${vpc-id}"
    assert flow_formats.fields("${version} ${vpc-id}") == ["version", "vpc-id"]
    for wrong in ("", "version", "${version}  ${vpc-id}", "${version},${vpc-id}", "${version} "):
        with pytest.raises(AwsError, match="InvalidParameterValue"):
            flow_formats.checked(wrong)
    with pytest.raises(AwsError, match="InvalidParameter: Unknown fields provided: colour"):
        flow_formats.checked("${version} ${colour}")
    with pytest.raises(AwsError, match="Unknown fields"):
        flow_formats.checked("${version} ${tgw-id}")
    flow_formats.checked(flow_formats.TRANSIT_DEFAULT, is_transit=True)


def test_filters(ec2: Call, vpc: str) -> None:
    flow_log = made(ec2, vpc, **TO_LOGS)["FlowLogIds"][0]
    made(ec2, vpc, **TO_S3)
    for name, value in (("log-group-name", "flows"), ("log-destination-type", "cloud-watch-logs")):
        found = ec2("DescribeFlowLogs", Filter=[{"Name": name, "Values": [value]}])["FlowLogs"]
        assert [one["FlowLogId"] for one in found] == [flow_log]
    assert len(ec2("DescribeFlowLogs", Filter=[{"Name": "resource-id", "Values": [vpc]}])["FlowLogs"]) == 2


def test_of_a_transit_gateway(ec2: Call) -> None:
    gateway = ec2("CreateTransitGateway")["TransitGateway"]["TransitGatewayId"]
    kind = {"ResourceIds": [gateway], "ResourceType": "TransitGateway"}
    ec2("CreateFlowLogs", **kind, **TO_S3)
    found = ec2("DescribeFlowLogs")["FlowLogs"][0]
    assert (found["MaxAggregationInterval"], found["LogFormat"]) == (60, flow_formats.TRANSIT_DEFAULT)
    with pytest.raises(AwsError, match="InvalidParameter"):
        ec2("CreateFlowLogs", **kind, TrafficType="ALL", **TO_S3)


def test_through_boto3(boto: MakeClient) -> None:
    ec2 = boto("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    tags = [{"ResourceType": "vpc-flow-log", "Tags": [{"Key": "a", "Value": "b"}]}]
    ec2.create_flow_logs(ResourceIds=[vpc], ResourceType="VPC", TrafficType="REJECT", TagSpecifications=tags, **TO_S3)
    found = ec2.get_paginator("describe_flow_logs").paginate().build_full_result()["FlowLogs"]
    assert [(one["ResourceId"], one["Tags"]) for one in found] == [(vpc, [{"Key": "a", "Value": "b"}])]
