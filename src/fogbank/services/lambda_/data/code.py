"""Functions made and given other code, which may lie in S3."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.lambda_ import archives, environments, functions, layers, references, rules, settings, shown
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import LATEST, Code, Configuration, Function, Layer, LayerVersion, Version

_AT_ONCE_BYTES = 1 << 20


async def create_function(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.begin():
        name = _free_name(ctx, req)
        # Looked at before the code is fetched, and made after: interfaces of nobody would go at once.
        mark = ctx.transaction.savepoint()
        settings.configured(ctx, name, None, req)
        ctx.transaction.rollback(mark)
    code = await _stored(ctx, req["Code"])
    try:
        with ctx.begin():
            _free_name(ctx, req)
            configuration = settings.configured(ctx, name, None, req)
            ctx.transaction.keep_blob(code.blob)
            # Its first environment should not wait for its runtime.
            ctx.after_commit(lambda: _warm(ctx, configuration.runtime))
            return _created(ctx, name, configuration, code, req)
    except BaseException:
        ctx.blobs.delete(code.blob)
        raise


async def update_function_code(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    with ctx.begin():
        found = functions.own(ctx, req, plain=True)
        version = functions.latest(found)
        functions.check_revision(req.get("RevisionId"), version.revision)
    if "ImageUri" in req:
        raise rules.invalid("Please don't provide ImageUri when updating a function with packageType Zip.")
    code = await _stored(ctx, req)
    if req.get("DryRun"):
        ctx.blobs.delete(code.blob)
        return shown.configuration(found, msgspec.structs.replace(version, code=code))
    try:
        with ctx.begin():
            found = functions.own(ctx, req, plain=True)
            before = functions.latest(found)
            functions.check_revision(req.get("RevisionId"), before.revision)
            ctx.transaction.keep_blob(code.blob)
            configuration = before.configuration
            if req.get("Architectures"):
                configuration = functions.configured(before, architecture=req["Architectures"][0])
            version = functions.change(found, before, code=code, configuration=configuration)
            functions.drop_code(found, before)
            if req.get("Publish"):
                version = functions.publish(found)
            return shown.configuration(found, version)
    except BaseException:
        ctx.blobs.delete(code.blob)
        raise


async def publish_layer_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    code = await _stored(ctx, req["Content"])
    try:
        with ctx.begin():
            layer = layers.named(ctx, req["LayerName"])
            if layer.home.scope != ctx.scope:
                raise rules.invalid("Layers are published in the account and region that asks.")
            made = ctx.get(Layer, layer.name) or Layer(name=layer.name)
            made = msgspec.structs.replace(made, versions=made.versions + 1)
            version = LayerVersion(
                layer=layer.name,
                number=made.versions,
                code=code,
                made_at=ctx.now,
                description=req.get("Description", ""),
                license=req.get("LicenseInfo", ""),
                runtimes=tuple(req.get("CompatibleRuntimes") or ()),
                architectures=tuple(req.get("CompatibleArchitectures") or ()),
                revision=ctx.uuid(),
            )
            ctx.put(made)
            ctx.put(version)
            ctx.transaction.keep_blob(code.blob)
            return layers.whole(ctx, layer, version)
    except BaseException:
        ctx.blobs.delete(code.blob)
        raise


def _warm(ctx: Context, runtime: str) -> None:
    environments.pool(ctx).work(ctx.planes.sandboxes.warm(runtime))


def _free_name(ctx: Context, req: Mapping[str, Any]) -> str:
    """The name of a function that is to be made. Raises ResourceConflictException."""
    asked = references.parsed(req["FunctionName"])
    if asked.qualifier or (asked.account or ctx.account, asked.region or ctx.region) != (ctx.account, ctx.region):
        raise rules.violated(req["FunctionName"], "functionName", "Member must name a function of this account")
    if ctx.get(Function, asked.name) is not None:
        raise rules.conflict(f"Function already exist: {asked.name}")
    return asked.name


def _created(
    ctx: Context, name: str, configuration: Configuration, code: Code, req: Mapping[str, Any]
) -> dict[str, Any]:
    function = Function(name=name, made_at=ctx.now, tags=rules.check_tags(req.get("Tags") or {}, {}))
    found = Found(ctx, function, "")
    ctx.put(function)
    version = Version(
        function=name,
        number=LATEST,
        code=code,
        configuration=configuration,
        revision=ctx.uuid(),
        modified_at=ctx.now,
    )
    ctx.put(version)
    functions.wake_mappings(ctx, name)
    if req.get("Publish"):
        version = functions.publish(found)
    return shown.configuration(found, version)


async def _stored(ctx: Context, given: Mapping[str, Any]) -> Code:
    """An archive taken in as a blob that no row names yet. Raises InvalidParameterValueException."""
    content = await _content(ctx, given)
    if len(content) > rules.ZIPPED_BYTES_MAX and "ZipFile" in given:
        text = f"Request must be smaller than {rules.ZIPPED_BYTES_MAX} bytes for the CreateFunction operation"
        raise AwsError("RequestEntityTooLargeException", text, status=413)
    is_small = len(content) < _AT_ONCE_BYTES
    digest = archives.checked(content) if is_small else await asyncio.to_thread(archives.checked, content)
    blob = await ctx.blobs.put(_whole(content))
    return Code(blob=blob.name, size_bytes=len(content), sha256=digest)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _content(ctx: Context, given: Mapping[str, Any]) -> bytes:
    if "ZipFile" in given:
        found: bytes = given["ZipFile"]
        if not found:
            raise rules.invalid("Uploaded file must be a non-empty zip")
        return found
    if "S3Bucket" not in given or "S3Key" not in given:
        raise rules.invalid("Please provide a source for function code.")
    asked = {"Bucket": given["S3Bucket"], "Key": given["S3Key"]}
    if given.get("S3ObjectVersion"):
        asked["VersionId"] = given["S3ObjectVersion"]
    try:
        answer = await ctx.invoke("s3", "GetObject", **asked)
        return await _read(answer.get("Body") or b"")
    except AwsError as error:
        if error.code == "AccessDenied":
            raise AwsError(
                "AccessDeniedException",
                "Your access has been denied by S3, please make sure your request credentials have permission to "
                f"GetObject for {given['S3Bucket']}/{given['S3Key']}. S3 Error Code: AccessDenied. S3 Error Message: "
                f"{error.message}",
                status=403,
            ) from None
        raise rules.invalid(
            f"Error occurred while GetObject. S3 Error Code: {error.code}. S3 Error Message: {error.message}"
        ) from None


async def _read(body: bytes | AsyncIterator[bytes]) -> bytes:
    if isinstance(body, bytes):
        return body
    pieces = [piece async for piece in body]
    if sum(map(len, pieces)) > rules.UNZIPPED_BYTES_MAX:
        raise rules.invalid(f"Unzipped size must be smaller than {rules.UNZIPPED_BYTES_MAX} bytes")
    return b"".join(pieces)
