"""`kill -9` while a stack is made, changed and taken away: after the restart it ends by itself, nothing is twice."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from fogbank.testing.process import CloudProcess

from . import shop
from .test_forty import World, different
from .world import shown

KILLS = 3
DEADLINE_SECONDS = 60
_CAPABLE = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}


class Killed:
    """A cloud that is killed while a stack is under way."""

    def __init__(self, cloud: CloudProcess) -> None:
        self.cloud = cloud
        self.clients: dict[str, Any] = {}

    def start(self) -> None:
        self.cloud.start()
        self.clients = {}

    def client(self, service: str) -> Any:
        if service not in self.clients:
            self.clients[service] = boto3.client(
                service,
                endpoint_url=self.cloud.card.url,
                region_name="us-east-1",
                aws_access_key_id="000000000000",
                aws_secret_access_key="fogbank",
                config=Config(retries={"max_attempts": 1}, parameter_validation=False),
            )
        return self.clients[service]

    def ask(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        client = self.client(service)
        name = next(one for one, api in client.meta.method_to_api_mapping.items() if api == operation)
        answer: dict[str, Any] = getattr(client, name)(**params)
        return answer

    def world(self) -> World:
        return shown(self.ask)

    def does(self, operation: str, **params: Any) -> str:
        """Ask for something, kill the cloud in the midst of it some times, and say how it ended."""
        self.ask("cloudformation", operation, {"StackName": "shop", **params})
        for _ in range(KILLS):
            time.sleep(random.uniform(0.0, 0.05))
            self.cloud.kill()
            self.start()
        return self.ended()

    def ended(self) -> str:
        deadline = time.monotonic() + DEADLINE_SECONDS
        while time.monotonic() < deadline:
            status = str(self.ask("cloudformation", "ListStacks", {})["StackSummaries"][0]["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                return status
            time.sleep(0.05)
        raise AssertionError("it hangs")


@pytest.fixture
def killed(tmp_path: Path) -> Iterator[Killed]:
    found = Killed(CloudProcess(tmp_path / "state", network="plain"))
    found.start()
    yield found
    found.cloud.close()


def test_a_stack_outlives_kill_9(killed: Killed) -> None:
    empty = killed.world()
    assert killed.does("CreateStack", TemplateBody=shop.TEMPLATE, **_CAPABLE) == "CREATE_COMPLETE"
    first = killed.world()
    added = {name: len(first[name]) - len(empty[name]) for name in first}
    once = {
        "ec2 DescribeVpcs": 1,
        "ec2 DescribeSubnets": 2,
        "ec2 DescribeSecurityGroups": 3,
        "ec2 DescribeAddresses": 1,
        "kms DescribeKey": 1,
        "secretsmanager DescribeSecret": 1,
        "sqs": 2,
        "s3": 1,
        "route53 ListResourceRecordSets": 1,
    }
    assert {name: added[name] for name in once} == once, "each is made once"
    assert killed.does("UpdateStack", TemplateBody=shop.CHANGED, **_CAPABLE) == "UPDATE_COMPLETE"
    changed = killed.world()
    assert {name: len(rows) for name, rows in changed.items()} == {name: len(rows) for name, rows in first.items()}
    assert killed.does("UpdateStack", TemplateBody=shop.FAILING, **_CAPABLE) == "UPDATE_ROLLBACK_COMPLETE"
    left = different(changed, killed.world())
    assert left == {}, f"{left}"
    assert killed.does("DeleteStack") == "DELETE_COMPLETE"
    assert different(empty, killed.world()) == {}
