"""Tags of parameters."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.ssm.resources import Parameter


def add_tags_to_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    parameter = _tagged(ctx, req)
    if twice := tags.duplicates(req["Tags"]):
        raise AwsError("ValidationException", f"Duplicate tag keys are not allowed: {', '.join(twice)}")
    found = {**parameter.tags, **tags.read(req["Tags"])}
    if len(found) > tags.TAGS_MAX:
        raise AwsError("TooManyTagsError", f"The number of tags exceeds the limit of {tags.TAGS_MAX}.")
    ctx.put(msgspec.structs.replace(parameter, tags=found))
    return {}


def remove_tags_from_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    parameter = _tagged(ctx, req)
    ctx.put(msgspec.structs.replace(parameter, tags=tags.without(parameter.tags, req["TagKeys"])))
    return {}


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"TagList": tags.written(_tagged(ctx, req).tags)}


def _tagged(ctx: Context, req: dict[str, Any]) -> Parameter:
    if req["ResourceType"] != "Parameter":
        raise NotImplementedByFogbank("ssm", f"{ctx.operation} for {req['ResourceType']}")
    parameter = ctx.get(Parameter, req["ResourceId"])
    if parameter is None:
        raise AwsError(
            "InvalidResourceId", f"The resource ID {req['ResourceId']} isn't valid. Verify it and try again."
        )
    return parameter
