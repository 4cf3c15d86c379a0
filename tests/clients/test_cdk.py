"""The CDK as its users run it: bootstrap, deploy, a change, diff, destroy; by a user who may only assume its roles."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from fogbank.planes.net.namespaces import prefix_of
from fogbank.planes.net.net import Net
from fogbank.planes.sandbox.processes import ProcessSandboxes
from fogbank.testing import Served

APP = Path(__file__).with_name("cdk")
PACKAGES = Path(__file__).resolve().parents[2] / "build" / "cdk" / "node_modules"
REGION = "us-east-1"
MAY_ASSUME = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/cdk-*"}


def missing(sandboxes: ProcessSandboxes) -> str:
    """What keeps the CDK from being run here; empty if nothing does."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (PACKAGES / ".bin" / "cdk").exists():
        return "the CDK is not installed, which `make build/cdk/ready` does with Node.js 20 or newer and npm"
    return sandboxes.runtimes().get("python3.11", "it is not known") and "no runtime python3.11"


class Site(Served):
    """A cloud with real functions."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fogbank-cdk-"))
        self.sandboxes: ProcessSandboxes
        super().__init__({"sandboxes": self._sandboxes})

    def _sandboxes(self, net: Net) -> ProcessSandboxes:
        self.sandboxes = ProcessSandboxes(self.folder / "sandboxes", prefix_of(self.folder), net)
        return self.sandboxes

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()
    try:
        if reason := missing(found.sandboxes):
            pytest.skip(reason)
        yield found
    finally:
        found.close()


class Cdk:
    """The CDK's command line in the folder of an app."""

    def __init__(self, site: Site, folder: Path) -> None:
        self._folder = folder / "app"
        shutil.copytree(APP, self._folder)
        (self._folder / "node_modules").symlink_to(PACKAGES)
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CI": "true",
            "NODE_NO_WARNINGS": "1",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": site.url,
            "AWS_REGION": REGION,
        }

    def __call__(self, *words: str, key: tuple[str, str], code: int = 0, **environ: str) -> str:
        """What a command says, run with an access key. Raises AssertionError where it ends with another code."""
        chosen = {"AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1], **environ}
        ran = subprocess.run(
            [str(PACKAGES / ".bin" / "cdk"), *words],
            cwd=self._folder,
            env={**self._environ, **chosen},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ran.returncode == code, ran.stdout[-3000:] + ran.stderr[-6000:]
        return ran.stdout + ran.stderr


def soon(ask: Callable[[], object], wanted: object) -> None:
    """Ask until it is so."""
    ends_at = time.monotonic() + 30
    while (found := ask()) != wanted:
        assert time.monotonic() < ends_at, f"{found}, and never {wanted}"
        time.sleep(0.05)


def test_bootstrap_deploy_change_diff_and_destroy(site: Site, tmp_path: Path, account: str) -> None:
    def client(service: str) -> Any:
        root = {"aws_access_key_id": account, "aws_secret_access_key": "x"}
        return boto3.client(service, endpoint_url=site.url, region_name=REGION, **root)

    def user(name: str, *statements: dict[str, Any]) -> tuple[str, str]:
        iam.create_user(UserName=name)
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return key["AccessKeyId"], key["SecretAccessKey"]

    iam, stacks, functions, ssm = (client(name) for name in ("iam", "cloudformation", "lambda", "ssm"))
    cdk, root = Cdk(site, tmp_path), (account, "x")
    assert f"aws://{account}/{REGION} bootstrapped" in cdk("bootstrap", key=root)
    assert "(no changes)" in cdk("bootstrap", key=root)
    (repository,) = client("ecr").describe_repositories()["repositories"]
    assert repository["repositoryName"] == f"cdk-hnb659fds-container-assets-{account}-{REGION}"

    deploy = ("deploy", "--require-approval", "never")
    stranger, deployer = user("stranger"), user("deployer", MAY_ASSUME)
    assert "AccessDenied" in cdk(*deploy, "--verbose", key=stranger, code=1)
    assert [one["StackName"] for one in stacks.describe_stacks()["Stacks"]] == ["CDKToolkit"]

    cdk(*deploy, key=deployer)
    (made,) = stacks.describe_stacks(StackName="Tides")["Stacks"]
    assert made["RoleARN"].endswith(f"role/cdk-hnb659fds-cfn-exec-role-{account}-{REGION}")
    told = {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}

    def said() -> str:
        answer = functions.invoke(FunctionName=told["TellerName"])
        found: str = json.load(answer["Payload"])
        assert "FunctionError" not in answer, found
        return found

    assert said() == "low tide"
    client("sqs").send_message(QueueUrl=told["QuestionsUrl"], MessageBody="how high?")
    soon(lambda: ssm.get_parameter(Name=told["HeardName"])["Parameter"]["Value"], "how high?")

    changed = {"WORDS": "high tide"}
    assert "[+] high tide" in cdk("diff", "--fail", key=deployer, code=1, **changed)
    cdk(*deploy, key=deployer, **changed)
    assert said() == "high tide"
    assert "There were no differences" in cdk("diff", "--fail", key=deployer, **changed)

    cdk("destroy", "--force", key=deployer, **changed)
    assert [one["StackName"] for one in stacks.describe_stacks()["Stacks"]] == ["CDKToolkit"]
    assert functions.list_functions()["Functions"] == []
    names = [one["Name"] for one in ssm.describe_parameters()["Parameters"]]
    assert names == ["/cdk-bootstrap/hnb659fds/version"]
