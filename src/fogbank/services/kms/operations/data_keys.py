"""Data keys and random bytes; pairs, which take longer to make, are in `data.py`."""

from __future__ import annotations

import secrets
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import keys, rules

_BYTES = {"AES_128": 16, "AES_256": 32}


def generate_data_key(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rules.check_recipient(req)
    return _made(ctx, req)


def generate_data_key_without_plaintext(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    made = _made(ctx, req)
    del made["Plaintext"]
    return made


def generate_random(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rules.check_recipient(req)
    if "CustomKeyStoreId" in req:
        raise AwsError("UnsupportedOperationException", "fogbank has no custom key stores.")
    if "NumberOfBytes" not in req:
        raise AwsError("ValidationException", "NumberOfBytes is required.")
    return {"Plaintext": secrets.token_bytes(req["NumberOfBytes"])}


def _made(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.symmetric(ctx, req["KeyId"])
    if ("KeySpec" in req) == ("NumberOfBytes" in req):
        raise AwsError("ValidationException", "Please specify either number of bytes or key spec.")
    rules.end_dry_run(req)
    plain = secrets.token_bytes(req.get("NumberOfBytes") or _BYTES[req["KeySpec"]])
    return {
        "CiphertextBlob": keys.encrypted(found, plain, req.get("EncryptionContext") or {}),
        "Plaintext": plain,
        "KeyId": found.arn,
        "KeyMaterialId": rules.current(found.key).id,
    }
