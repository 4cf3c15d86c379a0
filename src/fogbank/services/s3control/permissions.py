"""What each call must be allowed (Service Authorization Reference, "Amazon S3")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.service import Need

_ACTIONS = {
    "DeletePublicAccessBlock": "s3:PutAccountPublicAccessBlock",
    "GetPublicAccessBlock": "s3:GetAccountPublicAccessBlock",
    "PutPublicAccessBlock": "s3:PutAccountPublicAccessBlock",
}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    """Raises AccessDenied for who speaks of another account than its own."""
    if req["AccountId"] != ctx.caller.account or ctx.caller.principal.kind == "anonymous":
        raise AwsError("AccessDenied", "Access Denied", status=403)
    if operation in _ACTIONS:
        return (Need(_ACTIONS[operation]),)
    return (Need(f"s3:{operation}", req["ResourceArn"], context=_facts(req)),)


def _facts(req: dict[str, Any]) -> dict[str, Any]:
    return tags.condition_keys(tags.read(req.get("Tags"))) | (
        {"aws:tagkeys": list(req["TagKeys"])} if "TagKeys" in req else {}
    )
