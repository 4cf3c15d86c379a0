"""Secrets: made, described, listed, changed, deleted, restored, tagged."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import ids, paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.secretsmanager import rotations, rules, secrets
from fogbank.services.secretsmanager.resources import Secret, Version

_SORTED_BY = {"created-date": "created_at", "last-accessed-date": "accessed_at", "last-changed-date": "changed_at"}


def create_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = rules.checked_name(req["Name"])
    if (again := _made_already(ctx, name, req)) is not None:
        return again
    _check_absent(ctx, name)
    secret = Secret(
        name=name,
        suffix=ids.letters(ctx.random, 6),
        created_at=ctx.now,
        changed_at=ctx.now,
        description=req.get("Description", ""),
        key_id=req.get("KmsKeyId", ""),
        type=req.get("Type", ""),
        tags=rules.checked_tags({}, tags.read(req.get("Tags"))),
    )
    answer = {"ARN": secrets.arn_of(ctx, secret), "Name": name}
    if "SecretString" in req or "SecretBinary" in req:
        version_id = req["ClientRequestToken"]
        secrets.add_version(ctx, secret, req, version_id)
        secret = msgspec.structs.replace(secret, stages={rules.CURRENT: version_id})
        answer["VersionId"] = version_id
    secrets.save(ctx, secret)
    if "AddReplicaRegions" in req:
        replicated = ctx.call(
            "secretsmanager",
            "ReplicateSecretToRegions",
            SecretId=name,
            AddReplicaRegions=req["AddReplicaRegions"],
            ForceOverwriteReplicaSecret=req.get("ForceOverwriteReplicaSecret", False),
        )
        answer["ReplicationStatus"] = replicated["ReplicationStatus"]
    return answer


def describe_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.existing(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    described = _described(home, secret)
    # A version that a rotation has begun has its label before it has a value.
    stages = {version: rules.labels_of(secret.stages, version) for version in sorted(set(secret.stages.values()))}
    if stages:
        described["VersionIdsToStages"] = stages
    if secret.replicas:
        described["ReplicationStatus"] = secrets.replication_status(secret)
    return described


def list_secrets(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    field = _SORTED_BY.get(req.get("SortBy", "created-date"), "name")
    after = paging.after(req.get("NextToken"), "InvalidNextTokenException", "The NextToken value is invalid.")
    found = [
        secret
        for secret in ctx.scan(Secret)
        if (not secret.deleted_at or req.get("IncludePlannedDeletion"))
        and rules.matches(secret, req.get("Filters", ()), ctx.region)
    ]
    found.sort(key=lambda secret: (getattr(secret, field), secret.name), reverse=req.get("SortOrder", "desc") == "desc")
    start = next((at + 1 for at, secret in enumerate(found) if secret.name == after), 0)
    page, token = paging.page(found[start:], req.get("MaxResults", 100), lambda secret: secret.name)
    rows = []
    for secret in page:
        row = _described(ctx, secret)
        stages: dict[str, list[str]] = {}
        for label, version in sorted(secret.stages.items()):
            stages.setdefault(version, []).append(label)
        rows.append({**row, "SecretVersionsToStages": stages})
    return {"SecretList": rows, "NextToken": token} if token else {"SecretList": rows}


def update_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.writable(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    secret = msgspec.structs.replace(
        secret,
        description=req.get("Description", secret.description),
        key_id=req.get("KmsKeyId", secret.key_id),
        type=req.get("Type", secret.type),
        changed_at=ctx.now,
    )
    answer = {"ARN": secrets.arn_of(home, secret), "Name": secret.name}
    if "KmsKeyId" in req:
        _seal_anew(home, secret)
    if "SecretString" in req or "SecretBinary" in req:
        version_id = req["ClientRequestToken"]
        if secrets.add_version(home, secret, req, version_id) is not None:
            secret = msgspec.structs.replace(secret, stages=rules.staged(secret.stages, version_id, [rules.CURRENT]))
            secret = rotations.by_hand(home, secret, version_id)
            secrets.set_deadline(home, secret)
        answer["VersionId"] = version_id
    secrets.save(home, secret)
    return answer


def delete_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    force = req.get("ForceDeleteWithoutRecovery", False)
    days = rules.window_days(req.get("RecoveryWindowInDays"), force)
    secret = secrets.find(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    if secret is None:
        if force:
            return {"ARN": ctx.arn(f"secret:{req['SecretId']}"), "Name": req["SecretId"], "DeletionDate": ctx.now}
        raise rules.missing()
    if secret.replicas:
        raise rules.invalid_request("You can't delete secret while it still has replica regions.")
    if secret.primary_region not in ("", home.region):
        raise rules.invalid_request("Operation not permitted on a replica secret.")
    if secret.deleted_at and not force:
        raise rules.invalid_request(
            "You can't perform this operation on the secret because it was already scheduled for deletion."
        )
    answer = {"ARN": secrets.arn_of(home, secret), "Name": secret.name}
    if force:
        secrets.remove(home, secret)
        return {**answer, "DeletionDate": ctx.now}
    delete_at = ctx.now + days * rules.DAY_SECONDS
    secret = msgspec.structs.replace(secret, deleted_at=ctx.now, delete_at=delete_at)
    home.put(secret)
    secrets.set_deadline(home, secret)
    return {**answer, "DeletionDate": delete_at}


def restore_secret(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.existing(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    secret = msgspec.structs.replace(secret, deleted_at=0.0, delete_at=0.0)
    home.put(secret)
    secrets.set_deadline(home, secret)
    return {"ARN": secrets.arn_of(home, secret), "Name": secret.name}


def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.usable(ctx, req["SecretId"])
    found = rules.checked_tags(secret.tags, tags.read(req["Tags"]))
    secrets.save(secrets.home_of(ctx, req["SecretId"]), msgspec.structs.replace(secret, tags=found))
    return {}


def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.usable(ctx, req["SecretId"])
    left = tags.without(secret.tags, req["TagKeys"])
    secrets.save(secrets.home_of(ctx, req["SecretId"]), msgspec.structs.replace(secret, tags=left))
    return {}


def _made_already(ctx: Context, name: str, req: dict[str, Any]) -> dict[str, Any] | None:
    """The answer to a creation that is tried again with the token and the value of the first time, else None."""
    known = ctx.get(Secret, name)
    version = ctx.get(Version, name, req["ClientRequestToken"])
    if known is None or known.deleted_at or version is None:
        return None
    value = req["SecretString"].encode() if "SecretString" in req else req.get("SecretBinary")
    if secrets.opened(ctx, known, version) != value:
        return None
    return {"ARN": secrets.arn_of(ctx, known), "Name": name, "VersionId": version.id}


def _check_absent(ctx: Context, name: str) -> None:
    known = ctx.get(Secret, name)
    if known is not None and known.deleted_at:
        raise rules.invalid_request(
            "You can't create this secret because a secret with this name is already scheduled for deletion."
        )
    if known is not None:
        raise AwsError("ResourceExistsException", f"The operation failed because the secret {name} already exists.")


def _seal_anew(ctx: Context, secret: Secret) -> None:
    """Put the versions that have a staging label under the secret's new key (UpdateSecret API page, `KmsKeyId`)."""
    for version in list(secrets.versions(ctx, secret)):
        if rules.labels_of(secret.stages, version.id):
            plain = secrets.opened(ctx, secret, version)
            body = secrets.sealed(ctx, secret, version.id, plain)
            ctx.put(msgspec.structs.replace(version, sealed=body, key_id=secret.key_id))


def _described(ctx: Context, secret: Secret) -> dict[str, Any]:
    rotation = secret.rotation
    optional = {
        "Type": secret.type,
        "Description": secret.description,
        "KmsKeyId": secret.key_id,
        "LastAccessedDate": secret.accessed_at,
        "LastRotatedDate": secret.rotated_at,
        "DeletedDate": secret.delete_at,
        "PrimaryRegion": secret.primary_region,
        "Tags": tags.written(secret.tags),
    }
    described: dict[str, Any] = {
        "ARN": secrets.arn_of(ctx, secret),
        "Name": secret.name,
        "CreatedDate": secret.created_at,
        "LastChangedDate": secret.changed_at,
        **{key: value for key, value in optional.items() if value},
    }
    if rotation is None:
        return described
    given = {
        "AutomaticallyAfterDays": rotation.after_days,
        "ScheduleExpression": rotation.schedule,
        "Duration": rotation.duration,
    }
    described["RotationEnabled"] = rotation.enabled
    described["RotationLambdaARN"] = rotation.lambda_arn
    described["RotationRules"] = {key: value for key, value in given.items() if value}
    if rotation.enabled and rotation.next_at:
        # The latest that it may take place: the last second of its window.
        described["NextRotationDate"] = rotation.closes_at - 1 if rotation.closes_at else rotation.next_at
    return described
