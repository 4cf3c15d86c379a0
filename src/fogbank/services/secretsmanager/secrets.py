"""A secret with its values: found, sealed, opened, copied to its replicas, removed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control import envelope
from fogbank.control.context import Context
from fogbank.services.secretsmanager import rules
from fogbank.services.secretsmanager.resources import Deadline, Secret, Version

_DENIED = {"AccessDeniedException"}


def find(ctx: Context, secret_id: str) -> Secret | None:
    """The secret of a SecretId, None if there is none."""
    home = home_of(ctx, secret_id)
    if home.region != ctx.region:
        return None  # an endpoint knows its own region's secrets only, as at AWS
    for name, suffix in rules.names_of(secret_id):
        found = home.get(Secret, name)
        if found is not None and suffix in ("", found.suffix):
            return found
    return None


def home_of(ctx: Context, secret_id: str) -> Context:
    """The context in which a SecretId is looked up: an ARN says where."""
    place = rules.place_of(secret_id)
    return ctx.at(*place) if place else ctx


def existing(ctx: Context, secret_id: str) -> Secret:
    """Raises ResourceNotFoundException."""
    found = find(ctx, secret_id)
    if found is None:
        raise rules.missing()
    return found


def usable(ctx: Context, secret_id: str) -> Secret:
    """A secret that is not marked for deletion. Raises ResourceNotFoundException and InvalidRequestException."""
    found = existing(ctx, secret_id)
    if found.deleted_at:
        raise rules.invalid_request(
            "You can't perform this operation on the secret because it was marked for deletion."
        )
    return found


def writable(ctx: Context, secret_id: str) -> Secret:
    """A usable secret that is no replica. Raises InvalidRequestException too."""
    found = usable(ctx, secret_id)
    if found.primary_region not in ("", ctx.region):
        raise rules.invalid_request(
            "Operation not permitted on a replica secret. Call must be made in primary secret's region."
        )
    return found


def arn_of(ctx: Context, secret: Secret) -> str:
    return ctx.arn(secret.resource)


def add_version(ctx: Context, secret: Secret, req: dict[str, Any], version_id: str) -> Version | None:
    """Seal the value of a request as a version; None where this version has this value already (a retry).

    Raises ResourceExistsException where it has another value, LimitExceededException, and what `sealed` raises.
    """
    if ("SecretString" in req) == ("SecretBinary" in req):
        raise rules.invalid_parameter("You must provide either SecretString or SecretBinary, and not both.")
    value = req["SecretString"].encode() if "SecretString" in req else req["SecretBinary"]
    known = ctx.get(Version, secret.name, version_id)
    if known is not None:
        if opened(ctx, secret, known) == value:
            return None
        raise AwsError(
            "ResourceExistsException",
            f"You can't use ClientRequestToken {version_id} because that value is already in use for a version of "
            f"secret {arn_of(ctx, secret)}.",
        )
    _drop_deprecated(ctx, secret)
    version = Version(
        name=secret.name,
        id=version_id,
        created_at=ctx.now,
        sealed=sealed(ctx, secret, version_id, value),
        is_binary="SecretBinary" in req,
        key_id=secret.key_id,
    )
    ctx.put(version)
    return version


def sealed(ctx: Context, secret: Secret, version_id: str, value: bytes) -> bytes:
    """Raises EncryptionFailure, and AccessDeniedException where the caller may not use the key."""
    key = secret.key_id or rules.KEY_DEFAULT
    try:
        return envelope.encrypt(ctx, value, key, _context(ctx, secret, version_id))
    except AwsError as error:
        text = f"Secrets Manager can't encrypt the protected secret text using the provided KMS key: {error.message}"
        raise _of_key(error, "EncryptionFailure", text) from None


def opened(ctx: Context, secret: Secret, version: Version) -> bytes:
    """Raises DecryptionFailure, and AccessDeniedException where the caller may not use the key."""
    try:
        return envelope.decrypt(ctx, version.sealed, _context(ctx, secret, version.id))
    except AwsError as error:
        text = f"Secrets Manager can't decrypt the protected secret text using the provided KMS key: {error.message}"
        raise _of_key(error, "DecryptionFailure", text) from None


def versions(ctx: Context, secret: Secret) -> Iterator[Version]:
    return ctx.scan(Version, secret.name)


def save(ctx: Context, secret: Secret) -> Secret:
    """Write a secret that was changed, and the copies in its replicas' regions."""
    ctx.put(secret)
    for region in secret.replicas:
        copy(ctx, secret, region)
    return secret


def copy(ctx: Context, secret: Secret, region: str) -> None:
    """Make the replica in a region as its primary is: the same values, under the key of that region."""
    there = ctx.at(region=region)
    before = there.get(Secret, secret.name)
    replica = msgspec.structs.replace(
        secret,
        key_id=secret.replicas[region],
        primary_region=ctx.region,
        replicas={},
        # Rotations take place at the primary; their values come here.
        rotation=None,
        accessed_at=before.accessed_at if before else 0.0,
        policy=before.policy if before else "",
    )
    kept = {version.id: version for version in versions(there, replica)}
    for version in list(versions(ctx, secret)):
        if version.id not in kept:
            plain = opened(ctx, secret, version)
            body = sealed(there, replica, version.id, plain)
            there.put(msgspec.structs.replace(version, sealed=body, key_id=replica.key_id))
        kept.pop(version.id, None)
    for gone in kept:
        there.delete(Version, secret.name, gone)
    there.put(replica)
    set_deadline(there, replica)


def remove(ctx: Context, secret: Secret) -> None:
    """Take a secret away with its values."""
    for version in list(versions(ctx, secret)):
        ctx.delete(Version, secret.name, version.id)
    ctx.delete(Secret, secret.name)
    if ctx.get(Deadline, secret.name) is not None:
        ctx.delete(Deadline, secret.name)


def replication_status(secret: Secret) -> list[dict[str, Any]]:
    """The replicas of a secret, as the API lists them."""
    return [
        {
            "Region": region,
            "KmsKeyId": key or rules.KEY_DEFAULT,
            "Status": "InSync",
        }
        for region, key in sorted(secret.replicas.items())
    ]


def set_deadline(ctx: Context, secret: Secret) -> None:
    """Have the reconciler look at the secret if anything is to happen to it later."""
    rotation = secret.rotation
    if secret.delete_at or (rotation and rotation.enabled and (rotation.next_at or rotation.attempt)):
        ctx.put(Deadline(name=secret.name))
    elif ctx.get(Deadline, secret.name) is not None:
        ctx.delete(Deadline, secret.name)


def _drop_deprecated(ctx: Context, secret: Secret) -> None:
    """Make room for a version: the oldest without a staging label goes once there are a hundred."""
    known = list(versions(ctx, secret))
    if len(known) < rules.VERSIONS_MAX:
        return
    loose = [version for version in known if not rules.labels_of(secret.stages, version.id)]
    if not loose:
        raise AwsError("LimitExceededException", f"A secret can have at most {rules.VERSIONS_MAX} versions.")
    ctx.delete(Version, secret.name, min(loose, key=lambda version: version.created_at).id)


def _context(ctx: Context, secret: Secret, version_id: str) -> dict[str, str]:
    """The encryption context (User Guide, "Secret encryption and decryption")."""
    return {"SecretARN": arn_of(ctx, secret), "SecretVersionId": version_id}


def _of_key(error: AwsError, code: str, text: str) -> AwsError:
    if error.code in _DENIED:
        return AwsError("AccessDeniedException", f"Access to KMS is not allowed. {error.message}")
    return error if error.code == "NotImplemented" else AwsError(code, text)
