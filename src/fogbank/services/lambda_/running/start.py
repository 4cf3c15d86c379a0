"""New environments: the code unpacked, the role assumed, the variables that a function finds."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from fogbank.aws import ids, trace_datagram
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.planes.sandbox.archive import BadArchive
from fogbank.planes.sandbox.sandbox import Failed
from fogbank.planes.sandbox.sandbox import Function as Wanted
from fogbank.services.lambda_ import acting, archives, environments, interfaces, layers, references, shown, variables
from fogbank.services.lambda_.acting import Role
from fogbank.services.lambda_.environments import Held, Key
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Code, Version

_HEX = "0123456789abcdef"
_TRUSTS = ("AWS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""What tells a program whom to trust: the SDKs, Node, and what else a package may bring."""


class Begun(NamedTuple):
    """An environment, and why it could not begin: then it is in no pool."""

    held: Held
    failed: Failed | None


async def started(ctx: Context, found: Found, version: Version, kept_for: str = "") -> Begun:
    """A new environment of a version, busy, in the pool.

    Raises AccessDeniedException where its role is gone, and WorldError where the machine will not.
    """
    pool = environments.pool(ctx)
    with ctx.begin():
        home = ctx.at(found.home.region, found.home.account)
        seen = [version.code, *layers.codes(home, version.configuration.layers)]
        try:
            role = acting.assumed(home, version.configuration.role, found.name)
        except AwsError:
            text = "The role defined for the function cannot be assumed by Lambda."
            raise AwsError("AccessDeniedException", text, status=403) from None
        stream = f"{_day(home)}/[{references.shown(version.number)}]{ids.letters(home.random, 32, _HEX)}"
        log = shown.log_settings(found.name, version.configuration)
        environ = _environ(home, found, version, role)
        environ |= {"AWS_LAMBDA_LOG_GROUP_NAME": log["LogGroup"], "AWS_LAMBDA_LOG_STREAM_NAME": stream}
        environ["AWS_LAMBDA_LOG_FORMAT"] = log["LogFormat"]
        if log["LogFormat"] == "JSON":
            environ["AWS_LAMBDA_LOG_LEVEL"] = log["ApplicationLogLevel"]
        environ["AWS_LAMBDA_INITIALIZATION_TYPE"] = "provisioned-concurrency" if kept_for else "on-demand"
        ns = interfaces.namespace(home, version.configuration.vpc)
    folders = [await _unpacked(ctx, code) for code in seen]
    if version.configuration.vpc is not None and _has_bundle(ctx):
        folders.insert(1, await _bundle(ctx))
    configuration = version.configuration
    wanted = Wanted(
        name=found.name,
        runtime=configuration.runtime,
        handler=configuration.handler,
        code=folders[0],
        layers=tuple(folders[1:]),
        environ=environ,
        memory_mb=configuration.memory_mb,
        storage_mb=configuration.storage_mb,
        ns=ns,
    )
    held = Held(
        key=Key(home.scope, found.name, version.number, version.revision),
        sandbox=_Nothing(),
        caller=role.caller,
        group=log["LogGroup"],
        stream=stream,
        is_json=log["LogFormat"] == "JSON",
        began_at=ctx.now,
        kept_for=kept_for,
    )
    try:
        held.sandbox = await ctx.planes.sandboxes.start(wanted, partial(_heard, home, held))
    except Failed as failed:
        return Begun(held, failed)
    pool.add(held)
    return Begun(held, None)


def _heard(home: Context, held: Held, datagram: bytes) -> None:
    """Pass on what a function's SDK tells X-Ray, as its role."""
    teller = home.authorized_as(held.caller)
    teller.join(None)
    for document in trace_datagram.segments(datagram):
        if held.heard.knows(document):
            teller.tell_segment(document)


class _Nothing:
    """In the place of an environment that could not begin."""

    init_seconds = 0.0

    async def invoke(self, invocation: Any, write: Any = None) -> Any:
        raise RuntimeError("this environment has not begun")

    async def stop(self) -> None:
        return None


async def _unpacked(ctx: Context, code: Code) -> Path:
    """The folder of an archive."""
    pool = environments.pool(ctx)
    folder = pool.folders.get(code.sha256)
    if folder is None:
        content = await asyncio.to_thread(ctx.blobs.path(code.blob).read_bytes)
        try:
            folder = await ctx.planes.sandboxes.unpacked(archives.file_name(code.sha256), content)
        except BadArchive as error:
            raise archives.broken(error) from None
        pool.folders[code.sha256] = folder
    return folder


def _has_bundle(ctx: Context) -> bool:
    return ctx.planes.authority is not None and ctx.planes.net.has_packets


async def _bundle(ctx: Context) -> Path:
    """A layer below all others, with the certificates that AWS's names are answered with inside the network."""
    assert ctx.planes.authority is not None
    archive = archives.with_bundle(ctx.planes.authority().bundle.read_bytes())
    return await ctx.planes.sandboxes.unpacked(hashlib.sha256(archive).hexdigest(), archive)


def _day(ctx: Context) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(ctx.now, UTC):%Y/%m/%d}"


def _environ(ctx: Context, found: Found, version: Version, role: Role) -> dict[str, str]:
    """What a function finds in its environment (Developer Guide, "Defined runtime environment variables").

    Raises KMSAccessDeniedException and its like where its key does not let the role have its own variables.
    """
    configuration, credentials = version.configuration, role.credentials
    made = {
        "_HANDLER": configuration.handler,
        "AWS_REGION": ctx.region,
        "AWS_DEFAULT_REGION": ctx.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{configuration.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": found.name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(configuration.memory_mb),
        "AWS_LAMBDA_FUNCTION_VERSION": references.shown(version.number),
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    }
    if configuration.vpc is None:
        if url := ctx.planes.api_url():
            made["AWS_ENDPOINT_URL"] = url
    elif _has_bundle(ctx):
        made |= dict.fromkeys(_TRUSTS, archives.BUNDLE)
    # What people set themselves stands, but for what AWS reserves: CreateFunction refuses those.
    return {**made, **variables.opened(ctx.authorized_as(role.caller), found.name, configuration)}
