"""What the head of an HTTP/1.1 message may and must say (RFC 9110, RFC 9112), as values and pure functions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from fogbank.codec.message import Request, Response

if TYPE_CHECKING:
    from fogbank.gateway.server import Limits

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_OURS = frozenset({"content-length", "transfer-encoding", "connection", "date", "server"})
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_ABSOLUTE = re.compile(r"(?i:https?)://([^/?#]*)(.*)")
_HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")


class Received(Request):
    """A request as it came in; `trailers` are HTTP's own, complete once the body is, and never mixed with `headers`.

    `listener` is the name that was given to `Server.listen`; `local` the address that the client connected to.
    """

    version: str = "1.1"
    keep_alive: bool = True
    listener: str = ""
    local: str = ""
    trailers: dict[str, str] = msgspec.field(default_factory=dict)


class Upgrade(NamedTuple):
    """The application takes the connection: `headers` go with the 101, then `connect(request)` owns the transport."""

    headers: list[tuple[str, str]]
    connect: Callable[[Request], asyncio.Protocol]


def plain(status: int, text: str = "", *, request_id: str = "") -> Response:
    """An answer below any AWS protocol, as AWS's own load balancers write it: SDKs read it as a generic error."""
    title = f"{status} {_REASONS.get(status, '')}".rstrip()
    detail = f"<p>{text}</p>" if text else ""
    headers = [("content-type", "text/html")]
    if request_id:
        headers += [("x-amzn-requestid", request_id), ("x-amz-request-id", request_id)]
        detail += f"<p>request id {request_id}</p>"
    body = f"<html><head><title>{title}</title></head><body><h1>{title}</h1>{detail}</body></html>\n"
    return Response(status, headers, body.encode())


def named(response: Response, new_id: Callable[[], str]) -> None:
    """Give a response the id that every answer carries, if it has none."""
    if not any(name in ("x-amzn-requestid", "x-amz-request-id") for name, _ in response.headers):
        response.headers.append(("x-amzn-requestid", new_id()))


def split_target(target: str, headers: dict[str, str]) -> tuple[str, str]:
    """Path and query of a request target; the authority of an absolute one replaces Host (RFC 9112 section 3.2.2)."""
    if target[:1] != "/" and (absolute := _ABSOLUTE.fullmatch(target)):
        headers["host"] = absolute[1]
        target = absolute[2] if absolute[2][:1] == "/" else "/" + absolute[2]
    path, _, query = target.partition("?")
    return path, query


def without_upgrade(request: Received) -> bytes:
    """The head of this request again, as if it had not offered an upgrade."""
    target = f"{request.path}?{request.query}" if request.query else request.path
    dropped = ("upgrade", "connection", "http2-settings")
    lines = [f"{name}: {value}\r\n" for name, value in request.headers.items() if name not in dropped]
    if not request.keep_alive:
        lines.append("connection: close\r\n")
    return f"{request.method} {target} HTTP/{request.version}\r\n{''.join(lines)}\r\n".encode("latin-1")


def head_problem(request: Received) -> Response | None:
    """Why this head must be refused (RFC 9112 sections 2.2 to 7), beyond what llhttp refuses itself."""
    headers = request.headers
    if request.version not in ("1.1", "1.0"):
        return plain(505)
    if request.method not in _METHODS:
        return plain(501, "This method is not implemented.")
    coding = headers.get("transfer-encoding")
    if coding is not None:
        if request.version == "1.0":
            return plain(400, "Transfer-Encoding needs HTTP/1.1.")
        if coding.lower() != "chunked":
            ends_chunked = coding.lower().rpartition(",")[2].strip() == "chunked"
            return plain(501 if ends_chunked else 400, "The only transfer coding is chunked.")
    host = headers.get("host")
    if host is None:
        return plain(400, "The Host header is missing.") if request.version == "1.1" else None
    if not _HOST.fullmatch(host):
        return plain(400, "The Host header is malformed.")
    if "#" in request.path or "#" in request.query:
        return plain(400, "The target holds a fragment.")
    if "expect" in headers and headers["expect"].lower() != "100-continue":
        return plain(417)
    return None


def oversize(request: Received, read_bytes: int, limits: Limits) -> Response | None:
    """Why a head is too long, None if it is not; `read_bytes` is what was read until it was complete, at least."""
    if read_bytes <= min(limits.head_bytes_max, limits.target_bytes_max):
        return None
    target = len(request.path) + len(request.query)
    if target > limits.target_bytes_max:
        return plain(414)
    lines = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    return plain(431) if lines + target > limits.head_bytes_max else None


def response_head(response: Response, length: int | None, tail: str) -> tuple[bytes, int | None]:
    """The bytes of a response's head, and the content-length in it (None: without, so chunked or until close).

    `length` is that of a complete body; `tail` holds the server's own lines, each with its CRLF. A header of the
    application that frames the message is left out, save the content-length of an iterator or of an answer to HEAD.
    Raises ValueError where a header would break out of its line.
    """
    status = response.status
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Unknown')}"]
    stated = None
    for name, value in response.headers:
        lower = name.lower()
        if lower in _OURS:
            if lower == "content-length":
                stated = int(value)
            continue
        lines.append(f"{name}: {value}")
    if not length and stated is not None:
        length = stated
    if status == 204 or status < 200:
        length = None
    if length is not None and (status != 304 or stated is not None):
        lines.append(f"Content-Length: {length}")
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1 or "\0" in text:
        raise ValueError("a response header holds a line break")
    text = f"{text}\r\n{tail}\r\n"
    try:
        return text.encode("latin-1"), length
    except UnicodeEncodeError:
        return text.encode(), length
