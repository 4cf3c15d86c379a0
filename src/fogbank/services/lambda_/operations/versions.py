"""Versions: published and listed."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.lambda_ import functions, listing, references, rules, shown
from fogbank.services.lambda_.resources import Version
from fogbank.store.records import key_of


def publish_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req, plain=True)
    version = functions.latest(found)
    functions.check_revision(req.get("RevisionId"), version.revision)
    wanted = req.get("CodeSha256")
    if wanted and wanted != version.code.sha256:
        raise rules.invalid(
            f"CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({version.code.sha256}). "
            "Please try again with the CodeSHA256 in $LATEST."
        )
    return shown.configuration(found, functions.publish(found, req.get("Description")))


def list_versions_by_function(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    rows = ctx.scan(Version, found.name, after=listing.after(req))
    return listing.page("Versions", rows, req, key_of, lambda row: _row(found, row))


def _row(found: functions.Found, version: Version) -> dict[str, Any]:
    return shown.configuration(found._replace(qualifier=references.shown(version.number)), version)
