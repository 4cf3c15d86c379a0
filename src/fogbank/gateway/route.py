"""Where a request goes: fogbank's own pages, a browser's preflight, or an operation of a service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, NamedTuple

from fogbank.aws import ids
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.codec.compiled import Codec, codec_for, write_error
from fogbank.codec.detect import Target, detect
from fogbank.codec.message import Request, Response
from fogbank.codec.virtual_host import address
from fogbank.control.caller import Caller
from fogbank.control.context import Context, Origin
from fogbank.control.dispatch import Answer
from fogbank.control.service import Installed, MustWait
from fogbank.gateway import cors, refusal
from fogbank.gateway.admin import Admin, check_asker, is_admin
from fogbank.gateway.body import BodyPlan, Payload, check_word, unwrap
from fogbank.gateway.console import console_page, is_console
from fogbank.gateway.head import Received, plain
from fogbank.gateway.hosts import is_own
from fogbank.gateway.identify import ANONYMOUS, Identified, Identify
from fogbank.gateway.longtail import Longtail
from fogbank.gateway.pages import Pages
from fogbank.gateway.sigv4 import Authorization
from fogbank.model.index import index

if TYPE_CHECKING:
    from fogbank.cloud import Cloud

_LOG = logging.getLogger("fogbank.access")
_UNKNOWN = Target("", "rest-xml", None)
_WITHOUT_BODY = frozenset(("GET", "HEAD", "DELETE"))
_STREAM_BYTES_MIN = 64 * 1024
_STREAMED = BodyPlan(stream=True, bytes_max=6 * 1024**3, continue_at_once=False)
# What the links in SNS's messages ask for: whoever has got one may follow it.
_LINKS = frozenset({("sns", "ConfirmSubscription"), ("sns", "Unsubscribe")})
_S3_FAMILY = frozenset(("s3express", "s3-object-lambda", "s3-outposts"))


class Plan(NamedTuple):
    """What is known of a target before its first request is read; `waits` is None where fogbank has no code for it.

    `open`: unsigned requests may pass (policies decide later); `promises`: its checksum headers speak of its body;
    `is_quick`: it waits, but has a form for requests that need not.
    """

    codec: Codec
    waits: bool | None
    is_borrowed: bool
    open: bool
    promises: bool
    is_quick: bool = False


def listener_of(request: Request) -> str:
    """The name of the door inside the network that a request came through; empty for the API's own sockets."""
    return request.listener if isinstance(request, Received) else ""


class Route:
    """The application behind the server: one call for each request.

    An operation that cannot wait is answered at once if the log has all that it says, else when it has.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._dispatch = cloud.dispatch
        settings = cloud.settings
        self._longtail = Longtail(settings.longtail, cloud.services.names)
        self._admin = Admin(cloud, self._longtail)
        self._identify = Identify(cloud.credential, settings.account, settings.strict)
        self._body_plan = BodyPlan(stream=False, bytes_max=settings.body_bytes_max)
        self._origins = cors.Origins(tuple(origin.strip() for origin in settings.allowed_origins.split(",")))
        self._pages = Pages(cloud, self._signer)
        self._plans: dict[Target, Plan] = {}

    def head(self, request: Request) -> BodyPlan | Response:
        address(request)
        if request.method in ("PUT", "POST") and _is_long(request) and self._streams(request):
            return _STREAMED
        return self._body_plan

    def _streams(self, request: Request) -> bool:
        """Whether the operation that a request means takes its body as it arrives."""
        if request.headers.get("content-type", "").startswith("multipart/form-data"):
            return True
        try:
            service, protocol, operation = detect(request)
        except AwsError:
            return False
        if operation is None or not self._dispatch.waits(service, operation):
            return False
        return bool(codec_for(service, protocol, operation).operation.input_stream)

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        through = listener_of(request)
        if through and (page := self._cloud.inside.page(request, through)) is not None:
            return page
        if through and is_admin(request.path):
            # Whatever name a workload gives this machine: it must not reset the cloud that it runs in.
            return plain(403, "fogbank's own pages are not for the inside.", request_id=ids.uuid(self._dispatch.ids))
        installed = self._pages.of(request)
        if installed is not None:
            return self._page(installed, request)
        if is_console(request.path):
            return console_page(request, self._cloud.settings.host, ids.uuid(self._dispatch.ids))
        if is_admin(request.path):
            return self._admin.answer(request)
        if "origin" in request.headers:
            return self._with_cors(request)
        return self._aws(request)

    async def _page(self, installed: Installed, request: Request) -> Response:
        if is_admin(request.path) and (refused := check_asker(request, self._cloud.settings.host)) is not None:
            return plain(403, refused, request_id=ids.uuid(self._dispatch.ids))
        request_id = ids.uuid(self._dispatch.ids)
        try:
            return await self._pages.answer(installed, request, request_id)
        except AwsError as error:
            refused_as = error
        except Exception as error:
            refused_as = _broken(f"a page of {installed.service.name} failed", request_id, error)
        return write_error("rest-xml", refused_as, request_id, installed.service.name)

    async def _with_own_cors(self, request: Request) -> Response:
        """S3's way: the bucket's own rules say which pages may read an answer; nobody is kept from asking."""
        answered = self._aws(request)
        response = answered if isinstance(answered, Response) else await answered
        if not cors.is_preflight(request):
            response.headers.extend(self._pages.cross_origin("s3", request) or [("vary", "Origin")])
        return response

    async def _with_cors(self, request: Request) -> Response:
        if _is_s3(request) and self._pages.rules_origins("s3", request):
            return await self._with_own_cors(request)
        if not self._may_call(request):
            # A browser sends a simple POST to any address; what it may not read it must not do either.
            text = "Pages of this origin may not call: see the setting allowed_origins."
            refused = plain(403, text, request_id=ids.uuid(self._dispatch.ids))
            refused.headers.append(("vary", "Origin"))
            return refused
        if cors.is_preflight(request):
            response = cors.preflight(request, self._origins)
            response.headers.append(("x-amzn-requestid", ids.uuid(self._dispatch.ids)))
            return response
        answered = self._aws(request)
        response = answered if isinstance(answered, Response) else await answered
        response.headers.extend(cors.response_headers(request, self._origins))
        return response

    def _may_call(self, request: Request) -> bool:
        origin, host = request.headers["origin"], request.headers.get("host", "")
        if cors.is_allowed(origin, self._origins):
            return True
        # A page that came from here, under a name that is this machine's own (a rebound name is not).
        return bool(host) and origin.partition("://")[2] == host and is_own(host, self._cloud.settings.host)

    def _aws(self, request: Request) -> Response | Awaitable[Response]:
        request_id = ids.uuid(self._dispatch.ids)
        target, plan, auth = _UNKNOWN, None, None
        try:
            target = detect(request)
            if target.operation is None and (taken := self._pages.taken(target.service, request)) is not None:
                return self._page(taken, request)
            plan = self._plans.get(target) or self._planned(target, request)
            auth = self._identify.authorization(request)
            identified = self._identified(request, auth, plan)
            ctx = self._context(request, plan, identified, request_id)
            if plan.waits is None:
                return self._borrowed(request, plan, ctx)
            ctx.payload = self._unwrap(request, plan, identified)
            params = plan.codec.parse(request)
        except Exception as error:
            has_token = auth is not None and bool(auth.security_token)
            refused = self._words(target, error, request_id, has_token=has_token)
            _log(request, target.service, target.operation or "-", refused)
            response = _refusal(target, plan, refused, request_id)
            told = self._pages.refused(target.service, target.operation or "", request, request_id)
            if told is not None:
                self._pages.observe(told, request, response, refused.code)
            return response
        delay_seconds = self._dispatch.delay_seconds(ctx)
        if delay_seconds or (plan.waits and (not plan.is_quick or request.stream is not None)):
            return self._answered_later(request, plan, ctx, params, delay_seconds)
        try:
            answer = self._dispatch.answer(ctx, params)
        except MustWait:
            return self._answered_later(request, plan, ctx, params, delay_seconds)
        if answer.batch <= self._dispatch.store.durable:
            return self._response(request, plan, ctx, answer)
        return self._once_durable(request, plan, ctx, answer)

    def _planned(self, target: Target, request: Request) -> Plan:
        service, protocol, operation = target
        if not service or operation is None:
            raise refusal.unknown_operation(target, request)
        codec = codec_for(service, protocol, operation)
        installed = self._dispatch.services.get(service)
        found = installed.operation(operation) if installed is not None else None
        traits = codec.operation
        plan = Plan(
            codec,
            found.waits if found is not None else None,
            is_borrowed=installed is None,
            open=traits.unsigned or service == "s3" or (service, operation) in _LINKS,
            promises=bool(traits.checksum or traits.checksum_required),
            is_quick=self._dispatch.is_quick(service, operation),
        )
        self._plans[target] = plan
        return plan

    def _identified(self, request: Request, auth: Authorization | None, plan: Plan) -> Identified:
        if auth is None and plan.open:
            return ANONYMOUS
        service = plan.codec.operation.service
        if auth is not None and service == "s3":
            name = auth.scope.service
            if name not in _S3_FAMILY and name not in index().by_signing_name:
                raise refusal.foreign_service(name)
        return self._identify.caller(request, auth, service)

    def _signer(self, request: Request, service: str) -> Caller:
        """Who has signed a request for a page. Raises AwsError, also where nobody has."""
        auth = self._identify.authorization(request)
        if auth is None:
            raise AwsError("AccessDeniedException", "Forbidden", status=403)
        return self._identify.caller(request, auth, service).caller

    def _unwrap(self, request: Request, plan: Plan, identified: Identified) -> Payload | None:
        headers = request.headers
        if request.method in _WITHOUT_BODY and not request.body and request.stream is None:
            return None
        if plan.codec.operation.service == "s3":
            check_word(headers)
        if plan.promises or "x-amz-content-sha256" in headers or "content-encoding" in headers:
            return unwrap(request, identified.signer, promises=plan.promises)
        return None

    def _context(self, request: Request, plan: Plan, identified: Identified, request_id: str) -> Context:
        operation = plan.codec.operation
        ctx = self._cloud.context(operation.service, operation.name, identified.caller, identified.region)
        headers = request.headers
        ctx.origin = Origin(
            request_id, request.peer, headers.get("user-agent", ""), request.tls, headers.get("host", "")
        )
        if header := headers.get("x-amzn-trace-id"):
            ctx.origin = ctx.origin._replace(trace=header)
        if through := listener_of(request):
            ctx.origin = self._cloud.inside.through(ctx.origin, through)
        return ctx

    def _borrowed(self, request: Request, plan: Plan, ctx: Context) -> Awaitable[Response]:
        if not plan.is_borrowed:
            raise NotImplementedByFogbank(ctx.service, ctx.operation)
        self._longtail.check(ctx.service, ctx.operation)
        return self._lent(request, plan, ctx)

    async def _lent(self, request: Request, plan: Plan, ctx: Context) -> Response:
        try:
            return await self._longtail.answer(request, ctx)
        except AwsError as error:
            _log(request, ctx.service, ctx.operation, error)
            return plan.codec.write_error(error, ctx.request_id)

    def _once_durable(self, request: Request, plan: Plan, ctx: Context, answer: Answer) -> Awaitable[Response]:
        written: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

        def settle(failure: BaseException | None) -> None:
            if written.cancelled():
                return
            if isinstance(failure, Exception):
                what = f"{ctx.service}:{ctx.operation} could not be written to the log"
                failed = Answer(None, _broken(what, ctx.request_id, failure), answer.batch)
                written.set_result(self._response(request, plan, ctx, failed))
            else:
                written.set_result(self._response(request, plan, ctx, answer))

        self._dispatch.store.when_durable(answer.batch, settle)
        return written

    async def _answered_later(
        self, request: Request, plan: Plan, ctx: Context, params: dict[str, Any], delay_seconds: float
    ) -> Response:
        if delay_seconds:
            await asyncio.sleep(delay_seconds)
        return self._response(request, plan, ctx, await self._dispatch.answer_waiting(ctx, params))

    def _response(self, request: Request, plan: Plan, ctx: Context, answer: Answer) -> Response:
        response = _response(request, plan, ctx, answer)
        self._pages.observe(ctx, request, response, answer.error.code if answer.error is not None else "")
        return response

    def _words(self, target: Target, error: Exception, request_id: str, *, has_token: bool) -> AwsError:
        if isinstance(error, AwsError):
            return refusal.in_words_of(target, error, has_token=has_token)
        return _broken(f"{target.service or '?'}:{target.operation or '?'} could not be read", request_id, error)


def _is_long(request: Request) -> bool:
    length = request.headers.get("content-length")
    return length is None or not length.isdigit() or int(length) > _STREAM_BYTES_MIN


def _is_s3(request: Request) -> bool:
    try:
        return detect(request).service == "s3"
    except AwsError:
        return False


def _refusal(target: Target, plan: Plan | None, error: AwsError, request_id: str) -> Response:
    if plan is not None:
        return plan.codec.write_error(error, request_id)
    return write_error(target.protocol, error, request_id, target.service or None)


def _response(request: Request, plan: Plan, ctx: Context, answer: Answer) -> Response:
    _log(request, ctx.service, ctx.operation, answer.error)
    codec = plan.codec
    if answer.error is not None:
        return codec.write_error(answer.error, ctx.request_id)
    try:
        return codec.write(answer.result, ctx.request_id)
    except Exception as error:
        what = f"the answer of {ctx.service}:{ctx.operation} could not be written"
        return codec.write_error(_broken(what, ctx.request_id, error), ctx.request_id)


def _broken(what: str, request_id: str, error: Exception) -> AwsError:
    _LOG.error("%s (request %s)", what, request_id, exc_info=error)
    text = "An internal error occurred; fogbank's log tells more under this request's id."
    return AwsError("InternalFailure", text, status=500)


def _log(request: Request, service: str, operation: str, error: AwsError | None) -> None:
    if _LOG.isEnabledFor(logging.DEBUG):
        _LOG.debug("%s %s:%s %s", request.peer, service or "?", operation, error or "ok")
