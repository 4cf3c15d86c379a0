"""SNS's resource types."""

from __future__ import annotations

import json
from typing import Any

from fogbank.control.resource_type import Call, Change, Properties, Table, Wanted, listed, of_calls, tags

_TOPIC = (
    "ContentBasedDeduplication",
    "DisplayName",
    "FifoTopic",
    "KmsMasterKeyId",
    "SignatureVersion",
    "TracingConfig",
)
_SUBSCRIPTION = ("DeliveryPolicy", "FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")
_GONE = ("NotFound",)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _create(wanted: Wanted) -> Call:
    properties = wanted.properties
    is_fifo = _text(properties.get("FifoTopic", "")) == "true"
    name = properties.get("TopicName", f"{wanted.name}.fifo" if is_fifo else wanted.name)
    attributes = {name: _text(properties[name]) for name in _TOPIC if name in properties}
    found = listed(tags(wanted.tags, properties.get("Tags")))
    return "CreateTopic", {"Name": name, "Attributes": attributes, "Tags": found}


def _subscriptions(topic: str, wanted: Wanted) -> list[Call]:
    return [
        ("Subscribe", {"TopicArn": topic, "Protocol": one["Protocol"], "Endpoint": one["Endpoint"]})
        for one in wanted.properties.get("Subscription", ())
    ]


def _set_topic(change: Change) -> list[Call]:
    names = [name for name in _TOPIC if change.before.get(name) != change.after.get(name)]
    return [
        (
            "SetTopicAttributes",
            {"TopicArn": change.id, "AttributeName": name, "AttributeValue": _text(change.after.get(name, ""))},
        )
        for name in names
    ]


def _set_subscription(change: Change) -> list[Call]:
    names = [name for name in _SUBSCRIPTION if change.before.get(name) != change.after.get(name)]
    return [
        (
            "SetSubscriptionAttributes",
            {"SubscriptionArn": change.id, "AttributeName": name, "AttributeValue": _text(change.after.get(name, {}))},
        )
        for name in names
    ]


def _policy(topics: Any, document: Any) -> list[Call]:
    return [
        ("SetTopicAttributes", {"TopicArn": one, "AttributeName": "Policy", "AttributeValue": _text(document)})
        for one in topics
    ]


def _own_policy(topics: Any) -> list[Call]:
    """The policy that a topic begins with: its account may do everything."""
    found = []
    for one in topics:
        own = {"Effect": "Allow", "Principal": {"AWS": one.split(":")[4]}, "Action": "SNS:*", "Resource": one}
        found += _policy([one], {"Version": "2012-10-17", "Statement": [own]})
    return found


def _subscribed(wanted: Wanted) -> Call:
    properties = wanted.properties
    attributes = {name: _text(properties[name]) for name in _SUBSCRIPTION if name in properties}
    given = {name: properties[name] for name in ("TopicArn", "Protocol", "Endpoint") if name in properties}
    return "Subscribe", {**given, "Attributes": attributes, "ReturnSubscriptionArn": True}


def _unsubscribed(arn: str, properties: Properties) -> list[Call]:
    return [("Unsubscribe", {"SubscriptionArn": arn})]


TYPES = (
    of_calls(
        Table(
            "AWS::SNS::Topic",
            "sns",
            taken=lambda wanted: (
                "GetTopicAttributes",
                {"TopicArn": wanted.scope.arn("sns", _create(wanted)[1]["Name"])},
            ),
            create=_create,
            identity=lambda answer, wanted: str(answer["TopicArn"]),
            afterwards=_subscriptions,
            update=_set_topic,
            retag=lambda change, new, gone: [
                *([("TagResource", {"ResourceArn": change.id, "Tags": listed(new)})] if new else ()),
                *([("UntagResource", {"ResourceArn": change.id, "TagKeys": gone})] if gone else ()),
            ],
            delete=lambda topic, properties: [("DeleteTopic", {"TopicArn": topic})],
            attributes=lambda topic, properties, answer: {
                "TopicArn": topic,
                "TopicName": topic.rpartition(":")[2],
            },
            absent=_GONE,
            known=frozenset((*_TOPIC, "TopicName", "Subscription", "Tags")),
            replaces=frozenset(("TopicName", "FifoTopic", "Subscription")),
        )
    ),
    of_calls(
        Table(
            "AWS::SNS::Subscription",
            "sns",
            create=_subscribed,
            identity=lambda answer, wanted: str(answer["SubscriptionArn"]),
            update=_set_subscription,
            delete=_unsubscribed,
            absent=_GONE,
            required=("TopicArn", "Protocol"),
            known=frozenset((*_SUBSCRIPTION, "TopicArn", "Protocol", "Endpoint")),
            replaces=frozenset(("TopicArn", "Protocol", "Endpoint")),
        )
    ),
    of_calls(
        Table(
            "AWS::SNS::TopicPolicy",
            "sns",
            create=lambda wanted: _policy(wanted.properties["Topics"][:1], wanted.properties["PolicyDocument"])[0],
            identity=lambda answer, wanted: wanted.name,
            afterwards=lambda identity, wanted: _policy(
                wanted.properties["Topics"][1:], wanted.properties["PolicyDocument"]
            ),
            update=lambda change: _policy(change.after["Topics"], change.after["PolicyDocument"]),
            delete=lambda identity, properties: _own_policy(properties["Topics"]),
            absent=_GONE,
            required=("PolicyDocument", "Topics"),
            known=frozenset(("PolicyDocument", "Topics")),
        )
    ),
)
