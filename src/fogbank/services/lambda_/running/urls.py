"""Functions behind URLs: who is let in, what they are told of a request, and their answers, also as they come.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.lambda_ import functions, policies, requests, rules
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import FunctionUrl
from fogbank.services.lambda_.running import invocation
from fogbank.services.lambda_.running.invocation import Ended

_URL = ".lambda-url."
_TROUBLESHOOTING = "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"


class _Behind(NamedTuple):
    """What a URL leads to."""

    record: FunctionUrl
    function: Found


def is_one(request: Request) -> bool:
    """Whether a request is for a function's URL."""
    return _URL in _host(request)


def is_signed(ctx: Context, request: Request) -> bool:
    """Whether whoever calls a URL signs. A browser that asks whether it may call does not."""
    with ctx.begin():
        found = _behind(ctx, request)
    return found is not None and found.record.auth == "AWS_IAM" and not _is_preflight(found, request)


async def answer(ctx: Context, request: Request) -> Response:
    with ctx.begin():
        found = _behind(ctx, request)
    if found is None:
        return requests.refused(404, "Not Found")
    extra = requests.cross_origin(found.record.cors, request) if found.record.cors else []
    if _is_preflight(found, request):
        return Response(200, extra)
    response = await _called(ctx, request, found)
    response.headers.extend(extra)
    return response


async def _called(ctx: Context, request: Request, found: _Behind) -> Response:
    try:
        with ctx.begin():
            _check(ctx, found)
        signed_by = ctx.caller if found.record.auth == "AWS_IAM" else None
        asked = requests.Asked(found.record.id, _host(request), ctx.request_id, ctx.now, signed_by)
        payload = requests.event(request, await _body(request), asked)
        if len(payload) > rules.PAYLOAD_BYTES_MAX:
            return requests.refused(413, "Request Entity Too Large")
        event = invocation.Asked(ctx.request_id, payload, trace=ctx.origin.trace)
        if found.record.mode == "RESPONSE_STREAM":
            return await _streamed(ctx, found.function, event)
        return _whole(await invocation.run(ctx, found.function, event))
    except AwsError as error:
        return _refused(error)


def _whole(ended: Ended) -> Response:
    if ended.outcome.error:
        return requests.refused(502, "Internal Server Error")
    return requests.answered(ended.outcome.payload)


async def _streamed(ctx: Context, found: Found, event: invocation.Asked) -> Response:
    """An answer that goes out as it comes; a function that does not stream answers as one behind any URL."""
    pieces: asyncio.Queue[bytes | None] = asyncio.Queue()
    task = asyncio.ensure_future(invocation.run(ctx, found, event, pieces.put_nowait))
    task.add_done_callback(lambda _: pieces.put_nowait(None))
    try:
        first = await pieces.get()
        if first is None:
            return _whole(task.result())
        if requests.may_be_prelude(first):
            # What ends it may come by itself.
            second = await pieces.get()
            first += second or b""
            if second is None:
                pieces.put_nowait(None)
    except asyncio.CancelledError:
        task.cancel()
        raise
    status, headers, rest = requests.prelude(first)
    return Response(status, headers, _rest(rest, pieces, task))


async def _rest(first: bytes, pieces: asyncio.Queue[bytes | None], task: asyncio.Future[Ended]) -> AsyncIterator[bytes]:
    """What follows. Raises what broke it off, so that whoever reads does not take it for the end."""
    piece: bytes | None = first
    try:
        while piece is not None:
            if piece:
                yield piece
            piece = await pieces.get()
        ended = await task
        if ended.outcome.error:
            raise AwsError("InternalFailure", "The function has failed while it was answering.", status=502)
    finally:
        # Whoever has gone needs no answer any more.
        task.cancel()


def _behind(ctx: Context, request: Request) -> _Behind | None:
    """The function of a URL, in whatever account it is."""
    id_, _, rest = _host(request).partition(_URL)
    region = rest.partition(".")[0]
    for scope in ctx.scopes(FunctionUrl):
        home = ctx.at(scope.region, scope.account)
        for record in home.find(FunctionUrl, "by_id", id_) if scope.region == region else ():
            try:
                return _Behind(record, functions.find(home, record.function, record.qualifier or None))
            except AwsError:
                return None
    return None


def _check(ctx: Context, behind: _Behind) -> None:
    """Raises AccessDeniedException unless policies let whoever calls in, by both of the actions."""
    found = behind.function
    home = ctx.at(found.home.region, found.home.account)
    policy = policies.of(found._replace(home=home))
    document = policies.document(policy.statements) if policy is not None else ""
    facts = {"lambda:functionurlauthtype": [behind.record.auth], "lambda:invokedviafunctionurl": ["true"]}
    need = Need("lambda:InvokeFunctionUrl", found.arn, account=home.account, policy=document, context=facts)
    home.authorize(need, need._replace(action="lambda:InvokeFunction"))


def _refused(error: AwsError) -> Response:
    if error.code == "AccessDeniedException":
        text = f"Forbidden. For troubleshooting Function URL authorization issues, see: {_TROUBLESHOOTING}"
        return requests.refused(403, text)
    if error.code == "TooManyRequestsException":
        return requests.refused(429, "Too Many Requests")
    return requests.refused(404 if error.code == "ResourceNotFoundException" else 502, error.message)


def _is_preflight(found: _Behind, request: Request) -> bool:
    return request.method == "OPTIONS" and bool(requests.cross_origin(found.record.cors, request))


def _host(request: Request) -> str:
    return request.headers.get("host", "").partition(":")[0].lower()


async def _body(request: Request) -> bytes:
    if request.stream is None:
        return request.body
    return b"".join([piece async for piece in request.stream])
