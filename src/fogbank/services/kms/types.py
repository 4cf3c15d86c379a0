"""KMS's resource types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fogbank.control.resource_type import Call, Change, Properties, Table, Wanted, is_on, of_calls, some, tags

_KEY = ("Description", "KeySpec", "KeyUsage", "MultiRegion", "Origin")
_GONE = ("NotFoundException",)
_DAYS = 30


def _policy(found: Any) -> str:
    return found if isinstance(found, str) else json.dumps(found)


def _create(wanted: Wanted) -> Call:
    given = some(wanted.properties, *_KEY)
    if "KeyPolicy" in wanted.properties:
        given["Policy"] = _policy(wanted.properties["KeyPolicy"])
    found = tags(wanted.tags, wanted.properties.get("Tags"))
    return "CreateKey", {**given, "Tags": _tags(found)}


def _tags(found: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in found.items()]


def _switches(key: str, before: Properties, after: Properties) -> list[Call]:
    calls: list[Call] = []
    if is_on(before, "EnableKeyRotation") != is_on(after, "EnableKeyRotation"):
        verb = "Enable" if is_on(after, "EnableKeyRotation") else "Disable"
        calls.append((f"{verb}KeyRotation", {"KeyId": key}))
    if is_on(before, "Enabled", True) != is_on(after, "Enabled", True):
        calls.append(("EnableKey" if is_on(after, "Enabled", True) else "DisableKey", {"KeyId": key}))
    return calls


def _update(change: Change) -> list[Call]:
    calls: list[Call] = []
    if change.before.get("Description", "") != change.after.get("Description", ""):
        calls.append(("UpdateKeyDescription", {"KeyId": change.id, "Description": change.after.get("Description", "")}))
    if "KeyPolicy" in change.after and change.before.get("KeyPolicy") != change.after["KeyPolicy"]:
        policy = {"PolicyName": "default", "Policy": _policy(change.after["KeyPolicy"])}
        calls.append(("PutKeyPolicy", {"KeyId": change.id, **policy}))
    return calls + _switches(change.id, change.before, change.after)


TYPES = (
    of_calls(
        Table(
            "AWS::KMS::Key",
            "kms",
            create=_create,
            identity=lambda answer, wanted: str(answer["KeyMetadata"]["KeyId"]),
            afterwards=lambda key, wanted: _switches(key, {}, wanted.properties),
            update=_update,
            retag=lambda change, new, gone: [
                *([("TagResource", {"KeyId": change.id, "Tags": _tags(new)})] if new else ()),
                *([("UntagResource", {"KeyId": change.id, "TagKeys": gone})] if gone else ()),
            ],
            delete=lambda key, properties: [
                (
                    "ScheduleKeyDeletion",
                    {"KeyId": key, "PendingWindowInDays": properties.get("PendingWindowInDays", _DAYS)},
                )
            ],
            look=lambda key: ("DescribeKey", {"KeyId": key}),
            attributes=lambda key, properties, answer: {"Arn": answer["KeyMetadata"]["Arn"], "KeyId": key},
            absent=(*_GONE, "KMSInvalidStateException"),
            known=frozenset((*_KEY, "KeyPolicy", "EnableKeyRotation", "Enabled", "PendingWindowInDays", "Tags")),
            replaces=frozenset(("KeySpec", "KeyUsage", "MultiRegion", "Origin")),
        )
    ),
    of_calls(
        Table(
            "AWS::KMS::Alias",
            "kms",
            create=lambda wanted: ("CreateAlias", some(wanted.properties, "AliasName", "TargetKeyId")),
            identity=lambda answer, wanted: str(wanted.properties["AliasName"]),
            update=lambda change: [("UpdateAlias", some(change.after, "AliasName", "TargetKeyId"))],
            delete=lambda alias, properties: [("DeleteAlias", {"AliasName": alias})],
            present=("AlreadyExistsException",),
            absent=_GONE,
            required=("AliasName", "TargetKeyId"),
            known=frozenset(("AliasName", "TargetKeyId")),
            replaces=frozenset(("AliasName",)),
        )
    ),
)
