"""What the console's page of stacks is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.services.cloudformation import pages, picture
from fogbank.services.cloudformation.test_nested import AT, PARENT, Nests
from fogbank.services.cloudformation.test_stacks import FAILING, PAIR, THIRD, Stacks
from fogbank.testing import TestCloud

Ask = Callable[..., tuple[int, dict[str, Any]]]
WAITS = """
Resources:
  Before: {Type: 'AWS::SSM::Parameter', Properties: {Name: /before, Type: String, Value: x}}
  Handle: {Type: 'AWS::CloudFormation::WaitConditionHandle'}
  Waits: {Type: 'AWS::CloudFormation::WaitCondition', Properties: {Handle: !Ref Handle, Timeout: '300'}}
  After: {Type: 'AWS::SSM::Parameter', DependsOn: Waits, Properties: {Name: /after, Type: String, Value: x}}
"""


@pytest.fixture
def stacks(cloud: TestCloud) -> Stacks:
    return Stacks(cloud)


@pytest.fixture
def ask(cloud: TestCloud) -> Ask:
    def found(path: str = "", query: str = "", method: str = "GET") -> tuple[int, dict[str, Any]]:
        ctx = cloud.cloud.context("cloudformation", "page", callers.anonymous())
        response = cloud.run(pages.answer(ctx, Request(method, f"/_fogbank/stacks{path}", query, {}, b"")))
        return response.status, orjson.loads(response.body)

    return found


def one(ask: Ask, arn: str) -> dict[str, Any]:
    status, found = ask("/one", f"arn={arn}")
    assert status == 200, found
    return found


def test_nothing_is_there_yet(ask: Ask) -> None:
    assert ask()[1]["stacks"] == []
    assert ask("/one", "arn=arn:aws:cloudformation:us-east-1:000000000000:stack/no/none")[0] == 404
    assert ask("/one", "arn=arn:aws:sns:us-east-1:000000000000:no")[0] == 400
    assert ask("/one", "arn=no")[0] == 400
    assert ask("/one")[0] == 400
    assert ask("", "loud=yes")[0] == 400
    assert ask("", method="POST")[0] == 404


def test_a_stack_with_all_that_it_has(stacks: Stacks, ask: Ask) -> None:
    arn = stacks.create(f"Description: A pair\n{PAIR}", Tags=[{"Key": "team", "Value": "tides"}])
    (row,) = ask()[1]["stacks"]
    assert (row["name"], row["status"], row["progress"]) == (
        "shop",
        "CREATE_COMPLETE",
        {"done": 2, "failed": 0, "total": 2},
    )
    found = one(ask, arn)
    assert (found["description"], found["tags"]) == ("A pair", {"team": "tides"})
    assert [(one["name"], one["value"]) for one in found["parameters"]] == [("Greeting", "hello")]
    assert [(one["name"], one["export"]) for one in found["outputs"]] == [("Second", ""), ("Said", "shop-said")]
    parts = [(one["logical"], one["type"], one["status"]) for one in found["resources"]]
    assert parts == [(name, "AWS::SSM::Parameter", "CREATE_COMPLETE") for name in ("First", "Second")]
    first, last = found["events"][-1], found["events"][0]
    assert (first["logical"], first["status"], first["is_own"]) == ("shop", "CREATE_IN_PROGRESS", True)
    assert (last["status"], last["is_own"], last["nested"]) == ("CREATE_COMPLETE", True, "")
    assert row["changed_at"] == last["at"]


def test_how_far_it_has_come(stacks: Stacks, ask: Ask) -> None:
    arn = stacks.create(WAITS)
    found = one(ask, arn)
    assert (found["status"], found["progress"]) == ("CREATE_IN_PROGRESS", {"done": 2, "failed": 0, "total": 4})
    states = {one["logical"]: one["status"] for one in found["resources"]}
    assert (states["Waits"], states["After"], states["Before"]) == ("CREATE_IN_PROGRESS", "", "CREATE_COMPLETE")
    stacks.cloud.advance(301)
    found = one(ask, arn)
    assert found["status"] == "ROLLBACK_COMPLETE"
    assert found["progress"] == {"done": 3, "failed": 0, "total": 3}
    (failed,) = [event for event in found["events"] if event["status"] == "CREATE_FAILED"]
    assert failed["logical"] == "Waits" and "timed out" in failed["reason"]


def test_an_update_begins_anew(stacks: Stacks, ask: Ask) -> None:
    arn = stacks.create()
    stacks.update(PAIR.replace("Outputs:", THIRD[1:]))
    assert one(ask, arn)["progress"] == {"done": 3, "failed": 0, "total": 3}
    stacks.update(PAIR.replace("Outputs:", FAILING[1:]))
    found = one(ask, arn)
    assert found["status"] == "UPDATE_ROLLBACK_COMPLETE"
    assert any(event["status"].endswith("_FAILED") and event["logical"] == "Third" for event in found["events"])


def test_deleted_stacks_are_shown_for_a_while(stacks: Stacks, ask: Ask) -> None:
    arn = stacks.create()
    stacks.delete()
    (row,) = ask()[1]["stacks"]
    assert (row["is_deleted"], row["status"], row["progress"]["done"]) == (True, "DELETE_COMPLETE", 2)
    stacks.cloud.advance(picture.DELETED_SECONDS + 1)
    assert ask()[1]["stacks"] == []
    assert one(ask, arn)["is_deleted"], "who knows it finds it"


def test_nested_stacks_stand_below_their_parents(cloud: TestCloud, ask: Ask) -> None:
    cloud.call("s3", "CreateBucket", {"Bucket": "templates"})
    cloud.call("s3", "PutObject", {"Bucket": "templates", "Key": AT.rpartition("/")[2], "Body": PAIR.encode()})
    nests = Nests(cloud)
    parent = nests.create(PARENT)
    other = nests.create("Resources: {A: {Type: 'AWS::SSM::Parameter', Properties: {Type: String, Value: x}}}", "other")
    rows = ask()[1]["stacks"]
    assert {(row["arn"] in (parent, other), row["depth"]) for row in rows} == {(True, 0), (False, 1)}
    at = next(at for at, row in enumerate(rows) if row["depth"])
    assert rows[at]["parent"] == parent == rows[at - 1]["arn"]
    inner = rows[at]["arn"]
    assert {event["nested"] for event in one(ask, parent)["events"] if event["logical"] == "Inner"} <= {"", inner}
    assert inner in {event["nested"] for event in one(ask, parent)["events"]}
    assert inner in {part["id"] for part in one(ask, parent)["resources"]}
