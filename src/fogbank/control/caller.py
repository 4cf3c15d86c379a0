"""Who is calling: the principal behind an access key, and what is known of its session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from fogbank.aws.policy import Principal
from fogbank.aws.scope import partition_of


class Session(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What temporary credentials carry in their token."""

    access_key_id: str
    secret: str
    issued_at: float
    expires_at: float
    principal: Principal
    name: str = ""
    policy: str = ""
    """The session policy, as given; empty for none."""
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = {}
    transitive_tags: tuple[str, ...] = ()
    source_identity: str = ""
    federated_by: str = ""
    """The identity provider behind AssumeRoleWithWebIdentity."""


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A principal with the credentials it used. `enforced`: whether policies bind it (not the open mode's root)."""

    principal: Principal
    enforced: bool
    access_key_id: str = ""
    session: Session | None = None
    tags: Mapping[str, str] = {}

    @property
    def account(self) -> str:
        return self.principal.account

    @property
    def arn(self) -> str:
        return self.principal.arn


class Credential(NamedTuple):
    """An access key that fogbank issued: what signatures are checked with, and who it stands for."""

    secret: str
    caller: Caller


def root(account: str, region: str = "", *, access_key_id: str = "") -> Caller:
    """The root of an account, bound by no policy of its own account: who an unknown key is in open mode."""
    arn = f"arn:{partition_of(region)}:iam::{account}:root"
    principal = Principal(arn=arn, account=account, kind="root", user_id=account)
    return Caller(principal=principal, enforced=False, access_key_id=access_key_id)


def service(name: str, account: str) -> Caller:
    """An AWS service acting by itself: `lambda.amazonaws.com`."""
    return Caller(principal=Principal(arn=name, account=account, kind="service", service=name), enforced=True)


def anonymous() -> Caller:
    """Whoever sends an unsigned request."""
    return Caller(principal=Principal(arn="*", account="", kind="anonymous"), enforced=True)
