"""What each call of Parameter Store must be allowed (Service Authorization Reference, "AWS Systems Manager")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.ssm import rules
from fogbank.services.ssm.resources import Parameter, ResourcePolicy

_BY_NAME = {
    "PutParameter",
    "GetParameter",
    "GetParameterHistory",
    "DeleteParameter",
    "LabelParameterVersion",
    "UnlabelParameterVersion",
}
_BY_NAMES = {"GetParameters", "DeleteParameters"}
_BY_RESOURCE_ID = {"AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"}
_BY_SETTING = {"GetServiceSetting", "UpdateServiceSetting", "ResetServiceSetting"}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"ssm:{operation}"
    if operation in _BY_NAME:
        return (_need(ctx, action, req["Name"], req),)
    if operation in _BY_NAMES:
        return tuple(_need(ctx, action, name, req) for name in req["Names"])
    if operation == "GetParametersByPath":
        return (Need(action, ctx.arn(rules.resource_of(req["Path"].rstrip("/"))), context=lambda: _facts(req)),)
    if operation in _BY_RESOURCE_ID and req["ResourceType"] == "Parameter":
        return (_need(ctx, action, req["ResourceId"], req),)
    if operation in _BY_SETTING:
        return (Need(action, ctx.arn(f"servicesetting{req['SettingId']}")),)
    return (Need(action, ctx.arn("*") if operation == "DescribeParameters" else "*"),)


def _need(ctx: Context, action: str, name: str, req: dict[str, Any]) -> Need:
    wanted = rules.selected(name)
    if wanted.account and (wanted.account, wanted.region) != (ctx.account, ctx.region):
        home = ctx.at(wanted.region, wanted.account)
        arn = home.arn(rules.resource_of(wanted.name))
        policy = next((policy.policy for policy in home.scan(ResourcePolicy, arn)), "")
        return Need(action, arn, account=wanted.account, policy=policy)
    arn = ctx.arn(rules.resource_of(wanted.name))
    if not ctx.caller.enforced:
        return Need(action, arn)
    return Need(action, arn, context=lambda: _facts(req, ctx.get(Parameter, wanted.name)))


def _facts(req: dict[str, Any], parameter: Parameter | None = None) -> dict[str, Any]:
    facts: dict[str, Any] = tags.condition_keys(tags.read(req.get("Tags")), parameter.tags if parameter else None)
    if "Overwrite" in req:
        facts["ssm:overwrite"] = [str(req["Overwrite"]).lower()]
    if "Recursive" in req:
        facts["ssm:recursive"] = [str(req["Recursive"]).lower()]
    if "Policies" in req:
        facts["ssm:policies"] = [req["Policies"]]
    return facts
