"""Whom a call is about: a cluster of RDS, and a login that Secrets Manager keeps."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context, Origin
from fogbank.planes.engines.postgresql.session import Login
from fogbank.services.rds_data import rules

_ID_BYTES = 96
_LOST = ("ResourceNotFoundException", "InvalidRequestException", "DecryptionFailure", "InvalidParameterException")


class Place(NamedTuple):
    """What sessions are shared by: calls with the same of all these may use each other's connections."""

    cluster: str
    secret: str
    version: str
    database: str


class Target(NamedTuple):
    """Where a call goes, and what it is known as there."""

    place: Place
    login: Login


class _Words(msgspec.Struct):
    username: str
    password: str


def described(ctx: Context, resource: str) -> dict[str, Any]:
    """A cluster as a program of the host sees it, by its ARN. Raises BadRequestException, HttpEndpointNotEnabled…"""
    parts = resource.split(":", 6)
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "rds":
        raise AwsError("BadRequestException", "Invalid cluster arn")
    if parts[5] != "cluster" or resource != ctx.arn(f"cluster:{parts[6]}", "rds"):
        raise rules.not_enabled(resource)
    # The Data API asks in its own name, and goes in by the cluster endpoint from the machine, whoever calls from where.
    asking = ctx.as_service()
    asking.origin = Origin(ctx.request_id)
    try:
        found: dict[str, Any] = asking.call("rds", "DescribeDBClusters", DBClusterIdentifier=resource)["DBClusters"][0]
    except AwsError:
        raise rules.not_enabled(resource) from None
    if found["DBClusterArn"] != resource:
        raise rules.not_enabled(resource)
    return found


def target(ctx: Context, resource: str, secret_id: str, database: str) -> Target:
    """Where a call with these members goes; needs a transaction. Raises what the API pages list."""
    cluster = described(ctx, resource)
    rules.check_ready(cluster)
    try:
        secret = ctx.call("secretsmanager", "GetSecretValue", SecretId=secret_id)
    except AwsError as error:
        if error.code in _LOST:
            raise AwsError("SecretsErrorException", error.message) from None
        raise
    try:
        words = msgspec.json.decode(secret.get("SecretString", ""), type=_Words)
    except msgspec.DecodeError:
        text = "The secret isn't valid: it has to be JSON with the members username and password."
        raise AwsError("InvalidSecretException", text) from None
    if "\0" in f"{words.username}{words.password}{database}":
        raise rules.invalid("A name or a password holds what no server takes as text.")
    # A client that names no database comes to the one with the user's name: libpq's rule, and the Data API's.
    name = database or words.username
    place = Place(resource, secret["ARN"], secret["VersionId"], name)
    return Target(place, Login(cluster["Endpoint"], cluster["Port"], words.username, words.password, name))


def transaction_id(ctx: Context) -> str:
    """What nobody can guess: who knows it is in the transaction."""
    return base64.b64encode(ctx.random.getrandbits(8 * _ID_BYTES).to_bytes(_ID_BYTES)).decode()
