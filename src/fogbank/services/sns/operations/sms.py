"""Settings for text messages, and the numbers that want none."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.control.context import Context
from fogbank.services.sns import rules
from fogbank.services.sns.resources import Settings

_NAMES = {
    "MonthlySpendLimit", "DeliveryStatusIAMRole", "DeliveryStatusSuccessSamplingRate", "DefaultSenderID",
    "DefaultSMSType", "UsageReportS3Bucket",
}  # fmt: skip


def _settings(ctx: Context) -> Settings:
    return ctx.get(Settings, "settings") or Settings()


def set_sms_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    given = req["attributes"]
    for name, value in given.items():
        if name not in _NAMES:
            raise rules.invalid(f"{name} is not a valid attribute")
        if name == "DefaultSMSType" and value not in ("Promotional", "Transactional"):
            raise rules.invalid("DefaultSMSType is invalid")
    settings = _settings(ctx)
    ctx.put(msgspec.structs.replace(settings, sms={**settings.sms, **given}))
    return {}


def get_sms_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, wanted = _settings(ctx).sms, req.get("attributes")
    return {"attributes": {name: value for name, value in found.items() if not wanted or name in wanted}}


def check_if_phone_number_is_opted_out(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rules.checked_phone(req["phoneNumber"])
    return {"isOptedOut": req["phoneNumber"] in _settings(ctx).opted_out}


def list_phone_numbers_opted_out(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("nextToken"), "InvalidParameter", "Invalid parameter: NextToken")
    numbers = (number for number in sorted(_settings(ctx).opted_out) if number > after)
    page, token = paging.page(numbers, rules.PAGE, lambda number: number)
    return {"phoneNumbers": page, "nextToken": token} if token else {"phoneNumbers": page}


def opt_in_phone_number(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    settings, number = _settings(ctx), rules.checked_phone(req["phoneNumber"])
    left = tuple(one for one in settings.opted_out if one != number)
    ctx.put(msgspec.structs.replace(settings, opted_out=left))
    return {}
