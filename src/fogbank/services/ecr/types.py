"""ECR's resource types."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fogbank.control.resource_type import Call, Change, Properties, Table, Wanted, listed, of_calls, some, tags

_GONE = ("RepositoryNotFoundException", "RepositoryPolicyNotFoundException", "LifecyclePolicyNotFoundException")


def _name(wanted: Wanted) -> str:
    return str(wanted.properties.get("RepositoryName", wanted.name.lower()))


def _lowered(found: Any) -> Any:
    """Members as the API calls them: CloudFormation begins them with a capital letter."""
    if isinstance(found, Mapping):
        return {f"{name[:1].lower()}{name[1:]}": _lowered(value) for name, value in found.items()}
    if isinstance(found, list | tuple):
        return [_lowered(one) for one in found]
    return found


def _mutability(found: Properties) -> dict[str, Any]:
    filters = [
        {
            "filterType": one["ImageTagMutabilityExclusionFilterType"],
            "filter": one["ImageTagMutabilityExclusionFilterValue"],
        }
        for one in found.get("ImageTagMutabilityExclusionFilters", ())
    ]
    return {
        "imageTagMutability": found.get("ImageTagMutability", "MUTABLE"),
        **({"imageTagMutabilityExclusionFilters": filters} if filters else {}),
    }


def _create(wanted: Wanted) -> Call:
    given = _lowered(some(wanted.properties, "ImageScanningConfiguration", "EncryptionConfiguration"))
    found = listed(tags(wanted.tags, wanted.properties.get("Tags")))
    return "CreateRepository", {
        "repositoryName": _name(wanted),
        **given,
        **_mutability(wanted.properties),
        **({"tags": found} if found else {}),
    }


def _text(found: Any) -> str:
    return found if isinstance(found, str) else json.dumps(found)


def _policies(name: str, before: Properties, after: Properties) -> list[Call]:
    """What makes a repository's policies those of its properties."""
    named, calls = {"repositoryName": name}, list[Call]()
    for member, path, put, parameter, undo in (
        ("RepositoryPolicyText", (), "SetRepositoryPolicy", "policyText", "DeleteRepositoryPolicy"),
        (
            "LifecyclePolicy",
            ("LifecyclePolicyText",),
            "PutLifecyclePolicy",
            "lifecyclePolicyText",
            "DeleteLifecyclePolicy",
        ),
    ):
        old, new = before.get(member), after.get(member)
        for step in path:
            old, new = (old or {}).get(step), (new or {}).get(step)
        if new and new != old:
            calls.append((put, {**named, parameter: _text(new)}))
        elif old and not new:
            calls.append((undo, named))
    return calls


def _update(change: Change) -> list[Call]:
    named, calls = {"repositoryName": change.id}, list[Call]()
    if _mutability(change.before) != _mutability(change.after):
        calls.append(("PutImageTagMutability", {**named, **_mutability(change.after)}))
    scanning = change.after.get("ImageScanningConfiguration", {"ScanOnPush": False})
    if scanning != change.before.get("ImageScanningConfiguration", {"ScanOnPush": False}):
        calls.append(("PutImageScanningConfiguration", {**named, "imageScanningConfiguration": _lowered(scanning)}))
    return calls + _policies(change.id, change.before, change.after)


def _retag(change: Change, new: dict[str, str], gone: list[str]) -> list[Call]:
    arn = {"resourceArn": str(change.attributes["Arn"])}
    calls: list[Call] = [("TagResource", {**arn, "tags": listed(new)})] if new else []
    return calls + ([("UntagResource", {**arn, "tagKeys": gone})] if gone else [])


TYPES = (
    of_calls(
        Table(
            "AWS::ECR::Repository",
            "ecr",
            create=_create,
            identity=lambda answer, wanted: _name(wanted),
            afterwards=lambda name, wanted: _policies(name, {}, wanted.properties),
            update=_update,
            retag=_retag,
            delete=lambda name, properties: [
                ("DeleteRepository", {"repositoryName": name, "force": properties.get("EmptyOnDelete", False)})
            ],
            look=lambda name: ("DescribeRepositories", {"repositoryNames": [name]}),
            attributes=lambda name, properties, answer: {
                "Arn": answer["repositories"][0]["repositoryArn"],
                "RepositoryUri": answer["repositories"][0]["repositoryUri"],
            },
            present=("RepositoryAlreadyExistsException",),
            absent=_GONE,
            known=frozenset(
                (
                    "EmptyOnDelete",
                    "EncryptionConfiguration",
                    "ImageScanningConfiguration",
                    "ImageTagMutability",
                    "ImageTagMutabilityExclusionFilters",
                    "LifecyclePolicy",
                    "RepositoryName",
                    "RepositoryPolicyText",
                    "Tags",
                )
            ),
            replaces=frozenset(("EncryptionConfiguration", "RepositoryName")),
        )
    ),
)
