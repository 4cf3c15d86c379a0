"""Who somebody is, and what a key or a sealed message says."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from fogbank.aws import ids
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.seal import SealBroken

MESSAGE_PURPOSE = "sts authorization message"
"""What services seal encoded authorization messages for."""


def get_caller_identity(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    principal = ctx.caller.principal
    return {"UserId": principal.user_id or principal.account, "Account": principal.account, "Arn": principal.arn}


def get_access_key_info(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    account = ids.account_of(req["AccessKeyId"])
    if account is None:
        text = f"Access key {req['AccessKeyId']} names no account."
        raise AwsError("ValidationError", text)
    return {"Account": account}


def decode_authorization_message(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    try:
        sealed = base64.urlsafe_b64decode(req["EncodedMessage"].encode())
        return {"DecodedMessage": ctx.unseal(sealed, MESSAGE_PURPOSE).decode()}
    except (SealBroken, binascii.Error, ValueError):
        raise AwsError("InvalidAuthorizationMessageException", "Message is not valid") from None
