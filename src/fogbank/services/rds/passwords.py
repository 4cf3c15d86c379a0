"""Master passwords of instances and clusters: given by people, or Secrets Manager's to keep and to rotate."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from fogbank.aws import ids
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import clusters, instances, rules
from fogbank.services.rds.resources import Cluster, Instance

T = TypeVar("T", Instance, Cluster)
_LETTERS = 28


def given(ctx: Context, owner: T, req: Mapping[str, Any]) -> T:
    """An instance or cluster with the master password that a request gives, or with one that Secrets Manager keeps.

    Raises InvalidParameterCombination for both, InvalidParameterValue for neither where there is none yet.
    """
    password = req.get("MasterUserPassword")
    if not req.get("ManageMasterUserPassword"):
        if password is None and owner.password:
            return owner
        checked = rules.checked_password(rules.needed(req, "MasterUserPassword"))
        return msgspec.structs.replace(owner, password=instances.sealed(ctx, checked))
    noun = "cluster" if isinstance(owner, Cluster) else "instance"
    if password is not None:
        text = f"You can't specify MasterUserPassword for an {noun} with ManageMasterUserPassword enabled."
        raise AwsError("InvalidParameterCombination", text.replace("an cluster", "a cluster"))
    made = ids.letters(ctx.random, _LETTERS)
    key = {"KmsKeyId": req["MasterUserSecretKmsKeyId"]} if req.get("MasterUserSecretKmsKeyId") else {}
    arn = clusters.arn(ctx, owner.id) if isinstance(owner, Cluster) else instances.arn(ctx, owner.id)
    secret = ctx.as_service().call(
        "secretsmanager",
        "CreateSecret",
        Name=f"rds!{'cluster' if isinstance(owner, Cluster) else 'db'}-{ctx.uuid()}",
        Description=f"The secret associated with the primary RDS DB {noun}: {arn}",
        SecretString=_login(owner.master_user, made),
        ClientRequestToken=ctx.uuid(),
        **key,
    )
    return msgspec.structs.replace(owner, password=instances.sealed(ctx, made), secret_arn=secret["ARN"])


def changed(ctx: Context, owner: T, req: Mapping[str, Any]) -> T:
    """An instance or cluster as a modification wants its password; the server has yet to be told (`needs`)."""
    if req.get("RotateMasterUserPassword"):
        return _rotated(ctx, owner)
    if req.get("ManageMasterUserPassword") is False and owner.secret_arn:
        forget(ctx, owner)
        owner = msgspec.structs.replace(owner, secret_arn="")
    if not (req.get("MasterUserPassword") or (req.get("ManageMasterUserPassword") and not owner.secret_arn)):
        return owner
    owner = given(ctx, owner, req)
    return msgspec.structs.replace(owner, needs=(*owner.needs, "password"))


def _rotated(ctx: Context, owner: T) -> T:
    """With a new managed password. Raises InvalidParameterCombination where nobody manages it."""
    if not owner.secret_arn:
        text = "RotateMasterUserPassword needs a master password that is managed in Secrets Manager."
        raise AwsError("InvalidParameterCombination", text)
    password = ids.letters(ctx.random, _LETTERS)
    ctx.as_service().call(
        "secretsmanager",
        "PutSecretValue",
        SecretId=owner.secret_arn,
        SecretString=_login(owner.master_user, password),
        ClientRequestToken=ctx.uuid(),
    )
    sealed = instances.sealed(ctx, password)
    return msgspec.structs.replace(owner, password=sealed, needs=(*owner.needs, "password"))


def forget(ctx: Context, owner: Instance | Cluster) -> None:
    """Delete the secret of an instance or cluster that goes."""
    if owner.secret_arn:
        with contextlib.suppress(AwsError):
            ctx.as_service().call(
                "secretsmanager", "DeleteSecret", SecretId=owner.secret_arn, ForceDeleteWithoutRecovery=True
            )


def _login(user: str, password: str) -> str:
    return msgspec.json.encode({"username": user, "password": password}).decode()
