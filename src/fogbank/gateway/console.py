"""The console's files on the wire: `/_fogbank/console/…`, for browsers on this machine."""

from __future__ import annotations

from fogbank import console
from fogbank.codec.message import Request, Response
from fogbank.gateway.admin import check_asker
from fogbank.gateway.head import plain

_HOME = "/_fogbank/console"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The page may load and ask what is here, and nothing else anywhere (W3C, Content Security Policy Level 3)."""


def is_console(path: str) -> bool:
    """Whether a raw path is the console's."""
    return path == _HOME or path.startswith(f"{_HOME}/")


def console_page(request: Request, own_name: str, request_id: str) -> Response:
    """A file of the console; 403 for who does not ask from here, 404 for what is no file of it."""
    if (refused := check_asker(request, own_name)) is not None:
        return plain(403, refused, request_id=request_id)
    if request.method not in ("GET", "HEAD"):
        response = plain(405, request_id=request_id)
        response.headers.append(("allow", "GET, HEAD"))
        return response
    if request.path == _HOME:
        return Response(308, [("location", f"{_HOME}/"), ("x-amzn-requestid", request_id)])
    # The name is compared as it came: nothing is decoded, and nothing is looked for on the disk.
    found = console.page(request.path.removeprefix(f"{_HOME}/") or "index.html")
    if found is None:
        return plain(404, request_id=request_id)
    body, content_type = found
    headers = [
        ("content-type", content_type),
        ("content-security-policy", _POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-cache"),
        ("x-amzn-requestid", request_id),
    ]
    return Response(200, headers, body)
