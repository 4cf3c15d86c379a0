"""Performance Insights by its API, of minutes that a test says; and what is decided without a cloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control import caller as callers
from fogbank.control import insight
from fogbank.control.caller import Caller
from fogbank.control.insight import Load, Minute
from fogbank.services.pi import rules
from fogbank.testing import START, TestCloud

SLEEP, FIND = "SELECT pg_sleep(5)", "SELECT * FROM t WHERE id = 7"
MADE = {
    "DBInstanceIdentifier": "a",
    "Engine": "postgres",
    "DBInstanceClass": "db.t3.micro",
    "MasterUsername": "ann",
    "MasterUserPassword": "correct-horse-9",
}
NOW = START // 60 * 60


def load(wait: str, text: str, count: int, user: str = "ann", host: str = "10.0.0.1") -> Load:
    kind = wait.partition(":")[0]
    return Load(kind, wait, insight.statement_id(text) if text else "", user, host, "psql", "shop", count)


class Insights:
    """An instance with Performance Insights, and minutes of it that are made up."""

    def __init__(self, cloud: TestCloud, *, is_on: bool = True) -> None:
        self.cloud = cloud
        made = cloud.call("rds", "CreateDBInstance", {**MADE, "EnablePerformanceInsights": is_on})["DBInstance"]
        self.id = str(made["DbiResourceId"])
        cloud.run(cloud.cloud.settled())

    def minute(self, *loads: Load, looks: int = 60, days: float = 7, **counters: float) -> None:
        """What was seen in a minute, which is over now."""
        self.cloud.advance(60)
        ctx = self.cloud.cloud.context("rds", "look", callers.root("000000000000"))
        with ctx.begin():
            seen = Minute(looks, loads, {name.replace("__", "."): value for name, value in counters.items()})
            insight.put(ctx, self.id, seen, [SLEEP, FIND, FIND.replace("7", "8")], days * 86_400)

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.cloud.call("pi", operation, {"ServiceType": "RDS", "Identifier": self.id, **params})

    def metrics(self, *queries: Mapping[str, Any], **more: Any) -> list[dict[str, Any]]:
        window = {"StartTime": NOW, "EndTime": self.cloud.clock.now() + 60, "PeriodInSeconds": 60}
        found: list[dict[str, Any]]
        found = self("GetResourceMetrics", MetricQueries=list(queries), **{**window, **more})["MetricList"]
        return found

    def keys(self, group: str, **more: Any) -> dict[str, Any]:
        window = {"StartTime": NOW, "EndTime": self.cloud.clock.now() + 60, "Metric": "db.load.avg"}
        return self("DescribeDimensionKeys", GroupBy={"Group": group}, **{**window, **more})


@pytest.fixture
def pi(cloud: TestCloud) -> Insights:
    return Insights(cloud)


def values(row: Mapping[str, Any]) -> list[float]:
    return [one["Value"] for one in row["DataPoints"]]


def test_the_load_is_the_average_of_the_active_sessions(pi: Insights) -> None:
    pi.minute(load("CPU", FIND, 30), load("Lock:tuple", FIND, 60))
    pi.minute()
    [row] = pi.metrics({"Metric": "db.load.avg"})
    assert row["Key"] == {"Metric": "db.load.avg"}
    assert values(row) == [1.5, 0.0]
    assert [one["Timestamp"] for one in row["DataPoints"]] == [NOW + 60, NOW + 120], "the ends of the periods"
    [row] = pi.metrics({"Metric": "db.load.avg"}, PeriodAlignment="START_TIME")
    assert [one["Timestamp"] for one in row["DataPoints"]] == [NOW, NOW + 60]


def test_a_minute_in_which_nobody_looked_has_no_point(pi: Insights) -> None:
    pi.minute(looks=0)
    assert [values(row) for row in pi.metrics({"Metric": "db.load.avg"})] == [[]]


def test_the_load_by_wait_event(pi: Insights) -> None:
    pi.minute(load("CPU", FIND, 30), load("Lock:transactionid", FIND, 60), load("Lock:transactionid", SLEEP, 30))
    query = {"Metric": "db.load.avg", "GroupBy": {"Group": "db.wait_event"}}
    whole, lock, cpu = pi.metrics(query)
    assert values(whole) == [2.0]
    assert lock["Key"]["Dimensions"] == {"db.wait_event.name": "Lock:transactionid", "db.wait_event.type": "Lock"}
    assert (values(lock), values(cpu)) == ([1.5], [0.5])
    assert len(pi.metrics({**query, "GroupBy": {"Group": "db.wait_event", "Limit": 1}})) == 2
    [one] = pi.metrics({"Metric": "db.load.avg", "Filter": {"db.wait_event_type.name": "CPU"}})
    assert values(one) == [0.5]


def test_statements_that_differ_in_their_values_are_one_digest(pi: Insights) -> None:
    pi.minute(load("CPU", FIND, 30), load("CPU", FIND.replace("7", "8"), 30), load("Timeout:PgSleep", SLEEP, 15))
    found = pi.keys("db.sql_tokenized")["Keys"]
    assert [(one["Dimensions"]["db.sql_tokenized.statement"], one["Total"]) for one in found] == [
        ("SELECT * FROM t WHERE id = ?", 1.0),
        ("SELECT pg_sleep(?)", 0.25),
    ]
    assert len(pi.keys("db.sql")["Keys"]) == 3
    identifier = found[0]["Dimensions"]["db.sql_tokenized.id"]
    [told] = pi("GetDimensionKeyDetails", Group="db.sql_tokenized", GroupIdentifier=identifier)["Dimensions"]
    assert (told["Value"], told["Status"]) == ("SELECT * FROM t WHERE id = ?", "AVAILABLE")
    asked = {"GroupIdentifier": insight.statement_id(SLEEP), "RequestedDimensions": ["statement"]}
    [told] = pi("GetDimensionKeyDetails", Group="db.sql", **asked)["Dimensions"]
    assert told == {"Value": SLEEP, "Dimension": "db.sql.statement", "Status": "AVAILABLE"}
    [told] = pi("GetDimensionKeyDetails", Group="db.sql", GroupIdentifier="0" * 40)["Dimensions"]
    assert told["Status"] == "UNAVAILABLE"


def test_sessions_that_were_too_many_to_tell_apart_have_no_statement(pi: Insights) -> None:
    pi.minute(load("CPU", FIND, 30), Load("CPU", "CPU", "", "", "", "", "", 60))
    assert [one["Total"] for one in pi.keys("db.wait_event")["Keys"]] == [1.5]
    assert [one["Total"] for one in pi.keys("db.sql")["Keys"]] == [0.5]


def test_keys_are_divided_by_another_dimension(pi: Insights) -> None:
    pi.minute(load("CPU", FIND, 30), load("CPU", FIND, 60, user="bob"), load("Lock:tuple", FIND, 60, user="bob"))
    found = pi.keys("db.user", PartitionBy={"Group": "db.wait_event_type"})
    assert [one["Dimensions"] for one in found["PartitionKeys"]] == [
        {"db.wait_event_type.name": "CPU"},
        {"db.wait_event_type.name": "Lock"},
    ]
    assert [(one["Dimensions"]["db.user.name"], one["Partitions"]) for one in found["Keys"]] == [
        ("bob", [1.0, 1.0]),
        ("ann", [0.5, 0.0]),
    ]


def test_keys_come_in_pages(pi: Insights) -> None:
    pi.minute(*(load("CPU", FIND, number + 1, user=f"u{number}") for number in range(5)))
    first = pi.keys("db.user", MaxResults=3)
    rest = pi.keys("db.user", MaxResults=3, NextToken=first["NextToken"])
    names = [one["Dimensions"]["db.user.name"] for one in first["Keys"] + rest["Keys"]]
    assert names == ["u4", "u3", "u2", "u1", "u0"] and "NextToken" not in rest
    with pytest.raises(AwsError, match="InvalidArgumentException"):
        pi.keys("db.user", NextToken="nonsense")


def test_counters_and_their_statistics(pi: Insights) -> None:
    for number in (1.0, 2.0, 6.0):
        pi.minute(db__Transactions__xact_commit=number)
    names = [f"db.Transactions.xact_commit.{one}" for one in ("avg", "min", "max", "sum", "sample_count")]
    found = pi.metrics(*({"Metric": name} for name in names), PeriodInSeconds=300)
    assert [values(row) for row in found] == [[3.0], [1.0], [6.0], [9.0], [3.0]]
    assert [values(row) for row in pi.metrics({"Metric": "os.cpuUtilization.total.avg"})] == [[]]


def test_what_is_older_than_it_is_kept_is_gone(pi: Insights) -> None:
    pi.minute(load("CPU", FIND, 60))
    pi.cloud.advance(86_400)
    pi.minute(load("CPU", FIND, 60), days=1)
    [row] = pi.metrics({"Metric": "db.load.avg"}, PeriodInSeconds=3600)
    assert len(row["DataPoints"]) == 1


def test_what_can_be_asked_for(pi: Insights) -> None:
    [found] = pi("ListAvailableResourceDimensions", Metrics=["db.load"])["MetricDimensions"]
    groups = {one["Group"]: [each["Identifier"] for each in one["Dimensions"]] for one in found["Groups"]}
    assert groups["db.wait_event"] == ["db.wait_event.name", "db.wait_event.type"] and groups["db"] == ["db.name"]
    listed = pi("ListAvailableResourceMetrics", MetricTypes=["os", "db"])["Metrics"]
    assert {"os.cpuUtilization.total", "db.Transactions.xact_commit"} <= {one["Metric"] for one in listed}
    only = pi("ListAvailableResourceMetrics", MetricTypes=["os"])["Metrics"]
    assert all(one["Metric"].startswith("os.") for one in only)
    for one in listed:
        pi.metrics({"Metric": f"{one['Metric']}.avg"})
    told = pi("GetResourceMetadata")
    assert (told["Identifier"], list(told["Features"])) == (pi.id, ["SQL_DIGEST_STATISTICS"])


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"Identifier": "db-NOBODY"}, "db-NOBODY is not valid"),
        ({"ServiceType": "DOCDB"}, "DOCDB"),
        ({"MetricQueries": [{"Metric": "db.load"}]}, "not a known metric"),
        ({"MetricQueries": [{"Metric": "db.load.max"}]}, "not a known metric"),
        ({"MetricQueries": [{"Metric": "db.Nothing.at_all.avg"}]}, "not a known metric"),
        ({"MetricQueries": [{"Metric": "db.load.avg", "GroupBy": {"Group": "db.moon"}}]}, "db.moon"),
        ({"MetricQueries": [{"Metric": "db.load.avg", "Filter": {"db.moon": "x"}}]}, "db.moon"),
        (
            {"MetricQueries": [{"Metric": "db.IO.blks_read.avg", "GroupBy": {"Group": "db.user"}}]},
            "has no dimensions",
        ),
        ({"PeriodInSeconds": 7}, "not valid"),
        ({"EndTime": NOW - 1}, "later than"),
    ],
)
def test_what_there_is_not(pi: Insights, more: dict[str, Any], said: str) -> None:
    with pytest.raises(AwsError, match="InvalidArgumentException") as error:
        pi("GetResourceMetrics", **{"StartTime": NOW, "EndTime": NOW + 60, "MetricQueries": [], **_asking(), **more})
    assert said in error.value.message


def _asking() -> dict[str, Any]:
    return {"MetricQueries": [{"Metric": "db.load.avg"}]}


def test_seconds_have_no_code(pi: Insights) -> None:
    with pytest.raises(AwsError, match="NotImplemented"):
        pi.metrics({"Metric": "db.load.avg"}, PeriodInSeconds=1)


def test_an_instance_without_performance_insights_has_none(cloud: TestCloud) -> None:
    pi = Insights(cloud, is_on=False)
    with pytest.raises(AwsError, match="InvalidArgumentException: Performance Insights is not enabled"):
        pi.metrics({"Metric": "db.load.avg"})


def test_a_policy_names_the_instances_whose_insights_may_be_read(pi: Insights) -> None:
    statement = {"Effect": "Allow", "Action": "pi:List*", "Resource": f"arn:aws:pi:*:*:metrics/rds/{pi.id}"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    pi.cloud.call("iam", "CreateUser", {"UserName": "eve"})
    pi.cloud.call("iam", "PutUserPolicy", {"UserName": "eve", "PolicyName": "p", "PolicyDocument": document})
    user = pi.cloud.call("iam", "GetUser", {"UserName": "eve"})["User"]
    principal = Principal(arn=user["Arn"], account="000000000000", kind="user", user_id=user["UserId"])
    eve = Caller(principal=principal, enforced=True)
    asked = {"ServiceType": "RDS", "Identifier": pi.id, "MetricTypes": ["os"]}
    assert pi.cloud.call("pi", "ListAvailableResourceMetrics", asked, caller=eve)["Metrics"]
    with pytest.raises(AwsError, match="AccessDenied"):
        pi.cloud.call("pi", "ListAvailableResourceMetrics", {**asked, "Identifier": "db-OTHER"}, caller=eve)
    with pytest.raises(AwsError, match="AccessDenied"):
        pi.cloud.call("pi", "GetResourceMetadata", {"ServiceType": "RDS", "Identifier": pi.id}, caller=eve)


@pytest.mark.parametrize(
    ("statement", "common"),
    [
        ("SELECT 1", "SELECT ?"),
        ("SELECT  *\n FROM t2 WHERE a='it''s' AND b = 1.5e3", "SELECT * FROM t2 WHERE a=? AND b = ?"),
        ("UPDATE t SET c1 = $1 WHERE id = $2", "UPDATE t SET c1 = ? WHERE id = ?"),
        ("SELECT $$a 'b' 1$$, $x$ 2 $x$", "SELECT ?, ?"),
        ('SELECT "c 1" FROM v8', 'SELECT "c 1" FROM v8'),
        ("INSERT INTO t VALUES (1, 'a'), (2, NULL)", "INSERT INTO t VALUES (?, ?), (?, NULL)"),
    ],
)
def test_a_statement_without_its_values(statement: str, common: str) -> None:
    assert rules.tokenized(statement) == common


def test_a_period_is_chosen_for_about_two_hundred_points() -> None:
    assert [rules.span(0, seconds, None).period for seconds in (3600, 43_200, 86_400 * 6, 86_400 * 60)] == [
        60, 300, 3600, 86_400,
    ]  # fmt: skip
    assert rules.span(61, 119, 60) == (60, 120, 60)
