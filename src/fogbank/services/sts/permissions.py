"""What each call of STS must be allowed (Service Authorization Reference, "AWS Security Token Service").

AssumeRole asks for itself, once it has the role with its trust policy; GetCallerIdentity and GetSessionToken need no
permission ("No permissions are required to perform this operation").
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.control.service import Need

_FREE = {"AssumeRole", "AssumeRoleWithWebIdentity", "GetCallerIdentity", "GetSessionToken"}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    if operation in _FREE:
        return ()
    if operation != "GetFederationToken":
        return (Need(f"sts:{operation}"),)
    arn = ctx.scope.everywhere().arn("sts", f"federated-user/{req['Name']}")
    context = tags.condition_keys(tags.read(req.get("Tags")))
    needed = Need("sts:GetFederationToken", arn, context=context)
    return (needed, Need("sts:TagSession", arn, context=context)) if req.get("Tags") else (needed,)
