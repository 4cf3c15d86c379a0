"""Templates: shown, summarized, validated."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.cloudformation import macros, stacks, template, wishes


def get_template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "ChangeSetName" in req:
        wish = stacks.change_set(ctx, req)[1].wish
    else:
        wish = stacks.one(ctx, stacks.named(req)).wish
    is_original = req.get("TemplateStage", "Original") == "Original"
    stages = ["Original"] if wish.is_pending else ["Original", "Processed"]
    return {"TemplateBody": wish.template if is_original else wish.body, "StagesAvailable": stages}


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
    rows_of = template.section(found, "Resources").values()
    types = sorted({one["Type"] for one in rows_of if isinstance(one, dict) and isinstance(one.get("Type"), str)})
    metadata = {"Metadata": str(found["Metadata"])} if "Metadata" in found else {}
    return {"Parameters": rows, "ResourceTypes": types, "Version": template.VERSION, **metadata, **_about(found)}


def _asked(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """The template that a request is about. Raises ValidationError."""
    body = stacks.one(ctx, req["StackName"]).wish.template if "StackName" in req else wishes.body_of(ctx, req)
    found = stacks.parsed(body)
    wishes.check(found)
    return found


def _is_hidden(one: dict[str, Any]) -> bool:
    return str(one.get("NoEcho", "")).lower() == "true"


def _about(found: dict[str, Any]) -> dict[str, Any]:
    needed, transforms = wishes.capability(found), list(macros.declared(found))
    about: dict[str, Any] = {"Description": found["Description"]} if "Description" in found else {}
    names = [needed] if needed else []
    why = "The following resource(s) require capabilities: [IAM]" if needed else ""
    if transforms:
        names, about = [*names, macros.CAPABILITY], {**about, "DeclaredTransforms": transforms}
        why = why or f"The following transform(s) require capabilities: [{', '.join(transforms)}]"
    return {**about, "Capabilities": names, "CapabilitiesReason": why} if names else about
