"""Filter policies: which messages reach a subscription."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.services.sns.test_sns import Inbox, Topic, string
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused


@pytest.fixture
def topic(cloud: TestCloud) -> Topic:
    return Topic(cloud)


@pytest.fixture
def inbox(cloud: TestCloud) -> Inbox:
    return Inbox(cloud, "inbox")


@pytest.mark.parametrize(
    ("policy", "attributes", "passes"),
    [
        ({"a": ["x", "y"]}, {"a": string("y")}, True),
        ({"a": ["x"]}, {"a": string("X")}, False),
        ({"a": ["x"]}, {}, False),
        ({"a": [{"exists": False}]}, {}, True),
        ({"a": [{"prefix": "ab"}]}, {"a": string("abc")}, True),
        ({"a": [{"suffix": "bc"}]}, {"a": string("abc")}, True),
        ({"a": [{"wildcard": "a*c"}]}, {"a": string("abbc")}, True),
        ({"a": [{"equals-ignore-case": "ABC"}]}, {"a": string("abc")}, True),
        ({"a": [{"anything-but": ["x"]}]}, {"a": string("y")}, True),
        ({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": string("xy")}, False),
        ({"a": [{"numeric": [">", 1, "<=", 5]}]}, {"a": {"DataType": "Number", "StringValue": "5.0"}}, True),
        ({"a": [{"numeric": [">", 1, "<=", 5]}]}, {"a": {"DataType": "Number", "StringValue": "1"}}, False),
        ({"a": [3]}, {"a": {"DataType": "Number", "StringValue": "3"}}, True),
        ({"a": [{"cidr": "10.0.0.0/8"}]}, {"a": string("10.1.2.3")}, True),
        ({"a": ["y"]}, {"a": {"DataType": "String.Array", "StringValue": '["x", "y"]'}}, True),
        ({"a": ["x"]}, {"a": {"DataType": "Binary", "BinaryValue": b"x"}}, False),
        ({"$or": [{"a": ["x"]}, {"b": ["x"]}]}, {"b": string("x")}, True),
        ({"a": ["x"], "b": ["x"]}, {"a": string("x"), "b": string("y")}, False),
    ],
)
def test_filters_on_attributes(
    topic: Topic, inbox: Inbox, policy: dict[str, Any], attributes: dict[str, Any], passes: bool
) -> None:
    topic.subscribe(inbox, FilterPolicy=json.dumps(policy))
    topic.publish("x", MessageAttributes=attributes)
    assert inbox.texts() == ["x"] * passes


@pytest.mark.parametrize(
    ("body", "passes"),
    [
        ('{"order": {"state": "paid", "total": 12}}', True),
        ('{"order": [{"state": "paid", "total": 12}]}', True),
        ('{"order": {"state": "paid", "total": 2}}', False),
        ('{"state": "paid"}', False),
        ("no json", False),
        ("[]", False),
    ],
)
def test_filters_on_bodies(topic: Topic, inbox: Inbox, body: str, passes: bool) -> None:
    policy = {"order": {"state": ["paid"], "total": [{"numeric": [">", 10]}]}}
    topic.subscribe(inbox, FilterPolicy=json.dumps(policy), FilterPolicyScope="MessageBody")
    topic.publish(body)
    assert len(inbox.messages()) == passes


def test_depth_counts_in_bodies(topic: Topic, inbox: Inbox) -> None:
    # "4 x 4 x 3 x 3 = 144", the example of the page on constraints; one value more is too many.
    def policy(count: int) -> str:
        leaf = [str(n) for n in range(count)]
        return json.dumps({"a": {"b": {"c": {"d": leaf}}, "e": {"f": ["1", "2", "3"]}}})

    arn = topic.subscribe(inbox, FilterPolicyScope="MessageBody", FilterPolicy=policy(4))
    with refused("InvalidParameter", "too complex"):
        topic.sns(
            "SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue=policy(5)
        )


def test_a_filter_is_taken_away(topic: Topic, inbox: Inbox) -> None:
    arn = topic.subscribe(inbox, FilterPolicy='{"a": ["x"]}')
    topic.publish("no")
    topic.sns("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName="FilterPolicy", AttributeValue="{}")
    topic.publish("yes")
    assert inbox.texts() == ["yes"]
