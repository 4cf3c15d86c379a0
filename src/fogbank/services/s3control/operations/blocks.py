"""Block public access for an account."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.s3control.resources import AccountBlock

_FIELDS = {
    "BlockPublicAcls": "block_acls",
    "IgnorePublicAcls": "ignore_acls",
    "BlockPublicPolicy": "block_policy",
    "RestrictPublicBuckets": "restrict",
}
_ID = "block"


def put_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    asked = req["PublicAccessBlockConfiguration"]
    ctx.put(AccountBlock(id=_ID, **{field: bool(asked.get(name)) for name, field in _FIELDS.items()}))
    return {}


def get_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = ctx.get(AccountBlock, _ID)
    if found is None:
        text = "The public access block configuration was not found"
        raise AwsError("NoSuchPublicAccessBlockConfiguration", text, status=404, AccountId=req["AccountId"])
    return {"PublicAccessBlockConfiguration": {name: getattr(found, field) for name, field in _FIELDS.items()}}


def delete_public_access_block(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ctx.delete(AccountBlock, _ID)
    return {}
