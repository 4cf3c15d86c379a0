"""Schedule expressions, `rate(7 days)` and the six-field `cron(…)` (EventBridge Scheduler User Guide)."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

_UNITS = {"minute": 60, "hour": 3_600, "day": 86_400}
_RATE = re.compile(r"rate\(\s*([0-9]{1,12})\s+(minute|hour|day)s?\s*\)\Z")
_CRON = re.compile(r"cron\((.+)\)\Z")
_DIGITS = re.compile(r"[0-9]{1,4}\Z")
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_YEARS = (1970, 2199)
_END = datetime(_YEARS[1] + 2, 1, 1, tzinfo=UTC).timestamp()


class BadSchedule(ValueError):
    """The expression is neither a rate nor a cron expression; the text says what is wrong."""


class Schedule(NamedTuple):
    """When something is to happen: every `seconds`, or at the minutes that a cron expression names."""

    seconds: float = 0.0
    cron: Cron | None = None

    def after(self, at: float, zone: tzinfo = UTC) -> float | None:
        """The first time past `at` (seconds since 1970); None if the years of a cron expression are over.

        `zone` is where a cron expression's hours are read. An hour that a change of clocks leaves out has no times, and
        one that comes twice has them once.
        """
        return at + self.seconds if self.cron is None else self.cron.after(at, zone)


class Cron(NamedTuple):
    """The six fields of a cron expression, as sets of numbers; days may also be `L`, `15W`, `6L` and `2#1`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]

    def after(self, at: float, zone: tzinfo = UTC) -> float | None:
        if at >= _END:
            return None
        moment = datetime.fromtimestamp(max(at, 0.0), zone).replace(tzinfo=None, second=0, microsecond=0)
        while (found := self._at_or_after(moment + timedelta(minutes=1))) is not None:
            seconds = found.replace(tzinfo=zone, fold=0).timestamp()
            if seconds > at and datetime.fromtimestamp(seconds, zone).replace(tzinfo=None, fold=0) == found:
                return seconds
            moment = found
        return None

    def _at_or_after(self, moment: datetime) -> datetime | None:
        """The first minute that the fields name, by the clock on the wall."""
        while moment.year <= max(self.years):
            if moment.year not in self.years or moment.month not in self.months:
                moment = _next_month(moment)
            elif moment.day not in (days := _days_of(self, moment.year, moment.month)):
                day = min((day for day in days if day > moment.day), default=0)
                moment = _midnight(moment).replace(day=day) if day else _next_month(moment)
            elif moment.hour not in self.hours:
                moment = moment.replace(minute=0) + timedelta(hours=1)
            elif moment.minute not in self.minutes:
                moment += timedelta(minutes=1)
            else:
                return moment
        return None


def parsed(text: str) -> Schedule:
    """The schedule of an expression. Raises BadSchedule."""
    if found := _RATE.match(text.strip()):
        count = int(found.group(1))
        if count < 1:
            raise BadSchedule("a rate must be at least 1")
        return Schedule(seconds=float(count * _UNITS[found.group(2)]))
    found = _CRON.match(text.strip())
    fields = found.group(1).split() if found else []
    if len(fields) != 6:
        raise BadSchedule("write rate(VALUE UNIT) or cron(MINUTES HOURS DAYS MONTHS WEEKDAYS YEARS)")
    if (fields[2] == "?") == (fields[4] == "?"):
        raise BadSchedule("one of the day of the month and the day of the week must be ?")
    cron = Cron(
        _numbers(fields[0], (0, 59), {}),
        _numbers(fields[1], (0, 23), {}),
        fields[2].upper(),
        _numbers(fields[3], (1, 12), _MONTHS),
        fields[4].upper(),
        _numbers(fields[5], _YEARS, {}),
    )
    _days_of(cron, 2000, 1)
    return Schedule(cron=cron)


def _numbers(text: str, bounds: tuple[int, int], names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.upper().split(","):
        span, slash, step = part.partition("/")
        if span in ("*", "?"):
            first, last = bounds
        else:
            start, dash, end = span.partition("-")
            first = _number(start, bounds, names)
            last = _number(end, bounds, names) if dash else bounds[1] if slash else first
        if slash and not (_DIGITS.match(step) and int(step) > 0):
            raise BadSchedule(f"{part}: the step must be a number above 0")
        found.update(range(first, last + 1, int(step) if slash else 1))
    return frozenset(found)


def _number(text: str, bounds: tuple[int, int], names: dict[str, int]) -> int:
    number = names.get(text, int(text) if _DIGITS.match(text) else -1)
    if not bounds[0] <= number <= bounds[1]:
        raise BadSchedule(f"{text} is not between {bounds[0]} and {bounds[1]}")
    return number


def _days_of(cron: Cron, year: int, month: int) -> set[int]:
    """The days of a month that the expression names."""
    last = calendar.monthrange(year, month)[1]
    if cron.weekdays == "?":
        return _by_day(cron.days, year, month, last)
    if cron.weekdays == "L":
        return _by_weekday("7", year, month, last)
    return _by_weekday(cron.weekdays, year, month, last)


def _by_day(text: str, year: int, month: int, last: int) -> set[int]:
    if text == "L":
        return {last}
    if text.endswith("W"):
        wanted = min(_number(text[:-1], (1, 31), {}), last)
        return {_nearest_weekday(year, month, wanted, last)}
    return {day for day in _numbers(text, (1, 31), {}) if day <= last}


def _by_weekday(text: str, year: int, month: int, last: int) -> set[int]:
    def days(number: int) -> list[int]:
        return [day for day in range(1, last + 1) if _weekday(year, month, day) == number]

    if text.endswith("L"):
        return {days(_number(text[:-1], (1, 7), _DAYS))[-1]}
    if "#" in text:
        weekday, _, nth = text.partition("#")
        found = days(_number(weekday, (1, 7), _DAYS))
        return set(found[_number(nth, (1, 5), {}) - 1 :][:1])
    wanted = _numbers(text, (1, 7), _DAYS)
    return {day for day in range(1, last + 1) if _weekday(year, month, day) in wanted}


def _weekday(year: int, month: int, day: int) -> int:
    """1 for Sunday to 7 for Saturday."""
    return (calendar.weekday(year, month, day) + 1) % 7 + 1


def _nearest_weekday(year: int, month: int, day: int, last: int) -> int:
    weekday = _weekday(year, month, day)
    if weekday == 7:
        return day - 1 if day > 1 else day + 2
    if weekday == 1:
        return day + 1 if day < last else day - 2
    return day


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0)


def _next_month(moment: datetime) -> datetime:
    first = _midnight(moment).replace(day=1)
    return (first + timedelta(days=31)).replace(day=1)
