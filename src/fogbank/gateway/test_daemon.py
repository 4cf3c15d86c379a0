"""X-Ray's daemon as programs of this machine meet it: with X-Ray's own SDK, and with what is no segment."""

from __future__ import annotations

import json
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.recorder import AWSXRayRecorder

from fogbank.testing import Served
from fogbank.testing.databases import soon


@pytest.fixture
def xray(served: Served) -> Any:
    login = {"aws_access_key_id": served.settings.account, "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return boto3.client("xray", endpoint_url=served.url, **login)


def asked(served: Served, path: str, body: dict[str, Any]) -> Any:
    url = f"http://{served.cloud.daemon.at}{path}"
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.fixture
def recorder(served: Served) -> Iterator[AWSXRayRecorder]:
    found = AWSXRayRecorder()
    found.configure(service="tides", daemon_address=served.cloud.daemon.at, sampling=False)
    yield found
    # The SDK lets go of its sockets never, and has made one for itself when it was imported.
    for one in (found, xray_recorder):
        one.emitter._socket.close()


def test_segments_of_the_sdk_arrive(recorder: AWSXRayRecorder, xray: Any) -> None:
    segment = recorder.begin_segment("tides")
    with recorder.in_subsegment("measure") as part:
        part.put_annotation("harbour", "Brest")
    recorder.end_segment()
    root = segment.trace_id

    def found() -> list[str]:
        traces = xray.batch_get_traces(TraceIds=[root])["Traces"]
        return [json.loads(one["Document"])["subsegments"][0]["name"] for t in traces for one in t["Segments"]]

    soon(found, ["measure"])


def test_sdks_learn_how_much_to_sample(served: Served) -> None:
    rules = asked(served, "/GetSamplingRules", {})["SamplingRuleRecords"]
    assert [one["SamplingRule"]["RuleName"] for one in rules] == ["Default"]
    told = {"RuleName": "Default", "ClientID": "0" * 24, "Timestamp": time.time(), "RequestCount": 1}
    told |= {"SampledCount": 1, "BorrowCount": 0}
    targets = asked(served, "/SamplingTargets", {"SamplingStatisticsDocuments": [told]})["SamplingTargetDocuments"]
    assert [(one["RuleName"], one["FixedRate"]) for one in targets] == [("Default", 0.05)]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [("/Traces", {}, 404), ("/", {}, 404), ("/SamplingTargets", {"SamplingStatisticsDocuments": "none"}, 400)],
)
def test_it_answers_nothing_else(served: Served, path: str, body: dict[str, Any], status: int) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        asked(served, path, body)
    with caught.value as answer:
        assert answer.code == status


def test_what_is_no_segment_does_no_harm(served: Served, xray: Any) -> None:
    host, port = served.cloud.daemon.at.split(":")
    root = f"1-{int(time.time()):08x}-{os.urandom(12).hex()}"
    good = {"name": "good", "id": "0" * 16, "trace_id": root, "start_time": time.time(), "end_time": time.time()}
    head = b'{"format": "json", "version": 1}\n'
    sent = [b"", b"\xff" * 1000, head, head + b"[]", head + b"{}", head + b"\x00" * 60_000, b"{" * 60_000]
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        for datagram in [*sent, head + json.dumps(good).encode()]:
            sock.sendto(datagram, (host, int(port)))
    soon(lambda: len(xray.batch_get_traces(TraceIds=[root])["Traces"]), 1)
