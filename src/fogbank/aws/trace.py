"""X-Ray's tracing header: which trace a call is part of, below which segment, and whether that is kept.

Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from fogbank.aws import ids

_ROOT = re.compile(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}")
_SEGMENT = re.compile(r"[0-9a-fA-F]{16}")
_LINEAGE = re.compile(r"[0-9a-f]{8}:\d{1,5}(\|[0-9a-f]{8}:\d{1,5}){0,31}")
_LINEAGE_MAX = 32


class Trace(NamedTuple):
    """What an `X-Amzn-Trace-Id` says. The empty one belongs to no trace."""

    root: str = ""
    parent: str = ""
    """The id of the segment or subsegment that called; empty for none."""
    sampled: str = ""
    """`1`, `0`, `?` (whoever answers decides), or empty where nothing was said."""
    lineage: str = ""
    """`hash:count|…`: how often functions have been part of the chain of calls, so that a loop is noticed."""

    @property
    def is_kept(self) -> bool:
        return self.sampled == "1" and bool(self.root)

    def below(self, segment: str) -> Trace:
        """The same trace for whom a segment calls."""
        return self._replace(parent=segment)

    def count(self, name: str) -> int:
        """How often a function has been part of the chain, by whatever names it for good."""
        return self._counts().get(_hash(name), 0)

    def through(self, name: str) -> Trace:
        """The same trace for whom a function calls."""
        counts = self._counts()
        counts[_hash(name)] = counts.get(_hash(name), 0) + 1
        latest = list(counts.items())[-_LINEAGE_MAX:]
        return self._replace(lineage="|".join(f"{key}:{count}" for key, count in latest))

    def _counts(self) -> dict[str, int]:
        return {key: int(count) for key, _, count in (one.partition(":") for one in self.lineage.split("|")) if key}

    def __str__(self) -> str:
        named = {"Root": self.root, "Parent": self.parent, "Sampled": self.sampled, "Lineage": self.lineage}
        return ";".join(f"{name}={value}" for name, value in named.items() if value)


def parsed(header: str) -> Trace:
    """A header's trace; what is not a trace id or a segment id counts as absent."""
    found = dict(part.strip().split("=", 1) for part in header.split(";") if "=" in part)
    root, parent, sampled = found.get("Root", ""), found.get("Parent", ""), found.get("Sampled", "")
    lineage = found.get("Lineage", "")
    return Trace(
        root=root if _ROOT.fullmatch(root) else "",
        parent=parent if _SEGMENT.fullmatch(parent) else "",
        sampled=sampled if sampled in ("0", "1", "?") else "",
        lineage=lineage if _LINEAGE.fullmatch(lineage) else "",
    )


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]


def new_root(now: float, random: ids.Random) -> str:
    """The id of a trace that begins at `now`, in seconds since 1970."""
    return f"1-{int(now):08x}-{random.getrandbits(96):024x}"


def new_segment(random: ids.Random) -> str:
    return f"{random.getrandbits(64):016x}"
