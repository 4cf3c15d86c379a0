"""`kill -9` while functions run: nothing that was accepted is lost, and the next process carries it out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from fogbank.services.lambda_.test_lambda import TRUST, allowed, zipped
from fogbank.testing.process import CloudProcess

ACCOUNT = "111122223333"
SLOW = """
import time
import boto3
ssm = boto3.client("ssm")
def run(event, context):
    if ssm.get_parameter(Name="/word")["Parameter"]["Value"] == "wait":
        ssm.put_parameter(Name=f"/begun/{event['n']}", Value="yes", Type="String", Overwrite=True)
        time.sleep(60)
    print("done", event["n"])
"""


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[CloudProcess]:
    found = CloudProcess(tmp_path / "state")
    found.start()
    yield found
    found.close()


def client(cloud: CloudProcess, service: str) -> Any:
    given = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "x", "region_name": "us-east-1"}
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=cloud.card.url, config=config, **given)


def soon(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def lines(cloud: CloudProcess) -> set[str]:
    logs = client(cloud, "logs")
    if not logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/slow")["logGroups"]:
        return set()
    return {event["message"] for event in logs.filter_log_events(logGroupName="/aws/lambda/slow")["events"]}


def test_an_accepted_event_is_carried_out_by_the_next_process(cloud: CloudProcess) -> None:
    iam, functions, ssm = client(cloud, "iam"), client(cloud, "lambda"), client(cloud, "ssm")
    role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName="runs", PolicyName="p", PolicyDocument=allowed("logs:*", "ssm:*"))
    ssm.put_parameter(Name="/word", Value="wait", Type="String")
    functions.create_function(
        FunctionName="slow",
        Runtime="python3.11",
        Role=role,
        Handler="main.run",
        Timeout=120,
        MemorySize=256,
        Code={"ZipFile": zipped(main=SLOW)},
    )
    accepted = range(1, 6)
    for number in accepted:
        payload = json.dumps({"n": number}).encode()
        answer = functions.invoke(FunctionName="slow", InvocationType="Event", Payload=payload)
        assert answer["StatusCode"] == 202
    soon(lambda: len(ssm.get_parameters_by_path(Path="/begun")["Parameters"]) == len(accepted))
    # Those that are at it have read the old word, and would sleep for a minute.
    ssm.put_parameter(Name="/word", Value="go", Type="String", Overwrite=True)
    cloud.kill()
    cloud.start()
    soon(lambda: {f"done {number}\n" for number in accepted} <= lines(cloud))
