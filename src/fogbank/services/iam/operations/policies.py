"""Managed policies and their versions."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import aws_policies, entities, managed_policies, rules, shown
from fogbank.services.iam.entities import POLICY
from fogbank.services.iam.resources import Group, ManagedPolicy, PolicyVersion, Role, User


def create_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    entities.check_new(ctx, POLICY, req["PolicyName"])
    rules.check_document(req["PolicyDocument"], "managed", ctx.partition)
    policy = ManagedPolicy(
        name=req["PolicyName"],
        path=req.get("Path", "/"),
        id=entities.new_id(ctx, ManagedPolicy),
        created_at=ctx.now,
        updated_at=ctx.now,
        description=req.get("Description"),
        versions=(PolicyVersion(number=1, document=req["PolicyDocument"], created_at=ctx.now),),
        tags=rules.tagged({}, req.get("Tags")),
    )
    ctx.put(policy)
    return {"Policy": shown.policy(ctx, policy, whole=True)}


def get_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Policy": shown.policy(ctx, managed_policies.existing(ctx, req["PolicyArn"]), whole=True)}


def list_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted = req.get("Scope", "All")
    found: list[ManagedPolicy] = []
    if wanted != "AWS":
        found += ctx.scan(ManagedPolicy)
    if wanted != "Local":
        found += aws_policies.all_in(ctx.partition)
    rows = (
        policy
        for policy in entities.below(sorted(found, key=_place), req)
        if _is_used(ctx, policy, req.get("PolicyUsageFilter"), req.get("OnlyAttached", False))
    )
    return entities.listing(req, "Policies", rows, _place, lambda policy: shown.policy(ctx, policy))


def delete_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    arn = req["PolicyArn"]
    policy = managed_policies.own(ctx, arn)
    if managed_policies.attachments(ctx, arn) or managed_policies.bounded(ctx, arn):
        raise AwsError("DeleteConflict", "Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        text = (
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy."
        )
        raise AwsError("DeleteConflict", text)
    ctx.delete(ManagedPolicy, policy.key)
    return {}


def create_policy_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    policy = managed_policies.own(ctx, req["PolicyArn"])
    rules.check_document(req["PolicyDocument"], "managed", ctx.partition)
    if len(policy.versions) >= rules.VERSIONS_MAX:
        text = (
            f"A managed policy can have up to {rules.VERSIONS_MAX} versions. Before you create a new version, you must "
            "delete an existing version."
        )
        raise AwsError("LimitExceeded", text)
    version = PolicyVersion(number=policy.latest + 1, document=req["PolicyDocument"], created_at=ctx.now)
    changed = msgspec.structs.replace(
        policy,
        versions=(*policy.versions, version),
        latest=version.number,
        default=version.number if req.get("SetAsDefault") else policy.default,
        updated_at=ctx.now,
    )
    ctx.put(changed)
    return {"PolicyVersion": shown.version(changed, version, document=False)}


def get_policy_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    policy = managed_policies.existing(ctx, req["PolicyArn"])
    return {"PolicyVersion": shown.version(policy, _version(policy, req))}


def list_policy_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    policy = managed_policies.existing(ctx, req["PolicyArn"])
    newest = sorted(policy.versions, key=_newest_first)
    return entities.listing(
        req, "Versions", newest, _newest_first, lambda version: shown.version(policy, version, document=False)
    )


def set_default_policy_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    policy = managed_policies.own(ctx, req["PolicyArn"])
    version = _version(policy, req)
    ctx.put(msgspec.structs.replace(policy, default=version.number, updated_at=ctx.now))
    return {}


def delete_policy_version(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    policy = managed_policies.own(ctx, req["PolicyArn"])
    version = _version(policy, req)
    if version.number == policy.default:
        raise AwsError("DeleteConflict", "Cannot delete the default version of a policy.")
    kept = tuple(each for each in policy.versions if each.number != version.number)
    ctx.put(msgspec.structs.replace(policy, versions=kept, updated_at=ctx.now))
    return {}


def list_entities_for_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    arn = req["PolicyArn"]
    managed_policies.existing(ctx, arn)
    usage = req.get("PolicyUsageFilter")
    found: list[User | Group | Role] = []
    if usage != "PermissionsBoundary":
        found += managed_policies.attachments(ctx, arn)
    if usage != "PermissionsPolicy":
        found += (holder for holder in managed_policies.bounded(ctx, arn) if holder not in found)
    kind = _FILTERS.get(req.get("EntityFilter", ""), (User, Group, Role))
    rows = sorted((holder for holder in entities.below(found, req) if isinstance(holder, kind)), key=_holder_key)
    page, answer = entities.paged(req, rows, _holder_key)
    for holder_kind in (Group, User, Role):
        noun = entities.HOLDERS[holder_kind]
        title = noun.word.capitalize()
        answer[f"Policy{title}s"] = [
            {noun.member: holder.name, f"{title}Id": holder.id} for holder in page if isinstance(holder, holder_kind)
        ]
    return answer


_FILTERS: dict[str, tuple[type[Any], ...]] = {
    "User": (User,),
    "Group": (Group,),
    "Role": (Role,),
    "LocalManagedPolicy": (),
    "AWSManagedPolicy": (),
}


def _version(policy: ManagedPolicy, req: dict[str, Any]) -> PolicyVersion:
    number = rules.version_number(policy, req["VersionId"])
    if number is None:
        text = f"Policy {req['PolicyArn']} version {req['VersionId']} does not exist or is not attachable."
        raise entities.missing(text)
    return next(version for version in policy.versions if version.number == number)


def _is_used(ctx: Context, policy: ManagedPolicy, usage: str | None, only_attached: bool) -> bool:
    if usage is None and not only_attached:
        return True
    arn = managed_policies.arn_of(ctx, policy)
    if usage == "PermissionsBoundary":
        return bool(managed_policies.bounded(ctx, arn))
    return bool(managed_policies.attachments(ctx, arn))


def _place(policy: ManagedPolicy) -> str:
    """The account's own first, then AWS's."""
    return f"{int(aws_policies.is_one(policy))}{policy.key}"


def _newest_first(version: PolicyVersion) -> str:
    return f"{10**9 - version.number:09d}"


def _holder_key(holder: User | Group | Role) -> str:
    return f"{entities.HOLDERS[type(holder)].word}/{holder.key}"
