"""What traces are encrypted with."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.xray import rules, sealing
from fogbank.services.xray.resources import ONE, Encryption


def get_encryption_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _described(ctx.get(Encryption, ONE) or Encryption())


def put_encryption_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    config = ctx.get(Encryption, ONE) or Encryption()
    if req["Type"] == "NONE":
        if req.get("KeyId"):
            raise rules.invalid("KeyId cannot be specified with the encryption type NONE.")
        config = msgspec.structs.replace(config, key_id="")
    else:
        if not req.get("KeyId"):
            raise rules.invalid("KeyId is required with the encryption type KMS.")
        key_id, wrapped = sealing.granted(ctx, req["KeyId"])
        config = msgspec.structs.replace(config, key_id=key_id, data_keys=(*config.data_keys, wrapped))
    ctx.put(config)
    return _described(config)


def _described(config: Encryption) -> dict[str, Any]:
    if not config.key_id:
        return {"EncryptionConfig": {"Status": "ACTIVE", "Type": "NONE"}}
    return {"EncryptionConfig": {"KeyId": config.key_id, "Status": "ACTIVE", "Type": "KMS"}}
