"""Statements of a queue's policy, added and removed by label."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.sqs import queues, rules, settings


def add_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    label = req["Label"]
    rules.checked_label(label)
    if not req["AWSAccountIds"]:
        raise rules.missing("AWSAccountId")
    if not req["Actions"]:
        raise rules.missing("ActionName")
    actions = rules.checked_actions(req["Actions"])
    rules.checked_accounts(req["AWSAccountIds"])
    who = [f"arn:{ctx.partition}:iam::{account}:root" for account in req["AWSAccountIds"]]
    document = _document(found)
    if any(statement.get("Sid") == label for statement in document["Statement"]):
        raise rules.invalid_value(label, "Label", "Already exists.")
    document["Statement"].append(
        {
            "Sid": label,
            "Effect": "Allow",
            "Principal": {"AWS": who[0] if len(who) == 1 else who},
            "Action": actions[0] if len(actions) == 1 else actions,
            "Resource": found.arn,
        }
    )
    _put(found, document)
    return {}


def remove_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    label, document = req["Label"], _document(found)
    left = [statement for statement in document["Statement"] if statement.get("Sid") != label]
    if len(left) == len(document["Statement"]):
        raise rules.invalid_value(label, "Label", "can't find label on existing policy.")
    _put(found, {**document, "Statement": left})
    return {}


def _document(found: queues.Found) -> dict[str, Any]:
    if not found.queue.policy:
        return {"Version": "2012-10-17", "Id": f"{found.arn}/SQSDefaultPolicy", "Statement": []}
    document: dict[str, Any] = json.loads(found.queue.policy)
    statements = document["Statement"]
    document["Statement"] = list(statements) if isinstance(statements, list) else [statements]
    return document


def _put(found: queues.Found, document: dict[str, Any]) -> None:
    rules.check_many(len(document["Statement"]), rules.STATEMENTS_MAX, "Statements")
    text = json.dumps(document, separators=(",", ":")) if document["Statement"] else ""
    if len(text.encode()) > settings.POLICY_BYTES_MAX:
        raise settings.bad("Policy", f"a policy can have at most {settings.POLICY_BYTES_MAX} bytes.")
    found.home.put(msgspec.structs.replace(found.queue, policy=text))
