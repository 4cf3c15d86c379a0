"""The errors that fogbank raises on purpose, each with a fate of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class AwsError(Exception):
    """An API's own refusal: what the caller sees, in the protocol that it speaks.

    `code` is the name of the error's shape in the service's model, or the code that the API page gives where the model
    has none. `status` None means: what the model says of that shape, else 400 (500 for a fault of the server).
    `members` are further members of the error's shape; `headers` go with the answer over HTTP.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status
        self.members = members
        self.headers = headers or {}

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class NotImplementedByFogbank(AwsError):
    """The operation exists at AWS and has no code here: HTTP 501, and it says so."""

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(
            "NotImplemented", f"fogbank does not implement {service}:{operation}. See `fogbank coverage`.", status=501
        )


class WorldError(Exception):
    """The world would not do what was asked (a process died, the kernel refused): retried, and shown as a reason."""
