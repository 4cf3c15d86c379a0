"""Pages as KMS gives them: Limit, Marker, Truncated and NextMarker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from fogbank.aws import paging
from fogbank.aws.errors import AwsError

T = TypeVar("T")


def after(req: Mapping[str, Any]) -> str:
    """The key that the page starts past. Raises InvalidMarkerException."""
    return paging.after(req.get("Marker"), "InvalidMarkerException", "The marker is not valid.")


def limit(req: Mapping[str, Any], default: int, most: int) -> int:
    """How many rows a page may have. Raises ValidationException."""
    wanted: int = req.get("Limit", default)
    if wanted > most:
        text = (
            f"1 validation error detected: Value '{wanted}' at 'limit' failed to satisfy constraint: Member must have "
            f"value less than or equal to {most}"
        )
        raise AwsError("ValidationException", text)
    return wanted


def page(member: str, rows: Iterable[T], size: int, key: Callable[[T], str], row: Callable[[T], Any]) -> dict[str, Any]:
    """One page of rows that come past the marker already."""
    found, token = paging.page(rows, size, key)
    answer: dict[str, Any] = {member: [row(one) for one in found], "Truncated": token is not None}
    if token:
        answer["NextMarker"] = token
    return answer
