"""Who becomes the writer, and who is behind which endpoint. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fogbank.services.rds.resources import ClusterEndpoint, Instance


def heir(readers: Sequence[Instance], received: Mapping[str, int], wanted: str = "") -> Instance | None:
    """The reader that becomes the writer, None where there is none.

    `received` says for each reader that runs how much of the log it has. With a writer that has ended in order all have
    the same, and the wanted one, or the one of the best tier, is taken (Aurora User Guide, "Fault tolerance for an
    Aurora DB cluster"). Of a writer that died whoever has most has all that was acknowledged; tiers decide among those.
    """
    there = [one for one in readers if one.id in received]
    if not there:
        return None
    most = max(received[one.id] for one in there)
    best = [one for one in there if received[one.id] == most]
    named = [one for one in best if one.id == wanted]
    return named[0] if named else min(best, key=lambda one: (one.promotion_tier, one.id))


def behind(endpoint: ClusterEndpoint, writer_id: str, running: Sequence[Instance]) -> list[Instance]:
    """The members that a custom endpoint leads to now."""
    chosen = [one for one in running if (one.id in endpoint.members or not endpoint.members)]
    chosen = [one for one in chosen if one.id not in endpoint.excluded]
    return [one for one in chosen if endpoint.kind != "READER" or one.id != writer_id]


def lag_of(text: str) -> tuple[int, int]:
    """The lag in milliseconds that a tag asks for: `aurora` (as published), `0`, `20ms`, `5-15ms`.

    Raises ValueError.
    """
    if text in ("", "aurora"):
        return AURORA_MS
    low, _, high = text.removesuffix("ms").partition("-")
    found = int(low), int(high or low)
    if not 0 <= found[0] <= found[1] <= LAG_MS_MAX:
        raise ValueError(f"no lag: {text}")
    return found


AURORA_MS = (8, 26)
"""What makes half of all reads stale 12.5 ms after a write, nearly all at once and none after 50 ms."""
LAG_MS_MAX = 3_600_000
