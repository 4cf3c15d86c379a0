"""Repositories as their registry and their names lead to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.aws.scope import dns_suffix_of
from fogbank.control.context import Context
from fogbank.services.ecr import rules
from fogbank.services.ecr.resources import Repository

_KIND = "repository/"


class Found(NamedTuple):
    """A repository, and the context of its registry."""

    home: Context
    repository: Repository


def home_of(ctx: Context, req: Mapping[str, Any]) -> Context:
    """The registry that a request names: an account's, in this region."""
    return ctx.at(account=req["registryId"]) if req.get("registryId") else ctx


def named(ctx: Context, req: Mapping[str, Any]) -> Found:
    """The repository that a request names. Raises RepositoryNotFoundException."""
    return in_registry(home_of(ctx, req), req["repositoryName"])


def in_registry(home: Context, name: str) -> Found:
    """Raises RepositoryNotFoundException."""
    found = home.get(Repository, name)
    if found is None:
        raise AwsError("RepositoryNotFoundException", f"The repository with name '{name}' {_nowhere(home)}")
    return Found(home, found)


def by_arn(ctx: Context, arn: str) -> Found:
    """Raises InvalidParameterException for what is no repository's ARN, RepositoryNotFoundException."""
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service != "ecr" or not parsed.resource.startswith(_KIND):
        raise rules.invalid("resourceArn", "Invalid ARN")
    if parsed.region != ctx.region:
        raise rules.invalid("resourceArn", "Invalid ARN")
    return in_registry(ctx.at(account=parsed.account), parsed.resource.removeprefix(_KIND))


def has_none(found: Found, what: str) -> str:
    """The text for a repository that lacks something."""
    return (
        f"{what} does not exist for the repository with name '{found.repository.name}' in the registry with id "
        f"'{found.home.account}'"
    )


def _nowhere(home: Context) -> str:
    return f"does not exist in the registry with id '{home.account}'"


def shown(found: Found) -> dict[str, Any]:
    """A repository as the API describes it."""
    home, one = found
    key = {"kmsKey": one.key_arn} if one.key_arn else {}
    return {
        "repositoryArn": home.arn(one.resource, "ecr"),
        "registryId": home.account,
        "repositoryName": one.name,
        "repositoryUri": f"{home.account}.dkr.ecr.{home.region}.{dns_suffix_of(home.partition)}/{one.name}",
        "createdAt": one.created_at,
        "imageTagMutability": one.mutability,
        **({"imageTagMutabilityExclusionFilters": list(one.exclusions)} if one.exclusions else {}),
        "imageScanningConfiguration": {"scanOnPush": one.scans_on_push},
        "encryptionConfiguration": {"encryptionType": one.encryption, **key},
    }
