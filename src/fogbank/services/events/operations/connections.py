"""Connections: how API destinations are authorized."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from fogbank.aws.errors import AwsError
from fogbank.aws.paging import after, page
from fogbank.control.context import Context
from fogbank.services.events import endpoints
from fogbank.services.events.resources import ApiDestination, Connection

_PARAMETERS = {
    "API_KEY": "ApiKeyAuthParameters",
    "BASIC": "BasicAuthParameters",
    "OAUTH_CLIENT_CREDENTIALS": "OAuthParameters",
}


def create_connection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["Name"]
    if ctx.get(Connection, name) is not None:
        raise AwsError("ResourceAlreadyExistsException", f"Connection {name} already exists.")
    _check(req["AuthorizationType"], req["AuthParameters"])
    connection = Connection(
        name=name,
        id=ctx.uuid(),
        description=req.get("Description", ""),
        kind=req["AuthorizationType"],
        kms_key=req.get("KmsKeyIdentifier", ""),
        shown=endpoints.shown(req["AuthParameters"]),
        state="AUTHORIZING",
        created_at=ctx.now,
        modified_at=ctx.now,
    )
    secret = ctx.as_service().call(
        "secretsmanager",
        "CreateSecret",
        Name=f"events!connection/{name}/{connection.id}",
        SecretString=orjson.dumps(req["AuthParameters"]).decode(),
        **({"KmsKeyId": connection.kms_key} if connection.kms_key else {}),
    )
    connection = msgspec.structs.replace(connection, secret_arn=secret["ARN"])
    ctx.put(connection)
    return _brief(ctx, connection)


def update_connection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    connection = endpoints.connection(ctx, req["Name"])
    kind = req.get("AuthorizationType", connection.kind)
    changed: dict[str, Any] = {"kind": kind, "modified_at": ctx.now}
    if "Description" in req:
        changed["description"] = req["Description"]
    if "AuthParameters" in req or kind != connection.kind:
        given = req.get("AuthParameters", {})
        _check(kind, given)
        changed |= {"shown": endpoints.shown(given), "state": "AUTHORIZING", "reason": ""}
        text = orjson.dumps(given).decode()
        ctx.as_service().call("secretsmanager", "PutSecretValue", SecretId=connection.secret_arn, SecretString=text)
    connection = msgspec.structs.replace(connection, **changed)
    ctx.put(connection)
    return _brief(ctx, connection)


def describe_connection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    connection = endpoints.connection(ctx, req["Name"])
    return {
        **_brief(ctx, connection),
        "Name": connection.name,
        "AuthorizationType": connection.kind,
        "SecretArn": connection.secret_arn,
        "AuthParameters": connection.shown,
        **({"Description": connection.description} if connection.description else {}),
        **({"StateReason": connection.reason} if connection.reason else {}),
        **({"KmsKeyIdentifier": connection.kms_key} if connection.kms_key else {}),
    }


def deauthorize_connection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    connection = endpoints.connection(ctx, req["Name"])
    connection = msgspec.structs.replace(connection, state="DEAUTHORIZED", modified_at=ctx.now)
    ctx.as_service().call("secretsmanager", "PutSecretValue", SecretId=connection.secret_arn, SecretString="{}")
    ctx.put(connection)
    return _brief(ctx, connection)


def delete_connection(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    connection = endpoints.connection(ctx, req["Name"])
    arn = endpoints.connection_arn(ctx, connection)
    if any(destination.connection_arn == arn for destination in ctx.scan(ApiDestination)):
        text = f"Connection {connection.name} can't be deleted since it is used by API destinations."
        raise AwsError("ConcurrentModificationException", text)
    ctx.delete(Connection, connection.name)
    ctx.as_service().call(
        "secretsmanager", "DeleteSecret", SecretId=connection.secret_arn, ForceDeleteWithoutRecovery=True
    )
    return {**_brief(ctx, connection), "ConnectionState": "DELETING"}


def list_connections(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    start = after(req.get("NextToken"))
    wanted = (
        one
        for one in ctx.scan(Connection, start=req.get("NamePrefix", ""))
        if one.name > start and one.state == req.get("ConnectionState", one.state)
    )
    found, token = page(wanted, req.get("Limit", 100), lambda one: one.name)
    rows = [{**_brief(ctx, one), "Name": one.name, "AuthorizationType": one.kind} for one in found]
    return {"Connections": rows, **({"NextToken": token} if token else {})}


def _check(kind: str, given: Mapping[str, Any]) -> None:
    """Raises ValidationException for parameters that do not go with the type."""
    wanted = _PARAMETERS[kind]
    if wanted not in given:
        text = f"Parameter AuthParameters is not valid. Reason: {wanted} must be specified for {kind}."
        raise AwsError("ValidationException", text)
    if set(_PARAMETERS.values()) & set(given) != {wanted}:
        text = f"Parameter AuthParameters is not valid. Reason: only {wanted} may be specified for {kind}."
        raise AwsError("ValidationException", text)


def _brief(ctx: Context, connection: Connection) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ConnectionArn": endpoints.connection_arn(ctx, connection),
        "ConnectionState": connection.state,
        "CreationTime": connection.created_at,
        "LastModifiedTime": connection.modified_at,
    }
    return shown | ({"LastAuthorizedTime": connection.authorized_at} if connection.authorized_at else {})
