"""What is measured of an instance: what is told of it, when, and when nothing is."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.control.context import Context
from fogbank.planes.engines.postgresql.activity import Doing, Seen
from fogbank.planes.engines.postgresql.fake import FakeDatabases
from fogbank.planes.engines.postgresql.figures import Figures
from fogbank.planes.engines.proxies import FakeProxies, Forwarded
from fogbank.planes.usage import Usage
from fogbank.services.rds import measures
from fogbank.services.rds.measures import Sample, Subject
from fogbank.services.rds.resources import Cluster, Instance, Measuring
from fogbank.testing import TestCloud

DAY = 86_400.0
ALONE = Subject(is_aurora=False, is_writer=False, is_replica=False, storage_gib=1, forwards=False)
WRITER = ALONE._replace(is_aurora=True, is_writer=True, forwards=True)
READER = WRITER._replace(is_writer=False)
MADE = {
    "Engine": "postgres",
    "DBInstanceClass": "db.t3.micro",
    "AllocatedStorage": 20,
    "MasterUsername": "ann",
    "MasterUserPassword": "correct-horse-9",
}


def figures(at: float = 100.0, cpu: float = 0.0, read: int | None = 0, **numbers: float) -> Figures:
    return Figures(at, numbers, {}, Usage(cpu, read, read, 7), 2, 1000)


def told(before: Sample | None, now: Sample, subject: Subject = ALONE) -> dict[str, float]:
    return {one.metric: one.value for one in measures.points(before, now, subject)}


def test_a_first_measurement_tells_what_is_so_and_no_rates() -> None:
    found = told(None, Sample(figures(connections=3, data_bytes=1 << 20, log_bytes=1 << 10)))
    assert found == {
        "DatabaseConnections": 3,
        "TransactionLogsDiskUsage": 1 << 10,
        "FreeableMemory": 1000,
        "SwapUsage": 7,
        "FreeStorageSpace": (1 << 30) - (1 << 20) - (1 << 10),
    }


def test_rates_are_by_the_machines_seconds() -> None:
    before = Sample(figures(cpu=1, read=1000, log_written_bytes=0))
    found = told(before, Sample(figures(at=110, cpu=6, read=6000, log_written_bytes=50)))
    assert found["CPUUtilization"] == 25, "5 of 20 seconds of two cores"
    assert (found["ReadThroughput"], found["WriteThroughput"], found["TransactionLogsGeneration"]) == (500, 500, 5)


def test_a_server_that_began_anew_counts_from_nothing() -> None:
    found = told(Sample(figures(xact_commit=500)), Sample(figures(at=110, xact_commit=20)), WRITER)
    assert found["CommitThroughput"] == 2


def test_what_the_kernel_does_not_tell_is_left_out() -> None:
    assert "ReadThroughput" not in told(Sample(figures(read=None)), Sample(figures(at=110, read=None)))


def test_two_measurements_at_once_make_no_rates() -> None:
    assert "CPUUtilization" not in told(Sample(figures(at=100)), Sample(figures(at=100.001)))


def test_only_a_read_replica_has_a_lag_in_seconds() -> None:
    now = Sample(figures(late_seconds=4))
    assert "ReplicaLag" not in told(None, now)
    assert told(None, now, ALONE._replace(is_replica=True))["ReplicaLag"] == 4


def test_a_cluster_has_no_storage_of_its_own_and_its_readers_slots_do_not_count() -> None:
    found = told(None, Sample(figures(slot_bytes=9, uptime_seconds=5)), WRITER)
    assert "FreeStorageSpace" not in found and "OldestReplicationSlotLag" not in found
    assert found["EngineUptime"] == 5
    assert told(None, Sample(figures(slot_bytes=9)))["OldestReplicationSlotLag"] == 9


def test_blocks_that_were_in_the_cache() -> None:
    before = Sample(figures(blks_hit=0, blks_read=0))
    assert told(before, Sample(figures(at=110, blks_hit=3, blks_read=1)), WRITER)["BufferCacheHitRatio"] == 75
    assert "BufferCacheHitRatio" not in told(before, Sample(figures(at=110, blks_hit=0, blks_read=0)), WRITER)


def test_what_a_reader_forwards_is_told_of_the_reader_and_of_the_writer() -> None:
    then = Forwarded(statements=10, statement_seconds=1.0, commits=5, waits=1, wait_seconds=0.5)
    now = Forwarded(
        sessions=2, active=1, statements=30, statement_seconds=1.2, commits=15, waits=5, wait_seconds=0.7, refused=1
    )
    reader = told(Sample(figures(), then), Sample(figures(at=110), now), READER)
    assert {name: round(value, 6) for name, value in reader.items() if "Forwarding" in name} == {
        "AuroraForwardingReplicaOpenSessions": 2,
        "AuroraForwardingReplicaDMLThroughput": 2,
        "AuroraForwardingReplicaCommitThroughput": 1,
        "AuroraForwardingReplicaErrorSessionsLimit": 1,
        "AuroraForwardingReplicaDMLLatency": 10,
        "AuroraForwardingReplicaReadWaitLatency": 50,
    }
    both = measures.added([now, now])
    writer = told(Sample(figures(), measures.added([then, then])), Sample(figures(at=110), both), WRITER)
    assert {name: value for name, value in writer.items() if "Forwarding" in name} == {
        "AuroraLocalForwardingWriterOpenSessions": 2,
        "AuroraLocalForwardingWriterTotalSessions": 4,
        "AuroraLocalForwardingWriterDMLThroughput": 4,
    }
    without = told(Sample(figures(), then), Sample(figures(at=110), now), READER._replace(forwards=False))
    assert not any("Forwarding" in name for name in without)


def test_the_lag_of_readers_is_what_their_writer_has_heard() -> None:
    late, of_cluster = measures.lags({"pg-b": 12.0, "pg-c": 20.0, "pg-gone": 900.0}, {"pg-b": "b", "pg-c": "c"})
    assert late == {"b": 12.0, "c": 20.0}
    assert [(one.metric, one.value) for one in of_cluster] == [
        ("AuroraReplicaLagMaximum", 20.0),
        ("AuroraReplicaLagMinimum", 12.0),
    ]
    assert measures.lags({}, {"pg-b": "b"}) == ({}, [])


def test_the_load_is_what_was_seen_by_how_often_somebody_looked() -> None:
    busy, waiting = Doing("CPU", "CPU", "", "", "", "", ""), Doing("Lock", "Lock:tuple", "", "", "", "", "")
    found = measures.load(Seen(10, {busy: 5, waiting: 20}))
    assert [(one.metric, one.value) for one in found] == [("DBLoad", 2.5), ("DBLoadCPU", 0.5), ("DBLoadNonCPU", 2.0)]
    assert measures.load(Seen(0, {})) == []


class Account:
    """Instances that are remembered only, and measured as a test says."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        assert isinstance(cloud.cloud.databases, FakeDatabases)
        assert isinstance(cloud.cloud.proxies, FakeProxies)
        self.databases, self.proxies = cloud.cloud.databases, cloud.cloud.proxies

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        found = self.cloud.call("rds", operation, params)
        self.cloud.run(self.cloud.cloud.settled())
        return found

    def instance(self, identifier: str, **more: Any) -> Instance:
        self("CreateDBInstance", DBInstanceIdentifier=identifier, **{**MADE, **more})
        return self.record(identifier)

    def cluster(self, **more: Any) -> list[Instance]:
        """A cluster `c` of a writer and a reader."""
        login = {"MasterUsername": "ann", "MasterUserPassword": "correct-horse-9"}
        self("CreateDBCluster", DBClusterIdentifier="c", Engine="aurora-postgresql", **login, **more)
        for name in ("c-1", "c-2"):
            member = {"DBClusterIdentifier": "c", "Engine": "aurora-postgresql", "DBInstanceClass": "db.r6g.large"}
            self("CreateDBInstance", DBInstanceIdentifier=name, **member)
        return [self.record("c-1"), self.record("c-2")]

    def context(self) -> Context:
        return self.cloud.cloud.context("rds", "look", callers.root("000000000000"))

    def record(self, identifier: str) -> Instance:
        ctx = self.context()
        with ctx.begin():
            found = ctx.get(Instance, identifier)
        assert found is not None
        return found

    def measuring(self) -> int:
        """How many instances are measured."""
        ctx = self.context()
        with ctx.begin():
            return ctx.count(Measuring)

    def measured(self, found: Instance, now: Figures) -> None:
        """Have an instance be measured to this from now on, at once and each minute."""
        self.databases.measured[found.node] = now
        self.context().waker(Measuring, found.resource_id)()
        self.cloud.run(self.cloud.cloud.settled())

    def values(self, metric: str, **dimensions: str) -> list[float]:
        """The sums that CloudWatch has of a metric, by minute."""
        now = self.cloud.clock.now()
        which = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        query = {"Namespace": "AWS/RDS", "MetricName": metric, "Dimensions": which}
        stat = {"Id": "q", "MetricStat": {"Metric": query, "Period": 60, "Stat": "Sum"}}
        window = {"StartTime": now - 14 * DAY, "EndTime": now + 60, "ScanBy": "TimestampAscending"}
        asked = {"MetricDataQueries": [stat], **window}
        found: list[float] = self.cloud.call("cloudwatch", "GetMetricData", asked)["MetricDataResults"][0]["Values"]
        return found


@pytest.fixture
def rds(cloud: TestCloud) -> Account:
    return Account(cloud)


def test_each_minute_of_an_instance_is_a_point_in_cloudwatch(rds: Account) -> None:
    found = rds.instance("a")
    rds.measured(found, figures(connections=3))
    rds.cloud.advance(60)
    assert rds.values("DatabaseConnections", DBInstanceIdentifier="a") == [3]
    rds.databases.measured[found.node] = figures(at=160, connections=5)
    rds.cloud.advance(180)
    assert rds.values("DatabaseConnections", DBInstanceIdentifier="a") == [3, 3, 5, 5]
    listed = rds.cloud.call("cloudwatch", "ListMetrics", {"Namespace": "AWS/RDS"})["Metrics"]
    assert {"DatabaseConnections", "CPUUtilization", "FreeStorageSpace"} <= {one["MetricName"] for one in listed}


def test_an_alarm_on_connections_fires(rds: Account) -> None:
    found = rds.instance("a")
    alarm = {
        "AlarmName": "many",
        "Namespace": "AWS/RDS",
        "MetricName": "DatabaseConnections",
        "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": "a"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 4,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    rds.cloud.call("cloudwatch", "PutMetricAlarm", alarm)

    def state() -> str:
        return str(rds.cloud.call("cloudwatch", "DescribeAlarms")["MetricAlarms"][0]["StateValue"])

    rds.measured(found, figures(connections=4))
    rds.cloud.advance(180)
    assert state() == "OK"
    rds.databases.measured[found.node] = figures(at=200, connections=5)
    rds.cloud.advance(180)
    assert state() == "ALARM"


def test_a_stopped_instance_is_not_measured_and_a_started_one_is(rds: Account) -> None:
    found = rds.instance("a")
    rds.measured(found, figures(connections=1))
    rds.cloud.advance(60)
    rds("StopDBInstance", DBInstanceIdentifier="a")
    rds.cloud.advance(60)
    before = rds.values("DatabaseConnections", DBInstanceIdentifier="a")
    rds.cloud.advance(600)
    assert rds.values("DatabaseConnections", DBInstanceIdentifier="a") == before
    rds("StartDBInstance", DBInstanceIdentifier="a")
    rds.cloud.advance(120)
    assert len(rds.values("DatabaseConnections", DBInstanceIdentifier="a")) > len(before)


def test_nothing_is_left_of_a_deleted_instance(rds: Account) -> None:
    found = rds.instance("a", EnablePerformanceInsights=True)
    rds.measured(found, figures(connections=1))
    assert (rds.measuring(), rds.databases.observed) == (1, {found.node})
    rds("DeleteDBInstance", DBInstanceIdentifier="a", SkipFinalSnapshot=True)
    rds.cloud.advance(60)
    assert rds.measuring() == 0


def test_time_that_is_moved_by_days_is_measured_by_the_hour(rds: Account) -> None:
    found = rds.instance("a")
    rds.measured(found, figures(connections=1))
    rds.cloud.advance(7 * DAY)
    found_points = len(rds.values("DatabaseConnections", DBInstanceIdentifier="a"))
    assert 120 + 7 * 24 - 5 <= found_points <= 120 + 7 * 24


def test_metrics_of_a_member_are_its_clusters_too_and_its_roles(rds: Account) -> None:
    writer, reader = rds.cluster()
    rds.measured(reader, figures(connections=2))
    rds.measured(writer, figures(connections=5, data_bytes=8)._replace(delays={reader.node: 14.0}))
    rds.cloud.advance(60)
    connections = "DatabaseConnections"
    assert rds.values(connections, DBInstanceIdentifier="c-1") == [5]
    assert rds.values(connections, DBClusterIdentifier="c") == [7]
    assert rds.values(connections, DBClusterIdentifier="c", Role="READER") == [2]
    assert rds.values(connections, DBClusterIdentifier="c", Role="WRITER") == [5]
    assert rds.values("AuroraReplicaLag", DBInstanceIdentifier="c-2") == [14]
    assert rds.values("AuroraReplicaLag", DBInstanceIdentifier="c-1") == []
    assert rds.values("AuroraReplicaLagMaximum", DBClusterIdentifier="c") == [14]
    assert rds.values("VolumeBytesUsed", DBClusterIdentifier="c") == [8]


def test_forwarded_writes_of_a_cluster_are_counted(rds: Account) -> None:
    writer, reader = rds.cluster(EnableLocalWriteForwarding=True)
    ctx = rds.context()
    with ctx.begin():
        cluster = ctx.get(Cluster, "c")
    assert cluster is not None
    rds.measured(reader, figures())
    rds.proxies.counted[f"rds/{cluster.resource_id}"] = {reader.node: Forwarded(sessions=1, statements=20)}
    rds.measured(reader, figures(at=110))
    rds.measured(writer, figures(at=110))
    rds.cloud.advance(60)
    assert rds.values("AuroraForwardingReplicaDMLThroughput", DBInstanceIdentifier="c-2")[0] == 2
    assert rds.values("AuroraLocalForwardingWriterTotalSessions", DBInstanceIdentifier="c-1")[0] == 1


def test_performance_insights_is_off_and_on_and_says_how_long(rds: Account) -> None:
    rds.instance("a")

    def shown() -> dict[str, Any]:
        found = rds("DescribeDBInstances")["DBInstances"][0]
        return {name: value for name, value in found.items() if name.startswith("PerformanceInsights")}

    assert shown() == {"PerformanceInsightsEnabled": False}
    rds("ModifyDBInstance", DBInstanceIdentifier="a", EnablePerformanceInsights=True)
    assert shown() == {"PerformanceInsightsEnabled": True, "PerformanceInsightsRetentionPeriod": 7}
    key = rds.cloud.call("kms", "CreateKey")["KeyMetadata"]["Arn"]
    more = {"PerformanceInsightsRetentionPeriod": 93, "PerformanceInsightsKMSKeyId": key.rpartition("/")[2]}
    rds("ModifyDBInstance", DBInstanceIdentifier="a", **more)
    assert shown() == {
        "PerformanceInsightsEnabled": True,
        "PerformanceInsightsRetentionPeriod": 93,
        "PerformanceInsightsKMSKeyId": key,
    }
    rds("ModifyDBInstance", DBInstanceIdentifier="a", EnablePerformanceInsights=False)
    assert shown() == {"PerformanceInsightsEnabled": False}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"EnablePerformanceInsights": True, "PerformanceInsightsRetentionPeriod": 30}, "InvalidParameterValue"),
        ({"PerformanceInsightsRetentionPeriod": 31}, "InvalidParameterCombination"),
        ({"EnablePerformanceInsights": True, "PerformanceInsightsKMSKeyId": "nope"}, "KMSKeyNotAccessibleFault"),
    ],
)
def test_settings_of_performance_insights_that_there_are_not(rds: Account, more: dict[str, Any], code: str) -> None:
    with pytest.raises(AwsError, match=code):
        rds.instance("a", **more)
