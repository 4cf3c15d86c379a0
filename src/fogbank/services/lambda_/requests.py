"""HTTP as functions behind URLs see it, in the payload format 2.0, and what their answers mean.

https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import orjson

from fogbank.codec.message import Request, Response
from fogbank.codec.rest import one_line
from fogbank.control.caller import Caller

_TEXT = ("text/", "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded")
_TYPE, _STREAM_TYPE = "application/json", "application/octet-stream"
_PRELUDE_END = bytes(8)


class Asked(NamedTuple):
    """Where and when a request came."""

    id: str
    """Of the URL."""
    host: str
    request_id: str
    at: float
    signed_by: Caller | None = None


def event(request: Request, body: bytes, asked: Asked) -> bytes:
    """What a function is told of a request."""
    headers = {name: value for name, value in request.headers.items() if name != "cookie"}
    cookies = [one.strip() for one in request.headers.get("cookie", "").split(";") if one.strip()]
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    path = unquote(request.path) or "/"
    moment = datetime.fromtimestamp(asked.at, UTC)
    told: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": asked.signed_by.account if asked.signed_by is not None else "anonymous",
            "apiId": asked.id,
            "domainName": asked.host,
            "domainPrefix": asked.id,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.peer,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": asked.request_id,
            "routeKey": "$default",
            "stage": "$default",
            "time": f"{moment:%d/%b/%Y:%H:%M:%S} +0000",
            "timeEpoch": int(asked.at * 1000),
        },
        "isBase64Encoded": False,
    }
    if asked.signed_by is not None:
        told["requestContext"]["authorizer"] = {"iam": _signer(asked.signed_by)}
    if cookies:
        told["cookies"] = cookies
    if parameters:
        told["queryStringParameters"] = parameters
    if body:
        told |= _body(body, request.headers.get("content-type", ""))
    return orjson.dumps(told)


def _signer(caller: Caller) -> dict[str, Any]:
    return {
        "accessKey": caller.access_key_id,
        "accountId": caller.account,
        "callerId": caller.principal.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": caller.arn,
        "userId": caller.principal.user_id,
    }


def _body(body: bytes, kind: str) -> dict[str, Any]:
    if kind.startswith(_TEXT):
        try:
            return {"body": body.decode()}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def answered(payload: bytes) -> Response:
    """The response that a function's answer means: the whole of it as JSON, unless it has a statusCode."""
    try:
        found = orjson.loads(payload)
        if not isinstance(found, dict) or "statusCode" not in found:
            return Response(200, [("content-type", _TYPE)], _text(found))
        body = found.get("body") or ""
        content = base64.b64decode(body) if found.get("isBase64Encoded") else _text(body)
        return Response(int(found["statusCode"]), _headers(found, _TYPE), content)
    except (orjson.JSONDecodeError, binascii.Error, ValueError, TypeError, AttributeError):
        return refused(502, "Internal Server Error")


def may_be_prelude(piece: bytes) -> bool:
    """Whether the first piece of a streamed answer looks like its head, without what ends that."""
    if _PRELUDE_END in piece or not piece.startswith(b"{"):
        return False
    try:
        found = orjson.loads(piece)
    except orjson.JSONDecodeError:
        return False
    return bool(found) and set(found) <= {"statusCode", "headers", "cookies"}


def prelude(piece: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Status, headers and the beginning of the body, by the first piece of a streamed answer.

    Developer Guide, "Response streaming for Lambda functions": a head as JSON, eight zero bytes, and the body.
    """
    head, end, rest = piece.partition(_PRELUDE_END)
    try:
        found = orjson.loads(head) if end else None
        if isinstance(found, dict):
            return int(found.get("statusCode", 200)), _headers(found, _STREAM_TYPE), rest
    except (orjson.JSONDecodeError, ValueError, TypeError, AttributeError):
        pass
    return 200, [("content-type", _STREAM_TYPE)], piece


def _headers(found: Mapping[str, Any], kind: str) -> list[tuple[str, str]]:
    headers = [(name.lower(), one_line(str(value))) for name, value in (found.get("headers") or {}).items()]
    headers += [("set-cookie", one_line(str(one))) for one in found.get("cookies") or ()]
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", kind))
    return [one for one in headers if one[0] not in ("content-length", "transfer-encoding", "connection")]


def refused(status: int, message: str) -> Response:
    return Response(status, [("content-type", _TYPE)], orjson.dumps({"Message": message}))


def cross_origin(cors: Mapping[str, Any], request: Request) -> list[tuple[str, str]]:
    """The headers that let a page of another origin read an answer; none for one that may not."""
    origin, allowed = request.headers.get("origin", ""), cors.get("AllowOrigins") or ()
    if not origin or ("*" not in allowed and origin not in allowed):
        return []
    found = [("access-control-allow-origin", "*" if "*" in allowed else origin), ("vary", "Origin")]
    if cors.get("AllowCredentials"):
        found.append(("access-control-allow-credentials", "true"))
    if request.method != "OPTIONS":
        exposed = cors.get("ExposeHeaders") or ()
        return [*found, ("access-control-expose-headers", ",".join(exposed))] if exposed else found
    for name, member in (("methods", "AllowMethods"), ("headers", "AllowHeaders")):
        if cors.get(member):
            found.append((f"access-control-allow-{name}", ",".join(cors[member])))
    return [*found, ("access-control-max-age", str(cors.get("MaxAge", 0)))]


def _text(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else orjson.dumps(value)
