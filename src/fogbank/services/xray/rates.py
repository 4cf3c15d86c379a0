"""Sampling rules as records, and what clients report of them: short-lived items."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.control.context import Context
from fogbank.services.xray import rules
from fogbank.services.xray.resources import ONE, Rule, Rules

_COUNTS = struct.Struct(">QQQ")
_AT = struct.Struct(">d")
_CLIENTS_MAX = 1_000


def default_rule() -> Rule:
    """The rule that every account has: the first request of each second, and one in twenty of the others."""
    return Rule(name=rules.DEFAULT, priority=rules.DEFAULT_PRIORITY, fixed_rate=0.05, reservoir_size=1)


def all_rules(ctx: Context) -> list[Rule]:
    """All rules of a region, those that come first the first."""
    found = list(ctx.scan(Rule))
    if not any(rule.name == rules.DEFAULT for rule in found):
        found.append(default_rule())
    return sorted(found, key=lambda rule: (rule.priority, rule.name))


def rule_of(ctx: Context, name: str) -> Rule | None:
    return ctx.get(Rule, name) or (default_rule() if name == rules.DEFAULT else None)


def arn_of(ctx: Context, name: str) -> str:
    return ctx.arn(f"sampling-rule/{name}")


def modified_at(ctx: Context) -> float:
    found = ctx.get(Rules, ONE)
    return found.modified_at if found is not None else 0.0


def modified(ctx: Context) -> None:
    """A rule has changed: clients ask for them anew."""
    ctx.put(Rules(modified_at=ctx.now))


def quota(ctx: Context, rule: Rule, client: str) -> int:
    """What a client may take from a rule's reservoir in each second; from now on it counts among those that share."""
    where, now = ctx.space("client", rule.name), ctx.now
    active = set()
    for name, item in ctx.items(where, limit=_CLIENTS_MAX):
        if _AT.unpack(item)[0] >= now - rules.ACTIVE_SECONDS:
            active.add(name)
        else:
            ctx.delete_item(where, name)
    ctx.put_item(where, client, _AT.pack(now))
    return rules.quota(rule.reservoir_size, active, client)


def report(ctx: Context, document: Mapping[str, Any]) -> None:
    """Add what a client reports to the window that it is of."""
    where = ctx.space("sampled")
    start = int(document["Timestamp"]) // rules.INTERVAL_SECONDS * rules.INTERVAL_SECONDS
    key = f"{max(0, start):012d}{document['RuleName']}"
    known = ctx.item(where, key)
    before = _COUNTS.unpack(known) if known is not None else (0, 0, 0)
    new = (document["RequestCount"], document["SampledCount"], document.get("BorrowCount", 0))
    ctx.put_item(where, key, _COUNTS.pack(*(a + b for a, b in zip(before, new, strict=True))))
    oldest = f"{int(ctx.now) - rules.STATISTICS_SECONDS:012d}"
    for old, _ in ctx.items(where, before=oldest, limit=100):
        ctx.delete_item(where, old)


def reported(ctx: Context) -> Iterator[dict[str, Any]]:
    """What has been reported in the last hour, a row for each rule and window."""
    oldest = f"{int(ctx.now) - rules.STATISTICS_SECONDS:012d}"
    for key, item in ctx.items(ctx.space("sampled"), after=oldest, limit=10_000):
        requests, sampled, borrowed = _COUNTS.unpack(item)
        yield {
            "RuleName": key[12:],
            "Timestamp": float(key[:12]),
            "RequestCount": requests,
            "SampledCount": sampled,
            "BorrowCount": borrowed,
        }
