"""Exports, and who uses them."""

from __future__ import annotations

from typing import Any

from fogbank.aws import paging
from fogbank.control.context import Context
from fogbank.services.cloudformation import exports, shown, stacks
from fogbank.services.cloudformation.resources import Export, Stack
from fogbank.services.cloudformation.template import invalid

_PAGE = 100


def list_exports(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("NextToken"), "ValidationError", "The token is not valid.")
    page, token = paging.page((one for one in ctx.scan(Export) if one.name > after), _PAGE, lambda one: one.name)
    rows = []
    for one in page:
        owner = ctx.get(Stack, one.stack_id)
        arn = stacks.arn(ctx, owner) if owner is not None else ""
        rows.append({"ExportingStackId": arn, "Name": one.name, "Value": shown.here(ctx, one.value)})
    return {"Exports": rows} | ({"NextToken": token} if token else {})


def list_imports(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["ExportName"]
    found = [one.name for one in exports.importers(ctx, name)]
    if not found:
        raise invalid(f"Export '{name}' is not imported by any stack.")
    return {"Imports": sorted(found)}
