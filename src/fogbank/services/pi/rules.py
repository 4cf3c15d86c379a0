"""What is asked for, checked; statements without their values; values as they are answered. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.pi import catalog

PERIODS = (1, 60, 300, 3600, 86_400)
GROUP_LIMIT = 10
_POINTS_AIM = 200
VALUE_BYTES_MAX = 500
"""Each element of an answer has at most so many bytes (GetResourceMetrics)."""
_VALUES = re.compile(
    r"(?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)|(?P<text>[eEbBxX]?'(?:[^']|'')*')|(?P<param>\$\d+)"
    r"|(?P<number>(?<![\w.$\"])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w\"]))",
    re.DOTALL,
)
_SPACE = re.compile(r"\s+")


def bad(text: str) -> AwsError:
    return AwsError("InvalidArgumentException", text)


class Span(NamedTuple):
    """Seconds from `start` up to, and not with, `end`, in periods that begin with `start`."""

    start: int
    end: int
    period: int

    def period_of(self, at: int) -> int:
        """The second that the period of a second begins with."""
        return at - (at - self.start) % self.period


def span(start: float, end: float, period: int | None) -> Span:
    """A time as it is answered for: whole periods. Raises InvalidArgumentException."""
    if end <= start:
        raise bad("The end time must be later than the start time.")
    if period is not None and period not in PERIODS:
        allowed = ", ".join(str(one) for one in PERIODS)
        raise bad(f"The period {period} is not valid. Valid values are: {allowed}.")
    if period == 1:
        text = "fogbank keeps Performance Insights by the minute: a period of 1 second has no code"
        raise AwsError("NotImplemented", text, status=501)
    chosen = period or next((one for one in PERIODS[1:] if (end - start) / one <= _POINTS_AIM), PERIODS[-1])
    return Span(int(start // chosen * chosen), int(-(-end // chosen) * chosen), chosen)


class Metric(NamedTuple):
    """A metric and its statistic."""

    name: str
    statistic: str

    @property
    def is_load(self) -> bool:
        return self.name in catalog.LOADS


def metric(text: str) -> Metric:
    """`db.load.avg`. Raises InvalidArgumentException for one that there is not."""
    name, _, statistic = text.rpartition(".")
    found = Metric(name, statistic)
    known = ("avg",) if found.is_load else catalog.STATISTICS if name in catalog.COUNTERS else ()
    if statistic not in known:
        raise bad(f"The specified metric {text} is not a known metric.")
    return found


def grouping(group: Mapping[str, Any]) -> tuple[str, ...]:
    """The dimensions that a request groups by: those it names, or all of the group. Raises InvalidArgumentException."""
    known = catalog.GROUPS.get(group["Group"])
    if known is None:
        raise bad(f"The dimension group {group['Group']} is not valid.")
    asked = tuple(group.get("Dimensions") or known)
    for name in asked:
        if name not in known:
            raise bad(f"The dimension {name} is not valid for the dimension group {group['Group']}.")
    return asked


def filtered(wanted: Mapping[str, str]) -> Mapping[str, str]:
    """A filter of dimensions. Raises InvalidArgumentException for one that there is not."""
    known = {name for names in catalog.GROUPS.values() for name in names}
    for name in wanted:
        if name not in known:
            raise bad(f"The dimension {name} is not valid.")
    return wanted


def tokenized(statement: str) -> str:
    """A statement with `?` for each value in it: what statements that differ in their values have in common."""
    return _SPACE.sub(" ", _VALUES.sub("?", statement)).strip()


def cut(text: str) -> str:
    """As much of a text as an answer holds."""
    return text.encode()[:VALUE_BYTES_MAX].decode(errors="ignore")


def data_points(values: Mapping[int, float], over: Span, *, is_start: bool) -> list[dict[str, float]]:
    """Values as they are answered, stamped with the end of their period, or its start."""
    shift = 0 if is_start else over.period
    return [{"Timestamp": float(at + shift), "Value": value} for at, value in values.items()]


def needs_texts(names: Iterable[str]) -> bool:
    """Whether dimensions have to do with the text of statements."""
    return any(name.startswith("db.sql") for name in names)
