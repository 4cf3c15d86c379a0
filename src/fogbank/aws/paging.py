"""Pages of a listing: an opaque token stands for the key of the last row that was given."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TypeVar

from fogbank.aws.errors import AwsError

T = TypeVar("T")


def after(token: str | None, code: str = "InvalidNextToken", message: str = "The specified token isn't valid.") -> str:
    """The key that a page starts past; empty for the first page. Raises `code` for a token that is none of ours."""
    if not token:
        return ""
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise AwsError(code, message) from None
    if not text.startswith(">"):
        raise AwsError(code, message)
    return text[1:]


def token_after(key: str) -> str:
    """The token of the page past a key."""
    return base64.urlsafe_b64encode(f">{key}".encode()).decode()


def page(rows: Iterable[T], limit: int, key: Callable[[T], str]) -> tuple[list[T], str | None]:
    """The first `limit` rows, and the token of the next page if there is one; reads at most one row more."""
    found = list(islice(rows, limit + 1))
    if len(found) <= limit:
        return found, None
    return found[:limit], token_after(key(found[limit - 1]))
