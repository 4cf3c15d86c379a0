"""Shared secrets: a function reads what its administrator may write and not read, and keeps what it has read."""

from __future__ import annotations

import argparse
import base64
import contextlib
import json
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import botocore.exceptions
import botocore.session

from fogbank.testing.stack import Stack

HERE = Path(__file__).parent
STACK, USER = "shared-secrets", "key-administrator"
_MAY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["ssm:*", "kms:*"], "Resource": "*"}]}
PUBLISHED = {
    "first, ms": 1100.0,
    "environment, ms": 350.0,
    "initialization, ms": 725.0,
    "code, ms": 65.0,
    "call, ms": 63.5,
    "warm, ms": 8.0,
    "code of 95 %, ms": 5.0,
}
"""What the same took on AWS, for orientation."""
_LATER = 40
_PATIENCE_SECONDS = 20.0


class Cloud:
    """The cloud that runs, for its owner and for the administrator of the key."""

    def __init__(self) -> None:
        self._session = botocore.session.get_session()
        self.stacks, self.functions = self.client("cloudformation"), self.client("lambda")
        self.iam, self.ssm, self.traces = self.client("iam"), self.client("ssm"), self.client("xray")
        self._began_at, self._header = time.time(), ""
        self.functions.meta.events.register("before-sign.lambda.Invoke", self._trace)

    def _trace(self, request: Any, **_: Any) -> None:
        """Send the header of a trace, as a client does that is part of one."""
        request.headers.add_header("X-Amzn-Trace-Id", self._header)

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
        """The stack, deployed by the aws CLI where there is one; its outputs."""
        with Stack(self.stacks, STACK, HERE / "template.yaml") as stack:
            given = {"Administrator": administrator, "Runtime": runtime}
            beside = Path(sys.executable).with_name("aws")
            program = str(beside) if beside.exists() else shutil.which("aws")
            yield stack.apply(**given) if program is None else stack.adopted(lambda: _deployed(program, given))

    def asked(self, function: str) -> dict[str, Any]:
        """What the function answers, how long the call took, and what its log says of it; in a trace of its own."""
        root = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        self._header = f"Root={root};Sampled=1"
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
            "trace": root,
        }

    def segments(self, root: str) -> list[dict[str, Any]]:
        """What a trace consists of, once the function has told of its part."""
        ends_at = time.monotonic() + _PATIENCE_SECONDS
        while True:
            (found,) = self.traces.batch_get_traces(TraceIds=[root])["Traces"] or [{"Segments": []}]
            documents = [json.loads(one["Document"]) for one in found["Segments"]]
            if any(one.get("origin") == "AWS::Lambda::Function" for one in documents):
                return documents
            if time.monotonic() > ends_at:
                raise SystemExit(f"there is no trace {root}")

    def service_map(self) -> list[str]:
        """Who has called whom since the story began, with counts and mean latencies."""
        asked = {"StartTime": self._began_at - 1, "EndTime": time.time() + 1}
        services = self.traces.get_service_graph(**asked)["Services"]
        named = {one["ReferenceId"]: one for one in services}
        return [
            f"{_called(one)} -> {_called(named[edge['ReferenceId']])}: {edge['SummaryStatistics']['TotalCount']} "
            f"({_mean_ms(edge):.1f} ms)"
            for one in services
            for edge in one.get("Edges", ())
        ]


def _deployed(program: str, parameters: dict[str, str]) -> None:
    """`aws cloudformation deploy`. Raises SystemExit where it refuses."""
    words = ["cloudformation", "deploy", "--stack-name", STACK, "--template-file", str(HERE / "template.yaml")]
    words += ["--parameter-overrides", *(f"{name}={value}" for name, value in parameters.items())]
    words += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    ran = subprocess.run([program, *words], capture_output=True, text=True, timeout=120)
    if ran.returncode:
        raise SystemExit(f"aws cloudformation deploy: {ran.stderr or ran.stdout}")


def _called(service: dict[str, Any]) -> str:
    return "client" if service.get("Type") == "client" else f"{service['Name']} ({service.get('Type', '')})"


def _mean_ms(edge: dict[str, Any]) -> float:
    found: float = 1000 * edge["SummaryStatistics"]["TotalResponseTime"] / edge["SummaryStatistics"]["TotalCount"]
    return found


def parts(segments: list[dict[str, Any]]) -> dict[str, Any]:
    """Where the time of a call went, in ms, and what the function asked of other services."""
    service = next(one for one in segments if one["origin"] == "AWS::Lambda")
    function = next(one for one in segments if one["origin"] == "AWS::Lambda::Function")
    within = {one["name"]: one for one in function["subsegments"]}
    took = {name: 1000 * (one["end_time"] - one["start_time"]) for name, one in within.items()}
    calls = [one for one in segments if one["origin"] not in ("AWS::Lambda", "AWS::Lambda::Function")]
    return {
        "environment, ms": 1000 * (function["start_time"] - service["start_time"]),
        "initialization, ms": took.get("Initialization", 0.0),
        "code, ms": took["Invocation"],
        "calls": {one["aws"]["operation"]: 1000 * (one["end_time"] - one["start_time"]) for one in calls},
    }


def told(cloud: Cloud, outputs: dict[str, str], administrator: Any) -> dict[str, Any]:
    """The story: what is read, by whom, and when."""
    function, path = outputs["Function"], outputs["Path"]
    first, warm = cloud.asked(function), cloud.asked(function)
    later = [cloud.asked(function) for _ in range(_LATER)]
    traces = {name: parts(cloud.segments(one["trace"])) for name, one in (("first", first), ("warm", warm))}
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
        "later, ms": statistics.median(one["took, ms"] for one in later),
        "later inside, ms": statistics.median(one["inside, ms"] for one in later),
        "below 5 ms inside": sum(one["inside, ms"] < 5 for one in later) / len(later),
        "administrator is told": denied or "the secret",
        "administrator sees": "ciphertext" if "correct-horse" not in ciphertext else "the secret",
        "still": still["configuration"],
        "fresh": fresh["configuration"],
        "traces": traces,
        "map": cloud.service_map(),
    }


def lines(found: dict[str, Any]) -> Iterator[str]:
    first = found["first"]
    yield f"configuration at first: {first['configuration']}"
    yield f"the administrator adds a secret, and asks for it: {found['administrator is told']}"
    yield f"a warm environment still has: {found['still']}"
    yield f"a new environment has: {found['fresh']}"
    cold = found["traces"]["first"]
    rows = [
        ("first call", first["took, ms"], PUBLISHED["first, ms"]),
        ("  environment", cold["environment, ms"], PUBLISHED["environment, ms"]),
        ("  initialization", cold["initialization, ms"], PUBLISHED["initialization, ms"]),
        ("  code", cold["code, ms"], PUBLISHED["code, ms"]),
        ("    GetParametersByPath", cold["calls"]["GetParametersByPath"], PUBLISHED["call, ms"]),
        ("warm call (median)", found["later, ms"], PUBLISHED["warm, ms"]),
        ("  code", found["later inside, ms"], PUBLISHED["code of 95 %, ms"]),
    ]
    yield f"{'':24}{'here, ms':>10}{'AWS, published':>16}"
    for name, took, other in rows:
        yield f"{name:24}{took:10.1f}{other:16.1f}"
    called = ", ".join(found["traces"]["warm"]["calls"]) or "nobody"
    yield f"below 5 ms inside: {found['below 5 ms inside']:.0%} of {_LATER} warm calls (published: over 95 %)"
    yield f"the second call asked {called} for anything"
    yield from found["map"]


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
