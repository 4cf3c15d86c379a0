"""Wait conditions: resources that are there once somebody says so."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.resource_type import Functions, Properties, ResourceType, Waits, Wanted, of_functions
from fogbank.services.cloudformation import links, signals
from fogbank.services.cloudformation.custom import Place, Unmade
from fogbank.services.cloudformation.links import Link
from fogbank.services.cloudformation.resources import Handle, Request

_SECONDS_MAX = 43_200
_FOREVER = 1e12


def kind(place: Place) -> ResourceType:
    """The type, for the condition at a place; every change makes another."""
    return ResourceType(
        signals.TYPE,
        partial(_create, place),
        _delete,
        attributes=_attributes,
        required=() if place.is_signalled else ("Handle", "Timeout"),
        known=frozenset(("Handle", "Timeout", "Count")),
    )


async def _create(place: Place, ctx: Context, wanted: Wanted) -> str:
    properties = wanted.properties
    if place.is_signalled:
        # What it waits for is told to the resource itself.
        return f"{place.stack_arn}/{place.logical}"
    count, timeout = _number(properties, "Count", 1), _number(properties, "Timeout", 0)
    if not 0 <= timeout <= _SECONDS_MAX:
        raise Unmade(f"Timeout must be a number from 0 to {_SECONDS_MAX}.")
    with ctx.begin():
        handle = _handle(ctx, properties)
        begun = ctx.get(Request, place.stack_id, wanted.token)
        if begun is None:
            due_at = ctx.now + timeout
            begun = Request(stack_id=place.stack_id, id=wanted.token, logical=place.logical, due_at=due_at)
            ctx.put(begun)
            ctx.put(msgspec.structs.replace(handle, waiting=tuple({*handle.waiting, place.stack_id})))
    if signals.is_enough(handle.signals, count):
        return f"{place.stack_arn}/{place.logical}"
    if ctx.now >= begun.due_at:
        raise signals.timed_out(handle.signals, count)
    raise Waits(begun.due_at - ctx.now)


def _number(properties: Properties, name: str, default: int) -> int:
    try:
        return int(properties.get(name, default))
    except (TypeError, ValueError):
        raise Unmade(f"Value of property {name} must be a number.") from None


def _handle(ctx: Context, properties: Properties) -> Handle:
    """The handle of a condition. Raises AwsError."""
    try:
        link = links.opened(ctx, urlsplit(str(properties["Handle"])).query)
    except AwsError:
        link = None
    found = ctx.get(Handle, link.id) if link is not None else None
    if found is None:
        raise Unmade("Invalid WaitConditionHandle.")
    return found


async def _delete(ctx: Context, identity: str, properties: Properties) -> None:
    """A condition is nothing that could be taken away."""


async def _attributes(ctx: Context, identity: str, properties: Properties) -> Mapping[str, Any]:
    if "Handle" not in properties:
        return {"Data": signals.data({})}
    with ctx.begin():
        return {"Data": signals.data(_handle(ctx, properties).signals)}


def _made(ctx: Context, wanted: Wanted) -> str:
    found = Handle(id=ctx.uuid())
    ctx.put(found)
    return links.address(ctx, Link(ctx.region, ctx.account, "", found.id, _FOREVER))


def _forgotten(ctx: Context, identity: str, properties: Properties) -> None:
    ctx.delete(Handle, links.opened(ctx, urlsplit(identity).query).id)


HANDLE = of_functions(Functions("AWS::CloudFormation::WaitConditionHandle", create=_made, delete=_forgotten))
