"""What each call must be allowed (Service Authorization Reference, "Amazon CloudWatch Logs")."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.logs import groups
from fogbank.services.logs.resources import Policy

_ON_STREAM = {"PutLogEvents", "GetLogEvents", "DeleteLogStream", "CreateLogStream"}
_TAGS = {"TagResource", "UntagResource", "ListTagsForResource"}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"logs:{operation}"
    named = req.get("logGroupName") or req.get("logGroupIdentifier") or req.get("resourceIdentifier")
    if operation in _TAGS:
        return (Need(action, req["resourceArn"].removesuffix(":*"), context=_facts(req)),)
    if operation == "CreateLogGroup":
        return (Need(action, ctx.arn(f"log-group:{named}:log-stream:"), **_policy(ctx), context=_facts(req)),)
    many = [*req.get("logGroupNames", ()), *req.get("logGroupIdentifiers", ())]
    if operation == "DescribeLogGroups":
        return (Need(action, ctx.arn("log-group::log-stream:")),)
    if not named and not many:
        return (Need(action),)
    stream = req.get("logStreamName", "") if operation in _ON_STREAM else ""
    return tuple(_need(ctx, action, identifier, stream) for identifier in (many or [named]))


def _need(ctx: Context, action: str, identifier: str, stream: str) -> Need:
    found = groups.find(ctx, identifier)
    if found is None:
        named = identifier if identifier.startswith("arn:") else ctx.arn(f"log-group:{identifier}:log-stream:{stream}")
        return Need(action, named, **_policy(ctx))
    home, group = found
    facts = tags.condition_keys({}, group.tags) if group.tags else {}
    arn = home.arn(f"{group.resource}:log-stream:{stream}")
    return Need(action, arn, account=home.account, **_policy(home), context=facts)


def _policy(ctx: Context) -> dict[str, Any]:
    """The account's resource policies: a service needs one, and others are bound by their own."""
    principal = ctx.caller.principal
    if principal.kind != "service" or principal.service.startswith("logs."):
        return {}
    documents = tuple(policy.document for policy in ctx.scan(Policy))
    return {"policy": _joined(documents), "rule": "required"}


@lru_cache(maxsize=256)
def _joined(documents: tuple[str, ...]) -> str:
    """The statements of all policies as one, since any of them may allow."""
    statements: list[Any] = []
    for document in documents:
        found = json.loads(document)["Statement"]
        statements += found if isinstance(found, list) else [found]
    for number, statement in enumerate(statements):
        statement["Sid"] = f"s{number}"
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else ""


def _facts(req: dict[str, Any]) -> dict[str, Any]:
    return dict(tags.condition_keys(req.get("tags", {})))
