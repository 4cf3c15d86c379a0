"""Dashboards: documents that are checked and kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from fogbank.aws import paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudwatch import rules
from fogbank.services.cloudwatch.resources import Dashboard

_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
_KINDS = ("metric", "text", "log", "alarm", "explorer", "custom")
_PAGE = 1_000
_WIDTH_MAX = 24
_HEIGHT_MAX = 1_000


def put_dashboard(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name, body = req["DashboardName"], req["DashboardBody"]
    _check_name(name)
    if len(body.encode()) > rules.DASHBOARD_BYTES_MAX:
        raise rules.invalid("The dashboard body is larger than 1 MB.")
    errors, warnings = _problems(body)
    if errors:
        raise AwsError(
            "DashboardInvalidInputError",
            f"The field DashboardBody must be a valid JSON object: {errors[0]['Message']}",
            dashboardValidationMessages=errors,
        )
    before = ctx.get(Dashboard, name)
    given = before.tags if before else rules.check_tags({}, tags.read(req.get("Tags")))
    ctx.put(Dashboard(name=name, body=body, modified_at=ctx.now, tags=given))
    return {"DashboardValidationMessages": warnings}


def get_dashboard(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_name(req["DashboardName"])
    found = ctx.get(Dashboard, req["DashboardName"])
    if found is None:
        raise AwsError("DashboardNotFoundError", f"Dashboard {req['DashboardName']} does not exist")
    return {"DashboardArn": _arn_of(ctx, found.name), "DashboardName": found.name, "DashboardBody": found.body}


def list_dashboards(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("NextToken"), "InvalidParameterValueException", "The specified token isn't valid.")
    rows = ctx.scan(Dashboard, start=req.get("DashboardNamePrefix", ""), after=after)
    page, token = paging.page(rows, _PAGE, lambda found: found.name)
    told = [
        {
            "DashboardName": found.name,
            "DashboardArn": _arn_of(ctx, found.name),
            "LastModified": found.modified_at,
            "Size": len(found.body.encode()),
        }
        for found in page
    ]
    return {"DashboardEntries": told, "NextToken": token} if token else {"DashboardEntries": told}


def delete_dashboards(ctx: Context, req: dict[str, Any]) -> None:
    for name in req["DashboardNames"]:
        _check_name(name)
    lost = [name for name in req["DashboardNames"] if ctx.get(Dashboard, name) is None]
    if lost:
        raise AwsError("DashboardNotFoundError", f"Dashboard {', '.join(lost)} does not exist")
    for name in req["DashboardNames"]:
        ctx.delete(Dashboard, name)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise rules.invalid(f"The value {name} for field DashboardName contains invalid characters. ")


Messages = list[dict[str, str]]


def _problems(body: str) -> tuple[Messages, Messages]:
    """What keeps a body from being kept, and what is only said."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return [{"DataPath": "", "Message": "The body is not valid JSON"}], []
    if not isinstance(document, dict):
        return [{"DataPath": "", "Message": "Should be an object"}], []
    widgets = document.get("widgets")
    if not isinstance(widgets, list):
        return [{"DataPath": "/widgets", "Message": "Should have a list of widgets"}], []
    found = [problem for at, widget in enumerate(widgets) for problem in _of_widget(widget, f"/widgets/{at}")]
    errors = [{"DataPath": path, "Message": text} for path, text, is_error in found if is_error]
    return errors, [{"DataPath": path, "Message": text} for path, text, is_error in found if not is_error]


def _of_widget(widget: Any, path: str) -> Iterator[tuple[str, str, bool]]:
    """(path, message, whether it is an error)."""
    if not isinstance(widget, dict):
        yield path, "Should be an object", True
        return
    kind = widget.get("type")
    if kind not in _KINDS:
        yield f"{path}/type", f"Should be one of {', '.join(_KINDS)}", True
    if not isinstance(widget.get("properties"), dict):
        yield f"{path}/properties", "Should have required property 'properties'", True
        return
    for member, most in (("x", _WIDTH_MAX - 1), ("y", None), ("width", _WIDTH_MAX), ("height", _HEIGHT_MAX)):
        value = widget.get(member, 0)
        if not isinstance(value, int) or value < 0 or (most is not None and value > most):
            yield f"{path}/{member}", "Should be an integer within its bounds", True
    properties = widget["properties"]
    if kind == "text" and "markdown" not in properties:
        yield f"{path}/properties", "Should have required property 'markdown'", True
    if kind == "metric" and "metrics" not in properties and "annotations" not in properties:
        yield f"{path}/properties", "Should have required property 'metrics'", True
    if kind in ("metric", "log") and "region" not in properties:
        yield f"{path}/properties", "Should have property 'region'", False


def _arn_of(ctx: Context, name: str) -> str:
    return f"arn:{ctx.partition}:cloudwatch::{ctx.account}:dashboard/{name}"
