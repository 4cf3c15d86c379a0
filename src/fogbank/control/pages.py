"""fogbank's own pages of a service (`/_fogbank/…`): found by method and path, told what was asked, answered as JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import orjson

from fogbank.aws.errors import AwsError, WorldError
from fogbank.codec.message import Request, Response
from fogbank.control.context import Context

Pages = Mapping[tuple[str, str], tuple[Any, Callable[[Context, Any], Awaitable[dict[str, Any]]]]]
"""(method, path below the service's own) -> the type of what a page takes, and what answers it."""


async def answered(ctx: Context, request: Request, start: str, pages: Pages) -> Response:
    """The page of a request, as JSON: 400 for a body that is none of its page's, 404 for what is not there.

    503 says that the world will not.
    """
    try:
        found = pages.get((request.method, request.path.removeprefix(start).rstrip("/")))
        if found is None:
            raise AwsError("NotFound", f"{request.method} {request.path}: there is no such page.", status=404)
        wanted, page = found
        return _json(200, await page(ctx, _asked(request, wanted)))
    except AwsError as error:
        status = error.status or (404 if "NotFound" in error.code else 400)
        return _json(status, {"error": error.code, "message": error.message})
    except WorldError as error:
        return _json(503, {"error": "WorldError", "message": str(error)})


def unclear(why: str) -> AwsError:
    """What a page says to what it cannot make sense of."""
    return AwsError("ValidationException", f"What was asked for is not clear: {why}")


def _asked(request: Request, wanted: Any) -> Any:
    """The request's body, or its query, as what a page takes. Raises ValidationException."""
    try:
        if request.body:
            return msgspec.json.decode(request.body, type=wanted)
        return msgspec.convert(dict(parse_qsl(request.query)), wanted, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise unclear(str(error)) from None


def _json(status: int, value: Any) -> Response:
    headers = [("content-type", "application/json"), ("cache-control", "no-store")]
    return Response(status, headers, orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))
