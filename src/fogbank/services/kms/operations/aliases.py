"""Aliases: names that can be moved from key to key."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import keys, pages, rules
from fogbank.services.kms.keys import Found
from fogbank.services.kms.resources import Alias


def create_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = rules.checked_alias(req["AliasName"])
    if ctx.get(Alias, name) is not None:
        raise AwsError("AlreadyExistsException", f"An alias with the name {ctx.arn(name)} already exists")
    found = _target(ctx, req)
    ctx.put(Alias(name=name, target=found.key.id, created_at=ctx.now, updated_at=ctx.now))
    return {}


def update_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    alias = _existing(ctx, rules.checked_alias(req["AliasName"]))
    found = _target(ctx, req)
    before = keys.find(ctx, alias.target).key
    if (before.usage, before.spec == rules.SYMMETRIC) != (found.key.usage, found.key.spec == rules.SYMMETRIC):
        text = "The current and new KMS key must be the same type and have the same key usage."
        raise AwsError("ValidationException", text)
    ctx.put(msgspec.structs.replace(alias, target=found.key.id, updated_at=ctx.now))
    return {}


def delete_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ctx.delete(Alias, _existing(ctx, rules.checked_alias(req["AliasName"])).name)
    return {}


def list_aliases(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = pages.after(req)
    if "KeyId" in req:
        found = keys.find(ctx, req["KeyId"])
        # A key of another account has aliases there, which are not listed here (ListAliases, "Cross-account use").
        listed = (alias for alias in ctx.find(Alias, "by_target", found.key.id) if alias.name > after)
    else:
        listed = (alias for alias in ctx.scan(Alias, after=after))
    return pages.page(
        "Aliases", listed, pages.limit(req, 50, 100), lambda alias: alias.name, lambda alias: _described(ctx, alias)
    )


def _existing(ctx: Context, name: str) -> Alias:
    alias = ctx.get(Alias, name)
    if alias is None:
        raise AwsError("NotFoundException", f"Alias {ctx.arn(name)} is not found.")
    return alias


def _target(ctx: Context, req: dict[str, Any]) -> Found:
    text = req["TargetKeyId"]
    if text.startswith("alias/") or ":alias/" in text:
        raise AwsError("ValidationException", "Aliases must refer to keys. Not aliases")
    found = keys.own(ctx, text)
    if len(found.home.find(Alias, "by_target", found.key.id)) >= rules.ALIASES_MAX:
        raise AwsError("LimitExceededException", f"A KMS key can have at most {rules.ALIASES_MAX} aliases.")
    return found


def _described(ctx: Context, alias: Alias) -> dict[str, Any]:
    return {
        "AliasName": alias.name,
        "AliasArn": ctx.arn(alias.name),
        "TargetKeyId": alias.target,
        "CreationDate": alias.created_at,
        "LastUpdatedDate": alias.updated_at,
    }
