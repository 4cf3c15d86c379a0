"""Timestamps between AWS's wire formats and seconds since the epoch."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from functools import lru_cache

#: What handlers may give for a time: seconds since the epoch, or a moment (a naive one is taken as UTC).
Moment = int | float | datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?\s*([Zz]|[+-]\d\d:?\d\d|[+-]\d\d)?"
)
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def seconds_of(moment: Moment) -> int | float:
    """Seconds since the epoch; whole numbers as int. Raises TypeError for what is not a time."""
    if isinstance(moment, datetime):
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        # Whole microseconds first: a sum of floats would show as 1.0036909999999999.
        seconds = (aware - _EPOCH) // timedelta(microseconds=1) / 1_000_000
        return int(seconds) if seconds.is_integer() else seconds
    if isinstance(moment, int | float) and not isinstance(moment, bool):
        return moment
    raise TypeError(f"not a time: {moment!r}")


def parsed(text: str) -> float:
    """Seconds since the epoch from ISO 8601, RFC 1123 or a number. Raises ValueError for anything else."""
    text = text.strip()
    found = _ISO.fullmatch(text)
    if found and (len(text) != 8 or not text.isdigit()):
        return _from_iso(found)
    if _NUMBER.fullmatch(text):
        seconds = float(text)
        if math.isfinite(seconds):
            return seconds
    return _from_rfc(text)


def _from_iso(found: re.Match[str]) -> float:
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    # A leap second is written :60 and is the first second of the next minute.
    moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), tzinfo=UTC)
    if int(second or 0) > 60:
        raise ValueError(f"not a time: {found.group()!r}")
    seconds = (moment - _EPOCH) // timedelta(seconds=1) + int(second or 0) - _offset(zone)
    # In whole nanoseconds, so that the float is rounded once.
    return (seconds * 10**9 + int(fraction.ljust(9, "0"))) / 10**9 if fraction else float(seconds)


def _offset(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    sign = -1 if zone[0] == "-" else 1
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)


def _from_rfc(text: str) -> float:
    parts = parsedate_tz(text)
    if parts is None:
        raise ValueError(f"not a time: {text!r}")
    moment = datetime(*parts[:6], tzinfo=UTC)
    return (moment - _EPOCH).total_seconds() - (parts[9] or 0)


def iso(moment: Moment) -> str:
    """`2026-11-21T03:55:36Z`, with milliseconds when there are any."""
    seconds, rest = divmod(_milliseconds(moment), 1000)
    return f"{_iso_second(seconds)}.{rest:03d}Z" if rest else f"{_iso_second(seconds)}Z"


def iso_milliseconds(moment: Moment) -> str:
    """`2026-11-21T03:55:36.000Z`: s3 and ec2 always give milliseconds, and some SDKs insist on them."""
    seconds, rest = divmod(_milliseconds(moment), 1000)
    return f"{_iso_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=4096)
def _iso_second(seconds: int) -> str:
    # Kept, because lists of things made together say the same second many times over.
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def rfc1123(moment: Moment) -> str:
    """`Sat, 21 Nov 2026 03:55:36 GMT`: the form of HTTP headers, whole seconds."""
    return _rfc_second(_milliseconds(moment) // 1000)


@lru_cache(maxsize=4096)
def _rfc_second(seconds: int) -> str:
    when = _EPOCH + timedelta(seconds=seconds)
    day, month = _DAYS[when.weekday()], _MONTHS[when.month - 1]
    return f"{day}, {when.day:02d} {month} {when.year:04d} {when.hour:02d}:{when.minute:02d}:{when.second:02d} GMT"


def epoch_text(moment: Moment) -> str:
    """Seconds since the epoch as digits, with a fraction only when there is one."""
    seconds = seconds_of(moment)
    return str(int(seconds)) if seconds == int(seconds) else repr(seconds)


def _milliseconds(moment: Moment) -> int:
    # Rounded to the microsecond first: 1.001 as a float is a little less than 1001 thousandths.
    return round(seconds_of(moment) * 1_000_000) // 1000


def text_format(name: str | None, default: Callable[[Moment], str]) -> Callable[[Moment], str]:
    """The writer for a `timestampFormat` trait, `default` where there is none."""
    if name is None:
        return default
    return {"iso8601": iso, "rfc822": rfc1123, "unixtimestamp": epoch_text}[name.lower()]
