"""Edge locations: name servers by anycast, BGP that notices what is gone, and answers that go on."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fogbank.control import caller as callers
from fogbank.planes.engines.bird import BirdRouters
from fogbank.planes.engines.engine import Engines
from fogbank.planes.net import probe
from fogbank.planes.net.net import Net
from fogbank.services.route53 import rules
from fogbank.testing.databases import soon
from fogbank.testing.network import Network

from .tenant import NOTHING, Host, Tenant

ACCOUNT = "123412341234"
NAME = "shop.example"


def _routers(net: Net) -> BirdRouters:
    prefix = f"fbrt{uuid.uuid4().hex[:8]}"
    return BirdRouters(Engines(Path(tempfile.gettempdir()) / prefix, prefix, net))


class World:
    """A cloud with edges, a zone, and a host that gets out."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.tenant = Tenant(net, ACCOUNT)
        vpc = self.tenant.vpc()
        subnet = self.tenant.subnet(vpc)
        self.tenant.table(subnet, {"0.0.0.0/0": self.tenant.gateway(vpc)})
        self.host: Host = self.tenant.host(subnet)
        self.tenant.address(self.host)
        call = self.route53
        made = call("CreateHostedZone", Name=NAME, CallerReference="1")
        value = {"Name": f"www.{NAME}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
        changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": value}]}
        call("ChangeResourceRecordSets", HostedZoneId=made["HostedZone"]["Id"], ChangeBatch=changes)
        self.servers = [self.dig(name, "10.0.0.2") for name in made["DelegationSet"]["NameServers"]]

    def route53(self, operation: str, **params: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.net.cloud.call("route53", operation, params, caller=callers.root(ACCOUNT))
        return found

    def page(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.net.page("route53", method, f"dns{path}", body)

    def dig(self, name: str, server: str, *, tries: int = 3) -> str:
        argv = ("dig", "+short", "+time=1", f"+tries={tries}", f"@{server}", name)
        ran = self.net.command(self.host.id, *argv)
        return NOTHING if ran.code else ran.output.decode().strip()

    def told(self) -> list[bool]:
        """Whether the zone's name server of each stripe answers."""
        return [self.dig(f"www.{NAME}", server, tries=1) == "192.0.2.1" for server in self.servers]

    def sessions(self) -> dict[str, str]:
        return {one["name"]: one["session"] for one in self.page("GET", "/edges")["edges"]}

    def up(self, count: int) -> None:
        self.page("POST", "/edges", {"count": count})
        soon(lambda: set(self.sessions().values()), {"Established"})
        soon(self.told, [True] * 4)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    mode, reason = probe.found("auto")
    if mode == "plain":
        pytest.skip(f"no network namespaces here: {reason}")
    net = Network(mode, routers=_routers)
    found = World(net)
    found.tenant.needs("dig", "bird")
    yield found
    net.close()


def test_every_stripe_is_answered_by_an_edge_of_its_own(world: World) -> None:
    world.up(4)
    core = world.net.command("names", "ip", "-4", "route").output.decode()
    assert core.count("proto bird") == len(rules.STRIPES)
    for fault in ("blackholed", "silent", "killed"):
        world.page("POST", "/edges/fault", {"name": "DUB", "fault": fault})
        soon(world.told, [True, False, True, True])
        world.page("POST", "/edges/fault", {"name": "DUB"})
        soon(world.told, [True] * 4)


@pytest.mark.parametrize("fault", ["blackholed", "killed"])
def test_what_an_edge_led_to_is_led_to_by_the_next_once_it_is_gone(world: World, fault: str) -> None:
    world.up(8)
    world.page("POST", "/edges/fault", {"name": "IAD", "fault": fault})
    soon(lambda: world.sessions()["IAD"] == "Established", False)
    assert world.told() == [True] * 4
    world.page("POST", "/edges/fault", {"name": "IAD"})
    soon(lambda: world.sessions()["IAD"], "Established")


def test_a_bad_deployment_is_told_to_nobody_by_bgp(world: World) -> None:
    """An edge that answers nothing keeps its routes: its stripe is gone for those whom it is the way for."""
    world.up(8)
    silent = []
    for name in ("IAD", "GRU"):
        world.page("POST", "/edges/fault", {"name": name, "fault": "silent"})
        silent.append(world.told())
        assert world.sessions()[name] == "Established"
        world.page("POST", "/edges/fault", {"name": name})
    assert [False, True, True, True] in silent, "one of the two edges of the stripe is the way to it"


def test_a_router_that_dies_by_itself_is_begun_anew(world: World) -> None:
    world.up(4)
    routers = world.net.cloud.cloud.routers
    assert isinstance(routers, BirdRouters)
    world.net.run(routers.kill("edge-nrt"))
    world.net.cloud.cloud.reconcile.tell("route53/edges", "aws/fogbank/", "edges")
    soon(lambda: world.sessions()["NRT"], "Established")


def test_without_edges_name_servers_answer_as_before(world: World) -> None:
    world.up(4)
    before = world.tenant.namespaces()
    world.page("POST", "/edges", {"count": 0})
    gone = {name.rpartition("-")[2] for name in before - world.tenant.namespaces()}
    assert {"iad", "dub", "nrt", "syd"} <= gone
    assert world.told() == [True] * 4
    assert world.page("GET", "/edges")["edges"] == []


def test_faults_and_edges_that_there_are_not(world: World) -> None:
    for path, body in (
        ("/edges/fault", {"name": "XXX", "fault": "killed"}),
        ("/edges/fault", {"name": "IAD", "fault": "tired"}),
        ("/edges", {"count": 99}),
    ):
        with pytest.raises(AssertionError, match=r"NotFound|ValidationException"):
            world.page("POST", path, body)
