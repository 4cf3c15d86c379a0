"""Roles as STS sees them: asked from `iam`, and the right to assume one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.sts import rules


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role that may be assumed."""

    arn: str
    account: str
    partition: str
    name: str
    id: str
    trust: str
    seconds_max: int
    tags: Mapping[str, str]


def find(ctx: Context, arn: str) -> Role | None:
    """The role of an ARN in whatever account, None if it is not there. Raises ValidationError for no ARN of a role."""
    parsed = rules.role_parts(arn)
    if parsed.partition != ctx.partition:
        return None
    iam = ctx.at(account=parsed.account).as_service()
    try:
        found = iam.call("iam", "GetRole", RoleName=parsed.resource.rpartition("/")[2])["Role"]
    except AwsError:
        return None
    if found["Arn"] != arn:
        return None
    return Role(
        arn=arn,
        account=parsed.account,
        partition=parsed.partition,
        name=found["RoleName"],
        id=found["RoleId"],
        trust=unquote(found["AssumeRolePolicyDocument"]),
        seconds_max=found["MaxSessionDuration"],
        tags=tags.read(found.get("Tags")),
    )


def session_principal(role: Role, name: str) -> Principal:
    return Principal(
        arn=f"arn:{role.partition}:sts::{role.account}:assumed-role/{role.name}/{name}",
        account=role.account,
        kind="role",
        role_arn=role.arn,
        user_id=f"{role.id}:{name}",
    )


def check_may_assume(ctx: Context, role: Role, actions: list[str], context: Mapping[str, Any]) -> None:
    """Raises AccessDenied unless the role's trust policy, and for another account's role the caller's, allow all."""
    for action in actions:
        need = Need(action, role.arn, account=role.account, policy=role.trust, rule="required", context=context)
        try:
            ctx.authorize(need)
        except AwsError as error:
            if error.code != "AccessDenied":
                raise
            raise denied(ctx, action, role.arn) from None


def denied(ctx: Context, action: str, arn: str) -> AwsError:
    """AWS's refusal, which is the same for a role that is not there, and does not say which policy is to blame."""
    who = ctx.caller.arn
    text = f"User: {who} is not authorized to perform: {action} on resource: {arn}"
    return AwsError("AccessDenied", text, status=403)
