"""What the console is told of databases: roles, whom endpoints lead to, lag, events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest

from fogbank.aws.errors import WorldError
from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.planes.engines.postgresql.fake import FakeDatabases
from fogbank.planes.engines.postgresql.figures import Figures
from fogbank.planes.usage import Usage
from fogbank.services.rds import pages, picture
from fogbank.testing import TestCloud

ACCOUNT, REGION = "000000000000", "us-east-1"
LOGIN = {"MasterUsername": "ann", "MasterUserPassword": "correct-horse-9"}


def figures(delays: Mapping[str, float] | None = None, **numbers: float) -> Figures:
    return Figures(1000.0, numbers, delays or {}, Usage(0.0, None, None, 0), 2, 0)


class Asked(FakeDatabases):
    """Servers that count how often they were asked, some of which do not answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.silent: set[str] = set()
        self.broken: set[str] = set()
        self.speaks = asyncio.Event()

    async def figures(self, name: str) -> Figures | None:
        self.asked.append(name)
        if name in self.silent:
            await self.speaks.wait()
        if name in self.broken:
            raise WorldError(f"{name} is starting up")
        return await super().figures(name)


class Databases:
    """RDS in a cloud without servers, and a browser that asks about it."""

    def __init__(self) -> None:
        self.plane = Asked()
        self.cloud = TestCloud(databases=lambda _: self.plane)

    def __call__(self, operation: str, *, region: str = REGION, **params: Any) -> dict[str, Any]:
        found = self.cloud.call("rds", operation, params, region=region)
        self.cloud.run(self.cloud.cloud.settled())
        return found

    def cluster(self, members: int = 3) -> str:
        """The ARN of the cluster `c`, of `c-1` (the writer), `c-2`, …"""
        made = self("CreateDBCluster", DBClusterIdentifier="c", Engine="aurora-postgresql", **LOGIN)
        for number in range(1, members + 1):
            self.member(f"c-{number}")
        return str(made["DBCluster"]["DBClusterArn"])

    def member(self, identifier: str, **more: Any) -> None:
        which = {"DBInstanceIdentifier": identifier, "DBClusterIdentifier": "c", "Engine": "aurora-postgresql"}
        self("CreateDBInstance", DBInstanceClass="db.r6g.large", **which, **more)

    def instance(self, identifier: str, **more: Any) -> str:
        made: dict[str, Any] = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **LOGIN}
        found = self("CreateDBInstance", DBInstanceIdentifier=identifier, **made, **more)
        return str(found["DBInstance"]["DBInstanceArn"])

    def page(self, path: str, method: str = "GET") -> tuple[int, dict[str, Any]]:
        path, _, query = path.partition("?")
        ctx = self.cloud.cloud.context("rds", "page", callers.anonymous())
        request = Request(method, f"/_fogbank/databases{path}", query, {}, b"")
        response = self.cloud.run(pages.answer(ctx, request))
        return response.status, json.loads(response.body)

    def one(self, arn: str) -> dict[str, Any]:
        status, found = self.page(f"/one?arn={quote(arn)}")
        assert status == 200, found
        return found

    def measured_again(self) -> None:
        """Have what was measured be forgotten, as after a second."""
        self.cloud.cloud.context("rds", "page", callers.anonymous()).held(pages._Readings).by_node.clear()


@pytest.fixture
def databases() -> Iterator[Databases]:
    found = Databases()
    yield found
    found.cloud.close()


def nodes(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{one['instance']} {one['role']}": one for one in found["nodes"]}


def leads(found: dict[str, Any]) -> dict[str, list[str]]:
    """The instances that each endpoint leads to, by its kind."""
    names = {one["name"]: one["instance"] for one in found["nodes"]}
    return {one["kind"]: [names[node] for node in one["behind"]] for one in found["endpoints"]}


def test_the_list_has_every_account_and_region_and_no_members(databases: Databases) -> None:
    assert databases.page("") == (200, {"databases": []})
    arn = databases.cluster(2)
    databases.instance("shop", MultiAZ=True)
    made: dict[str, Any] = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **LOGIN}
    databases("CreateDBInstance", region="eu-west-1", DBInstanceIdentifier="far", **made)
    _, found = databases.page("")
    assert [(one["region"], one["kind"], one["id"], one["nodes"]) for one in found["databases"]] == [
        ("eu-west-1", "instance", "far", 1),
        (REGION, "cluster", "c", 2),
        (REGION, "instance", "shop", 2),
    ]
    assert found["databases"][1]["arn"] == arn
    assert found["databases"][1]["account"] == ACCOUNT


def test_roles_and_endpoints_move_with_a_failover(databases: Databases) -> None:
    arn = databases.cluster()
    reports: dict[str, Any] = {
        "DBClusterEndpointIdentifier": "reports",
        "DBClusterIdentifier": "c",
        "StaticMembers": ["c-3"],
    }
    databases("CreateDBClusterEndpoint", EndpointType="READER", **reports)
    before = databases.one(arn)
    assert set(nodes(before)) == {"c-1 writer", "c-2 reader", "c-3 reader"}
    assert leads(before) == {"writer": ["c-1"], "reader": ["c-2", "c-3"], "custom reader": ["c-3"]}
    assert [one["name"].partition(".")[0] for one in before["endpoints"]] == ["c", "c", "reports"]
    writer = nodes(before)["c-1 writer"]
    assert {one["follows"] for one in before["nodes"]} == {"", writer["name"]}
    assert (writer["runs"], writer["status"], writer["class"], writer["tier"]) == (True, "available", "db.r6g.large", 1)
    assert writer["zone"].startswith(REGION)
    assert writer["endpoint"].startswith("c-1.")
    assert writer["address"].startswith("127.")
    databases("FailoverDBCluster", DBClusterIdentifier="c", TargetDBInstanceIdentifier="c-3")
    after = databases.one(arn)
    assert set(nodes(after)) == {"c-1 reader", "c-2 reader", "c-3 writer"}
    assert leads(after) == {"writer": ["c-3"], "reader": ["c-1", "c-2"], "custom reader": []}
    assert nodes(after)["c-1 reader"]["follows"] == nodes(after)["c-3 writer"]["name"]
    assert (before["is_synced"], after["is_turning"]) == (True, False)
    failover = [one for one in after["events"] if "failover" in one["categories"]]
    assert [one["message"] for one in failover] == [
        "Started failover to another DB instance.",
        "Completed failover to DB instance: c-3",
    ]
    assert all(0 <= after["cloud_ms"] - one["at_ms"] < 60_000 for one in failover)
    assert len({one["id"] for one in after["events"]}) == len(after["events"])


def test_without_readers_the_readers_endpoint_leads_to_the_writer(databases: Databases) -> None:
    found = databases.one(databases.cluster(1))
    assert leads(found)["reader"] == ["c-1"]
    assert found["is_synced"] is None, "nobody could take over"


def test_a_writer_that_is_missed_is_turning_and_one_that_is_stopped_is_not(databases: Databases) -> None:
    arn = databases.cluster(1)
    name = databases.one(arn)["nodes"][0]["name"]
    # Nobody has heard of it yet, so nobody has done anything about it.
    databases.plane.nodes.pop(name)
    found = databases.one(arn)
    assert (found["is_turning"], found["nodes"][0]["runs"]) == (True, False)
    databases("StopDBCluster", DBClusterIdentifier="c")
    found = databases.one(arn)
    assert (found["is_turning"], found["nodes"][0]["runs"], found["status"]) == (False, False, "stopped")


def test_a_standby_and_replicas_beside_and_below_their_source(databases: Databases) -> None:
    shop = databases.instance("shop", MultiAZ=True)
    databases("CreateDBInstanceReadReplica", DBInstanceIdentifier="near", SourceDBInstanceIdentifier="shop")
    far = {"DBInstanceIdentifier": "far", "SourceDBInstanceIdentifier": shop, "SourceRegion": REGION}
    databases("CreateDBInstanceReadReplica", region="eu-west-1", **far)
    found = databases.one(shop)
    there = nodes(found)
    assert set(there) == {"shop primary", "shop standby", "near replica", "far replica"}
    primary = there["shop primary"]["name"]
    assert {one["follows"] for name, one in there.items() if name != "shop primary"} == {primary}
    assert there["far replica"]["region"] == "eu-west-1"
    assert there["shop standby"]["zone"] != there["shop primary"]["zone"]
    assert there["shop standby"]["address"] == ""
    assert {one["id"]: one["behind"] for one in found["endpoints"]} == {
        one: [there[f"{one} {role}"]["name"]]
        for one, role in (("shop", "primary"), ("near", "replica"), ("far", "replica"))
    }
    # Asked for from a replica, in whatever region, it is the same picture.
    beside = databases.one(f"arn:aws:rds:eu-west-1:{ACCOUNT}:db:far")
    assert (beside["id"], beside["region"]) == ("far", "eu-west-1")
    assert set(nodes(beside)) == set(there)
    assert {"DB instance created"} == {one["message"] for one in beside["events"] if one["source"] in ("far", "near")}
    databases("RebootDBInstance", DBInstanceIdentifier="shop", ForceFailover=True)
    assert nodes(databases.one(shop))["shop standby"]["name"] == primary


def test_lag_is_what_the_primary_hears_of_each(databases: Databases) -> None:
    arn = databases.cluster()
    names = {one["instance"]: one["name"] for one in databases.one(arn)["nodes"]}
    assert {one["lag_ms"] for one in databases.one(arn)["nodes"]} == {None}
    databases.plane.measured[names["c-1"]] = figures({names["c-2"]: 17.25}, connections=4, connections_max=200)
    databases.plane.measured[names["c-3"]] = figures(late_seconds=0.0, connections=1)
    databases.measured_again()
    found = nodes(databases.one(arn))
    assert (found["c-2 reader"]["lag_ms"], found["c-2 reader"]["lag_read_ms"]) == (17.25, 1_000_000)
    assert found["c-3 reader"]["lag_ms"] == 0.0
    assert (found["c-1 writer"]["lag_ms"], found["c-1 writer"]["connections"]) == (None, 4)
    assert found["c-1 writer"]["connections_max"] == 200
    databases.plane.measured[names["c-3"]] = figures(late_seconds=2.0)
    databases.measured_again()
    assert nodes(databases.one(arn))["c-3 reader"]["lag_ms"] is None, "that says when it was written to, not how late"


@pytest.mark.parametrize(
    ("own", "above", "wanted"),
    [
        (None, None, None),
        (None, figures({"a": 3.0}), 3.0),
        (figures(late_seconds=0.0), figures({"a": 3.0}), 3.0),
        (figures(late_seconds=0.0), figures({"b": 3.0}), 0.0),
        (figures(late_seconds=-1.0), figures(), None),
        (figures(late_seconds=5.0), None, None),
    ],
)
def test_how_late(own: Figures | None, above: Figures | None, wanted: float | None) -> None:
    assert picture.lag("a", own, above) == wanted


def test_a_server_is_asked_once_a_second_however_many_look(databases: Databases) -> None:
    arn = databases.cluster(2)
    names = sorted(one["name"] for one in databases.one(arn)["nodes"])
    databases.plane.asked.clear()
    for _ in range(3):
        databases.one(arn)
    assert databases.plane.asked == []
    databases.measured_again()
    databases.one(arn)
    assert sorted(databases.plane.asked) == names
    databases.page("")
    assert sorted(databases.plane.asked) == names, "the list asks no server"


def test_a_server_that_does_not_answer_keeps_nobody_from_seeing_the_others(databases: Databases) -> None:
    arn = databases.cluster()
    names = {one["instance"]: one["name"] for one in databases.one(arn)["nodes"]}
    databases.plane.measured = {name: figures(connections=7) for name in names.values()}
    databases.plane.silent, databases.plane.broken = {names["c-1"]}, {names["c-2"]}
    databases.measured_again()
    found = {one["instance"]: one["connections"] for one in databases.one(arn)["nodes"]}
    assert found == {"c-1": None, "c-2": None, "c-3": 7}
    databases.plane.speaks.set()


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/nothing", 404, "NotFound"),
        ("/one", 400, "ValidationException"),
        ("/one?arn=x", 400, "ValidationException"),
        ("/one?arn=arn:aws:rds:us-east-1:000000000000:pg:x", 400, "ValidationException"),
        ("/one?id=x", 400, "ValidationException"),
        ("/one?arn=arn:aws:rds:us-east-1:000000000000:cluster:x", 404, "DBClusterNotFoundFault"),
        ("/one?arn=arn:aws:rds:us-east-1:000000000000:db:x", 404, "DBInstanceNotFound"),
        ("/one?arn=arn:aws:rds:nowhere:1:db:x", 404, "DBInstanceNotFound"),
        ("?arn=x", 400, "ValidationException"),
    ],
)
def test_what_is_not_there(databases: Databases, path: str, status: int, error: str) -> None:
    found = databases.page(path)
    assert (found[0], found[1]["error"]) == (status, error)
    assert found[1]["message"]


def test_nothing_can_be_changed_here(databases: Databases) -> None:
    assert databases.page("", "POST")[0] == 404
