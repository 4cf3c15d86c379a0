"""What the console's page of functions is told, and what it may have done."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.planes.sandbox.sandbox import Outcome
from fogbank.services.lambda_ import pages, picture
from fogbank.services.lambda_.picture import Line
from fogbank.services.lambda_.test_lambda import AT, World, zipped
from fogbank.testing import TestCloud

Ask = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def world(cloud: TestCloud) -> World:
    return World(cloud)


@pytest.fixture
def ask(cloud: TestCloud) -> Ask:
    def found(path: str, query: str = "", body: Any = None) -> tuple[int, dict[str, Any]]:
        ctx = cloud.cloud.context("lambda", "page", callers.anonymous())
        method, said = ("GET", b"") if body is None else ("POST", orjson.dumps(body))
        response = cloud.run(pages.answer(ctx, Request(method, f"/_fogbank/functions{path}", query, {}, said)))
        return response.status, orjson.loads(response.body)

    return found


def one(ask: Ask, arn: str = f"{AT}:f") -> dict[str, Any]:
    status, found = ask("/one", f"arn={arn}")
    assert status == 200, found
    return found


def test_nothing_is_there_yet(ask: Ask) -> None:
    assert ask("")[1]["functions"] == []
    for path in ("/one", "/log"):
        assert ask(path, f"arn={AT}:f")[0] == 404
        assert ask(path, "arn=no:arn:at:all")[0] == 400
        assert ask(path)[0] == 400
    status, found = ask("/invoke", body={"arn": f"{AT}:f"})
    assert (status, found["error"]) == (404, "ResourceNotFoundException")
    assert ask("/other")[0] == 404


def test_functions_of_all_accounts_and_regions(world: World, ask: Ask) -> None:
    world.make("b")
    world.make("a", MemorySize=256, Timeout=9)
    other = callers.root("111111111111")
    role = {"RoleName": "runs", "AssumeRolePolicyDocument": "{}"}
    role["AssumeRolePolicyDocument"] = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    )
    world.cloud.call("iam", "CreateRole", role, caller=other)
    far = {"FunctionName": "far", "Runtime": "python3.11", "Handler": "main.run", "Code": {"ZipFile": zipped()}}
    far["Role"] = "arn:aws:iam::111111111111:role/runs"
    world.cloud.call("lambda", "CreateFunction", far, caller=other, region="eu-west-1")
    rows = ask("")[1]["functions"]
    assert [(row["account"][:1], row["region"], row["name"]) for row in rows] == [
        ("0", "us-east-1", "a"),
        ("0", "us-east-1", "b"),
        ("1", "eu-west-1", "far"),
    ]
    assert (rows[0]["memory_mb"], rows[0]["timeout_seconds"], rows[0]["arn"]) == (256, 9, f"{AT}:a")
    assert one(ask, rows[2]["arn"])["region"] == "eu-west-1"


def test_versions_aliases_and_environments_at_this_moment(world: World, ask: Ask) -> None:
    world.make(Environment={"Variables": {"TABLE": "secret", "AREA": "b"}})
    for size in (128, 256):
        world.call("UpdateFunctionConfiguration", FunctionName="f", MemorySize=size)
        world.call("PublishVersion", FunctionName="f")
    weights = {"AdditionalVersionWeights": {"2": 0.05}}
    world.call("CreateAlias", FunctionName="f", Name="live", FunctionVersion="1", RoutingConfig=weights)
    seen: list[tuple[int, int]] = []

    def answers(function: Any, invocation: Any) -> Outcome:
        ctx = world.cloud.cloud.context("lambda", "page", callers.anonymous())
        with ctx.begin():
            (row,) = picture.listed(ctx)
        seen.append((row["busy"], row["idle"]))
        return Outcome(b"1")

    world.sandboxes.answers = answers
    world.invoke()
    world.invoke(Qualifier="2")
    assert seen == [(1, 0), (1, 1)]
    found = one(ask)
    assert (found["state"], found["variables"], found["log_group"]) == ("Active", ["AREA", "TABLE"], "/aws/lambda/f")
    assert [(row["number"], row["idle"]) for row in found["versions"]] == [("$LATEST", 1), ("2", 1), ("1", 0)]
    shares = [{"version": "1", "share": 0.95}, {"version": "2", "share": 0.05}]
    assert [(row["name"], row["shares"]) for row in found["aliases"]] == [("live", shares)]
    assert "secret" not in json.dumps(found)
    world.cloud.advance(301)
    assert (one(ask)["idle"], one(ask)["busy"]) == (0, 0)


def test_an_answer_its_figures_and_its_lines(world: World, ask: Ask) -> None:
    world.make()
    world.sandboxes.answers = lambda function, invocation: Outcome(invocation.payload, "", b"hello\n", 0.002)
    status, found = ask("/invoke", body={"arn": f"{AT}:f", "payload": '{"a": 1}'})
    assert (status, json.loads(found["payload"]), found["version"], found["error"]) == (200, {"a": 1}, "$LATEST", "")
    assert (found["duration_ms"], found["init_ms"], found["billed_ms"], found["trace"]) == (2.0, 1.0, 3.0, "")
    world.cloud.run(world.cloud.cloud.settled())
    lines = ask("/log", f"arn={AT}:f")[1]["lines"]
    assert [line["kind"] for line in lines] == ["init", "start", "", "end", "report"]
    assert lines[2]["text"] == "hello" and lines[1]["text"].startswith("START RequestId: ")


def test_an_error_is_told(world: World, ask: Ask) -> None:
    world.make()
    said = b'{"errorMessage": "no", "errorType": "ValueError", "stackTrace": []}'
    world.sandboxes.answers = lambda function, invocation: Outcome(said, "Unhandled", b"[ERROR] ValueError: no\n")
    _, found = ask("/invoke", body={"arn": f"{AT}:f"})
    assert (found["status"], found["error"], found["payload"]) == (200, "Unhandled", said.decode())
    world.cloud.run(world.cloud.cloud.settled())
    lines = ask("/log", f"arn={AT}:f")[1]["lines"]
    assert [line["text"] for line in lines if line["kind"] == "error"] == ["[ERROR] ValueError: no"]


def test_what_is_refused_is_refused_in_words(world: World, ask: Ask) -> None:
    world.make()
    for body, word in (
        ({"payload": "{"}, "Could not parse"),
        ({"qualifier": "nobody"}, "Function not found"),
        ({"type": "DryRun"}, "DryRun"),
        ({"loud": True}, "loud"),
    ):
        status, found = ask("/invoke", body={"arn": f"{AT}:f", **body})
        assert status in (400, 404) and word in found["message"]
    world.call("PutFunctionConcurrency", FunctionName="f", ReservedConcurrentExecutions=0)
    assert ask("/invoke", body={"arn": f"{AT}:f"})[1]["error"] == "TooManyRequestsException"
    assert world.sandboxes.asked == []


def test_an_event_is_accepted_and_a_trace_is_named(world: World, ask: Ask) -> None:
    world.make()
    status, found = ask("/invoke", body={"arn": f"{AT}:f", "type": "Event", "is_traced": True})
    assert (status, found["status"]) == (200, 202) and found["trace"].startswith("1-")
    world.cloud.run(world.cloud.cloud.settled())
    (asked,) = world.sandboxes.asked
    assert asked.trace.startswith(f"Root={found['trace']};") and "Sampled=1" in asked.trace
    traced = ask("/invoke", body={"arn": f"{AT}:f", "is_traced": True})[1]["trace"]
    assert world.sandboxes.asked[-1].trace.startswith(f"Root={traced};")
    ask("/invoke", body={"arn": f"{AT}:f"})
    assert "Sampled=0" in world.sandboxes.asked[-1].trace


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("INIT_START Runtime Version: python:3.11.v1", "init"),
        ("INIT_REPORT Init Duration: 3.00 ms\tPhase: init\tStatus: error\tError Type: X", "error"),
        ("START RequestId: x Version: $LATEST", "start"),
        ("END RequestId: x", "end"),
        ("REPORT RequestId: x\tDuration: 1.00 ms\t", "report"),
        ("REPORT RequestId: x\tDuration: 3000.00 ms\tStatus: timeout", "error"),
        ("STARTING up", ""),
        ("hello", ""),
        ("[ERROR] KeyError: 'a'", "error"),
        ("2025-06-15T00:00:00.000Z\tid\tERROR\tInvoke Error", "error"),
        ("2025-06-15T00:00:00.000Z id Task timed out after 3.00 seconds", "error"),
        ('{"time": "t", "type": "platform.start", "record": {}}', "start"),
        ('{"time": "t", "type": "platform.report", "record": {"status": "success"}}', "report"),
        ('{"time": "t", "type": "platform.report", "record": {"status": "timeout"}}', "error"),
        ('{"level": "ERROR", "message": "no"}', "error"),
        ('{"level": "INFO", "message": "yes"}', ""),
        ("{not json", ""),
    ],
)
def test_what_a_line_is(text: str, kind: str) -> None:
    assert picture.kind_of(text) == kind


def test_lines_are_in_order_and_an_errors_go_on() -> None:
    given = [
        Line(2, "b", "later"),
        Line(1, "a", "[ERROR] X"),
        Line(1, "a", "  File x"),
        Line(1, "a", "then"),
        Line(1, "b", " in"),
    ]
    found = picture.lines(given)
    assert [(one["text"], one["kind"]) for one in found] == [
        ("[ERROR] X", "error"),
        ("  File x", "error"),
        ("then", ""),
        (" in", ""),
        ("later", ""),
    ]
    many = picture.lines([Line(at, "s", str(at)) for at in range(picture.LINES_MAX + 5)])
    assert (len(many), many[-1]["text"]) == (picture.LINES_MAX, str(picture.LINES_MAX + 4))


def test_the_figures_of_a_report_that_is_json() -> None:
    record = {"metrics": {"durationMs": 2.5, "billedDurationMs": 3, "maxMemoryUsedMB": 31}, "status": "success"}
    tail = f'{{"type": "x"}}\n{json.dumps({"type": "platform.report", "record": record})}\n'
    found = picture.reported(tail)
    assert found == {"duration_ms": 2.5, "billed_ms": 3, "init_ms": None, "memory_mb_max": 31}
    assert set(picture.reported("").values()) == {None} == set(picture.reported("{broken").values())
