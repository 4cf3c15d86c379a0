"""Pages of services: what they answer beside the operations of their APIs, by path, by host, or by form."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request, Response
from fogbank.control import caller as callers
from fogbank.control.caller import Caller
from fogbank.control.context import Context, Origin
from fogbank.control.service import Installed
from fogbank.gateway.hosts import is_own, name_of

if TYPE_CHECKING:
    from fogbank.cloud import Cloud

_LOG = logging.getLogger("fogbank.pages")
_HOSTS_MAX = 1024
_UNASKED = object()
_READ = ("GET", "HEAD")
_SIGNS = ("x-amz-signature=", "x-amz-credential=", "awsaccesskeyid=")
"""What is in the query of a request that is signed by its address."""


class Pages:
    """Finds the service whose page a request asks for, and has it answer.

    A service names beginnings of paths and a pattern of hosts in its `SERVICE`; what is no operation of its API it may
    take by `takes(request)` of its `pages.py`. `answer(ctx, request)` there answers, as nobody: it decides for itself.
    Where `is_signed(ctx, request)` says so, it is asked as whoever has signed the request.
    """

    def __init__(self, cloud: Cloud, identify: Callable[[Request, str], Caller]) -> None:
        """`identify` tells who has signed a request to a service, or raises AwsError."""
        self._cloud = cloud
        self._identify = identify
        self._by_path: list[tuple[str, Installed]] = []
        self._by_host: list[tuple[re.Pattern[str], Installed]] = []
        self._hosts: dict[str, Installed | None] = {}
        self._foreign: dict[str, str] = {}
        """The names that are nobody's here, which people may have given to something, by the Host header."""
        self._watching: dict[str, Any] = {}
        for installed in cloud.services:
            self._by_path += [(start, installed) for start in installed.service.pages]
            if installed.service.hosts:
                self._by_host.append((re.compile(installed.service.hosts), installed))
        self._starts = tuple(start for start, _ in self._by_path)

    def of(self, request: Request) -> Installed | None:
        """The service that answers this path, or for this host, itself."""
        host = request.headers.get("host", "")
        try:
            found = self._hosts[host]
        except KeyError:
            found = self._host(host)
        if found is None and host in self._foreign and (served := self._served(request, self._foreign[host])):
            return served
        if found is None and request.path.startswith(self._starts):
            return next(installed for start, installed in self._by_path if request.path.startswith(start))
        return found

    def taken(self, service: str, request: Request) -> Installed | None:
        """The service, if it takes a request that means none of its operations."""
        installed = self._cloud.services.get(service)
        takes = installed.page("takes") if installed is not None else None
        return installed if takes is not None and takes(request) else None

    def observe(self, ctx: Context, request: Request, response: Response, error: str) -> None:
        """Tell a service that asks for it (`observe` of its `pages.py`) of a request that has been answered."""
        watch = self._watching.get(ctx.service, _UNASKED)
        if watch is _UNASKED:
            installed = self._cloud.services.get(ctx.service)
            watch = self._watching[ctx.service] = installed.page("observe") if installed is not None else None
        if watch is None:
            return
        try:
            watch(ctx, request, response, error)
        except Exception:
            _LOG.exception("%s could not observe request %s", ctx.service, ctx.request_id)

    def refused(self, service: str, operation: str, request: Request, request_id: str) -> Context | None:
        """A context, of nobody, for a request that was refused before it was known whose it is."""
        installed = self._cloud.services.get(service)
        if installed is None:
            return None
        ctx = self._context(installed, request, request_id)
        ctx.operation = operation
        return ctx

    def rules_origins(self, service: str, request: Request) -> bool:
        """Whether a service has rules of its own for pages of other origins, and they are for this request."""
        installed = self._cloud.services.get(service)
        rules = installed.page("rules_origins") if installed is not None else None
        return installed is not None and rules is not None and rules(self._context(installed, request, ""), request)

    def cross_origin(self, service: str, request: Request) -> list[tuple[str, str]] | None:
        """The headers that let a page of another origin read an answer, from a service that has rules of its own."""
        installed = self._cloud.services.get(service)
        found = installed.page("cross_origin") if installed is not None else None
        if installed is None or found is None:
            return None
        headers: list[tuple[str, str]] = found(self._context(installed, request, ""), request)
        return headers

    async def answer(self, installed: Installed, request: Request, request_id: str) -> Response:
        page = installed.page("answer")
        if page is None:
            raise RuntimeError(f"{installed.service.name} has no pages")
        ctx = self._context(installed, request, request_id)
        is_signed = installed.page("is_signed")
        if is_signed is not None and is_signed(ctx, request):
            try:
                ctx.caller = self._identify(request, installed.service.name)
            except AwsError as error:
                return _forbidden(error, request_id)
        response: Response = await page(ctx, request)
        await self._cloud.dispatch.durable(ctx.seen)
        response.headers.append(("x-amzn-requestid", request_id))
        return response

    def _context(self, installed: Installed, request: Request, request_id: str) -> Context:
        ctx = self._cloud.context(installed.service.name, "page", callers.anonymous())
        headers = request.headers
        ctx.origin = Origin(
            request_id, request.peer, headers.get("user-agent", ""), request.tls, headers.get("host", "")
        )
        if header := headers.get("x-amzn-trace-id"):
            ctx.origin = ctx.origin._replace(trace=header)
        return ctx

    def _host(self, host: str) -> Installed | None:
        name = name_of(host)
        found = next((installed for pattern, installed in self._by_host if pattern.fullmatch(name)), None)
        if len(self._hosts) >= _HOSTS_MAX:
            self._hosts.clear()
            self._foreign.clear()
        self._hosts[host] = found
        if found is None and name and not is_own(host, self._cloud.settings.host):
            self._foreign[host] = name
        return found

    def _served(self, request: Request, name: str) -> Installed | None:
        """The service that has something of a name of people's own (`serves` of its `pages.py`), for whoever reads.

        A signed request is for the API, whatever name it was sent to.
        """
        is_signed = "authorization" in request.headers or any(sign in request.query.lower() for sign in _SIGNS)
        if request.method not in _READ or is_signed:
            return None
        for _, installed in self._by_host:
            serves = installed.page("serves")
            if serves is not None and serves(self._context(installed, request, ""), name):
                return installed
        return None


def _forbidden(error: AwsError, request_id: str) -> Response:
    """What is said to whoever has not signed a request that has to be, or not well."""
    headers = [("content-type", "application/json"), ("x-amzn-requestid", request_id), ("x-amzn-errortype", error.code)]
    return Response(403, headers, orjson.dumps({"Message": error.message}))
