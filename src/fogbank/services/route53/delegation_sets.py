"""Reusable delegation sets, found by id."""

from __future__ import annotations

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import rules
from fogbank.services.route53.resources import DelegationSet


def one(ctx: Context, given: str) -> DelegationSet:
    """Raises NoSuchDelegationSet."""
    set_id = rules.id_of(given)
    found = ctx.get(DelegationSet, set_id)
    if found is None:
        raise AwsError("NoSuchDelegationSet", f"No delegation set found with ID: {set_id}")
    return found
