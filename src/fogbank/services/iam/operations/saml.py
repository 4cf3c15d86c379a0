"""SAML identity providers, kept as records: nobody signs in by them here."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import ids, tags
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.services.iam import federation, rules
from fogbank.services.iam.resources import Saml

_VALID_SECONDS = 100 * 365 * 86_400.0
_QUOTA = 100


def create_saml_provider(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if ctx.get(Saml, req["Name"]) is not None:
        raise AwsError("EntityAlreadyExists", f"SAMLProvider {req['Name']} already exists.")
    if ctx.count(Saml) >= _QUOTA:
        raise rules.limit_exceeded("SAMLProvidersPerAccount", _QUOTA)
    _refuse_keys(ctx, req)
    found = Saml(
        name=req["Name"],
        id=ids.unique_id(ctx.random, "ASPA"),
        metadata=_checked(req["SAMLMetadataDocument"]),
        created_at=ctx.now,
        valid_until=ctx.now + _VALID_SECONDS,
        encryption=req.get("AssertionEncryptionMode"),
        tags=rules.tagged({}, req.get("Tags")),
    )
    ctx.put(found)
    return {"SAMLProviderArn": federation.saml_arn(ctx, found), "Tags": tags.written(found.tags)}


def get_saml_provider(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = federation.existing_saml(ctx, req)
    answer: dict[str, Any] = {
        "SAMLProviderUUID": found.id,
        "SAMLMetadataDocument": found.metadata,
        "CreateDate": found.created_at,
        "ValidUntil": found.valid_until,
        "Tags": tags.written(found.tags),
    }
    return answer | {"AssertionEncryptionMode": found.encryption} if found.encryption else answer


def list_saml_providers(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {"Arn": federation.saml_arn(ctx, found), "ValidUntil": found.valid_until, "CreateDate": found.created_at}
        for found in ctx.scan(Saml)
    ]
    return {"SAMLProviderList": rows}


def update_saml_provider(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = federation.existing_saml(ctx, req)
    _refuse_keys(ctx, req)
    metadata = _checked(req["SAMLMetadataDocument"]) if "SAMLMetadataDocument" in req else found.metadata
    encryption = req.get("AssertionEncryptionMode", found.encryption)
    ctx.put(msgspec.structs.replace(found, metadata=metadata, encryption=encryption))
    return {"SAMLProviderArn": req["SAMLProviderArn"]}


def delete_saml_provider(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ctx.delete(Saml, federation.existing_saml(ctx, req).name)
    return {}


def _checked(metadata: str) -> str:
    if "EntityDescriptor" not in metadata:
        raise AwsError("InvalidInput", "Could not parse metadata")
    return metadata


def _refuse_keys(ctx: Context, req: dict[str, Any]) -> None:
    if "AddPrivateKey" in req or "RemovePrivateKey" in req:
        raise NotImplementedByFogbank("iam", f"{ctx.operation} with private keys")
