"""Live tails: a stream of new events for as long as the client listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.logs import groups, rules, tails
from fogbank.services.logs.patterns import BadPattern, compiled
from fogbank.services.logs.tails import Tail


async def start_live_tail(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    named, prefixes = req.get("logStreamNames", ()), req.get("logStreamNamePrefixes", ())
    if named and prefixes:
        raise rules.invalid("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.")
    if (named or prefixes) and len(req["logGroupIdentifiers"]) > 1:
        raise rules.invalid("Log streams can be given for a single log group only.")
    text = req.get("logEventFilterPattern", "")
    try:
        pattern = compiled(text) if text.strip() else None
    except BadPattern as error:
        raise rules.invalid(str(error)) from None
    with ctx.begin():
        found = []
        for identifier in req["logGroupIdentifiers"]:
            if not identifier.startswith("arn:") or identifier.endswith("*"):
                raise rules.invalid("The log group identifiers of a live tail are ARNs that do not end with '*'.")
            home, group = groups.existing(ctx, identifier)
            if group.storage != "STANDARD":
                raise AwsError("InvalidOperationException", "Live Tail needs log groups of the Standard log class.")
            found.append((home, group.id))
    start = {
        "requestId": ctx.request_id,
        "sessionId": ctx.uuid(),
        "logGroupIdentifiers": req["logGroupIdentifiers"],
        "logStreamNames": list(named),
        "logStreamNamePrefixes": list(prefixes),
        "logEventFilterPattern": text,
    }
    tail = Tail(pattern, frozenset(named), tuple(prefixes))
    return {"responseStream": _session(ctx, tail, found, start)}


async def _session(
    ctx: Context, tail: Tail, found: list[tuple[Context, str]], start: dict[str, Any]
) -> AsyncIterator[dict[str, Any]]:
    woken = asyncio.Event()
    tail.wake = woken.set
    lists = [tails.held(home).of_group.setdefault(group_id, []) for home, group_id in found]
    end_at = ctx.now + rules.LIVE_TAIL_SECONDS_MAX
    timer = ctx.call_at(end_at, woken.set)
    for one in lists:
        one.append(tail)
    try:
        yield {"sessionStart": start}
        while ctx.now < end_at:
            await woken.wait()
            woken.clear()
            batch = list(tail.waiting)
            tail.waiting.clear()
            if batch:
                sampled, tail.is_sampled = tail.is_sampled, False
                yield {"sessionUpdate": {"sessionMetadata": {"sampled": sampled}, "sessionResults": batch}}
        raise AwsError("SessionTimeoutException", "The Live Tail session reached its three hours.")
    finally:
        timer.cancel()
        for one in lists:
            one.remove(tail)
