"""What CloudWatch and Performance Insights are told of real servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg

from fogbank.planes.engines.engine import until
from fogbank.planes.engines.postgresql.node import Postgres
from fogbank.testing.databases import PASSWORD, REGION, Rds, soon

DAY = 86_400.0
_PATIENCE_SECONDS = 60.0


class Cloudwatch:
    """What CloudWatch has of an account's databases."""

    def __init__(self, rds: Rds) -> None:
        self.rds = rds

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        rds = self.rds
        found: dict[str, Any] = rds.cloud.call("cloudwatch", operation, params, region=REGION, caller=rds.caller)
        return found

    def passes(self) -> None:
        """Have two minutes go by, so that all that was so is told."""
        self.rds.cloud.advance(120)

    def last(self, metric: str, stat: str = "Maximum", **dimensions: str) -> float | None:
        """The last value of a metric, None for one that there is not."""
        now = self.rds.cloud.clock.now()
        which = [{"Name": name, "Value": value} for name, value in dimensions.items()]
        query = {"Namespace": "AWS/RDS", "MetricName": metric, "Dimensions": which}
        asked = {"Id": "q", "MetricStat": {"Metric": query, "Period": 60, "Stat": stat}}
        found = self("GetMetricData", MetricDataQueries=[asked], StartTime=now - DAY, EndTime=now + 60)
        values = found["MetricDataResults"][0]["Values"]
        return float(values[0]) if values else None

    def of(self, metric: str, identifier: str) -> float | None:
        """The last value of a metric of an instance, after a while."""
        self.passes()
        return self.last(metric, DBInstanceIdentifier=identifier)


def connected(endpoint: dict[str, Any]) -> psycopg.Connection[Any]:
    login = {"user": "ann", "password": PASSWORD, "dbname": "postgres", "connect_timeout": 5}
    return psycopg.connect(host=endpoint["Address"], port=endpoint["Port"], autocommit=True, **login)


def test_connections_are_counted_and_an_alarm_fires(rds: Rds) -> None:
    cloudwatch, endpoint = Cloudwatch(rds), rds.instance("first")["Endpoint"]
    dimension = {"Name": "DBInstanceIdentifier", "Value": "first"}
    cloudwatch(
        "PutMetricAlarm",
        AlarmName="many",
        Namespace="AWS/RDS",
        MetricName="DatabaseConnections",
        Dimensions=[dimension],
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=2,
        ComparisonOperator="GreaterThanThreshold",
    )

    def state() -> str:
        return str(cloudwatch("DescribeAlarms")["MetricAlarms"][0]["StateValue"])

    soon(lambda: cloudwatch.of("DatabaseConnections", "first"), 0.0)
    soon(state, "OK")
    sessions = [connected(endpoint) for _ in range(3)]
    try:
        soon(lambda: cloudwatch.of("DatabaseConnections", "first"), 3.0)
        rds.cloud.advance(120)
        soon(state, "ALARM")
    finally:
        for one in sessions:
            one.close()
    soon(lambda: cloudwatch.of("DatabaseConnections", "first"), 0.0)


def test_what_a_server_has_and_does(rds: Rds) -> None:
    cloudwatch, endpoint = Cloudwatch(rds), rds.instance("first")["Endpoint"]
    before = cloudwatch.of("FreeStorageSpace", "first")
    assert before is not None and 19 << 30 < before < 20 << 30
    rds.sql(endpoint, "CREATE TABLE t AS SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g")
    after = cloudwatch.of("FreeStorageSpace", "first")
    assert after is not None and before - after > 10_000_000
    for metric in ("CPUUtilization", "FreeableMemory", "TransactionLogsDiskUsage", "TransactionLogsGeneration"):
        assert (cloudwatch.last(metric, DBInstanceIdentifier="first") or 0) > 0, metric
    assert cloudwatch.last("EngineUptime", DBInstanceIdentifier="first") is None, "only Aurora tells it"


def test_a_replica_that_has_applied_all_is_not_late_and_one_that_has_not_is(rds: Rds) -> None:
    cloudwatch, endpoint = Cloudwatch(rds), rds.instance("first")["Endpoint"]
    rds("CreateDBInstanceReadReplica", DBInstanceIdentifier="copy", SourceDBInstanceIdentifier="first")
    rds.sql(endpoint, "CREATE TABLE t (a int)")
    soon(lambda: cloudwatch.of("ReplicaLag", "copy"), 0.0)
    assert cloudwatch.last("ReplicaLag", DBInstanceIdentifier="first") is None
    rds.inside("copy", "SELECT pg_wal_replay_pause()")
    rds.sql(endpoint, "INSERT INTO t VALUES (1)")
    soon(lambda: (cloudwatch.of("ReplicaLag", "copy") or 0) > 0, True)
    rds.inside("copy", "SELECT pg_wal_replay_resume()")
    soon(lambda: cloudwatch.of("ReplicaLag", "copy"), 0.0)


def test_a_reader_is_as_late_as_its_cluster_asks_for(rds: Rds) -> None:
    cloudwatch = Cloudwatch(rds)
    rds.cluster("c", members=2)
    writer = rds.shown("c-1")["Endpoint"]
    rds.sql(writer, "CREATE TABLE t (a int)")

    def lag() -> float:
        rds.sql(writer, "INSERT INTO t VALUES (1)")
        soon(lambda: applied(), True)
        return cloudwatch.of("AuroraReplicaLag", "c-2") or 0.0

    def applied() -> bool:
        (row,) = rds.inside("c-1", "SELECT bool_and(replay_lsn >= pg_current_wal_lsn()) FROM pg_stat_replication")
        return bool(row[0])

    soon(lambda: 5 < lag() < 250, True)
    assert cloudwatch.last("AuroraReplicaLag", DBInstanceIdentifier="c-1") is None
    assert cloudwatch.last("AuroraReplicaLagMaximum", DBClusterIdentifier="c") is not None
    arn = rds.shown_cluster("c")["DBClusterArn"]
    rds("AddTagsToResource", ResourceName=arn, Tags=[{"Key": "fogbank:replica-lag", "Value": "300ms"}])
    soon(lambda: lag() >= 290, True)
    assert (cloudwatch.last("EngineUptime", DBInstanceIdentifier="c-2") or 0) > 0
    assert (cloudwatch.last("VolumeBytesUsed", DBClusterIdentifier="c") or 0) > 10_000_000


def test_forwarded_statements_are_counted_for_the_reader_and_the_writer(rds: Rds) -> None:
    cloudwatch, shown = Cloudwatch(rds), rds.cluster("c", members=2, EnableLocalWriteForwarding=True)
    rds.sql(rds.shown("c-1")["Endpoint"], "CREATE TABLE t (a int)")
    reader = {"Address": shown["ReaderEndpoint"], "Port": shown["Port"]}
    cloudwatch.passes()

    async def forwarded() -> None:
        """A session that writes and reads its writes, until what is counted is told."""
        owner = f"rds/{shown['DbClusterResourceId']}"
        proxies = rds.cloud.cloud.proxies
        login = {"user": "ann", "password": PASSWORD, "dbname": "postgres"}
        where = {"host": reader["Address"], "port": reader["Port"]}
        async with await psycopg.AsyncConnection.connect(**where, **login, autocommit=True) as session:  # type: ignore[arg-type]
            for number in range(10):
                await session.execute("INSERT INTO t VALUES (%s)", (number,))
                await session.execute("SELECT count(*) FROM t")

            async def is_told() -> bool:
                return any(one.statements >= 10 for one in proxies.forwarded(owner).values())

            await until(is_told, _PATIENCE_SECONDS)
            (counted,) = proxies.forwarded(owner).values()
            assert (counted.statements, counted.commits, counted.sessions) == (10, 10, 1)
            assert counted.waits > 0 and counted.wait_seconds > 0 and counted.statement_seconds > 0
            await rds.cloud.cloud.advance(120)

    rds.cloud.run(forwarded())
    reads = {"DBInstanceIdentifier": "c-2"}
    for metric in ("DMLThroughput", "CommitThroughput", "DMLLatency", "ReadWaitLatency", "OpenSessions"):
        assert cloudwatch.last(f"AuroraForwardingReplica{metric}", **reads) is not None, metric
    assert peak(cloudwatch, "AuroraForwardingReplicaDMLThroughput", "c-2") > 0
    assert peak(cloudwatch, "AuroraLocalForwardingWriterDMLThroughput", "c-1") > 0
    assert peak(cloudwatch, "AuroraLocalForwardingWriterTotalSessions", "c-1") == 1


def peak(cloudwatch: Cloudwatch, metric: str, identifier: str) -> float:
    """The most that a metric of an instance has been."""
    now = cloudwatch.rds.cloud.clock.now()
    found = cloudwatch(
        "GetMetricStatistics",
        Namespace="AWS/RDS",
        MetricName=metric,
        Dimensions=[{"Name": "DBInstanceIdentifier", "Value": identifier}],
        StartTime=now - 3600,
        EndTime=now + 60,
        Period=60,
        Statistics=["Maximum"],
    )
    return max((float(one["Maximum"]) for one in found["Datapoints"]), default=0.0)


def test_what_sessions_wait_for_is_seen(rds: Rds) -> None:
    shown = rds.instance("first", EnablePerformanceInsights=True)
    endpoint, resource = shown["Endpoint"], shown["DbiResourceId"]
    rds.sql(endpoint, "CREATE TABLE t AS SELECT 1 AS a")
    databases = rds.cloud.cloud.databases
    assert isinstance(databases, Postgres)
    node = rds.record("first").node

    def waits() -> set[str]:
        now = rds.cloud.clock.now()
        query = {"Metric": "db.load.avg", "GroupBy": {"Group": "db.wait_event"}}
        asked = {"StartTime": now - 3600, "EndTime": now + 60, "PeriodInSeconds": 60, "MetricQueries": [query]}
        found = pi(rds, "GetResourceMetrics", Identifier=resource, **asked)["MetricList"]
        return {one["Key"]["Dimensions"]["db.wait_event.name"] for one in found if "Dimensions" in one["Key"]}

    async def story() -> None:
        sleeping = asyncio.ensure_future(_run(endpoint, "SELECT pg_sleep(60)"))
        login = {"user": "ann", "password": PASSWORD, "dbname": "postgres"}
        where = {"host": endpoint["Address"], "port": endpoint["Port"]}
        async with await psycopg.AsyncConnection.connect(**where, **login) as holder:
            await holder.execute("UPDATE t SET a = 2")
            waiting = asyncio.ensure_future(_run(endpoint, "UPDATE t SET a = 3"))
            try:
                await until(_has_looked(databases, node), _PATIENCE_SECONDS)
                await rds.cloud.cloud.advance(60)
            finally:
                for one in (sleeping, waiting):
                    one.cancel()
                await asyncio.gather(sleeping, waiting, return_exceptions=True)

    rds.cloud.run(story())
    assert {"Timeout:PgSleep"} < waits()
    assert waits() & {"Lock:transactionid", "Lock:tuple"}
    now = rds.cloud.clock.now()
    asked = {"StartTime": now - 3600, "EndTime": now + 60, "Metric": "db.load.avg", "GroupBy": {"Group": "db.sql"}}
    keys = pi(rds, "DescribeDimensionKeys", Identifier=resource, **asked)["Keys"]
    assert {one["Dimensions"]["db.sql.statement"] for one in keys} >= {"SELECT pg_sleep(60)", "UPDATE t SET a = 3"}
    rds.cloud.advance(120)
    assert (peak(Cloudwatch(rds), "DBLoadNonCPU", "first")) > 0
    rds("ModifyDBInstance", DBInstanceIdentifier="first", EnablePerformanceInsights=False)
    assert databases.activity.looks(node) == 0, "nobody looks any longer"


def test_counters_of_performance_insights_are_the_servers(rds: Rds) -> None:
    shown = rds.instance("first", EnablePerformanceInsights=True)
    rds.cloud.advance(60)
    rds.sql(shown["Endpoint"], "CREATE TABLE t AS SELECT g FROM generate_series(1, 5000) g")

    def inserted() -> float:
        rds.cloud.advance(60)
        now = rds.cloud.clock.now()
        queries = [{"Metric": "db.SQL.tup_inserted.sum"}, {"Metric": "db.User.max_connections.max"}]
        asked = {"StartTime": now - 3600, "EndTime": now + 60, "PeriodInSeconds": 3600, "MetricQueries": queries}
        found = pi(rds, "GetResourceMetrics", Identifier=shown["DbiResourceId"], **asked)["MetricList"]
        assert found[1]["DataPoints"][0]["Value"] > 10
        return sum(one["Value"] for one in found[0]["DataPoints"])

    soon(lambda: inserted() > 0, True)


def _has_looked(databases: Postgres, node: str) -> Callable[[], Any]:
    before = databases.activity.looks(node)

    async def has_looked() -> bool:
        return databases.activity.looks(node) >= before + 3

    return has_looked


async def _run(endpoint: dict[str, Any], statement: str) -> None:
    login = {"user": "ann", "password": PASSWORD, "dbname": "postgres"}
    where = {"host": endpoint["Address"], "port": endpoint["Port"]}
    async with await psycopg.AsyncConnection.connect(**where, **login, autocommit=True) as session:
        await session.execute(statement.encode())


def pi(rds: Rds, operation: str, **params: Any) -> dict[str, Any]:
    asked = {"ServiceType": "RDS", **params}
    found: dict[str, Any] = rds.cloud.call("pi", operation, asked, region=REGION, caller=rds.caller)
    return found
