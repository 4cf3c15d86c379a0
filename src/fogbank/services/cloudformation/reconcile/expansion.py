"""Transforms carried out: macros called, snippets read, serverless resources written out."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudformation import intrinsics, language, macros, places, serverless, stacks, template
from fogbank.services.cloudformation.intrinsics import Scope
from fogbank.services.cloudformation.macros import Asked, Use
from fogbank.services.cloudformation.resources import Macro, Stack, Wish
from fogbank.services.cloudformation.template import invalid


class _Work(NamedTuple):
    """What transforms are carried out with."""

    ctx: Context
    """Of whoever the stack is made as."""
    scope: Scope
    """The template's parameters and mappings."""
    values: Mapping[str, Any]


async def processed(ctx: Context, stack: Stack, wish: Wish) -> str:
    """The template of a wish as its transforms leave it: the innermost first, then those of its section in order.

    Raises ValidationError, with what AWS says of a transform that fails.
    """
    with ctx.begin():
        known, scope = stacks.plain_scope(ctx, stack, wish)
    found = stacks.parsed(wish.template)
    work = _Work(ctx, scope, {name: value for name, value in known.items() if name in wish.values})
    # Others read the template that is parsed once for all.
    whole = copy.deepcopy({name: one for name, one in found.items() if name != "Transform"})
    whole = await _expanded(work, whole, is_whole=True)
    for use in macros.uses(found["Transform"]) if found.get("Transform") else ():
        whole = await _applied(work, use, whole, is_whole=True)
    if not isinstance(whole, dict):
        raise invalid("Template format error: unsupported structure.")
    text = json.dumps(whole, separators=(",", ":"))
    if len(text) > template.URL_BYTES_MAX:
        raise invalid(f"Template may not exceed {template.URL_BYTES_MAX} bytes in size.")
    return text


async def _expanded(work: _Work, value: Any, *, is_whole: bool = False) -> Any:
    """A value in which every `Fn::Transform` has been carried out, from the inside out."""
    if isinstance(value, list):
        return [await _expanded(work, one) for one in value]
    if not isinstance(value, dict):
        return value
    found: Any = {name: await _expanded(work, one) for name, one in macros.without(value).items()}
    for use in macros.embedded(value):
        found = await _applied(work, use, found, is_whole=is_whole)
    return found


async def _applied(work: _Work, use: Use, fragment: Any, *, is_whole: bool) -> Any:
    use = use._replace(parameters=intrinsics.resolved(dict(use.parameters), work.scope))
    if use.name == macros.INCLUDE:
        return await _included(work, use, fragment, is_whole=is_whole)
    if use.name == macros.LANGUAGE and is_whole:
        return language.extended(fragment, work.scope)
    if use.name == macros.SERVERLESS and is_whole:
        return await _translated(work, fragment)
    return await _called(work, use, fragment)


async def _included(work: _Work, use: Use, fragment: Any, *, is_whole: bool) -> Any:
    location = use.parameters.get("Location")
    if not isinstance(location, str):
        raise macros.failed(use.name, "Missing parameter: Location")
    try:
        bucket, key, version = places.of(location)
    except AwsError:
        raise macros.failed(use.name, "The location parameter is not a valid S3 uri.") from None
    asked = {"Bucket": bucket, "Key": key, **({"VersionId": version} if version else {})}
    try:
        body = (await work.ctx.invoke("s3", "GetObject", **asked)).get("Body") or b""
    except AwsError as error:
        raise macros.failed(use.name, f"S3 bucket [{bucket}] or key [{key}]: {error.message}") from None
    text = (await whole_of(body)).decode("utf-8", "replace")
    return macros.included(fragment, text, is_whole=is_whole)


async def whole_of(body: bytes | AsyncIterator[bytes]) -> bytes:
    return body if isinstance(body, bytes) else b"".join([piece async for piece in body])


async def _translated(work: _Work, fragment: dict[str, Any]) -> dict[str, Any]:
    ctx = work.ctx
    with ctx.begin():
        policies = dict(_managed_policies(ctx))
    place = serverless.Place(ctx.region, ctx.partition)
    # Its import alone takes longer than any other request may wait.
    return await asyncio.to_thread(serverless.translated, fragment, work.values, place, policies)


def _managed_policies(ctx: Context) -> list[tuple[str, str]]:
    """The names and ARNs of AWS's managed policies that there are here."""
    found: list[tuple[str, str]] = []
    marker: dict[str, Any] = {}
    while True:
        page = ctx.as_service().call("iam", "ListPolicies", Scope="AWS", **marker)
        found += [(one["PolicyName"], one["Arn"]) for one in page["Policies"]]
        if not page.get("IsTruncated"):
            return found
        marker = {"Marker": page["Marker"]}


async def _called(work: _Work, use: Use, fragment: Any) -> Any:
    """What the function of an account's macro makes of a fragment."""
    ctx = work.ctx
    macros.check_parameters(use)
    with ctx.begin():
        macro = ctx.get(Macro, macros.own_name(use.name, ctx.account))
        asked = Asked(ctx.account, ctx.region, ctx.uuid(), work.values)
    if macro is None:
        raise macros.unknown(use.name, ctx.account)
    name = macros.identity(use.name, ctx.account)
    payload = macros.event(use, fragment, asked)
    try:
        answer = await ctx.invoke("lambda", "Invoke", FunctionName=macro.function, Payload=payload)
    except AwsError as error:
        raise invalid(f"Failed to execute transform {name}: {error.message}") from None
    if answer.get("FunctionError"):
        raise invalid(f"Failed to execute transform {name}")
    return macros.fragment(use, answer.get("Payload") or b"", asked)
