"""Makes time act on secrets: deleted ones go at the end of their window, rotations that are due are carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import orjson

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.services.secretsmanager import rotations, secrets
from fogbank.services.secretsmanager.resources import Attempt, Deadline, Secret
from fogbank.services.secretsmanager.rotations import Turn

_PATIENCE_SECONDS = 1.0
"""A function that takes longer brings the reconciler back when it is done: nobody else waits for it."""


class Steps:
    """The steps that functions are at in a scope."""

    def __init__(self, *where: str) -> None:
        self.of: dict[str, tuple[Attempt, asyncio.Task[str]]] = {}
        """By secret: the attempt that the step belongs to, and who is at it."""
        self._tasks: set[asyncio.Task[str]] = set()

    def begin(self, name: str, attempt: Attempt, work: Coroutine[Any, Any, str]) -> asyncio.Task[str]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.of[name] = (attempt, task)
        return task

    def dropped(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        self.of.clear()


async def deadline(ctx: Context, key: str) -> After | None:
    """Look at one secret, at its name; a step of its rotation that a kill has cut short is taken again."""
    held, waker = ctx.held(Steps, *ctx.scope), ctx.waker(Deadline, key)
    while True:
        with ctx.begin():
            secret = ctx.get(Secret, key)
            if secret is None:
                return None
            if secret.delete_at and secret.delete_at <= ctx.now:
                secrets.remove(ctx, secret)
                ctx.emit("Secret Deleted", {"name": secret.name}, [secrets.arn_of(ctx, secret)])
                return None
            turn = None if secret.deleted_at else rotations.due(ctx, secret)
            if turn is None:
                secret = ctx.get(Secret, key) or secret
                due_at = secret.delete_at or rotations.next_due(ctx, secret)
                return After(max(0.0, due_at - ctx.now)) if due_at else None
        task = _at_work(ctx, held, key, turn)
        await asyncio.wait({task}, timeout=_PATIENCE_SECONDS)
        if not task.done():
            task.add_done_callback(lambda _: waker())
            return None
        held.of.pop(key, None)
        if task.cancelled():
            return None
        with ctx.begin():
            rotations.settle(ctx, key, turn, task.result())


def _at_work(ctx: Context, held: Steps, key: str, turn: Turn) -> asyncio.Task[str]:
    """The function at its step, which may be at it since the reconciler was here last."""
    found = held.of.get(key)
    if found is not None and found[0] == turn.attempt:
        return found[1]
    return held.begin(key, turn.attempt, _failure(ctx.as_service(turn.source), turn))


async def _failure(asking: Context, turn: Turn) -> str:
    """Have the function take a step; what went wrong, empty for nothing."""
    try:
        answer = await asking.invoke("lambda", "Invoke", FunctionName=turn.function, Payload=turn.payload)
    except AwsError as error:
        return f"{error.code}: {error.message}"
    if "FunctionError" not in answer:
        return ""
    try:
        said = orjson.loads(answer["Payload"])
    except orjson.JSONDecodeError:
        said = {}
    return str(said.get("errorMessage") or answer["FunctionError"]) if isinstance(said, dict) else str(said)
