"""Shared secrets: a function reads what its administrator may write and not read, and keeps what it has read."""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import botocore.exceptions
import botocore.session

HERE = Path(__file__).parent
STACK, USER = "shared-secrets", "key-administrator"
_MAY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["ssm:*", "kms:*"], "Resource": "*"}]}
PUBLISHED = {"first, ms": 1100.0, "warm, ms": 8.0}
"""What the same took on AWS, for orientation."""


class Cloud:
    """The cloud that runs, for its owner and for the administrator of the key."""

    def __init__(self) -> None:
        self._session = botocore.session.get_session()
        self.stacks, self.functions = self.client("cloudformation"), self.client("lambda")
        self.iam, self.ssm = self.client("iam"), self.client("ssm")

    def client(self, service: str, **login: str) -> Any:
        return self._session.create_client(service, **login)

    @contextlib.contextmanager
    def administrator(self) -> Iterator[tuple[str, Any]]:
        """A user who may do all with parameters, and with keys whose policies let him; his ARN, and his SSM."""
        arn = self.iam.create_user(UserName=USER)["User"]["Arn"]
        self.iam.put_user_policy(UserName=USER, PolicyName="all", PolicyDocument=json.dumps(_MAY))
        key = self.iam.create_access_key(UserName=USER)["AccessKey"]
        try:
            login = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
            yield arn, self.client("ssm", **login)
        finally:
            self.iam.delete_access_key(UserName=USER, AccessKeyId=key["AccessKeyId"])
            self.iam.delete_user_policy(UserName=USER, PolicyName="all")
            self.iam.delete_user(UserName=USER)

    @contextlib.contextmanager
    def stack(self, administrator: str, runtime: str) -> Iterator[dict[str, str]]:
        """The stack; its outputs."""
        given = {"Administrator": administrator, "Runtime": runtime}
        self.stacks.create_stack(
            StackName=STACK,
            TemplateBody=(HERE / "template.yaml").read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        try:
            self._wait_for_creation()
            found = self.stacks.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
            yield {one["OutputKey"]: one["OutputValue"] for one in found}
        finally:
            self.stacks.delete_stack(StackName=STACK)
            self._wait("stack_delete_complete")

    def _wait_for_creation(self) -> None:
        """Raises SystemExit, with what the events say, where it fails."""
        try:
            self._wait("stack_create_complete")
        except botocore.exceptions.WaiterError:
            events = self.stacks.describe_stack_events(StackName=STACK)["StackEvents"]
            told = [
                f"{one['LogicalResourceId']}: {one['ResourceStatusReason']}"
                for one in events
                if "ResourceStatusReason" in one
            ]
            raise SystemExit("\n".join(told)) from None

    def _wait(self, name: str) -> None:
        waiter = self.stacks.get_waiter(name)
        waiter.config.delay = 0.2
        waiter.wait(StackName=STACK)

    def asked(self, function: str) -> dict[str, Any]:
        """What the function answers, how long the call took, and what its log says of it."""
        began = time.perf_counter()
        said = self.functions.invoke(FunctionName=function, LogType="Tail")
        took_ms = (time.perf_counter() - began) * 1000
        answer = json.loads(said["Payload"].read())
        if "FunctionError" in said:
            raise SystemExit(f"the function failed: {answer}")
        log = base64.b64decode(said["LogResult"]).decode()
        init = re.search(r"Init Duration: ([\d.]+) ms", log)
        duration = re.search(r"\tDuration: ([\d.]+) ms", log)
        return {
            "configuration": answer["configuration"],
            "took, ms": took_ms,
            "init, ms": float(init[1]) if init else 0.0,
            "inside, ms": float(duration[1]) if duration else 0.0,
        }


def told(cloud: Cloud, outputs: dict[str, str], administrator: Any) -> dict[str, Any]:
    """The story: what is read, by whom, and when."""
    function, path = outputs["Function"], outputs["Path"]
    first, warm = cloud.asked(function), cloud.asked(function)
    name = f"{path}/payment"
    secret = json.dumps({"token": "correct-horse"})
    administrator.put_parameter(Name=name, Type="SecureString", KeyId=outputs["Alias"], Value=secret)
    try:
        denied = ""
        try:
            administrator.get_parameter(Name=name, WithDecryption=True)
        except botocore.exceptions.ClientError as error:
            denied = error.response["Error"]["Code"]
        ciphertext = administrator.get_parameter(Name=name)["Parameter"]["Value"]
        still = cloud.asked(function)
        cloud.functions.update_function_configuration(FunctionName=function, Description="another environment")
        fresh = cloud.asked(function)
    finally:
        cloud.ssm.delete_parameter(Name=name)
    return {
        "first": first,
        "warm": warm,
        "administrator is told": denied or "the secret",
        "administrator sees": "ciphertext" if "correct-horse" not in ciphertext else "the secret",
        "still": still["configuration"],
        "fresh": fresh["configuration"],
    }


def lines(found: dict[str, Any]) -> Iterator[str]:
    first, warm = found["first"], found["warm"]
    yield f"configuration at first: {first['configuration']}"
    yield f"the administrator adds a secret, and asks for it: {found['administrator is told']}"
    yield f"a warm environment still has: {found['still']}"
    yield f"a new environment has: {found['fresh']}"
    yield (
        f"first call {first['took, ms']:.0f} ms ({first['init, ms']:.0f} ms of it initialisation), "
        f"published {PUBLISHED['first, ms']:.0f} ms"
    )
    inside, published = warm["inside, ms"], PUBLISHED["warm, ms"]
    yield f"warm call {warm['took, ms']:.1f} ms ({inside:.2f} ms inside), published {published:.0f} ms"


def main(argv: Sequence[str]) -> int:
    """Tell the story to the cloud that AWS_ENDPOINT_URL names."""
    parser = argparse.ArgumentParser(prog="shared-secrets", description=__doc__)
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    parser.add_argument("--runtime", default=own, help=f"of the function ({own})")
    parser.add_argument("--json", action="store_true", help="for programs")
    chosen = parser.parse_args(argv)
    os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")
    cloud = Cloud()
    with cloud.administrator() as (arn, ssm), cloud.stack(arn, chosen.runtime) as outputs:
        found = told(cloud, outputs, ssm)
    print(json.dumps(found) if chosen.json else "\n".join(lines(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
