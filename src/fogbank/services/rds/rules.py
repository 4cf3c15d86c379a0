"""What RDS allows: names, passwords, ports, windows, storage (RDS User Guide and API Reference, CreateDBInstance)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fogbank.aws.errors import AwsError

_USER = re.compile(r"[a-zA-Z][a-zA-Z0-9_]{0,62}")
_DATABASE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,62}")
_CLASS = re.compile(r"db\.[a-z][a-z0-9]*(?:-[a-z0-9]+)*\.[a-z0-9]+|db\.serverless")
_RESERVED = ("admin", "all", "postgres", "rdsadmin", "rds_superuser", "rdsrepladmin", "user")
_PASSWORD_MIN, _PASSWORD_MAX = 8, 128
_PORT_MIN, _PORT_MAX = 1150, 65535
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME = r"([01]\d|2[0-3]):([0-5]\d)"
_BACKUP = re.compile(f"{_TIME}-{_TIME}")
_MAINTENANCE = re.compile(f"({'|'.join(_DAYS)}):{_TIME}-({'|'.join(_DAYS)}):{_TIME}")
_DAY_MINUTES, _WEEK_MINUTES, _WINDOW_MINUTES = 1440, 10_080, 30


def needed(req: Mapping[str, Any], member: str) -> Any:
    """A member that has to be there. Raises InvalidParameterValue."""
    if not req.get(member):
        raise AwsError("InvalidParameterValue", f"The parameter {member} must be provided and must not be blank.")
    return req[member]


def checked_user(name: str) -> str:
    """A master user's name. Raises InvalidParameterValue."""
    if _USER.fullmatch(name) is None:
        raise AwsError("InvalidParameterValue", "The parameter MasterUsername must begin with a letter.")
    if name.lower() in _RESERVED and name.lower() != "postgres":
        text = f"MasterUsername {name} cannot be used as it is a reserved word used by the engine"
        raise AwsError("InvalidParameterValue", text)
    return name


def checked_password(password: str) -> str:
    """A master password. Raises InvalidParameterValue."""
    if not _PASSWORD_MIN <= len(password) <= _PASSWORD_MAX:
        short = len(password) < _PASSWORD_MIN
        text = f"it is {'shorter' if short else 'longer'} than {_PASSWORD_MIN if short else _PASSWORD_MAX} characters."
        raise AwsError(
            "InvalidParameterValue", f"The parameter MasterUserPassword is not a valid password because {text}"
        )
    if any(letter in '/@" ' or not " " <= letter <= "~" for letter in password):
        text = "Only printable ASCII characters besides '/', '@', '\"', ' ' may be used."
        raise AwsError("InvalidParameterValue", f"The parameter MasterUserPassword is not a valid password. {text}")
    return password


def checked_database(name: str) -> str:
    """The name of the first database; empty is none. Raises InvalidParameterValue."""
    if name and _DATABASE.fullmatch(name) is None:
        text = "DBName must begin with a letter and contain only alphanumeric characters."
        raise AwsError("InvalidParameterValue", text)
    return name


def checked_port(port: int) -> int:
    """A port. Raises InvalidParameterValue."""
    if not _PORT_MIN <= port <= _PORT_MAX:
        text = f"Invalid endpoint port {port}, valid range is {_PORT_MIN}-{_PORT_MAX}"
        raise AwsError("InvalidParameterValue", text)
    return port


def checked_class(name: str) -> str:
    """An instance class. Raises InvalidParameterValue."""
    if _CLASS.fullmatch(name) is None:
        raise AwsError("InvalidParameterValue", f"Invalid DB Instance class: {name}")
    return name


def checked_windows(backup: str, maintenance: str) -> tuple[str, str]:
    """Windows of at least 30 minutes that do not meet; empty ones are given. Raises InvalidParameterValue."""
    backup = backup or "04:00-04:30"
    maintenance = maintenance.lower() or "sun:06:00-sun:06:30"
    nightly, weekly = _BACKUP.fullmatch(backup), _MAINTENANCE.fullmatch(maintenance)
    if nightly is None:
        raise AwsError("InvalidParameterValue", f"Invalid backup window: {backup}")
    if weekly is None:
        raise AwsError("InvalidParameterValue", f"Invalid maintenance window format: {maintenance}")
    start, end = _minutes(*nightly.groups()[:2]), _minutes(*nightly.groups()[2:])
    if (end - start) % _DAY_MINUTES < _WINDOW_MINUTES:
        raise AwsError("InvalidParameterValue", "The backup window must be at least 30 minutes.")
    day, hour, minute, last, last_hour, last_minute = weekly.groups()
    begins = _DAYS.index(day) * _DAY_MINUTES + _minutes(hour, minute)
    ends = _DAYS.index(last) * _DAY_MINUTES + _minutes(last_hour, last_minute)
    if (ends - begins) % _WEEK_MINUTES < _WINDOW_MINUTES:
        raise AwsError("InvalidParameterValue", "The maintenance window must be at least 30 minutes.")
    length, weekly_length = (end - start) % _DAY_MINUTES, (ends - begins) % _WEEK_MINUTES
    for day_at in range(len(_DAYS)):
        nightly_start = day_at * _DAY_MINUTES + start
        overlaps = (nightly_start - begins) % _WEEK_MINUTES < weekly_length
        if overlaps or (begins - nightly_start) % _WEEK_MINUTES < length:
            text = "The backup window and maintenance window must not overlap."
            raise AwsError("InvalidParameterValue", text)
    return backup, maintenance


def maintenance_begins(window: str, now: float) -> float:
    """When a maintenance window begins that is open now, or the next one, in seconds since 1970."""
    found = _MAINTENANCE.fullmatch(window)
    assert found is not None, window
    day, hour, minute, last, last_hour, last_minute = found.groups()
    begins = _DAYS.index(day) * _DAY_MINUTES + _minutes(hour, minute)
    ends = _DAYS.index(last) * _DAY_MINUTES + _minutes(last_hour, last_minute)
    # 1970 began on a Thursday; weeks of windows begin on Mondays.
    week = (now / 60 + _DAYS.index("thu") * _DAY_MINUTES) // _WEEK_MINUTES * _WEEK_MINUTES
    monday = (week - _DAYS.index("thu") * _DAY_MINUTES) * 60
    length = (ends - begins) % _WEEK_MINUTES * 60.0
    starts = [monday + begins * 60 + weeks * _WEEK_MINUTES * 60 for weeks in (-1, 0, 1)]
    return next(start for start in starts if start + length > now)


def _minutes(hour: str, minute: str) -> int:
    return int(hour) * 60 + int(minute)


def checked_range(value: int, low: int, high: int, member: str) -> int:
    """A number within its limits. Raises InvalidParameterValue."""
    if not low <= value <= high:
        text = f"Invalid value for {member}: {value}. Must be between {low} and {high}."
        raise AwsError("InvalidParameterValue", text)
    return value


def checked_growth(now: int, wanted: int) -> int:
    """Storage that grows by a tenth at least, or stays. Raises InvalidParameterCombination, InvalidParameterValue."""
    if wanted < now:
        text = (
            f"Invalid storage size for engine name postgres and storage type: {wanted}. It cannot be less than {now}."
        )
        raise AwsError("InvalidParameterCombination", text)
    if now < wanted < now * 1.1:
        text = f"Storage has to grow by at least 10 percent: from {now} to at least {-(-now * 11 // 10)}."
        raise AwsError("InvalidParameterValue", text)
    return checked_range(wanted, 20, 65_536, "AllocatedStorage")


def refuse(req: Mapping[str, Any], members: Iterable[str]) -> None:
    """Raises NotImplemented for members that ask for what fogbank's databases do not have."""
    for member in members:
        if req.get(member):
            raise AwsError("NotImplemented", f"fogbank's databases know no {member}", status=501)


def chosen_zones(wanted: str, zones: Sequence[str], count: int) -> list[str]:
    """The zones of an instance's nodes, the wanted one first, no two the same.

    Raises InvalidVPCNetworkStateFault for a zone without a subnet, DBSubnetGroupDoesNotCoverEnoughAZs for too few.
    """
    there = sorted(set(zones))
    if wanted and wanted not in there:
        text = f"The DB subnet group does not have a subnet in availability zone {wanted}."
        raise AwsError("InvalidVPCNetworkStateFault", text)
    first = wanted or there[0]
    found = [first, *(zone for zone in there if zone != first)][:count]
    if len(found) < count:
        text = "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement."
        raise AwsError("DBSubnetGroupDoesNotCoverEnoughAZs", f"{text} Current AZ coverage: {', '.join(there)}.")
    return found
