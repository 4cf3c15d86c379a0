"""Operations that read a template or a policy from S3 first: an object may have to be waited for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudformation import places, template
from fogbank.services.cloudformation.operations import change_sets, stacks, templates
from fogbank.services.cloudformation.template import invalid

_FETCHED = {
    "TemplateURL": "_Fetched",
    "StackPolicyURL": "StackPolicyBody",
    "StackPolicyDuringUpdateURL": "StackPolicyDuringUpdateBody",
}
"""What holds an address -> what its text is put into. A template may be longer than one that a request brings itself,
and is marked so."""


async def create_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_texts(ctx, req, stacks.create_stack)


async def update_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_texts(ctx, req, stacks.update_stack)


async def set_stack_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_texts(ctx, req, stacks.set_stack_policy)


async def create_change_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_texts(ctx, req, change_sets.create_change_set)


async def validate_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_texts(ctx, req, templates.validate_template)


async def get_template_summary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_texts(ctx, req, templates.get_template_summary)


async def _with_texts(
    ctx: Context, req: dict[str, Any], operation: Callable[[Context, dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """An operation, once what its request names by address has been read."""
    fetched = await _fetched(ctx, req)
    with ctx.begin():
        return operation(ctx, fetched)


async def _fetched(ctx: Context, req: Mapping[str, Any]) -> dict[str, Any]:
    """A request with texts in the place of their addresses. Raises ValidationError."""
    found = {name: value for name, value in req.items() if name not in _FETCHED or not value}
    for name, text in _FETCHED.items():
        if req.get(name):
            if text in found:
                raise invalid(f"You cannot specify both {text} and {name}.")
            found[text] = await _text(ctx, str(req[name]))
    return found


async def _text(ctx: Context, address: str) -> str:
    bucket, key, version = places.of(address)
    asked = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
    try:
        body = (await ctx.invoke("s3", "GetObject", **asked)).get("Body") or b""
    except AwsError as error:
        raise invalid(f"S3 error: {error.message}") from None
    whole = await _whole(body)
    if len(whole) > template.URL_BYTES_MAX:
        raise invalid(f"Template may not exceed {template.URL_BYTES_MAX} bytes in size.")
    return whole.decode("utf-8", "replace")


async def _whole(body: bytes | AsyncIterator[bytes]) -> bytes:
    return body if isinstance(body, bytes) else b"".join([piece async for piece in body])
