"""What reconcilers write down and tell: the status that something came to, and an event that says so."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.services.rds import clusters, events, instances
from fogbank.services.rds.events import Happening
from fogbank.services.rds.resources import Cluster, Instance, Measuring, Snapshot

_TOLD = ("creating", "rebooting", "starting")
"""States in which a server starts, and so is told all that it is to know."""
_DONE_BY_TURNING = ("failover", "reboot")


def settle(ctx: Context, found: Instance, status: str, category: str, message: str) -> None:
    """Write the status that an instance came to, unless another was wanted meanwhile. Within a transaction."""
    now = ctx.get(Instance, found.id)
    if now is not None and now.status == found.status:
        left = tuple(need for need in now.needs if need not in _DONE_BY_TURNING)
        state = _parameters_state(now) if found.status in _TOLD else now.parameters_state
        ctx.put(instances.changed(now, status=status, needs=left, parameters_state=state, reason=""))
        tell(ctx, found.id, category, message)
        if status == "available":
            _measure(ctx, found.resource_id)


def _measure(ctx: Context, resource_id: str) -> None:
    """Have an instance be measured from now on."""
    if ctx.get(Measuring, resource_id) is None:
        ctx.put(Measuring(resource_id=resource_id))
    else:
        ctx.after_commit(ctx.waker(Measuring, resource_id))


def settle_cluster(ctx: Context, found: Cluster, status: str, category: str, message: str) -> None:
    """Write the status that a cluster came to, unless another was wanted meanwhile. Within a transaction."""
    now = ctx.get(Cluster, found.id)
    if now is not None and now.status == found.status:
        ctx.put(clusters.changed(now, status=status, reason=""))
        tell_cluster(ctx, found.id, category, message)


def told(ctx: Context, identifier: str) -> None:
    """Write that an instance has been told what its parameter groups say. Within a transaction."""
    now = ctx.get(Instance, identifier)
    if now is not None and now.parameters_state == "applying":
        ctx.put(instances.changed(now, parameters_state=_parameters_state(now)))


def _parameters_state(found: Instance) -> str:
    return "pending-reboot" if found.held else "in-sync"


def tell(ctx: Context, identifier: str, category: str, message: str) -> None:
    """An event of an instance."""
    events.tell(ctx, Happening(f"db:{identifier}", category, message))


def tell_cluster(ctx: Context, identifier: str, category: str, message: str) -> None:
    """An event of a cluster."""
    events.tell(ctx, Happening(f"cluster:{identifier}", category, message))


def tell_snapshot(ctx: Context, found: Snapshot, status: str) -> None:
    """An event of a snapshot that was taken, or could not be."""
    is_there = status == "available"
    words = f"{found.type.capitalize()} snapshot {'created' if is_there else 'failed'}"
    category = "creation" if found.kind == "snapshot" else "backup"
    events.tell(ctx, Happening(f"{found.kind}:{found.id}", category, words))
