"""What becomes of events that nobody waits for: retries, ages, destinations."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.arns import Arn
from fogbank.control.context import Context
from fogbank.services.lambda_ import acting, functions, listing, references, rules, settings, shown
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import EventSettings
from fogbank.store.records import key_of

_SENDS = {
    "sqs": ("sqs:SendMessage", "SendMessage on SQS"),
    "sns": ("sns:Publish", "Publish on SNS"),
    "lambda": ("lambda:InvokeFunction", "InvokeFunction on Lambda"),
    "events": ("events:PutEvents", "PutEvents on EventBridge"),
}


def put_function_event_invoke_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, qualifier = _asked(ctx, req)
    return _kept(ctx, found, EventSettings(function=found.name, qualifier=qualifier, modified_at=ctx.now), req)


def update_function_event_invoke_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, record = _existing(ctx, req)
    return _kept(ctx, found, record, req)


def get_function_event_invoke_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return shown.event_settings(*_existing(ctx, req))


def list_function_event_invoke_configs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    rows = ctx.scan(EventSettings, found.name, after=listing.after(req))
    return listing.page("FunctionEventInvokeConfigs", rows, req, key_of, lambda row: shown.event_settings(found, row))


def delete_function_event_invoke_config(ctx: Context, req: dict[str, Any]) -> None:
    found, record = _existing(ctx, req)
    ctx.delete(EventSettings, found.name, record.qualifier)


def _asked(ctx: Context, req: dict[str, Any]) -> tuple[Found, str]:
    found = functions.own(ctx, req)
    functions.version_of(found)
    return found, found.qualifier or references.LATEST


def _existing(ctx: Context, req: dict[str, Any]) -> tuple[Found, EventSettings]:
    found, qualifier = _asked(ctx, req)
    record = ctx.get(EventSettings, found.name, qualifier)
    if record is None:
        arn = functions.arn(ctx, found.name, qualifier)
        raise rules.missing(f"The function {arn} doesn't have an EventInvokeConfig")
    return found, record


def _kept(ctx: Context, found: Found, record: EventSettings, req: dict[str, Any]) -> dict[str, Any]:
    given = req.get("DestinationConfig") or {}
    changes: dict[str, Any] = {"modified_at": ctx.now}
    if "MaximumRetryAttempts" in req:
        changes["retries"] = req["MaximumRetryAttempts"]
    if "MaximumEventAgeInSeconds" in req:
        changes["age_seconds"] = req["MaximumEventAgeInSeconds"]
    for member, field in (("OnSuccess", "on_success"), ("OnFailure", "on_failure")):
        if member in given:
            changes[field] = given[member].get("Destination", "")
            _check_destination(ctx, found, changes[field])
    record = msgspec.structs.replace(record, **changes)
    ctx.put(record)
    return shown.event_settings(found, record)


def _check_destination(ctx: Context, found: Found, arn: str) -> None:
    """Raises InvalidParameterValueException for what no event can be sent to, or the role may not send to."""
    if not arn:
        return
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service not in _SENDS:
        raise rules.invalid(f"The provided destination config DestinationConfig is not valid: {arn}")
    if arn == functions.arn(ctx, found.name, found.qualifier):
        raise rules.invalid("You can't specify the function as a destination for itself.")
    if parsed.service in ("sqs", "sns") and parsed.resource.endswith(".fifo"):
        raise rules.invalid(f"The destination {arn} is a FIFO resource, which is not supported.")
    role = functions.latest(found).configuration.role
    settings.check_may(
        acting.check_role(ctx, role, found.name), _SENDS[parsed.service][0], arn, _SENDS[parsed.service][1]
    )
