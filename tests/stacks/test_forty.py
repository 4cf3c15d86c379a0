"""Forty resources over many services: made, changed with a replacement, taken back to exactly what was, taken away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.services.cloudformation import template
from fogbank.testing import TestCloud

from . import shop
from .world import shown

World = dict[str, list[str]]


class Story:
    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud

    def ask(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return self.cloud.call(service, operation, params)

    def world(self) -> World:
        return shown(self.ask)

    def does(self, operation: str, **params: Any) -> str:
        """Ask for something, wait until it is done, and say how it ended."""
        self.cloud.call("cloudformation", operation, {"StackName": "shop", **params})
        for _ in range(600):
            self.cloud.run(self.cloud.cloud.settled())
            stacks = self.cloud.call("cloudformation", "ListStacks")["StackSummaries"]
            if not stacks[0]["StackStatus"].endswith("_IN_PROGRESS"):
                return str(stacks[0]["StackStatus"])
            self.cloud.advance(1)
        raise AssertionError("it hangs")

    def why(self) -> list[tuple[str, str]]:
        rows = self.cloud.call("cloudformation", "DescribeStackEvents", {"StackName": self.arn()})["StackEvents"]
        return [
            (row["LogicalResourceId"], row["ResourceStatusReason"])
            for row in rows
            if row["ResourceStatus"].endswith("_FAILED")
        ]

    def arn(self) -> str:
        return str(self.cloud.call("cloudformation", "ListStacks")["StackSummaries"][0]["StackId"])

    def ids(self) -> dict[str, str]:
        rows = self.cloud.call("cloudformation", "DescribeStackResources", {"StackName": "shop"})["StackResources"]
        return {row["LogicalResourceId"]: row["PhysicalResourceId"] for row in rows}


@pytest.fixture
def story(cloud: TestCloud) -> Iterator[Story]:
    yield Story(cloud)


def different(one: World, other: World) -> dict[str, Any]:
    return {
        name: (
            [row for row in one[name] if row not in other[name]],
            [row for row in other[name] if row not in one[name]],
        )
        for name in one
        if one[name] != other[name]
    }


def test_it_is_forty_resources_over_ten_services() -> None:
    types = [one["Type"] for one in template.parsed(shop.TEMPLATE)["Resources"].values()]
    assert len(types) == shop.RESOURCES
    assert len({one.split("::")[1] for one in types}) >= shop.SERVICES_MIN


def test_forty_resources_from_nothing_to_nothing(story: Story) -> None:
    empty = story.world()
    capable = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
    tags = [{"Key": "owner", "Value": "shop"}]
    assert story.does("CreateStack", TemplateBody=shop.TEMPLATE, Tags=tags, **capable) == "CREATE_COMPLETE", story.why()
    first, ids = story.world(), story.ids()
    assert story.does("UpdateStack", TemplateBody=shop.CHANGED, Tags=tags, **capable) == "UPDATE_COMPLETE", story.why()
    changed, later = story.world(), story.ids()
    assert {name for name in ids if ids[name] != later[name]} == {"Greeting"}, "the one that had to be replaced"
    assert different(first, changed).keys() >= {"ssm GetParameter", "sqs", "route53 ListResourceRecordSets"}
    new_tags = [{"Key": "owner", "Value": "nobody"}]
    ended = story.does("UpdateStack", TemplateBody=shop.FAILING, Tags=new_tags, **capable)
    assert ended == "UPDATE_ROLLBACK_COMPLETE", story.why()
    assert any(logical == "Wrong" for logical, _ in story.why())
    left = different(changed, story.world())
    assert left == {}, f"{left}"
    assert story.ids() == later
    assert story.does("DeleteStack") == "DELETE_COMPLETE", story.why()
    assert different(empty, story.world()) == {}
