"""Platform applications, and the endpoints that devices have in them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sns import rules, subscriptions
from fogbank.services.sns.resources import Application, Device

_BAD_TOKEN = ("InvalidParameter", "Invalid parameter: NextToken")
_PLATFORMS = {"ADM", "APNS", "APNS_SANDBOX", "APNS_VOIP", "APNS_VOIP_SANDBOX", "BAIDU", "GCM", "MACOS",
              "MACOS_SANDBOX", "MPNS", "WNS"}  # fmt: skip
_SECRET = {"PlatformCredential", "PlatformPrincipal"}
_DATA_MAX = 2048


def create_platform_application(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if req["Platform"] not in _PLATFORMS:
        raise rules.invalid(f"Platform Reason: {req['Platform']} is not supported")
    if not req["Name"] or len(req["Name"]) > 256:
        raise rules.invalid("Name")
    path = f"{req['Platform']}/{req['Name']}"
    if "PlatformCredential" not in req["Attributes"]:
        raise rules.invalid("Attributes Reason: Platform credentials are required")
    known = ctx.get(Application, path)
    if known is not None and dict(known.attributes) != req["Attributes"]:
        raise rules.invalid("Attributes Reason: Platform application already exists with different attributes")
    ctx.put(Application(path=path, attributes=req["Attributes"]))
    return {"PlatformApplicationArn": ctx.arn(f"app/{path}")}


def _path(arn: str) -> str:
    """What a platform application's ARN says of it: `GCM/name`. Raises InvalidParameter."""
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service != "sns" or not re.fullmatch("app/[^/]+/[^/]+", parsed.resource):
        raise rules.invalid("PlatformApplicationArn Reason: Wrong number of slashes in relative portion of the ARN.")
    return parsed.resource[4:]


def _application(ctx: Context, arn: str) -> Application:
    found = ctx.get(Application, _path(arn))
    if found is None:
        raise rules.not_found("PlatformApplication")
    return found


def delete_platform_application(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    path = _path(req["PlatformApplicationArn"])
    for device in list(ctx.scan(Device, path)):
        ctx.delete(Device, path, device.id)
    ctx.delete(Application, path)
    return {}


def get_platform_application_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _application(ctx, req["PlatformApplicationArn"])
    shown = {name: value for name, value in found.attributes.items() if name not in _SECRET}
    return {"Attributes": {"Enabled": "true", **shown}}


def set_platform_application_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _application(ctx, req["PlatformApplicationArn"])
    ctx.put(msgspec.structs.replace(found, attributes={**found.attributes, **req["Attributes"]}))
    return {}


def list_platform_applications(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("NextToken"), *_BAD_TOKEN)
    page, token = paging.page(ctx.scan(Application, after=after), rules.PAGE, lambda one: one.path)
    rows = [
        {
            "PlatformApplicationArn": ctx.arn(f"app/{one.path}"),
            "Attributes": {
                "Enabled": "true",
                **{name: value for name, value in one.attributes.items() if name not in _SECRET},
            },
        }
        for one in page
    ]
    return {"PlatformApplications": rows, "NextToken": token} if token else {"PlatformApplications": rows}


def create_platform_endpoint(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    path = _application(ctx, req["PlatformApplicationArn"]).path
    wanted = {"Enabled": "true", **(req.get("Attributes") or {}), "Token": req["Token"]}
    if "CustomUserData" in req:
        wanted["CustomUserData"] = req["CustomUserData"]
    _check_device(wanted)
    for device in ctx.scan(Device, path):
        if device.attributes["Token"] != req["Token"]:
            continue
        arn = ctx.arn(f"endpoint/{path}/{device.id}")
        if dict(device.attributes) != wanted:
            text = f"Token Reason: Endpoint {arn} already exists with the same Token, but different attributes."
            raise rules.invalid(text)
        return {"EndpointArn": arn}
    made = Device(application=path, id=ctx.uuid(), attributes=wanted)
    ctx.put(made)
    return {"EndpointArn": ctx.arn(f"endpoint/{path}/{made.id}")}


def _check_device(attributes: dict[str, str]) -> None:
    if extra := set(attributes) - {"Enabled", "Token", "CustomUserData"}:
        raise rules.invalid(f"Attributes Reason: Invalid attribute: {min(extra)}")
    if attributes["Enabled"].lower() not in ("true", "false"):
        raise rules.invalid("Attributes Reason: Invalid value for attribute: Enabled: Must be true or false")
    if not attributes["Token"]:
        raise rules.invalid("Token")
    if len(attributes.get("CustomUserData", "").encode()) > _DATA_MAX:
        raise rules.invalid("CustomUserData")


def delete_endpoint(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    try:
        home, found = subscriptions.device(ctx, req["EndpointArn"])
    except AwsError as error:
        if error.code != "NotFound":
            raise
        return {}
    home.delete(Device, found.application, found.id)
    return {}


def get_endpoint_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Attributes": dict(subscriptions.device(ctx, req["EndpointArn"])[1].attributes)}


def set_endpoint_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, device = subscriptions.device(ctx, req["EndpointArn"])
    attributes = {**device.attributes, **req["Attributes"]}
    _check_device(attributes)
    home.put(msgspec.structs.replace(device, attributes=attributes))
    return {}


def list_endpoints_by_platform_application(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    path = _application(ctx, req["PlatformApplicationArn"]).path
    after = paging.after(req.get("NextToken"), *_BAD_TOKEN)
    rows = ctx.scan(Device, path, after=after)
    page, token = paging.page(rows, rules.PAGE, lambda one: f"{path}\0{one.id}")
    found = [{"EndpointArn": ctx.arn(f"endpoint/{path}/{one.id}"), "Attributes": dict(one.attributes)} for one in page]
    return {"Endpoints": found, "NextToken": token} if token else {"Endpoints": found}
