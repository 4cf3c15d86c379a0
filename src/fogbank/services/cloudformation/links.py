"""Addresses that stand for a right: where a custom resource answers, where a wait condition is signalled."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import quote, unquote

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.seal import SealBroken

PATH = "/_fogbank/cloudformation/answer/"
_PURPOSE = "cloudformation answer"
_URL_DEFAULT = "http://127.0.0.1:4566"
_SIGNATURE = "X-Amz-Signature="


class Link(msgspec.Struct, frozen=True, array_like=True):
    """What an address lets whoever has it say."""

    region: str
    account: str
    stack_id: str
    """Of a custom resource's stack; empty for a signal to a handle."""
    id: str
    """The request's, or the handle's."""
    until: float


def address(ctx: Context, link: Link, *, is_inside: bool = False) -> str:
    """The address of a link; `is_inside` for whoever lives in a VPC, where the API has its usual names only."""
    sealed = base64.urlsafe_b64encode(ctx.seal(msgspec.msgpack.encode(link), _PURPOSE)).decode().rstrip("=")
    if is_inside:
        noun = "custom-resource-response" if link.stack_id else "waitcondition"
        place = f"cloudformation-{noun}-{ctx.region.replace('-', '')}.s3.{ctx.region}.amazonaws.com"
        return f"https://{place}/{quote(link.id)}?{_SIGNATURE}{sealed}"
    return f"{ctx.planes.api_url() or _URL_DEFAULT}{PATH}{quote(link.id)}?{_SIGNATURE}{sealed}"


def opened(ctx: Context, query: str) -> Link:
    """What the query of an address says. Raises SignatureDoesNotMatch, and AccessDenied for one that has ended."""
    text = unquote(query.partition(_SIGNATURE)[2].partition("&")[0])
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        link = msgspec.msgpack.decode(ctx.unseal(sealed, _PURPOSE), type=Link)
    except (SealBroken, binascii.Error, msgspec.MsgspecError, ValueError):
        told = "The request signature we calculated does not match the signature you provided."
        raise AwsError("SignatureDoesNotMatch", told, status=403) from None
    if link.until < ctx.now:
        raise AwsError("AccessDenied", "Request has expired", status=403)
    return link
