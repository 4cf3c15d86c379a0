"""Sessions made: nothing is stored, for the token carries all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.aws import ids
from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.caller import Session
from fogbank.control.context import Context
from fogbank.services.sts import rules

_SECRET_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A session that is to be made."""

    principal: Principal
    seconds: int
    name: str = ""
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = {}
    transitive_tags: tuple[str, ...] = ()
    source_identity: str = ""
    federated_by: str = ""


def credentials(ctx: Context, wanted: Wanted) -> dict[str, Any]:
    """The session's credentials, as answers have them."""
    session = Session(
        access_key_id=ctx.at(account=wanted.principal.account).access_key_id("ASIA"),
        secret=ids.letters(ctx.random, 40, _SECRET_LETTERS),
        issued_at=ctx.now,
        expires_at=ctx.now + wanted.seconds,
        principal=wanted.principal,
        name=wanted.name,
        policy=wanted.policy,
        policy_arns=wanted.policy_arns,
        tags=wanted.tags,
        transitive_tags=wanted.transitive_tags,
        source_identity=wanted.source_identity,
        federated_by=wanted.federated_by,
    )
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": ctx.session_token(session),
        "Expiration": session.expires_at,
    }


def policies(ctx: Context, req: Mapping[str, Any], account: str) -> tuple[str, tuple[str, ...]]:
    """The session policy and the ARNs of managed ones that a request gives, which must be there in the account.

    Raises MalformedPolicyDocument, ValidationError and PackedPolicyTooLarge.
    """
    policy, arns = req.get("Policy", ""), tuple(each["arn"] for each in req.get("PolicyArns", ()))
    rules.check_policies(policy, arns)
    iam = ctx.at(account=account).as_service()
    for arn in arns:
        try:
            iam.call("iam", "GetPolicy", PolicyArn=arn)
        except AwsError as error:
            raise AwsError("ValidationError", f"Session policy {arn} cannot be used: {error.message}") from None
    return policy, arns
