"""Aliases: names for versions, which may share their events with another."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.control.context import Context
from fogbank.services.lambda_ import functions, listing, references, rules, shown
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import LATEST, Alias, EventSettings, FunctionUrl, Policy, Provisioned
from fogbank.store.records import key_of


def create_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req, plain=True)
    name = req["Name"]
    if ctx.get(Alias, found.name, name) is not None:
        raise rules.conflict(f"Alias already exists: {functions.arn(ctx, found.name, name)}")
    version = _version(found, req["FunctionVersion"])
    alias = Alias(
        function=found.name,
        name=name,
        version=version,
        description=req.get("Description", ""),
        weights=_weights(found, version, req),
        revision=ctx.uuid(),
    )
    ctx.put(alias)
    return shown.alias(found, alias)


def get_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, alias = _existing(ctx, req)
    return shown.alias(found, alias)


def list_aliases(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    wanted = req.get("FunctionVersion")
    rows = (
        alias
        for alias in ctx.scan(Alias, found.name, after=listing.after(req))
        if wanted is None or references.shown(alias.version) == wanted
    )
    return listing.page("Aliases", rows, req, key_of, lambda alias: shown.alias(found, alias))


def update_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found, alias = _existing(ctx, req)
    functions.check_revision(req.get("RevisionId"), alias.revision)
    version = _version(found, req["FunctionVersion"]) if "FunctionVersion" in req else alias.version
    changed = msgspec.structs.replace(
        alias,
        version=version,
        description=req.get("Description", alias.description),
        weights=_weights(found, version, req) if "RoutingConfig" in req else alias.weights,
        revision=ctx.uuid(),
    )
    ctx.put(changed)
    provisioned = ctx.get(Provisioned, found.name, alias.name)
    if provisioned is not None:
        # Its environments are to be those of the new version.
        ctx.put(msgspec.structs.replace(provisioned, status="IN_PROGRESS", modified_at=ctx.now))
    return shown.alias(found, changed)


def delete_alias(ctx: Context, req: dict[str, Any]) -> None:
    found, name = functions.own(ctx, req), req["Name"]
    for kind in (Alias, EventSettings, FunctionUrl, Policy, Provisioned):
        ctx.delete(kind, found.name, name)


def _existing(ctx: Context, req: dict[str, Any]) -> tuple[Found, Alias]:
    found = functions.own(ctx, req)
    alias = ctx.get(Alias, found.name, req["Name"])
    if alias is None:
        raise rules.missing(f"Cannot find alias arn: {functions.arn(ctx, found.name, req['Name'])}")
    return found, alias


def _version(found: Found, asked: str) -> int:
    number = LATEST if asked == references.LATEST else int(asked) if asked.isdigit() else -1
    if functions.numbered(found, number) is None or (asked.isdigit() and not number):
        raise rules.no_function(functions.arn(found.home, found.name, asked))
    return number


def _weights(found: Found, version: int, req: dict[str, Any]) -> dict[str, float]:
    """Raises InvalidParameterValueException and ResourceNotFoundException."""
    given = req.get("RoutingConfig", {}).get("AdditionalVersionWeights") or {}
    if len(given) > 1:
        raise rules.invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
    for number, weight in given.items():
        if not 0.0 <= weight <= 1.0:
            raise rules.invalid(f"The weight {weight} of version {number} is not between 0.0 and 1.0.")
        if version == LATEST or number == references.LATEST:
            raise rules.invalid("$LATEST is not supported for an alias pointing to more than 1 version")
        if int(number) == version:
            raise rules.invalid(
                f"Invalid function version {number}. Function version {number} is already included in routing "
                "configuration."
            )
        _version(found, number)
    return dict(given)
