"""Imported key material, taken away. It is brought in by operations of `data.py`, for its pairs take long to check."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import keys, rules
from fogbank.services.kms.resources import Material


def delete_imported_key_material(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.importing(ctx, req["KeyId"])
    wanted = req.get("KeyMaterialId")
    one = next((one for one in found.key.materials if (one.id == wanted if wanted else one.state == "CURRENT")), None)
    if one is None and wanted:
        raise AwsError("NotFoundException", f"The key material {wanted} is not of {found.arn}.")
    if one is None or not one.sealed:
        raise AwsError("KMSInvalidStateException", f"{found.arn} is pending import.")
    keys.put(found, materials=_without(found.key.materials, one))
    answer = {"KeyId": found.arn}
    return answer | ({"KeyMaterialId": one.id} if found.key.spec == rules.SYMMETRIC else {})


def _without(materials: tuple[Material, ...], gone: Material) -> tuple[Material, ...]:
    """The materials when one has been deleted: one that waited for its rotation is forgotten, others may come back."""
    if gone.state == "PENDING_ROTATION":
        return tuple(one for one in materials if one is not gone)
    empty = msgspec.structs.replace(gone, sealed=b"", expires_at=0.0)
    return tuple(empty if one is gone else one for one in materials)
