"""The certificate that signatures are checked with, and what was sent to people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

from fogbank.codec.message import Request, Response
from fogbank.control.context import Context
from fogbank.services.sns import mailbox, signing
from fogbank.services.sns.resources import Mailbox

_LIMIT_MAX = 1000
_FILTERS = {"topic": "topic", "endpoint": "endpoint", "phone": "endpoint", "protocol": "protocol", "type": "type"}


async def answer(ctx: Context, request: Request) -> Response:
    with ctx.begin():
        if request.path.startswith("/_fogbank/sns"):
            return _mail(ctx, request)
        certificate = signing.signer_of(ctx).certificate
    if request.path != signing.path_of(certificate):
        return Response(404, [("content-type", "text/plain")], b"There is no such certificate.\n")
    return Response(200, [("content-type", "application/x-pem-file")], certificate.encode())


def _mail(ctx: Context, request: Request) -> Response:
    """Mails, text messages and pushes, oldest first; filters by account, region, topic, endpoint, phone, protocol."""
    if request.method not in ("GET", "HEAD") or request.path.rstrip("/") != "/_fogbank/sns":
        return Response(404, [("content-type", "text/plain")], b"GET /_fogbank/sns is all there is.\n")
    wanted = dict(parse_qsl(request.query))
    limit = wanted.get("limit", "")
    found = sorted(_kept(ctx, wanted), key=lambda mail: mail["at"])
    found = found[-int(limit) :] if limit.isdigit() and int(limit) else found
    text = json.dumps({"messages": found}, ensure_ascii=False).encode()
    return Response(200, [("content-type", "application/json")], text)


def _kept(ctx: Context, wanted: dict[str, str]) -> Iterator[dict[str, Any]]:
    for scope in ctx.scopes(Mailbox):
        if wanted.get("account", scope.account) != scope.account or wanted.get("region", scope.region) != scope.region:
            continue
        for mail in _all(ctx.at(scope.region, scope.account)):
            if all(mail.get(field) == wanted[name] for name, field in _FILTERS.items() if name in wanted):
                yield {"account": scope.account, "region": scope.region, **mail}


def _all(home: Context) -> Iterator[dict[str, Any]]:
    after = ""
    while rows := mailbox.read(home, after, _LIMIT_MAX):
        after = rows[-1][0]
        yield from (mail for _, mail in rows)
