"""Who an access key stands for, and which policies bind a principal."""

from __future__ import annotations

from fogbank.aws.policy import PolicySet
from fogbank.control.caller import Credential
from fogbank.control.context import Context


def credential_of(ctx: Context, access_key_id: str) -> Credential | None:
    """The credential of an access key of this account, None if it never had one of that id."""
    return None


def policies_of(ctx: Context) -> PolicySet:
    """Everything that binds the caller of a context."""
    return PolicySet()
