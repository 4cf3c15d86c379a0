"""Where the archive of a function can be fetched for some minutes, by whoever has the link."""

from __future__ import annotations

import base64
import binascii

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.seal import SealBroken
from fogbank.services.lambda_.resources import Code

PATH = "/_fogbank/lambda/code/"
_PURPOSE = "lambda code"
_SECONDS = 600.0
_HOST_DEFAULT = "127.0.0.1:4566"


class Link(msgspec.Struct, frozen=True, array_like=True):
    """What a link says: a blob, and when it ends."""

    blob: str
    until: float


def location(ctx: Context, code: Code) -> str:
    """A link for ten minutes, at the host that the client has asked."""
    origin = ctx.origin
    start = f"{'https' if origin.secure else 'http'}://{origin.host or _HOST_DEFAULT}"
    sealed = ctx.seal(msgspec.msgpack.encode(Link(code.blob, ctx.now + _SECONDS)), _PURPOSE)
    return f"{start}{PATH}{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def named(ctx: Context, path: str) -> str:
    """The blob that a link's path names. Raises AccessDenied for one that is none of ours, or has ended."""
    text = path.removeprefix(PATH)
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        link = msgspec.msgpack.decode(ctx.unseal(sealed, _PURPOSE), type=Link)
    except (SealBroken, binascii.Error, msgspec.MsgspecError, ValueError):
        raise AwsError("AccessDenied", "Access Denied", status=403) from None
    if link.until < ctx.now:
        raise AwsError("AccessDenied", "Request has expired", status=403)
    return link.blob
