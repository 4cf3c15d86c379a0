"""Health checks with real checkers and real services: what is told follows what is answered."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest

from fogbank.aws import internet
from fogbank.planes import process
from fogbank.planes.dns import client, message, read
from fogbank.planes.dns.rdata import TYPES
from fogbank.planes.engines.engine import Engines
from fogbank.planes.net import probe
from fogbank.planes.net.fake import FakeNet
from fogbank.planes.net.namespaces import prefix_of
from fogbank.testing import TestCloud
from fogbank.testing.checks import Site, real_checks
from fogbank.testing.network import Network
from fogbank.testing.process import CloudProcess

PATIENCE_SECONDS = 60.0
QUICK = {"RequestInterval": 10, "FailureThreshold": 2}
PRIMARY, SECONDARY = ["192.0.2.1"], ["192.0.2.2"]


class World:
    """A cloud whose time moves when it is told to, with a zone and checkers that are processes."""

    def __init__(self) -> None:
        self.cloud = TestCloud(checks=real_checks)
        self.route53 = self.cloud.client("route53")
        self.zone = self.route53("CreateHostedZone", Name="example.com", CallerReference="z")["HostedZone"]["Id"]
        self._count = 0

    def check(self, kind: str, **more: Any) -> str:
        self._count += 1
        config = {"Type": kind, **QUICK, **more}
        made = self.route53("CreateHealthCheck", CallerReference=f"c{self._count}", HealthCheckConfig=config)
        return str(made["HealthCheck"]["Id"])

    def record(self, name: str, value: str, check: str = "", **more: Any) -> None:
        body = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}], **more}
        body |= {"HealthCheckId": check} if check else {}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": body}]}
        self.route53("ChangeResourceRecordSets", HostedZoneId=self.zone, ChangeBatch=batch)

    def failover(self, name: str, check: str) -> None:
        self.record(name, *PRIMARY, check, SetIdentifier="a", Failover="PRIMARY")
        self.record(name, *SECONDARY, SetIdentifier="b", Failover="SECONDARY")

    def told(self, name: str) -> list[str]:
        query = message.parsed(read.question(1, name, TYPES["A"]))
        return sorted(one.data for one in self.cloud.cloud.inside.resolve_for_host(query, "127.0.0.1").records)

    def statuses(self, check: str) -> dict[str, str]:
        """What each checker saw last, by region."""
        found = self.route53("GetHealthCheckStatus", HealthCheckId=check)["HealthCheckObservations"]
        return {one["Region"]: one["StatusReport"]["Status"] for one in found}

    def soon(self, ask: Callable[[], object], wanted: object) -> None:
        """Let the cloud work until something is so."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while (found := ask()) != wanted:
            assert time.monotonic() < ends_at, found
            self.cloud.run(asyncio.sleep(0.02))


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    yield found
    found.cloud.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with closing(Site()) as found:
        yield found


def test_what_is_told_follows_what_a_service_says(world: World, site: Site) -> None:
    check = world.check("HTTP_STR_MATCH", IPAddress=site.address, Port=site.port, SearchString="ok")
    site.says(200, "all is ok")
    world.failover("www.example.com", check)
    assert world.told("www.example.com") == PRIMARY
    world.cloud.advance(10)
    world.soon(lambda: len(world.statuses(check)), 3)
    assert set(world.statuses(check).values()) == {"Success: HTTP Status Code 200, OK"}
    site.says(200, "fail")
    world.cloud.advance(10)
    world.soon(lambda: {one.partition(":")[0] for one in world.statuses(check).values()}, {"Failure"})
    assert world.told("www.example.com") == PRIMARY, "once is not enough"
    world.cloud.advance(10)
    world.soon(lambda: world.told("www.example.com"), SECONDARY)
    site.says(200, "ok")
    # What two intervals have missed is made up for.
    world.cloud.advance(20)
    world.soon(lambda: world.told("www.example.com"), PRIMARY)
    reasons = world.route53("GetHealthCheckLastFailureReason", HealthCheckId=check)["HealthCheckObservations"]
    assert {one["StatusReport"]["Status"][:53] for one in reasons} == {
        "Failure: The search string was not found within the f"
    }


def test_a_name_is_asked_for_at_each_probe(world: World, site: Site) -> None:
    world.cloud.run(world.cloud.cloud.listen_dns(0))
    world.record("site.example.com", site.address)
    check = world.check("HTTP", FullyQualifiedDomainName="site.example.com", Port=site.port, FailureThreshold=1)
    world.failover("www.example.com", check)
    world.cloud.advance(10)
    good = "Success: Resolved IP: 127.0.0.1. HTTP Status Code 200, OK"
    world.soon(lambda: set(world.statuses(check).values()), {good})
    assert f"Host: site.example.com:{site.port}" in site.heard[0].decode()
    name = {"Name": "site.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": site.address}]}
    batch = {"Changes": [{"Action": "DELETE", "ResourceRecordSet": name}]}
    world.route53("ChangeResourceRecordSets", HostedZoneId=world.zone, ChangeBatch=batch)
    world.cloud.advance(10)
    world.soon(lambda: world.told("www.example.com"), SECONDARY)
    assert set(world.statuses(check).values()) == {"Failure: DNS resolution failed."}


def test_one_region_s_word_is_enough_for_health_and_others_may_be_named(world: World, site: Site) -> None:
    regions = ["us-west-1", "us-west-2", "sa-east-1", "ap-southeast-2"]
    check = world.check("TCP", IPAddress=site.address, Port=site.port, Regions=regions)
    world.cloud.advance(10)
    world.soon(lambda: sorted(world.statuses(check)), sorted(regions))
    assert set(world.statuses(check).values()) == {"Success: TCP connection established"}
    world.route53("UpdateHealthCheck", HealthCheckId=check, ResetElements=["Regions"])
    world.cloud.advance(10)
    world.soon(lambda: sorted(world.statuses(check)), ["ap-northeast-1", "eu-west-1", "us-east-1"])


def test_checkers_outlive_a_killed_cloud_and_end_with_a_stopped_one(tmp_path: Path, site: Site) -> None:
    found = CloudProcess(tmp_path / "state", dns_port=0, network="plain")
    engines = Engines(found.state / "checks", f"{prefix_of(found.state)}-checks", FakeNet("plain"))
    try:
        found.start()
        _make(found, site)
        site.says(500)
        _soon(lambda: _told(found), SECONDARY, lambda: _advance(found, 20))
        before = {name: engines.found(name) for name in engines.names()}
        assert len(before) == 3
        found.kill()
        found.start()
        # Nothing is looked at meanwhile: cloud time is what it was.
        _soon(lambda: _told(found), SECONDARY)
        assert {name: engines.found(name) for name in engines.names()} == before
        site.says(200)
        _soon(lambda: _told(found), PRIMARY, lambda: _advance(found, 20))
        route53 = _client(found)
        route53.delete_health_check(HealthCheckId=route53.list_health_checks()["HealthChecks"][0]["Id"])
        _soon(engines.names, [])
    finally:
        found.close()
    assert not any(process.is_running(one) for one in before.values() if one is not None)
    assert not engines.folder.exists()


def _client(found: CloudProcess) -> Any:
    credentials = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x"}
    return boto3.client("route53", region_name="us-east-1", endpoint_url=found.card.url, **credentials)


def _make(found: CloudProcess, site: Site) -> None:
    """A zone that has a failover record."""
    route53 = _client(found)
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="z")["HostedZone"]["Id"]
    config = {"Type": "HTTP", "IPAddress": site.address, "Port": site.port, **QUICK}
    check = route53.create_health_check(CallerReference="c", HealthCheckConfig=config)["HealthCheck"]["Id"]
    for value, more in (
        (PRIMARY, {"Failover": "PRIMARY", "HealthCheckId": check}),
        (SECONDARY, {"Failover": "SECONDARY"}),
    ):
        body = {"Name": "www.example.com", "Type": "A", "TTL": 60, "SetIdentifier": more["Failover"], **more}
        body |= {"ResourceRecords": [{"Value": value[0]}]}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": body}]}
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


def _told(found: CloudProcess) -> list[str]:
    from fogbank.cli import remote

    host, _, port = str(remote.ask(found.card, "GET", "info")["dns"]).rpartition(":")
    said = client.asked((host, int(port)), read.question(1, "www.example.com", TYPES["A"]))
    return [one.data for one in said.answer]


def _advance(found: CloudProcess, seconds: float) -> None:
    from fogbank.cli import remote

    remote.ask(found.card, "POST", "clock", {"advance_seconds": seconds})


def _soon(ask: Callable[[], object], wanted: object, move: Callable[[], None] | None = None) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    moved_at = 0.0
    while (found := ask()) != wanted:
        assert time.monotonic() < ends_at, found
        if move is not None and time.monotonic() - moved_at > 1.0:
            moved_at = time.monotonic()
            move()


@pytest.fixture
def network() -> Iterator[Network]:
    mode, reason = probe.found(os.environ.get("FOGBANK_NETWORK", "auto"))
    if mode == "plain":
        pytest.skip(f"no network namespaces here: {reason}")
    found = Network(mode, checks=real_checks)
    yield found
    found.close()


def test_public_addresses_are_looked_at_from_the_internets(network: Network) -> None:
    """Two regions have an internet, the third has none: its checker does not count."""
    addresses = {region: _host(network, region) for region in ("us-east-1", "eu-west-1")}
    cloud = network.cloud
    route53 = cloud.client("route53")
    check = {}
    for region, (_, address, _) in addresses.items():
        config = {"Type": "TCP", "IPAddress": address, "Port": 80, **QUICK}
        made = route53("CreateHealthCheck", CallerReference=region, HealthCheckConfig=config)
        check[region] = made["HealthCheck"]["Id"]

    def statuses(region: str) -> dict[str, str]:
        cloud.run(asyncio.sleep(0.05))
        found = route53("GetHealthCheckStatus", HealthCheckId=check[region])["HealthCheckObservations"]
        return {one["Region"]: one["StatusReport"]["Status"][:38] for one in found}

    good = "Success: TCP connection established"
    wanted = {"us-east-1": good, "eu-west-1": good, "ap-northeast-1": "Failure: This region has no internet h"}
    for region in addresses:
        _soon(lambda region=region: statuses(region), wanted, lambda: cloud.advance(10))
    # A security group that lets in no checker but one.
    _, _, group = addresses["us-east-1"]
    everyone = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    network.ec2("RevokeSecurityGroupIngress", GroupId=group, IpPermissions=everyone)
    own = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": f"{internet.checker_address('eu-west-1')}/32"}]}]
    network.ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=own)
    wanted["us-east-1"] = "Failure: Connection timed out. The end"
    _soon(lambda: statuses("us-east-1"), wanted, lambda: cloud.advance(10))


def _host(network: Network, region: str) -> tuple[str, str, str]:
    """A host that answers at port 80, its public address, and its group."""

    def ec2(operation: str, **params: Any) -> dict[str, Any]:
        return network.ec2(operation, region=region, **params)

    vpc = ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2("CreateSubnet", VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    gateway = ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    ec2("AttachInternetGateway", VpcId=vpc, InternetGatewayId=gateway)
    mine = [{"Name": "vpc-id", "Values": [vpc]}]
    table = ec2("DescribeRouteTables", Filters=mine)["RouteTables"][0]["RouteTableId"]
    ec2("CreateRoute", RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2("CreateSecurityGroup", VpcId=vpc, GroupName="g", Description="g")["GroupId"]
    everyone = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    ec2("AuthorizeSecurityGroupIngress", GroupId=group, IpPermissions=everyone)
    eni = ec2("CreateNetworkInterface", SubnetId=subnet, Groups=[group])["NetworkInterface"]["NetworkInterfaceId"]
    allocated = ec2("AllocateAddress")
    ec2("AssociateAddress", AllocationId=allocated["AllocationId"], NetworkInterfaceId=eni)
    network.serve(eni, "0.0.0.0", 80)
    return eni, str(allocated["PublicIp"]), str(group)
