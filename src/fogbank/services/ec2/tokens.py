"""Client tokens: who repeats a request with its token is told again what was answered, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2.resources import ClientToken

KEPT_SECONDS = 86_400
_SWEEP_SECONDS = 3_600
_LENGTH_MAX = 64
_NOT_COMPARED = ("ClientToken", "DryRun")


class Sweep:
    """When the tokens of a scope were last looked through for old ones."""

    def __init__(self, *scope: str) -> None:
        self.at = 0.0


def replayed(
    ctx: Context, req: dict[str, Any], run: Callable[[Context, dict[str, Any]], dict[str, Any] | None]
) -> dict[str, Any]:
    """What an operation answers to a request with a token of the client's own (EC2 API Reference, "Idempotency").

    Tokens are remembered for a day, each for its operation. Raises IdempotentParameterMismatch where the same token
    came with other parameters, InvalidParameterValue for one that is none, and what the operation raises.
    """
    token = req["ClientToken"]
    if not token.isascii() or len(token) > _LENGTH_MAX:
        text = f"Value ({token}) for parameter clientToken is invalid. It has up to {_LENGTH_MAX} ASCII characters."
        raise AwsError("InvalidParameterValue", text)
    digest = _digest(req)
    before = ctx.get(ClientToken, ctx.operation, token)
    if before is not None and ctx.now - before.used_at < KEPT_SECONDS:
        if before.digest != digest:
            text = "The request uses the same client token as a previous, but non-identical request."
            raise AwsError("IdempotentParameterMismatch", text)
        answer: dict[str, Any] = msgspec.msgpack.decode(before.answer)
        return answer
    result = run(ctx, req) or {}
    made = ClientToken(
        operation=ctx.operation,
        token=token,
        digest=digest,
        answer=msgspec.msgpack.encode(result),
        used_at=ctx.now,
    )
    ctx.put(made)
    _forget_old(ctx)
    return result


def _digest(req: Mapping[str, Any]) -> str:
    compared = {name: value for name, value in req.items() if name not in _NOT_COMPARED}
    return sha256(msgspec.msgpack.encode(compared, order="deterministic")).hexdigest()


def _forget_old(ctx: Context) -> None:
    """Delete what is older than a day; once an hour, since it goes through all of them."""
    sweep = ctx.held(Sweep, *ctx.scope)
    if ctx.now - sweep.at < _SWEEP_SECONDS:
        return
    sweep.at = ctx.now
    for one in list(ctx.scan(ClientToken)):
        if ctx.now - one.used_at >= KEPT_SECONDS:
            ctx.delete(ClientToken, one.operation, one.token)
