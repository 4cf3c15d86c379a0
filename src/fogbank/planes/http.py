"""HTTP to the world: requests that fogbank sends for a user to the user's own endpoints."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from fogbank.aws.errors import WorldError

_ANSWER_BYTES_MAX = 256 * 1024


class Answer(NamedTuple):
    """What an endpoint said; of a long body only the beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def send(method: str, url: str, headers: Mapping[str, str], body: bytes, *, timeout_seconds: float) -> Answer:
    """One request over a connection of its own; redirects are not followed.

    Raises WorldError where there is no answer: no such host, refused, broken off, not trusted, too slow.
    """
    return await asyncio.to_thread(_send, method, url, dict(headers), body, timeout_seconds)


def _send(method: str, url: str, headers: Mapping[str, str], body: bytes, timeout_seconds: float) -> Answer:
    import urllib3

    timeout = urllib3.Timeout(total=timeout_seconds)
    try:
        with urllib3.PoolManager(num_pools=1, retries=False, timeout=timeout) as pool:
            found = pool.request(method, url, headers=headers, body=body, redirect=False, preload_content=False)
            try:
                said = found.read(_ANSWER_BYTES_MAX)
            finally:
                found.close()
            return Answer(found.status, {name.lower(): value for name, value in found.headers.items()}, said)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise WorldError(f"{method} {url}: {error}") from error
