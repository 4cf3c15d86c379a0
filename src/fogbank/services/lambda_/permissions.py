"""What each call of Lambda must be allowed (Service Authorization Reference, "AWS Lambda")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fogbank.aws import tags
from fogbank.aws.arns import Arn
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.lambda_ import functions, layers, policies, references
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Function, LayerVersion, Mapped, Policy

_ACTIONS = {
    "Invoke": "InvokeFunction",
    "InvokeAsync": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
    "ListFunctionEventInvokeConfigs": "ListFunctionEventInvokeConfigs",
}
_ON_ALL = {"ListFunctions", "GetAccountSettings", "ListEventSourceMappings", "ListLayers", "CreateEventSourceMapping"}
_OF_MAPPING = {"GetEventSourceMapping", "UpdateEventSourceMapping", "DeleteEventSourceMapping"}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"lambda:{_ACTIONS.get(operation, operation)}"
    if operation in _ON_ALL:
        facts = _given(req)
        if "FunctionName" in req:
            facts["lambda:functionarn"] = [_arn(ctx, req)]
        return (Need(action, context=facts),)
    if operation in _OF_MAPPING:
        return (_on_mapping(ctx, action, req["UUID"]),)
    if "LayerName" in req or "Arn" in req:
        return (_on_layer(ctx, action, req),)
    if "Resource" in req:
        return (_on_tagged(ctx, action, req),)
    if "FunctionName" not in req:
        return (Need(action),)
    if operation == "CreateFunction":
        arn = _arn(ctx, req)
        return (Need(action, arn, context=_given(req)), *([Need("lambda:TagResource", arn)] if req.get("Tags") else ()))
    return (_on_function(ctx, action, req),)


def _arn(ctx: Context, req: Mapping[str, Any]) -> str:
    asked = references.parsed(req["FunctionName"])
    return functions.arn(functions.home_of(ctx, asked), asked.name, asked.qualifier)


def _on_function(ctx: Context, action: str, req: Mapping[str, Any]) -> Need:
    asked = references.parsed(req["FunctionName"], req.get("Qualifier"))
    home = functions.home_of(ctx, asked)
    arn = functions.arn(home, asked.name, asked.qualifier)
    caller = ctx.caller
    if not caller.enforced and caller.account == home.account:
        return Need(action, arn)
    function = home.get(Function, asked.name)
    policy = home.get(Policy, asked.name, asked.qualifier) if function is not None else None
    is_service = caller.principal.kind == "service" and caller.principal.service != "lambda.amazonaws.com"
    return Need(
        action,
        arn,
        account=home.account,
        policy=policies.document(policy.statements) if policy is not None else "",
        rule="required" if is_service and function is not None else "optional",
        context=lambda: _facts(req, Found(home, function, asked.qualifier) if function is not None else None),
    )


def _on_mapping(ctx: Context, action: str, key: str) -> Need:
    found = ctx.get(Mapped, key)
    facts = tags.condition_keys({}, found.tags) if found is not None else {}
    if found is not None:
        facts["lambda:functionarn"] = [functions.arn(ctx, found.function, found.qualifier)]
    return Need(action, ctx.arn(f"event-source-mapping:{key}"), context=facts)


def _on_layer(ctx: Context, action: str, req: Mapping[str, Any]) -> Need:
    if "Arn" in req:
        layer, version = layers.by_arn(ctx, req["Arn"])
        arn, action = req["Arn"], "lambda:GetLayerVersion"
    else:
        layer, number = layers.named(ctx, req["LayerName"]), req.get("VersionNumber")
        arn = f"{layer.arn}:{number}" if number else layer.arn
        version = layer.home.get(LayerVersion, layer.name, number) if number else None
    policy = layers.document(version.statements) if version is not None and version.statements else ""
    return Need(action, arn, account=layer.home.account, policy=policy)


def _on_tagged(ctx: Context, action: str, req: Mapping[str, Any]) -> Need:
    parsed = Arn.parse(req["Resource"])
    kind, _, name = parsed.resource.partition(":") if parsed is not None else ("", "", "")
    found = ctx.get(Mapped, name) if kind == "event-source-mapping" else ctx.get(Function, name)
    facts = tags.condition_keys(req.get("Tags") or {}, found.tags if found is not None else None)
    return Need(action, req["Resource"], context=facts)


def _facts(req: Mapping[str, Any], found: Found | None) -> dict[str, list[str]]:
    facts = tags.condition_keys({}, found.function.tags if found is not None else None)
    if "Principal" in req:
        facts["lambda:principal"] = [req["Principal"]]
    if "EventSourceToken" in req:
        facts["lambda:eventsourcetoken"] = [req["EventSourceToken"]]
    return facts


def _given(req: Mapping[str, Any]) -> dict[str, list[str]]:
    facts = tags.condition_keys(req.get("Tags") or {})
    facts["lambda:layer"] = list(req.get("Layers") or ())
    vpc = req.get("VpcConfig") or {}
    facts["lambda:subnetids"] = list(vpc.get("SubnetIds") or ())
    facts["lambda:securitygroupids"] = list(vpc.get("SecurityGroupIds") or ())
    return {name: values for name, values in facts.items() if values}
