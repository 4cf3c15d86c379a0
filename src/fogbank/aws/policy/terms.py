"""The values that a permission is decided about: who asks, for what, and which statements answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

PrincipalKind = Literal["root", "user", "role", "federated", "service", "anonymous"]
Effect = Literal["Allow", "Deny"]


class Principal(msgspec.Struct, frozen=True):
    """Who asks.

    `arn` is the user's, the root's or the session's (`arn:aws:sts::…:assumed-role/R/session`). `role_arn` is the role's
    ARN for a role session, and the federating user's for a session of GetFederationToken. `user_id` is `AIDA…` or
    `AROA…:session`. `service` is `lambda.amazonaws.com` for a service; for a web or SAML identity it may hold the
    provider's name. A federated principal without an account has no policies of its own: it is the subject of a token
    that asks for a role.
    """

    arn: str
    account: str
    kind: PrincipalKind
    role_arn: str = ""
    user_id: str = ""
    service: str = ""

    @property
    def has_policies(self) -> bool:
        """Whether policies attached to the principal, its session or its organisation count at all."""
        return self.kind not in ("service", "anonymous") and self.account != ""


class Question(msgspec.Struct, frozen=True):
    """One thing that must be allowed.

    `action` is `ssm:GetParameter`, `resource` an ARN or `*`, `account` the account that owns the resource, `context`
    lower-case condition keys with the values that the request has for them.
    """

    action: str
    resource: str
    account: str
    context: Mapping[str, Sequence[str]]


class Matched(msgspec.Struct, frozen=True):
    """A statement that applied: its policy's ARN or name, its Sid, its place in the policy counted from 0."""

    policy: str
    sid: str
    index: int
    effect: Effect
