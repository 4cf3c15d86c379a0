"""What Lambda answers beside its API: functions behind URLs, archives that GetFunction links to, the console's data."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

import msgspec
import orjson

from fogbank.aws import trace
from fogbank.aws.errors import AwsError
from fogbank.aws.trace import Trace
from fogbank.codec.message import Request, Response
from fogbank.control import caller as callers
from fogbank.control.context import Context
from fogbank.control.pages import Pages, answered
from fogbank.services.lambda_ import archives_url, functions, picture
from fogbank.services.lambda_.picture import Line
from fogbank.services.lambda_.running import urls

_START = "/_fogbank/functions"
_STREAMS_MAX = 8
"""How many streams are looked at for the newest lines."""


async def answer(ctx: Context, request: Request) -> Response:
    """Answer for a function's URL, with the archive of a link, or with a page of functions as JSON."""
    if urls.is_one(request):
        return await urls.answer(ctx, request)
    if request.path.startswith(_START):
        return await answered(ctx, request, _START, _PAGES)
    try:
        if request.method != "GET" or not request.path.startswith(archives_url.PATH):
            raise AwsError("NotFound", f"{request.method} {request.path}: there is no such page.", status=404)
        path = ctx.blobs.path(archives_url.named(ctx, request.path))
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError:
            raise AwsError("NotFound", "The code that this link is for is gone.", status=404) from None
    except AwsError as error:
        said = orjson.dumps({"error": error.code, "message": error.message})
        return Response(error.status or 400, [("content-type", "application/json")], said)
    return Response(200, [("content-type", "application/zip"), ("cache-control", "no-store")], content)


def is_signed(ctx: Context, request: Request) -> bool:
    """Whether a request is for a URL whose callers sign."""
    return urls.is_one(request) and urls.is_signed(ctx, request)


# Pages of functions


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Which(msgspec.Struct, forbid_unknown_fields=True):
    arn: str


class _Call(msgspec.Struct, forbid_unknown_fields=True):
    arn: str
    payload: str = ""
    """JSON, or nothing."""
    qualifier: str = ""
    type: Literal["RequestResponse", "Event"] = "RequestResponse"
    is_traced: bool = False
    """Whether X-Ray is told of it whatever the function's own settings say."""


async def _listed(ctx: Context, wanted: _Nothing) -> dict[str, Any]:
    with ctx.begin():
        return {"now": ctx.now, "functions": picture.listed(ctx)}


async def _one(ctx: Context, wanted: _Which) -> dict[str, Any]:
    with ctx.begin():
        return {"now": ctx.now, **picture.told(ctx, wanted.arn)}


async def _log(ctx: Context, wanted: _Which) -> dict[str, Any]:
    """The newest lines of a function's log group, of the streams that were written to last."""
    with ctx.begin():
        home, group = picture.log_group(ctx, wanted.arn)
    reader = _root_of(home)
    newest = {"orderBy": "LastEventTime", "descending": True, "limit": _STREAMS_MAX}
    lines: list[Line] = []
    try:
        found = await reader.invoke("logs", "DescribeLogStreams", logGroupName=group, **newest)
        for name in [stream["logStreamName"] for stream in found["logStreams"]]:
            place = {"logGroupName": group, "logStreamName": name}
            page = await reader.invoke("logs", "GetLogEvents", startFromHead=False, limit=picture.LINES_MAX, **place)
            lines += [Line(one["timestamp"], name, one["message"].rstrip("\n")) for one in page["events"]]
    except AwsError as error:
        # A group is made with a function's first line.
        if error.code != "ResourceNotFoundException":
            raise
    return {"group": group, "lines": picture.lines(lines)}


async def _invoked(ctx: Context, wanted: _Call) -> dict[str, Any]:
    """Invoke a function as the root of its account, as somebody at its console does."""
    with ctx.begin():
        home = functions.find(ctx, wanted.arn).home
    caller = _root_of(home)
    root = trace.new_root(ctx.now, ctx.random) if wanted.is_traced else ""
    if root:
        caller.origin = caller.origin._replace(trace=str(Trace(root, sampled="1")))
    asked: dict[str, Any] = {"InvocationType": wanted.type, "LogType": "Tail", "Payload": wanted.payload.encode()}
    if wanted.qualifier:
        asked["Qualifier"] = wanted.qualifier
    began = ctx.planes.machine_now()
    said = await caller.invoke("lambda", "Invoke", FunctionName=wanted.arn, **asked)
    return picture.answered(said, ctx.planes.machine_now() - began, root)


def _root_of(home: Context) -> Context:
    return home.authorized_as(callers.root(home.account, home.region))


_PAGES: Pages = {
    ("GET", ""): (_Nothing, _listed),
    ("GET", "/one"): (_Which, _one),
    ("GET", "/log"): (_Which, _log),
    ("POST", "/invoke"): (_Call, _invoked),
}
"""What a page takes, and what answers it."""
