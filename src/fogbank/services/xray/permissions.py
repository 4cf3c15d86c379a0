"""What each call must be allowed (Service Authorization Reference, "AWS X-Ray")."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.xray import rates
from fogbank.services.xray.resources import Group, Policy, Rule

_ON_GROUP = {"CreateGroup", "UpdateGroup", "DeleteGroup", "GetGroup"}
_ON_RULE = {
    "CreateSamplingRule": "SamplingRule",
    "UpdateSamplingRule": "SamplingRuleUpdate",
    "DeleteSamplingRule": "",
}
_ON_ARN = {"TagResource", "UntagResource", "ListTagsForResource"}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"xray:{operation}"
    policy = _joined(tuple(one.document for one in ctx.scan(Policy)))
    arn = "*"
    if operation in _ON_GROUP:
        arn = _group(ctx, req)
    elif operation in _ON_RULE:
        given = req[_ON_RULE[operation]] if _ON_RULE[operation] else req
        arn = given.get("RuleARN") or rates.arn_of(ctx, given.get("RuleName", ""))
    elif operation in _ON_ARN:
        arn = req["ResourceARN"]
    need = Need(action, arn, policy=policy, context=lambda: _facts(ctx, arn, req))
    is_tagged_new = operation in ("CreateGroup", "CreateSamplingRule") and req.get("Tags")
    return (need, need._replace(action="xray:TagResource")) if is_tagged_new else (need,)


def _group(ctx: Context, req: Mapping[str, Any]) -> str:
    if req.get("GroupARN"):
        return str(req["GroupARN"])
    name = req.get("GroupName", "")
    found = ctx.get(Group, name)
    return found.arn if found is not None else ctx.arn(f"group/{name}/*")


def _facts(ctx: Context, arn: str, req: Mapping[str, Any]) -> dict[str, list[str]]:
    given = tags.read(req.get("Tags"))
    found: Group | Rule | None = next(iter(ctx.find(Group, "by_arn", arn)), None)
    if found is None:
        found = ctx.get(Rule, arn.rpartition("/")[2])
    facts = tags.condition_keys(given, found.tags if found is not None else None)
    if req.get("TagKeys"):
        facts["aws:tagkeys"] = list(req["TagKeys"])
    return facts


@lru_cache(maxsize=256)
def _joined(documents: tuple[str, ...]) -> str:
    """The statements of all policies as one, since any of them may allow and any may deny."""
    statements: list[Any] = []
    for document in documents:
        found = json.loads(document)["Statement"]
        statements += found if isinstance(found, list) else [found]
    for number, statement in enumerate(statements):
        statement["Sid"] = f"s{number}"
    return json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else ""
