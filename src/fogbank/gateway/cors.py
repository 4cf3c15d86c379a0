"""Cross-origin rules for browsers that call the API, as pure functions.

https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

import re

import msgspec

from fogbank.codec.message import Request, Response

_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH"
_TOKENS = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~, -]*")
_EXPOSED = (
    "etag, location, content-range, date, x-amz-bucket-region, x-amz-checksum-crc32, x-amz-checksum-crc32c, "
    "x-amz-checksum-crc64nvme, x-amz-checksum-sha1, x-amz-checksum-sha256, x-amz-crc32, x-amz-delete-marker, "
    "x-amz-executed-version, x-amz-function-error, x-amz-id-2, x-amz-log-result, x-amz-request-id, x-amz-version-id, "
    "x-amzn-errortype, x-amzn-query-error, x-amzn-remapped-content-length, x-amzn-requestid, x-amzn-trace-id"
)


class Origins(msgspec.Struct, frozen=True):
    """Which origins may read answers: `allowed` holds origins (`http://localhost:3000`), `http://localhost:*` or `*`.

    A browser sends a simple POST to any address even when it may not read the answer: `is_allowed` False is a reason
    to refuse the request itself.
    """

    allowed: tuple[str, ...] = ("*",)
    max_age_seconds: int = 3600


def is_allowed(origin: str, origins: Origins) -> bool:
    """Whether pages of this origin may call."""
    for pattern in origins.allowed:
        if pattern in ("*", origin):
            return True
        if pattern.endswith(":*") and re.fullmatch(r"(:\d{1,5})?", origin[len(pattern) - 2 :]):
            start = pattern[:-2]
            if origin[: len(start)] == start:
                return True
    return False


def is_preflight(request: Request) -> bool:
    """Whether a browser asks before it sends: unsigned, so it is answered before anyone is identified.

    S3 decides by the bucket's own CORS configuration: it takes its requests out before.
    """
    headers = request.headers
    return request.method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def preflight(request: Request, origins: Origins) -> Response:
    """The answer to a preflight: 200 with what is allowed, or 403."""
    headers = request.headers
    origin = headers.get("origin", "")
    if not is_allowed(origin, origins):
        return Response(403, [("vary", "Origin")])
    asked = headers.get("access-control-request-headers", "")
    answer = [
        ("access-control-allow-origin", origin),
        ("access-control-allow-methods", _METHODS),
        ("access-control-allow-headers", asked if asked and _TOKENS.fullmatch(asked) else "*"),
        ("access-control-max-age", str(origins.max_age_seconds)),
        ("vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
    ]
    if headers.get("access-control-request-private-network") == "true":
        answer.append(("access-control-allow-private-network", "true"))
    return Response(200, answer)


def response_headers(request: Request, origins: Origins) -> list[tuple[str, str]]:
    """What to add to an answer so that a page may read it; nothing where no browser asks."""
    origin = request.headers.get("origin")
    if origin is None:
        return []
    if not is_allowed(origin, origins):
        return [("vary", "Origin")]
    return [
        ("access-control-allow-origin", origin),
        ("access-control-expose-headers", _EXPOSED),
        ("vary", "Origin"),
    ]
