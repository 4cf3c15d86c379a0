"""Listings: rows in S3's order, folders skipped by a seek, pages that go on where the last one ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from fogbank.control.context import Context
from fogbank.services.s3.entries import Listed, decode_listed, key_of_version, space
from fogbank.services.s3.resources import Bucket

_LAST = "\U0010ffff" * 256
"""Sorts behind everything that a key can go on with."""
_BATCH_MIN, _BATCH_MAX = 4, 1000


class Asked(NamedTuple):
    """What a listing asks for: keys that begin with `prefix`, past `after`, at most `limit` of them."""

    prefix: str
    delimiter: str
    after: str
    limit: int


class Row(NamedTuple):
    """A row of a listing."""

    key: str
    listed: Listed
    is_latest: bool = True


class Page(NamedTuple):
    """Rows and common prefixes, each in order; `last` is where the next page starts past, empty for the last page."""

    rows: list[Row]
    prefixes: list[str]
    last: str
    last_version: str


class Cursor:
    """Rows of a space in order, read in batches that grow, and begin small again after a seek."""

    def __init__(self, ctx: Context, where: str, after: str, before: str | None) -> None:
        self._ctx = ctx
        self._space = where
        self._after = after
        self._before = before
        self._rows: list[tuple[str, bytes]] = []
        self._at = 0
        self._size = 32
        self._ended = False

    def peek(self) -> tuple[str, bytes] | None:
        """The next row, None at the end."""
        if self._at == len(self._rows):
            if self._ended:
                return None
            self._rows = self._ctx.items(self._space, after=self._after, before=self._before, limit=self._size)
            self._ended = len(self._rows) < self._size
            self._at = 0
            self._size = min(self._size * 2, _BATCH_MAX)
            if not self._rows:
                return None
            self._after = self._rows[-1][0]
        return self._rows[self._at]

    def step(self) -> None:
        self._at += 1

    def expect(self, rows: int) -> None:
        """Read this many at once: nothing will be skipped."""
        self._size = max(_BATCH_MIN, rows)

    def seek(self, after: str) -> None:
        """Go on past a text."""
        while self._at < len(self._rows) and self._rows[self._at][0] <= after:
            self._at += 1
        if self._at == len(self._rows) and after > self._after:
            self._after = after
            self._size = _BATCH_MIN


def past(prefix: str) -> str:
    """Behind everything that begins with a text."""
    return prefix + _LAST


def just_before(prefix: str) -> str:
    """Behind everything that sorts before a text, and before the text itself."""
    if not prefix:
        return ""
    code = ord(prefix[-1]) - 1
    if code < 0:
        return prefix[:-1]
    # The code points between are no letters: nothing in UTF-8 stands there.
    return prefix[:-1] + chr(0xD7FF if 0xD800 <= code <= 0xDFFF else code) + _LAST


def folder_of(key: str, asked: Asked) -> str:
    """The common prefix that a key is rolled up into; empty for a key that stands for itself."""
    if not asked.delimiter:
        return ""
    found = key.find(asked.delimiter, len(asked.prefix))
    return "" if found < 0 else key[: found + len(asked.delimiter)]


def start_of(asked: Asked) -> str:
    """Where reading begins: a marker that is a folder itself has the whole folder behind it."""
    after = asked.after
    if after and asked.delimiter and after.startswith(asked.prefix) and folder_of(after, asked) == after:
        after = past(after)
    return max(after, just_before(asked.prefix))


def objects(ctx: Context, bucket: Bucket, asked: Asked) -> Page:
    """Current objects."""
    cursor = _cursor(ctx, bucket, "object", asked)
    if not asked.delimiter:
        cursor.expect(asked.limit + 1)

    def taken(row: tuple[str, bytes]) -> Row:
        return Row(row[0], decode_listed(row[1]))

    return _paged(cursor, asked, lambda row: row[0], taken)


def uploads(ctx: Context, bucket: Bucket, asked: Asked, start: str) -> tuple[list[tuple[str, bytes]], Page]:
    """Uploads under way, past the row `start`; their rows beside the page."""
    before = past(asked.prefix) if asked.prefix else None
    where = space(ctx.partition, "upload", bucket.name)
    cursor = Cursor(ctx, where, max(start, just_before(asked.prefix)), before)
    found: list[tuple[str, bytes]] = []

    def taken(row: tuple[str, bytes]) -> Row:
        found.append(row)
        return Row(row[0].partition("\x00")[0], _NOTHING)

    return found, _paged(cursor, asked, lambda row: row[0].partition("\x00")[0], taken)


def versions(ctx: Context, bucket: Bucket, asked: Asked, start: str | None) -> Page:
    """All versions and delete markers; `start` is the row of the version that a page goes on past, None for a key."""
    current = _cursor(ctx, bucket, "object", asked)
    others = _cursor(ctx, bucket, "version", asked)
    if start is not None:
        others = Cursor(ctx, space(ctx.partition, "version", bucket.name), start, _before(asked))
    elif asked.after:
        others.seek(max(start_of(asked), f"{asked.after}\x00:"))
    merged = _Merged(current, others, asked.after if start is not None else None)
    return _paged(merged, asked, lambda row: row.key, lambda row: row)


class _Merged:
    """Current objects and other versions as one sequence: by key, newest first."""

    def __init__(self, current: Cursor, others: Cursor, seen: str | None) -> None:
        self._current = current
        self._others = others
        self._seen = seen
        self._is_current = False

    def peek(self) -> Row | None:
        now, other = self._current.peek(), self._others.peek()
        key = key_of_version(other[0]) if other is not None else ""
        self._is_current = now is not None and (other is None or now[0] <= key)
        if now is not None and self._is_current:
            return Row(now[0], decode_listed(now[1]), is_latest=True)
        return None if other is None else Row(key, decode_listed(other[1]), is_latest=key != self._seen)

    def step(self) -> None:
        row = self.peek()
        self._seen = row.key if row is not None else None
        (self._current if self._is_current else self._others).step()

    def seek(self, after: str) -> None:
        self._current.seek(after)
        self._others.seek(after)


_NOTHING = Listed("", "", 0, 0.0, "", "", "", 0, False)


def _cursor(ctx: Context, bucket: Bucket, noun: str, asked: Asked) -> Cursor:
    return Cursor(ctx, space(ctx.partition, noun, bucket.name), start_of(asked), _before(asked))


def _before(asked: Asked) -> str | None:
    return past(asked.prefix) if asked.prefix else None


def _paged(cursor: Any, asked: Asked, key_of: Callable[[Any], str], taken: Callable[[Any], Row]) -> Page:
    rows: list[Row] = []
    prefixes: list[str] = []
    last = last_version = ""
    while len(rows) + len(prefixes) < asked.limit:
        row = cursor.peek()
        if row is None:
            return Page(rows, prefixes, "", "")
        folder = folder_of(key_of(row), asked)
        if folder:
            prefixes.append(folder)
            last, last_version = folder, ""
            cursor.seek(past(folder))
            continue
        rows.append(taken(row))
        last, last_version = rows[-1].key, rows[-1].listed.version_id
        cursor.step()
    more = asked.limit > 0 and cursor.peek() is not None
    return Page(rows, prefixes, last if more else "", last_version if more else "")


def encoder(encoding: str | None) -> Callable[[str], str]:
    """How keys are written in an answer: `url` for clients whose XML takes no control characters."""
    return _quoted if encoding == "url" else str


def _quoted(text: str) -> str:
    return quote(text, safe="/*-._~")
