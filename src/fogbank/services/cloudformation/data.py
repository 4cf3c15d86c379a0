"""Operations that read a template from S3 first: an object may have to be waited for."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudformation import template
from fogbank.services.cloudformation.operations import change_sets, stacks, templates
from fogbank.services.cloudformation.template import invalid

_BUCKET_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3[.-].*")


async def create_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_template(ctx, req, stacks.create_stack)


async def update_stack(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_template(ctx, req, stacks.update_stack)


async def create_change_set(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_template(ctx, req, change_sets.create_change_set)


async def validate_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_template(ctx, req, templates.validate_template)


async def get_template_summary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return await _with_template(ctx, req, templates.get_template_summary)


async def _with_template(
    ctx: Context, req: dict[str, Any], operation: Callable[[Context, dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """An operation, once the template that its request names has been read."""
    fetched = await _fetched(ctx, req)
    with ctx.begin():
        return operation(ctx, fetched)


async def _fetched(ctx: Context, req: Mapping[str, Any]) -> dict[str, Any]:
    """A request with the template itself in the place of its address. Raises ValidationError."""
    if not req.get("TemplateURL"):
        return dict(req)
    bucket, key, version = _place(str(req["TemplateURL"]))
    asked = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
    try:
        body = (await ctx.invoke("s3", "GetObject", **asked)).get("Body") or b""
    except AwsError as error:
        raise invalid(f"S3 error: {error.message}") from None
    # The text may be longer than one that a request brings itself, and is marked so.
    return {**{name: value for name, value in req.items() if name != "TemplateURL"}, "_Fetched": await _text(body)}


def _place(address: str) -> tuple[str, str, str]:
    """The bucket, key and version that an address of S3 names: by path, by host, or `s3://`. Raises ValidationError."""
    parts = urlsplit(address)
    path = unquote(parts.path.lstrip("/"))
    version = parts.query.removeprefix("versionId=") if parts.query.startswith("versionId=") else ""
    by_host = _BUCKET_HOST.fullmatch(parts.hostname or "")
    if parts.scheme == "s3":
        return parts.netloc, path, version
    if by_host is not None and path:
        return by_host["bucket"], path, version
    bucket, _, key = path.partition("/")
    if parts.scheme not in ("http", "https") or not bucket or not key:
        raise invalid("TemplateURL must be a supported URL.")
    return bucket, key, version


async def _text(body: bytes | AsyncIterator[bytes]) -> str:
    whole = body if isinstance(body, bytes) else b"".join([piece async for piece in body])
    if len(whole) > template.URL_BYTES_MAX:
        raise invalid(f"Template may not exceed {template.URL_BYTES_MAX} bytes in size.")
    return whole.decode("utf-8", "replace")
