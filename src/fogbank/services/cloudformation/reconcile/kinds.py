"""The type of a resource, for the one at its place in a stack: custom resources and conditions are told where."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.control.resource_type import ResourceType
from fogbank.services.cloudformation import creations, signals, stacks
from fogbank.services.cloudformation.custom import Place, is_custom
from fogbank.services.cloudformation.reconcile import custom, wait_conditions
from fogbank.services.cloudformation.resources import Stack


def of(ctx: Context, found: Stack, logical: str, type_name: str) -> ResourceType | None:
    """None where nobody has the type."""
    if not is_custom(type_name) and type_name != signals.TYPE:
        return ctx.resource_type(type_name)
    # A job that fails and is taken back asks twice.
    place = Place(found.id, stacks.arn(ctx, found), logical, type_name, f"{found.job} {found.status}")
    if type_name == signals.TYPE:
        declared = stacks.parsed(found.wish.body)["Resources"].get(logical, {})
        return wait_conditions.kind(place._replace(is_signalled=creations.is_signalled(declared)))
    return custom.kind(place)
