"""Flow logs: what packets did, as each interface saw it, in log groups and in buckets."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import signal
from collections.abc import Iterator
from ipaddress import ip_network
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from fogbank.control import caller as callers
from fogbank.services.ec2 import flow_formats
from fogbank.testing.network import Network

from .tenant import NOTHING, OUTSIDE, Host, Tenant

GROUP, ROLE = "flows", "flows"
WIDE = flow_formats.DEFAULT + (
    " ${vpc-id} ${subnet-id} ${tcp-flags} ${type} ${pkt-srcaddr} ${pkt-dstaddr} ${region} ${az-id}"
    " ${flow-direction} ${traffic-path}"
)
MINUTE = 60.0
Row = dict[str, str]


class Logs:
    """Flow logs of a tenant, and what they have said."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self._cloud = tenant.net.cloud
        self._caller = callers.root(tenant.account)
        self._is_ready = False

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        return self._cloud.call(service, operation, params, caller=self._caller)

    def role(self) -> str:
        """A role that flow logs may take, and that may write logs."""
        if not self._is_ready:
            trust = _policy("sts:AssumeRole", Principal={"Service": "vpc-flow-logs.amazonaws.com"})
            self.call("iam", "CreateRole", RoleName=ROLE, AssumeRolePolicyDocument=trust)
            may = _policy("logs:*", Resource="*")
            self.call("iam", "PutRolePolicy", RoleName=ROLE, PolicyName="logs", PolicyDocument=may)
            self._is_ready = True
        return f"arn:aws:iam::{self.tenant.account}:role/{ROLE}"

    def of(self, resource: str, kind: str = "VPC", traffic: str = "ALL", **more: Any) -> str:
        """A flow log with every field that can be known, told each minute."""
        to = {"LogGroupName": GROUP, "DeliverLogsPermissionArn": self.role()} if "LogDestination" not in more else {}
        made = self.tenant.ec2(
            "CreateFlowLogs",
            **{
                "ResourceIds": [resource],
                "ResourceType": kind,
                "TrafficType": traffic,
                "MaxAggregationInterval": 60,
                "LogFormat": WIDE,
                **to,
                **more,
            },
        )
        return str(made["FlowLogIds"][0])

    def minute(self) -> None:
        """The rest of a minute passes."""
        self._cloud.advance(MINUTE)
        self.tenant.net.settle()

    def said(self, host: Host, traffic: str = "all") -> list[Row]:
        """All records of a host's interface, oldest first, without those that say nothing."""
        return [row for row in self.every(host.id, traffic) if row["log-status"] != "NODATA"]

    def every(self, interface: str, traffic: str = "all") -> list[Row]:
        stream = f"{interface}-{traffic}"
        found = self.call("logs", "GetLogEvents", logGroupName=GROUP, logStreamName=stream, startFromHead=True)
        return [_row(event["message"]) for event in found["events"]]


def _policy(action: str, **more: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **more}]})


def _row(record: str, fields: str = WIDE) -> Row:
    return dict(zip(flow_formats.fields(fields), record.split(" "), strict=True))


def _brief(rows: list[Row]) -> list[tuple[str, ...]]:
    """(source, destination, direction, action) of records, in order, each once."""
    names = ("srcaddr", "dstaddr", "flow-direction", "action")
    return sorted({tuple(row[name] for name in names) for row in rows})


@pytest.fixture
def logs(tenant: Tenant) -> Iterator[Logs]:
    made = Logs(tenant)
    yield made
    ids = [one["FlowLogId"] for one in tenant.ec2("DescribeFlowLogs")["FlowLogs"]]
    tenant.ec2("DeleteFlowLogs", FlowLogIds=ids)


def _pair(tenant: Tenant, *groups: str) -> tuple[str, Host, Host]:
    vpc = tenant.vpc()
    near = tenant.host(tenant.subnet(vpc, "10.0.1.0/24"))
    return vpc, near, tenant.host(tenant.subnet(vpc, "10.0.2.0/24", "b"), *groups)


def test_what_is_let_through_is_told_by_both_interfaces_with_packets_and_bytes(tenant: Tenant, logs: Logs) -> None:
    vpc, near, far = _pair(tenant)
    tenant.net.serve(far.id, far.ip, 53, udp=True)
    logs.of(vpc)
    tenant.ask(near, far.ip, 53, udp=True)
    logs.minute()
    there = {row["flow-direction"]: row for row in logs.said(near)}
    here = {row["flow-direction"]: row for row in logs.said(far)}
    # A question of one byte, and an answer of as many as the address has letters, below IPv4 and UDP (28 bytes).
    sizes = ("1", "29"), ("1", str(28 + len(near.ip)))
    for rows, (question, answer) in ((there, ("egress", "ingress")), (here, ("ingress", "egress"))):
        assert [(rows[way]["packets"], rows[way]["bytes"]) for way in (question, answer)] == list(sizes)
        assert [(rows[way]["action"], rows[way]["log-status"]) for way in rows] == [("ACCEPT", "OK")] * 2
        assert (rows[question]["srcaddr"], rows[question]["dstaddr"]) == (near.ip, far.ip)
        assert (rows[question]["dstport"], rows[question]["protocol"]) == ("53", "17")
        assert rows[question]["srcport"] == rows[answer]["dstport"] != "53"
    row = there["egress"]
    assert (row["version"], row["account-id"], row["interface-id"]) == ("5", tenant.account, near.id)
    assert (row["vpc-id"], row["region"], row["type"], row["traffic-path"]) == (vpc, "us-east-1", "IPv4", "1")
    assert (row["az-id"], here["egress"]["az-id"]) == ("use1-az1", "use1-az2")
    assert int(row["end"]) - int(row["start"]) == MINUTE


def test_tcp_is_told_with_its_flags(tenant: Tenant, logs: Logs) -> None:
    vpc, near, far = _pair(tenant)
    logs.of(vpc)
    tenant.ask(near, far.ip)
    logs.minute()
    flags = {row["flow-direction"]: row["tcp-flags"] for row in logs.said(far)}
    assert (int(flags["ingress"]) & 2, int(flags["egress"]) & 18) == (2, 18)


def test_what_a_group_rejects_is_the_receivers_rejection(tenant: Tenant, logs: Logs) -> None:
    vpc = tenant.vpc()
    group = tenant.group(vpc)
    near = tenant.host(tenant.subnet(vpc, "10.0.1.0/24"))
    far = tenant.host(tenant.subnet(vpc, "10.0.2.0/24", "b"), group)
    logs.of(vpc)
    assert tenant.ask(near, far.ip, 5432) == NOTHING
    logs.minute()
    (rejected,), (sent,) = logs.said(far), logs.said(near)
    assert (rejected["action"], rejected["flow-direction"], rejected["dstport"]) == ("REJECT", "ingress", "5432")
    assert (rejected["srcaddr"], rejected["dstaddr"], rejected["tcp-flags"]) == (near.ip, far.ip, "2")
    assert (sent["action"], sent["flow-direction"], sent["packets"]) == ("ACCEPT", "egress", rejected["packets"])


def test_what_a_group_does_not_let_out_is_the_senders_rejection(tenant: Tenant, logs: Logs) -> None:
    vpc, near, far = _pair(tenant)
    group = tenant.group(vpc)
    tenant.revoke(group, "0.0.0.0/0", None, way="Egress")
    tenant.join(near, group)
    logs.of(vpc)
    assert tenant.ask(near, far.ip) == NOTHING
    logs.minute()
    assert _brief(logs.said(near)) == [(near.ip, far.ip, "egress", "REJECT")]
    assert logs.said(far) == []


def test_an_answer_that_an_acl_rejects_is_told_beside_the_question_that_it_let_in(tenant: Tenant, logs: Logs) -> None:
    """VPC User Guide, "Security group and network ACL rules": an ACCEPT record, and a REJECT record of the answer."""
    vpc = tenant.vpc()
    near = tenant.host(tenant.subnet(vpc, "10.0.1.0/24"))
    subnet = tenant.subnet(vpc, "10.0.2.0/24", "b")
    far = tenant.host(subnet)
    tenant.net.serve(far.id, far.ip, 53, udp=True)
    tenant.acl(subnet, ("in", 100, "allow", "0.0.0.0/0", None))
    logs.of(vpc)
    assert tenant.ask(near, far.ip, 53, udp=True) == NOTHING
    logs.minute()
    assert _brief(logs.said(far)) == [(near.ip, far.ip, "ingress", "ACCEPT"), (far.ip, near.ip, "egress", "REJECT")]
    assert _brief(logs.said(near)) == [(near.ip, far.ip, "egress", "ACCEPT")]


def test_what_an_acl_keeps_out_is_told_by_its_entries_and_by_its_last(tenant: Tenant, logs: Logs) -> None:
    vpc = tenant.vpc()
    near = tenant.host(tenant.subnet(vpc, "10.0.1.0/24"))
    subnet = tenant.subnet(vpc, "10.0.2.0/24", "b")
    far = tenant.host(subnet)
    entries = ("in", 90, "deny", "0.0.0.0/0", (81, 81)), ("in", 100, "allow", "0.0.0.0/0", (80, 81))
    tenant.acl(subnet, *entries, ("out", 100, "allow", "0.0.0.0/0", None))
    logs.of(vpc, traffic="REJECT")
    assert [tenant.ask(near, far.ip, port) for port in (80, 81, 82)] == [near.ip, NOTHING, NOTHING]
    logs.minute()
    rows = logs.said(far, "reject")
    assert sorted((row["dstport"], row["action"]) for row in rows) == [("81", "REJECT"), ("82", "REJECT")]
    assert logs.said(near, "reject") == []


def test_only_what_is_asked_for_is_told(tenant: Tenant, logs: Logs) -> None:
    vpc = tenant.vpc()
    group, near = tenant.group(vpc), tenant.host(tenant.subnet(vpc, "10.0.1.0/24"))
    far = tenant.host(tenant.subnet(vpc, "10.0.2.0/24", "b"), group)
    tenant.allow(group, "0.0.0.0/0", 80)
    logs.of(far.id, "NetworkInterface", "ACCEPT")
    tenant.ask(near, far.ip)
    tenant.ask(near, far.ip, 81)
    logs.minute()
    rows = logs.said(far, "accept")
    assert {row["action"] for row in rows} == {"ACCEPT"}
    assert {row["dstport"] for row in rows if row["flow-direction"] == "ingress"} == {"80"}
    streams = logs.call("logs", "DescribeLogStreams", logGroupName=GROUP)["logStreams"]
    assert [one["logStreamName"] for one in streams] == [f"{far.id}-accept"]


def test_a_connection_is_told_by_what_it_did_in_each_interval(tenant: Tenant, logs: Logs) -> None:
    vpc, near, far = _pair(tenant)
    before = tenant.net.connected(near.id, far.ip)
    before.ask()
    logs.of(vpc)
    logs.minute()
    assert logs.said(near) == []
    assert [row["log-status"] for row in logs.every(near.id)] == ["NODATA"]
    before.ask()
    logs.minute()
    first = logs.said(far)
    assert (first[0]["dstport"], first[0]["tcp-flags"]) == ("80", "0")
    logs.minute()
    assert logs.said(far) == first


def test_through_a_nat_gateway(tenant: Tenant, logs: Logs) -> None:
    """VPC User Guide, "Traffic through a NAT gateway": four records at its interface, with its own private address."""
    vpc = tenant.vpc()
    public, private = tenant.subnet(vpc, "10.0.1.0/24"), tenant.subnet(vpc, "10.0.2.0/24")
    gateway = tenant.gateway(vpc)
    tenant.table(public, {"0.0.0.0/0": gateway})
    nat, _ = tenant.nat(public)
    tenant.table(private, {"0.0.0.0/0": nat})
    host = tenant.host(private)
    found = tenant.ec2("DescribeNatGateways", NatGatewayIds=[nat])["NatGateways"][0]["NatGatewayAddresses"][0]
    of_nat = found["PrivateIp"]
    logs.of(vpc)
    assert tenant.ask(host, tenant.outside(), udp=True) == found["PublicIp"]
    logs.minute()
    rows = [row for row in logs.every(found["NetworkInterfaceId"]) if row["log-status"] == "OK"]
    names = ("srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr", "flow-direction", "traffic-path")
    assert sorted(tuple(row[name] for name in names) for row in rows) == sorted(
        [
            (host.ip, of_nat, host.ip, OUTSIDE, "ingress", "-"),
            (of_nat, OUTSIDE, of_nat, OUTSIDE, "egress", "8"),
            (OUTSIDE, of_nat, OUTSIDE, of_nat, "ingress", "-"),
            (of_nat, host.ip, OUTSIDE, host.ip, "egress", "1"),
        ]
    )
    seen = _brief(logs.said(host))
    assert seen == sorted([(host.ip, OUTSIDE, "egress", "ACCEPT"), (OUTSIDE, host.ip, "ingress", "ACCEPT")])


def test_a_public_address_is_told_as_the_private_one(tenant: Tenant, logs: Logs) -> None:
    vpc = tenant.vpc()
    subnet = tenant.subnet(vpc)
    gateway = tenant.gateway(vpc)
    tenant.table(subnet, {"0.0.0.0/0": gateway})
    host = tenant.host(subnet)
    public = tenant.address(host)
    logs.of(subnet, "Subnet")
    assert tenant.ask_from_outside(public) == OUTSIDE
    logs.minute()
    seen = _brief(logs.said(host))
    assert seen == sorted([(OUTSIDE, host.ip, "ingress", "ACCEPT"), (host.ip, OUTSIDE, "egress", "ACCEPT")])


def test_names_metadata_and_spoofed_packets_are_not_told(tenant: Tenant, logs: Logs) -> None:
    vpc, near, far = _pair(tenant)
    logs.of(vpc)
    assert tenant.ask(near, "169.254.169.254", 80) != NOTHING
    tenant.ask(near, "10.0.0.2", 53, udp=True)
    tenant.ask(near, "169.254.169.253", 53, udp=True)
    tenant.run(near, "ip", "address", "add", "10.0.9.9/32", "dev", "eth0")
    assert tenant.ask(near, far.ip, source="10.0.9.9") == NOTHING
    logs.minute()
    assert [row["log-status"] for row in logs.every(near.id)] == ["NODATA"]
    tenant.ask(near, far.ip)
    logs.minute()
    assert len(logs.said(near)) == 2


def test_into_a_bucket(tenant: Tenant, logs: Logs) -> None:
    vpc, near, far = _pair(tenant)
    bucket = f"flows-{tenant.account}"
    logs.call("s3", "CreateBucket", Bucket=bucket)
    options = {"FileFormat": "plain-text", "HiveCompatiblePartitions": True, "PerHourPartition": True}
    to: dict[str, Any] = {"LogDestinationType": "s3", "LogFormat": flow_formats.DEFAULT}
    plain = logs.of(vpc, LogDestination=f"arn:aws:s3:::{bucket}/here", **to)
    hive = logs.of(vpc, LogDestination=f"arn:aws:s3:::{bucket}", DestinationOptions=options, **to)
    tenant.ask(near, far.ip)
    logs.minute()
    found = tenant.ec2("DescribeFlowLogs")["FlowLogs"]
    assert [(one["DeliverLogsStatus"], one.get("DeliverLogsErrorMessage")) for one in found] == [("SUCCESS", None)] * 2
    keys = {one["Key"] for one in logs.call("s3", "ListObjectsV2", Bucket=bucket)["Contents"]}
    of_plain, of_hive = (next(key for key in keys if fl in key) for fl in (plain, hive))
    account = tenant.account
    assert of_plain.startswith(f"here/AWSLogs/{account}/vpcflowlogs/us-east-1/2")
    assert of_plain.rpartition("/")[2].startswith(f"{account}_vpcflowlogs_us-east-1_{plain}_2")
    assert of_plain.endswith(".log.gz")
    begin = f"AWSLogs/aws-account-id={account}/aws-service=vpcflowlogs/aws-region=us-east-1/year="
    assert of_hive.startswith(begin)
    assert "/hour=" in of_hive
    for key in (of_plain, of_hive):
        header, *rows = _read(tenant.net, logs, bucket, key)
        assert header.startswith("version account-id interface-id srcaddr")
        found = [_row(row, flow_formats.DEFAULT) for row in rows]
        served = [row for row in found if row["interface-id"] == far.id and row["dstport"] == "80"]
        assert [(row["srcaddr"], row["action"], row["version"]) for row in served] == [(near.ip, "ACCEPT", "2")]


def _read(net: Network, logs: Logs, bucket: str, key: str) -> list[str]:
    body = logs.call("s3", "GetObject", Bucket=bucket, Key=key)["Body"]
    return gzip.decompress(net.run(_whole(body))).decode().splitlines()


async def _whole(body: Any) -> bytes:
    return body if isinstance(body, bytes) else b"".join([part async for part in body])


def test_a_flow_log_that_comes_before_the_first_interface_misses_nothing(tenant: Tenant, logs: Logs) -> None:
    vpc = tenant.vpc()
    logs.of(vpc)
    near = tenant.host(tenant.subnet(vpc, "10.0.1.0/24"))
    far = tenant.host(tenant.subnet(vpc, "10.0.2.0/24", "b"))
    tenant.ask(near, far.ip)
    logs.minute()
    assert {row["action"] for row in logs.said(near)} == {"ACCEPT"}


def test_a_deleted_interface_is_told_for_the_last_time(tenant: Tenant, logs: Logs) -> None:
    vpc, near, far = _pair(tenant)
    logs.of(vpc)
    tenant.ask(near, far.ip)
    tenant.net.hush()
    tenant.ec2("DeleteNetworkInterface", NetworkInterfaceId=far.id)
    logs.minute()
    assert len(logs.said(near)) == 2


def test_ipv6_is_told_as_ipv4_is(tenant: Tenant, logs: Logs) -> None:
    vpc = tenant.vpc(AmazonProvidedIpv6CidrBlock=True)
    blocks = [str(one) for one in islice(ip_network(tenant.ipv6_of(vpc)).subnets(new_prefix=64), 2)]
    group = tenant.group(vpc)
    first = tenant.subnet(vpc, "10.0.1.0/24", Ipv6CidrBlock=blocks[0])
    second = tenant.subnet(vpc, "10.0.2.0/24", "b", Ipv6CidrBlock=blocks[1])
    near = tenant.host(first, Ipv6AddressCount=1)
    far = tenant.host(second, group, Ipv6AddressCount=1)
    tenant.allow(group, "::/0", 80)
    logs.of(vpc)
    assert [tenant.ask(near, far.ip6, port) for port in (80, 81)] == [near.ip6, NOTHING]
    logs.minute()
    rows = [row for row in logs.said(far) if row["flow-direction"] == "ingress"]
    assert sorted((row["dstport"], row["action"], row["type"]) for row in rows) == [
        ("80", "ACCEPT", "IPv6"),
        ("81", "REJECT", "IPv6"),
    ]
    assert {(row["srcaddr"], row["dstaddr"]) for row in rows} == {(near.ip6, far.ip6)}


def test_over_a_peering_each_side_tells_its_own(tenant: Tenant, logs: Logs) -> None:
    here, there = tenant.vpc(), tenant.vpc("10.1.0.0/16")
    near = tenant.host(tenant.subnet(here))
    group = tenant.group(there)
    far = tenant.host(tenant.subnet(there, "10.1.1.0/24"), group)
    tenant.joined(here, there)
    logs.of(here)
    logs.of(there)
    assert tenant.ask(near, far.ip) == NOTHING
    logs.minute()
    (sent,), (rejected,) = logs.said(near), logs.said(far)
    assert (sent["action"], sent["traffic-path"], sent["vpc-id"]) == ("ACCEPT", "4", here)
    assert (rejected["action"], rejected["flow-direction"], rejected["vpc-id"]) == ("REJECT", "ingress", there)


def test_what_was_lost_with_the_process_that_listened_is_told_as_skipped(tenant: Tenant, logs: Logs) -> None:
    vpc, near, far = _pair(tenant)
    logs.of(vpc)
    tenant.ask(near, far.ip)
    for pid in _workers(tenant.net):
        os.kill(pid, signal.SIGKILL)
    logs.minute()
    assert [row["log-status"] for row in logs.every(near.id)] == ["SKIPDATA"]
    tenant.ask(near, far.ip)
    logs.minute()
    assert {row["log-status"] for row in logs.every(near.id)} == {"SKIPDATA", "OK"}


def _workers(net: Network) -> list[int]:
    """The processes that this test's network has its hands in."""
    prefix = Path(net.net.path("x")).name.removesuffix("-x")
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().decode().split("\0")
            if "fogbank.planes.net.worker" in words and prefix in words:
                found.append(int(path.parent.name))
    assert found
    return found
