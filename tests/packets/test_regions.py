"""Regions: far away, joined by lines that people can make slower, lossy, or cut; and the internet between them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .tenant import NOTHING, REGION, Host, Tenant

FAR = "eu-west-1"
PATIENCE = 2.0


def page(tenant: Tenant, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What a page about networks answers."""
    return tenant.net.page("ec2", method, f"net{path}", body)


def line(tenant: Tenant, **more: Any) -> None:
    page(tenant, "POST", "/line", {"here": REGION, "there": FAR, **more})


@pytest.fixture
def joined(tenant: Tenant) -> tuple[Host, Host]:
    """Two hosts in VPCs of two regions, with a peering and routes."""
    here, there = tenant.vpc("10.1.0.0/16"), tenant.vpc("10.2.0.0/16", region=FAR)
    near = tenant.host(tenant.subnet(here, "10.1.1.0/24"))
    far = tenant.host(tenant.subnet(there, "10.2.1.0/24", region=FAR), region=FAR)
    peering = tenant.peering(here, there, PeerRegion=FAR)
    tenant.route(tenant.main_table(here), "10.2.0.0/16", peering)
    tenant.route(tenant.main_table(there, region=FAR), "10.1.0.0/16", peering, region=FAR)
    return near, far


def asked_in(tenant: Tenant, host: Host, address: str) -> tuple[str, float]:
    """What a host was answered, and after how many seconds: two round trips, for the connection and for the answer."""
    began = time.perf_counter()
    said = tenant.net.run(tenant.net.asked(host.id, address, seconds=PATIENCE))
    return said, time.perf_counter() - began


def test_a_peering_between_regions_takes_as_long_as_the_line_does(tenant: Tenant, joined: tuple[Host, Host]) -> None:
    near, far = joined
    # A machine that has no time for us makes it longer: the shortest of some is the line's.
    answers = [asked_in(tenant, near, far.ip) for _ in range(3)]
    assert {said for said, _ in answers} == {near.ip}
    # 68 ms there and back; timers may be a little early.
    assert 0.13 < min(took for _, took in answers) < 0.5
    line(tenant, round_trip_seconds=0.01)
    answers = [asked_in(tenant, near, far.ip) for _ in range(3)]
    assert {said for said, _ in answers} == {near.ip}
    assert min(took for _, took in answers) < 0.1


def test_a_line_that_is_cut_lets_nothing_through_until_it_is_mended(tenant: Tenant, joined: tuple[Host, Host]) -> None:
    near, far = joined
    line(tenant, round_trip_seconds=0.0)
    assert tenant.asked((near, far.ip), (far, near.ip)) == [near.ip, far.ip]
    made = page(tenant, "POST", "/faults", {"target": f"{FAR}--{REGION}"})
    assert tenant.asked((near, far.ip), (far, near.ip)) == [NOTHING, NOTHING]
    assert page(tenant, "DELETE", "/faults", {"id": made["id"]}) == {"removed": 1}
    assert tenant.asked((near, far.ip), (far, near.ip)) == [near.ip, far.ip]


def test_a_line_can_be_slower_for_a_while(tenant: Tenant, joined: tuple[Host, Host]) -> None:
    near, far = joined
    line(tenant, round_trip_seconds=0.0)
    page(tenant, "POST", "/faults", {"target": f"{REGION}--{FAR}", "delay_seconds": 0.1, "seconds": 3600})
    said, took = asked_in(tenant, near, far.ip)
    assert said == near.ip
    assert took > 0.19


class Site(NamedTuple):
    """A host in a region, with a public address, and the gateway of its VPC."""

    host: Host
    public: str
    allocation: str
    gateway: str


def on_the_internet(tenant: Tenant, region: str, block: str) -> Site:
    """A VPC of a region that leads to the internet, and a host in it."""
    vpc = tenant.vpc(block, region=region)
    gateway = str(tenant.ec2("CreateInternetGateway", region=region)["InternetGateway"]["InternetGatewayId"])
    tenant.ec2("AttachInternetGateway", InternetGatewayId=gateway, VpcId=vpc, region=region)
    tenant.route(tenant.main_table(vpc, region=region), "0.0.0.0/0", gateway, region=region)
    host = tenant.host(tenant.subnet(vpc, block.replace("0.0/16", "1.0/24"), region=region), region=region)
    address = tenant.ec2("AllocateAddress", region=region)
    allocation = str(address["AllocationId"])
    tenant.ec2("AssociateAddress", AllocationId=allocation, NetworkInterfaceId=host.id, region=region)
    return Site(host, str(address["PublicIp"]), allocation, gateway)


def test_a_public_address_is_reached_from_another_region(tenant: Tenant) -> None:
    here, there = on_the_internet(tenant, REGION, "10.1.0.0/16"), on_the_internet(tenant, FAR, "10.2.0.0/16")
    line(tenant, round_trip_seconds=0.0)
    assert tenant.asked((here.host, there.public), (there.host, here.public)) == [here.public, there.public]
    # Private addresses of another region are nowhere on the internet.
    assert tenant.asked((here.host, there.host.ip)) == [NOTHING]


def test_regions_that_nobody_is_in_have_no_internet_and_no_line(tenant: Tenant) -> None:
    sites = {REGION: on_the_internet(tenant, REGION, "10.1.0.0/16"), FAR: on_the_internet(tenant, FAR, "10.2.0.0/16")}
    assert [Path(tenant.net.net.path(f"inet-{region}")).exists() for region in sites] == [True, True]
    for region, site in sites.items():
        found = tenant.ec2("DescribeAddresses", AllocationIds=[site.allocation], region=region)["Addresses"][0]
        tenant.ec2("DisassociateAddress", AssociationId=found["AssociationId"], region=region)
        tenant.ec2("DetachInternetGateway", InternetGatewayId=site.gateway, VpcId=site.host.vpc, region=region)
    assert [Path(tenant.net.net.path(f"inet-{region}")).exists() for region in sites] == [False, False]
