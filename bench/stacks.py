"""Stacks: how long it takes until one of forty quick resources is there, changed, and gone."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from bench.peers import Peer
from fogbank.testing.process import CloudProcess

RESOURCES, ROUNDS = 40, 5
POLL_SECONDS = 0.02


def run(make: dict[str, Callable[[], Peer]], chosen: argparse.Namespace) -> None:
    """A cloud of this part's own. Queues, topics, parameters, log groups, buckets and rules, a third need another."""
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    times: dict[str, list[float]] = {"creation": [], "update": [], "deletion": []}
    with tempfile.TemporaryDirectory() as folder:
        cloud = CloudProcess(Path(folder) / "state", network="plain", dns_port=0)
        cloud.start()
        try:
            given = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "fogbank"}
            client = boto3.client("cloudformation", endpoint_url=cloud.card.url, region_name="us-east-1", **given)
            for number in range(ROUNDS if chosen.rounds > 1 else 1):
                for step, seconds in _life(client, f"bench-{number}").items():
                    times[step].append(seconds)
        finally:
            cloud.close()
    for step, found in times.items():
        title = f"stack of {RESOURCES} resources, {step}"
        print(f"{title:34} {'fogbank':10} {statistics.median(found):9.3f} s  slowest {max(found):.3f} s", flush=True)


def _life(client: Any, name: str) -> dict[str, float]:
    """The seconds that each step of a stack's life takes."""
    return {
        "creation": _taken(client, lambda: client.create_stack(StackName=name, TemplateBody=_template("one"))),
        "update": _taken(client, lambda: client.update_stack(StackName=name, TemplateBody=_template("two"))),
        "deletion": _taken(client, lambda: client.delete_stack(StackName=name)),
    }


def _taken(client: Any, call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    while (status := client.list_stacks()["StackSummaries"][0]["StackStatus"]).endswith("_IN_PROGRESS"):
        time.sleep(POLL_SECONDS)
    assert status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"), status
    return time.perf_counter() - start


def _template(word: str) -> str:
    found: dict[str, Any] = {}
    for number in range(RESOURCES // 8):
        arn = {"Fn::GetAtt": [f"Queue{number}", "Arn"]}
        text = {"Type": "String", "Value": word}
        found |= {
            f"Queue{number}": {"Type": "AWS::SQS::Queue"},
            f"Topic{number}": {"Type": "AWS::SNS::Topic"},
            f"Heard{number}": {
                "Type": "AWS::SNS::Subscription",
                "Properties": {"TopicArn": {"Ref": f"Topic{number}"}, "Protocol": "sqs", "Endpoint": arn},
            },
            f"Word{number}": {"Type": "AWS::SSM::Parameter", "Properties": text},
            f"Where{number}": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": arn}},
            f"Lines{number}": {"Type": "AWS::Logs::LogGroup"},
            f"Files{number}": {"Type": "AWS::S3::Bucket"},
            f"Rule{number}": {
                "Type": "AWS::Events::Rule",
                "Properties": {"EventPattern": {"source": ["bench"]}, "Targets": [{"Id": "queue", "Arn": arn}]},
            },
        }
    return json.dumps({"Resources": found})
