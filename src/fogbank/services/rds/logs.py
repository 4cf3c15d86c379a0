"""Portions of log files: which part a call is answered with (API Reference, DownloadDBLogFilePortion). Pure."""

from __future__ import annotations

from fogbank.aws.errors import AwsError

BYTES_MAX = 1 << 20
LINES_MAX = 10_000
_FOLDER = "error/"


def shown_name(file: str) -> str:
    """A file's name as RDS shows it: `error/postgresql.log.2026-01-31-09`."""
    return f"{_FOLDER}{file}"


def own_name(shown: str) -> str:
    """The name of a file by the name that RDS shows."""
    return shown.removeprefix(_FOLDER)


def checked_lines(wanted: int | None) -> int:
    """How many lines a portion may have. Raises InvalidParameterValue."""
    if wanted is not None and wanted < 1:
        raise AwsError("InvalidParameterValue", f"Invalid value for NumberOfLines: {wanted}. Must be at least 1.")
    return min(wanted or LINES_MAX, LINES_MAX)


def start(marker: str | None, size: int) -> int:
    """Where to read from: past what a marker stands for (`0` is the beginning), or without one the file's end.

    Raises InvalidParameterValue.
    """
    if marker is None:
        return max(0, size - BYTES_MAX)
    place = marker.rpartition(":")[2]
    if not place.isdigit():
        raise AwsError("InvalidParameterValue", f"Invalid marker: {marker}")
    return min(int(place), size)


def marker(place: int) -> str:
    """What stands for all that comes after a place."""
    return f"0:{place}"


def portion(data: bytes, lines: int, *, is_tail: bool) -> bytes:
    """So many whole lines of what was read, the first or the last ones; a line that is too long is cut."""
    found = data.splitlines(keepends=True)
    if is_tail:
        return b"".join(found[-lines:])
    if len(found) > 1 and len(data) == BYTES_MAX and not found[-1].endswith(b"\n"):
        # The rest of the last line was not read.
        found.pop()
    return b"".join(found[:lines])
