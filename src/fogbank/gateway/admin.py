"""What people and tools ask of fogbank itself: `/_fogbank/…`, and the health page that LocalStack's tools know."""

from __future__ import annotations

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
from fogbank.gateway.coverage import coverage

if TYPE_CHECKING:
    from fogbank.cloud import Cloud

PREFIXES = ("/_fogbank", "/_localstack")
_Page = Callable[[Request, dict[str, Any]], Awaitable[Any]]


class Admin:
    """Answers in JSON. A page of another origin may not call these: a visited site must not reset a cloud."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._started = time.monotonic()
        self._pages: Mapping[tuple[str, str], _Page] = {
            ("GET", "/_localstack/health"): self._localstack_health,
            ("GET", "/_fogbank/health"): self._health,
            ("GET", "/_fogbank/info"): self._info,
            ("GET", "/_fogbank/coverage"): self._coverage,
            ("GET", "/_fogbank/events"): self._events,
            ("GET", "/_fogbank/clock"): self._clock,
            ("POST", "/_fogbank/clock"): self._move_clock,
            ("GET", "/_fogbank/faults"): self._faults,
            ("POST", "/_fogbank/faults"): self._add_fault,
            ("DELETE", "/_fogbank/faults"): self._remove_faults,
            ("POST", "/_fogbank/reset"): self._reset,
        }

    async def answer(self, request: Request) -> Response:
        """The page of a request, as JSON; errors as `{"error": …, "message": …}`."""
        try:
            page = self._page(request)
            return _json(200, await page(request, _body(request)))
        except AwsError as error:
            return _json(error.status or 400, {"error": error.code, "message": error.message})

    def _page(self, request: Request) -> _Page:
        origin, host = request.headers.get("origin"), request.headers.get("host", "")
        if origin and origin.partition("://")[2] != host:
            raise AwsError("Forbidden", "Pages of another origin may not call fogbank's own API.", status=403)
        path = request.path.rstrip("/")
        if (found := self._pages.get((request.method, path))) is not None:
            return found
        if request.method == "DELETE" and path.startswith("/_fogbank/faults/"):
            return self._remove_faults
        if any(known == path for _, known in self._pages):
            raise AwsError("MethodNotAllowed", f"{request.method} does not go with {path}.", status=405)
        pages = ", ".join(sorted({known for _, known in self._pages}))
        raise AwsError("NotFound", f"There is no {path}. There are {pages}.", status=404)

    async def _localstack_health(self, request: Request, body: dict[str, Any]) -> Any:
        services = dict.fromkeys(self._cloud.services.names, "running")
        return {"services": services, "edition": "fogbank", "version": __version__}

    async def _health(self, request: Request, body: dict[str, Any]) -> Any:
        self._cloud.store.flush()
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
            "services": list(self._cloud.services.names),
            "uptime_seconds": round(time.monotonic() - self._started, 3),
        }

    async def _coverage(self, request: Request, body: dict[str, Any]) -> Any:
        return coverage(self._cloud.services)

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
            try:
                clock.advance(float(body["advance_seconds"]))
            except (TypeError, ValueError) as error:
                raise AwsError("ValidationException", f"advance_seconds: {error}") from None
        else:
            {"freeze": clock.freeze, "resume": clock.resume, "restart": clock.restart}[moves.pop()]()
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

    async def _reset(self, request: Request, body: dict[str, Any]) -> Any:
        started = time.perf_counter()
        self._cloud.reset()
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


def _json(status: int, value: Any) -> Response:
    return Response(
        status, [("content-type", "application/json")], orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
    )
