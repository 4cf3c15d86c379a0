"""Imported key material: what a request says of it, and where it stands among what a key has."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.seal import SealBroken
from fogbank.services.kms import keys, rules, wrapping
from fogbank.services.kms.keys import Found
from fogbank.services.kms.material import Made
from fogbank.services.kms.resources import Material


def record(ctx: Context, found: Found, req: dict[str, Any], made: Made) -> dict[str, Any]:
    """Put material into a key; returns the answer of ImportKeyMaterial.

    Raises IncorrectKeyMaterialException, KMSInvalidStateException, UnsupportedOperationException.
    """
    new = keys.sealed(ctx, found.key.id, made.secret, expires_at=expiry(ctx, req))
    before = next((one for one in found.key.materials if one.id == new.id), None)
    _check_type(ctx, found, req, new, before)
    new = msgspec.structs.replace(new, **_place(found, before), description=_description(req, before))
    rest = [one for one in found.key.materials if one.id != new.id]
    at = found.key.materials.index(before) if before else len(rest)
    keys.put(found, materials=(*rest[:at], new, *rest[at:]), public=made.public)
    answer = {"KeyId": found.arn}
    return answer | ({"KeyMaterialId": new.id} if found.key.spec == rules.SYMMETRIC else {})


def token(ctx: Context, found: Found, sealed: bytes) -> wrapping.ImportToken:
    """What an import token says. Raises InvalidImportTokenException, ExpiredImportTokenException."""
    try:
        plain = ctx.unseal(sealed, wrapping.TOKEN_PURPOSE)
        said = msgspec.msgpack.decode(plain, type=wrapping.ImportToken)
    except (SealBroken, msgspec.DecodeError):
        raise AwsError("InvalidImportTokenException", "The import token is not valid.") from None
    if (said.account, said.key_id) != (ctx.account, found.key.id):
        raise AwsError("InvalidImportTokenException", "The import token is of another KMS key.")
    if said.expires_at <= ctx.now:
        raise AwsError("ExpiredImportTokenException", "The import token has expired.")
    return said


def expiry(ctx: Context, req: dict[str, Any]) -> float:
    """When the material goes, 0 for never. Raises ValidationException."""
    if req.get("ExpirationModel", "KEY_MATERIAL_EXPIRES") == "KEY_MATERIAL_DOES_NOT_EXPIRE":
        if "ValidTo" in req:
            raise AwsError("ValidationException", "ValidTo must not be set with KEY_MATERIAL_DOES_NOT_EXPIRE.")
        return 0.0
    if "ValidTo" not in req:
        text = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
        raise AwsError("ValidationException", text)
    if not ctx.now < req["ValidTo"] <= ctx.now + rules.IMPORT_DAYS_MAX * rules.DAY_SECONDS:
        text = f"ValidTo must be in the future, within {rules.IMPORT_DAYS_MAX} days."
        raise AwsError("ValidationException", text)
    return float(req["ValidTo"])


def _check_type(ctx: Context, found: Found, req: dict[str, Any], new: Material, before: Material | None) -> None:
    """Raises IncorrectKeyMaterialException, KMSInvalidStateException, UnsupportedOperationException."""
    key = found.key
    wanted = req.get("ImportType") or ("EXISTING_KEY_MATERIAL" if key.materials else "NEW_KEY_MATERIAL")
    if req.get("KeyMaterialId", new.id) != new.id:
        raise AwsError("IncorrectKeyMaterialException", "The key material does not have the id in the request.")
    if wanted == "EXISTING_KEY_MATERIAL" and before is None and key.materials:
        text = "The key material is not the one that was imported into the KMS key before."
        raise AwsError("IncorrectKeyMaterialException", text)
    if wanted == "NEW_KEY_MATERIAL" and key.materials and before is None:
        if key.spec != rules.SYMMETRIC or key.primary_region:
            raise AwsError("UnsupportedOperationException", f"{found.arn} cannot have a second key material.")
        if any(one.state == "PENDING_ROTATION" for one in key.materials):
            raise AwsError("KMSInvalidStateException", f"{found.arn} has key material that is pending rotation.")
    if before is None and key.primary_region not in ("", ctx.region):
        primary = keys.find(ctx.at(key.primary_region), key.id).key
        if new.id not in [one.id for one in primary.materials]:
            text = "The key material is not that of the primary key."
            raise AwsError("IncorrectKeyMaterialException", text)


def _place(found: Found, before: Material | None) -> dict[str, Any]:
    """Where a material stands among the others: where it stood, else first, else waiting for its rotation."""
    if before is not None:
        return {"state": before.state, "rotated_at": before.rotated_at, "rotation": before.rotation}
    return {"state": "PENDING_ROTATION" if found.key.materials else "CURRENT"}


def _description(req: dict[str, Any], before: Material | None) -> str:
    text: str = req.get("KeyMaterialDescription", before.description if before else "")
    return text
