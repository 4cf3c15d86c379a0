"""The network that nodes live in: waited for, since EC2 makes it by itself."""

from __future__ import annotations

from collections.abc import Sequence

from fogbank.aws.errors import WorldError
from fogbank.control.context import Context
from fogbank.planes.engines.engine import until
from fogbank.services.rds import groups
from fogbank.services.rds.resources import Seat

_SECONDS = 30.0


async def networked(ctx: Context, subnet_group: str, seats: Sequence[Seat]) -> None:
    """Wait until the network has the interfaces of nodes. Raises WorldError."""
    net = ctx.planes.net
    if not net.has_packets:
        return
    with ctx.begin():
        vpc_id = groups.subnet_group(ctx, subnet_group).vpc_id

    async def is_there() -> bool:
        return all(net.has(f"{vpc_id}/{seat.interface_id}") for seat in seats)

    try:
        await until(is_there, _SECONDS)
    except TimeoutError:
        raise WorldError(f"the network has not all of {[seat.interface_id for seat in seats]} yet") from None
