"""The Data API: SQL over HTTPS in a cluster of its own kind, from typed values to a failover in between."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control.context import Origin
from fogbank.planes.net import probe
from fogbank.testing import TestCloud
from fogbank.testing.databases import PASSWORD, Rds, real, real_proxies, soon
from fogbank.testing.network import Network
from fogbank.testing.refused import refused


class DataApi:
    """A cluster `c` whose Data API is on, and its master's secret."""

    def __init__(self, rds: Rds, members: int = 1, cluster: str = "c") -> None:
        self.rds = rds
        self.cluster = rds.cluster(cluster, members=members, EnableHttpEndpoint=True)
        self.who = {
            "resourceArn": self.cluster["DBClusterArn"],
            "secretArn": self.secret(f"{cluster}-master", "ann", PASSWORD),
        }

    def secret(self, name: str, user: str, password: str) -> str:
        made = self.call(
            "secretsmanager",
            "CreateSecret",
            Name=name,
            SecretString=json.dumps({"username": user, "password": password}),
        )
        return str(made["ARN"])

    def call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        return self.rds.cloud.call(service, operation, params, caller=self.rds.caller, region="us-east-1")

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.call("rds-data", operation, **{"database": "postgres", **self.who, **params})

    def sql(self, statement: str, parameters: Any = (), **more: Any) -> dict[str, Any]:
        return self("ExecuteStatement", sql=statement, parameters=list(parameters), **more)

    def values(self, statement: str, parameters: Any = (), **more: Any) -> list[Any]:
        """The values of the first row."""
        return [one for field in self.sql(statement, parameters, **more)["records"][0] for one in field.values()]

    def begin(self) -> str:
        return str(self("BeginTransaction")["transactionId"])

    def end(self, operation: str, transaction: str) -> str:
        return str(self.call("rds-data", operation, **self.who, transactionId=transaction)["transactionStatus"])

    def start(self, statement: str, **more: Any) -> asyncio.Task[Any]:
        """A statement that is on its way."""
        params = {"database": "postgres", **self.who, "sql": statement, **more}
        cloud = self.rds.cloud.cloud
        work = cloud.call("rds-data", "ExecuteStatement", params, caller=self.rds.caller, region="us-east-1")

        async def begun() -> asyncio.Task[Any]:
            task = asyncio.ensure_future(work)
            # Once round the loop: as far as the server.
            await asyncio.sleep(0)
            return task

        task: asyncio.Task[Any] = self.rds.cloud.run(begun())
        soon(lambda: self.running(statement), 1)
        return task

    def running(self, statement: str) -> int:
        """How many sessions of people are at a statement now."""
        asked = f"SELECT count(*) FROM pg_stat_activity WHERE query = '{statement}' AND state = 'active'"
        return int(self.rds.inside(f"{self.cluster['DBClusterIdentifier']}-1", asked)[0][0])


@pytest.fixture(scope="module")
def shared() -> Iterator[DataApi]:
    """One cluster for all tests that do it no harm, in a cloud whose time they may move."""
    cloud = TestCloud(databases=real, proxies=real_proxies, is_running=True)
    try:
        yield DataApi(Rds(cloud))
    finally:
        cloud.close()


@pytest.fixture
def api(shared: DataApi) -> DataApi:
    """The cluster, without tables of other tests."""
    shared.sql("DROP SCHEMA public CASCADE")
    shared.sql("CREATE SCHEMA public")
    return shared


@pytest.fixture
def network() -> Iterator[Network]:
    mode, reason = probe.found(os.environ.get("FOGBANK_NETWORK", "auto"))
    if mode == "plain":
        pytest.skip(f"no network namespaces here: {reason}")
    found = Network(mode, databases=real, proxies=real_proxies)
    yield found
    found.close()


def parameter(name: str, hint: str = "", **value: Any) -> dict[str, Any]:
    return {"name": name, "value": value} | ({"typeHint": hint} if hint else {})


ROUND_TRIPS = [
    ("bool", parameter("v", booleanValue=True), {"booleanValue": True}),
    ("int2", parameter("v", longValue=-7), {"longValue": -7}),
    ("int4", parameter("v", longValue=7), {"longValue": 7}),
    ("int8", parameter("v", longValue=2**62), {"longValue": 2**62}),
    ("float8", parameter("v", doubleValue=0.1), {"doubleValue": 0.1}),
    ("numeric(9,3)", parameter("v", "DECIMAL", stringValue="12.50"), {"stringValue": "12.500"}),
    ("text", parameter("v", stringValue="ün'd"), {"stringValue": "ün'd"}),
    ("varchar(9)", parameter("v", stringValue=""), {"stringValue": ""}),
    ("bytea", parameter("v", blobValue=b"\x00\xff\\"), {"blobValue": b"\x00\xff\\"}),
    ("date", parameter("v", "DATE", stringValue="2026-02-28"), {"stringValue": "2026-02-28"}),
    ("time", parameter("v", "TIME", stringValue="23:59:59.5"), {"stringValue": "23:59:59.5"}),
    (
        "timestamp",
        parameter("v", "TIMESTAMP", stringValue="2026-02-28 01:02:03.123"),
        {"stringValue": "2026-02-28 01:02:03.123"},
    ),
    (
        "timestamptz",
        parameter("v", "TIMESTAMP", stringValue="2026-02-28 01:02:03"),
        {"stringValue": "2026-02-28 01:02:03"},
    ),
    ("jsonb", parameter("v", "JSON", stringValue='{"a": 1}'), {"stringValue": '{"a": 1}'}),
    (
        "uuid",
        parameter("v", "UUID", stringValue="6f2b0c1e-8d7a-4f5e-9b3c-0123456789ab"),
        {"stringValue": "6f2b0c1e-8d7a-4f5e-9b3c-0123456789ab"},
    ),
    ("text", parameter("v", isNull=True), {"isNull": True}),
]


@pytest.mark.parametrize(("kind", "given", "found"), ROUND_TRIPS)
def test_a_value_comes_back_as_it_went(api: DataApi, kind: str, given: dict[str, Any], found: dict[str, Any]) -> None:
    api.sql(f"CREATE TABLE t (v {kind})")
    assert api.sql("INSERT INTO t VALUES (:v)", [given])["numberOfRecordsUpdated"] == 1
    assert api.sql("SELECT v FROM t")["records"] == [[found]]


def test_arrays_enums_and_what_cannot_be_told(api: DataApi) -> None:
    api.sql("CREATE TYPE mood AS ENUM ('sad', 'very happy')")
    assert api.values("SELECT ARRAY[1, NULL, 3]") == [{"longValues": [1, None, 3]}]
    assert api.values("SELECT ARRAY['a,b', 'say \"x\"', NULL]::text[]") == [{"stringValues": ["a,b", 'say "x"', None]}]
    assert api.values("SELECT '{}'::bool[]") == [{"booleanValues": []}]
    assert api.values("SELECT 'very happy'::mood, ARRAY['sad', 'very happy']::mood[]") == [
        "very happy",
        {"stringValues": ["sad", "very happy"]},
    ]
    for what, name in (("'1 day'::interval", "INTERVAL"), ("'x'::\"char\"", '"CHAR"'), ("'(1,2)'::point", "POINT")):
        with refused("UnsupportedResultException", f"unsupported data type {name}"):
            api.sql(f"SELECT {what}")
    with refused("UnsupportedResultException", "NaN and Infinity"):
        api.sql("SELECT 'NaN'::float8")
    assert api.values("SELECT '1 day'::interval::text") == ["1 day"]


def test_metadata_tells_where_columns_come_from(api: DataApi) -> None:
    api.sql("CREATE TABLE t (id serial PRIMARY KEY, price numeric(9,2), note varchar(20))")
    found = api.sql("SELECT id, price, note AS n, 1 + 1 AS two FROM t", includeResultMetadata=True)
    assert found["records"] == []
    told = [
        [one[key] for key in ("name", "typeName", "tableName", "schemaName", "nullable", "precision", "scale")]
        for one in found["columnMetadata"]
    ]
    assert told == [
        ["id", "serial", "t", "public", 0, 10, 0],
        ["price", "numeric", "t", "public", 1, 9, 2],
        ["n", "varchar", "t", "public", 1, 20, 0],
        ["two", "int4", "", "", 2, 10, 0],
    ]
    assert [one["isAutoIncrement"] for one in found["columnMetadata"]] == [True, False, False, False]
    assert "columnMetadata" not in api.sql("SELECT 1")


def test_rows_as_json_and_numbers_as_asked(api: DataApi) -> None:
    found = api.sql("SELECT 1 AS a, 2.50 AS b, NULL AS c, 'x' AS d, ARRAY[1,2] AS e", formatRecordsAs="JSON")
    assert "records" not in found
    assert json.loads(found["formattedRecords"]) == [{"a": 1, "b": 2.5, "c": None, "d": "x", "e": [1, 2]}]
    options = {"decimalReturnType": "DOUBLE_OR_LONG", "longReturnType": "STRING"}
    assert api.values("SELECT 1, 2::numeric, 2.5", resultSetOptions=options) == ["1", 2, 2.5]


def test_errors_are_the_servers_with_position_hint_and_sqlstate(api: DataApi) -> None:
    wanted = 'ERROR: relation "nothing" does not exist; Position: 15; SQLState: 42P01'
    with refused("DatabaseErrorException", wanted):
        api.sql("SELECT * FROM nothing")
    with refused("DatabaseErrorException", "Hint: No operator matches.*; Position: .*; SQLState: 42883"):
        api.sql("SELECT 1 WHERE 1 = :v", [parameter("v", stringValue="1")])
    with refused("DatabaseErrorException", "SQLState: 22021"):
        api.sql("SELECT :v", [parameter("v", stringValue="a\0b")])
    with refused("ValidationException", "Multistatements aren't supported"):
        api.sql("SELECT 1; SELECT 2")
    assert api.values("SELECT 1;") == [1]
    with refused("DatabaseErrorException", "COPY"):
        api.sql("COPY pg_class TO STDOUT")
    assert api.values("SELECT 1") == [1]


def test_a_result_has_a_megabyte_at_most(api: DataApi) -> None:
    assert len(api.values("SELECT repeat('x', 1000000)")[0]) == 1_000_000
    with refused("UnsupportedResultException", "The result exceeds the size limit 1 MB"):
        api.sql("SELECT repeat('x', 1000) FROM generate_series(1, 100000)")
    assert api.values("SELECT 1") == [1]


def test_a_transaction_is_seen_by_others_when_it_is_committed(api: DataApi) -> None:
    api.sql("CREATE TABLE t (a int)")
    transaction = api.begin()
    assert api.sql("INSERT INTO t VALUES (1)", transactionId=transaction)["numberOfRecordsUpdated"] == 1
    assert api.values("SELECT count(*) FROM t") == [0]
    assert api.values("SELECT count(*) FROM t", transactionId=transaction) == [1]
    assert api.end("CommitTransaction", transaction) == "Transaction Committed"
    assert api.values("SELECT count(*) FROM t") == [1]
    with refused("TransactionNotFoundException", "One previous call resulted in a termination"):
        api.end("CommitTransaction", transaction)


def test_a_transaction_that_is_rolled_back_leaves_nothing(api: DataApi) -> None:
    api.sql("CREATE TABLE t (a int)")
    transaction = api.begin()
    api.sql("INSERT INTO t VALUES (1)", transactionId=transaction)
    assert api.end("RollbackTransaction", transaction) == "Rollback Complete"
    assert api.values("SELECT count(*) FROM t") == [0]


def test_a_transaction_that_failed_cannot_be_committed(api: DataApi) -> None:
    api.sql("CREATE TABLE t (a int)")
    transaction = api.begin()
    api.sql("INSERT INTO t VALUES (1)", transactionId=transaction)
    for state in ("22012", "25P02"):
        with refused("DatabaseErrorException", f"SQLState: {state}"):
            api.sql("SELECT 1 / 0", transactionId=transaction)
    with refused("DatabaseErrorException", "SQLState: 25P02"):
        api.end("CommitTransaction", transaction)
    assert api.values("SELECT count(*) FROM t") == [0]


def test_a_transaction_that_is_left_alone_is_gone_after_three_minutes(api: DataApi) -> None:
    api.sql("CREATE TABLE t (a int)")
    kept, left = api.begin(), api.begin()
    api.sql("INSERT INTO t VALUES (1)", transactionId=left)
    api.rds.cloud.advance(100)
    api.sql("INSERT INTO t VALUES (2)", transactionId=kept)
    api.rds.cloud.advance(100)
    with refused("TransactionNotFoundException", "may be expired"):
        api.end("CommitTransaction", left)
    api.end("CommitTransaction", kept)
    assert api.sql("SELECT a FROM t")["records"] == [[{"longValue": 2}]]


def test_a_transaction_is_a_day_old_at_most(api: DataApi) -> None:
    transaction = api.begin()
    for _ in range(24 * 3600 // 170):
        api.sql("SELECT 1", transactionId=transaction)
        api.rds.cloud.advance(170)
    with refused("TransactionNotFoundException", "may be expired"):
        for _ in range(3):
            api.rds.cloud.advance(170)
            api.sql("SELECT 1", transactionId=transaction)


def test_a_transaction_belongs_to_its_secret_and_takes_one_call_at_a_time(api: DataApi) -> None:
    transaction = api.begin()
    other = api.secret("other", "ann", PASSWORD)
    with refused("TransactionNotFoundException"):
        api.sql("SELECT 1", transactionId=transaction, secretArn=other)
    task = api.start("SELECT pg_sleep(60)", transactionId=transaction)
    with refused("DatabaseErrorException", "Transaction is still running a query"):
        api.sql("SELECT 1", transactionId=transaction)
    api.rds.cloud.advance(46)
    with refused("StatementTimeoutException"):
        api.rds.cloud.run(task)
    api.end("RollbackTransaction", transaction)


def test_a_statement_that_takes_too_long_is_stopped_or_goes_on(api: DataApi) -> None:
    task = api.start("SELECT pg_sleep(61)")
    api.rds.cloud.advance(46)
    with refused("StatementTimeoutException", "timed out"):
        api.rds.cloud.run(task)
    soon(lambda: api.running("SELECT pg_sleep(61)"), 0)
    task = api.start("SELECT pg_sleep(62)", continueAfterTimeout=True)
    api.rds.cloud.advance(46)
    with refused("StatementTimeoutException", "timed out"):
        api.rds.cloud.run(task)
    assert api.running("SELECT pg_sleep(62)") == 1
    api.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(62)'")
    soon(lambda: api.running("SELECT pg_sleep(62)"), 0)


def test_a_batch_is_all_or_nothing(api: DataApi) -> None:
    api.sql("CREATE TABLE t (a int PRIMARY KEY)")
    sets = [[parameter("a", longValue=number)] for number in range(1000)]
    done = api("BatchExecuteStatement", sql="INSERT INTO t VALUES (:a)", parameterSets=sets)
    assert done["updateResults"] == [{"generatedFields": []}] * 1000
    more = [[parameter("a", longValue=number)] for number in (1000, 1001, 5)]
    with refused("DatabaseErrorException", "SQLState: 23505"):
        api("BatchExecuteStatement", sql="INSERT INTO t VALUES (:a)", parameterSets=more)
    assert api.values("SELECT count(*) FROM t") == [1000]


def test_sessions_are_shared_and_nothing_is_left_in_them(api: DataApi) -> None:
    first = api.values("SELECT pg_backend_pid()")
    api.sql("SET application_name = 'mine'")
    api.sql("CREATE TEMP TABLE t (a int)")
    assert api.values("SELECT pg_backend_pid()") == first
    assert api.values("SELECT current_setting('application_name') = 'mine', to_regclass('t') IS NULL") == [False, True]
    api.sql("BEGIN")
    open_ones = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
    soon(lambda: api.rds.inside("c-1", open_ones), [(0,)])
    api.rds.cloud.advance(61)
    ours = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'ann'"
    soon(lambda: api.rds.inside("c-1", ours), [(0,)])


def test_who_may_not_log_in_is_told_by_the_server(api: DataApi) -> None:
    wrong = api.secret("wrong", "ann", "not-her-password")
    with refused("DatabaseErrorException", 'password authentication failed for user "ann"; SQLState: 28P01'):
        api.sql("SELECT 1", secretArn=wrong)
    with refused("DatabaseErrorException", 'database "ann" does not exist; SQLState: 3D000'):
        api.call("rds-data", "ExecuteStatement", **api.who, sql="SELECT 1")
    api.sql("CREATE ROLE reader LOGIN PASSWORD 'read-only-1'")
    reader = api.secret("reader", "reader", "read-only-1")
    assert api.values("SELECT current_user::text", secretArn=reader) == ["reader"]


def test_a_password_that_changes_is_read_anew(api: DataApi) -> None:
    api.sql("CREATE ROLE turner LOGIN PASSWORD 'one-one-1'")
    secret = api.secret("turner", "turner", "one-one-1")
    assert api.values("SELECT 1", secretArn=secret) == [1]
    api.sql("ALTER ROLE turner PASSWORD 'two-two-2'")
    words = json.dumps({"username": "turner", "password": "two-two-2"})
    api.call("secretsmanager", "PutSecretValue", SecretId=secret, SecretString=words)
    assert api.values("SELECT 1", secretArn=secret) == [1]


def test_calls_of_many_come_side_by_side(api: DataApi) -> None:
    api.sql("CREATE TABLE t (a int)")
    cloud = api.rds.cloud.cloud

    async def story() -> list[Any]:
        params = [
            {"database": "postgres", **api.who, "sql": "INSERT INTO t VALUES (:a) RETURNING a",
             "parameters": [parameter("a", longValue=number)]}
            for number in range(60)
        ]  # fmt: skip
        calls = (
            cloud.call("rds-data", "ExecuteStatement", one, caller=api.rds.caller, region="us-east-1") for one in params
        )
        return await asyncio.gather(*calls)

    found = api.rds.cloud.run(story())
    assert [one["records"] for one in found] == [[[{"longValue": number}]] for number in range(60)]
    assert api.values("SELECT count(*), count(DISTINCT a) FROM t") == [60, 60]


def test_a_call_that_is_given_up_is_given_up_in_the_server(api: DataApi) -> None:
    task = api.start("SELECT pg_sleep(63)")
    task.cancel()
    soon(lambda: api.running("SELECT pg_sleep(63)"), 0)
    assert task.cancelled()
    assert api.values("SELECT 1") == [1]


def test_names_that_no_server_takes_are_refused(api: DataApi) -> None:
    with refused("ValidationException"):
        api.sql("SELECT 1", database="a\0b")
    with refused("DatabaseErrorException", "SQLState: 22021"):
        api.sql("SELECT '\0'")


def test_a_call_from_within_a_vpc_comes_in_by_the_same_door(network: Network) -> None:
    api = DataApi(Rds(network.cloud, network))
    cloud, params = network.cloud.cloud, {**api.who, "database": "postgres", "sql": "SELECT 7 AS a"}
    origin = Origin("one", source_ip="10.0.0.7", vpc=api.rds.shown("c-1")["DBSubnetGroup"]["VpcId"])
    work = cloud.call("rds-data", "ExecuteStatement", params, caller=api.rds.caller, region="us-east-1", origin=origin)
    assert network.cloud.run(work)["records"] == [[{"longValue": 7}]]


def test_after_a_failover_statements_go_to_the_new_writer(rds: Rds) -> None:
    api = DataApi(rds, members=2, cluster="f")
    api.sql("CREATE TABLE t (a int)")
    transaction = api.begin()
    api.sql("INSERT INTO t VALUES (1)", transactionId=transaction)
    api.sql("INSERT INTO t VALUES (2)")
    rds.kill("f-1")

    def write() -> object:
        try:
            return api.sql("INSERT INTO t VALUES (3)")["numberOfRecordsUpdated"]
        except AwsError as error:
            assert error.code in ("DatabaseUnavailableException", "DatabaseErrorException"), error
            return error.code

    soon(write, 1)
    _refused_soon(lambda: api.end("CommitTransaction", transaction), "TransactionNotFoundException")
    assert api.sql("SELECT a FROM t ORDER BY a")["records"] == [[{"longValue": 2}], [{"longValue": 3}]]
    rds("DisableHttpEndpoint", ResourceArn=api.who["resourceArn"])
    with refused("HttpEndpointNotEnabledException", "HttpEndpoint is not enabled for resource arn:"):
        api.sql("SELECT 1")


def _refused_soon(ask: Callable[[], object], code: str) -> None:
    """The first call after its server died may say that the server is gone; what it held is gone with it."""

    def told() -> object:
        try:
            return ask()
        except AwsError as error:
            return error.code

    soon(told, code)
