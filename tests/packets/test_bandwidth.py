"""An interface is as fast as the instance type that its tag names, each way, all its connections together or each."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from fogbank.control import caller as callers
from fogbank.planes.net import probe
from fogbank.services.ec2.bandwidth import GROUP_TAG, TYPE_TAG
from fogbank.testing.network import Network
from fogbank.testing.speed import Sending, Way, sending

from .tenant import INTERNET, OUTSIDE, Host, Tenant

SCALE = 0.01
"""Of AWS's figures: 1 Gbit/s is 1.25 MB/s."""
MEGABIT = 1_000_000 / 8
SECONDS = 0.5
FLOW_SECONDS = 1.0
"""What is dropped comes again in fits: only a second of it is the limit."""


@pytest.fixture(scope="module")
def scaled() -> Iterator[Network]:
    """A cloud whose interfaces have a hundredth of AWS's bandwidth."""
    mode, reason = probe.found(os.environ.get("FOGBANK_NETWORK", "auto"))
    if mode == "plain":
        pytest.skip(f"no network namespaces here: {reason}")
    found = Network(mode, bandwidth_scale=SCALE)
    yield found
    found.close()


@pytest.fixture
def tenant(scaled: Network, account: str) -> Iterator[Tenant]:
    yield Tenant(scaled, account)
    scaled.forget()


@pytest.fixture
def hosts(tenant: Tenant) -> tuple[Host, Host, Host]:
    """Three hosts of a VPC, two of them in one subnet."""
    vpc = tenant.vpc()
    subnet, other = tenant.subnet(vpc), tenant.subnet(vpc, "10.0.2.0/24", "b")
    return tenant.host(subnet), tenant.host(subnet), tenant.host(other)


def tag(tenant: Tenant, host: Host, **tags: str) -> None:
    """Say whose bandwidth a host has (`type`), and where it is placed (`group`)."""
    keys = {"type": TYPE_TAG, "group": GROUP_TAG}
    tenant.ec2("CreateTags", Resources=[host.id], Tags=[{"Key": keys[one], "Value": tags[one]} for one in tags])


def way(here: Host, there: Host) -> Way:
    return Way(here.id, here.ip, there.id, there.ip)


def speed(tenant: Tenant, wanted: Way, connections: int = 1, seconds: float = SECONDS) -> float:
    """Bytes a second over a way, once what may go in advance has gone."""

    async def measured() -> float:
        async with sending(tenant.net.net, wanted, connections) as found:
            await found.speed(0.4 * seconds)
            return await found.speed(seconds)

    return tenant.net.run(measured())


async def steady(data: Sending, megabits: float) -> float:
    """The speed once it is about what it is to be (0: anything else than before), or what it is after seconds.

    What was on its way comes as quickly as it was let go.
    """
    await data.speed(0.3)
    for _ in range(10):
        found = await data.speed(SECONDS)
        if is_about(found, megabits) or (not megabits and found > 3 * 30 * MEGABIT):
            break
    return found


def is_about(found: float, megabits: float) -> bool:
    return 0.5 * megabits * MEGABIT < found < 1.3 * megabits * MEGABIT


def test_an_interface_has_the_bandwidth_of_its_type_each_way_and_others_have_all(
    tenant: Tenant, hosts: tuple[Host, Host, Host]
) -> None:
    first, second, third = hosts
    tag(tenant, first, type="c5n.large")
    there, back = speed(tenant, way(first, third)), speed(tenant, way(third, first))
    assert is_about(there, 30)
    assert is_about(back, 30)
    assert is_about(speed(tenant, way(first, second), 4), 30), "all connections share it"
    assert is_about(speed(tenant, way(first, second)), 30), "also within a subnet"
    assert speed(tenant, way(second, third)) > 3 * max(there, back)


def test_the_slower_end_decides(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, second, _ = hosts
    tag(tenant, first, type="m6i.8xlarge")
    tag(tenant, second, type="c5.2xlarge")
    assert is_about(speed(tenant, way(first, second)), 25)


def test_a_limit_comes_changes_and_goes_under_a_connection(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    first, _, third = hosts
    kept = tenant.net.connected(first.id, third.ip)

    async def measured() -> list[float]:
        found = []
        async with sending(tenant.net.net, way(first, third)) as data:
            for value, megabits in (("c5n.large", 30), ("c5.xlarge", 12.5), ("", 0)):
                verb = "CreateTags" if value else "DeleteTags"
                one = {"Key": TYPE_TAG, "Value": value} if value else {"Key": TYPE_TAG}
                cloud, caller = tenant.net.cloud.cloud, callers.root(tenant.account)
                await cloud.call("ec2", verb, {"Resources": [first.id], "Tags": [one]}, caller=caller)
                await cloud.settled()
                found.append(await steady(data, megabits))
        return found

    fast, slow, free = tenant.net.run(measured())
    assert is_about(fast, 30)
    assert is_about(slow, 12.5)
    assert free > 3 * fast
    assert kept.ask() == first.ip, "no connection has been cut"


def test_a_connection_has_less_than_its_interface(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    """A flow has 5 Gbit/s of c5n.18xlarge's 100: a twentieth."""
    first, _, third = hosts
    tag(tenant, first, type="c5n.18xlarge")
    for wanted in (way(first, third), way(third, first)):
        one = speed(tenant, wanted, seconds=FLOW_SECONDS)
        assert is_about(one, 50)
        assert speed(tenant, wanted, 4, seconds=FLOW_SECONDS) > 2.5 * one, "each of four has as much"


def test_a_cluster_placement_group_gives_a_connection_twice_as_much(
    tenant: Tenant, hosts: tuple[Host, Host, Host]
) -> None:
    first, second, third = hosts
    tenant.ec2("CreatePlacementGroup", GroupName="near", Strategy="cluster")
    for host in hosts:
        tag(tenant, host, type="c5n.18xlarge")
    for host in (first, second):
        tag(tenant, host, group="near")
    assert is_about(speed(tenant, way(first, second), seconds=FLOW_SECONDS), 100)
    assert is_about(speed(tenant, way(first, third), seconds=FLOW_SECONDS), 50), "who is not in it has what it had"
    tenant.ec2("DeletePlacementGroup", GroupName="near")
    assert is_about(speed(tenant, way(first, second), seconds=FLOW_SECONDS), 50)


def test_the_internet_takes_five_gigabits_of_a_small_instance(tenant: Tenant) -> None:
    """All connections together; c5n.4xlarge has 15 Gbit/s and 16 vCPUs."""
    vpc = tenant.vpc()
    subnet = tenant.subnet(vpc)
    host, inside = tenant.host(subnet), tenant.host(subnet)
    tenant.table(subnet, {"0.0.0.0/0": tenant.gateway(vpc)})
    tenant.address(host)
    tag(tenant, host, type="c5n.4xlarge")
    out = Way(host.id, host.ip, INTERNET, OUTSIDE)
    assert is_about(speed(tenant, out, 4, seconds=FLOW_SECONDS), 50)
    assert is_about(speed(tenant, way(host, inside), 4, seconds=FLOW_SECONDS), 150)


def test_datagrams_come_no_faster(tenant: Tenant, hosts: tuple[Host, Host, Host]) -> None:
    """t3.nano has 32 Mbit/s, here 40 kB/s: of 2 MB at once only as much arrives as waits for its turn."""
    first, _, third = hosts
    counts = []
    for value in ("", "t3.nano"):
        if value:
            tag(tenant, first, type=value)
        before = arrived(tenant, third)
        tenant.said(first, tenant.python, "-c", _DATAGRAMS, third.ip)
        counts.append(arrived(tenant, third) - before)
    free, limited = counts
    assert limited < 500_000
    # The kernel itself drops some where it has no time.
    assert free > 1_200_000


_DATAGRAMS = """
import contextlib, socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    for _ in range(2000):
        with contextlib.suppress(BlockingIOError):
            sock.sendto(bytes(1000), socket.MSG_DONTWAIT, (sys.argv[1], 9))
"""


def arrived(tenant: Tenant, host: Host) -> int:
    """Bytes that have come to a host."""
    shown = tenant.said(host, "cat", "/proc/net/dev")
    return int(next(line for line in shown.splitlines() if "eth0:" in line).split(":")[1].split()[0])
