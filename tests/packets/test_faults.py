"""What is broken on purpose is broken at once, for everybody it concerns and nobody else, and mended at its end."""

from __future__ import annotations

import pytest

from fogbank.services.ec2.network import names

from .tenant import NOTHING, Host, Tenant
from .test_regions import page


@pytest.fixture
def hosts(tenant: Tenant) -> tuple[Host, Host, Host]:
    """Two hosts in zone a, in subnets of their own, and one in zone b."""
    vpc = tenant.vpc()
    places = (("10.0.1.0/24", "a"), ("10.0.2.0/24", "a"), ("10.0.3.0/24", "b"))
    first, second, third = (tenant.host(tenant.subnet(vpc, block, zone)) for block, zone in places)
    return first, second, third


def test_an_interface_is_cut_off_both_ways_and_from_what_the_vpc_answers(
    tenant: Tenant, hosts: tuple[Host, Host, Host]
) -> None:
    first, second, third = hosts
    kept = tenant.net.connected(second.id, first.ip)
    assert kept.ask() == second.ip
    page(tenant, "POST", "/faults", {"target": second.id})
    assert tenant.asked((first, second.ip), (second, first.ip), (first, third.ip)) == [NOTHING, NOTHING, first.ip]
    assert tenant.run(second, "curl", "-s", "-m", "0.3", f"http://{names.METADATA}/").code == 28
    page(tenant, "DELETE", "/faults", {})
    assert tenant.asked((first, second.ip), (second, first.ip)) == [first.ip, second.ip]


def test_a_zone_is_cut_off_also_within_itself_and_the_others_go_on(
    tenant: Tenant, hosts: tuple[Host, Host, Host]
) -> None:
    first, second, third = hosts
    page(tenant, "POST", "/faults", {"target": "us-east-1a"})
    assert tenant.asked((first, second.ip), (third, first.ip), (third, third.ip)) == [NOTHING, NOTHING, third.ip]
    page(tenant, "DELETE", "/faults", {})
    assert tenant.asked((first, second.ip), (third, first.ip)) == [first.ip, third.ip]


def test_a_fault_ends_by_itself(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, second, _ = hosts
    page(tenant, "POST", "/faults", {"target": second.id, "seconds": 3600})
    assert tenant.asked((first, second.ip)) == [NOTHING]
    tenant.net.run(tenant.net.cloud.cloud.advance(3601))
    assert tenant.asked((first, second.ip)) == [first.ip]
    assert page(tenant, "GET", "/faults") == {"faults": []}


def test_some_packets_are_lost_and_most_are_not(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, second, _ = hosts
    page(tenant, "POST", "/faults", {"target": second.id, "loss": 0.3})
    tenant.net.serve(second.id, second.ip, 7, udp=True)
    said = [one == first.ip for one in tenant.net.run(_many(tenant, first, second))]
    # Of questions and answers three in ten are lost: half of 200 arrive, give or take.
    assert 60 < sum(said) < 140


async def _many(tenant: Tenant, here: Host, there: Host) -> list[str]:
    import asyncio

    return list(await asyncio.gather(*(tenant.net.asked(here.id, there.ip, 7, udp=True) for _ in range(200))))


def test_what_cannot_be_broken_is_refused(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    for body in ({"target": "eni-0"}, {"target": "us-east-1z"}, {"target": hosts[0].id, "delay_seconds": 61}, {}):
        with pytest.raises(AssertionError, match=r"error|clear"):
            page(tenant, "POST", "/faults", body)
