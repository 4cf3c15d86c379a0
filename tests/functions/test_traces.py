"""What X-Ray hears of functions: their own segments, what their SDK sends, and the services that they call."""

from __future__ import annotations

import importlib.util
import io
import json
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.functions.conftest import Town

from fogbank.services.lambda_.test_lambda import zipped

READS = """
import boto3
ssm = boto3.client("ssm")
def run(event, context):
    return ssm.get_parameters_by_path(Path="/town", WithDecryption=True)["Parameters"][0]["Value"]
"""
WITH_SDK = """
from aws_xray_sdk.core import patch_all, xray_recorder
patch_all()
""" + READS.replace(
    "    return",
    '    with xray_recorder.in_subsegment("## reads") as part:\n        part.put_annotation("town", "x")\n    return',
)
FORGES = """
import json, os, socket
def run(event, context):
    host, port = os.environ["AWS_XRAY_DAEMON_ADDRESS"].split(":")
    segment = {"name": "forged", "id": "0" * 15 + "1", "trace_id": event["trace"], "start_time": event["now"],
               "end_time": event["now"]}
    text = json.dumps({"format": "json", "version": 1}) + "\\n" + json.dumps(segment)
    socket.socket(type=socket.SOCK_DGRAM).sendto(text.encode(), (host, int(port)))
"""


class Traced:
    """A town whose traces are read."""

    def __init__(self, town: Town) -> None:
        self.town = town
        town.allow("logs:*", "sqs:*", "sns:*", "ssm:*", "kms:*", "xray:PutTraceSegments")

    def trace(self, root: str) -> list[dict[str, Any]]:
        """The segments of a trace, as documents."""
        self.town.cloud.run(self.town.cloud.cloud.settled())
        found = self.town.cloud.call("xray", "BatchGetTraces", {"TraceIds": [root]})["Traces"]
        return [json.loads(one["Document"]) for trace in found for one in trace["Segments"]]

    def roots(self, name: str) -> list[str]:
        """The traces that a function is part of, oldest first."""
        self.town.cloud.run(self.town.cloud.cloud.settled())
        now = time.time()
        asked = {"StartTime": now - 900, "EndTime": now + 60, "FilterExpression": f'service("{name}")'}
        found = self.town.cloud.call("xray", "GetTraceSummaries", asked)["TraceSummaries"]
        return [one["Id"] for one in sorted(found, key=lambda one: one["Id"])]

    def client(self, service: str, header: str) -> Any:
        """A client of this cloud's API by its socket, whose calls are part of a trace."""
        found = boto3.client(
            service,
            endpoint_url=self.town.cloud.cloud.planes.api_url(),
            region_name="us-east-1",
            aws_access_key_id="000000000000",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )
        found.meta.events.register(
            "before-sign.*", lambda request, **_: request.headers.add_header("X-Amzn-Trace-Id", header)
        )
        return found

    def parameter(self, value: str = "v") -> None:
        given = {"Name": "/town/x", "Value": value, "Type": "SecureString", "Overwrite": True}
        self.town.cloud.call("ssm", "PutParameter", given)


@pytest.fixture(scope="module")
def traced(town: Town) -> Traced:
    return Traced(town)


def package() -> bytes:
    """A function with X-Ray's SDK, packaged as people package it."""
    made = io.BytesIO(zipped(main=WITH_SDK))
    with zipfile.ZipFile(made, "a") as opened:
        for name in ("aws_xray_sdk", "wrapt"):
            found = importlib.util.find_spec(name)
            assert found is not None and found.origin is not None
            folder = Path(found.origin).parent
            for file in folder.rglob("*"):
                if file.is_file() and "__pycache__" not in file.parts:
                    entry = zipfile.ZipInfo(str(file.relative_to(folder.parent)))
                    entry.external_attr = 0o644 << 16
                    opened.writestr(entry, file.read_bytes())
    return made.getvalue()


def of(segments: list[dict[str, Any]], origin: str) -> dict[str, Any]:
    (found,) = [one for one in segments if one.get("origin") == origin]
    return found


def named(segment: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in segment.get("subsegments", ()) if one["name"] == name]
    return found


def test_a_first_and_a_second_call(traced: Traced) -> None:
    traced.parameter()
    traced.town.write("reader", READS, TracingConfig={"Mode": "Active"}, Timeout=20)
    assert traced.town.said("reader") == "v"
    (root,) = traced.roots("reader")
    segments = traced.trace(root)
    service, function = of(segments, "AWS::Lambda"), of(segments, "AWS::Lambda::Function")
    assert "parent_id" not in service and function["parent_id"] == service["id"]
    assert [one["name"] for one in function["subsegments"]] == ["Initialization", "Invocation", "Overhead"]
    init, run = named(function, "Initialization"), named(function, "Invocation")
    assert service["start_time"] < init["start_time"] < init["end_time"] <= run["start_time"] < run["end_time"]
    ssm = of(segments, "AWS::SSM")
    assert ssm["aws"]["operation"] == "GetParametersByPath" and ssm["parent_id"] == run["id"]
    assert run["start_time"] < ssm["start_time"] < ssm["end_time"] < run["end_time"]
    assert of(segments, "AWS::KMS")["parent_id"] == ssm["id"], "it has decrypted for whoever asked"


def test_a_sdk_that_was_packaged_with_the_code(traced: Traced) -> None:
    traced.parameter()
    given = {"Code": {"ZipFile": package()}, "Runtime": "python3.11", "TracingConfig": {"Mode": "Active"}}
    traced.town.make("packed", **given, Timeout=20)
    assert traced.town.said("packed") == "v"
    (root,) = traced.roots("packed")
    segments = traced.trace(root)
    run = named(of(segments, "AWS::Lambda::Function"), "Invocation")
    assert named(run, "## reads")["annotations"] == {"town": "x"}
    called = next(one for one in run["subsegments"] if one["name"].lower() == "ssm")
    assert of(segments, "AWS::SSM")["parent_id"] == called["id"], "what answers stands below the call"


@pytest.mark.parametrize(
    ("mode", "header", "is_kept"),
    [
        ("Active", "Sampled=0", False),
        ("PassThrough", "Sampled=1", True),
        ("PassThrough", "", False),
        ("PassThrough", "Sampled=0", False),
    ],
)
def test_whoever_calls_decides(traced: Traced, mode: str, header: str, is_kept: bool) -> None:
    name = f"{mode}{header.replace('=', '')}"
    code = "import os\ndef run(event, context): return os.environ['_X_AMZN_TRACE_ID']"
    traced.town.write(name, code, TracingConfig={"Mode": mode})
    root = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    client = traced.client("lambda", f"Root={root};Parent=00000000000000aa;{header}")
    answer = traced.town.cloud.run(_aside(client.invoke, FunctionName=name))
    told = json.loads(answer["Payload"].read())
    assert told.startswith(f"Root={root};Parent=") and "00000000000000aa" not in told
    assert ("Sampled=1" if is_kept else "Sampled=0") in told.split(";")
    assert [one["parent_id"] for one in traced.trace(root) if one["origin"] == "AWS::Lambda"] == (
        ["00000000000000aa"] if is_kept else []
    )


async def _aside(call: Any, **given: Any) -> Any:
    import asyncio

    return await asyncio.to_thread(call, **given)


def test_a_role_that_may_not_tells_nothing(traced: Traced) -> None:
    traced.town.allow("logs:*")
    try:
        traced.town.write("silent", "def run(event, context): return 1", TracingConfig={"Mode": "Active"})
        assert traced.town.said("silent") == 1
        assert traced.roots("silent") == []
    finally:
        Traced(traced.town)


def test_a_function_tells_of_its_own_traces_only(traced: Traced) -> None:
    traced.town.write("forger", FORGES, TracingConfig={"Mode": "Active"})
    foreign = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    traced.town.invoke("forger", {"trace": foreign, "now": time.time()})
    (own,) = traced.roots("forger")
    traced.town.invoke("forger", {"trace": own, "now": time.time()})
    traced.town.invoke("forger", {"trace": foreign, "now": time.time()})
    assert any(one["name"] == "forged" for one in traced.trace(own))
    assert traced.trace(foreign) == []


def test_what_fails_is_a_fault(traced: Traced) -> None:
    code = "def run(event, context): raise ValueError('no such tide')"
    traced.town.write("fails", code, TracingConfig={"Mode": "Active"})
    traced.town.invoke("fails")
    (root,) = traced.roots("fails")
    function = of(traced.trace(root), "AWS::Lambda::Function")
    assert function["fault"]
    assert function["cause"]["exceptions"][0]["type"] == "ValueError"


def test_an_event_that_nobody_waits_for(traced: Traced) -> None:
    code = "def run(event, context): raise ValueError('no such tide')"
    traced.town.write("later", code, TracingConfig={"Mode": "Active"})
    traced.town.invoke("later", InvocationType="Event")
    for _ in range(3):
        traced.town.cloud.advance(400)
    traced.town.cloud.run(traced.town.cloud.cloud.settled())
    now = traced.town.cloud.clock.now()
    asked = {"StartTime": now - 7200, "EndTime": now + 60, "FilterExpression": 'service("later")'}
    (summary,) = traced.town.cloud.call("xray", "GetTraceSummaries", asked)["TraceSummaries"]
    segments = traced.trace(summary["Id"])
    names = [one["name"] for one in of(segments, "AWS::Lambda")["subsegments"]]
    assert names == ["Dwell Time", "Attempt #1", "Attempt #2", "Attempt #3"]
    assert sum(one.get("origin") == "AWS::Lambda::Function" for one in segments) == 3


def test_a_trace_goes_through_a_topic_and_a_queue(traced: Traced) -> None:
    cloud = traced.town.cloud
    code = "def run(event, context): return len(event['Records'])"
    traced.town.write("hears", code, TracingConfig={"Mode": "Active"})
    topic = cloud.call("sns", "CreateTopic", {"Name": "tides"})["TopicArn"]
    url = cloud.call("sqs", "CreateQueue", {"QueueName": "tides"})["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:000000000000:tides"
    may = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": queue}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    cloud.call("sqs", "SetQueueAttributes", {"QueueUrl": url, "Attributes": {"Policy": policy}})
    cloud.call("sns", "Subscribe", {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue})
    traced.town.call("CreateEventSourceMapping", FunctionName="hears", EventSourceArn=queue)
    root = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    publisher = traced.client("sns", f"Root={root};Sampled=1")
    cloud.run(_aside(publisher.publish, TopicArn=topic, Message="high"))
    ends_at = time.monotonic() + 20
    segments: list[dict[str, Any]] = []
    while not any(one.get("origin") == "AWS::Lambda::Function" for one in segments):
        assert time.monotonic() < ends_at, segments
        segments = traced.trace(root)
    sns, sqs, function = of(segments, "AWS::SNS"), of(segments, "AWS::SQS"), of(segments, "AWS::Lambda")
    assert [one.get("parent_id") for one in (sns, sqs, function)] == [None, sns["id"], sqs["id"]]
