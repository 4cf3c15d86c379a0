from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.flows import Count, Flow, Flows, Rejected
from fogbank.services.ec2.network import names
from fogbank.testing import START, TestCloud

GROUP, ROLE, BUCKET = "flows", "arn:aws:iam::000000000000:role/flows", "flows"


class Telling(FakeNet):
    """A network in which what is put into `news` has happened."""

    def __init__(self) -> None:
        super().__init__("full")
        self.news: list[Flows] = []
        self.ended: list[str] = []

    @property
    def has_packets(self) -> bool:
        return True

    async def flows(self, ns: str, *, ends: bool = False) -> Flows:
        if ends:
            self.ended.append(ns)
        return self.news.pop(0) if self.news else Flows()


class Site:
    """A VPC with an interface in each of two subnets."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.ec2 = cloud.client("ec2")
        self.logs = cloud.client("logs")
        self.vpc = self.ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.near, self.far = self._interface("10.0.1.0/24"), self._interface("10.0.2.0/24")

    def _interface(self, cidr: str) -> str:
        subnet = self.ec2("CreateSubnet", VpcId=self.vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
        return str(self.ec2("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"])

    def role(self, actions: str = "logs:*", service: str = "vpc-flow-logs.amazonaws.com") -> None:
        iam = self.cloud.client("iam")
        trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
        iam("CreateRole", RoleName="flows", AssumeRolePolicyDocument=_document(trust))
        may = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        iam("PutRolePolicy", RoleName="flows", PolicyName="logs", PolicyDocument=_document(may))

    def flow_log(self, resource: str = "", kind: str = "VPC", **more: Any) -> str:
        to = {"LogGroupName": GROUP, "DeliverLogsPermissionArn": ROLE} if "LogDestination" not in more else {}
        params = {"TrafficType": "ALL", "MaxAggregationInterval": 60, **to, **more}
        made = self.ec2("CreateFlowLogs", ResourceIds=[resource or self.vpc], ResourceType=kind, **params)
        self.cloud.advance(0)
        return str(made["FlowLogIds"][0])

    def state(self, flow_log: str) -> tuple[str, str]:
        found = self.ec2("DescribeFlowLogs", FlowLogIds=[flow_log])["FlowLogs"][0]
        return found["DeliverLogsStatus"], found.get("DeliverLogsErrorMessage", "")

    def said(self, interface: str, traffic: str = "all") -> list[str]:
        stream = f"{interface}-{traffic}"
        found = self.logs("GetLogEvents", logGroupName=GROUP, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in found["events"]]

    def rejected(self, packets: int) -> Flows:
        flow = Flow(6, "10.0.1.4", "10.0.2.4", 50000, 22, names.device(self.near), names.device(self.far))
        return Flows(rejected=(Rejected(flow, "in", Count(packets, packets * 60)),))


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def telling() -> Telling:
    return Telling()


@pytest.fixture
def site(telling: Telling) -> Iterator[Site]:
    cloud = TestCloud(net=lambda _: telling)
    yield Site(cloud)
    cloud.close()


def test_where_there_are_no_packets_there_is_no_data(cloud: TestCloud) -> None:
    site = Site(cloud)
    site.role()
    flow_log = site.flow_log(MaxAggregationInterval=600)
    cloud.advance(599)
    assert site.logs("DescribeLogGroups")["logGroups"] == []
    cloud.advance(1)
    start, end = int(START), int(START) + 600
    assert site.said(site.near) == [f"2 000000000000 {site.near} - - - - - - - {start} {end} - NODATA"]
    assert site.state(flow_log) == ("SUCCESS", "")
    cloud.advance(600)
    assert [row.split()[10:12] for row in site.said(site.far)] == [[str(start), str(end)], [str(end), str(end + 600)]]


def test_every_flow_log_of_a_vpc_gets_all_of_it_in_its_own_time(site: Site, telling: Telling) -> None:
    site.role()
    site.flow_log()
    site.flow_log(site.far, "NetworkInterface", TrafficType="REJECT", MaxAggregationInterval=600)
    telling.news = [site.rejected(1), site.rejected(2)]
    site.cloud.advance(120)
    assert [row.split()[8] for row in site.said(site.far)] == ["1", "2"]
    assert [row.split()[12] for row in site.said(site.near)] == ["ACCEPT", "ACCEPT"]
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        site.said(site.far, "reject")
    site.cloud.advance(480)
    (row,) = site.said(site.far, "reject")
    assert row.split()[6:14] == ["22", "6", "3", "180", str(int(START)), str(int(START) + 600), "REJECT", "OK"]
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        site.said(site.near, "reject")


def test_what_nobody_could_count_is_told_as_skipped(site: Site, telling: Telling) -> None:
    site.role()
    site.flow_log()
    telling.news = [Flows(lost=7)]
    site.cloud.advance(60)
    assert [row.split()[-1] for row in site.said(site.near)] == ["SKIPDATA"]
    telling.news = [Flows(has_begun=True)]
    site.cloud.advance(60)
    site.cloud.advance(60)
    assert [row.split()[-1] for row in site.said(site.near)] == ["SKIPDATA", "SKIPDATA", "NODATA"]


@pytest.mark.parametrize(
    ("role", "trouble"),
    [
        ({}, ""),
        ({"actions": "logs:DescribeLogGroups"}, "Access error"),
        ({"service": "ec2.amazonaws.com"}, "Access error"),
        (None, "Access error"),
    ],
)
def test_what_prevents_a_delivery_is_told(site: Site, role: dict[str, str] | None, trouble: str) -> None:
    if role is not None:
        site.role(**role)
    flow_log = site.flow_log()
    site.cloud.advance(60)
    assert site.state(flow_log) == ("FAILED" if trouble else "SUCCESS", trouble)


def test_a_delivery_that_failed_is_followed_by_one_that_does_not(site: Site) -> None:
    flow_log = site.flow_log()
    site.cloud.advance(60)
    assert site.state(flow_log)[0] == "FAILED"
    site.role()
    site.cloud.advance(60)
    assert site.state(flow_log) == ("SUCCESS", "")
    assert len(site.said(site.near)) == 1


def test_into_a_bucket_whose_policy_is_given_what_it_takes(site: Site, telling: Telling) -> None:
    s3 = site.cloud.client("s3")
    s3("CreateBucket", Bucket=BUCKET)
    own = {
        "Sid": "own",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/a",
    }
    own["Principal"] = {"AWS": "arn:aws:iam::000000000000:root"}
    s3("PutBucketPolicy", Bucket=BUCKET, Policy=_document(own))
    flow_log = site.flow_log(LogDestinationType="s3", LogDestination=f"arn:aws:s3:::{BUCKET}/here/")
    statements = json.loads(s3("GetBucketPolicy", Bucket=BUCKET)["Policy"])["Statement"]
    assert [one["Sid"] for one in statements] == ["own", "AWSLogDeliveryWrite", "AWSLogDeliveryAclCheck"]
    telling.news = [site.rejected(1)]
    site.cloud.advance(60)
    assert site.state(flow_log) == ("SUCCESS", "")
    (key,) = (one["Key"] for one in s3("ListObjectsV2", Bucket=BUCKET)["Contents"])
    folder, _, name = key.rpartition("/")
    # START is 2025-06-15 15:06:40 UTC.
    assert folder == "here/AWSLogs/000000000000/vpcflowlogs/us-east-1/2025/06/15"
    assert name.startswith(f"000000000000_vpcflowlogs_us-east-1_{flow_log}_20250615T1507Z_")
    assert name.endswith(".log.gz")
    body = site.cloud.run(_whole(s3("GetObject", Bucket=BUCKET, Key=key)["Body"]))
    header, *rows = gzip.decompress(body).decode().splitlines()
    assert header.split()[:3] == ["version", "account-id", "interface-id"]
    assert sorted(row.split()[12] for row in rows) == ["ACCEPT", "REJECT"]


async def _whole(body: Any) -> bytes:
    return body if isinstance(body, bytes) else b"".join([part async for part in body])


def test_hive_compatible_and_hourly_places(site: Site) -> None:
    s3 = site.cloud.client("s3")
    s3("CreateBucket", Bucket=BUCKET)
    options = {"FileFormat": "plain-text", "HiveCompatiblePartitions": True, "PerHourPartition": True}
    to: dict[str, Any] = {"LogDestinationType": "s3", "LogDestination": f"arn:aws:s3:::{BUCKET}"}
    site.flow_log(**to, DestinationOptions=options)
    site.flow_log(**to, DestinationOptions={**options, "HiveCompatiblePartitions": False}, TrafficType="ACCEPT")
    site.cloud.advance(60)
    plain, hive = sorted(one["Key"].rpartition("/")[0] for one in s3("ListObjectsV2", Bucket=BUCKET)["Contents"])
    assert plain == "AWSLogs/000000000000/vpcflowlogs/us-east-1/2025/06/15/15"
    assert hive == (
        "AWSLogs/aws-account-id=000000000000/aws-service=vpcflowlogs/aws-region=us-east-1"
        "/year=2025/month=06/day=15/hour=15"
    )


def test_a_bucket_that_is_missing_and_one_that_says_no(site: Site) -> None:
    s3 = site.cloud.client("s3")
    to = {"LogDestinationType": "s3", "LogDestination": f"arn:aws:s3:::{BUCKET}"}
    missing = site.flow_log(**to)
    site.cloud.advance(60)
    assert site.state(missing) == ("FAILED", "Access error")
    s3("CreateBucket", Bucket=BUCKET)
    no = {"Effect": "Deny", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "s3:*"}
    s3("PutBucketPolicy", Bucket=BUCKET, Policy=_document({**no, "Resource": f"arn:aws:s3:::{BUCKET}/*"}))
    denied = site.flow_log(**to, TrafficType="ACCEPT")
    site.cloud.advance(60)
    assert site.state(denied) == ("FAILED", "Access error")


def test_parquet_is_refused(site: Site) -> None:
    to = {"LogDestinationType": "s3", "LogDestination": f"arn:aws:s3:::{BUCKET}"}
    with pytest.raises(AwsError, match="UnsupportedOperation"):
        site.flow_log(**to, DestinationOptions={"FileFormat": "parquet"})


def test_nobody_listens_once_the_last_flow_log_is_gone(site: Site, telling: Telling) -> None:
    first, second = site.flow_log(), site.flow_log(TrafficType="REJECT")
    site.ec2("DeleteFlowLogs", FlowLogIds=[first])
    site.cloud.advance(1)
    assert telling.ended == []
    site.ec2("DeleteFlowLogs", FlowLogIds=[second])
    site.cloud.advance(1)
    assert telling.ended == [site.vpc]


def test_of_a_subnet_that_is_deleted_nothing_more_is_told(site: Site) -> None:
    site.role()
    subnet = site.ec2("CreateSubnet", VpcId=site.vpc, CidrBlock="10.0.3.0/24")["Subnet"]["SubnetId"]
    flow_log = site.flow_log(subnet, "Subnet")
    site.ec2("DeleteSubnet", SubnetId=subnet)
    site.cloud.advance(120)
    assert site.state(flow_log) == ("SUCCESS", "")
    assert site.logs("DescribeLogGroups")["logGroups"] == []
