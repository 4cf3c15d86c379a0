"""Pages of services: what they answer beside the operations of their APIs, by path, by host, or by form."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from fogbank.codec.message import Request, Response
from fogbank.control import caller as callers
from fogbank.control.context import Context, Origin
from fogbank.control.service import Installed
from fogbank.gateway.hosts import name_of

if TYPE_CHECKING:
    from fogbank.cloud import Cloud

_LOG = logging.getLogger("fogbank.pages")
_HOSTS_MAX = 1024
_UNASKED = object()


class Pages:
    """Finds the service whose page a request asks for, and has it answer.

    A service names beginnings of paths and a pattern of hosts in its `SERVICE`; what is no operation of its API it may
    take by `takes(request)` of its `pages.py`. `answer(ctx, request)` there answers, as nobody: it decides for itself.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._by_path: list[tuple[str, Installed]] = []
        self._by_host: list[tuple[re.Pattern[str], Installed]] = []
        self._hosts: dict[str, Installed | None] = {}
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
        return ctx

    def _host(self, host: str) -> Installed | None:
        name = name_of(host)
        found = next((installed for pattern, installed in self._by_host if pattern.fullmatch(name)), None)
        if len(self._hosts) >= _HOSTS_MAX:
            self._hosts.clear()
        self._hosts[host] = found
        return found
