"""The load and the counters of minutes, added up to what is asked for: periods, groups and totals. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

from fogbank.control import insight
from fogbank.control.insight import Load, Minute
from fogbank.services.pi.rules import Metric, Span, cut, tokenized

Series = Sequence[tuple[int, Minute]]
"""Minutes with the second that each begins with."""
Facts = Callable[[Load], Mapping[str, str]]
"""The dimensions of a load, by their names."""


def facts(load: Load, text: str) -> dict[str, str]:
    """The dimensions of a load; those that it has nothing for are absent."""
    found = {
        "db.wait_event.name": load.wait,
        "db.wait_event.type": load.wait_type,
        "db.wait_event_type.name": load.wait_type,
        "db.user.id": load.user,
        "db.user.name": load.user,
        "db.host.id": load.host,
        "db.host.name": load.host,
        "db.application.name": load.application,
        "db.name": load.database,
        "db.sql.id": load.statement_id,
    }
    if text:
        common = tokenized(text)
        known_by = insight.statement_id(common)
        found |= {"db.sql.statement": cut(text), "db.sql.tokenized_id": known_by}
        found |= {"db.sql_tokenized.id": known_by, "db.sql_tokenized.statement": cut(common)}
    return {name: value for name, value in found.items() if value}


class Loads:
    """The load of a time, as it is asked for: by period, or as a whole; all of it, or what passes a filter."""

    def __init__(self, minutes: Series, over: Span, known: Facts, wanted: Mapping[str, str]) -> None:
        self._minutes = minutes
        self._over = over
        self._facts = known
        self._wanted = wanted
        self._looks: Counter[int] = Counter()
        for at, minute in minutes:
            self._looks[over.period_of(at)] += minute.looks

    def total(self) -> dict[int, float]:
        """Average active sessions by period; those in which nobody looked are absent."""
        counts = self._by(())
        return self._averaged(counts.get((), Counter()))

    def groups(self, names: Sequence[str], limit: int) -> list[tuple[dict[str, str], dict[int, float]]]:
        """(dimensions, average by period) of the groups with the most load, in order."""
        counts = self._by(names)
        ranked = sorted(counts, key=lambda key: (-counts[key].total(), key))[:limit]
        return [(dict(zip(names, key, strict=True)), self._averaged(counts[key])) for key in ranked]

    def shares(self, names: Sequence[str], limit: int) -> list[tuple[dict[str, str], float]]:
        """(dimensions, average over the whole time) of the groups with the most load, in order."""
        looks = self._looks.total()
        counts = {key: found.total() for key, found in self._by(names).items()}
        ranked = sorted(counts, key=lambda key: (-counts[key], key))[:limit]
        return [(dict(zip(names, key, strict=True)), counts[key] / looks) for key in ranked] if looks else []

    def _by(self, names: Sequence[str]) -> dict[tuple[str, ...], Counter[int]]:
        """How often sessions were seen, by the dimensions of a group and by period."""
        counts: dict[tuple[str, ...], Counter[int]] = defaultdict(Counter)
        for at, minute in self._minutes:
            period = self._over.period_of(at)
            for load in minute.loads:
                found = self._facts(load)
                if any(found.get(name) != value for name, value in self._wanted.items()):
                    continue
                if all(name in found for name in names):
                    counts[tuple(found[name] for name in names)][period] += load.count
        return counts

    def _averaged(self, counts: Mapping[int, int]) -> dict[int, float]:
        return {at: counts.get(at, 0) / looks for at, looks in sorted(self._looks.items()) if looks}


def counted(minutes: Series, over: Span, asked: Metric) -> dict[int, float]:
    """A counter's statistic by period; periods without a measurement are absent."""
    values: dict[int, list[float]] = defaultdict(list)
    for at, minute in minutes:
        if asked.name in minute.counters:
            values[over.period_of(at)].append(minute.counters[asked.name])
    reduce = _REDUCED[asked.statistic]
    return {at: reduce(found) for at, found in sorted(values.items())}


def _average(values: Sequence[float]) -> float:
    return sum(values) / len(values)


_REDUCED: Mapping[str, Callable[[Sequence[float]], float]] = {
    "avg": _average,
    "min": min,
    "max": max,
    "sum": sum,
    "sample_count": len,
}
