"""X-Ray's resource types."""

from __future__ import annotations

import json
from typing import Any

from fogbank.control.resource_type import Call, Change, Table, Wanted, of_calls, tags

_ABSENT = ("InvalidRequestException", "ResourceNotFoundException")
"""X-Ray has no error of its own for a group or a rule that is not there."""


def _pairs(found: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in found.items()]


def _retag(change: Change, new: dict[str, str], gone: list[str]) -> list[Call]:
    return [
        *([("TagResource", {"ResourceARN": change.id, "Tags": _pairs(new)})] if new else ()),
        *([("UntagResource", {"ResourceARN": change.id, "TagKeys": gone})] if gone else ()),
    ]


def _tags(wanted: Wanted) -> dict[str, Any]:
    found = tags(wanted.tags, wanted.properties.get("Tags"))
    return {"Tags": _pairs(found)} if found else {}


def _rule(wanted: Wanted) -> Call:
    properties = wanted.properties
    given = {"Version": 1, **properties.get("SamplingRule", {})}
    if "RuleName" not in given:
        given["RuleName"] = properties.get("RuleName", wanted.name[:32].rstrip("-"))
    return "CreateSamplingRule", {"SamplingRule": given, **_tags(wanted)}


def _rule_update(change: Change) -> list[Call]:
    given = dict(change.after.get("SamplingRule") or {})
    for name in ("RuleName", "RuleARN", "Version"):
        given.pop(name, None)
    return [("UpdateSamplingRule", {"SamplingRuleUpdate": {"RuleARN": change.id, **given}})]


def _rule_name(properties: Any) -> str:
    return str((properties.get("SamplingRule") or {}).get("RuleName") or properties.get("RuleName", ""))


def _group(wanted: Wanted) -> Call:
    properties = wanted.properties
    given = {key: properties[key] for key in ("FilterExpression", "InsightsConfiguration") if key in properties}
    return "CreateGroup", {"GroupName": properties["GroupName"], **given, **_tags(wanted)}


def _group_update(change: Change) -> list[Call]:
    after = change.after
    given = {"FilterExpression": after.get("FilterExpression", "")}
    if "InsightsConfiguration" in after:
        given["InsightsConfiguration"] = after["InsightsConfiguration"]
    return [("UpdateGroup", {"GroupARN": change.id, **given})]


def _policy(properties: Any) -> Call:
    document = properties["PolicyDocument"]
    text = document if isinstance(document, str) else json.dumps(document)
    given = {"PolicyName": properties["PolicyName"], "PolicyDocument": text}
    bypass = properties.get("BypassPolicyLockoutCheck")
    return "PutResourcePolicy", given if bypass is None else {**given, "BypassPolicyLockoutCheck": bypass}


TYPES = (
    of_calls(
        Table(
            "AWS::XRay::SamplingRule",
            "xray",
            create=_rule,
            identity=lambda answer, wanted: str(answer["SamplingRuleRecord"]["SamplingRule"]["RuleARN"]),
            update=_rule_update,
            retag=_retag,
            delete=lambda arn, properties: [("DeleteSamplingRule", {"RuleARN": arn})],
            attributes=lambda arn, properties, answer: {"RuleARN": arn},
            absent=_ABSENT,
            required=("SamplingRule",),
            known=frozenset(("RuleName", "SamplingRule", "Tags")),
            replaced=lambda before, after: _rule_name(before) != _rule_name(after),
        )
    ),
    of_calls(
        Table(
            "AWS::XRay::Group",
            "xray",
            create=_group,
            identity=lambda answer, wanted: str(answer["Group"]["GroupARN"]),
            update=_group_update,
            retag=_retag,
            delete=lambda arn, properties: [("DeleteGroup", {"GroupARN": arn})],
            attributes=lambda arn, properties, answer: {"GroupARN": arn},
            absent=_ABSENT,
            required=("GroupName",),
            known=frozenset(("FilterExpression", "GroupName", "InsightsConfiguration", "Tags")),
            replaces=frozenset(("GroupName",)),
        )
    ),
    of_calls(
        Table(
            "AWS::XRay::ResourcePolicy",
            "xray",
            create=lambda wanted: _policy(wanted.properties),
            identity=lambda answer, wanted: str(wanted.properties["PolicyName"]),
            update=lambda change: [_policy(change.after)],
            delete=lambda name, properties: [("DeleteResourcePolicy", {"PolicyName": name})],
            absent=_ABSENT,
            required=("PolicyDocument", "PolicyName"),
            known=frozenset(("BypassPolicyLockoutCheck", "PolicyDocument", "PolicyName")),
            replaces=frozenset(("PolicyName",)),
        )
    ),
)
