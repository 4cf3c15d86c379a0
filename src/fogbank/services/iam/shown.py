"""IAM's records as its answers show them."""

from __future__ import annotations

from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.iam import entities, managed_policies, rules
from fogbank.services.iam.resources import Group, InstanceProfile, ManagedPolicy, PolicyVersion, Role, Use, User


def user(ctx: Context, found: User, *, whole: bool = False) -> dict[str, Any]:
    """A user; lists leave out the tags and the boundary, as AWS's do."""
    row = {
        "Path": found.path,
        "UserName": found.name,
        "UserId": found.id,
        "Arn": entities.arn_of(ctx, found),
        "CreateDate": found.created_at,
    }
    return row | _extras(found) if whole else row


def group(ctx: Context, found: Group) -> dict[str, Any]:
    return {
        "Path": found.path,
        "GroupName": found.name,
        "GroupId": found.id,
        "Arn": entities.arn_of(ctx, found),
        "CreateDate": found.created_at,
    }


def role(ctx: Context, found: Role, *, whole: bool = False) -> dict[str, Any]:
    """A role; lists leave out the tags, the boundary and the last use."""
    row: dict[str, Any] = {
        "Path": found.path,
        "RoleName": found.name,
        "RoleId": found.id,
        "Arn": entities.arn_of(ctx, found),
        "CreateDate": found.created_at,
        "AssumeRolePolicyDocument": rules.encoded(_trust(ctx, found)),
        "MaxSessionDuration": found.session_seconds_max,
    }
    if found.description is not None:
        row["Description"] = found.description
    if not whole:
        return row
    return row | _extras(found) | {"RoleLastUsed": last_used(ctx, found)}


def _trust(ctx: Context, found: Role) -> str:
    """The trust policy with those it names as they are called now, and with the bare ids of those that are gone."""
    names: dict[str, str] = {}
    for arn, unique_id in found.trusted.items():
        home = ctx.at(account=arn.split(":")[4])
        kind: type[User] | type[Role] = User if ":user/" in arn else Role
        held = entities.by_id(home, kind, unique_id)
        now = entities.arn_of(home, held) if held is not None else unique_id
        if now != arn:
            names[arn] = now
    return rules.with_principals(found.trust, names) if names else found.trust


def last_used(ctx: Context, found: Role) -> dict[str, Any]:
    use = ctx.get(Use, found.id)
    return {"LastUsedDate": use.at, "Region": use.region} if use else {}


def profile(ctx: Context, found: InstanceProfile, *, whole: bool = False) -> dict[str, Any]:
    roles = [ctx.get(Role, key) for key in found.roles]
    row: dict[str, Any] = {
        "Path": found.path,
        "InstanceProfileName": found.name,
        "InstanceProfileId": found.id,
        "Arn": entities.arn_of(ctx, found),
        "CreateDate": found.created_at,
        "Roles": [role(ctx, each) for each in roles if each is not None],
    }
    if whole and found.tags:
        row["Tags"] = tags.written(found.tags)
    return row


def policy(ctx: Context, found: ManagedPolicy, *, whole: bool = False) -> dict[str, Any]:
    """A managed policy; lists leave out the description and the tags."""
    arn = managed_policies.arn_of(ctx, found)
    row: dict[str, Any] = {
        "PolicyName": found.name,
        "PolicyId": found.id,
        "Arn": arn,
        "Path": found.path,
        "DefaultVersionId": f"v{found.default}",
        "AttachmentCount": len(managed_policies.attachments(ctx, arn)),
        "PermissionsBoundaryUsageCount": len(managed_policies.bounded(ctx, arn)),
        "IsAttachable": True,
        "CreateDate": found.created_at,
        "UpdateDate": found.updated_at,
    }
    if whole and found.description is not None:
        row["Description"] = found.description
    if whole:
        row["Tags"] = tags.written(found.tags)
    return row


def version(found: ManagedPolicy, shown: PolicyVersion, *, document: bool = True) -> dict[str, Any]:
    row: dict[str, Any] = {
        "VersionId": f"v{shown.number}",
        "IsDefaultVersion": shown.number == found.default,
        "CreateDate": shown.created_at,
    }
    return row | {"Document": rules.encoded(shown.document)} if document else row


def attached(arn: str) -> dict[str, Any]:
    return {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}


def boundary(arn: str) -> dict[str, Any]:
    return {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}


def _extras(found: User | Role) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if found.boundary is not None:
        row["PermissionsBoundary"] = boundary(found.boundary)
    if found.tags:
        row["Tags"] = tags.written(found.tags)
    return row
