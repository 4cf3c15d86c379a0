"""Outputs of stacks, and those that other stacks may import."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudformation import intrinsics, stacks, template
from fogbank.services.cloudformation.intrinsics import Scope
from fogbank.services.cloudformation.parameters import HIDDEN
from fogbank.services.cloudformation.resources import Export, Output, Stack, StackResource
from fogbank.services.cloudformation.template import malformed


def outputs(
    ctx: Context, found: Stack, rows: Mapping[str, StackResource]
) -> tuple[tuple[Output, ...], tuple[str, ...]]:
    """The outputs of a stack whose resources are there, and the names of all that its template imports.

    Raises ValidationError.
    """
    named: set[str] = set()
    shown = _noting(stacks.scope(ctx, found, found.wish, {one: _shown(row) for one, row in rows.items()}), named)
    made = []
    for key, one in template.section(stacks.parsed(found.wish.body), "Outputs").items():
        if "Condition" not in one or shown.conditions[one["Condition"]]:
            made.append(_output(key, one, shown))
    known = {one: {**row.what.attributes, "": row.what.physical_id} for one, row in rows.items()}
    scope = _noting(stacks.scope(ctx, found, found.wish, known), named)
    for resource in stacks.resources(found.wish, scope).values():
        # For the names that they import, which conditions in them may leave out.
        intrinsics.resolved(resource.get("Properties", {}), scope)
    return tuple(made), tuple(sorted(named))


def _noting(scope: Scope, named: set[str]) -> Scope:
    """A scope that notes what is imported."""

    def imported(name: str) -> Any:
        named.add(name)
        return scope.imported(name)

    return scope._replace(imported=imported)


def _output(key: str, one: Mapping[str, Any], scope: Scope) -> Output:
    value = intrinsics.resolved(one["Value"], scope)
    if not isinstance(value, str | int | float):
        what = " and not a List" if isinstance(value, list) else " and not a Map" if isinstance(value, dict) else ""
        raise malformed(key, f"The Value field of every Outputs member must evaluate to a String{what}.")
    export = intrinsics.resolved(one.get("Export", {}).get("Name", ""), scope)
    if not isinstance(export, str | int | float) or ("Export" in one and export == ""):
        raise malformed(key, "The Name field of every Export member must be specified.")
    told = str(one.get("Description", ""))
    return Output(key=key, value=intrinsics.written(value), description=told, export=str(export))


def _shown(row: StackResource) -> dict[str, Any]:
    """What outputs may say of a resource."""
    found = _hidden(row.what.attributes) if row.what.is_secret else row.what.attributes
    return {**found, "": row.what.physical_id}


def _hidden(value: Any) -> Any:
    return {name: _hidden(one) for name, one in value.items()} if isinstance(value, Mapping) else HIDDEN


def write(ctx: Context, found: Stack, made: tuple[Output, ...]) -> None:
    """Have a stack's exports be these. Raises ValidationError for names that are others', and for what is in use."""
    wanted = {one.export: one.value for one in made if one.export}
    for name, value in wanted.items():
        known = ctx.get(Export, name)
        if known is not None and known.stack_id != found.id:
            text = f"Export with name {name} is already exported by stack {_name(ctx, known.stack_id)}. Cannot update."
            raise AwsError("ValidationError", text)
        if known is not None and known.value != value:
            check_free(ctx, found, name, "updated")
        if known is None or known.value != value:
            ctx.put(Export(name=name, value=value, stack_id=found.id))
    for known in list(ctx.scan(Export)):
        if known.stack_id == found.id and known.name not in wanted:
            check_free(ctx, found, known.name, "deleted")
            ctx.delete(Export, known.name)


def check_free(ctx: Context, found: Stack, name: str, verb: str) -> None:
    """Raises ValidationError for an export that another stack uses."""
    users = [one.name for one in importers(ctx, name) if one.id != found.id]
    if users:
        text = f"Export {name} cannot be {verb} as it is in use by {', '.join(users)}"
        raise AwsError("ValidationError", text)


def importers(ctx: Context, name: str) -> list[Stack]:
    """The stacks that use an export."""
    return [one for one in ctx.scan(Stack) if one.living_name and name in one.imports]


def forget(ctx: Context, found: Stack) -> None:
    """Let go of what a stack has exported."""
    for known in list(ctx.scan(Export)):
        if known.stack_id == found.id:
            ctx.delete(Export, known.name)


def _name(ctx: Context, stack_id: str) -> str:
    known = ctx.get(Stack, stack_id)
    return known.name if known is not None else stack_id
