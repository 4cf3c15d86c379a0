"""X-Ray through the in-process cloud and through boto3; expected values from the API pages and the Developer Guide."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.scope import Scope
from fogbank.services.xray import rules
from fogbank.services.xray.resources import Upkeep
from fogbank.store.items import Range
from fogbank.testing import START, TestCloud
from fogbank.testing.plugin import MakeClient
from fogbank.testing.refused import refused

Call = Callable[..., dict[str, Any]]
DAY = 86_400.0
ACCOUNT = "000000000000"


@pytest.fixture
def xray(cloud: TestCloud) -> Call:
    return cloud.client("xray")


def trace_id(at: float, number: int = 1) -> str:
    return f"1-{int(at):08x}-{number:024x}"


def segment(number: int, name: str, start: float, end: float | None, **more: Any) -> dict[str, Any]:
    found = {"id": f"{number:016x}", "trace_id": trace_id(START), "name": name, "start_time": start, **more}
    return {**found, "in_progress": True} if end is None else {**found, "end_time": end}


def put(xray: Call, *documents: Any) -> list[dict[str, Any]]:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    found: list[dict[str, Any]] = xray("PutTraceSegments", TraceSegmentDocuments=texts)["UnprocessedTraceSegments"]
    return found


def summaries(xray: Call, start: float, end: float, **more: Any) -> list[dict[str, Any]]:
    """The summaries of all pages."""
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = xray("GetTraceSummaries", StartTime=start, EndTime=end, **more, **token)
        found += page["TraceSummaries"]
        if "NextToken" not in page:
            return found
        token = {"NextToken": page["NextToken"]}


def documents(xray: Call, trace: str) -> list[dict[str, Any]]:
    (found,) = xray("BatchGetTraces", TraceIds=[trace])["Traces"]
    return [json.loads(one["Document"]) for one in found["Segments"]]


REFUSED = [
    ("x", "ParseError", None),
    ("3", "ParseError", None),
    ("{", "ParseError", None),
    ("[]", "MissingId", None),
    ("{}", "MissingId", None),
    ('{"id": "z"}', "InvalidId", "z"),
    ({"trace_id": None}, "MissingTraceId", "same"),
    ({"trace_id": "1-5759e988"}, "InvalidTraceId", "same"),
    ({"trace_id": trace_id(START - 31 * DAY)}, "InvalidTraceId", "same"),
    ({"name": ""}, "MissingName", "same"),
    ({"name": "a" * 201}, "InvalidName", "same"),
    ({"name": "a?"}, "InvalidName", "same"),
    ({"start_time": None}, "MissingStartTime", "same"),
    ({"start_time": "now"}, "InvalidStartTime", "same"),
    ({"start_time": True}, "InvalidStartTime", "same"),
    ({"end_time": None}, "MissingEndTime", "same"),
    ({"end_time": START - 1}, "InvalidEndTime", "same"),
    ({"type": "subsegment"}, "MissingParentId", "same"),
    ({"parent_id": "nobody"}, "InvalidParentId", "same"),
    ({"metadata": {"long": "x" * 65_536}}, "SegmentTooLarge", None),
]


@pytest.mark.parametrize(("change", "code", "whose"), REFUSED, ids=lambda one: str(one)[:30])
def test_a_segment_that_is_none_is_told_and_the_others_are_kept(xray: Call, change: Any, code: str, whose: Any) -> None:
    bad = {**segment(1, "a", START, START + 1), **change} if isinstance(change, dict) else change
    expected = {"ErrorCode": code, "Message": f"Invalid segment. ErrorCode: {code}"}
    if whose is not None:
        expected["Id"] = f"{1:016x}" if whose == "same" else whose
    assert put(xray, bad, segment(2, "b", START, START + 1)) == [expected]
    assert [one["name"] for one in documents(xray, trace_id(START))] == ["b"]


def test_names_may_have_letters_of_any_script(xray: Call) -> None:
    name = "Größe 大 _.:/%&#=+\\-@"
    assert put(xray, segment(1, name, START, START + 1)) == []
    assert documents(xray, trace_id(START))[0]["name"] == name


def test_an_array_holds_several_and_each_is_looked_at(xray: Call) -> None:
    many = [segment(1, "a", START, START + 1), {**segment(2, "b", START, START + 1), "name": ""}]
    assert [one["ErrorCode"] for one in put(xray, json.dumps(many))] == ["MissingName"]
    assert len(documents(xray, trace_id(START))) == 1


def test_what_is_not_of_the_schema_is_left_out(xray: Call) -> None:
    strange = {"subsegments": [{"id": "x"}, 3, segment(2, "good", START, START)], "annotations": [1], "http": "no"}
    assert put(xray, segment(1, "a", START, START + 1, **strange)) == []
    (found,) = documents(xray, trace_id(START))
    assert [one["name"] for one in found["subsegments"]] == ["good"]
    assert not {"annotations", "http"} & set(found)
    assert summaries(xray, START, START + 1)[0]["Annotations"] == {}


@pytest.mark.parametrize("is_late", [False, True])
def test_a_segment_in_progress_gives_way_to_the_finished_one(xray: Call, is_late: bool) -> None:
    both = [segment(1, "a", START, None), segment(1, "a", START, START + 2)]
    for one in reversed(both) if is_late else both:
        put(xray, one)
    (found,) = documents(xray, trace_id(START))
    assert found["end_time"] == START + 2
    (summary,) = summaries(xray, START, START + 1)
    assert (summary["IsPartial"], summary["ResponseTime"], summary["Revision"]) == (False, 2.0, 2)


def test_a_trace_in_progress_is_partial_and_has_no_response_time(xray: Call) -> None:
    put(xray, segment(1, "a", START, None))
    (found,) = summaries(xray, START, START + 1)
    assert found["IsPartial"] is True
    assert "ResponseTime" not in found
    assert [one["Id"] for one in summaries(xray, START, START + 1, FilterExpression="partial")] == [trace_id(START)]


def test_a_summary_tells_what_there_is(xray: Call) -> None:
    request = {"url": "http://shop/buy", "method": "POST", "user_agent": "curl/8", "client_ip": "1.2.3.4"}
    put(
        xray,
        segment(
            1, "shop", START, START + 2, origin="AWS::EC2::Instance", user="alice", resource_arn="arn:aws:ec2:::i",
            http={"request": request, "response": {"status": 500}}, annotations={"n": 3, "is": True, "s": "x", "l": []},
            aws={"ec2": {"instance_id": "i-1", "availability_zone": "us-east-1a"}},
        ),
        segment(2, "back", START + 0.5, START + 2.5, parent_id=f"{1:016x}", annotations={"n": 3}, throttle=True),
    )  # fmt: skip
    (found,) = summaries(xray, START, START + 1)
    shop = {"Name": "shop", "Names": ["shop"], "AccountId": ACCOUNT, "Type": "AWS::EC2::Instance"}
    back = {"Name": "back", "Names": ["back"], "AccountId": ACCOUNT}
    causes = {name: found.pop(name) for name in ("FaultRootCauses", "ErrorRootCauses", "ResponseTimeRootCauses")}
    assert found == {
        "Id": trace_id(START),
        "StartTime": START,
        "Duration": 2.5,
        "ResponseTime": 2.0,
        "HasFault": True,
        "HasError": False,
        "HasThrottle": True,
        "IsPartial": False,
        "Http": {
            "HttpURL": "http://shop/buy", "HttpMethod": "POST", "HttpStatus": 500, "UserAgent": "curl/8",
            "ClientIp": "1.2.3.4",
        },
        "Annotations": {
            "n": [{"AnnotationValue": {"NumberValue": 3}, "ServiceIds": [shop, back]}],
            "is": [{"AnnotationValue": {"BooleanValue": True}, "ServiceIds": [shop]}],
            "s": [{"AnnotationValue": {"StringValue": "x"}, "ServiceIds": [shop]}],
        },
        "Users": [{"UserName": "alice", "ServiceIds": [shop]}],
        "ServiceIds": [shop, back],
        "ResourceARNs": [{"ARN": "arn:aws:ec2:::i"}],
        "InstanceIds": [{"Id": "i-1"}],
        "AvailabilityZones": [{"Name": "us-east-1a"}],
        "EntryPoint": shop,
        "Revision": 1,
    }  # fmt: skip
    assert causes["FaultRootCauses"][0]["ClientImpacting"] is True
    assert causes["ErrorRootCauses"][0]["ClientImpacting"] is False
    assert [one["Name"] for one in causes["ResponseTimeRootCauses"][0]["Services"]] == ["shop", "back"]


def test_ranges_are_by_id_by_activity_or_by_end(xray: Call) -> None:
    ids = {}
    for number, (start, end) in enumerate(((0, 1), (600, 2_000), (1_990, 1_995)), 1):
        ids[number] = trace_id(START + start, number)
        put(xray, {**segment(number, "a", START + start, START + end), "trace_id": ids[number]})

    def found(start: float, end: float, kind: str) -> set[int]:
        rows = summaries(xray, START + start, START + end, TimeRangeType=kind)
        return {number for number, one in ids.items() if one in [row["Id"] for row in rows]}

    assert found(0, 1, "TraceId") == {1}
    assert found(0, 0, "TraceId") == set()
    assert found(1, 600, "TraceId") == set()
    assert found(600, 2_000, "TraceId") == {2, 3}
    assert found(700, 1_000, "Event") == {2}, "active all the while"
    assert found(1_992, 1_993, "Event") == {2, 3}
    assert found(2_001, 3_000, "Event") == set()
    assert found(1_996, 2_001, "Service") == {2}
    assert found(700, 1_000, "Service") == set()
    (row,) = summaries(xray, START + 700, START + 1_000, TimeRangeType="Event")
    assert row["MatchedEventTime"] == START + 1_000
    times = [row["StartTime"] for row in summaries(xray, START, START + 2_000)]
    assert times == sorted(times, reverse=True), "the latest first"


@pytest.mark.parametrize("kind", ["TraceId", "Event"])
def test_pages_hold_each_trace_once(xray: Call, kind: str) -> None:
    count = 450
    put(
        xray,
        *(
            {**segment(n, "a", START + n, START + n + 400), "trace_id": trace_id(START + n, n)}
            for n in range(1, count + 1)
        ),
    )
    found = [one["Id"] for one in summaries(xray, START, START + 1_000, TimeRangeType=kind)]
    assert len(found) == len(set(found)) == count


def test_a_share_of_all_traces(xray: Call) -> None:
    put(xray, *({**segment(n, "a", START, START), "trace_id": trace_id(START, n)} for n in range(1, 101)))
    half = {"Sampling": True, "SamplingStrategy": {"Name": "FixedRate", "Value": 0.5}}
    found = summaries(xray, START, START + 1, **half)
    assert 25 < len(found) < 75
    assert found == summaries(xray, START, START + 1, **half)
    assert len(summaries(xray, START, START + 1, SamplingStrategy={"Name": "FixedRate", "Value": 0.5})) == 100


def test_traces_go_after_thirty_days(cloud: TestCloud, xray: Call) -> None:
    late = trace_id(START + 10 * DAY, 2)
    put(xray, segment(1, "a", START, START + 1))
    cloud.advance(10 * DAY)
    put(xray, {**segment(2, "b", START + 10 * DAY, START + 10 * DAY + 1), "trace_id": late})
    cloud.advance(20 * DAY - 60)
    assert len(xray("BatchGetTraces", TraceIds=[trace_id(START), late])["Traces"]) == 2
    cloud.advance(120)
    answer = xray("BatchGetTraces", TraceIds=[trace_id(START), late])
    assert [one["Id"] for one in answer["Traces"]] == [late]
    assert answer["UnprocessedTraceIds"] == [trace_id(START)]
    assert summaries(xray, START, START + 2) == []
    cloud.advance(11 * DAY)
    # Nothing is left of either, and the reconciler has nothing to come back for.
    store, scope = cloud.cloud.dispatch.store, Scope("aws", ACCOUNT, "us-east-1")
    for noun in ("segment", "trace", "active"):
        assert store.items(Range("\x00".join((f"xray/{noun}", *scope))))[0] == []
    assert not store.table(Upkeep, scope).rows


def test_a_clock_of_next_year_keeps_nothing_longer(cloud: TestCloud, xray: Call) -> None:
    put(xray, segment(1, "a", START, START + 400 * DAY))
    cloud.advance(29 * DAY)
    assert len(xray("BatchGetTraces", TraceIds=[trace_id(START)])["Traces"]) == 1
    cloud.advance(3 * DAY)
    assert xray("BatchGetTraces", TraceIds=[trace_id(START)])["Traces"] == []


def test_a_trace_that_is_too_large_says_so(xray: Call) -> None:
    for number in range(1, 13):
        put(xray, segment(number, "a", START, START + 1, metadata={"x": {"y": "z" * 60_000}}))
    (found,) = xray("BatchGetTraces", TraceIds=[trace_id(START)])["Traces"]
    assert found["LimitExceeded"] is True
    assert 0 < sum(len(one["Document"]) for one in found["Segments"]) <= rules.TRACE_BYTES_MAX


def test_whole_traces_come_in_pages_by_size(xray: Call) -> None:
    ids = [trace_id(START, number) for number in range(1, 6)]
    for one in ids:
        for number in range(1, 9):
            put(xray, {**segment(number, "a", START, START, metadata={"x": "z" * 60_000}), "trace_id": one})
    found, token, pages = [], {}, 0
    while True:
        answer = xray("BatchGetTraces", TraceIds=ids, **token)
        found += [one["Id"] for one in answer["Traces"]]
        pages += 1
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    assert found == ids
    assert pages == 2


def test_accounts_and_regions_have_traces_of_their_own(cloud: TestCloud, xray: Call) -> None:
    put(xray, segment(1, "a", START, START + 1))
    elsewhere = cloud.client("xray", region="eu-west-1")
    assert elsewhere("BatchGetTraces", TraceIds=[trace_id(START)])["UnprocessedTraceIds"] == [trace_id(START)]
    assert elsewhere("GetServiceGraph", StartTime=START, EndTime=START + 1)["Services"] == []


def test_a_map_of_a_time_and_of_a_group(cloud: TestCloud, xray: Call) -> None:
    put(xray, segment(1, "good", START, START + 1))
    put(xray, {**segment(2, "bad", START + 60, START + 62, fault=True), "trace_id": trace_id(START, 2)})
    xray("CreateGroup", GroupName="broken", FilterExpression="fault")

    def nodes(start: float, end: float, **more: Any) -> set[tuple[str, str]]:
        answer = xray("GetServiceGraph", StartTime=START + start, EndTime=START + end, **more)
        assert answer["ContainsOldGroupVersions"] is False
        return {(one["Name"], one.get("Type", "")) for one in answer["Services"]}

    good, bad = {("good", ""), ("good", "client")}, {("bad", ""), ("bad", "client")}
    assert nodes(0, 100) == good | bad
    assert nodes(0, 60) == good
    assert nodes(100, 200) == set()
    assert nodes(0, 100, GroupName="broken") == bad
    assert nodes(0, 100, GroupName="Default") == good | bad
    graph = xray("GetTraceGraph", TraceIds=[trace_id(START, 2), trace_id(START, 9)])["Services"]
    assert {one["Name"] for one in graph} == {"bad"}


def test_statistics_by_the_minute(xray: Call) -> None:
    base = START - START % 300
    for number, (at, more) in enumerate(((0, {}), (10, {"fault": True}), (70, {}), (310, {})), 1):
        call = {**segment(9, "ssm", base + at, base + at + 0.5), "namespace": "aws"}
        one = segment(number, "fn", base + at, base + at + 1, subsegments=[call], **more)
        put(xray, {**one, "trace_id": trace_id(base + at, number)})

    def rows(**more: Any) -> list[tuple[float, int, int]]:
        answer = xray("GetTimeSeriesServiceStatistics", StartTime=base, EndTime=base + 600, **more)
        found = []
        for one in answer["TimeSeriesServiceStatistics"]:
            name = "ServiceSummaryStatistics" if "ServiceSummaryStatistics" in one else "EdgeSummaryStatistics"
            counts = one[name]
            found.append((one["Timestamp"] - base, counts["TotalCount"], counts["FaultStatistics"]["TotalCount"]))
        return found

    assert rows() == [(0, 2, 1), (60, 1, 0), (300, 1, 0)]
    assert rows(Period=300) == [(0, 3, 1), (300, 1, 0)]
    assert rows(Period=300, EntitySelectorExpression='service("fn") { fault }') == [(0, 1, 1)]
    assert rows(Period=300, EntitySelectorExpression='service(id(name: "SSM", type: "AWS::SSM"))') == [
        (0, 3, 0),
        (300, 1, 0),
    ]
    answer = xray(
        "GetTimeSeriesServiceStatistics",
        StartTime=base,
        EndTime=base + 60,
        EntitySelectorExpression='edge("fn", "SSM")',
    )
    (row,) = answer["TimeSeriesServiceStatistics"]
    assert row["EdgeSummaryStatistics"]["TotalResponseTime"] == 1.0
    assert row["ResponseTimeHistogram"] == [{"Value": 0.5, "Count": 2}]


def test_groups(xray: Call) -> None:
    made = xray("CreateGroup", GroupName="slow", FilterExpression="responsetime > 5")["Group"]
    assert made["GroupARN"].startswith(f"arn:aws:xray:us-east-1:{ACCOUNT}:group/slow/")
    assert made["InsightsConfiguration"] == {"InsightsEnabled": False, "NotificationsEnabled": False}
    assert xray("GetGroup", GroupARN=made["GroupARN"])["Group"] == made
    assert [one["GroupName"] for one in xray("GetGroups")["Groups"]] == ["Default", "slow"]
    changed = xray("UpdateGroup", GroupName="slow", FilterExpression="responsetime > 1")["Group"]
    assert changed == {**made, "FilterExpression": "responsetime > 1"}
    put(xray, segment(1, "a", START, START + 2, user="alice"))
    asked = 'group.name = "slow" AND user = "alice"'
    assert len(summaries(xray, START, START + 1, FilterExpression=asked)) == 1
    assert len(summaries(xray, START, START + 1, FilterExpression=f'group.arn = "{made["GroupARN"]}"')) == 1
    assert summaries(xray, START, START + 1, FilterExpression='group.name != "slow"') == []
    xray("DeleteGroup", GroupName="slow")
    with refused("InvalidRequestException", "there is no group slow"):
        summaries(xray, START, START + 1, FilterExpression=asked)


def test_a_group_that_names_itself_through_another_is_refused(xray: Call) -> None:
    xray("CreateGroup", GroupName="a", FilterExpression="ok")
    xray("CreateGroup", GroupName="b", FilterExpression='group.name = "a"')
    with refused("InvalidRequestException", "a group cannot be part of itself"):
        xray("UpdateGroup", GroupName="a", FilterExpression='!group.name = "b"')
    assert xray("GetGroup", GroupName="a")["Group"]["FilterExpression"] == "ok"


def test_insights_are_refused_as_not_there(xray: Call) -> None:
    with refused("NotImplemented", "InsightsEnabled"):
        xray("CreateGroup", GroupName="a", InsightsConfiguration={"InsightsEnabled": True})
    xray("CreateGroup", GroupName="a", InsightsConfiguration={"InsightsEnabled": False})
    with refused("NotImplemented"):
        xray("GetInsightSummaries", StartTime=START, EndTime=START + 1)


def test_through_boto3(boto: MakeClient, account: str) -> None:
    from datetime import UTC, datetime, timedelta

    xray = boto("xray")
    now = datetime.now(UTC)
    at = now.timestamp()
    found = {**segment(1, "shop", at - 2, at - 1), "trace_id": trace_id(at - 2)}
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(found)])
    assert answer["UnprocessedTraceSegments"] == []
    xray.put_telemetry_records(TelemetryRecords=[{"Timestamp": now, "SegmentsReceivedCount": 1}], Hostname="here")
    span = {"StartTime": now - timedelta(minutes=5), "EndTime": now + timedelta(minutes=1)}
    pages = xray.get_paginator("get_trace_summaries").paginate(**span, FilterExpression='service("shop") { ok }')
    (summary,) = [one for page in pages for one in page["TraceSummaries"]]
    assert summary["Id"] == found["trace_id"]
    assert summary["ResponseTime"] == pytest.approx(1.0)
    (trace,) = xray.batch_get_traces(TraceIds=[summary["Id"]])["Traces"]
    assert json.loads(trace["Segments"][0]["Document"]) == found
    services = xray.get_service_graph(**span)["Services"]
    assert {(one["Name"], one.get("Type")) for one in services} == {("shop", None), ("shop", "client")}
    assert {one.get("AccountId") for one in services} == {account}
    (row,) = xray.get_time_series_service_statistics(**span)["TimeSeriesServiceStatistics"]
    assert row["EdgeSummaryStatistics"]["OkCount"] == 1


def test_what_was_taken_survives_a_restart(tmp_path: Any) -> None:
    settings = {"state": tmp_path, "ephemeral": False}
    cloud = TestCloud(**settings)
    put(cloud.client("xray"), segment(1, "a", START, START + 1))
    cloud.close()
    cloud = TestCloud(**settings)
    try:
        assert [one["name"] for one in documents(cloud.client("xray"), trace_id(START))] == ["a"]
    finally:
        cloud.close()
