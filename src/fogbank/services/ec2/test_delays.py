"""What is said where a machine has nothing in which packets could wait, and what is remembered of zones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from fogbank.aws.errors import WorldError
from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.planes.net.fake import FakeNet
from fogbank.services.ec2 import lines, pages
from fogbank.testing import TestCloud

WORDS = "[Errno 13] Permission denied: '/dev/net/tun'"
ZONES = {"here": "us-east-1b", "there": "us-east-1a"}


class Hurried(FakeNet):
    """A network in which nothing can wait."""

    async def delays(self) -> None:
        raise WorldError(WORDS)


def asked(cloud: TestCloud, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
    ctx = cloud.cloud.context("ec2", "page", callers.anonymous(), "us-east-1")
    request = Request(method, f"/_fogbank/net{path}", "", {}, orjson.dumps(body) if body is not None else b"")
    response = cloud.run(pages.answer(ctx, request))
    return response.status, orjson.loads(response.body)


@pytest.fixture
def hurried() -> Iterator[TestCloud]:
    found = TestCloud(net=lambda _: Hurried())
    yield found
    found.close()


def test_what_cannot_wait_is_refused_with_the_reason_and_not_remembered(hurried: TestCloud) -> None:
    status, said = asked(hurried, "POST", "/faults", {"target": "us-east-1a", "delay_seconds": 0.04})
    assert (status, said["message"]) == (503, WORDS)
    status, said = asked(hurried, "POST", "/line", {**ZONES, "round_trip_seconds": 0.001})
    assert (status, said["message"]) == (503, WORDS)
    assert asked(hurried, "GET", "/faults") == (200, {"faults": []})
    assert asked(hurried, "POST", "/line", ZONES)[1]["round_trip_seconds"] == 0.0


def test_what_needs_no_waiting_is_not_refused(hurried: TestCloud) -> None:
    for body in ({"target": "us-east-1a"}, {"target": "eu-west-1--us-east-1", "delay_seconds": 0.04}):
        assert asked(hurried, "POST", "/faults", body)[0] == 200
    assert asked(hurried, "POST", "/line", {**ZONES, "round_trip_seconds": 0.0})[0] == 200


def test_the_way_between_two_zones_is_one_whichever_comes_first() -> None:
    with_records = TestCloud()
    try:
        assert asked(with_records, "POST", "/line", {**ZONES, "round_trip_seconds": 0.001})[0] == 200
        turned = {"here": ZONES["there"], "there": ZONES["here"]}
        assert asked(with_records, "POST", "/line", turned)[1]["round_trip_seconds"] == 0.001
    finally:
        with_records.close()


def test_zones_have_a_region() -> None:
    assert lines.region_of("us-east-1f") == "us-east-1"
    assert [lines.region_of(one) for one in ("us-east-1z", "us-east-1", "moon-1a", "", "a")] == [""] * 5
