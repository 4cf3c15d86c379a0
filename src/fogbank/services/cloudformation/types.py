"""CloudFormation's own resource types."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.control.resource_type import Change, Functions, Properties, Wanted, already_exists, of_functions
from fogbank.services.cloudformation.custom import Place
from fogbank.services.cloudformation.reconcile import custom, wait_conditions
from fogbank.services.cloudformation.reconcile.nested import NESTED
from fogbank.services.cloudformation.resources import Macro

_MACRO = "AWS::CloudFormation::Macro"


def _metadata(ctx: Context, wanted: Wanted) -> str:
    return ctx.uuid()


def _forgotten(ctx: Context, identity: str, properties: Properties) -> None:
    """Nothing is kept of it."""


METADATA = of_functions(
    Functions(
        "AWS::CDK::Metadata",
        create=_metadata,
        update=lambda ctx, change: None,
        delete=_forgotten,
        known=frozenset(("Analytics",)),
    )
)
"""What the CDK tells AWS of how a template was written: it has no effect."""


def _macro(ctx: Context, wanted: Wanted) -> str:
    name = str(wanted.properties["Name"])
    if ctx.get(Macro, name) is not None:
        raise already_exists(_MACRO, name)
    ctx.put(_of(name, wanted.properties))
    return name


def _of(name: str, properties: Properties) -> Macro:
    description = str(properties.get("Description", ""))
    return Macro(name=name, function=str(properties["FunctionName"]), description=description)


def _changed(ctx: Context, change: Change) -> None:
    ctx.put(_of(change.id, change.after))


TYPES = (
    METADATA,
    NESTED,
    wait_conditions.HANDLE,
    wait_conditions.kind(Place()),
    custom.kind(Place()),
    of_functions(
        Functions(
            _MACRO,
            create=_macro,
            update=_changed,
            delete=lambda ctx, name, properties: ctx.delete(Macro, name),
            required=("FunctionName", "Name"),
            known=frozenset(("Description", "FunctionName", "Name")),
            replaces=frozenset(("Name",)),
        )
    ),
)
