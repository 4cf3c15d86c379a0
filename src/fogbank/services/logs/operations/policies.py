"""Resource policies: what services may write to the groups of an account."""

from __future__ import annotations

from typing import Any

from fogbank.aws import paging
from fogbank.aws.policy import MalformedPolicy, check
from fogbank.control.context import Context
from fogbank.services.logs import rules
from fogbank.services.logs.resources import Policy


def put_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if req.get("resourceArn"):
        raise rules.invalid("Resource policies of single log groups are not supported here; give a policyName.")
    name, document = req.get("policyName", ""), req.get("policyDocument", "")
    if not name or not document:
        raise rules.invalid("policyName and policyDocument are required.")
    if len(document.encode()) > rules.POLICY_BYTES_MAX:
        raise rules.limit_exceeded(f"A resource policy can have at most {rules.POLICY_BYTES_MAX} bytes.")
    try:
        check(document, "resource")
    except MalformedPolicy as error:
        raise rules.invalid(f"The resource policy is malformed: {error}") from None
    if ctx.get(Policy, name) is None and ctx.count(Policy) >= rules.POLICIES_MAX:
        raise rules.limit_exceeded()
    policy = Policy(name=name, document=document, updated_at=ctx.now)
    ctx.put(policy)
    return {"resourcePolicy": _described(policy)}


def describe_resource_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("nextToken"), "InvalidParameterException", "The specified nextToken is invalid.")
    page, token = paging.page(ctx.scan(Policy, after=after), req.get("limit", 50), lambda policy: policy.name)
    answer: dict[str, Any] = {"resourcePolicies": [_described(policy) for policy in page]}
    return {**answer, "nextToken": token} if token else answer


def delete_resource_policy(ctx: Context, req: dict[str, Any]) -> None:
    name = req.get("policyName", "")
    if ctx.get(Policy, name) is None:
        raise rules.missing("resource policy")
    ctx.delete(Policy, name)


def _described(policy: Policy) -> dict[str, Any]:
    return {
        "policyName": policy.name,
        "policyDocument": policy.document,
        "lastUpdatedTime": int(policy.updated_at * 1000),
        "policyScope": "ACCOUNT",
    }
