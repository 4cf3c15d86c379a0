"""Asks a running cloud for its own pages (`/_fogbank/…`)."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any

from fogbank.running import RunError, Running

_TIMEOUT_SECONDS = 60.0


def ask(cloud: Running, method: str, page: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The JSON that a page answers. Raises RunError with the page's own words."""
    return post(cloud, method, f"/_fogbank/{page}", json.dumps(body).encode() if body is not None else None, {})


def post(cloud: Running, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> dict[str, Any]:
    """The JSON that any request is answered with. Raises RunError with the answer's own words."""
    connection = http.client.HTTPConnection(cloud.host, cloud.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        found: dict[str, Any] = json.loads(answer.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise RunError(f"{cloud.url} does not answer as a cloud: {error}") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise RunError(f"{found.get('message', found)}")
    return found
