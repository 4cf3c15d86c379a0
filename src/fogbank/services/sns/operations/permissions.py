"""Statements of a topic's policy, added and removed by label."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.sns import rules, topics

_ACTIONS = {
    "AddPermission", "DeleteTopic", "GetDataProtectionPolicy", "GetTopicAttributes", "ListSubscriptionsByTopic",
    "ListTagsForResource", "Publish", "PutDataProtectionPolicy", "RemovePermission", "SetTopicAttributes", "Subscribe",
}  # fmt: skip


def add_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = topics.existing(ctx, req["TopicArn"])
    actions, accounts = req["ActionName"], req["AWSAccountId"]
    if not actions or not accounts:
        raise rules.invalid("ActionName" if not actions else "AWSAccountId")
    if any(action not in _ACTIONS for action in actions):
        raise rules.invalid("Policy statement action out of service scope!")
    if any(len(account) != 12 or not account.isdigit() for account in accounts):
        raise rules.invalid("Policy statement principal out of service scope!")
    document = _document(found)
    if any(statement.get("Sid") == req["Label"] for statement in document["Statement"]):
        raise rules.invalid("Statement already exists")
    who = [f"arn:{ctx.partition}:iam::{account}:root" for account in accounts]
    what = [f"SNS:{action}" for action in actions]
    statement = {
        "Sid": req["Label"],
        "Effect": "Allow",
        "Principal": {"AWS": who[0] if len(who) == 1 else who},
        "Action": what[0] if len(what) == 1 else what,
        "Resource": found.arn,
    }
    _put(found, {**document, "Statement": [*document["Statement"], statement]})
    return {}


def remove_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = topics.existing(ctx, req["TopicArn"])
    document = _document(found)
    left = [statement for statement in document["Statement"] if statement.get("Sid") != req["Label"]]
    if len(left) < len(document["Statement"]):
        _put(found, {**document, "Statement": left})
    return {}


def _document(found: topics.Found) -> dict[str, Any]:
    text = found.topic.attributes.get("Policy") or topics.default_policy(found.home, found.topic.name)
    document: dict[str, Any] = json.loads(text)
    statements = document["Statement"]
    document["Statement"] = statements if isinstance(statements, list) else [statements]
    return document


def _put(found: topics.Found, document: dict[str, Any]) -> None:
    text = json.dumps(document, separators=(",", ":")) if document["Statement"] else ""
    attributes = {**found.topic.attributes, "Policy": text}
    found.home.put(msgspec.structs.replace(found.topic, attributes=attributes))
