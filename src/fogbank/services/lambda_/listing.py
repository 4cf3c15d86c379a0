"""Pages as Lambda gives them: MaxItems, Marker and NextMarker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from fogbank.aws import paging

T = TypeVar("T")


def after(req: Mapping[str, Any]) -> str:
    """The key that the page starts past. Raises InvalidParameterValueException."""
    return paging.after(req.get("Marker"), "InvalidParameterValueException", "The pagination token is invalid.")


def page(
    member: str, rows: Iterable[T], req: Mapping[str, Any], key: Callable[[T], str], row: Callable[[T], Any]
) -> dict[str, Any]:
    """One page of rows that come past the marker already."""
    found, token = paging.page(rows, min(req.get("MaxItems", 50), 50), key)
    answer: dict[str, Any] = {member: [row(one) for one in found]}
    return {**answer, "NextMarker": token} if token else answer
