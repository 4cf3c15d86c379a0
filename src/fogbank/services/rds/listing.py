"""Pages of RDS's listings: how long they may be, and where the next one begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.services.rds import rules

T = TypeVar("T")
_ROWS, _ROWS_MIN, _ROWS_MAX = 100, 20, 100


def after(req: Mapping[str, Any]) -> str:
    """The key that the asked page starts past. Raises InvalidParameterValue."""
    return paging.after(req.get("Marker"), "InvalidParameterValue", "Invalid or expired Marker.")


def rows_max(req: Mapping[str, Any], limit: int = _ROWS_MAX) -> int:
    """How many rows a page may have. Raises InvalidParameterValue."""
    return rules.checked_range(req.get("MaxRecords", _ROWS), _ROWS_MIN, limit, "MaxRecords")


def page(
    req: Mapping[str, Any], member: str, rows: Iterable[tuple[str, Any]], limit: int = _ROWS_MAX
) -> dict[str, Any]:
    """The answer of a listing: those of `rows` (key, what is shown), in order of key, that are past the marker.

    Raises InvalidParameterValue.
    """
    start = after(req)
    found, marker = paging.page((row for row in rows if row[0] > start), rows_max(req, limit), lambda row: row[0])
    return {member: [shown for _, shown in found]} | ({"Marker": marker} if marker else {})


def numbered(rows: Iterable[T]) -> Iterable[tuple[str, T]]:
    """Rows that have no key of their own, in the order that they are in."""
    return ((f"{number:06d}", row) for number, row in enumerate(rows, 1))


def check_filters(req: Mapping[str, Any], known: Iterable[str] = ()) -> None:
    """Raises InvalidParameterValue for a filter that there is not."""
    names = set(known)
    for one in req.get("Filters", ()):
        if one["Name"] not in names:
            raise AwsError("InvalidParameterValue", f"Unrecognized filter name: {one['Name']}")


def filtered(req: Mapping[str, Any], rows: Iterable[T], fields: Mapping[str, Callable[[T], object]]) -> Iterable[T]:
    """The rows that every filter of a request has among its values. Raises InvalidParameterValue."""
    check_filters(req, fields)
    wanted = [(fields[one["Name"]], set(one["Values"])) for one in req.get("Filters", ())]
    return (row for row in rows if all(str(field(row)) in values for field, values in wanted))
