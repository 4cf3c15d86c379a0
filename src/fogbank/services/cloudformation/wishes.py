"""What a request wants a stack to be: its template, parameters, tags and capabilities, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.service import MustWait
from fogbank.services.cloudformation import (
    assertions,
    creations,
    custom,
    graph,
    lookups,
    macros,
    parameters,
    serverless,
    soundness,
    stacks,
    template,
)
from fogbank.services.cloudformation.resources import Macro, Stack, Wish
from fogbank.services.cloudformation.template import invalid

_IAM = "AWS::IAM::"
_NAMED = ("RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName")


def body_of(ctx: Context, req: Mapping[str, Any], before: Wish | None = None) -> str:
    """The text of the template that a request brings, names, or has from before. Raises ValidationError."""
    if req.get("TemplateURL") and not req.get("TemplateBody"):
        # Objects may have to be waited for, which a transaction may not: `data.py` puts the text in the place of it.
        raise MustWait
    given = [name for name in ("TemplateBody", "_Fetched", "UsePreviousTemplate") if req.get(name)]
    given += ["TemplateURL"] if req.get("TemplateURL") else []
    if len(given) != 1 or (given == ["UsePreviousTemplate"] and before is None):
        raise invalid("Either Template URL or Template Body must be specified.")
    if given == ["UsePreviousTemplate"] and before is not None:
        return before.template
    if given == ["TemplateBody"]:
        text = str(req["TemplateBody"])
        if len(text.encode()) > template.BODY_BYTES_MAX:
            what = f"1 validation error detected: Value '{text}' at 'templateBody' failed to satisfy constraint"
            most = template.BODY_BYTES_MAX
            raise invalid(f"{what}: Member must have length less than or equal to {most}")
        return text
    return str(req["_Fetched"])


def of(ctx: Context, req: Mapping[str, Any], stack: Stack | None, body: str) -> Wish:
    """The wish of a request, and of the stack that it changes. Raises ValidationError, InsufficientCapabilities."""
    found = stacks.parsed(body)
    transforms = check(found)
    declared = template.section(found, "Parameters")
    before = stack.wish if stack is not None else None
    given = dict(_given(req.get("Parameters", []), before))
    values = parameters.given(declared, given)
    values |= _looked_up(ctx, declared, values)
    _check_rules(ctx, req["StackName"], found, values)
    tags = {one["Key"]: one["Value"] for one in req["Tags"]} if "Tags" in req else before.tags if before else {}
    wish = Wish(template=body, parameters=given, values=values, tags=tags, transforms=transforms)
    if not transforms:
        _check(ctx, wish, req.get("Capabilities", []))
    return wish


def check(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The transforms of a template. Raises ValidationError for one that can be no stack."""
    transforms = macros.declared(found)
    if transforms:
        macros.check(found)
    else:
        soundness.check(found)
    return transforms


def _check_rules(ctx: Context, name: str, found: Mapping[str, Any], values: Mapping[str, str]) -> None:
    """Raises ValidationError for parameters that do not go together."""
    declared = template.section(found, "Parameters")
    known = {one: parameters.value(declared, one, text) for one, text in values.items()}
    # Of the rest of what tells of the stack, nothing is known before there is one.
    known |= {**stacks.here(ctx), "AWS::StackName": name.rpartition("stack/")[2].partition("/")[0]}
    assertions.hold(
        found, assertions.Known(lambda one: known.get(one, ""), declared, lambda kind: lookups.listed(ctx, kind))
    )


def transformed(ctx: Context, wish: Wish, processed: str, capabilities: Iterable[str]) -> Wish:
    """A wish once its transforms have been carried out. Raises what `of` raises for a template without any."""
    found = stacks.parsed(processed)
    soundness.check(found)
    declared = template.section(found, "Parameters")
    given = {name: text for name, text in wish.parameters.items() if name in declared}
    values = {
        **parameters.given(declared, given),
        **{name: wish.values[name] for name in wish.values if name in declared},
    }
    whole = msgspec.structs.replace(wish, processed=processed, values=values)
    _check(ctx, whole, capabilities)
    return whole


def check_texts(req: Mapping[str, Any]) -> None:
    """Raises MustWait for a policy that is named by its address: `data.py` puts the text in the place of it."""
    if any(req.get(f"{name}URL") for name in ("StackPolicy", "StackPolicyDuringUpdate")):
        raise MustWait


def check_expandable(ctx: Context, wish: Wish, capabilities: Iterable[str] | None = None) -> None:
    """Raises ValidationError for transforms that there are not, InsufficientCapabilities for those nobody has allowed.

    None for a change set, whose changes somebody looks at before they are made.
    """
    if wish.transforms and capabilities is not None and macros.CAPABILITY not in capabilities:
        raise _insufficient(macros.CAPABILITY)
    if macros.SERVERLESS in wish.transforms:
        serverless.check_installed()
    for name in wish.transforms if capabilities is not None else ():
        if name not in macros.OURS and ctx.get(Macro, macros.own_name(name, ctx.account)) is None:
            raise macros.unknown(name, ctx.account)


def _check(ctx: Context, wish: Wish, capabilities: Iterable[str]) -> None:
    found = stacks.parsed(wish.body)
    _check_types(ctx, found)
    _check_capabilities(found, capabilities)
    graph.needs(found["Resources"], stacks.known_names(wish))


def _given(listed: Iterable[Mapping[str, Any]], before: Wish | None) -> Iterable[tuple[str, str]]:
    for one in listed:
        name = one["ParameterKey"]
        if not one.get("UsePreviousValue"):
            yield name, one.get("ParameterValue", "")
        elif before is None or name not in before.values:
            text = "Cannot specify usePreviousValue as true for a parameter key not in the previous template"
            raise invalid(f"Invalid input for parameter key {name}. {text}")
        elif name in before.parameters:
            yield name, before.parameters[name]


def _looked_up(ctx: Context, declared: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """What parameters of SSM types come to. Raises ValidationError."""
    found = {}
    for name in parameters.looked_up(declared):
        try:
            found[name] = str(ctx.call("ssm", "GetParameter", Name=values[name])["Parameter"]["Value"])
        except AwsError:
            text = f"Unable to fetch parameters [{values[name]}] from parameter store for this account."
            raise invalid(text) from None
    return found


def _check_types(ctx: Context, found: Mapping[str, Any]) -> None:
    kinds = {logical: ctx.resource_type(custom.listed(one["Type"])) for logical, one in found["Resources"].items()}
    strange = sorted({found["Resources"][logical]["Type"] for logical, kind in kinds.items() if kind is None})
    if strange:
        raise invalid(f"Template format error: Unrecognized resource types: [{', '.join(strange)}]")
    for logical, kind in kinds.items():
        assert kind is not None
        for name, verb in (("DeletionPolicy", "deletion policy"), ("UpdateReplacePolicy", "update replace policy")):
            if found["Resources"][logical].get(name) == "Snapshot" and kind.last is None:
                raise invalid(f"Template error: resource type {kind.name} does not support {verb} Snapshot")
        creations.check(logical, found["Resources"][logical])
    for logical, attribute in soundness.attributes_named(found):
        kind = kinds[logical]
        if kind is not None and kind.attributes is None:
            text = f"resource {logical} does not support attribute type {attribute} in Fn::GetAtt"
            raise invalid(f"Template error: {text}")


def capability(found: Mapping[str, Any]) -> str:
    """What has to be acknowledged for a template with IAM resources; empty for none."""
    ours = [one for one in template.section(found, "Resources").values() if _is_iam(one)]
    named = any(name in one.get("Properties", {}) for one in ours for name in _NAMED)
    return "CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM" if ours else ""


def _is_iam(one: Any) -> bool:
    """Before transforms are carried out, what stands among resources may be anything."""
    return isinstance(one, dict) and str(one.get("Type")).startswith(_IAM)


def _check_capabilities(found: Mapping[str, Any], given: Iterable[str]) -> None:
    """Raises InsufficientCapabilitiesException for IAM resources that nobody has acknowledged."""
    needed = capability(found)
    if needed and not {needed, "CAPABILITY_NAMED_IAM"} & set(given):
        raise _insufficient(needed)


def _insufficient(needed: str) -> AwsError:
    return AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")
