"""Stacks as people deploy them: with the aws CLI's package and deploy, and with boto3's waiters and paginators."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

from fogbank.testing import Served
from fogbank.testing.databases import soon

AWS = Path(sys.executable).with_name("aws")
INNER = "Resources: {Word: {Type: 'AWS::SSM::Parameter', Properties: {Name: /inner, Type: String, Value: in}}}"
OUTER = """
Parameters: {Word: {Type: String}}
Resources:
  Inner: {Type: 'AWS::CloudFormation::Stack', Properties: {TemplateURL: ./inner.yaml}}
  Said: {Type: 'AWS::SSM::Parameter', Properties: {Name: /outer, Type: String, Value: !Ref Word}}
"""


def aws(served: Served, folder: Path, *words: str) -> str:
    environ = {
        **os.environ,
        "AWS_ENDPOINT_URL": served.url,
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "fogbank",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    ran = subprocess.run([AWS, *words], cwd=folder, env=environ, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def client(served: Served, service: str):  # type: ignore[no-untyped-def]
    return boto3.client(
        service,
        endpoint_url=served.url,
        region_name="us-east-1",
        aws_access_key_id="000000000000",
        aws_secret_access_key="fogbank",
    )


@pytest.mark.skipif(not AWS.exists(), reason="the aws CLI is not installed")
def test_package_and_deploy(served: Served, tmp_path: Path) -> None:
    client(served, "s3").create_bucket(Bucket="artifacts")
    (tmp_path / "inner.yaml").write_text(INNER)
    (tmp_path / "outer.yaml").write_text(OUTER)
    packed = ("--template-file", "outer.yaml", "--s3-bucket", "artifacts", "--output-template-file", "packed.yaml")
    aws(served, tmp_path, "cloudformation", "package", *packed)
    deploy = ("cloudformation", "deploy", "--template-file", "packed.yaml", "--stack-name", "story")
    assert "Successfully created" in aws(served, tmp_path, *deploy, "--parameter-overrides", "Word=one")
    assert "Successfully created" in aws(served, tmp_path, *deploy, "--parameter-overrides", "Word=two")
    # The command names its change sets by the second, and the one before may be of this second.
    executed_at = int(time.time())
    soon(lambda: int(time.time()) > executed_at, True)
    assert "No changes to deploy" in aws(served, tmp_path, *deploy, "--no-fail-on-empty-changeset")
    ssm = client(served, "ssm")
    found = {one["Name"]: one["Value"] for one in ssm.get_parameters(Names=["/inner", "/outer"])["Parameters"]}
    assert found == {"/inner": "in", "/outer": "two"}


def test_waiters_and_paginators(served: Served) -> None:
    stacks = client(served, "cloudformation")
    stacks.create_stack(StackName="inner", TemplateBody=INNER.replace("/inner", "/waited"))
    stacks.get_waiter("stack_create_complete").wait(StackName="inner", WaiterConfig={"Delay": 1})
    stacks.get_waiter("stack_exists").wait(StackName="inner")
    events = [
        one
        for page in stacks.get_paginator("describe_stack_events").paginate(StackName="inner")
        for one in page["StackEvents"]
    ]
    assert (events[-1]["ResourceStatus"], events[0]["ResourceStatus"]) == ("CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    named = [one for page in stacks.get_paginator("list_stacks").paginate() for one in page["StackSummaries"]]
    assert "inner" in [one["StackName"] for one in named]
    stacks.delete_stack(StackName="inner")
    stacks.get_waiter("stack_delete_complete").wait(StackName="inner", WaiterConfig={"Delay": 1})


def test_a_queue_is_told_of_where_the_cloud_is(tmp_path: Path) -> None:
    body = "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\nOutputs: {Url: {Value: !Ref Q, Export: {Name: url}}}"
    first = Served(ephemeral=False, state=str(tmp_path))
    try:
        stacks = client(first, "cloudformation")
        stacks.create_stack(StackName="jobs", TemplateBody=body)
        stacks.get_waiter("stack_create_complete").wait(StackName="jobs", WaiterConfig={"Delay": 1})
    finally:
        first.close()
    again = Served(ephemeral=False, state=str(tmp_path))
    try:
        assert again.port != first.port
        stacks = client(again, "cloudformation")
        (output,) = stacks.describe_stacks(StackName="jobs")["Stacks"][0]["Outputs"]
        (export,) = stacks.list_exports()["Exports"]
        found = stacks.describe_stack_resources(PhysicalResourceId=output["OutputValue"])["StackResources"]
        assert output["OutputValue"].startswith(again.url)
        assert (export["Value"], found[0]["PhysicalResourceId"]) == (output["OutputValue"], output["OutputValue"])
        client(again, "sqs").send_message(QueueUrl=output["OutputValue"], MessageBody="hello")
    finally:
        again.close()
