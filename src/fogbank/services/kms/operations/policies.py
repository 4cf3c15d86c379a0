"""Key policies: read and replaced; a key has one, named `default`."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.kms import conditions, keys, pages, policies


def get_key_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.find(ctx, req["KeyId"])
    _check_name(req)
    return {"Policy": found.key.policy, "PolicyName": policies.NAME}


def put_key_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.own(ctx, req["KeyId"])
    _check_name(req)
    facts = {**conditions.of_key(found), **conditions.of_request(ctx, req)}
    keys.put(found, policy=policies.checked(ctx, req, found.arn, facts))
    return {}


def list_key_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    keys.find(ctx, req["KeyId"])
    names = [name for name in (policies.NAME,) if name > pages.after(req)]
    return pages.page("PolicyNames", names, pages.limit(req, 100, 1000), str, str)


def _check_name(req: dict[str, Any]) -> None:
    if req.get("PolicyName", policies.NAME) != policies.NAME:
        raise AwsError("NotFoundException", f"No such policy exists: {req['PolicyName']}")
