"""Outputs of stacks, and those that other stacks may import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.cloudformation import intrinsics, stacks, template
from fogbank.services.cloudformation.parameters import HIDDEN
from fogbank.services.cloudformation.resources import Export, Output, Stack, StackResource


def outputs(
    ctx: Context, found: Stack, rows: Mapping[str, StackResource]
) -> tuple[tuple[Output, ...], tuple[str, ...]]:
    """The outputs of a stack whose resources are there, and the names of all that its template imports.

    Raises ValidationError.
    """
    attributes = {one: _shown(row) for one, row in rows.items()}
    scope = stacks.scope(ctx, found, found.wish, attributes)
    body = stacks.parsed(found.wish.body)
    made = []
    for key, one in template.section(body, "Outputs").items():
        if "Condition" in one and not scope.conditions[one["Condition"]]:
            continue
        value = intrinsics.resolved(one["Value"], scope)
        name = intrinsics.resolved(one.get("Export", {}).get("Name", ""), scope)
        made.append(Output(key=key, value=_text(value), description=str(one.get("Description", "")), export=name))
    named = {intrinsics.resolved(argument, scope) for argument in _imports(body)}
    return tuple(made), tuple(sorted(named))


def _shown(row: StackResource) -> dict[str, Any]:
    """What outputs may say of a resource."""
    found = dict.fromkeys(row.what.attributes, HIDDEN) if row.what.is_secret else row.what.attributes
    return {**found, "": row.what.physical_id}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _imports(value: Any) -> Iterator[Any]:
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _imports(one)
    if isinstance(value, dict) and "Fn::ImportValue" in value:
        yield value["Fn::ImportValue"]


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
