"""Services outside fogbank's purpose, borrowed: answered by moto in this process, and marked so."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import io
import logging
import pkgutil
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.gateway.refusal import not_here
from fogbank.model.index import index

LENDER = "moto"
MARK = ("x-fogbank-borrowed", LENDER)

_LOG = logging.getLogger("fogbank.longtail")
_INSTALL = "With moto it would be borrowed: pip install 'fogbank[longtail]'."
_SWITCHED_OFF = "The setting longtail is off."
_OTHER_NAMES = {"awslambda": "lambda"}
_RESET = Request("POST", "/moto-api/reset", "", {"host": "localhost"})
_Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Longtail:
    """Hands requests to moto's own server application, one at a time, on a thread of its own.

    moto's state belongs to the process: clouds that live side by side share what they borrow, and it goes with it.
    """

    def __init__(self, is_on: bool, own: Iterable[str]) -> None:
        self._is_on = is_on
        self._own = frozenset(own)
        self._thread: ThreadPoolExecutor | None = None
        self._wsgi: _Wsgi | None = None

    def names(self) -> tuple[str, ...]:
        """The services, by botocore's names, that are borrowed: none that fogbank has itself."""
        return tuple(name for name in _lent() if name not in self._own) if self._is_on else ()

    def check(self, service: str, operation: str) -> None:
        """Raises NotImplementedByFogbank for a service that cannot be borrowed, with what would help."""
        if not self._is_on:
            raise not_here(service, operation, _SWITCHED_OFF)
        if not _lent():
            raise not_here(service, operation, _INSTALL)
        if service in self._own or service not in _lent():
            raise NotImplementedByFogbank(service, operation)

    async def answer(self, request: Request, ctx: Context) -> Response:
        """moto's answer, as it came, marked. The caller must be allowed the action; the account is the caller's.

        Raises AwsError: access denied, NotImplemented for an operation that moto has not, InternalFailure.
        """
        entry = index().entries[ctx.service]
        with ctx.begin():
            ctx.authorize(Need(f"{entry.signing_name}:{ctx.operation}"))
        if request.path.startswith("/moto-api"):
            raise NotImplementedByFogbank(ctx.service, ctx.operation)
        headers = {name: value for name, value in request.headers.items() if "_" not in name}
        headers["x-moto-account-id"] = ctx.account
        scope = f"{ctx.account}/20000101/{ctx.region}/{entry.signing_name}/aws4_request"
        headers.setdefault("authorization", f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0")
        try:
            status, given, body = await self._run(self._call, _environ(request, headers))
        except ImportError as error:
            _LOG.warning("moto cannot be imported: %s", error)
            raise not_here(ctx.service, ctx.operation, f"{_INSTALL} ({error})") from None
        except NotImplementedError as error:
            raise not_here(ctx.service, ctx.operation, f"Nor does moto: {error}") from None
        except Exception:
            _LOG.exception("moto failed at %s:%s (request %s)", ctx.service, ctx.operation, ctx.request_id)
            raise AwsError("InternalFailure", "moto, which lends this service, failed.", status=500) from None
        kept = [(name, value) for name, value in given if not name.lower().startswith("access-control-")]
        if not any(name.lower() in ("x-amzn-requestid", "x-amz-request-id") for name, _ in kept):
            kept.append(("x-amzn-requestid", ctx.request_id))
        return Response(status, [*kept, MARK], body)

    async def reset(self) -> None:
        """Forget all that moto holds, if it was ever asked."""
        if self._wsgi is not None:
            await self._run(self._call, _environ(_RESET, _RESET.headers))

    async def _run(self, work: Callable[..., Any], *given: Any) -> Any:
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="fogbank-longtail")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *given)

    def _call(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        if self._wsgi is None:
            server = importlib.import_module("moto.server")
            self._wsgi = server.DomainDispatcherApplication(server.create_backend_app)
        head: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _failure: object = None) -> None:
            head[:] = [int(status.partition(" ")[0]), headers]

        parts = self._wsgi(environ, start)
        body = b"".join(parts)
        if (close := getattr(parts, "close", None)) is not None:
            close()
        status, headers = head or (HTTPStatus.BAD_GATEWAY.value, [])
        return status, headers, body


@cache
def _lent() -> frozenset[str]:
    """The services that the installed moto has a package for; found without importing it."""
    found = importlib.util.find_spec(LENDER)
    if found is None or importlib.util.find_spec("flask") is None:
        return frozenset()
    packages = {part.name for part in pkgutil.iter_modules(found.submodule_search_locations or ()) if part.ispkg}
    named = {_OTHER_NAMES.get(package, package).replace("_", "") for package in packages}
    return frozenset(name for name in index().entries if name.replace("-", "") in named)


def _environ(request: Request, headers: dict[str, str]) -> dict[str, Any]:
    """A request as WSGI has it (PEP 3333): header bytes as latin-1, the path decoded; the raw target besides."""
    target = f"{request.path}?{request.query}" if request.query else request.path
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(request.path.encode("latin-1", "replace")).decode("latin-1"),
        "QUERY_STRING": request.query,
        "RAW_URI": target,
        "REQUEST_URI": target,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.peer,
        "CONTENT_LENGTH": str(len(request.body)),
        "CONTENT_TYPE": headers.get("content-type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if request.tls else "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    framing = ("content-length", "content-type", "transfer-encoding", "connection", "expect")
    for name, value in headers.items():
        if name not in framing:
            environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ
