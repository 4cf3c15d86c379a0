"""Log groups: made, described, kept for some time, encrypted, protected, deleted."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.logs import events, groups, rules
from fogbank.services.logs.resources import Group

_NAMES_MAX = 50


def create_log_group(ctx: Context, req: dict[str, Any]) -> None:
    name = req["logGroupName"]
    if not re.fullmatch(r"[.\-_/#A-Za-z0-9]+", name):
        raise rules.invalid(
            f"1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+"
        )
    if name.startswith("aws/"):
        raise rules.invalid("Log groups starting with AWS/ are reserved for AWS.")
    if ctx.get(Group, name) is not None:
        raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
    group = Group(
        name=name,
        id=ctx.uuid(),
        created_at=ctx.now,
        storage=req.get("logGroupClass", "STANDARD"),
        is_protected=req.get("deletionProtectionEnabled", False),
        tags=rules.check_tags({}, req.get("tags", {})),
    )
    ctx.put(_encrypted(ctx, group, req["kmsKeyId"]) if req.get("kmsKeyId") else group)


def delete_log_group(ctx: Context, req: dict[str, Any]) -> None:
    _, group = groups.existing(ctx, req["logGroupName"])
    if group.is_protected:
        raise rules.invalid("The specified log group has deletion protection enabled and cannot be deleted.")
    groups.remove(ctx, group)


def describe_log_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    prefix, part = req.get("logGroupNamePrefix", ""), req.get("logGroupNamePattern", "")
    if prefix and part:
        raise rules.invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    if req.get("logGroupIdentifiers"):
        if prefix or part:
            raise rules.invalid("logGroupIdentifiers is mutually exclusive with a prefix and a pattern.")
        found = [groups.find(ctx, identifier) for identifier in req["logGroupIdentifiers"]]
        return {"logGroups": [groups.described(*home) for home in found if home is not None]}
    after = paging.after(req.get("nextToken"), "InvalidParameterException", "The specified nextToken is invalid.")
    rows = (
        group
        for group in ctx.scan(Group, start=prefix, after=after)
        if part in group.name and req.get("logGroupClass", group.storage) == group.storage
    )
    page, token = paging.page(rows, req.get("limit", _NAMES_MAX), lambda group: group.name)
    answer: dict[str, Any] = {"logGroups": [groups.described(ctx, group) for group in page]}
    return {**answer, "nextToken": token} if token else answer


def list_log_groups(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("nextToken"), "InvalidParameterException", "The specified nextToken is invalid.")
    pattern = req.get("logGroupNamePattern", "")
    try:
        search = re.compile(pattern).search
    except re.error:
        raise rules.invalid(f"The pattern '{pattern}' is no regular expression.") from None
    rows = (
        group
        for group in ctx.scan(Group, after=after)
        if search(group.name) and req.get("logGroupClass", group.storage) == group.storage
    )
    page, token = paging.page(rows, req.get("limit", _NAMES_MAX), lambda group: group.name)
    told = [
        {"logGroupName": one.name, "logGroupArn": ctx.arn(one.resource), "logGroupClass": one.storage} for one in page
    ]
    return {"logGroups": told, "nextToken": token} if token else {"logGroups": told}


def put_retention_policy(ctx: Context, req: dict[str, Any]) -> None:
    rules.check_retention(req["retentionInDays"])
    _, group = groups.existing(ctx, req["logGroupName"])
    ctx.put(msgspec.structs.replace(group, retention_days=req["retentionInDays"]))


def delete_retention_policy(ctx: Context, req: dict[str, Any]) -> None:
    _, group = groups.existing(ctx, req["logGroupName"])
    ctx.put(msgspec.structs.replace(group, retention_days=0))


def put_log_group_deletion_protection(ctx: Context, req: dict[str, Any]) -> None:
    home, group = groups.existing(ctx, req["logGroupIdentifier"])
    home.put(msgspec.structs.replace(group, is_protected=req["deletionProtectionEnabled"]))


def associate_kms_key(ctx: Context, req: dict[str, Any]) -> None:
    home, group = groups.existing(ctx, rules.identifier_of(req, arn="resourceIdentifier"))
    home.put(_encrypted(home, group, req["kmsKeyId"]))


def disassociate_kms_key(ctx: Context, req: dict[str, Any]) -> None:
    home, group = groups.existing(ctx, rules.identifier_of(req, arn="resourceIdentifier"))
    home.put(msgspec.structs.replace(group, key_id=""))


def _encrypted(ctx: Context, group: Group, key_id: str) -> Group:
    """A group with a data key under a kms key, which its next events are sealed with."""
    if not key_id.startswith("arn:") or len(group.data_keys) >= 250:
        raise rules.invalid("The specified KMS key ARN is invalid.")
    try:
        made = events.as_itself(ctx, group).call(
            "kms",
            "GenerateDataKeyWithoutPlaintext",
            KeyId=key_id,
            KeySpec="AES_256",
            EncryptionContext=events.encryption_context(ctx, group),
        )
    except AwsError as error:
        if error.code == "NotImplemented":
            raise
        arn = ctx.arn(group.resource)
        text = f"The specified KMS key does not exist or is not allowed to be used with LogGroup '{arn}'"
        raise rules.invalid(text) from None
    return msgspec.structs.replace(group, key_id=key_id, data_keys=(*group.data_keys, made["CiphertextBlob"]))
