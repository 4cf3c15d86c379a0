"""Layers: archives that several functions see beside their own code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from fogbank.aws.arns import Arn
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.lambda_ import archives_url, rules
from fogbank.services.lambda_.resources import Code, LayerVersion

_VERSION = re.compile(r"layer:([a-zA-Z0-9-_]+):(\d+)\Z")
GONE = "The resource you requested does not exist."


class Named(NamedTuple):
    """A layer, where it lives."""

    home: Context
    name: str

    @property
    def arn(self) -> str:
        return self.home.arn(f"layer:{self.name}", "lambda")


def named(ctx: Context, text: str) -> Named:
    """The layer that a LayerName means, which need not be there."""
    parsed = Arn.parse(text)
    if parsed is None:
        return Named(ctx, text)
    return Named(ctx.at(parsed.region, parsed.account), parsed.resource.partition(":")[2])


def by_arn(ctx: Context, arn: str) -> tuple[Named, LayerVersion | None]:
    """The version that an ARN names, with its layer. Raises InvalidParameterValueException."""
    parsed = Arn.parse(arn)
    found = _VERSION.match(parsed.resource) if parsed is not None else None
    if parsed is None or found is None:
        raise rules.invalid(f"Invalid layer version arn: {arn}")
    home = ctx.at(parsed.region, parsed.account)
    return Named(home, found[1]), home.get(LayerVersion, found[1], int(found[2]))


def existing(ctx: Context, name: str, number: int) -> tuple[Named, LayerVersion]:
    """Raises InvalidParameterValueException and ResourceNotFoundException."""
    if number < 1:
        raise rules.invalid("Layer Version Cannot be less than 1.")
    layer = named(ctx, name)
    version = layer.home.get(LayerVersion, layer.name, number)
    if version is None or version.is_deleted:
        raise rules.missing(GONE)
    return layer, version


def checked(ctx: Context, arns: Sequence[str]) -> None:
    """Whether a caller may give these layers to a function.

    Raises InvalidParameterValueException for those that are not there, AccessDeniedException for others' layers.
    """
    if len(arns) > rules.LAYERS_MAX:
        raise rules.invalid("Cannot reference more than 5 layers.")
    seen: set[str] = set()
    for arn in arns:
        layer, version = by_arn(ctx, arn)
        if layer.arn in seen:
            raise rules.invalid(f"Two different versions of the same layer are not allowed to be referenced: {arn}")
        seen.add(layer.arn)
        policy = document(version.statements) if version is not None and version.statements else ""
        ctx.authorize(Need("lambda:GetLayerVersion", arn, account=layer.home.account, policy=policy))
        if version is None or version.is_deleted:
            raise rules.invalid(f"Layer version {arn} does not exist.")


def codes(ctx: Context, arns: Sequence[str]) -> list[Code]:
    """The archives of layer versions: those that were deleted since are still there for functions that have them."""
    found = [by_arn(ctx, arn)[1] for arn in arns]
    return [version.code for version in found if version is not None]


def document(statements: Sequence[Any]) -> str:
    return orjson.dumps({"Version": "2012-10-17", "Id": "default", "Statement": list(statements)}).decode()


def described(layer: Named, version: LayerVersion) -> dict[str, Any]:
    """A version as listings show it."""
    shown: dict[str, Any] = {
        "LayerVersionArn": f"{layer.arn}:{version.number}",
        "Version": version.number,
        "Description": version.description,
        "CreatedDate": rules.stamp(version.made_at),
    }
    if version.runtimes:
        shown["CompatibleRuntimes"] = list(version.runtimes)
    if version.architectures:
        shown["CompatibleArchitectures"] = list(version.architectures)
    if version.license:
        shown["LicenseInfo"] = version.license
    return shown


def whole(ctx: Context, layer: Named, version: LayerVersion) -> dict[str, Any]:
    """A version with where its archive can be fetched."""
    content = {
        "Location": archives_url.location(ctx, version.code),
        "CodeSha256": version.code.sha256,
        "CodeSize": version.code.size_bytes,
    }
    return {"Content": content, "LayerArn": layer.arn, **described(layer, version)}
