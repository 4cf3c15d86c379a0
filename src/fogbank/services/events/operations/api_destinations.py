"""API destinations: HTTP endpoints that rules invoke."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.paging import after, page
from fogbank.control.context import Context
from fogbank.services.events import endpoints
from fogbank.services.events.resources import ApiDestination


def create_api_destination(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if ctx.get(ApiDestination, req["Name"]) is not None:
        raise AwsError("ResourceAlreadyExistsException", f"An api-destination '{req['Name']}' already exists.")
    endpoints.connection_by_arn(ctx, req["ConnectionArn"])
    made = ApiDestination(
        name=req["Name"],
        id=ctx.uuid(),
        connection_arn=req["ConnectionArn"],
        endpoint=req["InvocationEndpoint"],
        method=req["HttpMethod"],
        description=req.get("Description", ""),
        per_second=req.get("InvocationRateLimitPerSecond", 300),
        created_at=ctx.now,
        modified_at=ctx.now,
    )
    ctx.put(made)
    return _brief(ctx, made)


def update_api_destination(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = endpoints.destination(ctx, req["Name"])
    if "ConnectionArn" in req:
        endpoints.connection_by_arn(ctx, req["ConnectionArn"])
    found = msgspec.structs.replace(
        found,
        connection_arn=req.get("ConnectionArn", found.connection_arn),
        endpoint=req.get("InvocationEndpoint", found.endpoint),
        method=req.get("HttpMethod", found.method),
        description=req.get("Description", found.description),
        per_second=req.get("InvocationRateLimitPerSecond", found.per_second),
        modified_at=ctx.now,
    )
    ctx.put(found)
    return _brief(ctx, found)


def describe_api_destination(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = endpoints.destination(ctx, req["Name"])
    return {**_described(ctx, found), **({"Description": found.description} if found.description else {})}


def list_api_destinations(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    start = after(req.get("NextToken"))
    wanted = (
        one
        for one in ctx.scan(ApiDestination, start=req.get("NamePrefix", ""))
        if one.name > start and one.connection_arn == req.get("ConnectionArn", one.connection_arn)
    )
    found, token = page(wanted, req.get("Limit", 100), lambda one: one.name)
    return {"ApiDestinations": [_described(ctx, one) for one in found], **({"NextToken": token} if token else {})}


def delete_api_destination(ctx: Context, req: dict[str, Any]) -> None:
    ctx.delete(ApiDestination, endpoints.destination(ctx, req["Name"]).name)


def _brief(ctx: Context, found: ApiDestination) -> dict[str, Any]:
    return {
        "ApiDestinationArn": endpoints.destination_arn(ctx, found),
        "ApiDestinationState": "ACTIVE" if endpoints.is_active(ctx, found) else "INACTIVE",
        "CreationTime": found.created_at,
        "LastModifiedTime": found.modified_at,
    }


def _described(ctx: Context, found: ApiDestination) -> dict[str, Any]:
    return {
        **_brief(ctx, found),
        "Name": found.name,
        "ConnectionArn": found.connection_arn,
        "InvocationEndpoint": found.endpoint,
        "HttpMethod": found.method,
        "InvocationRateLimitPerSecond": found.per_second,
    }
