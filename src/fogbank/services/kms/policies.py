"""Key policies: AWS's default ones, and the checks that a new one must pass."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import MalformedPolicy, check
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.kms.rules import POLICY_BYTES_MAX

NAME = "default"
"""The only name that a key policy has."""
_MANAGED_USES = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant")


def default_policy(partition: str, account: str) -> str:
    """What a key gets when it is made without a policy (Developer Guide, "Default key policy")."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return _written({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]})


def managed_policy(partition: str, account: str, noun: str, via: str) -> str:
    """The policy of an AWS managed key: whoever may use the service may use the key, through that service alone."""
    title = noun.upper()
    through = {
        "Sid": f"Allow access through {title} for all principals in the account that are authorized to use {title}",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [*_MANAGED_USES, "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:CallerAccount": account, "kms:ViaService": via}},
    }
    metadata = {
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        "Resource": "*",
    }
    return _written({"Version": "2012-10-17", "Id": f"auto-{noun}-1", "Statement": [through, metadata]})


def of_new_key(ctx: Context, req: Mapping[str, Any], arn: str, conditions: Mapping[str, Any]) -> str:
    """The policy that a new key is to have. Raises what `checked` raises."""
    return checked(ctx, req, arn, conditions) if "Policy" in req else default_policy(ctx.partition, ctx.account)


def checked(ctx: Context, req: Mapping[str, Any], arn: str, conditions: Mapping[str, Any]) -> str:
    """The policy of a request, if its caller could replace it again, or said that this does not matter.

    Raises MalformedPolicyDocumentException, LimitExceededException.
    """
    text: str = req["Policy"]
    if len(text.encode()) > POLICY_BYTES_MAX:
        raise AwsError("LimitExceededException", f"A key policy has at most {POLICY_BYTES_MAX} bytes.")
    try:
        check(text, "resource", partition=ctx.partition)
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocumentException", str(error)) from None
    if not req.get("BypassPolicyLockoutSafetyCheck") and not _may_replace(ctx, text, arn, conditions):
        reason = "The new key policy will not allow you to update the key policy in the future."
        raise AwsError("MalformedPolicyDocumentException", reason)
    return text


def _may_replace(ctx: Context, policy: str, arn: str, conditions: Mapping[str, Any]) -> bool:
    # The root of open mode is bound by no policy, but AWS's root is: it is asked as such.
    bound = ctx.authorized_as(msgspec.structs.replace(ctx.caller, enforced=True))
    need = Need("kms:PutKeyPolicy", arn, account=ctx.account, policy=policy, rule="required", context={**conditions})
    try:
        bound.authorize(need)
    except AwsError:
        return False
    return True


def _written(policy: Mapping[str, Any]) -> str:
    return json.dumps(policy, indent=2, separators=(",", " : "))
