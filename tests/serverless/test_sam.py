"""SAM's command line: a sample of our own is built, packaged, deployed, called, changed, deployed and deleted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from fogbank.testing import Served
from fogbank.testing.databases import soon

SAM = Path(__file__).resolve().parents[2] / "build" / "sam" / "bin" / "sam"
SAMPLE = Path(__file__).with_name("sample")
MANAGED = "aws-sam-cli-managed-default"
pytestmark = pytest.mark.skipif(not SAM.exists(), reason="SAM's CLI is not installed: make build/sam/ready")


class Bench:
    """A copy of the sample, and SAM at work on it."""

    def __init__(self, served: Served, folder: Path, account: str) -> None:
        self.served, self.folder, self.account = served, folder, account
        self.home = folder / "home"
        self.home.mkdir()
        self.source = folder / "sample"
        shutil.copytree(SAMPLE, self.source)

    def ran(self, *words: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "AWS_ENDPOINT_URL": self.served.url,
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "fogbank",
            "AWS_DEFAULT_REGION": "us-east-1",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.2",
        }
        return subprocess.run(
            [SAM, *words], cwd=self.source, env=environ, capture_output=True, text=True, timeout=240, check=False
        )

    def sam(self, *words: str) -> str:
        done = self.ran(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def client(self, service: str) -> Any:
        credentials = {"aws_access_key_id": self.account, "aws_secret_access_key": "fogbank"}
        return boto3.client(service, endpoint_url=self.served.url, region_name="us-east-1", **credentials)

    def outputs(self) -> dict[str, str]:
        found = self.client("cloudformation").describe_stacks(StackName="tides")["Stacks"][0]["Outputs"]
        return {one["OutputKey"]: one["OutputValue"] for one in found}

    def said(self) -> Any:
        answer = self.client("lambda").invoke(FunctionName=self.outputs()["Alias"])
        found = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, found
        return found

    def objects(self) -> list[str]:
        s3 = self.client("s3")
        (bucket,) = s3.list_buckets()["Buckets"]
        return [one["Key"] for one in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])]

    def stacks(self) -> list[str]:
        return sorted(one["StackName"] for one in self.client("cloudformation").describe_stacks()["Stacks"])


@pytest.fixture
def bench(running: Served, tmp_path: Path, account: str) -> Iterator[Bench]:
    yield Bench(running, tmp_path, account)


DEPLOY = ("deploy", "--stack-name", "tides", "--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset")


def test_a_sample_is_deployed_changed_and_deleted(bench: Bench) -> None:
    bench.sam("build")
    shown = bench.sam(*DEPLOY, "--resolve-s3", "--parameter-overrides", "Harbour=hull")
    assert "Successfully created/updated stack - tides" in shown
    assert bench.stacks() == [MANAGED, "tides"]
    outputs = bench.outputs()
    assert bench.said() == {"harbour": "hull", "high": "04:12"}
    sqs = bench.client("sqs")
    sqs.send_message(QueueUrl=outputs["Asked"], MessageBody="when?")
    told: list[str] = []

    def heard() -> int:
        told.extend(one["Body"] for one in sqs.receive_message(QueueUrl=outputs["Told"]).get("Messages", []))
        return len(told)

    soon(heard, 1)
    assert json.loads(told[0])["harbour"] == "hull"
    (rule,) = bench.client("events").list_rules()["Rules"]
    targets = bench.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert (rule["ScheduleExpression"], targets[0]["Arn"]) == ("rate(1 hour)", outputs["Alias"])
    function = bench.client("lambda").get_function_configuration(FunctionName=outputs["Function"])
    assert function["TracingConfig"]["Mode"] == "Active"

    code = bench.source / "tides" / "app.py"
    code.write_text(code.read_text().replace('"high": table["high"]', '"low": "10:30"'))
    bench.sam("build")
    bench.sam(*DEPLOY, "--resolve-s3", "--parameter-overrides", "Harbour=hull")
    assert bench.said() == {"harbour": "hull", "low": "10:30"}
    assert (outputs["Version"], bench.outputs()["Version"]) == ("1", "2")
    shown = bench.sam(*DEPLOY, "--resolve-s3", "--no-fail-on-empty-changeset", "--parameter-overrides", "Harbour=hull")
    assert "No changes to deploy" in shown

    names = bench.objects()
    deployed = bench.client("cloudformation").get_template(StackName="tides", TemplateStage="Original")["TemplateBody"]
    bench.sam("delete", "--stack-name", "tides", "--no-prompts", "--region", "us-east-1")
    assert bench.stacks() == [MANAGED]
    gone = [name for name in names if name in str(deployed)]
    assert gone and not set(gone) & set(bench.objects()), "the code that was deployed last goes with it"
    assert bench.client("lambda").list_functions()["Functions"] == []
    assert sqs.list_queues().get("QueueUrls", []) == []
    assert bench.client("iam").list_roles()["Roles"] == []
    assert bench.client("events").list_rules()["Rules"] == []


def test_a_package_is_deployed_from_a_bucket_of_ones_own(bench: Bench) -> None:
    bench.client("s3").create_bucket(Bucket="own-artifacts")
    place = ("--s3-bucket", "own-artifacts", "--s3-prefix", "tides")
    bench.sam("package", *place, "--output-template-file", "packed.yaml")
    assert "s3://own-artifacts/tides/" in (bench.source / "packed.yaml").read_text()
    bench.sam(*DEPLOY, *place, "--template-file", "packed.yaml")
    assert bench.said()["harbour"] == "whitby"
    bench.sam("delete", "--stack-name", "tides", "--no-prompts", "--region", "us-east-1", *place)
    assert bench.stacks() == []


def test_what_is_wrong_is_said(bench: Bench) -> None:
    template = bench.source / "template.yaml"
    text = template.read_text()
    bench.client("s3").create_bucket(Bucket="artifacts")
    done = bench.ran(
        *(one for one in DEPLOY if not one.startswith(("CAPABILITY", "--capabilities"))), "--s3-bucket", "artifacts"
    )
    assert done.returncode != 0 and "Requires capabilities : [CAPABILITY_IAM]" in done.stdout + done.stderr
    template.write_text(
        text.replace("{Type: SQS, Properties: {Queue: !GetAtt Asked.Arn, BatchSize: 1}}", "{Type: SQS}")
    )
    done = bench.ran(*DEPLOY, "--s3-bucket", "artifacts")
    assert done.returncode != 0
    assert "Transform AWS::Serverless-2016-10-31 failed with: Invalid Serverless" in done.stdout + done.stderr
