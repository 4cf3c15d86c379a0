"""Rules and what they tell."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from fogbank.aws import tags
from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.aws.paging import after, page
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.control.target import is_deliverable
from fogbank.services.events import buses, rules
from fogbank.services.events.resources import Rule

_STATES = ("ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
_WITH_ROLE = (":event-bus/", ":api-destination/")


def put_rule(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bus = buses.found(ctx, req.get("EventBusName"))
    pattern, schedule = req.get("EventPattern", ""), req.get("ScheduleExpression", "")
    if not pattern and not schedule:
        text = "Parameter(s) EventPattern or ScheduleExpression must be specified."
        raise AwsError("ValidationException", text)
    if pattern:
        rules.pattern_of(pattern)
    if schedule and bus.name != buses.DEFAULT:
        raise AwsError("ValidationException", "ScheduleExpression is supported only on the default event bus.")
    before = ctx.get(Rule, bus.name, req["Name"])
    if before is not None:
        buses.check_not_managed(before)
        if "Tags" in req and tags.read(req["Tags"]) != before.tags:
            text = "Tags cannot be changed by PutRule on a rule that exists; use TagResource."
            raise AwsError("ValidationException", text)
    elif sum(1 for _ in ctx.scan(Rule, bus.name)) >= rules.RULES_MAX:
        raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    _check_pass_role(ctx, req.get("RoleArn"))
    rule = Rule(
        bus=bus.name,
        name=req["Name"],
        pattern=pattern,
        schedule=schedule,
        state=req.get("State", "ENABLED"),
        description=req.get("Description", ""),
        role_arn=req.get("RoleArn", ""),
        tags=before.tags if before is not None else tags.read(req.get("Tags")),
        targets=before.targets if before is not None else (),
    )
    ctx.put(_scheduled(ctx, rule, before))
    return {"RuleArn": buses.rule_arn(ctx, rule)}


def describe_rule(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rule = buses.rule_found(ctx, req["Name"], req.get("EventBusName"))
    return {**_described(ctx, rule), "CreatedBy": ctx.account}


def list_rules(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bus = buses.found(ctx, req.get("EventBusName"))
    start = after(req.get("NextToken"))
    wanted = (
        rule
        for rule in ctx.scan(Rule, bus.name)
        if rule.name.startswith(req.get("NamePrefix", "")) and rule.name > start
    )
    found, token = page(wanted, req.get("Limit", 100), lambda rule: rule.name)
    return {"Rules": [_described(ctx, rule) for rule in found], **({"NextToken": token} if token else {})}


def list_rule_names_by_target(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bus = buses.found(ctx, req.get("EventBusName"))
    start = after(req.get("NextToken"))
    names = (
        rule.name
        for rule in ctx.scan(Rule, bus.name)
        if rule.name > start and any(target["Arn"] == req["TargetArn"] for target in rule.targets)
    )
    found, token = page(names, req.get("Limit", 100), str)
    return {"RuleNames": found, **({"NextToken": token} if token else {})}


def enable_rule(ctx: Context, req: dict[str, Any]) -> None:
    _switch(ctx, req, "ENABLED")


def disable_rule(ctx: Context, req: dict[str, Any]) -> None:
    _switch(ctx, req, "DISABLED")


def delete_rule(ctx: Context, req: dict[str, Any]) -> None:
    bus = buses.found(ctx, req.get("EventBusName"))
    rule = ctx.get(Rule, bus.name, req["Name"])
    if rule is None:
        return
    buses.check_not_managed(rule, force=bool(req.get("Force")))
    if rule.targets:
        raise AwsError("ValidationException", "Rule can't be deleted since it has targets.")
    ctx.delete(Rule, bus.name, rule.name)


def put_targets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rule = buses.rule_found(ctx, req["Rule"], req.get("EventBusName"))
    buses.check_not_managed(rule)
    given = {target["Id"]: target for target in req["Targets"]}
    if len(given) < len(req["Targets"]):
        raise AwsError("ValidationException", "Target ids must be unique within a request.")
    for target in given.values():
        _check_target(ctx, target)
    merged = {target["Id"]: target for target in rule.targets} | given
    if len(merged) > rules.TARGETS_MAX:
        raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    ctx.put(msgspec.structs.replace(rule, targets=tuple(merged.values())))
    return {"FailedEntryCount": 0, "FailedEntries": []}


def remove_targets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rule = buses.rule_found(ctx, req["Rule"], req.get("EventBusName"))
    buses.check_not_managed(rule, force=bool(req.get("Force")))
    left = tuple(target for target in rule.targets if target["Id"] not in req["Ids"])
    ctx.put(msgspec.structs.replace(rule, targets=left))
    return {"FailedEntryCount": 0, "FailedEntries": []}


def list_targets_by_rule(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rule = buses.rule_found(ctx, req["Rule"], req.get("EventBusName"))
    start = after(req.get("NextToken"))
    ordered = sorted((target for target in rule.targets if target["Id"] > start), key=lambda target: target["Id"])
    found, token = page(ordered, req.get("Limit", 100), lambda target: str(target["Id"]))
    return {"Targets": found, **({"NextToken": token} if token else {})}


def test_event_pattern(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    pattern = rules.pattern_of(req["EventPattern"])
    try:
        event = orjson.loads(req["Event"])
    except orjson.JSONDecodeError:
        raise AwsError("ValidationException", "Parameter Event is not valid.") from None
    needed = ("id", "account", "source", "time", "region", "resources", "detail-type")
    missing = [name for name in needed if not isinstance(event, dict) or name not in event]
    if missing:
        raise AwsError("ValidationException", f"Parameter Event is not valid. Reason: {missing[0]} is missing.")
    return {"Result": pattern.matches(event)}


def _switch(ctx: Context, req: dict[str, Any], state: str) -> None:
    rule = buses.rule_found(ctx, req["Name"], req.get("EventBusName"))
    buses.check_not_managed(rule)
    ctx.put(_scheduled(ctx, msgspec.structs.replace(rule, state=state), rule))


def _scheduled(ctx: Context, rule: Rule, before: Rule | None) -> Rule:
    """A rule with the time at which its schedule falls due next; one whose schedule stays keeps its beat."""
    if not rule.schedule:
        return rule
    schedule = rules.schedule_of(rule.schedule)
    if not rule.is_enabled:
        return msgspec.structs.replace(rule, next_at=0.0)
    if before is not None and before.schedule == rule.schedule and before.next_at:
        return msgspec.structs.replace(rule, next_at=before.next_at)
    return msgspec.structs.replace(rule, next_at=schedule.after(ctx.now) or 0.0)


def _check_target(ctx: Context, target: dict[str, Any]) -> None:
    """Raises ValidationException for a target that could never be told, NotImplemented for what fogbank cannot."""
    id_, arn = target["Id"], target["Arn"]
    parsed = Arn.parse(arn)
    if parsed is None:
        raise AwsError(
            "ValidationException", f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        )
    if not is_deliverable(arn) and not any(part in arn for part in _WITH_ROLE):
        raise NotImplementedByFogbank("events", f"PutTargets to {parsed.service}")
    if len({"Input", "InputPath", "InputTransformer"} & set(target)) > 1:
        text = f"Only one of Input, InputPath, or InputTransformer must be provided for target {id_}."
        raise AwsError("ValidationException", text)
    _check_input(target)
    if parsed.service == "sqs" and arn.endswith(".fifo") and "SqsParameters" not in target:
        raise AwsError("ValidationException", f"Parameter(s) SqsParameters must be specified for target: {id_}.")
    if parsed.service in ("sqs", "sns", "logs") and "SqsParameters" in target and not arn.endswith(".fifo"):
        text = f"Parameter(s) MessageGroupId is only supported for FIFO queues: target {id_}."
        raise AwsError("ValidationException", text)
    if ":api-destination/" in arn and not target.get("RoleArn"):
        raise AwsError("ValidationException", f"RoleArn is required for target {id_}.")
    if parsed.service == "events" and ":event-bus/" in arn and arn == buses.arn(ctx, rules.bus_parts(arn)[2]):
        buses.found(ctx, arn)
    _check_pass_role(ctx, target.get("RoleArn"))


def _check_input(target: dict[str, Any]) -> None:
    id_ = target["Id"]
    if "Input" in target:
        try:
            orjson.loads(target["Input"])
        except orjson.JSONDecodeError:
            raise AwsError("ValidationException", f"JSON syntax error in input for target {id_}") from None
    if "InputPath" in target and not rules.path_is_valid(target["InputPath"]):
        raise AwsError("ValidationException", f"InputPath for target {id_} is invalid.")
    for name, path in target.get("InputTransformer", {}).get("InputPathsMap", {}).items():
        if name.startswith("aws."):
            text = f"InputPath for target {id_} is invalid. Reason: variables that begin with AWS. are reserved."
            raise AwsError("ValidationException", text)
        if not rules.path_is_valid(path):
            raise AwsError("ValidationException", f"InputPath for target {id_} is invalid.")


def _check_pass_role(ctx: Context, arn: str | None) -> None:
    if arn:
        ctx.authorize(Need("iam:PassRole", arn, context={"iam:passedtoservice": ["events.amazonaws.com"]}))


def _described(ctx: Context, rule: Rule) -> dict[str, Any]:
    shown: dict[str, Any] = {"Name": rule.name, "Arn": buses.rule_arn(ctx, rule), "State": rule.state}
    shown |= {"EventPattern": rule.pattern} if rule.pattern else {}
    shown |= {"ScheduleExpression": rule.schedule} if rule.schedule else {}
    shown |= {"Description": rule.description} if rule.description else {}
    shown |= {"RoleArn": rule.role_arn} if rule.role_arn else {}
    shown |= {"ManagedBy": rule.managed_by} if rule.managed_by else {}
    return {**shown, "EventBusName": rule.bus}
