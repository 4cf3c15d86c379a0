"""The data of the console's pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from fogbank.codec.message import Request
from fogbank.services.xray import pages
from fogbank.services.xray.test_xray import put, segment, trace_id
from fogbank.testing import START, TestCloud

Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def ask(cloud: TestCloud) -> Ask:
    from fogbank.control import caller as callers

    def found(path: str, query: str = "") -> tuple[int, dict[str, Any]]:
        ctx = cloud.cloud.context("xray", "page", callers.anonymous())
        response = cloud.run(pages.answer(ctx, Request("GET", f"/_fogbank/xray{path}", query, {}, b"")))
        return response.status, orjson.loads(response.body)

    return found


@pytest.fixture
def made(cloud: TestCloud) -> str:
    inner = {**segment(2, "Invocation", START - 9, START - 8), "trace_id": None}
    put(
        cloud.client("xray"),
        segment(1, "fn", START - 10, START - 8, origin="AWS::Lambda::Function", subsegments=[inner]),
        segment(3, "SSM", START - 8.75, START - 8.25, origin="AWS::SSM", parent_id=f"{2:016x}", fault=True),
    )
    other = {**segment(4, "far", START - 5, START - 4), "trace_id": trace_id(START, 2)}
    put(cloud.client("xray", region="eu-west-1"), other)
    return trace_id(START)


def test_the_latest_traces_of_everywhere(ask: Ask, made: str) -> None:
    status, found = ask("/traces")
    assert status == 200
    assert [(one["name"], one["region"]) for one in found["traces"]] == [("far", "eu-west-1"), ("fn", "us-east-1")]
    row = found["traces"][1]
    assert (row["id"], row["duration"], row["services"], row["is_fault"]) == (made, 2.0, ["fn", "SSM"], False)
    assert [one["name"] for one in ask("/traces", "region=us-east-1")[1]["traces"]] == ["fn"]
    assert [one["name"] for one in ask("/traces", "filter=service(%22SSM%22)")[1]["traces"]] == ["fn"]
    assert ask("/traces", "seconds=2")[1]["traces"] == []
    assert len(ask("/traces", "limit=1")[1]["traces"]) == 1
    assert len(ask("/traces", "seconds=21600")[1]["traces"]) == 2
    assert ask("/traces", "filter=nonsense")[0] == 400
    assert ask("/traces", "seconds=0")[0] == 400


def test_a_trace_as_a_waterfall(ask: Ask, made: str) -> None:
    status, found = ask("/trace", f"id={made}")
    assert status == 200
    rows = [(one["name"], one["depth"], one["kind"], one["offset"], one["duration"]) for one in found["rows"]]
    assert rows == [
        ("fn", 0, "segment", 0.0, 2.0),
        ("Invocation", 1, "subsegment", 1.0, 1.0),
        ("SSM", 2, "segment", 1.25, 0.5),
    ]
    assert [one["is_fault"] for one in found["rows"]] == [False, False, True]
    assert ask("/trace", f"id={trace_id(START, 9)}")[0] == 404
    assert ask("/trace", "id=x")[0] == 400


def test_segments_in_a_circle_are_shown_once_each(cloud: TestCloud, ask: Ask) -> None:
    circle = [segment(n, f"s{n}", START, START + 1, parent_id=f"{3 - n:016x}") for n in (1, 2)]
    put(cloud.client("xray"), *circle)
    _, found = ask("/trace", f"id={trace_id(START)}")
    assert sorted(one["name"] for one in found["rows"]) == ["s1", "s2"]


def test_the_map(ask: Ask, made: str) -> None:
    status, found = ask("/map", "region=us-east-1")
    assert status == 200
    nodes = {one["id"]: (one["name"], one["type"]) for one in found["nodes"]}
    assert set(nodes.values()) == {("fn", "client"), ("fn", "AWS::Lambda::Function"), ("SSM", "AWS::SSM")}
    edges = {(nodes[one["source"]], nodes[one["target"]]): one for one in found["edges"]}
    edge = edges[("fn", "AWS::Lambda::Function"), ("SSM", "AWS::SSM")]
    assert (edge["requests"], edge["faults"], edge["mean_seconds"]) == (1, 1, 0.5)
    assert len(ask("/map")[1]["nodes"]) == 5
