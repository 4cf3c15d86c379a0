"""Custom resources made, changed and taken away: somebody is asked, and answers at an address that is told with it."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.control.context import Context
from fogbank.control.resource_type import Change, Properties, ResourceType, Waits, Wanted
from fogbank.services.cloudformation import links
from fogbank.services.cloudformation.custom import (
    Answered,
    Moved,
    Place,
    Unmade,
    fault,
    is_hidden,
    refusal,
    request,
    seconds,
    silence,
)
from fogbank.services.cloudformation.links import Link
from fogbank.services.cloudformation.resources import Request

_SUBJECT = "AWS CloudFormation custom resource request"
_URL_SECONDS = 7200.0


class Ask(NamedTuple):
    """Something to be asked of whoever makes a resource."""

    verb: str
    identity: str
    """Of the resource that there is; empty for one that is to be made."""
    properties: Properties
    before: Properties | None = None
    name: str = ""
    """The id of what was begun and has told none."""


def kind(place: Place) -> ResourceType:
    """A custom resource's type, for the one at a place."""
    return ResourceType(
        place.type,
        partial(_create, place),
        partial(_delete, place),
        partial(_update, place),
        attributes=partial(_attributes, place),
        required=("ServiceToken",),
    )


async def _create(place: Place, ctx: Context, wanted: Wanted) -> str:
    said = await _asked(place, ctx, Ask("Create", "", wanted.properties, name=wanted.name))
    return str(said["PhysicalResourceId"])


async def _update(place: Place, ctx: Context, change: Change) -> None:
    if change.before.get("ServiceToken") != change.after.get("ServiceToken"):
        raise Unmade("Modifying service token is not allowed.")
    said = await _asked(place, ctx, Ask("Update", change.id, change.after, change.before))
    if said["PhysicalResourceId"] != change.id:
        raise Moved(str(said["PhysicalResourceId"]))


async def _delete(place: Place, ctx: Context, identity: str, properties: Properties) -> None:
    await _asked(place, ctx, Ask("Delete", identity, properties))


async def _attributes(place: Place, ctx: Context, identity: str, properties: Properties) -> Mapping[str, Any]:
    """What the last answer says."""
    with ctx.begin():
        found = [ctx.get(Request, place.stack_id, _id(place, verb)) for verb in ("Update", "Create")]
    last = next((one for one in found if one is not None), None)
    return Answered(last.answer.get("Data") or {}, last.id, is_hidden(last.answer)) if last is not None else {}


def _id(place: Place, verb: str, identity: str = "") -> str:
    """The id of a request: the same however often it is made."""
    parts = [place.stack_id, place.logical, place.job, verb, identity if verb == "Delete" else ""]
    return str(uuid.UUID(bytes=hashlib.blake2s(json.dumps(parts).encode(), digest_size=16).digest(), version=4))


async def _asked(place: Place, ctx: Context, ask: Ask) -> Mapping[str, Any]:
    """What was answered. Raises Waits until something is, AwsError for a failure and for none in time."""
    key = _id(place, ask.verb, ask.identity)
    with ctx.begin():
        wanted = ctx.get(Request, place.stack_id, key)
        if wanted is None:
            wanted = _noted(place, ctx, key, ask)
    if not wanted.is_sent:
        await _send(place, ctx, wanted, ask)
        with ctx.begin():
            # The answer may have come already.
            wanted = ctx.get(Request, place.stack_id, key) or wanted
            wanted = msgspec.structs.replace(wanted, is_sent=True)
            ctx.put(wanted)
    name = ask.identity or ask.name
    if wanted.fault or (wanted.answer and wanted.answer["Status"] == "FAILED"):
        told = wanted.answer.get("PhysicalResourceId")
        raise Unmade(
            wanted.fault or refusal(wanted.answer, key), told if told and not fault(wanted.answer, {}) else name
        )
    if wanted.answer:
        return wanted.answer
    if ctx.now >= wanted.due_at:
        raise Unmade(silence(key), name)
    raise Waits(wanted.due_at - ctx.now)


def _noted(place: Place, ctx: Context, key: str, ask: Ask) -> Request:
    """Write down that something is asked; what was asked of the same resource before is over."""
    for old in [one for one in ctx.scan(Request, place.stack_id) if one.logical == place.logical]:
        if old.answer or old.fault or old.due_at <= ctx.now:
            ctx.delete(Request, old.stack_id, old.id)
    due_at = ctx.now + seconds(ask.properties)
    found = Request(stack_id=place.stack_id, id=key, logical=place.logical, due_at=due_at)
    ctx.put(found)
    return found


async def _send(place: Place, ctx: Context, wanted: Request, ask: Ask) -> None:
    """Tell a function or a topic; after a crash perhaps once more. Raises AwsError."""
    service_token = str(ask.properties["ServiceToken"])
    part = service_token.split(":")
    if len(part) < 6 or part[2] not in ("lambda", "sns"):
        raise Unmade(f"Invalid service token: {service_token}")
    there = ctx.at(part[3])
    is_inside = part[2] == "lambda" and await _is_inside(there, service_token)
    link = Link(ctx.region, ctx.account, place.stack_id, wanted.id, ctx.now + _URL_SECONDS)
    url = links.address(ctx, link, is_inside=is_inside)
    told = {"ResponseURL": url, "RequestId": wanted.id}
    more: dict[str, Any] = {"ResourceProperties": ask.properties}
    if ask.before is not None:
        more["OldResourceProperties"] = ask.before
    text = request(place, ask.verb, ask.identity, told, more)
    if part[2] == "sns":
        await there.invoke("sns", "Publish", TopicArn=service_token, Subject=_SUBJECT, Message=text)
    else:
        await there.invoke(
            "lambda", "Invoke", FunctionName=service_token, InvocationType="Event", Payload=text.encode()
        )


async def _is_inside(ctx: Context, function: str) -> bool:
    """Whether a function lives in a VPC; whoever owns the stack need not be allowed to look."""
    looks = ctx.authorized_as(callers.root(ctx.account, ctx.region))
    try:
        found = await looks.invoke("lambda", "GetFunctionConfiguration", FunctionName=function)
    except AwsError:
        return False
    return bool(found.get("VpcConfig", {}).get("SubnetIds"))
