"""Where a request goes: fogbank's own pages, a browser's preflight, or an operation of a service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from fogbank.aws import ids
from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import Codec, codec_for, write_error
from fogbank.codec.detect import Target, detect
from fogbank.codec.message import Request, Response
from fogbank.control import caller as callers
from fogbank.control.context import Context, Origin
from fogbank.control.dispatch import Answer
from fogbank.gateway import cors
from fogbank.gateway.admin import PREFIXES, Admin
from fogbank.gateway.body import BodyPlan, Payload
from fogbank.gateway.identify import Identified, Identify, in_words_of

if TYPE_CHECKING:
    from fogbank.cloud import Cloud

_LOG = logging.getLogger("fogbank.access")


class Route:
    """The application behind the server: one call for each request.

    An operation that cannot wait is answered at once if the log has all that it says, else when it has.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._dispatch = cloud.dispatch
        self._admin = Admin(cloud)
        settings = cloud.settings
        self._identify = Identify(cloud.credential, settings.account, settings.strict)
        self._plan = BodyPlan(stream=False, bytes_max=settings.body_bytes_max)
        self._origins = cors.Origins(tuple(origin.strip() for origin in settings.allowed_origins.split(",")))

    def head(self, request: Request) -> BodyPlan | Response:
        return self._plan

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        if request.path.startswith(PREFIXES):
            return self._admin.answer(request)
        if "origin" in request.headers:
            return self._with_cors(request)
        return self._aws(request)

    async def _with_cors(self, request: Request) -> Response:
        if cors.is_preflight(request):
            return cors.preflight(request, self._origins)
        if not cors.is_allowed(request.headers["origin"], self._origins):
            return Response(403, [("vary", "Origin")])
        answered = self._aws(request)
        response = answered if isinstance(answered, Response) else await answered
        response.headers.extend(cors.response_headers(request, self._origins))
        return response

    def _aws(self, request: Request) -> Response | Awaitable[Response]:
        request_id = ids.uuid(self._dispatch.random)
        protocol, service, codec = "rest-xml", None, None
        try:
            target = detect(request)
            protocol, service = target.protocol, target.service
            codec = codec_for(service, protocol, target.operation)
            identified = self._identified(request, target, codec)
            request.body = Payload(request.headers).whole(request.body) if request.body else b""
            params = codec.parse(request)
        except AwsError as error:
            error = in_words_of(protocol, service or "", error)
            _log(request, service, "-", error)
            return codec.write_error(error, request_id) if codec else write_error(protocol, error, request_id, service)
        ctx = self._context(request, codec, identified, request_id)
        delay_seconds = self._dispatch.delay_seconds(ctx)
        if delay_seconds or self._dispatch.waits(ctx.service, ctx.operation):
            return self._answered_later(request, codec, ctx, params, delay_seconds)
        answer = self._dispatch.answer(ctx, params)
        if answer.batch <= self._dispatch.store.durable:
            return _response(request, codec, ctx, answer)
        return self._once_durable(request, codec, ctx, answer)

    def _identified(self, request: Request, target: Target, codec: Codec) -> Identified:
        auth = self._identify.authorization(request)
        if auth is None and codec.operation.unsigned:
            return Identified(callers.anonymous(), "")
        return self._identify.caller(request, auth)

    def _context(self, request: Request, codec: Codec, identified: Identified, request_id: str) -> Context:
        ctx = self._cloud.context(codec.operation.service, codec.operation.name, identified.caller, identified.region)
        headers = request.headers
        ctx.origin = Origin(
            request_id, request.peer, headers.get("user-agent", ""), request.tls, headers.get("host", "")
        )
        return ctx

    def _once_durable(self, request: Request, codec: Codec, ctx: Context, answer: Answer) -> Awaitable[Response]:
        written: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def settle(failure: BaseException | None) -> None:
            if written.cancelled():
                return
            if failure is None:
                written.set_result(_response(request, codec, ctx, answer))
            else:
                written.set_exception(failure)

        self._dispatch.store.when_durable(answer.batch, settle)
        return written

    async def _answered_later(
        self, request: Request, codec: Codec, ctx: Context, params: dict[str, Any], delay_seconds: float
    ) -> Response:
        if delay_seconds:
            await asyncio.sleep(delay_seconds)
        return _response(request, codec, ctx, await self._dispatch.answer_waiting(ctx, params))


def _response(request: Request, codec: Codec, ctx: Context, answer: Answer) -> Response:
    if _LOG.isEnabledFor(logging.DEBUG) or answer.error is not None:
        _log(request, ctx.service, ctx.operation, answer.error)
    if answer.error is not None:
        return codec.write_error(answer.error, ctx.request_id)
    return codec.write(answer.result, ctx.request_id)


def _log(request: Request, service: str | None, operation: str, error: AwsError | None) -> None:
    _LOG.debug("%s %s:%s %s", request.peer, service or "?", operation, error or "ok")
