"""Sets of DHCP options: the one that every VPC begins with, and how they are described."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import ids, tags
from fogbank.control.context import Context
from fogbank.services.ec2 import addressing
from fogbank.services.ec2.resources import DhcpOptions, Region

NONE = "default"
"""The id that stands for no options at all."""


def default_id(ctx: Context) -> str:
    """The set that Amazon made for this account and region, made again where somebody deleted it."""
    region = ctx.get(Region, "region") or Region()
    if region.dhcp_options_id and ctx.get(DhcpOptions, region.dhcp_options_id) is not None:
        return region.dhcp_options_id
    values = {
        "domain-name": (addressing.private_domain(ctx.region),),
        "domain-name-servers": ("AmazonProvidedDNS",),
    }
    made = DhcpOptions(id=ids.resource_id(ctx.random, "dopt"), values=values)
    ctx.put(made)
    ctx.put(msgspec.structs.replace(region, dhcp_options_id=made.id))
    return made.id


def described(ctx: Context, options: DhcpOptions) -> dict[str, Any]:
    """A set of options as DescribeDhcpOptions shows it."""
    return {
        "DhcpOptionsId": options.id,
        "OwnerId": ctx.account,
        "DhcpConfigurations": [
            {"Key": key, "Values": [{"Value": value} for value in options.values[key]]}
            for key in sorted(options.values)
        ],
        "Tags": tags.written(options.tags),
    }
