"""Decisions of ECR: what a lifecycle policy may say, and its errors' words.

Amazon ECR User Guide, "Lifecycle policy properties in Amazon ECR".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError

_RULE = frozenset(("rulePriority", "description", "selection", "action"))
_SELECTION = frozenset(
    ("tagStatus", "tagPrefixList", "tagPatternList", "storageClass", "countType", "countUnit", "countNumber")
)
_ACTION = frozenset(("type", "targetStorageClass"))
_STATUSES = ("tagged", "untagged", "any")
_BY_COUNT = "imageCountMoreThan"
_BY_AGE = ("sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned")
_WILDCARDS_MAX = 4
_RULES_MAX = 50


def invalid(member: str, why: str) -> AwsError:
    """The error for a parameter that does not fit."""
    return AwsError(
        "InvalidParameterException", f"Invalid parameter at '{member}' failed to satisfy constraint: '{why}'"
    )


def lifecycle(text: str) -> dict[str, Any]:
    """A lifecycle policy as its text says it. Raises InvalidParameterException."""
    try:
        found = json.loads(text)
    except ValueError:
        raise _unfit("the text is not JSON") from None
    rules = found.get("rules") if isinstance(found, dict) else None
    if not isinstance(rules, list) or not 1 <= len(rules) <= _RULES_MAX or set(found) != {"rules"}:
        raise _unfit(f"a policy is an object with the member rules, a list of 1 to {_RULES_MAX}")
    for rule in rules:
        why = _fault(rule)
        if why:
            raise _unfit(why)
    priorities = [rule["rulePriority"] for rule in rules]
    if len(set(priorities)) < len(priorities):
        raise _unfit("each rulePriority may stand once")
    for rule in rules:
        if rule["selection"]["tagStatus"] == "any" and rule["rulePriority"] < max(priorities):
            raise _unfit("a rule for any tagStatus has the highest rulePriority")
    return {"rules": rules}


def _unfit(why: str) -> AwsError:
    return invalid("LifecyclePolicyText", f"Lifecycle policy validation failure: {why}")


def _fault(rule: Any) -> str:
    """What is wrong with a rule; empty if nothing is."""
    if not isinstance(rule, dict) or not set(rule) <= _RULE:
        return f"a rule has the members {', '.join(sorted(_RULE))}"
    if not _is_count(rule.get("rulePriority")):
        return "rulePriority is an integer from 1"
    if not isinstance(rule.get("description", ""), str):
        return "description is a string"
    selection, action = rule.get("selection"), rule.get("action")
    if not isinstance(selection, dict) or not set(selection) <= _SELECTION:
        return f"selection has the members {', '.join(sorted(_SELECTION))}"
    if not isinstance(action, dict) or not set(action) <= _ACTION:
        return f"action has the members {', '.join(sorted(_ACTION))}"
    return _tags_fault(selection) or _count_fault(selection) or _action_fault(action)


def _action_fault(action: Mapping[str, Any]) -> str:
    wanted = {"expire": None, "transition": "archive"}
    kind = action.get("type")
    if kind not in wanted or action.get("targetStorageClass") != wanted[kind]:
        return "action is expire, or transition to the storage class archive"
    return ""


def _tags_fault(selection: Mapping[str, Any]) -> str:
    if selection.get("tagStatus") not in _STATUSES:
        return f"tagStatus is one of {', '.join(_STATUSES)}"
    lists = [selection[name] for name in ("tagPrefixList", "tagPatternList") if name in selection]
    if len(lists) != (selection["tagStatus"] == "tagged"):
        return "the tagStatus tagged, and no other, has either tagPrefixList or tagPatternList"
    for one in lists:
        if not isinstance(one, list) or not one or not all(isinstance(tag, str) and tag for tag in one):
            return "tagPrefixList and tagPatternList are lists of strings"
    if any(tag.count("*") > _WILDCARDS_MAX for tag in selection.get("tagPatternList", ())):
        return f"a pattern has at most {_WILDCARDS_MAX} wildcards"
    return ""


def _count_fault(selection: Mapping[str, Any]) -> str:
    kind = selection.get("countType")
    if kind != _BY_COUNT and kind not in _BY_AGE:
        return f"countType is one of {', '.join((_BY_COUNT, *_BY_AGE))}"
    if selection.get("countUnit") != ("days" if kind in _BY_AGE else None):
        return "countUnit is days for a countType of times, and stands with no other"
    return "" if _is_count(selection.get("countNumber")) else "countNumber is an integer from 1"


def _is_count(found: Any) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and found > 0
