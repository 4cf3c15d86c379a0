"""Repositories: made, described, changed, taken away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.aws.paging import after, page
from fogbank.control.context import Context
from fogbank.services.ecr import repositories, rules
from fogbank.services.ecr.repositories import Found
from fogbank.services.ecr.resources import Repository

_REPOSITORIES_MAX = 100_000
_KEY_DEFAULT = "alias/aws/ecr"


def create_repository(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, name = repositories.home_of(ctx, req), req["repositoryName"]
    if home.get(Repository, name) is not None:
        text = f"The repository with name '{name}' already exists in the registry with id '{home.account}'"
        raise AwsError("RepositoryAlreadyExistsException", text)
    if home.count(Repository) >= _REPOSITORIES_MAX:
        text = f"The registry with id '{home.account}' already has the maximum allowed number of repositories"
        raise AwsError("LimitExceededException", text)
    made = Repository(
        name=name,
        created_at=ctx.now,
        tags=_first_tags(req),
        scans_on_push=req.get("imageScanningConfiguration", {}).get("scanOnPush", False),
        **_mutability(req),
        **_encryption(home, req.get("encryptionConfiguration", {})),
    )
    home.put(made)
    return {"repository": repositories.shown(Found(home, made))}


def describe_repositories(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, names = repositories.home_of(ctx, req), req.get("repositoryNames")
    if names:
        if "nextToken" in req or "maxResults" in req:
            why = "nextToken and maxResults cannot be used with repositoryNames"
            raise rules.invalid("repositoryNames", why)
        return {"repositories": [repositories.shown(repositories.in_registry(home, name)) for name in names]}
    start = after(req.get("nextToken"), "InvalidParameterException", "Invalid parameter at 'nextToken'")
    found, token = page(_after(home, start), req.get("maxResults", 100), lambda one: one.name)
    rows = [repositories.shown(Found(home, one)) for one in found]
    return {"repositories": rows, **({"nextToken": token} if token else {})}


def delete_repository(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = repositories.named(ctx, req)
    found.home.delete(Repository, found.repository.name)
    shown = repositories.shown(found)
    told = ("repositoryArn", "registryId", "repositoryName", "repositoryUri", "createdAt", "imageTagMutability")
    return {"repository": {name: shown[name] for name in told}}


def put_image_tag_mutability(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, before = repositories.named(ctx, req)
    changed = msgspec.structs.replace(before, **_mutability(req))
    home.put(changed)
    shown = repositories.shown(Found(home, changed))
    told = ("registryId", "repositoryName", "imageTagMutability", "imageTagMutabilityExclusionFilters")
    return {name: shown[name] for name in told if name in shown}


def put_image_scanning_configuration(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, before = repositories.named(ctx, req)
    changed = msgspec.structs.replace(before, scans_on_push=req["imageScanningConfiguration"].get("scanOnPush", False))
    home.put(changed)
    shown = repositories.shown(Found(home, changed))
    return {name: shown[name] for name in ("registryId", "repositoryName", "imageScanningConfiguration")}


def tag_resource(ctx: Context, req: dict[str, Any]) -> None:
    home, before = repositories.by_arn(ctx, req["resourceArn"])
    home.put(msgspec.structs.replace(before, tags=_checked({**before.tags, **_read(req)})))


def untag_resource(ctx: Context, req: dict[str, Any]) -> None:
    home, before = repositories.by_arn(ctx, req["resourceArn"])
    home.put(msgspec.structs.replace(before, tags=tags.without(before.tags, req["tagKeys"])))


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"tags": tags.written(repositories.by_arn(ctx, req["resourceArn"]).repository.tags)}


def _after(home: Context, start: str) -> Iterator[Repository]:
    return home.scan(Repository, after=start)


def _first_tags(req: Mapping[str, Any]) -> dict[str, str]:
    return _checked(_read(req))


def _read(req: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a request. Raises InvalidTagParameterException."""
    twice = tags.duplicates(req.get("tags"))
    if twice:
        raise AwsError("InvalidTagParameterException", f"Invalid parameter at 'tags': {twice[0]} stands more than once")
    found = tags.read(req.get("tags"))
    reserved = [key for key in found if key.lower().startswith("aws:")]
    if reserved:
        text = f"Invalid parameter at 'tags': {reserved[0]} begins with the reserved prefix aws:"
        raise AwsError("InvalidTagParameterException", text)
    return found


def _checked(found: dict[str, str]) -> dict[str, str]:
    """Raises TooManyTagsException."""
    if len(found) > tags.TAGS_MAX:
        raise AwsError("TooManyTagsException", f"A repository can have at most {tags.TAGS_MAX} tags")
    return found


def _mutability(req: Mapping[str, Any]) -> dict[str, Any]:
    """Raises InvalidParameterException for filters without the setting that is for them, and the other way round."""
    mutability, exclusions = req.get("imageTagMutability", "MUTABLE"), req.get("imageTagMutabilityExclusionFilters")
    if mutability.endswith("_WITH_EXCLUSION") != bool(exclusions):
        why = "filters stand with IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION, and with no other setting"
        raise rules.invalid("imageTagMutabilityExclusionFilters", why)
    return {"mutability": mutability, "exclusions": tuple(exclusions or ())}


def _encryption(home: Context, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """How a repository is encrypted at rest. Raises KmsException, InvalidParameterException."""
    kind = wanted.get("encryptionType", "AES256")
    if kind == "AES256":
        if "kmsKey" in wanted:
            raise rules.invalid("encryptionConfiguration", "kmsKey stands with KMS and KMS_DSSE alone")
        return {"encryption": kind}
    key = wanted.get("kmsKey", _KEY_DEFAULT)
    try:
        metadata = home.call("kms", "DescribeKey", KeyId=key)["KeyMetadata"]
    except AwsError as error:
        raise AwsError("KmsException", error.message) from None
    if metadata["KeyState"] != "Enabled":
        raise AwsError("KmsException", f"{metadata['Arn']} is {metadata['KeyState']}")
    return {"encryption": kind, "key_arn": metadata["Arn"]}
