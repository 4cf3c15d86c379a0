"""What each call of ECR must be allowed (Service Authorization Reference, "Amazon Elastic Container Registry")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.ecr import repositories
from fogbank.services.ecr.resources import Repository


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"ecr:{operation}"
    home = repositories.home_of(ctx, req)
    if "resourceArn" in req:
        try:
            home, found = repositories.by_arn(ctx, req["resourceArn"])
        except AwsError:
            return (Need(action, req["resourceArn"]),)
        return (_on(home, action, found.name, req),)
    names = [req["repositoryName"]] if "repositoryName" in req else req.get("repositoryNames", ())
    return [_on(home, action, name, req) for name in names] or (Need(action, home.arn("repository/*", "ecr")),)


def _on(home: Context, action: str, name: str, req: dict[str, Any]) -> Need:
    found = home.get(Repository, name)
    facts = tags.condition_keys(tags.read(req.get("tags")), found.tags if found is not None else {})
    facts |= {f"ecr:{key[4:]}": value for key, value in facts.items() if key.startswith("aws:resourcetag/")}
    return Need(
        action,
        home.arn(f"repository/{name}", "ecr"),
        account=home.account,
        policy=found.policy if found is not None else "",
        context=facts,
    )
