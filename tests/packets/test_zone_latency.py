"""Zones that are further apart, and interfaces, subnets and zones that are slow: by real round trips, both ways."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from fogbank.services.ec2.network import names

from .tenant import NOTHING, REFUSED, REGION, Host, Tenant
from .test_regions import page
from .test_transit import Hub

ASKED_SECONDS = 0.06
"""What is asked for as a round trip; a question over TCP takes two."""
SLACK_SECONDS = 0.04
"""Less than what is asked for: twice as slow is not slow."""
QUICK_SECONDS = 0.05
TRIALS_MAX = 6
EARLY_SECONDS = 0.002
"""By which a packet may be early each way, and a little more."""


@pytest.fixture
def hosts(tenant: Tenant) -> Iterator[tuple[Host, Host, Host]]:
    """Two hosts in zone a, in subnets of their own, and one in zone b."""
    vpc = tenant.vpc()
    places = (("10.0.1.0/24", "a"), ("10.0.2.0/24", "a"), ("10.0.3.0/24", "b"))
    first, second, third = (tenant.host(tenant.subnet(vpc, block, zone)) for block, zone in places)
    yield first, second, third
    page(tenant, "DELETE", "/faults", {})


def trips(tenant: Tenant, host: Host, address: str) -> float:
    """Seconds that a round trip takes: half of a question over TCP, which is a connection and an answer."""
    began = time.perf_counter()
    said = tenant.net.run(tenant.net.asked(host.id, address, seconds=4.0))
    took = time.perf_counter() - began
    assert not said.startswith("("), said
    return took / 2


def is_slow(tenant: Tenant, host: Host, address: str, asked: float = ASKED_SECONDS) -> bool:
    """Whether a round trip is never shorter than asked for, and not longer when the machine has time."""
    for _ in range(TRIALS_MAX):
        found = trips(tenant, host, address)
        if found < asked + SLACK_SECONDS:
            return found >= asked - EARLY_SECONDS
    return False


def is_quick(tenant: Tenant, host: Host, address: str) -> bool:
    """Whether a round trip takes no time to speak of when the machine has time."""
    return any(trips(tenant, host, address) < QUICK_SECONDS for _ in range(TRIALS_MAX))


def zones(tenant: Tenant, round_trip_seconds: float) -> None:
    body = {"here": f"{REGION}b", "there": f"{REGION}a", "round_trip_seconds": round_trip_seconds}
    assert page(tenant, "POST", "/line", body)["round_trip_seconds"] == round_trip_seconds


def test_zones_are_as_far_apart_as_people_say(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, second, third = hosts
    assert is_quick(tenant, first, third.ip)
    zones(tenant, ASKED_SECONDS)
    assert is_slow(tenant, first, third.ip)
    assert is_slow(tenant, third, second.ip)
    assert is_quick(tenant, first, second.ip)
    assert is_quick(tenant, second, first.ip)
    said = page(tenant, "POST", "/line", {"here": f"{REGION}a", "there": f"{REGION}b"})
    assert said == {"here": f"{REGION}a", "there": f"{REGION}b", "round_trip_seconds": ASKED_SECONDS, "loss": 0.0}
    zones(tenant, 0.0)
    assert is_quick(tenant, first, third.ip)


def test_a_host_that_comes_later_is_as_far_away(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, _, third = hosts
    zones(tenant, ASKED_SECONDS)
    later = tenant.host(tenant.subnet(first.vpc, "10.0.4.0/24", "b"))
    assert is_slow(tenant, first, later.ip)
    assert is_quick(tenant, third, later.ip)
    tenant.ec2("DeleteNetworkInterface", NetworkInterfaceId=third.id)
    assert is_slow(tenant, later, first.ip)


def test_only_zones_of_one_region_have_a_way_between_them(tenant: Tenant) -> None:
    for there in (f"{REGION}a", "eu-west-1a", "us-east-1z", "eu-west-1"):
        with pytest.raises(AssertionError, match=r"ValidationException"):
            page(tenant, "POST", "/line", {"here": f"{REGION}a", "there": there, "round_trip_seconds": 0.01})
    with pytest.raises(AssertionError, match=r"ValidationException"):
        page(tenant, "POST", "/line", {"here": f"{REGION}a", "there": f"{REGION}b", "round_trip_seconds": -1})


def test_zones_are_as_far_apart_in_a_peer(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, _, third = hosts
    other = tenant.vpc("10.9.0.0/16")
    far = tenant.host(tenant.subnet(other, "10.9.1.0/24", "b"))
    tenant.joined(first.vpc, other)
    zones(tenant, ASKED_SECONDS)
    assert is_slow(tenant, first, far.ip)
    assert is_slow(tenant, far, first.ip)
    assert is_quick(tenant, third, far.ip)
    later = tenant.host(tenant.subnet(other, "10.9.2.0/24", "a"))
    assert is_slow(tenant, later, third.ip)
    assert is_quick(tenant, later, first.ip)


def test_zones_are_as_far_apart_behind_a_transit_gateway(tenant: Tenant) -> None:
    hub = Hub(tenant, 2)
    first, second = (one.host for one in hub.spokes)
    # Attached in zone b only, so that the gateway itself brings packets from one zone to the other.
    other = tenant.vpc("10.9.0.0/16")
    subnet = tenant.subnet(other, "10.9.1.0/24", "b")
    far = tenant.host(subnet)
    hub.attach(other, subnet)
    tenant.route(tenant.main_table(other), "10.0.0.0/8", hub.id)
    zones(tenant, ASKED_SECONDS)
    assert is_slow(tenant, first, far.ip)
    assert is_slow(tenant, far, second.ip)
    assert is_quick(tenant, first, second.ip)
    zones(tenant, 0.0)
    assert is_quick(tenant, first, far.ip)


def test_the_way_to_a_nat_gateway_in_another_zone_is_as_long(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, _, third = hosts
    gateway = tenant.gateway(first.vpc)
    public = tenant.subnet(first.vpc, "10.0.8.0/24", "a")
    tenant.table(public, {"0.0.0.0/0": gateway})
    nat, _ = tenant.nat(public)
    tenant.route(tenant.main_table(first.vpc), "0.0.0.0/0", nat)
    outside = tenant.outside()
    zones(tenant, ASKED_SECONDS)
    assert is_slow(tenant, third, outside)
    assert is_quick(tenant, first, outside)


@pytest.mark.parametrize("what", ["interface", "subnet", "zone"])
def test_what_is_slow_is_slow_both_ways_and_nothing_else(
    tenant: Tenant, hosts: tuple[Host, Host, Host], what: str
) -> None:
    first, second, third = hosts
    found = tenant.ec2("DescribeNetworkInterfaces", NetworkInterfaceIds=[third.id])["NetworkInterfaces"][0]
    target = {"interface": third.id, "subnet": found["SubnetId"], "zone": f"{REGION}b"}[what]
    made = page(tenant, "POST", "/faults", {"target": target, "delay_seconds": ASKED_SECONDS})
    assert (made["loss"], made["delay_seconds"]) == (0.0, ASKED_SECONDS)
    assert is_slow(tenant, first, third.ip)
    assert is_slow(tenant, third, first.ip)
    assert is_quick(tenant, first, second.ip)
    # Also to what answers in the router itself, where packets wait on one way only.
    began = time.perf_counter()
    assert tenant.run(third, "curl", "-s", "-m", "3", f"http://{names.METADATA}/").code == 0
    assert time.perf_counter() - began >= 2 * (ASKED_SECONDS - EARLY_SECONDS)
    assert page(tenant, "DELETE", "/faults", {"id": made["id"]}) == {"removed": 1}
    assert is_quick(tenant, first, third.ip)


def test_what_is_slow_twice_is_slower_and_an_end_counts_by_itself(
    tenant: Tenant, hosts: tuple[Host, Host, Host]
) -> None:
    first, second, third = hosts
    for target in (third.id, f"{REGION}b", first.id):
        page(tenant, "POST", "/faults", {"target": target, "delay_seconds": ASKED_SECONDS})
    assert is_slow(tenant, first, third.ip, 3 * ASKED_SECONDS)
    assert is_slow(tenant, second, third.ip, 2 * ASKED_SECONDS)
    assert is_slow(tenant, second, first.ip)


def test_an_interface_that_has_a_limit_waits_as_well(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, second, third = hosts
    zones(tenant, ASKED_SECONDS)
    tags = [{"Key": "fogbank:instance-type", "Value": "c5n.18xlarge"}]
    tenant.ec2("CreateTags", Resources=[first.id, third.id], Tags=tags)
    assert is_slow(tenant, first, third.ip)
    assert is_slow(tenant, third, first.ip)
    assert is_quick(tenant, first, second.ip)


def test_a_delay_ends_by_itself(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, _, third = hosts
    page(tenant, "POST", "/faults", {"target": third.id, "delay_seconds": ASKED_SECONDS, "seconds": 3600})
    assert is_slow(tenant, first, third.ip)
    tenant.net.run(tenant.net.cloud.cloud.advance(3601))
    assert is_quick(tenant, first, third.ip)
    assert page(tenant, "GET", "/faults") == {"faults": []}


def test_a_connection_outlives_every_change_of_its_delay(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, _, third = hosts
    kept = tenant.net.connected(first.id, third.ip)
    for seconds in (ASKED_SECONDS, 2 * ASKED_SECONDS, 0.0, ASKED_SECONDS):
        zones(tenant, seconds)
        began = time.perf_counter()
        assert kept.ask() == first.ip
        assert time.perf_counter() - began >= seconds - EARLY_SECONDS
    made = page(tenant, "POST", "/faults", {"target": first.id, "delay_seconds": ASKED_SECONDS})
    assert kept.ask() == first.ip
    page(tenant, "DELETE", "/faults", {"id": made["id"]})
    assert kept.ask() == first.ip


def test_groups_and_acls_decide_about_what_waits(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, _, third = hosts
    zones(tenant, ASKED_SECONDS)
    closed = tenant.group(first.vpc)
    tenant.allow(closed, f"{first.ip}/32", 81)
    tenant.join(third, closed)
    assert tenant.net.ask(first.id, third.ip, 80) == NOTHING
    assert tenant.net.ask(first.id, third.ip, 81) == REFUSED
    tenant.allow(closed, f"{first.ip}/32")
    assert is_slow(tenant, first, third.ip)
    subnet = tenant.ec2("DescribeNetworkInterfaces", NetworkInterfaceIds=[third.id])["NetworkInterfaces"][0]["SubnetId"]
    tenant.acl(subnet, ("out", 100, "allow", "0.0.0.0/0", None))
    assert tenant.net.ask(first.id, third.ip) == NOTHING


def test_each_packet_is_counted_once_though_it_waits(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, _, third = hosts
    tenant.net.serve(third.id, third.ip, 7, udp=True)

    def counted() -> int:
        before = tenant.net.run(tenant.net.net.counters(first.vpc))
        assert tenant.net.run(tenant.net.asked(first.id, third.ip, 7, udp=True, seconds=4.0)) == first.ip
        after = tenant.net.run(tenant.net.net.counters(first.vpc))
        return sum(packets - before.get(name, (0, 0))[0] for name, (packets, _) in after.items())

    without = counted()
    zones(tenant, ASKED_SECONDS)
    assert counted() == without > 0


def test_what_is_slow_can_lose_as_well(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, second, third = hosts
    page(tenant, "POST", "/faults", {"target": third.id, "delay_seconds": ASKED_SECONDS})
    page(tenant, "POST", "/faults", {"target": third.id, "loss": 1.0})
    assert tenant.asked((first, third.ip), (third, first.ip)) == [NOTHING, NOTHING]
    page(tenant, "DELETE", "/faults", {})
    page(tenant, "POST", "/faults", {"target": third.id, "delay_seconds": ASKED_SECONDS, "loss": 0.2})
    tenant.net.serve(third.id, third.ip, 7, udp=True)
    came = [tenant.net.ask(first.id, third.ip, 7, udp=True) for _ in range(12)]
    # With one in five lost each way, none of twelve questions being answered, or all, is as good as impossible.
    assert first.ip in came
    assert is_quick(tenant, first, second.ip)


def test_both_families_wait(tenant: Tenant) -> None:
    vpc = tenant.vpc(AmazonProvidedIpv6CidrBlock=True)
    blocks = ip_network(tenant.ipv6_of(vpc)).subnets(new_prefix=64)
    here, there = (
        tenant.host(tenant.subnet(vpc, f"10.0.{at}.0/24", zone, Ipv6CidrBlock=str(next(blocks))), Ipv6AddressCount=1)
        for at, zone in ((1, "a"), (2, "b"))
    )
    zones(tenant, ASKED_SECONDS)
    assert is_slow(tenant, here, there.ip6)
    assert is_slow(tenant, there, here.ip)
