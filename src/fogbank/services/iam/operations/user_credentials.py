"""What users have besides passwords and access keys: SSH keys, signing certificates, passwords for single services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from fogbank.aws import ids
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.iam import certificates, entities, rules
from fogbank.services.iam.resources import User, UserCredential

Run = Callable[[Context, dict[str, Any]], dict[str, Any]]
_SERVICES = ("codecommit.amazonaws.com", "cassandra.amazonaws.com")
_MEMBERS = {"ssh": "SSHPublicKeyId", "signing": "CertificateId", "service": "ServiceSpecificCredentialId"}
_MISSING = {
    "ssh": "The Public Key with id {} cannot be found.",
    "signing": "The Certificate with id {} cannot be found.",
    "service": "No such credential {} exists",
}
_QUOTAS = {
    "ssh": "SSHPublicKeysPerUser",
    "signing": "SigningCertificatesPerUser",
    "service": "ServiceSpecificCredentialsPerUser",
}


def upload_ssh_public_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = _user(ctx, req)
    certificates.ssh_fingerprint(req["SSHPublicKeyBody"])
    if any(held.body == req["SSHPublicKeyBody"] for held in _held(ctx, user, "ssh")):
        raise AwsError("DuplicateSSHPublicKey", "The SSH public key is already associated with the user.")
    made = _made(ctx, user, "ssh", "APKA", body=req["SSHPublicKeyBody"])
    return {"SSHPublicKey": _ssh(user, made, whole=True)}


def get_ssh_public_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if req["Encoding"] != "SSH":
        raise NotImplementedByFogbank("iam", "GetSSHPublicKey with the encoding PEM")
    user = _user(ctx, req)
    return {"SSHPublicKey": _ssh(user, _existing(ctx, user, "ssh", req), whole=True)}


def list_ssh_public_keys(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = _user(ctx, req)
    return entities.listing(req, "SSHPublicKeys", _held(ctx, user, "ssh"), _id, lambda held: _ssh(user, held))


def upload_signing_certificate(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = _user(ctx, req)
    certificates.expiry_of(req["CertificateBody"])
    if any(held.body == req["CertificateBody"] for held in _held(ctx, user, "signing")):
        raise AwsError("DuplicateCertificate", "The signing certificate is already associated with the user.")
    made = _made(ctx, user, "signing", "", body=req["CertificateBody"])
    return {"Certificate": _signing(user, made)}


def list_signing_certificates(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = _user(ctx, req)
    rows = _held(ctx, user, "signing")
    return entities.listing(req, "Certificates", rows, _id, lambda held: _signing(user, held))


def create_service_specific_credential(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user, service = _user(ctx, req), req["ServiceName"]
    if service not in _SERVICES:
        raise AwsError(
            "NotSupportedService", f"No such service {service} is supported for service-specific credentials"
        )
    alike = [held for held in _held(ctx, user, "service") if held.service == service]
    name = f"{user.name}{f'+{len(alike)}' if alike else ''}-at-{ctx.account}"
    made = _made(ctx, user, "service", "ACCA", body=name, service=service)
    return _with_password(ctx, user, made)


def reset_service_specific_credential(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = _user(ctx, req)
    return _with_password(ctx, user, _existing(ctx, user, "service", req))


def list_service_specific_credentials(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = _user(ctx, req)
    wanted = req.get("ServiceName")
    rows = (held for held in _held(ctx, user, "service") if wanted in (None, held.service))
    return entities.listing(req, "ServiceSpecificCredentials", rows, _id, lambda held: _service(user, held))


def _update(sort: str) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        held = _existing(ctx, _user(ctx, req), sort, req)
        ctx.put(msgspec.structs.replace(held, status=req["Status"]))
        return {}

    return run


def _delete(sort: str) -> Run:
    def run(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
        ctx.delete(UserCredential, _existing(ctx, _user(ctx, req), sort, req).id)
        return {}

    return run


update_ssh_public_key, update_signing_certificate, update_service_specific_credential = (
    _update(sort) for sort in ("ssh", "signing", "service")
)
delete_ssh_public_key, delete_signing_certificate, delete_service_specific_credential = (
    _delete(sort) for sort in ("ssh", "signing", "service")
)


def _user(ctx: Context, req: dict[str, Any]) -> User:
    user = entities.calling_user(ctx, req)
    if user is None:
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return user


def _held(ctx: Context, user: User, sort: str) -> list[UserCredential]:
    return [held for held in ctx.find(UserCredential, "by_owner", user.id) if held.sort == sort]


def _existing(ctx: Context, user: User, sort: str, req: dict[str, Any]) -> UserCredential:
    unique_id = req[_MEMBERS[sort]]
    held = ctx.get(UserCredential, unique_id)
    if held is None or (held.owner, held.sort) != (user.id, sort):
        raise entities.missing(_MISSING[sort].format(unique_id))
    return held


def _made(ctx: Context, user: User, sort: str, prefix: str, *, body: str, service: str = "") -> UserCredential:
    alike = [held for held in _held(ctx, user, sort) if held.service == service]
    if len(alike) >= rules.CREDENTIALS_MAX[sort]:
        raise rules.limit_exceeded(_QUOTAS[sort], rules.CREDENTIALS_MAX[sort])
    made = UserCredential(
        id=ids.unique_id(ctx.random, prefix, 21 if prefix else 32),
        owner=user.id,
        sort=sort,
        created_at=ctx.now,
        body=body,
        service=service,
    )
    ctx.put(made)
    return made


def _with_password(ctx: Context, user: User, held: UserCredential) -> dict[str, Any]:
    password = ids.letters(ctx.random, 44)
    ctx.put(msgspec.structs.replace(held, sealed=ctx.seal(password.encode(), f"iam service password {held.id}")))
    return {"ServiceSpecificCredential": {**_service(user, held), "ServicePassword": password}}


def _id(held: UserCredential) -> str:
    return held.id


def _ssh(user: User, held: UserCredential, *, whole: bool = False) -> dict[str, Any]:
    row = {
        "UserName": user.name,
        "SSHPublicKeyId": held.id,
        "Status": held.status,
        "UploadDate": held.created_at,
    }
    if not whole:
        return row
    return row | {"SSHPublicKeyBody": held.body, "Fingerprint": certificates.ssh_fingerprint(held.body)}


def _signing(user: User, held: UserCredential) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "CertificateId": held.id,
        "CertificateBody": held.body,
        "Status": held.status,
        "UploadDate": held.created_at,
    }


def _service(user: User, held: UserCredential) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "ServiceSpecificCredentialId": held.id,
        "ServiceName": held.service,
        "ServiceUserName": held.body,
        "Status": held.status,
        "CreateDate": held.created_at,
    }
