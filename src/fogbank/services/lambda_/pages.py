"""What Lambda answers beside its API: functions behind URLs, and the archives that GetFunction links to."""

from __future__ import annotations

import asyncio

import orjson

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.lambda_ import archives_url, functions, policies, requests, rules
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import FunctionUrl
from fogbank.services.lambda_.running import invocation

_URL = ".lambda-url."


async def answer(ctx: Context, request: Request) -> Response:
    """Answer for a function's URL, or with the archive of a link."""
    host = request.headers.get("host", "").partition(":")[0].lower()
    if _URL in host:
        return await _called(ctx, request, host)
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


async def _called(ctx: Context, request: Request, host: str) -> Response:
    id_, _, rest = host.partition(_URL)
    with ctx.begin():
        found = _behind(ctx, id_, rest.partition(".")[0])
    if found is None:
        return requests.refused(404, "Not Found")
    record, function = found
    extra = requests.cross_origin(record.cors, request) if record.cors else []
    if extra and request.method == "OPTIONS":
        return Response(200, extra)
    try:
        with ctx.begin():
            _check(ctx, function)
        asked = requests.Asked(id_, host, ctx.request_id, ctx.now)
        payload = requests.event(request, await _body(request), asked)
        if len(payload) > rules.PAYLOAD_BYTES_MAX:
            return requests.refused(413, "Request Entity Too Large")
        ended = await invocation.run(ctx, function, invocation.Asked(ctx.request_id, payload))
    except AwsError as error:
        return _refused(error)
    if ended.outcome.error:
        response = requests.refused(502, "Internal Server Error")
    else:
        response = requests.answered(ended.outcome.payload)
    response.headers.extend(extra)
    return response


def _behind(ctx: Context, id_: str, region: str) -> tuple[FunctionUrl, Found] | None:
    """The function of a URL, in whatever account it is."""
    for scope in ctx.scopes(FunctionUrl):
        home = ctx.at(scope.region, scope.account)
        for record in home.find(FunctionUrl, "by_id", id_) if scope.region == region else ():
            try:
                return record, functions.find(home, record.function, record.qualifier or None)
            except AwsError:
                return None
    return None


def _check(ctx: Context, found: Found) -> None:
    """Raises AccessDeniedException unless the function's policy lets everybody in, by both of the actions."""
    home = ctx.at(found.home.region, found.home.account)
    policy = policies.of(found._replace(home=home))
    document = policies.document(policy.statements) if policy is not None else ""
    facts = {"lambda:functionurlauthtype": ["NONE"], "lambda:invokedviafunctionurl": ["true"]}
    need = Need("lambda:InvokeFunctionUrl", found.arn, account=home.account, policy=document, context=facts)
    home.authorize(need, need._replace(action="lambda:InvokeFunction"))


def _refused(error: AwsError) -> Response:
    if error.code == "AccessDeniedException":
        return requests.refused(403, "Forbidden. For troubleshooting Function URL authorization issues, see: "
                                "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html")  # fmt: skip
    if error.code == "TooManyRequestsException":
        return requests.refused(429, "Too Many Requests")
    return requests.refused(404 if error.code == "ResourceNotFoundException" else 502, error.message)


async def _body(request: Request) -> bytes:
    if request.stream is None:
        return request.body
    return b"".join([piece async for piece in request.stream])
