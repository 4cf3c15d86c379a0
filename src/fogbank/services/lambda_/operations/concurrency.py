"""Concurrency: what functions have for themselves, and what is kept ready for them."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.lambda_ import environments, functions, listing, references, rules, shown
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Provisioned
from fogbank.store.records import key_of


def put_function_concurrency(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req, plain=True)
    wanted = req["ReservedConcurrentExecutions"]
    held = environments.reservations(ctx)
    others = held.total - (held.of(found.name) or 0)
    if others + wanted > rules.CONCURRENCY - rules.UNRESERVED_MIN:
        raise rules.invalid(
            "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution "
            f"below its minimum value of [{rules.UNRESERVED_MIN}]."
        )
    _check_provisioned(ctx, found, reserved=wanted)
    ctx.put(msgspec.structs.replace(found.function, reserved=wanted))
    ctx.after_commit(lambda: held.set(found.name, wanted))
    return {"ReservedConcurrentExecutions": wanted}


def get_function_concurrency(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req, plain=True)
    reserved = found.function.reserved
    return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}


def delete_function_concurrency(ctx: Context, req: dict[str, Any]) -> None:
    found = functions.own(ctx, req, plain=True)
    held = environments.reservations(ctx)
    ctx.put(msgspec.structs.replace(found.function, reserved=None))
    ctx.after_commit(lambda: held.set(found.name, None))


def put_provisioned_concurrency_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _published(ctx, req)
    wanted = req["ProvisionedConcurrentExecutions"]
    _check_provisioned(ctx, found, wanted=wanted, reserved=found.function.reserved)
    before = ctx.get(Provisioned, found.name, found.qualifier)
    record = Provisioned(
        function=found.name,
        qualifier=found.qualifier,
        requested=wanted,
        allocated=before.allocated if before is not None else 0,
        modified_at=ctx.now,
    )
    ctx.put(record)
    return shown.provisioned(record, _available(ctx, record))


def get_provisioned_concurrency_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    record = ctx.get(Provisioned, found.name, found.qualifier)
    if record is None:
        text = "No Provisioned Concurrency Config found for this function"
        raise AwsError("ProvisionedConcurrencyConfigNotFoundException", text, Type="User")
    return shown.provisioned(record, _available(ctx, record))


def list_provisioned_concurrency_configs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    rows = ctx.scan(Provisioned, found.name, after=listing.after(req))
    return listing.page(
        "ProvisionedConcurrencyConfigs",
        rows,
        req,
        key_of,
        lambda row: {
            "FunctionArn": functions.arn(ctx, found.name, row.qualifier),
            **shown.provisioned(row, _available(ctx, row)),
        },
    )


def delete_provisioned_concurrency_config(ctx: Context, req: dict[str, Any]) -> None:
    found = functions.own(ctx, req)
    ctx.delete(Provisioned, found.name, found.qualifier)


def _published(ctx: Context, req: dict[str, Any]) -> Found:
    found = functions.own(ctx, req)
    if found.qualifier in ("", references.LATEST):
        raise rules.invalid("Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    if not functions.version_of(found).number:
        raise rules.invalid("Alias with weights or pointing to $LATEST can not be used with Provisioned Concurrency")
    return found


def _available(ctx: Context, record: Provisioned) -> int:
    return len(environments.pool(ctx).kept(ctx, record.function, record.qualifier))


def _check_provisioned(ctx: Context, found: Found, *, reserved: int | None, wanted: int = 0) -> None:
    """Raises InvalidParameterValueException where more would be kept ready than a function may run."""
    others = sum(row.requested for row in ctx.scan(Provisioned, found.name) if row.qualifier != found.qualifier)
    if reserved is not None and others + wanted > reserved:
        raise rules.invalid(
            "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )
    if others + wanted > rules.CONCURRENCY - rules.UNRESERVED_MIN and reserved is None:
        raise rules.invalid(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
            f"minimum value of [{rules.UNRESERVED_MIN}]."
        )
