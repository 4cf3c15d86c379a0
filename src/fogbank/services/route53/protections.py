"""Whether record sets may be changed: some names and types of a zone are protected."""

from __future__ import annotations

from collections.abc import Iterable

from fogbank.control.context import Context
from fogbank.services.route53 import names, record_sets
from fogbank.services.route53.record_sets import Key
from fogbank.services.route53.resources import Protection


def check(ctx: Context, zone_id: str, keys: Iterable[Key]) -> None:
    """Raises InvalidChangeBatch for names and types that are protected."""
    found = [one for one in keys if ctx.get(Protection, zone_id, names.order(one.name), one.type) is not None]
    if found:
        text = "The resource record set [name='{}', type='{}'] is protected and cannot be changed."
        raise record_sets.invalid(dict.fromkeys(text.format(one.name, one.type) for one in found))
