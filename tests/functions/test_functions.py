"""Functions as whoever calls them meets them: answers, logs, errors, credentials, time."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any

import pytest
from tests.functions.conftest import Town

from fogbank.services.lambda_.test_lambda import archive, zipped

ECHO = """
print("begun")
count = 0
def run(event, context):
    global count
    count += 1
    print("called", count)
    return {"event": event, "count": count, "arn": context.invoked_function_arn, "id": context.aws_request_id}
"""
CALLS = """
import boto3
ssm = boto3.client("ssm")
def run(event, context):
    try:
        return ssm.get_parameter(Name=event["name"])["Parameter"]["Value"]
    except Exception as error:
        return error.response["Error"]["Code"]
"""


def tail(answer: dict[str, Any]) -> list[str]:
    return base64.b64decode(answer["LogResult"]).decode().splitlines()


def test_it_answers_and_stays_warm(town: Town) -> None:
    town.write("echo", ECHO)
    first = town.invoke("echo", {"a": 1}, LogType="Tail")
    body = json.loads(first["Payload"])
    assert (body["event"], body["count"]) == ({"a": 1}, 1) and body["arn"].endswith(":function:echo")
    lines = tail(first)
    assert lines[0] == f"START RequestId: {body['id']} Version: $LATEST"
    assert lines[1:3] == ["begun", "called 1"] and lines[3] == f"END RequestId: {body['id']}"
    assert "Init Duration: " in lines[4] and "Max Memory Used: " in lines[4]
    again = town.invoke("echo", LogType="Tail")
    assert json.loads(again["Payload"])["count"] == 2
    assert tail(again)[1] == "called 2" and "Init Duration" not in tail(again)[-1]
    text = "".join(town.log("/aws/lambda/echo"))
    assert text.startswith("INIT_START Runtime Version: python:3.11") and "called 2\n" in text


def test_other_code_means_another_environment(town: Town) -> None:
    town.write("turns", "def run(event, context): return 1")
    assert town.said("turns") == 1
    town.call("PublishVersion", FunctionName="turns")
    town.call("UpdateFunctionCode", FunctionName="turns", ZipFile=zipped(main="def run(event, context): return 2"))
    assert town.said("turns") == 2 and town.said("turns:1") == 1


def test_what_it_raises_is_told(town: Town) -> None:
    town.write("raises", "def run(event, context): raise ValueError('no such tide')")
    answer = town.invoke("raises", LogType="Tail")
    body = json.loads(answer["Payload"])
    assert answer["FunctionError"] == "Unhandled"
    assert (body["errorType"], body["errorMessage"]) == ("ValueError", "no such tide") and body["stackTrace"]
    assert any("[ERROR] ValueError: no such tide" in line for line in tail(answer))


def test_what_cannot_begin_says_why(town: Town) -> None:
    town.write("lost", "import nowhere")
    answer = town.invoke("lost", LogType="Tail")
    assert json.loads(answer["Payload"])["errorType"] == "Runtime.ImportModuleError"
    assert any(line.startswith("INIT_REPORT Init Duration: ") for line in tail(answer))


def test_it_is_ended_when_its_time_is_up(town: Town) -> None:
    town.write("slow", "import time\ndef run(event, context): time.sleep(event.get('seconds', 0))", Timeout=1)
    answer = town.invoke("slow", {"seconds": 30}, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert "Task timed out after 1.00 seconds" in json.loads(answer["Payload"])["errorMessage"]
    assert tail(answer)[-1].endswith("Status: timeout")
    assert town.said("slow") is None


def test_it_may_do_what_its_role_may_and_no_more(town: Town) -> None:
    for name in ("/tides/high", "/other"):
        town.cloud.call("ssm", "PutParameter", {"Name": name, "Value": f"value of {name}", "Type": "String"})
    statement = {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "arn:aws:ssm:*:*:parameter/tides/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    given = {"RoleName": "runs", "PolicyName": "tides", "PolicyDocument": document}
    town.cloud.call("iam", "PutRolePolicy", given)
    town.write("reads", CALLS, Timeout=30, MemorySize=256)
    assert town.said("reads", {"name": "/tides/high"}) == "value of /tides/high"
    assert town.said("reads", {"name": "/other"}) == "AccessDeniedException"


def test_an_event_is_carried_out_by_itself(town: Town) -> None:
    town.write("later", "def run(event, context): print('got', event['n'])")
    town.invoke("later", {"n": 41}, InvocationType="Event")
    assert "got 41\n" in town.log("/aws/lambda/later")


def test_an_event_whose_function_takes_its_time_holds_nobody_up(town: Town) -> None:
    code = "import time\ndef run(event, context):\n    time.sleep(1.5)\n    print('done', event['n'])"
    town.write("dawdles", code, Timeout=10)
    for number in range(3):
        town.invoke("dawdles", {"n": number}, InvocationType="Event")
    town.write("quick", "def run(event, context): return 'here'")
    assert town.said("quick") == "here"
    deadline = time.monotonic() + 30
    seen: set[str] = set()
    while len(seen) < 3:
        assert time.monotonic() < deadline
        town.cloud.run(asyncio.sleep(0.05))
        groups = town.cloud.call("logs", "DescribeLogGroups", {"logGroupNamePrefix": "/aws/lambda/dawdles"})
        if groups["logGroups"]:
            seen = {line for line in town.log("/aws/lambda/dawdles") if line.startswith("done")}
    assert seen == {"done 0\n", "done 1\n", "done 2\n"}


def test_a_function_sees_its_layers(town: Town) -> None:
    files = {"python/tool": "answer = 42"}
    arn = town.call("PublishLayerVersion", LayerName="tools", Content={"ZipFile": zipped(**files)})["LayerVersionArn"]
    town.write("layered", "import tool\ndef run(event, context): return tool.answer", Layers=[arn])
    assert town.said("layered") == 42


def test_node_runs_too(town: Town) -> None:
    runtime = next((one for one in ("nodejs22.x", "nodejs20.x", "nodejs24.x", "nodejs18.x") if town.has(one)), "")
    if not runtime:
        pytest.skip("no node of a version that Lambda has")
    code = "exports.run = async (event, context) => { console.log('tide', event.n); return {n: event.n + 1} }"
    town.write("node", "", Runtime=runtime, Code={"ZipFile": archive({"main.js": code})}, Handler="main.run")
    assert town.said("node", {"n": 1}) == {"n": 2}
    assert any("tide 1" in line for line in town.log("/aws/lambda/node"))
