"""Tags of functions and of event source mappings."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.arns import Arn
from fogbank.control.context import Context
from fogbank.services.lambda_ import references, rules
from fogbank.services.lambda_.resources import Function, Mapped


def tag_resource(ctx: Context, req: dict[str, Any]) -> None:
    found = _tagged(ctx, req["Resource"])
    ctx.put(msgspec.structs.replace(found, tags=rules.check_tags(req["Tags"], found.tags)))


def untag_resource(ctx: Context, req: dict[str, Any]) -> None:
    found = _tagged(ctx, req["Resource"])
    ctx.put(msgspec.structs.replace(found, tags=tags.without(found.tags, req["TagKeys"])))


def list_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": dict(_tagged(ctx, req["Resource"]).tags)}


def _tagged(ctx: Context, arn: str) -> Function | Mapped:
    """Raises InvalidParameterValueException and ResourceNotFoundException."""
    parsed = Arn.parse(arn)
    kind, _, name = parsed.resource.partition(":") if parsed is not None else ("", "", "")
    found: Function | Mapped | None = None
    if kind == "event-source-mapping":
        found = ctx.get(Mapped, name)
    elif kind == "function":
        asked = references.parsed(arn)
        if asked.qualifier:
            raise rules.invalid(
                "Tags on function aliases and versions are not supported. Please specify a function ARN."
            )
        found = ctx.get(Function, asked.name)
    else:
        raise rules.invalid(f"Unexpected ARN format: {arn}")
    if found is None:
        raise rules.no_function(arn) if kind == "function" else rules.missing()
    return found
