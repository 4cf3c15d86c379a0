"""Expressions of users: found as `re` finds them, and never for long."""

from __future__ import annotations

import random
import re

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.logs import linear
from fogbank.services.logs.linear import BadExpression, Expression, Glob, wildcard
from fogbank.testing import TestCloud

NOW = 1_750_000_000
LONG = "a" * 200_000


def _made(chance: random.Random, depth: int = 0) -> str:
    draw = chance.random()
    if depth > 3 or draw < 0.4:
        return chance.choice(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\s", "^", "$", r"\b"])
    if draw < 0.65:
        return _made(chance, depth + 1) + _made(chance, depth + 1)
    if draw < 0.8:
        return f"({_made(chance, depth + 1)}|{_made(chance, depth + 1)})"
    return f"(?:{_made(chance, depth + 1)})" + chance.choice(["*", "+", "?", "{2}", "{1,3}", "*?", "+?"])


def test_the_automaton_finds_what_re_finds() -> None:
    chance = random.Random(7)
    for _ in range(1_500):
        text = _made(chance)
        machine = linear._Machine(Expression(text)._steps)
        for _ in range(4):
            line = "".join(chance.choice("ab1 \n") for _ in range(chance.randrange(8)))
            assert machine.matches(line) is (re.search(text, line) is not None), (text, line)


def test_groups_are_where_re_has_them() -> None:
    line = "x" * 2_000 + "user=ann id=77 user=bob"
    for text in (r"(.*)user=(?P<user>\w+) id=(?P<id>\d+)(.*)", r"(x*?)(x*)user=(?P<user>\S+)", r"(?P<a>a|an|ann) id"):
        expression = Expression(text)
        assert len(line) > expression._quick
        found, wanted = expression.search(line), re.search(text, line)
        assert found is not None
        assert wanted is not None
        assert [found[at] for at in range(wanted.re.groups + 1)] == [wanted[at] for at in range(wanted.re.groups + 1)]
        assert {name: found[name] for name in expression.groupindex} == wanted.groupdict()


@pytest.mark.parametrize(
    "text", ["(a+)+$", "(a|a)+$", "(a*)*b", ".*.*.*.*.*x", "(a|aa)+$", r"a*a*a*a*b", "(?:a?){30}a{30}b", r"(\w+\s?)*!"]
)
def test_an_expression_that_backtracks_is_searched_in_one_pass(text: str) -> None:
    # Any of these keeps `re` busy for longer than a test run may take.
    line = LONG + ("" if text.endswith("b") else "!" if "$" in text else "")
    assert Expression(text).test(line) is False
    assert Expression(text).search(line) is None


def test_what_an_automaton_cannot_do_is_refused() -> None:
    for text in (r"(?=a)b*", r"(a)\1+", "(?:a{1,60}){1,60}", "("):
        with pytest.raises(BadExpression):
            Expression(text)
    assert Expression(r"(?<!x)foo").test("a foo")


def test_globs_and_wildcards_are_found_from_left_to_right() -> None:
    found = Glob(["user=", ", id=", ""]).search("a user=x, id=7, more")
    assert found is not None
    assert (found[1], found[2]) == ("x", "7, more")
    assert Glob(["a", "b", "c"]).search("a b") is None
    assert [value for value in ("404", "4", "40x", "x404") if wildcard("4*4")(value)] == ["404"]
    assert wildcard("*a*b*")(LONG + "b") is True
    assert wildcard("*a*b*c")(LONG + "b") is False


def _with_event(cloud: TestCloud, message: str) -> None:
    cloud.call("logs", "CreateLogGroup", {"logGroupName": "g"})
    cloud.call("logs", "CreateLogStream", {"logGroupName": "g", "logStreamName": "s"})
    event = {"timestamp": NOW * 1000, "message": message}
    cloud.call("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s", "logEvents": [event]})


@pytest.mark.parametrize(
    "text",
    [
        "filter @message like /(a+)+$/",
        "parse @message /(?<x>(a+)+)$/",
        "fields trim(@message, 5), substr(@message, 9^400), fromMillis(9^308*9), replace(@message, '', @message)",
        "stats pct(strlen(@message), 101), avg(9^400) by bin(0)",
        "fields `f.²` | sort @message",
    ],
)
def test_no_query_runs_for_ever(cloud: TestCloud, text: str) -> None:
    _with_event(cloud, LONG + "!")
    asked = {"logGroupName": "g", "startTime": NOW - 10, "endTime": NOW + 10, "queryString": text}
    query = cloud.call("logs", "StartQuery", asked)["queryId"]
    cloud.advance(1)
    assert cloud.call("logs", "GetQueryResults", {"queryId": query})["status"] == "Complete"


def test_a_metric_filter_with_a_hostile_pattern_does_not_hold_up_events(cloud: TestCloud) -> None:
    _with_event(cloud, "x")
    value = [{"metricName": "m", "metricNamespace": "n", "metricValue": "1"}]
    for number, pattern in enumerate(("%a*a*a*a*a*b%", '{ $.a = "*a*a*a*a*b" }', "[x=%.*.*.*.*c%]")):
        made = {"filterName": f"f{number}", "filterPattern": pattern, "metricTransformations": value}
        cloud.call("logs", "PutMetricFilter", {"logGroupName": "g", **made})
    events = [{"timestamp": NOW * 1000, "message": text} for text in (LONG, f'{{"a":"{LONG}"}}')]
    cloud.call("logs", "PutLogEvents", {"logGroupName": "g", "logStreamName": "s", "logEvents": events})


def test_a_query_needs_a_group(cloud: TestCloud) -> None:
    with pytest.raises(AwsError, match="InvalidParameterException"):
        asked = {"logGroupIdentifiers": [], "startTime": 0, "endTime": 1, "queryString": "fields @message"}
        cloud.call("logs", "StartQuery", asked)
    assert cloud.call("logs", "DescribeQueries") == {"queries": []}
