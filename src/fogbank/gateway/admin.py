"""What people and tools ask of fogbank itself: `/_fogbank/…`, and the health page that LocalStack's tools know."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec
import orjson

from fogbank import __version__
from fogbank.aws import ids
from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request, Response
from fogbank.control import fault as faults
from fogbank.gateway.coverage import coverage, resource_types
from fogbank.gateway.hosts import is_own
from fogbank.gateway.longtail import Longtail

if TYPE_CHECKING:
    from fogbank.cloud import Cloud

_PREFIXES = ("/_fogbank/", "/_localstack/")
_HEADERS = (("content-type", "application/json"), ("cache-control", "no-store"))
_ADVANCE_SECONDS_MAX = 100 * 366 * 24 * 3600
_LOG = logging.getLogger("fogbank.admin")
_Page = Callable[[Request, dict[str, Any]], Awaitable[Any]]


def is_admin(path: str) -> bool:
    """Whether a raw path is of one of these pages."""
    return path.startswith(_PREFIXES) or path in ("/_fogbank", "/_localstack")


def check_asker(request: Request, own_name: str) -> str | None:
    """Why fogbank's own pages are not for this asker: one who does not run here, or a page that a browser visits."""
    headers = request.headers
    host, origin = headers.get("host"), headers.get("origin")
    # Who sends no Host at all (HTTP/1.0) is no browser.
    if host is not None and not is_own(host, own_name):
        return f"This machine is not called {host}: ask an address, localhost, or the setting host."
    if origin is not None and (not host or origin.partition("://")[2] != host):
        return "Pages of another origin may not call fogbank's own API."
    return None


class Admin:
    """Answers in JSON. A page of another origin may not call these: a visited site must not reset a cloud."""

    def __init__(self, cloud: Cloud, longtail: Longtail) -> None:
        self._cloud = cloud
        self._longtail = longtail
        self._started = time.monotonic()
        self._pages: Mapping[str, Mapping[str, _Page]] = {
            "/_localstack/health": {"GET": self._localstack_health},
            "/_fogbank/health": {"GET": self._health},
            "/_fogbank/info": {"GET": self._info},
            "/_fogbank/coverage": {"GET": self._coverage},
            "/_fogbank/coverage/cloudformation": {"GET": self._resource_types},
            "/_fogbank/events": {"GET": self._events},
            "/_fogbank/clock": {"GET": self._clock, "POST": self._move_clock},
            "/_fogbank/faults": {"GET": self._faults, "POST": self._add_fault, "DELETE": self._remove_faults},
            "/_fogbank/faults/": {"DELETE": self._remove_faults},
            "/_fogbank/reset": {"POST": self._reset},
            "/_fogbank/root-key": {"POST": self._root_key},
        }

    async def answer(self, request: Request) -> Response:
        """The page of a request, as JSON; errors as `{"error": …, "message": …}`."""
        request_id = ids.uuid(self._cloud.dispatch.ids)
        headers = [
            ("content-type", "application/json"),
            ("x-amzn-requestid", request_id),
            ("cache-control", "no-store"),
        ]
        status = 200
        try:
            page = self._page(request)
            value = await page(request, _body(request))
        except AwsError as error:
            status, value = error.status or 400, {"error": error.code, "message": error.message}
            if status == 405:
                headers.append(("allow", str(error.members["allow"])))
        except Exception:
            _LOG.exception("%s %s failed (request %s)", request.method, request.path, request_id)
            text = "An internal error occurred; fogbank's log tells more under this request's id."
            status, value = 500, {"error": "InternalFailure", "message": text}
        return Response(status, headers, orjson.dumps(value, default=str, option=orjson.OPT_APPEND_NEWLINE))

    def _page(self, request: Request) -> _Page:
        if (refused := check_asker(request, self._cloud.settings.host)) is not None:
            raise AwsError("Forbidden", refused, status=403)
        path = request.path.rstrip("/")
        pages = self._pages.get(path)
        if pages is None and path.startswith("/_fogbank/faults/"):
            pages = self._pages["/_fogbank/faults/"]
        if pages is None:
            known = ", ".join(sorted(name for name in self._pages if not name.endswith("/")))
            raise AwsError("NotFound", f"There is no {path}. There are {known}.", status=404)
        page = pages.get("GET" if request.method == "HEAD" else request.method)
        if page is None:
            allow = ", ".join(pages)
            text = f"{request.method} does not go with {path}."
            raise AwsError("MethodNotAllowed", text, status=405, allow=allow)
        return page

    async def _localstack_health(self, request: Request, body: dict[str, Any]) -> Any:
        services = dict.fromkeys(self._cloud.services.names, "running") | dict.fromkeys(
            self._longtail.names(), "borrowed"
        )
        return {"services": services, "edition": "fogbank", "version": __version__}

    async def _health(self, request: Request, body: dict[str, Any]) -> Any:
        store = self._cloud.store
        store.flush()
        if store.failure is not None:
            # The disk may be free again: only a write can tell.
            with store.begin() as transaction:
                transaction.delete_item("fogbank/health", "probe")
            store.flush()
        if store.failure is not None:
            raise AwsError("Unhealthy", f"The log cannot be written: {store.failure}", status=503)
        return {"status": "ok", "uptime_seconds": round(time.monotonic() - self._started, 3)}

    async def _info(self, request: Request, body: dict[str, Any]) -> Any:
        settings = self._cloud.settings
        return {
            "version": __version__,
            "state": "(ephemeral)" if settings.ephemeral else str(self._cloud.folder),
            "durability": "none" if settings.ephemeral else settings.durability,
            "strict": settings.strict,
            "enforcement": settings.enforcement,
            "account": settings.account,
            "region": settings.region,
            "ca_bundle": self._cloud.ca_bundle,
            "dns": self._cloud.names.at,
            "xray": self._cloud.daemon.at,
            "network": self._cloud.net.mode,
            "services": list(self._cloud.services.names),
            "uptime_seconds": round(time.monotonic() - self._started, 3),
        }

    async def _resource_types(self, request: Request, body: dict[str, Any]) -> Any:
        return resource_types(self._cloud.services)

    async def _coverage(self, request: Request, body: dict[str, Any]) -> Any:
        return coverage(self._cloud.services, self._longtail.names())

    async def _events(self, request: Request, body: dict[str, Any]) -> Any:
        return {"events": list(self._cloud.dispatch.outbox.recent)}

    async def _clock(self, request: Request, body: dict[str, Any]) -> Any:
        clock = self._cloud.clock
        return {"now": clock.now(), "offset_seconds": clock.offset, "frozen": clock.frozen_at is not None}

    async def _move_clock(self, request: Request, body: dict[str, Any]) -> Any:
        clock = self._cloud.clock
        moves = {"advance_seconds", "freeze", "resume", "restart"} & set(body)
        if len(moves) != 1 or set(body) - moves:
            raise AwsError("ValidationException", "Give one of advance_seconds, freeze, resume and restart.")
        if "advance_seconds" in body:
            seconds = _seconds(body["advance_seconds"])
            try:
                await self._cloud.advance(seconds)
            except ValueError as error:
                raise AwsError("ValidationException", f"advance_seconds: {error}.") from None
        elif body[move := moves.pop()] is True:
            {"freeze": clock.freeze, "resume": clock.resume, "restart": clock.restart}[move]()
        else:
            raise AwsError("ValidationException", f"{move} is true or not there.")
        self._cloud.keep_clock()
        await self._cloud.settled()
        return await self._clock(request, {})

    async def _faults(self, request: Request, body: dict[str, Any]) -> Any:
        return {"faults": [msgspec.to_builtins(fault) for fault in self._cloud.dispatch.faults.listed()]}

    async def _add_fault(self, request: Request, body: dict[str, Any]) -> Any:
        dispatch = self._cloud.dispatch
        fault = faults.parsed(body, ids.letters(dispatch.random, 8).lower(), self._cloud.clock.now())
        await dispatch.durable(dispatch.faults.add(fault))
        return msgspec.to_builtins(fault)

    async def _remove_faults(self, request: Request, body: dict[str, Any]) -> Any:
        wanted = unquote(request.path.rstrip("/").removeprefix("/_fogbank/faults").strip("/"))
        removed = self._cloud.dispatch.faults.remove(wanted or None)
        if wanted and not removed:
            raise AwsError("NotFound", f"There is no fault {wanted}.", status=404)
        return {"removed": removed}

    async def _root_key(self, request: Request, body: dict[str, Any]) -> Any:
        key_id, secret = self._cloud.root_key()
        self._cloud.store.flush()
        return {"access_key_id": key_id, "secret_access_key": secret}

    async def _reset(self, request: Request, body: dict[str, Any]) -> Any:
        started = time.perf_counter()
        self._cloud.reset()
        await self._cloud.emptied()
        await self._longtail.reset()
        return {"reset": True, "milliseconds": round((time.perf_counter() - started) * 1000, 2)}


def _body(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    try:
        found = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        raise AwsError("SerializationException", f"The body is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise AwsError("SerializationException", "The body must be a JSON object.")
    return found


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise AwsError("ValidationException", "advance_seconds is a number.")
    if not 0 <= value <= _ADVANCE_SECONDS_MAX:
        raise AwsError("ValidationException", "advance_seconds: cloud time only moves forward, by a century at most.")
    return float(value)
