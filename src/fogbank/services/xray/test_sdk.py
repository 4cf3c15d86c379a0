"""Segments of AWS's own SDK for Python, as its recorder emits them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fogbank.aws import trace_datagram
from fogbank.services.xray.test_xray import documents, put, summaries
from fogbank.testing import TestCloud

aws_xray_sdk = pytest.importorskip("aws_xray_sdk")
Call = Callable[..., dict[str, Any]]


class Emitter:
    """Keeps what the recorder would send to the daemon, as datagrams."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send_entity(self, entity: Any) -> None:
        self.sent.append(trace_datagram.datagram(entity.serialize()))

    def documents(self) -> list[str]:
        return [text for one in self.sent for text in trace_datagram.segments(one)]


@pytest.fixture
def emitter() -> Emitter:
    return Emitter()


@pytest.fixture
def recorder(emitter: Emitter) -> Iterator[Any]:
    from aws_xray_sdk.core.context import Context
    from aws_xray_sdk.core.recorder import AWSXRayRecorder

    made = AWSXRayRecorder()
    # It has a socket of its own from the start, and sends nothing.
    made.emitter._socket.close()
    made.configure(service="shop", emitter=emitter, sampling=False, context=Context())
    yield made
    made.clear_trace_entities()


@pytest.fixture
def now_cloud() -> Iterator[TestCloud]:
    """A cloud at the time that it is, since the SDK reads the machine's clock."""
    cloud = TestCloud(is_running=True)
    yield cloud
    cloud.close()


def work(recorder: Any) -> str:
    """A request with two calls of AWS, one within the other's brackets, and a step that fails."""
    segment = recorder.begin_segment("shop")
    segment.put_annotation("customer", "c-1")
    segment.put_metadata("debug", {"deep": [1, 2]})
    segment.put_http_meta("url", "http://shop.example.com/buy")
    segment.put_http_meta("status", 200)
    segment.set_user("alice")
    with recorder.in_subsegment("checkout"):
        with recorder.in_subsegment("ssm", namespace="aws") as call:
            call.set_aws({"operation": "GetParameter", "region": "us-east-1", "request_id": "r-1"})
            call.put_http_meta("status", 200)
        with pytest.raises(ValueError, match="no stock"), recorder.in_subsegment("reserve"):
            raise ValueError("no stock")
    recorder.end_segment()
    return str(segment.trace_id)


@pytest.mark.parametrize("threshold", [100, 0])
def test_whole_or_streamed_a_trace_is_the_same(
    now_cloud: TestCloud, recorder: Any, emitter: Emitter, threshold: int
) -> None:
    recorder.configure(streaming_threshold=threshold)
    trace = work(recorder)
    assert (len(emitter.sent) > 1) == (threshold == 0)
    xray = now_cloud.client("xray")
    assert put(xray, *reversed(emitter.documents())) == []
    shop, called = documents(xray, trace)
    (checkout,) = shop["subsegments"]
    assert [one["name"] for one in checkout["subsegments"]] == ["ssm", "reserve"]
    assert shop["metadata"] == {"default": {"debug": {"deep": [1, 2]}}}
    assert (called["name"], called["origin"], called["inferred"]) == ("SSM", "AWS::SSM", True)
    start = shop["start_time"]
    (summary,) = summaries(xray, start - 5, start + 5)
    assert summary["Http"]["HttpURL"] == "http://shop.example.com/buy"
    assert [one["UserName"] for one in summary["Users"]] == ["alice"]
    (cause,) = summary["FaultRootCauses"]
    assert cause["Services"][0]["EntityPath"][-1]["Exceptions"] == [{"Name": "ValueError", "Message": "no stock"}]
    for text in (
        'annotation.customer = "c-1"',
        'edge("shop", "SSM") { ok }',
        'rootcause.fault.entity { name = "reserve" }',
    ):
        assert len(summaries(xray, start - 5, start + 5, FilterExpression=text)) == 1, text


def test_a_segment_in_progress_is_shown_before_it_ends(now_cloud: TestCloud, recorder: Any, emitter: Emitter) -> None:
    segment = recorder.begin_segment("slow")
    emitter.send_entity(segment)
    xray = now_cloud.client("xray")
    put(xray, *emitter.documents())
    (found,) = documents(xray, segment.trace_id)
    assert found["in_progress"] is True
    recorder.end_segment()
    put(xray, *emitter.documents())
    (found,) = documents(xray, segment.trace_id)
    assert "end_time" in found
    assert "in_progress" not in found
