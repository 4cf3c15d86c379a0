"""Functions as their roles: the credentials that they have, and what is done in their name."""

from __future__ import annotations

from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.caller import Caller
from fogbank.control.context import Context, Source
from fogbank.services.lambda_ import rules

PASSED = {"iam:passedtoservice": ["lambda.amazonaws.com"]}


class Role(NamedTuple):
    """A role that Lambda has assumed: the credentials for a function, and who they stand for."""

    credentials: dict[str, Any]
    caller: Caller


def assumed(ctx: Context, role: str, name: str) -> Role:
    """Assume a function's role, in whose sessions the function's name stands. Within a transaction.

    Raises AccessDenied where the role is not there, or does not trust Lambda.
    """
    arn = ctx.arn(f"function:{name}", "lambda")
    asking = ctx.as_service(Source(arn, ctx.account), "lambda")
    made = asking.call(
        "sts", "AssumeRole", RoleArn=role, RoleSessionName=name.ljust(2, "-"), DurationSeconds=rules.CREDENTIAL_SECONDS
    )
    user = made["AssumedRoleUser"]
    principal = Principal(
        arn=user["Arn"], account=role.split(":")[4], kind="role", role_arn=role, user_id=user["AssumedRoleId"]
    )
    return Role(made["Credentials"], Caller(principal=principal, enforced=True))


def as_function(ctx: Context, role: str, name: str) -> Context:
    """The same call made by a function, with its role. Raises AccessDenied."""
    found = ctx.authorized_as(assumed(ctx, role, name).caller)
    found.source = Source(ctx.arn(f"function:{name}", "lambda"), ctx.account)
    return found


def check_role(ctx: Context, role: str, name: str) -> Context:
    """The same call made by the role that a function is to have.

    Raises InvalidParameterValueException for one that Lambda may not assume.
    """
    try:
        return as_function(ctx, role, name)
    except AwsError as error:
        if error.code not in ("AccessDenied", "ValidationError", "ValidationException"):
            raise
        raise rules.invalid("The role defined for the function cannot be assumed by Lambda.") from None
