"""CloudWatch through the in-process cloud and over the wire; expected values from the API pages and the User Guide."""

from __future__ import annotations

import asyncio
import json
import math
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.caller import Caller, service
from fogbank.testing import START, Served, TestCloud
from fogbank.testing.plugin import MakeClient

NOW = START
MINUTE = 60.0
DAY = 86_400.0
Client = Callable[..., dict[str, Any]]


@pytest.fixture
def cw(cloud: TestCloud) -> Client:
    return cloud.client("cloudwatch")


def refused(cw: Client, operation: str, code: str, **params: Any) -> str:
    with pytest.raises(AwsError) as caught:
        cw(operation, **params)
    assert caught.value.code == code, str(caught.value)
    return caught.value.message


def put(cw: Client, *values: float, at: float = NOW, name: str = "m", **more: Any) -> None:
    """Values one second apart, in namespace `App`."""
    data = [{"MetricName": name, "Value": one, "Timestamp": at + number, **more} for number, one in enumerate(values)]
    cw("PutMetricData", Namespace="App", MetricData=data)


def statistics(cw: Client, *names: str, name: str = "m", **more: Any) -> list[dict[str, Any]]:
    span = {"StartTime": NOW - 3_600, "EndTime": NOW + 3_600, "Period": 60, **more}
    extended = [one for one in names if not one[0].isupper() or "(" in one]
    plain = [one for one in names if one not in extended]
    wanted = {"Statistics": plain} if plain else {}
    if extended:
        wanted["ExtendedStatistics"] = extended
    found: list[dict[str, Any]] = cw("GetMetricStatistics", Namespace="App", MetricName=name, **span, **wanted)[
        "Datapoints"
    ]
    return found


def alarm(cw: Client, name: str = "a", **more: Any) -> None:
    cw(
        "PutMetricAlarm",
        **{
            "AlarmName": name,
            "MetricName": "m",
            "Namespace": "App",
            "Statistic": "Average",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 3.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **more,
        },
    )


# Data


def test_what_is_put_is_read_as_statistics(cw: Client) -> None:
    put(cw, 1, 2, 3, Unit="Seconds")
    put(cw, 6, at=NOW + 100, Unit="Seconds")
    found = statistics(cw, "SampleCount", "Sum", "Minimum", "Maximum", "Average", "p50")
    minute = NOW - NOW % 60
    assert found[0] == {
        "Timestamp": minute,
        "Unit": "Seconds",
        "SampleCount": 3.0,
        "Sum": 6.0,
        "Minimum": 1.0,
        "Maximum": 3.0,
        "Average": 2.0,
        "ExtendedStatistics": {"p50": 2.0},
    }
    assert [(one["Timestamp"], one["SampleCount"]) for one in found[1:]] == [(minute + 120, 1.0)]
    assert statistics(cw, "Sum", Unit="Bytes") == []
    assert statistics(cw, "Sum", name="other") == []


def test_values_with_counts_and_statistic_sets(cw: Client) -> None:
    datum = {"MetricName": "m", "Values": [1.0, 5.0], "Counts": [3.0, 1.0], "Timestamp": NOW}
    cw("PutMetricData", Namespace="App", MetricData=[datum])
    [found] = statistics(cw, "Sum", "SampleCount", "p75", "tm90")
    assert (found["Sum"], found["SampleCount"], found["ExtendedStatistics"]["p75"]) == (8.0, 4.0, 1.0)
    one_set = {"SampleCount": 2.0, "Sum": 10.0, "Minimum": 4.0, "Maximum": 6.0}
    cw("PutMetricData", Namespace="App", MetricData=[{"MetricName": "m", "StatisticValues": one_set, "Timestamp": NOW}])
    [found] = statistics(cw, "Sum", "Maximum", "p75")
    assert (found["Sum"], found["Maximum"]) == (18.0, 6.0) and "ExtendedStatistics" not in found


def test_dimensions_make_metrics_of_their_own(cw: Client) -> None:
    two = [{"Name": "b", "Value": "2"}, {"Name": "a", "Value": "1"}]
    put(cw, 1, Dimensions=two)
    put(cw, 2, Dimensions=two[::-1])
    put(cw, 4)
    assert statistics(cw, "Sum")[0]["Sum"] == 4.0
    assert statistics(cw, "Sum", Dimensions=two)[0]["Sum"] == 3.0
    assert statistics(cw, "Sum", Dimensions=two[:1]) == []


@pytest.mark.parametrize(
    ("datum", "code", "said"),
    [
        ({}, "MissingRequiredParameterException", "At least one"),
        ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombinationException", "mutually exclusive"),
        ({"Value": math.nan}, "InvalidParameterValueException", "nan"),
        ({"Value": math.inf}, "InvalidParameterValueException", "inf"),
        ({"Value": 2.0**361}, "InvalidParameterValueException", "2^360"),
        ({"Values": [1.0] * 151}, "InvalidParameterValueException", "150"),
        ({"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterCombinationException", "same size"),
        ({"Value": 1.0, "Timestamp": NOW - 14 * DAY - 1}, "InvalidParameterValueException", "two weeks"),
        ({"Value": 1.0, "Timestamp": NOW + 7_201}, "InvalidParameterValueException", "two hours"),
        ({"Value": 1.0, "StorageResolution": 5}, "InvalidParameterValueException", "1 or 60"),
        ({"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "ü"}]}, "InvalidParameterValueException", "ASCII"),
        ({"Value": 1.0, "Dimensions": [{"Name": "a", "Value": "b"}] * 2}, "InvalidParameterValueException", "twice"),
    ],
)
def test_data_that_are_refused(cw: Client, datum: dict[str, Any], code: str, said: str) -> None:
    message = refused(cw, "PutMetricData", code, Namespace="App", MetricData=[{"MetricName": "m", **datum}])
    assert said in message
    assert cw("ListMetrics")["Metrics"] == []


def test_limits_of_data(cloud: TestCloud, cw: Client) -> None:
    datum = {"MetricName": "m", "Value": 1.0}
    cw("PutMetricData", Namespace="App", MetricData=[datum] * 1_000)
    refused(cw, "PutMetricData", "InvalidParameterValueException", Namespace="App", MetricData=[datum] * 1_001)
    refused(cw, "PutMetricData", "InvalidParameterValueException", Namespace="AWS/SQS", MetricData=[datum])
    sqs = cloud.client("cloudwatch", caller=service("sqs.amazonaws.com", "000000000000"))
    sqs("PutMetricData", Namespace="AWS/SQS", MetricData=[datum])
    put(cw, 1, at=NOW - 14 * DAY + 1)
    put(cw, 1, Dimensions=[{"Name": f"d{number}", "Value": "x"} for number in range(30)])
    cw("PutMetricData", Namespace="App", EntityMetricData=[{"Entity": {}, "MetricData": [datum]}])
    assert statistics(cw, "Sum")[0]["Sum"] == 1_001.0


def test_listing(cloud: TestCloud, cw: Client) -> None:
    for number in range(501):
        put(cw, 1, name=f"m{number:03d}", Dimensions=[{"Name": "even", "Value": str(number % 2 == 0)}])
    page = cw("ListMetrics", Namespace="App")
    rest = cw("ListMetrics", Namespace="App", NextToken=page["NextToken"])
    assert len(page["Metrics"]) == 500 and [one["MetricName"] for one in rest["Metrics"]] == ["m500"]
    assert len(cw("ListMetrics", MetricName="m007")["Metrics"]) == 1
    found = cw("ListMetrics", Dimensions=[{"Name": "even", "Value": "False"}])["Metrics"]
    assert len(found) == 250 and found[0]["Dimensions"] == [{"Name": "even", "Value": "False"}]
    assert cw("ListMetrics", Namespace="Ap")["Metrics"] == []
    refused(cw, "ListMetrics", "InvalidParameterValueException", NextToken="?")
    cloud.advance(4 * 3_600)
    put(cw, 2, name="m000", at=NOW + 4 * 3_600, Dimensions=[{"Name": "even", "Value": "True"}])
    assert len(cw("ListMetrics", RecentlyActive="PT3H")["Metrics"]) == 1
    cloud.advance(13 * DAY + 22 * 3_600)
    assert [one["MetricName"] for one in cw("ListMetrics")["Metrics"]] == ["m000"]


def test_what_statistics_refuse(cw: Client) -> None:
    put(cw, 1)
    span = {"Namespace": "App", "MetricName": "m", "StartTime": NOW, "EndTime": NOW + 1_441 * 60, "Statistics": ["Sum"]}
    said = refused(cw, "GetMetricStatistics", "InvalidParameterCombinationException", **span, Period=60)
    assert said.startswith("You have requested up to 1,441 datapoints, which exceeds the limit of 1,440.")
    cw("GetMetricStatistics", **{**span, "EndTime": NOW + 1_440 * 60}, Period=60)
    refused(cw, "GetMetricStatistics", "InvalidParameterValueException", **span, Period=61)
    refused(cw, "GetMetricStatistics", "InvalidParameterValueException", **{**span, "EndTime": NOW}, Period=60)
    del span["Statistics"]
    refused(cw, "GetMetricStatistics", "MissingRequiredParameterException", **span, Period=60)
    refused(cw, "GetMetricStatistics", "InvalidParameterValueException", **span, Period=60, ExtendedStatistics=["p101"])


def test_data_grow_coarser_with_age(cloud: TestCloud, cw: Client) -> None:
    for second in range(120):
        put(cw, second, at=NOW - NOW % 300 + second, StorageResolution=1)
    start = NOW - NOW % 300

    def counts(period: int) -> list[float]:
        found = statistics(cw, "SampleCount", StartTime=start, EndTime=start + 600, Period=period)
        return [one["SampleCount"] for one in found]

    assert counts(1) == [1.0] * 120 and counts(60) == [60.0, 60.0] and counts(300) == [120.0]
    cloud.advance(4 * 3_600)
    assert counts(1) == [] and counts(60) == [60.0, 60.0]
    cloud.advance(16 * DAY)
    assert counts(60) == [] and counts(300) == [120.0]
    [found] = statistics(cw, "Sum", "p50", StartTime=start, EndTime=start + 600, Period=300)
    assert found["Sum"] == sum(range(120)) and found["ExtendedStatistics"]["p50"] == 59.0
    cloud.advance(50 * DAY)
    assert counts(300) == []
    [found] = statistics(cw, "SampleCount", StartTime=start - 3_600, EndTime=start + 3_600, Period=3_600)
    assert found["SampleCount"] == 120.0
    cloud.advance(400 * DAY)
    assert statistics(cw, "Sum", StartTime=start - 3_600, EndTime=start + 3_600, Period=3_600) == []


# Queries


def stat(query: str, name: str = "m", how: str = "Sum", period: int = 60, **more: Any) -> dict[str, Any]:
    metric = {"Namespace": "App", "MetricName": name}
    return {"Id": query, "MetricStat": {"Metric": metric, "Period": period, "Stat": how}, **more}


def data(cw: Client, *asked: dict[str, Any], **more: Any) -> dict[str, Any]:
    start = NOW - NOW % 60
    return cw("GetMetricData", MetricDataQueries=list(asked), **{"StartTime": start, "EndTime": start + 600, **more})


def test_queries_of_metrics_and_math(cw: Client) -> None:
    start = NOW - NOW % 60
    for minute in range(3):
        put(cw, minute + 1, at=start + minute * 60)
        put(cw, 10, at=start + minute * 60, name="n")
    found = data(
        cw,
        stat("m1", ReturnData=False),
        stat("n1", "n", Label="n of ${PROP('Namespace')}: ${MAX}"),
        {"Id": "e1", "Expression": "m1 * n1", "Label": "product"},
        {"Id": "e2", "Expression": "SUM([m1, n1])"},
        {"Id": "s1", "Expression": "SEARCH('{App} m', 'Maximum', 60)"},
        ScanBy="TimestampAscending",
    )["MetricDataResults"]
    assert [(one["Id"], one["Label"], one["Values"]) for one in found] == [
        ("n1", "n of App: 10", [10.0, 10.0, 10.0]),
        ("e1", "product", [10.0, 20.0, 30.0]),
        ("e2", "e2", [11.0, 12.0, 13.0]),
        ("s1", "m", [1.0, 2.0, 3.0]),
    ]
    assert found[0]["Timestamps"] == [start, start + 60, start + 120] and found[0]["StatusCode"] == "Complete"
    [down] = data(cw, stat("m1"))["MetricDataResults"]
    assert down["Values"] == [3.0, 2.0, 1.0]


def test_queries_come_in_pages(cw: Client) -> None:
    start = NOW - NOW % 60
    for minute in range(5):
        put(cw, minute, at=start + minute * 60)
    seen: list[tuple[str, str, list[float]]] = []
    token: dict[str, str] = {}
    while True:
        page = data(cw, stat("a"), stat("b"), ScanBy="TimestampAscending", MaxDatapoints=4, **token)
        seen += [(one["Id"], one["StatusCode"], one["Values"]) for one in page["MetricDataResults"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert seen == [
        ("a", "PartialData", [0.0, 1.0, 2.0, 3.0]),
        ("a", "Complete", [4.0]),
        ("b", "PartialData", [0.0, 1.0, 2.0]),
        ("b", "Complete", [3.0, 4.0]),
    ]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ([{"Id": "A", "Expression": "1"}], "not matching"),
        ([stat("a"), stat("a")], "not unique"),
        ([{"Id": "a"}], "mutually exclusive"),
        ([{"Id": "e", "Expression": "nope + 1"}], "Undefined variable(s): nope"),
        ([{"Id": "e", "Expression": "1 +"}], "Error in expression 'e'"),
        ([{"Id": "e", "Expression": "1 + 1"}], "not a time series"),
        ([{"Id": "e", "Expression": "f"}, {"Id": "f", "Expression": "e"}], "depends on itself"),
        ([stat("a", how="p200")], "not supported"),
        ([stat("a", period=61)], "multiple of 60"),
        ([stat("a", ReturnData=False)], "return data"),
        ([{"Id": "e", "Expression": "ANOMALY_DETECTION_BAND(a)"}, stat("a")], "ANOMALY_DETECTION_BAND"),
    ],
)
def test_queries_that_are_refused(cw: Client, asked: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(AwsError) as caught:
        data(cw, *asked)
    assert caught.value.code == "ValidationException" and said in caught.value.message


# Dashboards, tags, others


def test_dashboards(cw: Client) -> None:
    body = json.dumps({"widgets": [{"type": "text", "x": 0, "y": 0, "properties": {"markdown": "hi"}}]})
    assert cw("PutDashboard", DashboardName="d", DashboardBody=body) == {"DashboardValidationMessages": []}
    found = cw("GetDashboard", DashboardName="d")
    assert found["DashboardBody"] == body
    assert found["DashboardArn"] == "arn:aws:cloudwatch::000000000000:dashboard/d"
    [listed] = cw("ListDashboards")["DashboardEntries"]
    assert (listed["DashboardName"], listed["Size"]) == ("d", len(body))
    for bad in ("{", "[]", '{"widgets": [{"type": "x", "properties": {}}]}'):
        with pytest.raises(AwsError) as caught:
            cw("PutDashboard", DashboardName="d", DashboardBody=bad)
        assert caught.value.code == "DashboardInvalidInputError" and caught.value.members["dashboardValidationMessages"]
    refused(cw, "PutDashboard", "InvalidParameterValueException", DashboardName="a b", DashboardBody=body)
    refused(cw, "DeleteDashboards", "DashboardNotFoundError", DashboardNames=["d", "e"])
    cw("DeleteDashboards", DashboardNames=["d"])
    refused(cw, "GetDashboard", "DashboardNotFoundError", DashboardName="d")


def test_tags(cw: Client) -> None:
    alarm(cw, Tags=[{"Key": "a", "Value": "1"}])
    arn = cw("DescribeAlarms")["MetricAlarms"][0]["AlarmArn"]
    cw("TagResource", ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    cw("UntagResource", ResourceARN=arn, TagKeys=["a"])
    assert cw("ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    refused(cw, "ListTagsForResource", "ResourceNotFoundException", ResourceARN=arn + "x")


def test_metric_filters_of_logs_publish_in_their_transaction(cloud: TestCloud, cw: Client) -> None:
    logs = cloud.client("logs")
    logs("CreateLogGroup", logGroupName="g")
    logs("CreateLogStream", logGroupName="g", logStreamName="s")
    for name, pattern, value, more in (
        ("errors", "ERROR", "1", {"defaultValue": 0.0}),
        ("took", "{ $.ms > 5 }", "$.ms", {"unit": "Milliseconds", "dimensions": {"Path": "$.path"}}),
    ):
        made = {"metricName": name, "metricNamespace": "App", "metricValue": value, **more}
        logs("PutMetricFilter", logGroupName="g", filterName=name, filterPattern=pattern, metricTransformations=[made])
    lines = ["ERROR one", "fine", '{"ms": 7, "path": "/a"}', '{"ms": 9, "path": "/a"}', '{"ms": 11}', "ERROR two"]
    at = int((NOW - 600) * 1000)
    events = [{"timestamp": at + number, "message": line} for number, line in enumerate(lines)]
    logs("PutLogEvents", logGroupName="g", logStreamName="s", logEvents=events)
    logs("PutLogEvents", logGroupName="g", logStreamName="s", logEvents=[{"timestamp": at + 120_000, "message": "ok"}])
    assert [one["Sum"] for one in statistics(cw, "Sum", name="errors")] == [2.0, 0.0]
    [took] = statistics(cw, "Sum", "Maximum", name="took", Dimensions=[{"Name": "Path", "Value": "/a"}])
    assert (took["Sum"], took["Maximum"], took["Unit"]) == (16.0, 9.0, "Milliseconds")
    cloud.advance(120)
    found = cw("ListMetrics", Namespace="AWS/Logs")["Metrics"]
    assert {one["MetricName"] for one in found} == {"IncomingBytes", "IncomingLogEvents"}


def test_users_are_held_to_their_policies(cloud: TestCloud, cw: Client) -> None:
    iam = cloud.client("iam")
    user_id = iam("CreateUser", UserName="u")["User"]["UserId"]
    own = {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", "Resource": "*"}
    alarms = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:u-*"
    statements = [
        {**own, "Condition": {"StringEquals": {"cloudwatch:namespace": "App"}}},
        {"Effect": "Allow", "Action": "cloudwatch:PutMetricAlarm", "Resource": alarms},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam("PutUserPolicy", UserName="u", PolicyName="p", PolicyDocument=document)
    principal = Principal("arn:aws:iam::000000000000:user/u", "000000000000", "user", user_id=user_id)
    user = cloud.client("cloudwatch", caller=Caller(principal=principal, enforced=True))
    put(user, 1)
    alarm(user, "u-1")
    for operation, params in (
        ("PutMetricData", {"Namespace": "Other", "MetricData": [{"MetricName": "m", "Value": 1.0}]}),
        ("ListMetrics", {}),
        ("DeleteAlarms", {"AlarmNames": ["u-1"]}),
    ):
        with pytest.raises(AwsError, match="not authorized to perform"):
            user(operation, **params)


# Over the wire


def test_over_the_wire_with_boto3(boto: MakeClient) -> None:
    cw = boto("cloudwatch")
    cw.put_metric_data(Namespace="Wire", MetricData=[{"MetricName": "m", "Value": 2.5, "Unit": "Count"}])
    pages = cw.get_paginator("list_metrics").paginate(Namespace="Wire")
    assert [one["MetricName"] for page in pages for one in page["Metrics"]] == ["m"]
    with pytest.raises(cw.exceptions.ResourceNotFound):
        cw.delete_alarms(AlarmNames=["none"])
    with pytest.raises(cw.exceptions.ClientError) as caught:
        cw.put_metric_data(Namespace="AWS/x", MetricData=[{"MetricName": "m", "Value": 1.0}])
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"
    with pytest.raises(cw.exceptions.ClientError) as caught:
        cw.put_composite_alarm(AlarmName="c", AlarmRule="ALARM(")
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(cw.exceptions.ClientError) as caught:
        cw.get_dashboard(DashboardName="none")
    assert caught.value.response["Error"]["Code"] == "ResourceNotFound"
    with pytest.raises(cw.exceptions.DashboardInvalidInputError) as caught:
        cw.put_dashboard(DashboardName="d", DashboardBody="{")
    assert caught.value.response["Error"]["Code"] == "InvalidParameterInput"


def test_over_the_wire_in_the_query_protocol(served: Served, account: str) -> None:
    def ask(action: str, **params: str) -> tuple[int, str]:
        body = urllib.parse.urlencode({"Action": action, "Version": "2010-08-01", **params}).encode()
        scope = f"Credential={account}/{time.strftime('%Y%m%d', time.gmtime())}/us-east-1/monitoring/aws4_request"
        headers = {
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Amz-Date": time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()),
        }
        try:
            with urllib.request.urlopen(urllib.request.Request(served.url, body, headers)) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    member = "MetricData.member.1"
    put_data = {"Namespace": "Query", f"{member}.MetricName": "m", f"{member}.Value": "1.5"}
    status, text = ask("PutMetricData", **put_data)
    assert status == 200, text
    assert "PutMetricDataResponse" in text
    status, text = ask("ListMetrics", Namespace="Query")
    assert status == 200 and "<MetricName>m</MetricName>" in text
    status, text = ask("DeleteAlarms", **{"AlarmNames.member.1": "none"})
    assert status == 404 and "<Code>ResourceNotFound</Code>" in text
    status, text = ask("PutMetricData", Namespace="AWS/x", **{f"{member}.MetricName": "m", f"{member}.Value": "1"})
    assert status == 400 and "<Code>InvalidParameterValue</Code>" in text


def test_others_are_served_while_much_is_read(cloud: TestCloud) -> None:
    cw = cloud.client("cloudwatch")
    for name in ("a", "b", "c"):
        cw("PutMetricData", Namespace="n", MetricData=[{"MetricName": name, "Value": 1.0}])
    search = [{"Id": "e1", "Expression": "SEARCH('{n} ', 'Sum', 60)"}]

    async def both() -> list[str]:
        done: list[str] = []

        async def read() -> None:
            span = {"StartTime": START - 600, "EndTime": START + 600}
            await cloud.cloud.call("cloudwatch", "GetMetricData", {"MetricDataQueries": search, **span})
            done.append("read")

        async def listed() -> None:
            await cloud.cloud.call("cloudwatch", "ListMetrics")
            done.append("listed")

        await asyncio.gather(read(), listed())
        return done

    assert cloud.run(both()) == ["listed", "read"]
