"""Searches: every event once and in order, and what patterns match."""

from __future__ import annotations

import json
import random

import pytest

from fogbank.services.logs.patterns import BadPattern, compiled
from fogbank.services.logs.test_logs import NOW, Client, filtered, opened, put, refused
from fogbank.testing import TestCloud


@pytest.fixture
def logs(cloud: TestCloud) -> Client:
    return opened(cloud)


def test_searches_span_streams_in_order_of_time(logs: Client) -> None:
    for name in ("a1", "a2", "b"):
        logs("CreateLogStream", logGroupName="g", logStreamName=name)
    for number, name in enumerate(("a1", "a2", "b") * 4):
        put(logs, f"{name} {number:02d}", stream=name, at=NOW + number)
    everything = filtered(logs)
    assert [message[-2:] for message in everything] == [f"{number:02d}" for number in range(12)]
    assert filtered(logs, limit=5) == everything
    assert filtered(logs, logStreamNamePrefix="a", limit=3) == [one for one in everything if one[0] == "a"]
    assert filtered(logs, logStreamNames=["b", "a2"], limit=1) == [one for one in everything if one[:2] != "a1"]
    assert filtered(logs, startTime=NOW + 3, endTime=NOW + 5) == everything[3:6]
    refused(
        logs,
        "FilterLogEvents",
        "InvalidParameterException",
        logGroupName="g",
        logStreamNames=["b"],
        logStreamNamePrefix="a",
    )
    refused(logs, "FilterLogEvents", "ResourceNotFoundException", logGroupName="g", logStreamNames=["zz"])
    refused(logs, "FilterLogEvents", "InvalidParameterException", logGroupName="g", nextToken="zz")
    ids = [event["eventId"] for event in logs("FilterLogEvents", logGroupName="g")["events"]]
    assert ids == sorted(set(ids)) and len(ids[0]) == 56


def test_a_long_search_goes_on_page_by_page(logs: Client) -> None:
    logs("CreateLogStream", logGroupName="g", logStreamName="t")
    for batch in range(12):
        lines = [f"line {batch} {number} " + "x" * 80 for number in range(5_000)]
        lines[2_500] += " NEEDLE"
        put(logs, *lines, stream="st"[batch % 2], at=NOW + batch * 2_000, step=1)
    pages, token, found = 0, None, []
    while True:
        page = logs(
            "FilterLogEvents", logGroupName="g", filterPattern="NEEDLE", **({"nextToken": token} if token else {})
        )
        found += [event["message"].split()[1] for event in page["events"]]
        pages += 1
        token = page.get("nextToken")
        if not token:
            break
    assert found == [str(batch) for batch in range(12)] and pages > 1
    assert len(filtered(logs)) == 60_000


@pytest.mark.parametrize("seed", range(6))
def test_every_way_of_reading_gives_every_event_once_and_in_order(logs: Client, seed: int) -> None:
    dice = random.Random(seed)
    logs("CreateLogStream", logGroupName="g", logStreamName="t")
    known: list[tuple[int, str, str]] = []
    for batch in range(60):
        stream, first = dice.choice("st"), NOW - dice.randrange(0, 1_500_000)
        times = sorted(first + dice.randrange(0, dice.choice((5, 700_000))) for _ in range(dice.randrange(1, 30)))
        events = [
            {"timestamp": at, "message": f"{batch}-{n} {dice.choice(('RED', 'BLUE'))}"} for n, at in enumerate(times)
        ]
        logs("PutLogEvents", logGroupName="g", logStreamName=stream, logEvents=events)
        known += [(event["timestamp"], stream, event["message"]) for event in events]
    for limit in (1 + dice.randrange(40), 10_000):
        for params, rows in (
            ({}, known),
            ({"filterPattern": "RED"}, [row for row in known if row[2].endswith("RED")]),
            ({"logStreamNames": ["t"]}, [row for row in known if row[1] == "t"]),
            (
                {"startTime": NOW - 900_000, "endTime": NOW - 1000},
                [row for row in known if NOW - 900_000 <= row[0] <= NOW - 1000],
            ),
        ):
            found, token = [], None
            while True:
                more = {"nextToken": token} if token else {}
                page = logs("FilterLogEvents", logGroupName="g", limit=limit, **params, **more)
                found += [(one["timestamp"], one["logStreamName"], one["message"]) for one in page["events"]]
                token = page.get("nextToken")
                if not token:
                    break
            assert sorted(found) == sorted(rows) and [row[0] for row in found] == sorted(row[0] for row in rows)
        for from_head in (True, False):
            assert _walked(logs, limit, from_head) == sorted(row[0] for row in known if row[1] == "s")


def _walked(logs: Client, limit: int, from_head: bool) -> list[int]:
    """The times of stream `s`, read page by page from one end to the other."""
    found: list[int] = []
    token = None
    while True:
        more = {"nextToken": token} if token else {}
        page = logs("GetLogEvents", logGroupName="g", logStreamName="s", limit=limit, startFromHead=from_head, **more)
        times = [event["timestamp"] for event in page["events"]]
        found = found + times if from_head else times + found
        following = page["nextForwardToken" if from_head else "nextBackwardToken"]
        if following == token:
            return found
        token = following


@pytest.mark.parametrize(
    ("pattern", "hits"),
    [
        ("", [0, 1, 2, 3]),
        ("ERROR", [0, 1]),
        ("error", []),
        ("ERROR -Exiting", [0]),
        ('"[ERROR"', [0, 1]),
        ("?WARN ?INFO", [2, 3]),
        ("?WARN ERROR", [0, 1]),
        ("-ERROR -WARN", [3]),
        ("%ERR[A-Z]+ 4%", [0]),
        ("%^.INFO%", [3]),
    ],
)
def test_patterns_of_terms(pattern: str, hits: list[int]) -> None:
    lines = ["[ERROR 400] BAD REQUEST", "[ERROR] Exiting", "[WARN] low", "[INFO] fine"]
    matches = compiled(pattern).matches
    assert [number for number, line in enumerate(lines) if matches(line)] == hits


DOCUMENT = json.dumps(
    {
        "level": "ERROR",
        "code": 404,
        "n": 3.5,
        "ip": "10.1.2.3",
        "none": None,
        "yes": True,
        "no": False,
        "user": {"id": 1, "e-mail": "Richard.Roe@example.com", "a.b": "dotted"},
        "list": [{"flag": "x"}, {"flag": "y"}],
        "names": ["one", "two"],
        "text": 'with "quotes" and \\',
        "umlaut": "ü",
    }
)


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.level = "ERROR" }',
        "{ $.level = ERROR }",
        '{ $.level = "ERR*" }',
        '{ $.level != "INFO" }',
        "{ $.level = %^ERR.R$% }",
        "{ $.code = 404 }",
        "{ $.code = 4* }",
        "{ $.code >= 404 && $.code <= 404.0 && $.code > 4e2 && $.n < 4 }",
        "{ $.none IS NULL && $.yes IS TRUE && $.no IS FALSE }",
        "{ $.missing NOT EXISTS }",
        '{ $.missing = "x" || ($.code = 1 || $.user.id = 1) }',
        '{ $.list[1].flag = "y" && $.list[*].flag = "x" }',
        '{ $.names[0] = "one" && $.names[*] = "two" }',
        '{ $.user["a.b"] = "dotted" && $.user.e-mail = "Richard*" }',
        "{ $.ip = 10.1.* && $.ip != 10.2.* }",
        "{ $.*.id = 1 }",
        '{ $.umlaut = "ü" }',
        r'{ $.text = "with \"quotes\" and \\" }',
        "{($.level=ERROR)&&($.code=404)}",
    ],
)
def test_patterns_of_json_that_match(pattern: str) -> None:
    found = compiled(pattern)
    assert found.matches(DOCUMENT)
    assert found.may_match(DOCUMENT.encode())


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.level = "error" }',
        '{ $.missing != "x" }',
        "{ $.code > 404 }",
        "{ $.level > 3 }",
        "{ $.none IS TRUE }",
        "{ $.level NOT EXISTS }",
        "{ $.missing IS NULL }",
        '{ $.level = "ERROR" && $.code = 1 }',
    ],
)
def test_patterns_of_json_that_do_not(pattern: str) -> None:
    assert not compiled(pattern).matches(DOCUMENT)
    assert not compiled(pattern).matches("no json")


LINE = '127.0.0.1 - frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534'


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("[ip, id, user, at, request, status, bytes]", True),
        ("[ip, id, user, at, request, status=4*, bytes]", True),
        ("[ip, id, user, at, request, status=5*, bytes]", False),
        ("[ip, ..., bytes > 1000]", True),
        ("[..., status = 404 || status = 410, bytes > 1000 && bytes < 2000]", True),
        ("[..., bytes]", True),
        ("[ip, user]", False),
        ("[ip=%127\\.0\\.0\\.[0-9]%, ...]", True),
        ('[ip, id, user = "frank", at, request = "*index.html*", ...]', True),
        ("[ip, id, user != frank, ...]", False),
        ("[]", True),
    ],
)
def test_patterns_of_columns(pattern: str, matches: bool) -> None:
    assert compiled(pattern).matches(LINE) is matches


@pytest.mark.parametrize(
    "pattern",
    ["a-b", '"open', "{ $.a }", "{ $.a = }", "{ a = 1 }", "{ $.a = 1", "{ $.a > x }", "{ $.a = 1 && }", "%(a)%"]  # noqa: RUF005
    + ["[a, b", "[a = 1, ..., ...]", "[a = ]", "%[%", "{ $.a IS 3 }", "{ $.a=%x% && $.b=%y% && $.c=%z% }"],
)
def test_bad_patterns(logs: Client, pattern: str) -> None:
    with pytest.raises(BadPattern):
        compiled(pattern)
    refused(logs, "FilterLogEvents", "InvalidParameterException", logGroupName="g", filterPattern=pattern)


def test_metric_filters_can_be_tried(logs: Client) -> None:
    found = logs("TestMetricFilter", filterPattern="[ip, id, user, ..., status=4*, size]", logEventMessages=["x", LINE])
    [match] = found["matches"]
    assert (match["eventNumber"], match["eventMessage"]) == (2, LINE)
    values = match["extractedValues"]
    assert (values["$ip"], values["$user"], values["$4"], values["$status"]) == (
        "127.0.0.1",
        "frank",
        "10/Oct/2000:13:25:15 -0700",
        "404",
    )
    found = logs("TestMetricFilter", filterPattern="{ $.code > 400 }", logEventMessages=[DOCUMENT])
    assert found["matches"][0]["extractedValues"] == {"$.code": "404"}
