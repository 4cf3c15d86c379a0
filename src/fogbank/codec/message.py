"""An HTTP request and response as values: what the gateway and the codecs hand each other."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec


class Request(msgspec.Struct):
    """A request whose head has been read.

    `path` and `query` are the raw target, still percent-encoded, split at the first `?` (`query` without it).
    `headers` has lower-case names; repeated headers are joined with `,`. `body` is complete, already freed of
    transfer and content codings, unless the operation streams: then `stream` yields it and `body` is empty.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    peer: str = "127.0.0.1"
    tls: bool = False
    signed_path: str = ""
    """The path as it came, where `path` has been changed since."""

    @property
    def raw_path(self) -> str:
        """The path as the client signed it."""
        return self.signed_path or self.path


class Response(msgspec.Struct):
    """A response; `body` as an iterator is sent chunked, or plain where `headers` has a content-length."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes | AsyncIterator[bytes] = b""
