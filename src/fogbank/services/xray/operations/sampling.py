"""Sampling: rules, and each client's share of them."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging, tags
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.xray import rates, rules
from fogbank.services.xray.resources import Rule

_PAGE = 100
_FIELDS = {
    "Priority": "priority",
    "FixedRate": "fixed_rate",
    "ReservoirSize": "reservoir_size",
    "ResourceARN": "resource_arn",
    "ServiceName": "service_name",
    "ServiceType": "service_type",
    "Host": "host",
    "HTTPMethod": "http_method",
    "URLPath": "url_path",
    "Attributes": "attributes",
}
_OF_DEFAULT = {"RuleName", "RuleARN", "FixedRate", "ReservoirSize"}


def create_sampling_rule(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    given = req["SamplingRule"]
    if given.get("RuleARN"):
        raise rules.invalid("RuleARN cannot be specified for a new rule.")
    name = given.get("RuleName", "")
    rules.check_rule_name(name)
    _check(ctx, given)
    if given["Version"] != 1:
        raise rules.invalid("Version must be 1.")
    if ctx.get(Rule, name) is not None:
        raise rules.invalid(f"Sampling rule already exists: {name}")
    if sum(rule.name != rules.DEFAULT for rule in ctx.scan(Rule)) >= rules.RULES_MAX:
        raise AwsError("RuleLimitExceededException", f"You can have at most {rules.RULES_MAX} sampling rules.")
    rule = Rule(
        name=name,
        created_at=ctx.now,
        modified_at=ctx.now,
        tags=rules.check_tags(rates.arn_of(ctx, name), {}, tags.read(req.get("Tags"))),
        **{_FIELDS[key]: value for key, value in given.items() if key in _FIELDS},
    )
    return _written(ctx, rule)


def update_sampling_rule(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    given = req["SamplingRuleUpdate"]
    rule = _found(ctx, given)
    if rule.name == rules.DEFAULT and set(given) - _OF_DEFAULT:
        raise rules.invalid("Invalid update request for default sampling rule")
    _check(ctx, given)
    changes = {_FIELDS[key]: value for key, value in given.items() if key in _FIELDS}
    return _written(ctx, msgspec.structs.replace(rule, modified_at=ctx.now, **changes))


def delete_sampling_rule(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rule = _found(ctx, req)
    if rule.name == rules.DEFAULT:
        raise rules.invalid("The default sampling rule cannot be deleted.")
    ctx.delete(Rule, rule.name)
    ctx.delete_item(ctx.space("client", rule.name), None)
    rates.modified(ctx)
    return {"SamplingRuleRecord": _described(ctx, rule)}


def get_sampling_rules(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("NextToken"), "InvalidRequestException", "Invalid NextToken.")
    found = (rule for rule in rates.all_rules(ctx) if not after or _order(rule) > after)
    page, token = paging.page(found, _PAGE, _order)
    answer: dict[str, Any] = {"SamplingRuleRecords": [_described(ctx, rule) for rule in page]}
    return {**answer, "NextToken": token} if token else answer


def get_sampling_targets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    targets, unknown = [], []
    for document in req["SamplingStatisticsDocuments"]:
        rule = rates.rule_of(ctx, document["RuleName"])
        if rule is None:
            unknown.append(_unknown(document["RuleName"]))
            continue
        rates.report(ctx, document)
        targets.append(
            {
                "RuleName": rule.name,
                "FixedRate": rule.fixed_rate,
                "ReservoirQuota": rates.quota(ctx, rule, document["ClientID"]),
                "ReservoirQuotaTTL": ctx.now + rules.QUOTA_SECONDS,
                "Interval": rules.INTERVAL_SECONDS,
            }
        )
    boosts = req.get("SamplingBoostStatisticsDocuments", ())
    return {
        "SamplingTargetDocuments": targets,
        "LastRuleModification": rates.modified_at(ctx),
        "UnprocessedStatistics": unknown,
        # No rule here has a boost, so that there is none to report on.
        "UnprocessedBoostStatistics": [_unknown(one["RuleName"]) for one in boosts],
    }


def get_sampling_statistic_summaries(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("NextToken"), "InvalidRequestException", "Invalid NextToken.")

    def order(row: dict[str, Any]) -> str:
        return f"{row['Timestamp']:014.0f}{row['RuleName']}"

    found = (row for row in rates.reported(ctx) if order(row) > after)
    page, token = paging.page(found, _PAGE, order)
    answer: dict[str, Any] = {"SamplingStatisticSummaries": page}
    return {**answer, "NextToken": token} if token else answer


def _found(ctx: Context, given: dict[str, Any]) -> Rule:
    """The rule that a request names, in one of two ways. Raises InvalidRequestException."""
    name, arn = rules.one_of(given, "RuleName", "RuleARN")
    prefix = rates.arn_of(ctx, "")
    if arn:
        name = arn.removeprefix(prefix) if arn.startswith(prefix) else ""
    rule = rates.rule_of(ctx, name)
    if rule is None:
        raise rules.invalid("Sampling rule does not exist.")
    return rule


def _check(ctx: Context, given: dict[str, Any]) -> None:
    priority = given.get("Priority", 1)
    if not 1 <= priority < rules.DEFAULT_PRIORITY:
        raise rules.invalid(f"Priority must be between 1 and {rules.DEFAULT_PRIORITY - 1}.")
    if not 0 <= given.get("FixedRate", 0) <= 1:
        raise rules.invalid("FixedRate must be between 0 and 1.")
    if given.get("ReservoirSize", 0) < 0:
        raise rules.invalid("ReservoirSize must not be negative.")
    if given.get("SamplingRateBoost"):
        raise NotImplementedByFogbank("xray", f"{ctx.operation} with SamplingRateBoost")


def _written(ctx: Context, rule: Rule) -> dict[str, Any]:
    ctx.put(rule)
    rates.modified(ctx)
    return {"SamplingRuleRecord": _described(ctx, rule)}


def _order(rule: Rule) -> str:
    return f"{rule.priority:05d}{rule.name}"


def _unknown(name: str) -> dict[str, Any]:
    # The SDKs take the first digit of the code for a status of HTTP.
    return {"RuleName": name, "ErrorCode": "400", "Message": "Unknown rule"}


def _described(ctx: Context, rule: Rule) -> dict[str, Any]:
    return {
        "SamplingRule": {
            "RuleName": rule.name,
            "RuleARN": rates.arn_of(ctx, rule.name),
            **{name: getattr(rule, field) for name, field in _FIELDS.items() if field != "attributes"},
            "Version": 1,
            "Attributes": dict(rule.attributes),
        },
        "CreatedAt": rule.created_at,
        "ModifiedAt": rule.modified_at,
    }
