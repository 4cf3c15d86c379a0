"""Resource policies: which services and accounts may use X-Ray here."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.aws.policy import MalformedPolicy, check
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.xray import rules
from fogbank.services.xray.resources import Policy

_PAGE = 100


def put_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name, document = req["PolicyName"], req["PolicyDocument"]
    if len(document.encode()) > rules.POLICY_BYTES_MAX:
        raise AwsError("PolicySizeLimitExceededException", f"A policy has at most {rules.POLICY_BYTES_MAX} bytes.")
    try:
        check(document, "resource", partition=ctx.partition)
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocumentException", str(error)) from None
    before = ctx.get(Policy, name)
    _check_revision(req, before)
    if before is None and ctx.count(Policy) >= rules.POLICIES_MAX:
        text = f"An account has at most {rules.POLICIES_MAX} resource policies."
        raise AwsError("PolicyCountLimitExceededException", text)
    if not req.get("BypassPolicyLockoutCheck") and not _may_replace(ctx, document):
        text = "The policy would keep you from putting another in its place; set BypassPolicyLockoutCheck if it should."
        raise AwsError("LockoutPreventionException", text)
    revision = before.revision + 1 if before is not None else 1
    policy = Policy(name=name, document=document, revision=revision, updated_at=ctx.now)
    ctx.put(policy)
    return {"ResourcePolicy": _described(policy)}


def list_resource_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("NextToken"), "InvalidRequestException", "Invalid NextToken.")
    page, token = paging.page(ctx.scan(Policy, after=after), _PAGE, lambda policy: policy.name)
    answer: dict[str, Any] = {"ResourcePolicies": [_described(policy) for policy in page]}
    return {**answer, "NextToken": token} if token else answer


def delete_resource_policy(ctx: Context, req: dict[str, Any]) -> None:
    before = ctx.get(Policy, req["PolicyName"])
    if before is None:
        raise rules.invalid(f"Resource policy not found: {req['PolicyName']}")
    _check_revision(req, before)
    ctx.delete(Policy, before.name)


def _check_revision(req: dict[str, Any], before: Policy | None) -> None:
    """Raises InvalidPolicyRevisionIdException where a request is about another revision than there is; 0 for none."""
    wanted = req.get("PolicyRevisionId", "")
    if wanted and wanted != str(before.revision if before is not None else 0):
        text = f"The policy revision id {wanted} is not the latest."
        raise AwsError("InvalidPolicyRevisionIdException", text)


def _may_replace(ctx: Context, document: str) -> bool:
    # The root of open mode is bound by no policy, but AWS's root is: it is asked as such.
    bound = ctx.authorized_as(msgspec.structs.replace(ctx.caller, enforced=True))
    try:
        bound.authorize(Need("xray:PutResourcePolicy", policy=document, account=ctx.account))
    except AwsError:
        return False
    return True


def _described(policy: Policy) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyDocument": policy.document,
        "PolicyRevisionId": str(policy.revision),
        "LastUpdatedTime": policy.updated_at,
    }
