"""Lambda through the in-process cloud, with environments that answer what they are told; texts from the API pages."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.planes.sandbox.fake import FakeSandboxes
from fogbank.planes.sandbox.sandbox import Outcome
from fogbank.testing import TestCloud

ACCOUNT = "000000000000"
AT = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/runs"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def zipped(**modules: str) -> bytes:
    """Python modules as an archive."""
    given = modules or {"main": "def run(event, context): return event"}
    return archive({f"{name}.py": text for name, text in given.items()})


def archive(files: Mapping[str, str]) -> bytes:
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as opened:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            # As with AWS, what only its owner may read the function cannot.
            entry.external_attr = 0o644 << 16
            opened.writestr(entry, text)
    return found.getvalue()


def allowed(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class World:
    """A cloud with a role for functions."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.call = cloud.client("lambda")
        self.sandboxes: FakeSandboxes = cloud.cloud.planes.sandboxes  # type: ignore[assignment]
        cloud.call("iam", "CreateRole", {"RoleName": "runs", "AssumeRolePolicyDocument": TRUST})
        self.allow("logs:*", "sqs:*", "sns:*", "events:*", "lambda:*")

    def allow(self, *actions: str) -> None:
        given = {"RoleName": "runs", "PolicyName": "p", "PolicyDocument": allowed(*actions)}
        self.cloud.call("iam", "PutRolePolicy", given)

    def make(self, name: str = "f", **more: Any) -> dict[str, Any]:
        given = {
            "FunctionName": name,
            "Runtime": "python3.11",
            "Role": ROLE,
            "Handler": "main.run",
            "Code": {"ZipFile": zipped()},
        }
        return self.call("CreateFunction", **{**given, **more})

    def invoke(self, name: str = "f", payload: Any = None, **more: Any) -> dict[str, Any]:
        return self.call("Invoke", FunctionName=name, Payload=json.dumps(payload or {}).encode(), **more)

    def log(self, group: str = "/aws/lambda/f") -> list[str]:
        self.cloud.run(self.cloud.cloud.settled())
        found = self.cloud.call("logs", "FilterLogEvents", {"logGroupName": group})
        return [event["message"] for event in found["events"]]

    def refused(self, operation: str, code: str, **params: Any) -> str:
        with pytest.raises(AwsError) as caught:
            self.call(operation, **params)
        assert caught.value.code == code, str(caught.value)
        return caught.value.message


@pytest.fixture
def world(cloud: TestCloud) -> World:
    return World(cloud)


def test_a_function_is_made_and_called(world: World) -> None:
    made = world.make(Environment={"Variables": {"TABLE": "t"}}, Timeout=7)
    assert made["FunctionArn"] == f"{AT}:f" and made["State"] == "Active" and made["Version"] == "$LATEST"
    answer = world.invoke(payload={"a": 1}, LogType="Tail")
    assert json.loads(answer["Payload"]) == {"a": 1}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    tail = base64.b64decode(answer["LogResult"]).decode().splitlines()
    assert tail[0].startswith("START RequestId: ") and tail[0].endswith("Version: $LATEST")
    assert tail[1].startswith("END RequestId: ") and tail[2].startswith("REPORT RequestId: ")
    assert "Init Duration: 1.00 ms" in tail[2] and "Memory Size: 128 MB" in tail[2]
    (started,) = world.sandboxes.started
    environ = started.environ
    assert environ["TABLE"] == "t" and environ["_HANDLER"] == "main.run" and environ["AWS_REGION"] == "us-east-1"
    assert environ["AWS_ACCESS_KEY_ID"].startswith("ASIA") and environ["AWS_SESSION_TOKEN"]
    assert started.code.name == base64.b64decode(made["CodeSha256"]).hex()
    assert [line.partition(" ")[0] for line in world.log()] == ["INIT_START", "START", "END", "REPORT"]
    assert environ["AWS_LAMBDA_LOG_STREAM_NAME"].startswith("2025/06/15/[$LATEST]")


def test_an_environment_is_used_again_until_something_changes(world: World) -> None:
    world.make()
    for _ in range(3):
        world.invoke()
    assert len(world.sandboxes.started) == 1
    world.call("UpdateFunctionConfiguration", FunctionName="f", Environment={"Variables": {"AB": "1"}})
    world.invoke()
    assert world.sandboxes.started[-1].environ["AB"] == "1" and len(world.sandboxes.started) == 2
    world.call("UpdateFunctionCode", FunctionName="f", ZipFile=zipped(main="x = 1"))
    world.invoke()
    assert world.sandboxes.started[-1].code != world.sandboxes.started[0].code and len(world.sandboxes.started) == 3
    world.cloud.advance(299)
    world.invoke()
    assert len(world.sandboxes.started) == 3
    world.cloud.advance(301)
    world.invoke()
    assert len(world.sandboxes.started) == 4


def test_an_error_of_the_function_is_told(world: World) -> None:
    world.make()
    said = b'{"errorMessage": "no", "errorType": "ValueError", "stackTrace": []}'
    world.sandboxes.answers = lambda function, invocation: Outcome(said, "Unhandled", b"Traceback\n", 0.002)
    answer = world.invoke()
    assert (answer["StatusCode"], answer["FunctionError"], answer["Payload"]) == (200, "Unhandled", said)
    assert "Traceback\n" in world.log()
