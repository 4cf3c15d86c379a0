"""Global clusters through the in-process cloud: who is in them, who follows, who takes over, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.planes import usage
from fogbank.planes.engines.postgresql.fake import FakeDatabases
from fogbank.planes.engines.postgresql.figures import Figures
from fogbank.planes.engines.proxies import FakeProxies
from fogbank.services.rds import clusters, global_clusters
from fogbank.services.rds.happenings import number
from fogbank.services.rds.resources import Cluster, Instance, Measuring
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

HERE, THERE, THIRD = "us-east-1", "eu-west-1", "us-west-2"
LOGIN = {"MasterUsername": "ann", "MasterUserPassword": "correct-horse-9"}
AURORA = {"Engine": "aurora-postgresql"}


class World:
    """RDS in several regions; each call has all that follows from it done."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        assert isinstance(cloud.cloud.databases, FakeDatabases)
        assert isinstance(cloud.cloud.proxies, FakeProxies)
        self.databases, self.proxies = cloud.cloud.databases, cloud.cloud.proxies

    def __call__(self, operation: str, region: str = HERE, **params: Any) -> dict[str, Any]:
        found = self.cloud.call("rds", operation, params, region=region)
        self.cloud.run(self.cloud.cloud.settled())
        return found

    def cluster(self, identifier: str, region: str, members: int = 1, **more: Any) -> str:
        """Its ARN."""
        made = self("CreateDBCluster", region, DBClusterIdentifier=identifier, **{**AURORA, **more})["DBCluster"]
        for at in range(1, members + 1):
            self.member(identifier, f"{identifier}-{at}", region)
        return str(made["DBClusterArn"])

    def member(self, cluster: str, identifier: str, region: str) -> None:
        what = {"DBClusterIdentifier": cluster, "DBInstanceClass": "db.r6g.large", **AURORA}
        self("CreateDBInstance", region, DBInstanceIdentifier=identifier, **what)

    def shown(self, cluster: str, region: str) -> dict[str, Any]:
        found: dict[str, Any] = self("DescribeDBClusters", region, DBClusterIdentifier=cluster)["DBClusters"][0]
        return found

    def whole(self, region: str = HERE) -> dict[str, Any]:
        found: dict[str, Any] = self("DescribeGlobalClusters", region, GlobalClusterIdentifier="world")
        return dict(found["GlobalClusters"][0])

    def writers(self, cluster: str, region: str) -> list[str]:
        members = self.shown(cluster, region)["DBClusterMembers"]
        return [one["DBInstanceIdentifier"] for one in members if one["IsClusterWriter"]]

    def node(self, identifier: str, region: str) -> str:
        ctx = self.cloud.cloud.context("rds", "look", callers.root("000000000000"), region)
        with ctx.begin():
            found: Instance | None = ctx.get(Instance, identifier)
        assert found is not None
        return found.node

    def follows(self, identifier: str, region: str) -> str:
        """The socket folder of whom an instance follows; empty for a primary."""
        following = self.databases.nodes[self.node(identifier, region)].following
        return following.host if following is not None else ""

    def line(self, identifier: str, region: str) -> Any:
        """The front through which an instance follows another region's."""
        (found,) = self.proxies.fronts[f"rds/line/{self.node(identifier, region)}"]
        return found


@pytest.fixture
def rds(cloud: TestCloud) -> World:
    return World(cloud)


def world(rds: World, here: int = 1, there: int = 1) -> tuple[str, str]:
    """`near`, and `far` that follows it; their ARNs."""
    near = rds.cluster("near", HERE, here, **LOGIN)
    rds("CreateGlobalCluster", GlobalClusterIdentifier="world", SourceDBClusterIdentifier=near)
    return near, rds.cluster("far", THERE, there, GlobalClusterIdentifier="world")


def test_a_cluster_with_a_secondary_in_another_region(rds: World) -> None:
    near, far = world(rds, there=2)
    found = rds.whole(THERE)
    assert (found["Status"], found["Engine"]) == ("available", "aurora-postgresql")
    assert found["GlobalClusterArn"] == "arn:aws:rds::000000000000:global-cluster:world"
    first, second = found["GlobalClusterMembers"]
    assert first == {
        "DBClusterArn": near,
        "Readers": [far],
        "IsWriter": True,
        "GlobalWriteForwardingStatus": "disabled",
    }
    assert (second["IsWriter"], second["SynchronizationStatus"]) == (False, "connected")
    shown = rds.shown("far", THERE)
    assert (shown["Status"], shown["MasterUsername"], shown["GlobalClusterIdentifier"]) == ("available", "ann", "world")
    assert rds.writers("far", THERE) == []
    assert rds.follows("far-1", THERE) == f"/lines/rds/line/{rds.node('far-1', THERE)}"
    assert rds.follows("far-2", THERE) == f"/{rds.node('far-1', THERE)}", "the head alone hears of the other region"
    line = rds.line("far-1", THERE)
    assert [target.address for target in line.targets] == [f"/{rds.node('near-1', HERE)}"]
    assert line.delay_seconds == pytest.approx(0.034)
    endpoints = rds("DescribeDBClusterEndpoints", THERE, DBClusterIdentifier="far")["DBClusterEndpoints"]
    assert {one["EndpointType"]: one["Status"] for one in endpoints} == {"WRITER": "inactive", "READER": "available"}


def test_a_line_that_changes_is_felt_at_the_next_look(rds: World) -> None:
    world(rds)
    rds.databases.reminded()
    rds.cloud.run(rds.cloud.cloud.settled())
    assert rds.line("far-1", THERE).delay_seconds == pytest.approx(0.034)
    page = Request("POST", "/_fogbank/net/faults", "", {}, b'{"target": "eu-west-1--us-east-1"}')
    ctx = rds.cloud.cloud.context("ec2", "page", callers.anonymous(), HERE)
    assert rds.cloud.run(rds.cloud.cloud.services.get("ec2").page("answer")(ctx, page)).status == 200
    rds.databases.reminded()
    rds.cloud.run(rds.cloud.cloud.settled())
    assert rds.line("far-1", THERE).targets == ()


def test_an_empty_global_cluster_gets_its_first_cluster(rds: World) -> None:
    made = rds("CreateGlobalCluster", GlobalClusterIdentifier="World", DatabaseName="shop", **AURORA)["GlobalCluster"]
    assert (made["GlobalClusterIdentifier"], made["DatabaseName"], made["GlobalClusterMembers"]) == (
        "world",
        "shop",
        [],
    )
    near = rds.cluster("near", HERE, GlobalClusterIdentifier="world", **LOGIN)
    assert rds.shown("near", HERE)["DatabaseName"] == "shop"
    assert rds.writers("near", HERE) == ["near-1"]
    assert [one["DBClusterArn"] for one in rds.whole()["GlobalClusterMembers"] if one["IsWriter"]] == [near]


def test_a_failover_of_the_primary_moves_what_the_secondary_follows(rds: World) -> None:
    world(rds, here=2)
    rds("FailoverDBCluster", DBClusterIdentifier="near")
    assert rds.writers("near", HERE) == ["near-2"]
    assert [target.name for target in rds.line("far-1", THERE).targets] == [rds.node("near-2", HERE)]


def test_the_head_of_a_secondary_that_is_deleted_has_a_successor(rds: World) -> None:
    world(rds, there=2)
    rds("DeleteDBInstance", THERE, DBInstanceIdentifier="far-1")
    assert rds.follows("far-2", THERE).startswith("/lines/")
    rds("DeleteDBInstance", THERE, DBInstanceIdentifier="far-2")
    rds.member("far", "far-3", THERE)
    assert rds.follows("far-3", THERE).startswith("/lines/")


@pytest.mark.parametrize("operation", ["SwitchoverGlobalCluster", "FailoverGlobalCluster"])
def test_another_region_takes_writes(rds: World, operation: str) -> None:
    near, far = world(rds, here=2, there=2)
    rds(operation, GlobalClusterIdentifier="world", TargetDbClusterIdentifier=far)
    members = rds.whole()["GlobalClusterMembers"]
    assert [(one["DBClusterArn"], one["IsWriter"]) for one in members] == [(far, True), (near, False)]
    assert (rds.writers("near", HERE), rds.writers("far", THERE)) == ([], ["far-1"])
    assert rds.follows("far-1", THERE) == ""
    assert rds.follows("near-1", HERE).startswith("/lines/")
    assert [target.name for target in rds.line("near-1", HERE).targets] == [rds.node("far-1", THERE)]
    assert (rds.shown("near", HERE)["Status"], rds.shown("far", THERE)["Status"]) == ("available", "available")
    told = rds("DescribeEvents", THERE, SourceType="db-cluster", SourceIdentifier="far")["Events"]
    words = [one["Message"] for one in told if "global-failover" in one["EventCategories"]]
    assert words[0] == "Global switchover to DB cluster far in Region eu-west-1 started."
    assert words[-1] == "Global switchover to DB cluster far in Region eu-west-1 finished."


def test_a_failover_that_may_lose_data_makes_the_old_primary_anew_and_keeps_a_snapshot(rds: World) -> None:
    _, far = world(rds)
    rds("FailoverGlobalCluster", GlobalClusterIdentifier="world", TargetDbClusterIdentifier=far, AllowDataLoss=True)
    assert rds.writers("far", THERE) == ["far-1"]
    assert rds.follows("near-1", HERE).startswith("/lines/")
    assert rds.whole()["GlobalClusterMembers"][1]["SynchronizationStatus"] == "connected"
    names = [one["DBClusterSnapshotIdentifier"] for one in rds("DescribeDBClusterSnapshots")["DBClusterSnapshots"]]
    assert any(name.startswith("rds:unplanned-global-failover-near-") for name in names)
    told = rds("DescribeEvents", SourceType="db-cluster", SourceIdentifier="near")["Events"]
    words = [one["Message"] for one in told]
    assert "Finished resynchronizing members of DB cluster near in Region us-east-1 post global failover." in words


def test_a_third_region_follows_whoever_takes_writes(rds: World) -> None:
    _, far = world(rds)
    rds.cluster("third", THIRD, GlobalClusterIdentifier="world")
    rds("SwitchoverGlobalCluster", GlobalClusterIdentifier="world", TargetDbClusterIdentifier=far)
    assert [target.name for target in rds.line("third-1", THIRD).targets] == [rds.node("far-1", THERE)]
    assert len(rds.whole()["GlobalClusterMembers"]) == 3


def test_a_secondary_that_is_removed_writes_for_itself(rds: World) -> None:
    near, far = world(rds)
    with refused("InvalidGlobalClusterStateFault"):
        rds("RemoveFromGlobalCluster", GlobalClusterIdentifier="world", DbClusterIdentifier=near)
    rds("RemoveFromGlobalCluster", GlobalClusterIdentifier="world", DbClusterIdentifier=far)
    assert rds.writers("far", THERE) == ["far-1"]
    assert (rds.follows("far-1", THERE), rds.shown("far", THERE)["Status"]) == ("", "available")
    assert rds.proxies.fronts[f"rds/line/{rds.node('far-1', THERE)}"] == ()
    assert "GlobalClusterIdentifier" not in rds.shown("far", THERE)
    rds("RemoveFromGlobalCluster", GlobalClusterIdentifier="world", DbClusterIdentifier=near)
    assert rds("DeleteGlobalCluster", GlobalClusterIdentifier="world")["GlobalCluster"]["Status"] == "deleting"
    assert rds("DescribeGlobalClusters")["GlobalClusters"] == []
    assert rds.writers("near", HERE) == ["near-1"]


def test_other_names(rds: World) -> None:
    world(rds)
    rds("ModifyGlobalCluster", GlobalClusterIdentifier="world", NewGlobalClusterIdentifier="earth")
    assert rds.shown("far", THERE)["GlobalClusterIdentifier"] == "earth"
    rds("ModifyDBCluster", DBClusterIdentifier="near", NewDBClusterIdentifier="nearer", ApplyImmediately=True)
    found = rds("DescribeGlobalClusters", GlobalClusterIdentifier="earth")["GlobalClusters"][0]
    assert found["GlobalClusterMembers"][0]["DBClusterArn"].endswith(":cluster:nearer")
    assert rds.follows("far-1", THERE).startswith("/lines/")


def test_listings_by_member_and_in_pages(rds: World) -> None:
    near, _ = world(rds)
    for name in ("a", "b"):
        rds("CreateGlobalCluster", GlobalClusterIdentifier=name, **AURORA)
    assert [one["GlobalClusterIdentifier"] for one in rds("DescribeGlobalClusters")["GlobalClusters"]] == [
        "a",
        "b",
        "world",
    ]
    by_member = rds("DescribeGlobalClusters", Filters=[{"Name": "db-cluster-id", "Values": [near]}])["GlobalClusters"]
    assert [one["GlobalClusterIdentifier"] for one in by_member] == ["world"]
    with refused("InvalidParameterValue"):
        rds("DescribeGlobalClusters", Filters=[{"Name": "colour", "Values": ["red"]}])


def test_what_a_global_cluster_refuses(rds: World) -> None:
    near, far = world(rds)
    name = {"GlobalClusterIdentifier": "world"}
    other = {"GlobalClusterIdentifier": "other"}
    cases: list[tuple[str, str, str, dict[str, Any]]] = [
        ("GlobalClusterAlreadyExistsFault", "CreateGlobalCluster", HERE, {**name, **AURORA}),
        ("GlobalClusterNotFoundFault", "DescribeGlobalClusters", HERE, other),
        ("GlobalClusterNotFoundFault", "DeleteGlobalCluster", HERE, other),
        ("GlobalClusterNotFoundFault", "CreateDBCluster", THIRD, {"DBClusterIdentifier": "x", **other, **AURORA}),
        ("InvalidDBClusterStateFault", "CreateGlobalCluster", HERE, {**other, "SourceDBClusterIdentifier": near}),
        (
            "InvalidParameterCombination",
            "CreateGlobalCluster",
            HERE,
            {**other, **AURORA, "SourceDBClusterIdentifier": near},
        ),
        ("InvalidParameterValue", "CreateGlobalCluster", HERE, other),
        ("InvalidParameterValue", "CreateGlobalCluster", HERE, {**other, "Engine": "postgres"}),
        ("InvalidGlobalClusterStateFault", "DeleteGlobalCluster", HERE, name),
        (
            "InvalidGlobalClusterStateFault",
            "CreateDBCluster",
            THERE,
            {"DBClusterIdentifier": "x", **name, **AURORA},
        ),
        (
            "InvalidParameterCombination",
            "CreateDBCluster",
            THIRD,
            {"DBClusterIdentifier": "x", **name, **AURORA, **LOGIN},
        ),
        (
            "InvalidParameterCombination",
            "CreateDBCluster",
            THIRD,
            {"DBClusterIdentifier": "x", **name, **AURORA, "EngineVersion": "15.8"},
        ),
        (
            "NotImplemented",
            "CreateDBCluster",
            THIRD,
            {"DBClusterIdentifier": "x", **name, **AURORA, "EnableGlobalWriteForwarding": True},
        ),
        ("NotImplemented", "ModifyGlobalCluster", HERE, {**name, "EngineVersion": "99.1"}),
        (
            "InvalidParameterCombination",
            "FailoverGlobalCluster",
            HERE,
            {**name, "TargetDbClusterIdentifier": far, "AllowDataLoss": True, "Switchover": True},
        ),
        (
            "InvalidGlobalClusterStateFault",
            "SwitchoverGlobalCluster",
            HERE,
            {**name, "TargetDbClusterIdentifier": near},
        ),
        ("DBClusterNotFoundFault", "SwitchoverGlobalCluster", HERE, {**name, "TargetDbClusterIdentifier": f"{far}x"}),
        ("DBClusterNotFoundFault", "RemoveFromGlobalCluster", HERE, {**name, "DbClusterIdentifier": f"{far}x"}),
        (
            "InvalidDBClusterStateFault",
            "DeleteDBCluster",
            THERE,
            {"DBClusterIdentifier": "far", "SkipFinalSnapshot": True},
        ),
        ("InvalidDBClusterStateFault", "StopDBCluster", HERE, {"DBClusterIdentifier": "near"}),
        ("InvalidDBClusterStateFault", "FailoverDBCluster", THERE, {"DBClusterIdentifier": "far"}),
        (
            "InvalidDBClusterStateFault",
            "ModifyDBCluster",
            THERE,
            {"DBClusterIdentifier": "far", "MasterUserPassword": "another-one-7"},
        ),
        (
            "InvalidDBClusterStateFault",
            "CreateDBClusterSnapshot",
            THERE,
            {"DBClusterIdentifier": "far", "DBClusterSnapshotIdentifier": "s"},
        ),
    ]
    for code, operation, region, params in cases:
        with refused(code):
            rds(operation, region, **params)
    assert len(rds.whole()["GlobalClusterMembers"]) == 2, "nothing has come of it"


def test_a_secondary_without_an_instance_cannot_take_over(rds: World) -> None:
    _, far = world(rds, there=0)
    with refused("InvalidDBClusterStateFault"):
        rds("SwitchoverGlobalCluster", GlobalClusterIdentifier="world", TargetDbClusterIdentifier=far)


def test_protection_and_quota(rds: World) -> None:
    rds("CreateGlobalCluster", GlobalClusterIdentifier="a", DeletionProtection=True, **AURORA)
    with refused("InvalidParameterCombination"):
        rds("DeleteGlobalCluster", GlobalClusterIdentifier="a")
    rds("ModifyGlobalCluster", GlobalClusterIdentifier="a", DeletionProtection=False)
    for name in "bcde":
        rds("CreateGlobalCluster", GlobalClusterIdentifier=name, **AURORA)
    with refused("GlobalClusterQuotaExceededFault"):
        rds("CreateGlobalCluster", GlobalClusterIdentifier="f", **AURORA)
    rds("DeleteGlobalCluster", GlobalClusterIdentifier="a")


def test_events_have_their_numbers() -> None:
    assert number("db-cluster", "Global switchover to DB cluster a in Region b started.") == "RDS-EVENT-0181"
    assert number("db-cluster", "Global switchover to DB cluster a in Region b finished.") == "RDS-EVENT-0185"
    assert number("db-cluster", "New primary DB cluster a in Region b was successfully promoted.") == "RDS-EVENT-0184"
    assert number("db-cluster", "Global failover to DB cluster a in Region b completed.") == "RDS-EVENT-0238"


def one(identifier: str, tier: int = 1) -> Instance:
    return Instance(
        id=identifier,
        resource_id=identifier,
        created_at=0.0,
        status="available",
        engine="aurora-postgresql",
        version="16.4",
        instance_class="db.r6g.large",
        promotion_tier=tier,
    )


def test_who_is_the_head_of_a_secondary() -> None:
    a, b, c = one("a"), one("b", 0), one("c")
    assert global_clusters.head([a, b, c], "", []) == b, "the best tier"
    assert global_clusters.head([a, b, c], "a", ["a", "b"]) == a, "who runs stays"
    assert global_clusters.head([a, b, c], "a", ["c"]) == c, "who runs takes the place of who does not"
    assert global_clusters.head([a, b, c], "a", []) == a, "without any it comes back"
    assert global_clusters.head([], "a", []) is None


def test_how_late_a_secondary_is_is_told_in_its_region(rds: World) -> None:
    world(rds)
    found = Figures(100.0, {}, {rds.node("far-1", THERE): 70.0}, usage.Usage(0.0, 0, 0, 0), 2, 0)
    rds.databases.measured[rds.node("near-1", HERE)] = found
    ctx = rds.cloud.cloud.context("rds", "look", callers.root("000000000000"), HERE)
    ctx.waker(Measuring, rds("DescribeDBInstances")["DBInstances"][0]["DbiResourceId"])()
    rds.cloud.advance(61)
    dimensions = [{"Name": "DBClusterIdentifier", "Value": "far"}, {"Name": "SourceRegion", "Value": HERE}]
    metric = {"Namespace": "AWS/RDS", "MetricName": "AuroraGlobalDBReplicationLag", "Dimensions": dimensions}
    now = rds.cloud.clock.now()
    window = {"StartTime": now - 600, "EndTime": now + 60, "Period": 60, "Statistics": ["Maximum"]}
    points = rds.cloud.call("cloudwatch", "GetMetricStatistics", {**metric, **window}, region=THERE)["Datapoints"]
    assert [one["Maximum"] for one in points] == [70.0]


MADE = {"Engine": "postgres", "DBInstanceClass": "db.t3.micro", "AllocatedStorage": 20, **LOGIN}


def replica(rds: World, identifier: str, of: str, region: str = HERE) -> None:
    rds("CreateDBInstanceReadReplica", region, DBInstanceIdentifier=identifier, SourceDBInstanceIdentifier=of)


def instance(rds: World, identifier: str, region: str = HERE) -> dict[str, Any]:
    found: dict[str, Any] = rds("DescribeDBInstances", region, DBInstanceIdentifier=identifier)["DBInstances"][0]
    return found


def test_replicas_of_replicas_need_backups_and_go_three_levels_deep(rds: World) -> None:
    rds("CreateDBInstance", DBInstanceIdentifier="r0", **MADE)
    replica(rds, "r1", "r0")
    with refused("InvalidDBInstanceState", "Automated backups"):
        replica(rds, "r2", "r1")
    for above, below in (("r1", "r2"), ("r2", "r3")):
        rds("ModifyDBInstance", DBInstanceIdentifier=above, BackupRetentionPeriod=1)
        replica(rds, below, above)
        assert rds.follows(below, HERE) == f"/{rds.node(above, HERE)}"
        assert instance(rds, above)["ReadReplicaDBInstanceIdentifiers"] == [below]
    rds("ModifyDBInstance", DBInstanceIdentifier="r3", BackupRetentionPeriod=1)
    with refused("InvalidDBInstanceState", "limit"):
        replica(rds, "r4", "r3")
    replica(rds, "far", instance(rds, "r2")["DBInstanceArn"], THERE)
    assert [one.name for one in rds.line("far", THERE).targets] == [rds.node("r2", HERE)]


def test_what_becomes_of_replicas_whose_source_is_deleted(rds: World) -> None:
    rds("CreateDBInstance", DBInstanceIdentifier="r0", **MADE)
    replica(rds, "r1", "r0")
    replica(rds, "far", instance(rds, "r0")["DBInstanceArn"], THERE)
    assert instance(rds, "r1")["StatusInfos"][0]["Status"] == "replicating"
    rds("DeleteDBInstance", DBInstanceIdentifier="r0", SkipFinalSnapshot=True)
    found = instance(rds, "r1")
    assert found["DBInstanceStatus"] == "available"
    assert "ReadReplicaSourceDBInstanceIdentifier" not in found
    assert rds.follows("r1", HERE) == ""
    status = {"StatusType": "read replication", "Normal": False, "Status": "terminated"}
    assert instance(rds, "far", THERE)["StatusInfos"] == [status]
    rds("PromoteReadReplica", THERE, DBInstanceIdentifier="far")
    assert "StatusInfos" not in instance(rds, "far", THERE)
    assert rds.follows("far", THERE) == ""


def test_a_name_of_a_global_cluster_in_an_arn_has_no_region(rds: World) -> None:
    world(rds)
    arn = "arn:aws:rds::000000000000:global-cluster:world"
    rds("AddTagsToResource", ResourceName=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert rds("ListTagsForResource", THERE, ResourceName=arn)["TagList"] == [{"Key": "a", "Value": "b"}]


class Measured(FakeDatabases):
    """Servers that say how much of the log they have, and whom one had to make anew."""

    def __init__(self) -> None:
        super().__init__()
        self.positions: dict[str, int] = {}
        self.removed: list[str] = []

    async def rows(self, name: str, statement: str, *values: Any, database: str = "postgres") -> Sequence[Any]:
        if "pg_last_wal_receive_lsn()" in statement:
            return [(self.positions.get(name, 0),)]
        return await super().rows(name, statement, *values, database=database)

    async def remove(self, name: str) -> None:
        self.removed.append(name)
        self.positions.pop(name, None)
        await super().remove(name)


@pytest.mark.parametrize(("ahead", "is_made_anew"), [(5, False), (6, True)])
def test_a_secondary_that_has_more_than_the_new_writer_is_made_anew(ahead: int, is_made_anew: bool) -> None:
    databases = Measured()
    cloud = TestCloud(databases=lambda _: databases)
    try:
        rds = World(cloud)
        world(rds, here=2)
        head, heir = rds.node("far-1", THERE), rds.node("near-2", HERE)
        databases.positions = {heir: 5, head: ahead}
        ctx = cloud.cloud.context("rds", "look", callers.root("000000000000"), HERE)
        with ctx.begin():
            cluster = ctx.get(Cluster, "near")
            assert cluster is not None
            ctx.put(clusters.changed(cluster, is_synced=True))
        cloud.run(cloud.cloud.settled())
        databases.kill(rds.node("near-1", HERE))
        cloud.run(cloud.cloud.settled())
        assert rds.writers("near", HERE) == ["near-2"]
        assert (head in databases.removed) == is_made_anew
        assert [target.name for target in rds.line("far-1", THERE).targets] == [heir]
        assert databases.is_running(head)
    finally:
        cloud.close()
