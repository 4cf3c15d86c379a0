"""Connections and API destinations: found, and the HTTP request that an event becomes."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import orjson

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.events import routing, rules
from fogbank.services.events.resources import ApiDestination, Connection, Delivery

_SECRET = frozenset(("ApiKeyValue", "Password", "ClientSecret"))
_KEPT_HEADERS = frozenset(("host", "content-length", "connection", "transfer-encoding"))


class Call(NamedTuple):
    """An HTTP request to an endpoint."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


def connection_arn(ctx: Context, connection: Connection) -> str:
    return ctx.arn(f"connection/{connection.name}/{connection.id}")


def destination_arn(ctx: Context, destination: ApiDestination) -> str:
    return ctx.arn(f"api-destination/{destination.name}/{destination.id}")


def connection(ctx: Context, name: str) -> Connection:
    """Raises ResourceNotFoundException."""
    found = ctx.get(Connection, name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"Connection '{name}' does not exist.")
    return found


def connection_by_arn(ctx: Context, arn: str) -> Connection:
    """Raises ResourceNotFoundException."""
    name = arn.partition(":connection/")[2].partition("/")[0]
    found = ctx.get(Connection, name) if name else None
    if found is None or connection_arn(ctx, found) != arn:
        raise AwsError("ResourceNotFoundException", f"Connection '{arn}' does not exist.")
    return found


def destination(ctx: Context, name: str) -> ApiDestination:
    """Raises ResourceNotFoundException."""
    found = ctx.get(ApiDestination, name)
    if found is None:
        raise AwsError("ResourceNotFoundException", f"An api-destination '{name}' does not exist.")
    return found


def is_active(ctx: Context, found: ApiDestination) -> bool:
    """Whether the connection of a destination is authorized."""
    name = found.connection_arn.partition(":connection/")[2].partition("/")[0]
    kept = ctx.get(Connection, name)
    return kept is not None and kept.state == "AUTHORIZED"


def shown(given: Any) -> Any:
    """AuthParameters without what is secret, as DescribeConnection has them."""
    if isinstance(given, list):
        return [shown(one) for one in given]
    if not isinstance(given, dict):
        return given
    hidden = _SECRET | ({"Value"} if given.get("IsValueSecret") else set())
    return {name: shown(value) for name, value in given.items() if name not in hidden}


def secret(ctx: Context, found: Connection) -> dict[str, Any]:
    """AuthParameters with everything."""
    kept = ctx.as_service().call("secretsmanager", "GetSecretValue", SecretId=found.secret_arn)
    given: dict[str, Any] = orjson.loads(kept["SecretString"])
    return given


def token_call(given: Mapping[str, Any]) -> Call | None:
    """The request for a token of OAuth's client credentials grant (RFC 6749 section 4.4), None for other kinds."""
    oauth = given.get("OAuthParameters")
    if oauth is None:
        return None
    form = {"grant_type": "client_credentials"}
    client = oauth["ClientParameters"]
    form |= {"client_id": client["ClientID"], "client_secret": client["ClientSecret"]}
    extra = oauth.get("OAuthHttpParameters", {})
    form |= dict(_pairs(extra.get("BodyParameters", ())))
    headers = {"content-type": "application/x-www-form-urlencoded", **dict(_pairs(extra.get("HeaderParameters", ())))}
    query = dict(_pairs(extra.get("QueryStringParameters", ())))
    return Call(
        oauth["HttpMethod"], _with_query(oauth["AuthorizationEndpoint"], query), headers, urlencode(form).encode()
    )


def call_of(target: ApiDestination, given: Mapping[str, Any], delivery: Delivery, token: str) -> Call:
    """The request that tells an endpoint of an event.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
    """
    http = delivery.target.get("HttpParameters", {})
    url = target.endpoint
    for value in http.get("PathParameterValues", ()):
        url = url.replace("*", quote(_dynamic(value, delivery.event), safe=""), 1)
    headers = {"content-type": "application/json; charset=utf-8", "user-agent": "Amazon/EventBridge/ApiDestinations"}
    headers |= {
        name.lower(): _dynamic(value, delivery.event) for name, value in http.get("HeaderParameters", {}).items()
    }
    query = {name: _dynamic(value, delivery.event) for name, value in http.get("QueryStringParameters", {}).items()}
    fixed = given.get("InvocationHttpParameters", {})
    headers |= {name.lower(): value for name, value in _pairs(fixed.get("HeaderParameters", ()))}
    headers |= _authorization(given, token)
    query |= dict(_pairs(fixed.get("QueryStringParameters", ())))
    body = rules.handed(delivery.target, delivery.event, routing.facts_of(delivery)).encode()
    if more := dict(_pairs(fixed.get("BodyParameters", ()))):
        body = _with_members(body, more)
    headers = {name: value for name, value in headers.items() if name not in _KEPT_HEADERS}
    return Call(target.method, _with_query(url, query), headers, body)


def _authorization(given: Mapping[str, Any], token: str) -> dict[str, str]:
    if token:
        return {"authorization": f"Bearer {token}"}
    if "BasicAuthParameters" in given:
        basic = given["BasicAuthParameters"]
        text = f"{basic['Username']}:{basic['Password']}".encode()
        return {"authorization": f"Basic {base64.b64encode(text).decode()}"}
    if "ApiKeyAuthParameters" in given:
        key = given["ApiKeyAuthParameters"]
        return {key["ApiKeyName"].lower(): key["ApiKeyValue"]}
    return {}


def _with_members(body: bytes, more: Mapping[str, str]) -> bytes:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    return orjson.dumps({**found, **more}) if isinstance(found, dict) else body


def _pairs(parameters: Any) -> Iterator[tuple[str, str]]:
    for one in parameters:
        yield one["Key"], one.get("Value", "")


def _dynamic(value: str, event: Mapping[str, Any]) -> str:
    """A parameter as it is, or what the event holds at the path that it is."""
    if not value.startswith("$."):
        return value
    found = rules.at_path(event, value)
    return found if isinstance(found, str) else orjson.dumps(found).decode()


def _with_query(url: str, query: Mapping[str, str]) -> str:
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
