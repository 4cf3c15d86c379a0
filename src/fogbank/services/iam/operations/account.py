"""The account: its alias, its summary, and everything in it at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import aws_policies, entities, rules, shown
from fogbank.services.iam.resources import (
    AccessKey,
    Alias,
    Group,
    InstanceProfile,
    ManagedPolicy,
    MfaDevice,
    OpenIdConnect,
    Role,
    Saml,
    ServerCertificate,
    User,
)

_KINDS = {"User": "UserDetailList", "Group": "GroupDetailList", "Role": "RoleDetailList"}
_QUOTAS = {
    "UsersQuota": entities.USER.most,
    "GroupsQuota": entities.GROUP.most,
    "RolesQuota": entities.ROLE.most,
    "InstanceProfilesQuota": entities.PROFILE.most,
    "PoliciesQuota": entities.POLICY.most,
    "ServerCertificatesQuota": entities.CERTIFICATE.most,
    "GroupsPerUserQuota": rules.GROUPS_OF_USER_MAX,
    "AccessKeysPerUserQuota": rules.ACCESS_KEYS_MAX,
    "SigningCertificatesPerUserQuota": rules.CREDENTIALS_MAX["signing"],
    "AttachedPoliciesPerUserQuota": rules.ATTACHED_MAX,
    "AttachedPoliciesPerGroupQuota": rules.ATTACHED_MAX,
    "AttachedPoliciesPerRoleQuota": rules.ATTACHED_MAX,
    "PolicySizeQuota": rules.MANAGED_BYTES_MAX,
    "VersionsPerPolicyQuota": rules.VERSIONS_MAX,
    "PolicyVersionsInUseQuota": 10_000,
    "AssumeRolePolicySizeQuota": rules.TRUST_BYTES_MAX,
    "UserPolicySizeQuota": rules.INLINE_BYTES_MAX["user"],
    "GroupPolicySizeQuota": rules.INLINE_BYTES_MAX["group"],
    "RolePolicySizeQuota": rules.INLINE_BYTES_MAX["role"],
    "GlobalEndpointTokenVersion": 1,
}

Row = tuple[str, str, dict[str, Any]]
"""A key, the member of the answer that it belongs to, and what is shown there."""


def create_account_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["AccountAlias"]
    for scope in ctx.scopes(Alias):
        if scope.partition == ctx.partition and ctx.at(account=scope.account).get(Alias, name) is not None:
            raise AwsError("EntityAlreadyExists", f"The account alias {name} already exists.")
    for alias in list(ctx.scan(Alias)):
        ctx.delete(Alias, alias.name)
    ctx.put(Alias(name=name))
    return {}


def list_account_aliases(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    names = [alias.name for alias in ctx.scan(Alias)]
    return entities.listing(req, "AccountAliases", names, entities.same, entities.same)


def delete_account_alias(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["AccountAlias"]
    if ctx.get(Alias, name) is None:
        raise entities.missing(f"The account alias {name} cannot be found.")
    ctx.delete(Alias, name)
    return {}


def get_account_summary(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    devices = list(ctx.scan(MfaDevice))
    owners = [device.owner for device in devices if device.owner]
    policies = list(ctx.scan(ManagedPolicy))
    found = {
        "Users": ctx.count(User),
        "Groups": ctx.count(Group),
        "Roles": ctx.count(Role),
        "InstanceProfiles": ctx.count(InstanceProfile),
        "Policies": len(policies),
        "PolicyVersionsInUse": sum(len(policy.versions) for policy in policies),
        "ServerCertificates": ctx.count(ServerCertificate),
        "Providers": ctx.count(OpenIdConnect) + ctx.count(Saml),
        "MFADevices": len(devices),
        "MFADevicesInUse": len(owners),
        "AccountMFAEnabled": int(ctx.account in owners),
        "AccountAccessKeysPresent": int(bool(ctx.find(AccessKey, "by_owner", ctx.account))),
        "AccountPasswordPresent": 1,
        "AccountSigningCertificatesPresent": 0,
    }
    return {"SummaryMap": found | _QUOTAS}


def get_account_authorization_details(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    wanted = set(req.get("Filter") or ("User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"))
    page, answer = entities.paged(req, _details(ctx, wanted), lambda row: row[0])
    found: dict[str, Any] = {member: [] for member in (*_KINDS.values(), "Policies")}
    for _, member, detail in page:
        found[member].append(detail)
    return found | answer


def _details(ctx: Context, wanted: set[str]) -> Iterator[Row]:
    """Everything that is wanted, in order of key."""
    if "User" in wanted:
        yield from ((f"1{user.key}", _KINDS["User"], _user(ctx, user)) for user in ctx.scan(User))
    if "Group" in wanted:
        yield from ((f"2{group.key}", _KINDS["Group"], _group(ctx, group)) for group in ctx.scan(Group))
    if "Role" in wanted:
        yield from ((f"3{role.key}", _KINDS["Role"], _role(ctx, role)) for role in ctx.scan(Role))
    if "LocalManagedPolicy" in wanted:
        yield from ((f"4{found.key}", "Policies", _policy(ctx, found)) for found in ctx.scan(ManagedPolicy))
    if "AWSManagedPolicy" in wanted:
        for found in aws_policies.all_in(ctx.partition):
            detail = _policy(ctx, found)
            # AWS's own are shown where they are used.
            if detail["AttachmentCount"] or detail["PermissionsBoundaryUsageCount"]:
                yield f"5{found.key}", "Policies", detail


def _inline(holder: entities.Holder) -> list[dict[str, Any]]:
    return [
        {"PolicyName": name, "PolicyDocument": rules.encoded(holder.inline[name])} for name in sorted(holder.inline)
    ]


def _attached(holder: entities.Holder) -> list[dict[str, Any]]:
    return [shown.attached(arn) for arn in holder.attached]


def _user(ctx: Context, user: User) -> dict[str, Any]:
    groups = (entities.by_id(ctx, Group, group_id) for group_id in user.groups)
    detail = shown.user(ctx, user, whole=True) | {"Tags": tags.written(user.tags)}
    return detail | {
        "UserPolicyList": _inline(user),
        "AttachedManagedPolicies": _attached(user),
        "GroupList": sorted(group.name for group in groups if group is not None),
    }


def _group(ctx: Context, group: Group) -> dict[str, Any]:
    lists = {"GroupPolicyList": _inline(group), "AttachedManagedPolicies": _attached(group)}
    return shown.group(ctx, group) | lists


def _role(ctx: Context, role: Role) -> dict[str, Any]:
    detail = shown.role(ctx, role, whole=True) | {"Tags": tags.written(role.tags)}
    for member in ("Description", "MaxSessionDuration"):
        detail.pop(member, None)
    profiles = ctx.find(InstanceProfile, "by_role", role.key)
    return detail | {
        "RolePolicyList": _inline(role),
        "AttachedManagedPolicies": _attached(role),
        "InstanceProfileList": [shown.profile(ctx, profile) for profile in profiles],
    }


def _policy(ctx: Context, policy: ManagedPolicy) -> dict[str, Any]:
    detail = shown.policy(ctx, policy, whole=True)
    del detail["Tags"]
    newest = sorted(policy.versions, key=lambda version: -version.number)
    return detail | {"PolicyVersionList": [shown.version(policy, version) for version in newest]}
