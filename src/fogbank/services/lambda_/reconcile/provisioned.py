"""Keeps environments ready for versions and aliases that have provisioned concurrency."""

from __future__ import annotations

import msgspec

from fogbank.aws.errors import AwsError, WorldError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.lambda_ import environments, functions, rules
from fogbank.services.lambda_.environments import Key
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Provisioned, Version
from fogbank.services.lambda_.running.start import started

_LOOK_SECONDS = 60.0


async def provisioned(ctx: Context, key: str) -> After | None:
    """Have as many environments of a qualifier's version as were asked for, none of them too old."""
    name, qualifier = key.split("\x00")
    pool = environments.pool(ctx)
    with ctx.begin():
        record = ctx.get(Provisioned, name, qualifier)
        try:
            found = functions.find(ctx, name, qualifier) if record is not None else None
            version = functions.version_of(found) if found is not None else None
        except AwsError:
            record = None
        kept = pool.kept(ctx, name, qualifier)
    if record is None or found is None or version is None:
        for held in kept:
            pool.unkeep(held)
        return None
    wanted = Key(ctx.scope, name, version.number, version.revision)
    for held in kept:
        if held.key != wanted or ctx.now - held.began_at > rules.AGE_SECONDS_MAX - 2 * _LOOK_SECONDS:
            pool.unkeep(held)
    kept = pool.kept(ctx, name, qualifier)
    for held in kept[record.requested :]:
        pool.unkeep(held)
    reason = await _fill(ctx, found, version, record)
    _note(ctx, record, len(pool.kept(ctx, name, qualifier)), reason)
    return After(_LOOK_SECONDS)


async def _fill(ctx: Context, found: Found, version: Version, record: Provisioned) -> str:
    """Start what is missing; why that could not be done, empty where it was."""
    pool = environments.pool(ctx)
    while len(pool.kept(ctx, record.function, record.qualifier)) < record.requested:
        try:
            begun = await started(ctx, found, version, kept_for=record.qualifier)
        except (AwsError, WorldError) as error:
            return str(error)
        if begun.failed is not None:
            return "FUNCTION_ERROR_INIT_FAILURE"
        pool.give(ctx, begun.held)
    return ""


def _note(ctx: Context, before: Provisioned, allocated: int, reason: str) -> None:
    status = "READY" if allocated >= before.requested else "FAILED" if reason else "IN_PROGRESS"
    with ctx.begin():
        record = ctx.get(Provisioned, before.function, before.qualifier)
        if record is None or record.modified_at != before.modified_at:
            return
        noted = msgspec.structs.replace(record, allocated=allocated, status=status, reason=reason)
        if noted != record:
            ctx.put(noted)
