"""Events of fogbank's own services: from the outbox onto the default bus of the account and region they happened in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.scope import REGION_DEFAULT
from fogbank.control.context import Context
from fogbank.services.events import buses, routing, rules
from fogbank.services.events.resources import Archive, Rule


class _Known:
    """Whether somebody listens in a scope, as it was when the service's records had changed so often there."""

    def __init__(self, *scope: str) -> None:
        self.changes = -1
        self.is_wanted = False


def wants(ctx: Context) -> bool:
    """Whether anything on the default bus could want an event that happens here: asked of every event there is."""
    home = ctx if ctx.region else ctx.at(region=REGION_DEFAULT)
    if ctx.transaction.has_written("events"):
        # What may still be taken back is no truth to remember.
        return _is_wanted(home)
    known, changes = ctx.held(_Known, *home.scope), home.changes("events")
    if known.changes != changes:
        known.changes, known.is_wanted = changes, _is_wanted(home)
    return known.is_wanted


def _is_wanted(home: Context) -> bool:
    return bool(home.count(Rule) or home.count(Archive))


def deliver(ctx: Context, event: Mapping[str, Any]) -> None:
    """Let an event into the default bus. Services without a region tell theirs where IAM does."""
    region = event["region"] or REGION_DEFAULT
    shown = {**event, "region": region, "time": rules.time_text(float(event["time"]))}
    routing.route(ctx.at(region=region), buses.DEFAULT, shown)
