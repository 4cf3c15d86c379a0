"""What may be done with a repository, and how long its images stay."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import MalformedPolicy, check
from fogbank.control.context import Context
from fogbank.services.ecr import repositories, rules
from fogbank.services.ecr.repositories import Found


def set_repository_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, before = repositories.named(ctx, req)
    try:
        check(req["policyText"], "resource")
    except MalformedPolicy:
        raise rules.invalid("PolicyText", "Invalid repository policy provided") from None
    changed = msgspec.structs.replace(before, policy=req["policyText"])
    home.put(changed)
    return _policy(Found(home, changed))


def get_repository_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _policy(repositories.named(ctx, req))


def delete_repository_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = repositories.named(ctx, req)
    shown = _policy(found)
    found.home.put(msgspec.structs.replace(found.repository, policy=""))
    return shown


def put_lifecycle_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, before = repositories.named(ctx, req)
    document = rules.lifecycle(req["lifecyclePolicyText"])
    changed = msgspec.structs.replace(before, lifecycle=document, lifecycle_at=ctx.now)
    home.put(changed)
    shown = _lifecycle(Found(home, changed))
    return {name: value for name, value in shown.items() if name != "lastEvaluatedAt"}


def get_lifecycle_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _lifecycle(repositories.named(ctx, req))


def delete_lifecycle_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = repositories.named(ctx, req)
    shown = _lifecycle(found)
    found.home.put(msgspec.structs.replace(found.repository, lifecycle={}, lifecycle_at=0.0))
    return shown


def _policy(found: Found) -> dict[str, Any]:
    """Raises RepositoryPolicyNotFoundException."""
    if not found.repository.policy:
        raise AwsError("RepositoryPolicyNotFoundException", repositories.has_none(found, "Repository policy"))
    return {**_named(found), "policyText": found.repository.policy}


def _lifecycle(found: Found) -> dict[str, Any]:
    """Raises LifecyclePolicyNotFoundException."""
    if not found.repository.lifecycle:
        raise AwsError("LifecyclePolicyNotFoundException", repositories.has_none(found, "Lifecycle policy"))
    text = json.dumps(found.repository.lifecycle, separators=(",", ":"))
    return {**_named(found), "lifecyclePolicyText": text, "lastEvaluatedAt": found.repository.lifecycle_at}


def _named(found: Found) -> dict[str, str]:
    return {"registryId": found.home.account, "repositoryName": found.repository.name}
