"""Server certificates with their keys."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.iam import certificates, entities, rules
from fogbank.services.iam.entities import CERTIFICATE
from fogbank.services.iam.resources import ServerCertificate


def upload_server_certificate(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["ServerCertificateName"]
    entities.check_new(ctx, CERTIFICATE, name)
    found = ServerCertificate(
        name=name,
        path=req.get("Path", "/"),
        id=entities.new_id(ctx, ServerCertificate),
        body=req["CertificateBody"],
        chain=req.get("CertificateChain"),
        sealed=ctx.seal(req["PrivateKey"].encode(), f"iam server certificate {name.lower()}"),
        uploaded_at=ctx.now,
        expires_at=certificates.expiry_of_pair(req["CertificateBody"], req["PrivateKey"]),
        tags=rules.tagged({}, req.get("Tags")),
    )
    ctx.put(found)
    return {"ServerCertificateMetadata": _metadata(ctx, found), "Tags": tags.written(found.tags)}


def get_server_certificate(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = entities.existing(ctx, CERTIFICATE, req["ServerCertificateName"])
    answer: dict[str, Any] = {
        "ServerCertificateMetadata": _metadata(ctx, found),
        "CertificateBody": found.body,
        "Tags": tags.written(found.tags),
    }
    if found.chain is not None:
        answer["CertificateChain"] = found.chain
    return {"ServerCertificate": answer}


def list_server_certificates(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rows = entities.below(ctx.scan(ServerCertificate), req)
    return entities.listing(
        req, "ServerCertificateMetadataList", rows, entities.key_of, lambda found: _metadata(ctx, found)
    )


def update_server_certificate(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = entities.existing(ctx, CERTIFICATE, req["ServerCertificateName"])
    name = req.get("NewServerCertificateName", found.name)
    key = ctx.unseal(found.sealed, f"iam server certificate {found.key}")
    changed = msgspec.structs.replace(
        found,
        name=name,
        path=req.get("NewPath", found.path),
        sealed=ctx.seal(key, f"iam server certificate {name.lower()}"),
    )
    entities.renamed(ctx, CERTIFICATE, found, changed)
    return {}


def delete_server_certificate(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ctx.delete(ServerCertificate, entities.existing(ctx, CERTIFICATE, req["ServerCertificateName"]).key)
    return {}


def _metadata(ctx: Context, found: ServerCertificate) -> dict[str, Any]:
    return {
        "Path": found.path,
        "ServerCertificateName": found.name,
        "ServerCertificateId": found.id,
        "Arn": entities.arn_of(ctx, found),
        "UploadDate": found.uploaded_at,
        "Expiration": found.expires_at,
    }
