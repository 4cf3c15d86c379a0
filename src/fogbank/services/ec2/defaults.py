"""What an account finds in a region: the default VPC, a subnet of it in each zone, its gateway (VPC User Guide)."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.services.ec2 import vpcs
from fogbank.services.ec2.resources import Region


def defaults(ctx: Context) -> None:
    """Make the default VPC of this account and region, once."""
    if ctx.get(Region, "region") is None:
        ctx.put(Region())
        vpcs.make_default(ctx)
