"""Metric math, statistics, search expressions, rules and verdicts by value; expected values from the User Guide."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.services.cloudwatch import composite, evaluation, finding, labels
from fogbank.services.cloudwatch.evaluation import Plan, Point
from fogbank.services.cloudwatch.math import BadExpression, Series, World, evaluated, names_of, parsed
from fogbank.services.cloudwatch.resources import Metric
from fogbank.services.cloudwatch.statistics import Bucket, of_set, statistic

M1 = Series("m1", {0: 1.0, 60: 2.0, 120: 3.0, 240: 5.0})
M2 = Series("m2", {0: 10.0, 60: 0.0, 180: 4.0, 240: 2.0})


def world() -> World:
    known = {"m1": M1, "m2": M2, "errors": M2}
    return World(
        known.__getitem__, lambda text: [M1, M2], lambda text, stat, period: [M1], lambda period: range(0, 300, period)
    )


def value(text: str) -> Any:
    found = evaluated(parsed(text), world())
    if isinstance(found, Series):
        return dict(found.values)
    return [dict(one.values) for one in found] if isinstance(found, list) else found


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("m1 + m2", {0: 11, 60: 2, 240: 7}),
        ("m1 * 2 - 1", {0: 1, 60: 3, 120: 5, 240: 9}),
        ("10 / m2", {0: 1, 180: 2.5, 240: 5}),
        ("-m1 ^ 2", {0: 1, 60: 4, 120: 9, 240: 25}),
        ("2 ^ 3 ^ 2", 512),
        ("(1 + 2) * 3", 9),
        ("m1 > 2", {0: 0, 60: 0, 120: 1, 240: 1}),
        ("m1 >= 2 AND m1 < 5", {0: 0, 60: 1, 120: 1, 240: 0}),
        ("m1 == 1 || m1 == 5", {0: 1, 60: 0, 120: 0, 240: 1}),
        ("[m1, m2]", [dict(M1.values), dict(M2.values)]),
        ("[m1, m2] + 1", [{0: 2, 60: 3, 120: 4, 240: 6}, {0: 11, 60: 1, 180: 5, 240: 3}]),
        ("ABS(m1 - 3)", {0: 2, 60: 1, 120: 0, 240: 2}),
        ("CEIL(m1 / 2)", {0: 1, 60: 1, 120: 2, 240: 3}),
        ("FLOOR(m1 / 2)", {0: 0, 60: 1, 120: 1, 240: 2}),
        ("LOG10(100)", 2),
        ("LOG(m2)", None),
        ("AVG(m1)", 2.75),
        ("SUM([m1, m2])", {0: 11, 60: 2, 120: 3, 180: 4, 240: 7}),
        ("MAX(METRICS())", {0: 10, 60: 2, 120: 3, 180: 4, 240: 5}),
        ("MIN(m1)", 1),
        ("STDDEV(m1 * 0)", 0),
        ("DATAPOINT_COUNT(m1)", 4),
        ("METRIC_COUNT([m1, m2])", 2),
        ("DIFF(m1)", {60: 1, 120: 1, 240: 2}),
        ("DIFF_TIME(m1)", {60: 60, 120: 60, 240: 120}),
        ("RATE(m1)", {60: 1 / 60, 120: 1 / 60, 240: 1 / 60}),
        ("RUNNING_SUM(m1)", {0: 1, 60: 3, 120: 6, 240: 11}),
        ("FILL(m1, 0)", {0: 1, 60: 2, 120: 3, 180: 0, 240: 5}),
        ("FILL(m1, REPEAT)", {0: 1, 60: 2, 120: 3, 180: 3, 240: 5}),
        ("FILL(m1, LINEAR)", {0: 1, 60: 2, 120: 3, 180: 4, 240: 5}),
        ("FIRST([m1, m2])", dict(M1.values)),
        ("LAST([m1, m2])", dict(M2.values)),
        ("IF(m1 > 2, m1, 0)", {0: 0, 60: 0, 120: 3, 240: 5}),
        ("IF(m1 > 2, m2)", {240: 2}),
        ("IF(1, m1, m2)", dict(M1.values)),
        ("MINUTE(m1)", {0: 0, 60: 1, 120: 2, 240: 4}),
        ("HOUR(m1) + DAY(m1) + DATE(m1) + MONTH(m1) + YEAR(m1)", dict.fromkeys((0, 60, 120, 240), 1976)),
        ("EPOCH(m1)", {0: 0, 60: 60, 120: 120, 240: 240}),
        ("PERIOD(m1)", 60),
        ("SLICE([m1, m2], 1)", dict(M2.values)),
        ("SLICE([m1, m2], 0, 1)", [dict(M1.values)]),
        ("SORT([m1, m2], AVG, DESC, 1)", [dict(M2.values)]),
        ("SORT([m1, m2], MAX, ASC)", [dict(M1.values), dict(M2.values)]),
        ("TIME_SERIES(3)", dict.fromkeys((0, 60, 120, 180, 240), 3)),
        ("[m1, m2][1]", dict(M2.values)),
        ("REMOVE_EMPTY([m1, IF(m1 > 9, m1)])", [dict(M1.values)]),
        ("SEARCH('{AWS/SQS} x', 'Sum', 60)", [dict(M1.values)]),
    ],
)
def test_expressions(text: str, wanted: Any) -> None:
    if wanted is not None:
        assert value(text) == wanted
    else:
        assert set(value(text)) == {0, 180, 240}


@pytest.mark.parametrize(
    "text",
    ["m1 +", "m1 m2", "NOPE(m1)", "(m1", "AVG()", "ANOMALY_DETECTION_BAND(m1)", "INSIGHT_RULE_METRIC('a')", "m1 ? 2"]  # noqa: RUF005
    + ["[m1, 1]", "SERVICE_QUOTA(m1)", "'a' + 1", "[m1][4]", "1 / 0", "FILL(m1, 'x')"],
)
def test_bad_expressions(text: str) -> None:
    with pytest.raises(BadExpression):
        value(text)


def test_names_of_an_expression() -> None:
    assert set(names_of(parsed("IF(m1 > SUM([m2, e1]), FILL(m3, 0), 1)"))) == {"m1", "m2", "e1", "m3"}


def bucket(*values: float) -> Bucket:
    found = Bucket(values={})
    for one in values:
        found.add_value(one)
    return found


HUNDRED = bucket(*map(float, range(1, 101)))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("SampleCount", 100),
        ("Sum", 5050),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("p50", 50),
        ("p99", 99),
        ("p99.9", 100),
        ("p0", 1),
        ("p100", 100),
        ("tm90", 45.5),
        ("TM(10%:90%)", 50.5),
        ("TM(90%:)", 95.5),
        ("TM(20:40)", 30.5),
        ("IQM", 50.5),
        ("WM(10%:90%)", 50.5),
        ("wm98", 50.47),
        ("TC(0.5:10)", 10),
        ("tc90", 90),
        ("TS(90%:)", 955),
        ("ts50", 1275),
        ("PR(:30)", 30),
        ("PR(10:20)", 10),
    ],
)
def test_statistics(name: str, wanted: float) -> None:
    compute = statistic(name)
    assert compute is not None
    assert compute(HUNDRED) == pytest.approx(wanted)


def test_statistics_that_are_none() -> None:
    for name in ("p101", "average", "TM(a:b)", "PR(10%:20%)", "TM(:)", "x90", "TM(10%:90)"):
        assert statistic(name) is None, name


def test_statistic_sets_hide_percentiles_unless_all_is_equal() -> None:
    p50, average = statistic("p50"), statistic("Average")
    assert p50 is not None and average is not None
    mixed = of_set({"SampleCount": 3, "Sum": 6, "Minimum": 1, "Maximum": 3})
    assert p50(mixed) is None and average(mixed) == 2
    assert p50(of_set({"SampleCount": 3, "Sum": 6, "Minimum": 2, "Maximum": 2})) == 2
    many = Bucket(values={})
    for number in range(5_000):
        many.add(bucket(float(number)))
    found = p50(many)
    assert many.values is not None and len(many.values) <= 5_000 and found is not None and abs(found - 2500) < 25


def test_searches() -> None:
    def metric(namespace: str, name: str, **dimensions: str) -> Metric:
        return Metric(
            namespace=namespace, name=name, where="", number=1, dimensions=tuple(dimensions.items()), active_at=0
        )

    sent = metric("AWS/SQS", "NumberOfMessagesSent", QueueName="orders-eu")
    own = metric("App", "Latency", Stage="prod", Host="a")
    for text, found in (
        ('{AWS/SQS,QueueName} MetricName="NumberOfMessagesSent"', (True, False)),
        ("{AWS/SQS,QueueName}", (True, False)),
        ("{AWS/SQS}", (False, False)),
        ("messages orders", (True, False)),
        ("MetricName=Messages", (True, False)),
        ('QueueName=("orders-eu" OR "b")', (True, False)),
        ("Latency OR Messages", (True, True)),
        ("Latency NOT dev", (False, True)),
        ("Stage=prod AND Host=b", (False, False)),
        ('Namespace="App"', (False, True)),
    ):
        test = finding.compiled(text)
        assert (test(sent), test(own)) == found, text


def test_labels() -> None:
    series = Series("m", {0: 1.0, 60: 4.5}, 60, {"MetricName": "Sent", "Dim.QueueName": "q"})
    assert labels.filled("${PROP('Dim.QueueName')} ${MAX} at ${MAX_TIME}", series) == "q 4.5 at 1970-01-01 00:01:00"
    assert labels.filled("${LABEL}: ${AVG}, ${SUM} ${FIRST} ${NOPE}", series) == "m: 2.75, 5.5 1 --"
    assert labels.filled("${FIRST_TIME}", series, "+0200") == "1970-01-01 02:00:00"


def test_rules_of_composite_alarms() -> None:
    rule = composite.parsed(
        'ALARM("a b") AND NOT (OK(c) OR INSUFFICIENT_DATA(arn:aws:cloudwatch:r:1:alarm:d)) OR FALSE'
    )
    assert rule.children == ("a b", "c", "d")
    assert rule.test({"a b": "ALARM", "c": "ALARM", "d": "OK"})
    assert not rule.test({"a b": "ALARM", "c": "OK", "d": "OK"})
    assert composite.parsed("TRUE").test({})
    for bad in ("", "ALARM(a", "ALARM(a) OR", "ALARM(a) ALARM(b)", "nope", "(TRUE", "NOT"):
        with pytest.raises(composite.BadRule):
            composite.parsed(bad)


def judged(row: str, needed: int, missing: str, periods: int = 3) -> str:
    """The verdict on five periods, oldest first: `0` within the threshold, `X` beyond it, `-` missing."""
    plan = Plan("GreaterThanThreshold", 3, periods, needed, missing, 60)
    points = [Point(at * 60, 5.0 if mark == "X" else 1.0) for at, mark in enumerate(row) if mark != "-"]
    found = evaluation.judged(plan, points, "OK", 300)
    return {"ALARM": "A", "OK": "O", "INSUFFICIENT_DATA": "I", None: "="}[found.state]


@pytest.mark.parametrize(
    ("row", "needed", "verdicts"),
    [
        # User Guide, "How alarm state is evaluated when data is missing": missing, ignore, breaching, not breaching
        ("0-X-X", 3, "OOOO"),
        ("0----", 3, "OOOO"),
        ("-----", 3, "I=AO"),
        ("0XX-X", 3, "AAAA"),
        ("--X--", 3, "A=AO"),
        ("0-X-X", 2, "AAAA"),
        ("00X0X", 2, "AAAA"),
        ("0-X--", 2, "OOAO"),
        ("----0", 2, "OOAO"),
        ("---X-", 2, "A=AO"),
    ],
)
def test_missing_data(row: str, needed: int, verdicts: str) -> None:
    ways = ("missing", "ignore", "breaching", "notBreaching")
    assert "".join(judged(row, needed, way) for way in ways) == verdicts


def test_reasons() -> None:
    plan = Plan("GreaterThanThreshold", 3, 1, 1, "missing", 60, "Average")
    found = evaluation.judged(plan, [Point(1_750_000_020, 5.0)], "OK", 1_750_000_082)
    assert found.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoints [5.0 (15/06/25 15:07:00)] was greater than the threshold "
        "(3.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    back = evaluation.judged(plan, [Point(1_750_000_020, 1.0)], "ALARM", 1_750_000_082)
    assert back.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoints [1.0 (15/06/25 15:07:00)] was not greater than the "
        "threshold (3.0) (minimum 1 datapoint for ALARM -> OK transition)."
    )
    assert evaluation.judged(plan, [], "OK", 300).reason == "Insufficient Data: 1 datapoint was unknown."
    breaching = plan._replace(missing="breaching", periods=2, needed=2)
    assert evaluation.judged(breaching, [], "OK", 300).reason == (
        "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as "
        "[Breaching]."
    )
