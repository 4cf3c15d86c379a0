"""Events of fogbank's own services: from the outbox onto the default bus of the account and region they happened in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.scope import REGION_DEFAULT
from fogbank.control.context import Context
from fogbank.services.events import buses, routing, rules
from fogbank.services.events.resources import Archive, Rule


def wants(ctx: Context) -> bool:
    """Whether anything on the default bus could want an event that happens here."""
    home = ctx.at(region=ctx.region or REGION_DEFAULT)
    return bool(home.count(Rule) or home.count(Archive))


def deliver(ctx: Context, event: Mapping[str, Any]) -> None:
    """Let an event into the default bus. Services without a region tell theirs where IAM does."""
    region = event["region"] or REGION_DEFAULT
    shown = {**event, "region": region, "time": rules.time_text(float(event["time"]))}
    routing.route(ctx.at(region=region), buses.DEFAULT, shown)
