"""Functions: shown, configured, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.control.context import Context
from fogbank.services.lambda_ import archives_url, environments, functions, listing, references, rules, settings, shown
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Alias, Function, Version
from fogbank.store.records import key_of

_CODE_BYTES = {
    "TotalCodeSize": rules.CODE_BYTES_MAX,
    "CodeSizeUnzipped": rules.UNZIPPED_BYTES_MAX,
    "CodeSizeZipped": rules.ZIPPED_BYTES_MAX,
}


def get_function(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    version = functions.version_of(found)
    answer: dict[str, Any] = {
        "Configuration": shown.configuration(found, version),
        "Code": {"RepositoryType": "S3", "Location": archives_url.location(ctx, version.code)},
    }
    if found.function.tags:
        answer["Tags"] = dict(found.function.tags)
    if found.function.reserved is not None:
        answer["Concurrency"] = {"ReservedConcurrentExecutions": found.function.reserved}
    return answer


def get_function_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    return shown.configuration(found, functions.version_of(found))


def list_functions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = listing.after(req)
    rows = _all(ctx, after) if req.get("FunctionVersion") == "ALL" else _latest(ctx, after)
    return listing.page("Functions", rows, req, lambda row: key_of(row[1]), lambda row: shown.configuration(*row))


def update_function_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req, plain=True)
    version = functions.latest(found)
    functions.check_revision(req.get("RevisionId"), version.revision)
    configuration = settings.configured(ctx, found.name, version.configuration, req)
    return shown.configuration(found, functions.change(found, version, configuration=configuration))


def delete_function(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = functions.own(ctx, req)
    if not found.qualifier:
        functions.remove(found)
        return {"StatusCode": 204}
    if found.qualifier == references.LATEST:
        raise rules.invalid("$LATEST version cannot be deleted without deleting the function.")
    if not found.qualifier.isdigit():
        raise rules.invalid(
            "Deletion of aliases is not currently supported. Please use the DeleteAlias API to delete an alias."
        )
    version = functions.numbered(found, int(found.qualifier))
    if version is None:
        return {"StatusCode": 204}
    used = [alias.name for alias in ctx.scan(Alias, found.name) if _points(alias, version)]
    if used:
        raise rules.conflict(
            "Version cannot be deleted because aliases reference it. "
            f"Remove the following aliases first: {', '.join(used)}"
        )
    functions.remove_version(found, version)
    return {"StatusCode": 204}


def get_account_settings(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    used = {version.code.blob: version.code.size_bytes for version in ctx.scan(Version)}
    reserved = environments.reservations(ctx).total
    return {
        "AccountLimit": {
            **_CODE_BYTES,
            "ConcurrentExecutions": rules.CONCURRENCY,
            "UnreservedConcurrentExecutions": rules.CONCURRENCY - reserved,
        },
        "AccountUsage": {"TotalCodeSize": sum(used.values()), "FunctionCount": ctx.count(Function)},
    }


def _points(alias: Alias, version: Version) -> bool:
    return version.number == alias.version or str(version.number) in alias.weights


def _latest(ctx: Context, after: str) -> Iterator[tuple[Found, Version]]:
    for function in ctx.scan(Function, after=after.partition("\x00")[0]):
        found = Found(ctx, function, "")
        yield found, functions.latest(found)


def _all(ctx: Context, after: str) -> Iterator[tuple[Found, Version]]:
    for version in ctx.scan(Version, after=after):
        function = ctx.get(Function, version.function)
        if function is not None:
            yield Found(ctx, function, references.shown(version.number)), version
