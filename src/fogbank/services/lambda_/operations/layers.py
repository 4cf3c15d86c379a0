"""Layers: shown, listed, deleted, and who else may have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import orjson

from fogbank.control.context import Context
from fogbank.services.lambda_ import functions, layers, listing, rules
from fogbank.services.lambda_.layers import Named
from fogbank.services.lambda_.resources import Layer, LayerVersion
from fogbank.store.records import key_of


def get_layer_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return layers.whole(ctx, *layers.existing(ctx, req["LayerName"], req["VersionNumber"]))


def get_layer_version_by_arn(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    layer, version = layers.by_arn(ctx, req["Arn"])
    if version is None or version.is_deleted:
        raise rules.missing(layers.GONE)
    return layers.whole(ctx, layer, version)


def list_layer_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    layer = layers.named(ctx, req["LayerName"])
    after = listing.after(req)
    rows = (
        version
        for version in layer.home.scan(LayerVersion, layer.name, after=after, reverse=True)
        if _fits(version, req)
    )
    return listing.page("LayerVersions", rows, req, key_of, lambda version: layers.described(layer, version))


def list_layers(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rows = _newest(ctx, req, listing.after(req))
    return listing.page("Layers", rows, req, lambda version: version.layer, lambda version: _listed(ctx, version))


def delete_layer_version(ctx: Context, req: dict[str, Any]) -> None:
    number = req["VersionNumber"]
    if number < 1:
        raise rules.invalid("Layer Version Cannot be less than 1.")
    version = ctx.get(LayerVersion, layers.named(ctx, req["LayerName"]).name, number)
    if version is not None and not version.is_deleted:
        ctx.put(msgspec.structs.replace(version, is_deleted=True, statements=()))


def add_layer_version_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    layer, version = layers.existing(ctx, req["LayerName"], req["VersionNumber"])
    functions.check_revision(req.get("RevisionId"), version.revision if version.statements else "")
    sid = req["StatementId"]
    if any(one["Sid"] == sid for one in version.statements):
        raise rules.conflict(
            f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the "
            "existing statement."
        )
    statement = _statement(layer, version, req)
    statements = (*version.statements, statement)
    if len(layers.document(statements)) > rules.POLICY_BYTES_MAX:
        raise rules.too_long(len(layers.document(statements)))
    changed = msgspec.structs.replace(version, statements=statements, revision=ctx.uuid())
    layer.home.put(changed)
    return {"Statement": orjson.dumps(statement).decode(), "RevisionId": changed.revision}


def get_layer_version_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _, version = layers.existing(ctx, req["LayerName"], req["VersionNumber"])
    if not version.statements:
        raise rules.missing("No policy is associated with the given resource.")
    return {"Policy": layers.document(version.statements), "RevisionId": version.revision}


def remove_layer_version_permission(ctx: Context, req: dict[str, Any]) -> None:
    layer, version = layers.existing(ctx, req["LayerName"], req["VersionNumber"])
    functions.check_revision(req.get("RevisionId"), version.revision)
    left = tuple(one for one in version.statements if one["Sid"] != req["StatementId"])
    if len(left) == len(version.statements):
        raise rules.missing(f"Statement {req['StatementId']} is not found in resource policy.")
    layer.home.put(msgspec.structs.replace(version, statements=left, revision=ctx.uuid()))


def _fits(version: LayerVersion, req: dict[str, Any]) -> bool:
    runtime, architecture = req.get("CompatibleRuntime"), req.get("CompatibleArchitecture")
    return (
        not version.is_deleted
        and (runtime is None or runtime in version.runtimes)
        and (architecture is None or architecture in version.architectures)
    )


def _newest(ctx: Context, req: dict[str, Any], after: str) -> Iterator[LayerVersion]:
    """The newest version of each layer that is asked for."""
    for layer in ctx.scan(Layer, after=after):
        found = (one for one in ctx.scan(LayerVersion, layer.name, reverse=True) if _fits(one, req))
        if (version := next(found, None)) is not None:
            yield version


def _listed(ctx: Context, version: LayerVersion) -> dict[str, Any]:
    layer = Named(ctx, version.layer)
    return {
        "LayerName": version.layer,
        "LayerArn": layer.arn,
        "LatestMatchingVersion": layers.described(layer, version),
    }


def _statement(layer: Named, version: LayerVersion, req: dict[str, Any]) -> dict[str, Any]:
    principal = req["Principal"]
    if principal.isdigit():
        principal = f"arn:{layer.home.partition}:iam::{principal}:root"
    made: dict[str, Any] = {
        "Sid": req["StatementId"],
        "Effect": "Allow",
        "Principal": principal if principal == "*" else {"AWS": principal},
        "Action": req["Action"],
        "Resource": f"{layer.arn}:{version.number}",
    }
    if "OrganizationId" in req:
        made["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": req["OrganizationId"]}}
    return made
