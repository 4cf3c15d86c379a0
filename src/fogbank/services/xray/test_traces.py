"""Traces put together from their documents, and the map that they make."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from fogbank.services.xray import causes, names, traces
from fogbank.services.xray.graph import Graph
from fogbank.services.xray.statistics import Histogram
from fogbank.services.xray.test_filters import ACCOUNT, TRACE, made, part, shop


def tree(document: dict[str, Any]) -> Any:
    return (document["name"], [tree(one) for one in document.get("subsegments", ())])


def graph(*documents: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """The nodes of a map by name and type, their edges by the target's number."""
    found = Graph()
    found.add(made(*documents))
    services = found.described()
    by_number = {one["ReferenceId"]: (one["Name"], one.get("Type", "")) for one in services}
    for one in services:
        one["to"] = {by_number[edge["ReferenceId"]]: edge for edge in one["Edges"]}
    return {(one["Name"], one.get("Type", "")): one for one in services}


LOOSE = [
    part(1, "shop", 100.0, 102.0),
    part(2, "outer", 100.1, 101.9, type="subsegment", parent_id=f"{1:016x}"),
    part(3, "second", 100.7, 100.8, type="subsegment", parent_id=f"{2:016x}"),
    part(4, "first", 100.2, 100.6, type="subsegment", parent_id=f"{2:016x}"),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_subsegments_that_come_by_themselves_are_put_in_whatever_the_order(order: tuple[int, ...]) -> None:
    trace = made(*(dict(LOOSE[at]) for at in order))
    (segment,) = trace.segments
    found = segment.compiled()
    assert tree(found) == ("shop", [("outer", [("first", []), ("second", [])])])
    assert not {"type", "parent_id", "trace_id"} & set(found["subsegments"][0])
    assert found["trace_id"] == TRACE


def test_a_subsegment_that_was_embedded_open_is_closed_by_the_one_that_follows() -> None:
    inner = {key: value for key, value in part(2, "work", 1.1, None).items() if key != "trace_id"}
    trace = made(
        part(1, "a", 1.0, None, subsegments=[inner]),
        part(2, "work", 1.1, 1.4, type="subsegment", parent_id=f"{1:016x}"),
    )
    found = trace.segments[0].compiled()
    assert [(one["name"], one.get("end_time")) for one in found["subsegments"]] == [("work", 1.4)]


def test_a_subsegment_without_its_parent_stands_for_itself_and_is_no_root() -> None:
    trace = made(
        part(1, "a", 2.0, 3.0),
        part(3, "below", 1.2, 1.3, type="subsegment", parent_id=f"{2:016x}"),
        part(2, "lost", 1.0, 1.5, type="subsegment", parent_id=f"{9:016x}"),
    )
    assert [tree(one.compiled()) for one in trace.segments] == [("lost", [("below", [])]), ("a", [])]
    assert trace.root is not None
    assert trace.root.name == "a"
    assert [one.name for one in trace.roots] == ["a"]


def test_subsegments_and_segments_in_a_circle_end() -> None:
    circle = [part(n, f"s{n}", 1.0, 2.0, type="subsegment", parent_id=f"{n % 3 + 1:016x}") for n in (1, 2, 3)]
    (whole,) = made(*circle).segments
    assert sorted(one.name for one in whole.walk()) == ["s1", "s2", "s3"]
    mutual = [part(n, f"m{n}", 1.0, 2.0, parent_id=f"{3 - n:016x}", fault=True) for n in (1, 2)]
    trace = made(*mutual)
    assert trace.root is not None
    assert len(trace.segments) == 2
    assert causes.faults(trace) == []
    assert causes.response_times(trace)
    assert graph(*mutual)["m1", ""]["to"].keys() == {("m2", "")}


def test_a_very_deep_trace_is_cut_rather_than_too_much() -> None:
    chain = [part(1, "top", 0.0, 9.0)]
    chain += [part(n, f"s{n}", 1.0, 2.0, type="subsegment", parent_id=f"{n - 1:016x}") for n in range(2, 400)]
    trace = made(*chain)
    assert sum(len(list(one.walk())) for one in trace.segments) == 399
    assert max(one.level for top in trace.segments for one in top.walk()) <= 101


def test_what_was_called_and_tells_nothing_is_inferred() -> None:
    trace = shop()
    found = {one.name: one for one in trace.segments if one.is_inferred}
    assert set(found) == {"DynamoDB", "pay.example.com"}
    document = found["DynamoDB"].compiled()
    assert document["origin"] == "AWS::DynamoDB::Table"
    assert document["parent_id"] == f"{2:016x}"
    assert document["inferred"] is True
    assert document["id"] == next(one.id for one in shop().segments if one.name == "DynamoDB")
    assert "origin" not in found["pay.example.com"].compiled()


@pytest.mark.parametrize("hangs_below", [2, 1])
def test_a_service_that_tells_itself_is_not_inferred_a_second_time(hangs_below: int) -> None:
    call = part(2, "ssm", 1.1, 1.9, namespace="aws", aws={"operation": "GetParameter", "request_id": "r-1"})
    found = graph(
        part(1, "fn", 1.0, 2.0, origin="AWS::Lambda::Function", subsegments=[call]),
        part(
            3, "SSM", 1.2, 1.8, origin="AWS::SSM", parent_id=f"{hangs_below:016x}",
            aws={"operation": "GetParameter", "request_id": "r-1", "account_id": ACCOUNT},
        ),
    )  # fmt: skip
    assert set(found) == {("fn", "client"), ("fn", "AWS::Lambda::Function"), ("SSM", "AWS::SSM")}
    assert found["SSM", "AWS::SSM"]["SummaryStatistics"]["TotalCount"] == 1
    edge = found["fn", "AWS::Lambda::Function"]["to"]["SSM", "AWS::SSM"]
    # The edge is as the caller saw it.
    assert edge["SummaryStatistics"]["TotalResponseTime"] == pytest.approx(0.8 if hangs_below == 2 else 0.6)


def test_one_node_for_a_service_whether_it_tells_or_not() -> None:
    found = graph(
        part(1, "fn", 1.0, 2.0, subsegments=[part(2, "ssm", 1.1, 1.2, namespace="aws")]),
        part(3, "SSM", 1.3, 1.4, origin="AWS::SSM", parent_id=f"{1:016x}"),
    )
    assert found["SSM", "AWS::SSM"]["SummaryStatistics"]["TotalCount"] == 2
    assert found["SSM", "AWS::SSM"]["State"] == "active"
    assert len(found) == 3


def test_a_function_is_two_nodes_behind_its_client() -> None:
    found = graph(
        part(1, "fn", 1.0, 3.0, origin="AWS::Lambda", aws={"request_id": "r"}, http={"response": {"status": 200}}),
        part(
            2, "fn", 1.5, 2.9, origin="AWS::Lambda::Function", parent_id=f"{1:016x}",
            subsegments=[
                part(3, "Initialization", 1.5, 2.0), part(4, "Invocation", 2.0, 2.8), part(5, "Overhead", 2.8, 2.9),
            ],
        ),
        part(6, "SSM", 2.1, 2.2, origin="AWS::SSM", parent_id=f"{4:016x}"),
    )  # fmt: skip
    assert set(found["fn", "client"]["to"]) == {("fn", "AWS::Lambda")}
    assert set(found["fn", "AWS::Lambda"]["to"]) == {("fn", "AWS::Lambda::Function")}
    assert set(found["fn", "AWS::Lambda::Function"]["to"]) == {("SSM", "AWS::SSM")}
    assert found["fn", "AWS::Lambda"]["Root"] is True
    assert "Root" not in found["fn", "AWS::Lambda::Function"]
    client = found["fn", "client"]
    assert client["State"] == "unknown"
    assert "SummaryStatistics" not in client
    edge = client["to"]["fn", "AWS::Lambda"]
    assert edge["SummaryStatistics"] == {
        "OkCount": 1,
        "ErrorStatistics": {"ThrottleCount": 0, "OtherCount": 0, "TotalCount": 0},
        "FaultStatistics": {"OtherCount": 0, "TotalCount": 0},
        "TotalCount": 1,
        "TotalResponseTime": 2.0,
    }
    assert edge["ResponseTimeHistogram"] == [{"Value": 2.0, "Count": 1}]


def test_what_came_of_requests_is_counted() -> None:
    documents = [
        part(1, "a", 1.0, 2.0),
        part(2, "a", 1.0, 2.0, error=True),
        part(3, "a", 1.0, 2.0, http={"response": {"status": 404}}),
        part(4, "a", 1.0, 2.0, throttle=True, error=True),
        part(5, "a", 1.0, 2.0, fault=True, error=True),
        part(6, "a", 1.0, None),
    ]
    found = Graph()
    for number, document in enumerate(documents):
        found.add(traces.assembled(f"{TRACE[:-1]}{number}", [document], ACCOUNT))
    node = next(one for one in found.described() if one.get("Type") != "client")
    assert node["SummaryStatistics"] == {
        "OkCount": 1,
        "ErrorStatistics": {"ThrottleCount": 1, "OtherCount": 2, "TotalCount": 3},
        "FaultStatistics": {"OtherCount": 1, "TotalCount": 1},
        "TotalCount": 5,
        "TotalResponseTime": 5.0,
    }


def test_an_edge_knows_by_what_name_the_caller_calls() -> None:
    found = Graph()
    found.add(shop())
    edges = [edge for one in found.described() for edge in one["Edges"] if edge["Aliases"]]
    assert [edge["Aliases"] for edge in edges] == [
        [{"Name": "warehouse.example.com", "Names": ["warehouse.example.com"], "Type": "remote"}]
    ]


@pytest.mark.parametrize(
    ("name", "aws", "node"),
    [
        ("ssm", {}, ("SSM", "AWS::SSM")),
        ("SSM", {}, ("SSM", "AWS::SSM")),
        ("secretsmanager", {}, ("SecretsManager", "AWS::SecretsManager")),
        ("monitoring", {}, ("CloudWatch", "AWS::CloudWatch")),
        ("sns", {"topic_arn": "arn:aws:sns:us-east-1:1:t"}, ("SNS", "AWS::SNS")),
        ("dynamodb", {"table_name": "users"}, ("users", "AWS::DynamoDB::Table")),
        ("dynamodb", {}, ("DynamoDB", "AWS::DynamoDB")),
        ("s3", {"bucket_name": "b"}, ("b", "AWS::S3::Bucket")),
        ("sqs", {"queue_url": "http://127.0.0.1:4566/000000000000/jobs"}, ("jobs", "AWS::SQS::Queue")),
        (
            "sqs",
            {"queue_url": "https://sqs.us-east-1.amazonaws.com/1/jobs"},
            ("https://sqs.us-east-1.amazonaws.com/1/jobs", "AWS::SQS::Queue"),
        ),
        ("nobody knows", {}, ("nobody knows", "AWS::nobody knows")),
    ],
)
def test_what_a_call_of_an_sdk_is_called(name: str, aws: dict[str, Any], node: tuple[str, str]) -> None:
    found = names.of_call({"name": name, "namespace": "aws", "aws": aws}, ACCOUNT)
    assert (found.name, found.type) == node


def test_a_database_is_a_node_of_its_own() -> None:
    call = part(2, "db@host", 1.1, 1.2, namespace="remote", sql={"database_type": "PostgreSQL"})
    assert ("db@host", "Database::SQL") in graph(part(1, "a", 1.0, 2.0, subsegments=[call]))


def test_where_a_fault_came_from() -> None:
    (found,) = causes.faults(shop())
    assert found["ClientImpacting"] is False
    assert [one["Name"] for one in found["Services"]] == ["shop", "pay.example.com"]
    assert [one["Inferred"] for one in found["Services"]] == [False, True]
    entity = found["Services"][1]["EntityPath"][0]
    assert entity == {
        "Name": "pay.example.com",
        "Exceptions": [{"Name": "Timeout", "Message": "too late for 1"}],
        "Remote": False,
    }


def test_where_the_time_went() -> None:
    (found,) = causes.response_times(shop())
    assert [[entity["Name"] for entity in one["EntityPath"]] for one in found["Services"]] == [
        ["shop", "pay.example.com"],
        ["pay.example.com"],
    ]
    assert [entity["Coverage"] for one in found["Services"] for entity in one["EntityPath"]] == [1.0, 0.75, 0.75]
    assert causes.response_times(made(part(1, "a", 1.0, None))) == []


def test_a_histogram_stays_small_and_loses_nobody() -> None:
    histogram = Histogram()
    for number in range(5_000):
        histogram.add(number / 1000)
    found = histogram.described()
    assert len(found) <= 100
    assert sum(one["Count"] for one in found) == 5_000
    assert found == sorted(found, key=lambda one: one["Value"])
