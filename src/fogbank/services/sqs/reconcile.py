"""Makes time act on queues: messages expire, and tasks move messages at their pace."""

from __future__ import annotations

from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.sqs import messages, moves, rules
from fogbank.services.sqs.queues import Found
from fogbank.services.sqs.resources import MoveTask, Queue, Watch
from fogbank.services.sqs.shelf import Shelf

_SOON = After(0.0)


async def expiry(ctx: Context, key: str) -> After | None:
    """Take away what has expired in a queue, and come back when the next message will."""
    with ctx.begin():
        queue, watch = ctx.get(Queue, key), ctx.get(Watch, key)
        if queue is None or watch is None:
            return None
        shelf = messages.shelf_of(Found(ctx, queue))
        if shelf.expire():
            return _SOON
        due = [int(row[:13]) / 1000 + queue.retention_seconds for row, _ in ctx.items(shelf.spaces.body, limit=1)]
        if queue.fifo and watch.period:
            due += _forget_duplicates(shelf, watch)
        if due:
            return After(max(0.0, min(due) - ctx.now))
        ctx.delete(Watch, key)
        tally = shelf.tally
        ctx.after_commit(lambda: setattr(tally, "is_watched", False))
    return None


def _forget_duplicates(shelf: Shelf, watch: Watch) -> list[float]:
    """When the ids that duplicates are known by may go; they go now where that is past."""
    due_at = (watch.period + 2) * rules.DEDUPLICATION_MS / 1000
    if due_at > shelf.ctx.now:
        return [due_at]
    for period in (watch.period, watch.period - 1):
        shelf.ctx.delete_item(shelf.spaces.known(period), None)
    shelf.ctx.delete_item(shelf.spaces.attempt, None)
    return []


async def move_task(ctx: Context, key: str) -> After | None:
    """Move some messages of a task; the commit of how many brings it back."""
    queue, started_ms, task_id = key.split("\0")
    with ctx.begin():
        task = ctx.get(MoveTask, queue, int(started_ms), task_id)
        if task is None or task.status != "RUNNING":
            return None
        if task.next_at > ctx.now:
            return After(task.next_at - ctx.now)
        ctx.put(moves.step(ctx, task))
    return None
