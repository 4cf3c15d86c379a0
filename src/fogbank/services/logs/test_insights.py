"""Insights: the language by value, and queries through the in-process cloud."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.logs.insights import Malformed, Run, parsed, shown
from fogbank.services.logs.insights.rows import Moment, Row
from fogbank.testing import START, TestCloud

NOW = int(START * 1000)
LINES = [
    {"level": "ERROR", "ms": 120, "user": {"name": "ann"}, "tags": ["a", "b"], "ip": "10.0.0.1"},
    {"level": "INFO", "ms": 30, "user": {"name": "bob"}, "tags": [], "ip": "10.0.1.1"},
    {"level": "ERROR", "ms": 60, "user": {"name": "bob"}, "ok": True, "ip": "192.168.0.1", "blank": "  "},
    {"level": "WARN", "ms": 10, "user": {"name": "cy"}, "text": "Hello World", "empty": ""},
]


def rows(query: str, lines: list[Any] | None = None, limit: int = 10_000) -> list[dict[str, str]]:
    """What a query makes of events that are one minute apart."""
    run = Run(parsed(query), limit)
    for number, line in enumerate(LINES if lines is None else lines):
        message = line if isinstance(line, str) else json.dumps(line)
        builtin = {"@timestamp": Moment(NOW + number * 60_000), "@message": message, "@ptr": f"p{number}"}
        run.add(Row({**builtin, "@logStream": "s", "@log": "0:g", "@ingestionTime": Moment(NOW)}))
    return [{name: shown(value) for name, value in row if name != "@ptr"} for row in run.results()]


def values(query: str, name: str = "x", lines: list[Any] | None = None) -> list[str | None]:
    return [row.get(name) for row in rows(query, lines)]


def test_the_default_shows_time_and_message_latest_first() -> None:
    found = rows("filter level = 'ERROR'")
    assert [json.loads(row["@message"])["ms"] for row in found] == [60, 120]
    assert found[0]["@timestamp"] == "2025-06-15 15:08:40.000"
    assert rows("fields @logStream, @log | limit 1") == [{"@logStream": "s", "@log": "0:g"}]


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("level = 'ERROR'", "120 60"),
        ("level != 'ERROR' and ms < 20", "10"),
        ("ms >= 30 and ms <= 60", "30 60"),
        ("not (level = 'ERROR' or level = \"WARN\")", "30"),
        ("user.name like 'o'", "30 60"),
        ("user.name like /^[ac]/", "120 10"),
        ("user.name not like /^[ac]/", "30 60"),
        ("level =~ /(?i)err/", "120 60"),
        ("level in ['WARN', 'INFO']", "30 10"),
        ("level not in ['WARN', 'INFO']", "120 60"),
        ("ms in [10, 30]", "30 10"),
        ("ispresent(ok)", "60"),
        ("ok = 1 and ok", "60"),
        ("isempty(empty) and ispresent(empty)", "10"),
        ("isblank(blank) and ispresent(blank)", "60"),
        ("tags.1 = 'b'", "120"),
        ("isIpInSubnet(ip, '10.0.0.0/16')", "120 30"),
        ("isIpv4InSubnet(ip, '10.0.0.0/24')", "120"),
        ("isValidIp(ip)", "120 30 60"),
        ("strcontains(text, 'World')", "10"),
        ("ms * 2 + 1 = 61", "30"),
        ("@message like 'ann'", "120"),
        ("missing > 1", ""),
        ("ms > '20' and ms < 100", "30 60"),
    ],
)
def test_filters(condition: str, names: str) -> None:
    assert " ".join(row["ms"] for row in rows(f"fields ms | filter {condition} | sort @timestamp asc")) == names


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("abs(0 - 3)", "3"),
        ("ceil(1.2) + floor(1.8)", "3"),
        ("greatest(1, 5, 3) - least(4, 2)", "3"),
        ("sqrt(16)", "4"),
        ("log(1)", "0"),
        ("2 ^ 3 ^ 2", "512"),
        ("7 % 4 - 1 / 4", "2.75"),
        ("-2 * (3 + 4)", "-14"),
        ("1 / 0", None),
        ("concat('a', 1, 'b')", "a1b"),
        ("strlen('abc')", "3"),
        ("toupper('aB')", "AB"),
        ("tolower('aB')", "ab"),
        ("substr('abcdef', 2)", "cdef"),
        ("substr('abcdef', 1, 2)", "bc"),
        ("replace('a.b.c', '.', '-')", "a-b-c"),
        ("trim('  x ')", "x"),
        ("ltrim('xxa', 'x')", "a"),
        ("rtrim('ayy', 'y')", "a"),
        ("coalesce(missing, 'y')", "y"),
        ("fromMillis(0)", "1970-01-01 00:00:00.000"),
        ("toMillis(@timestamp)", str(NOW)),
        ("datefloor(@timestamp, 1h)", "2025-06-15 15:00:00.000"),
        ("dateceil(@timestamp, 1h)", "2025-06-15 16:00:00.000"),
        ("bin(5m)", "2025-06-15 15:05:00.000"),
        ("ms / 7", "17.1429"),
        ("user.name", "ann"),
        ("tags", '["a","b"]'),
    ],
)
def test_functions(expression: str, value: str | None) -> None:
    assert values(f"fields {expression} as x", lines=LINES[:1]) == [value]


def test_stats() -> None:
    found = rows(
        "stats count(*) as n, sum(ms) as total, avg(ms), min(ms), max(ms), pct(ms, 50) as p50, stddev(ms) as sd,"
        " count_distinct(user.name) as people, earliest(ms) as first, latest(ms) as last,"
        " sortsFirst(level) as a, sortsLast(level) as z, sum(ms) / count(*) as mean, count(ok) as oks"
    )
    assert found == [
        {
            "n": "4",
            "total": "220",
            "avg(ms)": "55",
            "min(ms)": "10",
            "max(ms)": "120",
            "p50": "30",
            "sd": "47.9583",
            "people": "3",
            "first": "120",
            "last": "10",
            "a": "ERROR",
            "z": "WARN",
            "mean": "55",
            "oks": "1",
        }
    ]
    assert rows("stats count(*) by level | sort level asc") == [
        {"level": "ERROR", "count(*)": "2"},
        {"level": "INFO", "count(*)": "1"},
        {"level": "WARN", "count(*)": "1"},
    ]
    assert rows("stats sum(ms) as s by bin(2m) | sort s desc | limit 1") == [
        {"bin(2m)": "2025-06-15 15:06:00.000", "s": "150"}
    ]
    assert rows("filter level = 'NONE' | stats count(*) as n") == [{"n": "0"}]
    two = "stats count(*) as n by level | stats max(n) as most, count(*) as levels"
    assert rows(two) == [{"most": "2", "levels": "3"}]
    assert rows("stats count() as n by level | filter n > 1") == [{"level": "ERROR", "n": "2"}]


def test_sort_dedup_display_limit() -> None:
    assert values("fields ms as x | sort x desc") == ["120", "60", "30", "10"]
    assert values("fields ms as x | sort level asc, x asc") == ["60", "120", "30", "10"]
    assert values("fields level as x | sort ms asc | dedup level") == ["WARN", "INFO", "ERROR"]
    assert rows("fields ms, level | display level | sort ms asc | limit 2") == [{"level": "WARN"}, {"level": "INFO"}]
    assert len(rows("fields ms", limit=3)) == 3 and len(rows("fields ms | limit 2", limit=3)) == 2


def test_parse() -> None:
    lines = ["user=ann, took 12 ms", "user=bob, took 7 ms", "nothing"]
    query = "parse @message 'user=*, took * ms' as who, took | filter ispresent(who) | stats sum(took) as x"
    assert values(query, lines=lines) == ["19"]
    query = r"parse @message /user=(?<who>\w+)/ | stats count(*) as x by who | sort who asc"
    assert rows(query, lines) == [{"x": "1"}, {"who": "ann", "x": "1"}, {"who": "bob", "x": "1"}]
    assert values("parse 'took * ms' as x | sort x desc | display x", lines=lines)[0] == "12"


def test_large_runs_hold_few_rows() -> None:
    run = Run(parsed("sort n desc | fields n | limit 5"), 10_000)
    for number in range(20_000):
        run.add(Row({"@timestamp": number, "@message": f'{{"n": {number % 7919}}}', "@ptr": ""}))
    assert len(run._rows) < 3_000
    assert [dict(row)["n"] for row in run.results()] == [7918, 7918, 7917, 7917, 7916]


@pytest.mark.parametrize(
    ("query", "said", "start"),
    [
        ("nope", "unexpected symbol found nope at line 1 and position 1", 0),
        ("fields a | filter", "unexpected end of query at line 1 and position 18", 17),
        ("fields a,\n| limit 1", "unexpected symbol found | at line 2 and position 1", 10),
        ("filter a = = 1", "unexpected symbol found = at line 1 and position 12", 11),
        ("limit 0", "unexpected symbol found 0 at line 1 and position 7", 6),
        ("fields wrong(a)", "unknown function wrong", 7),
        ("filter a like /(/", "invalid regular expression", 14),
        ("parse @message '* *' as a", "as many names", 15),
        ("fields abs(1, 2)", "another number of arguments", 7),
        ("fields 'open", "unexpected symbol", 7),
    ],
)
def test_malformed_queries_say_where(query: str, said: str, start: int) -> None:
    with pytest.raises(Malformed) as caught:
        parsed(query)
    assert said in caught.value.message and caught.value.start == start


def test_functions_of_stats_stay_in_stats() -> None:
    for query in ("filter count(*) > 1", "stats level by ms", "fields sum(ms)"):
        with pytest.raises(Malformed):
            Run(parsed(query), 10)


# Through the cloud


@pytest.fixture
def filled(cloud: TestCloud) -> Any:
    logs = cloud.client("logs")
    logs("CreateLogGroup", logGroupName="g")
    logs("CreateLogStream", logGroupName="g", logStreamName="s")
    events = [{"timestamp": NOW - 1000 + number, "message": json.dumps(line)} for number, line in enumerate(LINES)]
    logs("PutLogEvents", logGroupName="g", logStreamName="s", logEvents=events)
    return logs


def start(logs: Any, query: str, **params: Any) -> str:
    span = {"startTime": NOW // 1000 - 60, "endTime": NOW // 1000}
    found: str = logs("StartQuery", **{"logGroupName": "g", **span, **params}, queryString=query)["queryId"]
    return found


def test_a_query_runs_and_is_forgotten_after_a_week(cloud: TestCloud, filled: Any) -> None:
    query = start(filled, "stats count(*) as n by level | sort n desc, level asc")
    cloud.advance(0)
    found = filled("GetQueryResults", queryId=query)
    assert found["status"] == "Complete"
    assert found["results"][0] == [{"field": "level", "value": "ERROR"}, {"field": "n", "value": "2"}]
    said = found["statistics"]
    assert (said["recordsScanned"], said["recordsMatched"]) == (4.0, 4.0) and said["bytesScanned"] > 0
    [listed] = filled("DescribeQueries", logGroupName="g", status="Complete")["queries"]
    assert listed["queryId"] == query and listed["logGroupName"] == "g"
    with pytest.raises(AwsError, match="not currently running"):
        filled("StopQuery", queryId=query)
    cloud.advance(7 * 86_400 - 1)
    assert filled("GetQueryResults", queryId=query)["results"]
    cloud.advance(1)
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        filled("GetQueryResults", queryId=query)


def test_pointers_lead_to_records(cloud: TestCloud, filled: Any) -> None:
    query = start(filled, "filter user.name = 'ann'")
    cloud.advance(0)
    [row] = filled("GetQueryResults", queryId=query)["results"]
    assert [cell["field"] for cell in row] == ["@timestamp", "@message", "@ptr"]
    record = filled("GetLogRecord", logRecordPointer=row[2]["value"])["logRecord"]
    assert (record["user.name"], record["tags.1"], record["@logStream"]) == ("ann", "b", "s")
    with pytest.raises(AwsError):
        filled("GetLogRecord", logRecordPointer="zz")
    fields = {
        field["name"]: field["percent"] for field in filled("GetLogGroupFields", logGroupName="g")["logGroupFields"]
    }
    assert (fields["@message"], fields["level"], fields["ok"]) == (100, 100, 25)


def test_what_a_query_refuses(filled: Any) -> None:
    with pytest.raises(AwsError, match="log group does not exist"):
        start(filled, "fields a", logGroupName="x")
    with pytest.raises(AwsError, match="MalformedQueryException"):
        start(filled, "fields")
    with pytest.raises(AwsError, match="before start time"):
        start(filled, "fields a", endTime=0)
    with pytest.raises(AwsError, match="Query ID does not exist"):
        filled("GetQueryResults", queryId="x")


def test_many_events_are_queried_in_steps(cloud: TestCloud, filled: Any) -> None:
    for batch in range(10):
        events = [{"timestamp": NOW - 5000 + batch, "message": f"n={number}"} for number in range(3_000)]
        filled("PutLogEvents", logGroupName="g", logStreamName="s", logEvents=events)
    query = start(filled, "parse 'n=*' as n | stats max(n) as most, count(*) as all")
    assert filled("GetQueryResults", queryId=query)["status"] in ("Scheduled", "Running")
    cloud.advance(0)
    found = filled("GetQueryResults", queryId=query)
    assert [cell["value"] for cell in found["results"][0]] == ["2999", "30004"]
    stopped = start(filled, "fields @message")
    assert filled("StopQuery", queryId=stopped) == {"success": True}
    cloud.advance(0)
    assert filled("GetQueryResults", queryId=stopped)["status"] == "Cancelled"


def test_results_past_ten_thousand_come_in_pages(cloud: TestCloud, filled: Any) -> None:
    for batch in range(3):
        events = [{"timestamp": NOW - 5000 + batch, "message": f"n={number}"} for number in range(5_000)]
        filled("PutLogEvents", logGroupName="g", logStreamName="s", logEvents=events)
    counts = []
    for query, params in (("fields @message", {}), ("limit 12000", {}), ("fields @message", {"limit": 11_000})):
        started = start(filled, query, **params)
        cloud.advance(0)
        first = filled("GetQueryResults", queryId=started)
        rest = filled("GetQueryResults", queryId=started, nextToken=first["nextToken"]) if "nextToken" in first else {}
        counts.append((len(first["results"]), len(rest.get("results", ()))))
    assert counts == [(10_000, 0), (10_000, 2_000), (10_000, 1_000)]


def test_definitions(filled: Any) -> None:
    made = filled("PutQueryDefinition", name="a/b", queryString="fields x", logGroupNames=["g"])["queryDefinitionId"]
    filled("PutQueryDefinition", name="a/c", queryString="fields y", queryDefinitionId=made)
    [found] = filled("DescribeQueryDefinitions", queryDefinitionNamePrefix="a/")["queryDefinitions"]
    assert (found["name"], found["queryString"], found["logGroupNames"]) == ("a/c", "fields y", [])
    assert filled("DeleteQueryDefinition", queryDefinitionId=made) == {"success": True}
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        filled("DeleteQueryDefinition", queryDefinitionId=made)
