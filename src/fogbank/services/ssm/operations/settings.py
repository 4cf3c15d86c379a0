"""Service settings of Parameter Store: the default tier and the throughput."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ssm.operations.parameters import DEFAULT_TIER
from fogbank.services.ssm.resources import Setting

_KNOWN = {
    DEFAULT_TIER: ("Standard", {"Standard", "Advanced", "Intelligent-Tiering"}),
    "/ssm/parameter-store/high-throughput-enabled": ("false", {"true", "false"}),
}


def get_service_setting(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"ServiceSetting": _setting(ctx, _known(req["SettingId"]))}


def update_service_setting(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name, value = _known(req["SettingId"]), req["SettingValue"]
    if value not in _KNOWN[name][1]:
        raise AwsError("ValidationException", f"The value {value} is not valid for the service setting {name}.")
    ctx.put(Setting(id=name, value=value, modified_at=ctx.now, modified_by=ctx.caller.arn))
    return {}


def reset_service_setting(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = _known(req["SettingId"])
    ctx.delete(Setting, name)
    return {"ServiceSetting": _setting(ctx, name)}


def _known(text: str) -> str:
    name = text.partition(":servicesetting")[2] if text.startswith("arn:") else text
    if name not in _KNOWN:
        raise AwsError("ServiceSettingNotFound", f"The specified service setting wasn't found: {text}")
    return name


def _setting(ctx: Context, name: str) -> dict[str, Any]:
    found = ctx.get(Setting, name)
    described: dict[str, Any] = {
        "SettingId": name,
        "SettingValue": found.value if found else _KNOWN[name][0],
        "ARN": ctx.arn(f"servicesetting{name}"),
        "Status": "Customized" if found else "Default",
    }
    if found:
        described |= {"LastModifiedDate": found.modified_at, "LastModifiedUser": found.modified_by}
    return described
