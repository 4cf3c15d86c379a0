"""Secrets rotated by real functions, which may do what their roles may; and a kill in the middle of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from tests.functions.conftest import Town

from fogbank.services.lambda_.test_lambda import ROLE, TRUST, allowed, zipped
from fogbank.testing.process import CloudProcess

ACCOUNT = "111122223333"
ROTATES = """
import boto3
secrets = boto3.client("secretsmanager")

def run(event, context):
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    found = secrets.describe_secret(SecretId=arn)
    assert found["RotationEnabled"]
    stages = found["VersionIdsToStages"]
    print(step, "for", token)
    if "AWSCURRENT" in stages[token]:
        return
    assert "AWSPENDING" in stages[token]
    if step == "createSecret":
        create(arn, token)
    elif step == "testSecret":
        assert secrets.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")["SecretString"]
    elif step == "finishSecret":
        (current,) = [version for version, labels in stages.items() if "AWSCURRENT" in labels]
        secrets.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )

def create(arn, token):
    try:
        secrets.get_secret_value(SecretId=arn, VersionId=token, VersionStage="AWSPENDING")
    except secrets.exceptions.ResourceNotFoundException:
        value = secrets.get_random_password(PasswordLength=24)["RandomPassword"]
        secrets.put_secret_value(
            SecretId=arn, ClientRequestToken=token, SecretString=value, VersionStages=["AWSPENDING"]
        )
"""
READS = """
import boto3
secrets = boto3.client("secretsmanager")
def run(event, context):
    return secrets.get_secret_value(SecretId=event["name"])["SecretString"]
"""
FAILS = """
def run(event, context):
    print("asked for", event["Step"])
    if event["Step"] == "setSecret":
        raise RuntimeError("the database is not there")
"""
WAITS = """
import time
import boto3
secrets, ssm = boto3.client("secretsmanager"), boto3.client("ssm")

def run(event, context):
    arn, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    number = int(ssm.get_parameter(Name="/taken")["Parameter"]["Value"]) + 1
    ssm.put_parameter(Name="/taken", Value=str(number), Overwrite=True)
    ssm.put_parameter(Name=f"/steps/{number}", Value=f"{step} {token}", Type="String")
    if step == "setSecret" and ssm.get_parameter(Name="/word")["Parameter"]["Value"] == "wait":
        time.sleep(60)
    if step == "createSecret":
        secrets.put_secret_value(
            SecretId=arn, ClientRequestToken=token, SecretString="new", VersionStages=["AWSPENDING"]
        )
    if step == "finishSecret":
        current = secrets.get_secret_value(SecretId=arn)["VersionId"]
        secrets.update_secret_version_stage(
            SecretId=arn, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=current
        )
"""


def may_rotate(town: Town, name: str) -> str:
    given = {"Action": "lambda:InvokeFunction", "Principal": "secretsmanager.amazonaws.com"}
    town.call("AddPermission", FunctionName=name, StatementId="secrets", **given)
    return str(town.call("GetFunction", FunctionName=name)["Configuration"]["FunctionArn"])


def soon(is_so: Callable[[], bool], rest: Callable[[float], None] = time.sleep) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        rest(0.05)


def told(town: Town, arn: str, *names: str) -> None:
    """Wait until the events of a secret are these."""
    soon(lambda: events(town, arn) == list(names), lambda seconds: town.cloud.run(asyncio.sleep(seconds)))


def events(town: Town, arn: str) -> list[str]:
    told = [event["detail"] for event in town.cloud.events() if event["source"] == "aws.secretsmanager"]
    return [str(one["eventName"]) for one in told if one.get("additionalEventData") == {"SecretId": arn}]


@pytest.fixture(scope="module", autouse=True)
def allowed_to(town: Town) -> None:
    town.allow("logs:*", "secretsmanager:*")


def test_a_function_rotates_a_secret_that_another_reads(town: Town) -> None:
    secrets = town.cloud.client("secretsmanager")
    town.write("rotates", ROTATES, Timeout=30, MemorySize=256)
    town.write("reads", READS, Timeout=30, MemorySize=256)
    arn = secrets("CreateSecret", Name="tides/db", SecretString="first")["ARN"]
    assert town.said("reads", {"name": "tides/db"}) == "first"
    function = may_rotate(town, "rotates")
    answer = secrets("RotateSecret", SecretId="tides/db", RotationLambdaARN=function)
    told(town, arn, "RotationStarted", "RotationSucceeded")
    now = town.said("reads", {"name": "tides/db"})
    assert now != "first" and len(now) == 24
    before = secrets("GetSecretValue", SecretId="tides/db", VersionStage="AWSPREVIOUS")
    assert before["SecretString"] == "first"
    found = secrets("DescribeSecret", SecretId="tides/db")
    assert found["LastRotatedDate"] and "AWSCURRENT" in found["VersionIdsToStages"][answer["VersionId"]]
    lines = [line for line in town.log("/aws/lambda/rotates") if " for " in line]
    steps = ("createSecret", "setSecret", "testSecret", "finishSecret")
    assert lines == [f"{step} for {answer['VersionId']}\n" for step in steps]


def test_a_rotation_that_its_role_does_not_allow_fails(town: Town) -> None:
    secrets = town.cloud.client("secretsmanager")
    town.cloud.call("iam", "CreateRole", {"RoleName": "meek", "AssumeRolePolicyDocument": TRUST})
    town.write("meek", ROTATES, Timeout=30, MemorySize=256, Role=ROLE.replace("runs", "meek"))
    arn = secrets("CreateSecret", Name="tides/kept", SecretString="first")["ARN"]
    secrets("RotateSecret", SecretId="tides/kept", RotationLambdaARN=may_rotate(town, "meek"))
    told(town, arn, "RotationStarted", "RotationFailed")
    secrets("CancelRotateSecret", SecretId="tides/kept")
    assert secrets("GetSecretValue", SecretId="tides/kept")["SecretString"] == "first"


def test_what_a_function_raises_fails_the_rotation(town: Town) -> None:
    secrets = town.cloud.client("secretsmanager")
    town.write("fails", FAILS)
    arn = secrets("CreateSecret", Name="tides/failing", SecretString="first")["ARN"]
    secrets("RotateSecret", SecretId="tides/failing", RotationLambdaARN=may_rotate(town, "fails"))
    told(town, arn, "RotationStarted", "RotationFailed")
    found = secrets("DescribeSecret", SecretId="tides/failing")
    assert "LastRotatedDate" not in found and found["RotationEnabled"] is True
    town.cloud.advance(60)
    told(town, arn, "RotationStarted", "RotationFailed", "RotationFailed")
    asked = [line for line in town.log("/aws/lambda/fails") if line.startswith("asked for")]
    assert asked == ["asked for createSecret\n", "asked for setSecret\n"] * 2, "the whole again, a minute later"
    secrets("CancelRotateSecret", SecretId="tides/failing")


def test_a_step_that_takes_its_time_holds_nobody_up(town: Town) -> None:
    secrets = town.cloud.client("secretsmanager")
    code = ROTATES.replace("def run(", "import time\ndef run(").replace(
        "    print(step", "    time.sleep(1.5)\n    print(step"
    )
    town.write("dawdles", code, Timeout=30, MemorySize=256)
    arn = secrets("CreateSecret", Name="tides/slow", SecretString="first")["ARN"]
    secrets("RotateSecret", SecretId="tides/slow", RotationLambdaARN=may_rotate(town, "dawdles"))
    town.cloud.run(town.cloud.cloud.settled())
    assert events(town, arn) == ["RotationStarted"]
    told(town, arn, "RotationStarted", "RotationSucceeded")
    assert len([line for line in town.log("/aws/lambda/dawdles") if " for " in line]) == 4


@pytest.fixture
def process(tmp_path: Path) -> Iterator[CloudProcess]:
    found = CloudProcess(tmp_path / "state")
    found.start()
    yield found
    found.close()


def client(cloud: CloudProcess, service: str) -> Any:
    given = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "x", "region_name": "us-east-1"}
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(service, endpoint_url=cloud.card.url, config=config, **given)


def steps(cloud: CloudProcess) -> list[list[str]]:
    found = client(cloud, "ssm").get_parameters_by_path(Path="/steps")["Parameters"]
    return [one["Value"].split() for one in sorted(found, key=lambda one: int(one["Name"].rpartition("/")[2]))]


def test_a_step_that_a_kill_has_cut_short_is_taken_again(process: CloudProcess) -> None:
    iam, functions, ssm = (client(process, name) for name in ("iam", "lambda", "ssm"))
    role = iam.create_role(RoleName="runs", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName="runs", PolicyName="p", PolicyDocument=allowed("ssm:*", "secretsmanager:*"))
    for name, value in (("/word", "wait"), ("/taken", "0")):
        ssm.put_parameter(Name=name, Value=value, Type="String")
    function = functions.create_function(
        FunctionName="waits",
        Runtime="python3.11",
        Role=role,
        Handler="main.run",
        Timeout=120,
        MemorySize=256,
        Code={"ZipFile": zipped(main=WAITS)},
    )["FunctionArn"]
    given = {"Action": "lambda:InvokeFunction", "Principal": "secretsmanager.amazonaws.com"}
    functions.add_permission(FunctionName="waits", StatementId="secrets", **given)
    secrets = client(process, "secretsmanager")
    secrets.create_secret(Name="a", SecretString="old")
    token = secrets.rotate_secret(SecretId="a", RotationLambdaARN=function)["VersionId"]
    soon(lambda: len(steps(process)) == 2)
    ssm.put_parameter(Name="/word", Value="go", Type="String", Overwrite=True)
    process.kill()
    process.start()
    secrets = client(process, "secretsmanager")
    soon(lambda: secrets.get_secret_value(SecretId="a")["SecretString"] == "new")
    soon(lambda: "LastRotatedDate" in secrets.describe_secret(SecretId="a"))
    taken = ["createSecret", "setSecret", "setSecret", "testSecret", "finishSecret"]
    assert steps(process) == [[step, token] for step in taken], "from the step that was cut short"
    assert secrets.get_secret_value(SecretId="a")["VersionId"] == token
    assert "AWSCURRENT" in secrets.describe_secret(SecretId="a")["VersionIdsToStages"][token]
