"""Resource policies: how advanced parameters are shared with other accounts."""

from __future__ import annotations

import hashlib
from typing import Any

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.aws.policy import MalformedPolicy, check
from fogbank.control.context import Context
from fogbank.services.ssm import parameters, rules
from fogbank.services.ssm.resources import Parameter, ResourcePolicy


def put_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    parameter = _shared(ctx, req["ResourceArn"])
    if parameter.latest.tier != "Advanced":
        text = "Only parameters that use the advanced-parameter tier can be shared."
        raise AwsError("ResourcePolicyInvalidParameterException", text)
    try:
        check(req["Policy"], "resource")
    except MalformedPolicy as error:
        raise AwsError("MalformedResourcePolicyDocumentException", str(error)) from None
    known = next(ctx.scan(ResourcePolicy, _arn(ctx, parameter)), None)
    if known is not None and "PolicyId" not in req:
        raise AwsError("ResourcePolicyLimitExceededException", "A parameter can have one resource policy.")
    policy_id = _checked_id(known, req) if "PolicyId" in req else ctx.uuid()
    digest = hashlib.sha256(req["Policy"].encode()).hexdigest()
    ctx.put(ResourcePolicy(arn=_arn(ctx, parameter), id=policy_id, policy=req["Policy"], hash=digest))
    return {"PolicyId": policy_id, "PolicyHash": digest}


def get_resource_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    arn = _arn(ctx, _shared(ctx, req["ResourceArn"]))
    after = paging.after(req.get("NextToken"))
    rows = (policy for policy in ctx.scan(ResourcePolicy, arn) if policy.id > after)
    page, token = paging.page(rows, req.get("MaxResults", 50), lambda policy: policy.id)
    found = [{"PolicyId": policy.id, "PolicyHash": policy.hash, "Policy": policy.policy} for policy in page]
    return {"Policies": found, "NextToken": token} if token else {"Policies": found}


def delete_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    arn = _arn(ctx, _shared(ctx, req["ResourceArn"]))
    known = next(ctx.scan(ResourcePolicy, arn), None)
    ctx.delete(ResourcePolicy, arn, _checked_id(known, req))
    return {}


def _checked_id(known: ResourcePolicy | None, req: dict[str, Any]) -> str:
    if known is None or known.id != req["PolicyId"]:
        text = "No policies with the specified policy ID and hash could be found."
        raise AwsError("ResourcePolicyNotFoundException", text)
    if known.hash != req.get("PolicyHash"):
        text = "The hash provided in the call doesn't match the stored hash."
        raise AwsError("ResourcePolicyConflictException", text)
    return known.id


def _shared(ctx: Context, arn: str) -> Parameter:
    wanted = rules.selected(arn)
    parameter = parameters.find(ctx, wanted)
    if parameter is None or parameters.home_of(ctx, wanted).scope != ctx.scope:
        raise AwsError("ResourceNotFoundException", f"The specified resource {arn} wasn't found.")
    return parameter


def _arn(ctx: Context, parameter: Parameter) -> str:
    return ctx.arn(rules.resource_of(parameter.name))
