"""What CloudFormation hears and tells beside its API: answers and signals, put to addresses; stacks as JSON."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.control.pages import Pages, answered
from fogbank.services.cloudformation import custom, links, picture, signals, stacks
from fogbank.services.cloudformation.links import Link
from fogbank.services.cloudformation.resources import Handle, Stack
from fogbank.services.cloudformation.resources import Request as Wanted

_BODY_BYTES_MAX = 1_048_576
_START = "/_fogbank/stacks"


async def answer(ctx: Context, request: Request) -> Response:
    """Write down what was put to an address; errors are S3's, whose presigned addresses these are on AWS.

    Or a page of stacks, as JSON.
    """
    if request.path.startswith(_START):
        return await answered(ctx, request, _START, _PAGES)
    try:
        if request.method != "PUT":
            raise AwsError("AccessDenied", "Access Denied", status=403)
        with ctx.begin():
            link = links.opened(ctx, request.query)
        body = await _body(request)
        with ctx.begin():
            home = ctx.at(link.region, link.account)
            if link.stack_id:
                _answered(home, link, body)
            else:
                _signalled(home, link, body)
    except AwsError as error:
        text = f"<Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
        return Response(error.status or 400, [("content-type", "application/xml")], text.encode())
    return Response(200, [("content-length", "0")])


def _answered(ctx: Context, link: Link, body: bytes) -> None:
    """The first answer counts; one to what nobody waits for any more is heard, and changes nothing."""
    wanted = ctx.get(Wanted, link.stack_id, link.id)
    stack = ctx.get(Stack, link.stack_id)
    if wanted is None or stack is None or wanted.answer or wanted.fault:
        return
    found, fault = custom.answer(body)
    ids = {"StackId": stacks.arn(ctx, stack), "RequestId": wanted.id, "LogicalResourceId": wanted.logical}
    ctx.put(msgspec.structs.replace(wanted, answer=found, fault=fault or custom.fault(found, ids)))
    ctx.after_commit(ctx.waker(Stack, stack.id))


def _signalled(ctx: Context, link: Link, body: bytes) -> None:
    handle = ctx.get(Handle, link.id)
    if handle is None:
        raise AwsError("AccessDenied", "Access Denied", status=403)
    ctx.put(msgspec.structs.replace(handle, signals=signals.heard(handle.signals, body)))
    for stack_id in handle.waiting:
        ctx.after_commit(ctx.waker(Stack, stack_id))


async def _body(request: Request) -> bytes:
    """Raises EntityTooLarge."""
    found = request.body
    if request.stream is not None:
        found = b""
        async for piece in request.stream:
            found += piece
            if len(found) > _BODY_BYTES_MAX:
                break
    if len(found) > _BODY_BYTES_MAX:
        raise AwsError("EntityTooLarge", "Your proposed upload exceeds the maximum allowed object size.")
    return found


# Pages of stacks


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


class _Which(msgspec.Struct, forbid_unknown_fields=True):
    arn: str


async def _listed(ctx: Context, wanted: _Nothing) -> dict[str, Any]:
    with ctx.begin():
        return {"now": ctx.now, "stacks": picture.listed(ctx)}


async def _one(ctx: Context, wanted: _Which) -> dict[str, Any]:
    with ctx.begin():
        return {"now": ctx.now, **picture.told(ctx, wanted.arn)}


_PAGES: Pages = {("GET", ""): (_Nothing, _listed), ("GET", "/one"): (_Which, _one)}
"""What a page takes, and what answers it."""
