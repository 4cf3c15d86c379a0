"""Templates: shown, summarized, validated."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudformation import stacks, template, wishes
from fogbank.services.cloudformation.resources import ChangeSet


def get_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = stacks.one(ctx, req.get("StackName", ""))
    wish = found.wish
    if "ChangeSetName" in req:
        name = req["ChangeSetName"]
        change_set = next((one for one in ctx.scan(ChangeSet, found.id) if name in (one.name, one.id)), None)
        if change_set is None:
            raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", status=404)
        wish = change_set.wish
    return {"TemplateBody": wish.template, "StagesAvailable": ["Original", "Processed"]}


def validate_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _asked(ctx, req)
    declared = template.section(found, "Parameters")
    rows = [
        {
            "ParameterKey": name,
            "NoEcho": _is_hidden(one),
            **({"DefaultValue": str(one["Default"])} if "Default" in one else {}),
            **({"Description": one["Description"]} if "Description" in one else {}),
        }
        for name, one in declared.items()
    ]
    return {"Parameters": rows, **_about(found)}


def get_template_summary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _asked(ctx, req)
    declared = template.section(found, "Parameters")
    rows = [
        {
            "ParameterKey": name,
            "ParameterType": one.get("Type", "String"),
            "NoEcho": _is_hidden(one),
            "ParameterConstraints": {"AllowedValues": [str(value) for value in one.get("AllowedValues", [])]},
            **({"DefaultValue": str(one["Default"])} if "Default" in one else {}),
            **({"Description": one["Description"]} if "Description" in one else {}),
        }
        for name, one in declared.items()
    ]
    types = sorted({one["Type"] for one in found["Resources"].values()})
    metadata = {"Metadata": str(found["Metadata"])} if "Metadata" in found else {}
    return {"Parameters": rows, "ResourceTypes": types, "Version": template.VERSION, **metadata, **_about(found)}


def _asked(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The template that a request is about. Raises ValidationError."""
    body = stacks.one(ctx, req["StackName"]).wish.template if "StackName" in req else wishes.body_of(ctx, req)
    found = stacks.parsed(body)
    template.check(found)
    return found


def _is_hidden(one: dict[str, Any]) -> bool:
    return str(one.get("NoEcho", "")).lower() == "true"


def _about(found: dict[str, Any]) -> dict[str, Any]:
    needed = wishes.capability(found)
    about: dict[str, Any] = {"Description": found["Description"]} if "Description" in found else {}
    if needed:
        about |= {
            "Capabilities": [needed],
            "CapabilitiesReason": "The following resource(s) require capabilities: [IAM]",
        }
    return about
