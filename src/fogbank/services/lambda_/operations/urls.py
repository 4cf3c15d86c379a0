"""Function URLs: made, shown, changed, deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import ids
from fogbank.control.context import Context
from fogbank.services.lambda_ import functions, listing, references, rules, shown
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import FunctionUrl
from fogbank.store.records import key_of

_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def create_function_url_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _asked(ctx, req)
    if ctx.get(FunctionUrl, found.name, found.qualifier) is not None:
        raise rules.conflict(f"FunctionUrlConfig exists for this Lambda function: {found.arn}")
    record = FunctionUrl(
        function=found.name,
        qualifier=found.qualifier,
        id=ids.letters(ctx.random, 32, _LETTERS),
        made_at=ctx.now,
        modified_at=ctx.now,
        cors=req.get("Cors") or {},
        auth=req["AuthType"],
        mode=req.get("InvokeMode", "BUFFERED"),
    )
    ctx.put(record)
    return shown.url(found, record, is_new=True)


def get_function_url_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return shown.url(*_existing(ctx, req))


def update_function_url_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, record = _existing(ctx, req)
    record = msgspec.structs.replace(
        record,
        cors=req.get("Cors", record.cors),
        auth=req.get("AuthType", record.auth),
        mode=req.get("InvokeMode", record.mode),
        modified_at=ctx.now,
    )
    ctx.put(record)
    return shown.url(found, record)


def list_function_url_configs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    rows = ctx.scan(FunctionUrl, found.name, after=listing.after(req))
    return listing.page("FunctionUrlConfigs", rows, req, key_of, lambda row: shown.url(found, row))


def delete_function_url_config(ctx: Context, req: dict[str, Any]) -> None:
    found, record = _existing(ctx, req)
    ctx.delete(FunctionUrl, found.name, record.qualifier)


def _asked(ctx: Context, req: dict[str, Any]) -> Found:
    """A function or an alias. Raises InvalidParameterValueException and ResourceNotFoundException."""
    found = functions.own(ctx, req)
    if found.qualifier and references.is_number(found.qualifier):
        raise rules.invalid("Function URLs are for functions and aliases, not for versions.")
    functions.version_of(found)
    return found


def _existing(ctx: Context, req: dict[str, Any]) -> tuple[Found, FunctionUrl]:
    found = _asked(ctx, req)
    record = ctx.get(FunctionUrl, found.name, found.qualifier)
    if record is None:
        raise rules.missing()
    return found, record
