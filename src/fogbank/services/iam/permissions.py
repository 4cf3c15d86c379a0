"""What each call of IAM must be allowed (Service Authorization Reference, "AWS Identity and Access Management")."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.iam import entities, federation, managed_policies, rules
from fogbank.services.iam.entities import CERTIFICATE, GROUP, PROFILE, ROLE, USER, Noun
from fogbank.services.iam.resources import AccessKey, MfaDevice, OpenIdConnect, Saml, User

_OWN_WITHOUT_NAME = {
    "ChangePassword",
    "CreateAccessKey",
    "CreateLoginProfile",
    "DeactivateMFADevice",
    "DeleteAccessKey",
    "DeleteLoginProfile",
    "DeleteServiceSpecificCredential",
    "DeleteSigningCertificate",
    "GetLoginProfile",
    "GetUser",
    "ListAccessKeys",
    "ListMFADevices",
    "ListSSHPublicKeys",
    "ListServiceSpecificCredentials",
    "ListSigningCertificates",
    "ResetServiceSpecificCredential",
    "UpdateAccessKey",
    "UpdateServiceSpecificCredential",
    "UpdateSigningCertificate",
    "UploadSigningCertificate",
}
"""Operations on the calling user where they name none."""
_WHOLE = {
    "ListGroups": "group",
    "ListInstanceProfiles": "instance-profile",
    "ListRoles": "role",
    "ListServerCertificates": "server-certificate",
    "ListUsers": "user",
}
"""Lists, which AWS asks about as a path rather than as `*`."""
_POLICY_CHANGES = {f"{verb}{noun}Policy" for verb in ("Attach", "Detach") for noun in ("User", "Group", "Role")}
_BOUND = {
    *(f"{verb}{noun}Policy" for verb in ("Attach", "Detach", "Put", "Delete") for noun in ("User", "Role")),
    "DeleteUserPermissionsBoundary",
    "DeleteRolePermissionsBoundary",
}
"""Operations whose iam:PermissionsBoundary is the boundary that the user or role has."""

Find = Callable[[Context, dict[str, Any]], "tuple[str, Any]"]


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    if not ctx.caller.enforced:
        return ()
    if ctx.caller.session is not None and ctx.caller.principal.kind != "role" and not ctx.via:
        # "You cannot call any IAM API operations unless MFA authentication information is included" (GetSessionToken;
        # GetFederationToken never may), and sessions have no MFA here.
        raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid", status=403)
    arn, record = _resource(ctx, operation, req)
    found = [Need(f"iam:{operation}", arn, context=_facts(operation, req, record))]
    if operation == "AddRoleToInstanceProfile":
        role = _named_arn(ctx, ROLE, req)[0]
        found.append(Need("iam:PassRole", role, context={"iam:passedtoservice": ["ec2.amazonaws.com"]}))
    return found


def _resource(ctx: Context, operation: str, req: dict[str, Any]) -> tuple[str, Any]:
    """The ARN that an operation is about, and its record if there is one."""
    if operation in _WHOLE:
        return entities.arn(ctx, f"{_WHOLE[operation]}{req.get('PathPrefix', '/')}"), None
    if operation == "GetAccessKeyLastUsed":
        key = ctx.get(AccessKey, req["AccessKeyId"])
        user = entities.by_id(ctx, User, key.owner) if key and key.owner else None
        return (entities.arn_of(ctx, user), user) if user else ("*", None)
    if operation == "CreateServiceLinkedRole":
        name = rules.service_role_name(req["AWSServiceName"], req.get("CustomSuffix"))
        return entities.arn(ctx, f"role/aws-service-role/{req['AWSServiceName']}/{name}"), None
    if operation in ("GenerateServiceLastAccessedDetails", "ListPoliciesGrantingServiceAccess"):
        return req["Arn"], None
    for member, find in _FINDS:
        if member in req:
            return find(ctx, req)
    if operation in _OWN_WITHOUT_NAME and ctx.caller.principal.kind == "user":
        return ctx.caller.arn, entities.by_id(ctx, User, ctx.caller.principal.user_id)
    return "*", None


def _named(noun: Noun[Any]) -> Find:
    return lambda ctx, req: _named_arn(ctx, noun, req)


def _named_arn(ctx: Context, noun: Noun[Any], req: dict[str, Any]) -> tuple[str, Any]:
    """The ARN of what a request names, with the path of its record, or with the one that it is to be made with."""
    name = req[noun.member]
    record = ctx.get(noun.kind, name.lower())
    if record is not None:
        return entities.arn_of(ctx, record), record
    return entities.arn(ctx, f"{noun.word}{req.get('Path', '/')}{name}"), None


def _policy(ctx: Context, req: dict[str, Any]) -> tuple[str, Any]:
    return req["PolicyArn"], managed_policies.find(ctx, req["PolicyArn"])


def _new_policy(ctx: Context, req: dict[str, Any]) -> tuple[str, Any]:
    return entities.arn(ctx, f"policy{req.get('Path', '/')}{req['PolicyName']}"), None


def _source(ctx: Context, req: dict[str, Any]) -> tuple[str, Any]:
    return req["PolicySourceArn"], None


def _device(ctx: Context, req: dict[str, Any]) -> tuple[str, Any]:
    return req["SerialNumber"], ctx.get(MfaDevice, req["SerialNumber"])


def _new_device(ctx: Context, req: dict[str, Any]) -> tuple[str, Any]:
    return entities.arn(ctx, f"mfa{req.get('Path', '/')}{req['VirtualMFADeviceName']}"), None


def _oidc(ctx: Context, req: dict[str, Any]) -> tuple[str, Any]:
    arn = req["OpenIDConnectProviderArn"]
    return arn, ctx.get(OpenIdConnect, arn.partition("oidc-provider/")[2])


def _new_oidc(ctx: Context, req: dict[str, Any]) -> tuple[str, Any]:
    return entities.arn(ctx, f"oidc-provider/{federation.host_of(req['Url'])}"), None


def _saml(ctx: Context, req: dict[str, Any]) -> tuple[str, Any]:
    arn = req["SAMLProviderArn"]
    return arn, ctx.get(Saml, arn.partition("saml-provider/")[2])


def _new_saml(ctx: Context, req: dict[str, Any]) -> tuple[str, Any]:
    return entities.arn(ctx, f"saml-provider/{req['Name']}"), None


# In the order in which they count: AttachUserPolicy is about the user, EnableMFADevice too.
_FINDS: tuple[tuple[str, Find], ...] = (
    ("GroupName", _named(GROUP)),
    ("UserName", _named(USER)),
    ("InstanceProfileName", _named(PROFILE)),
    ("RoleName", _named(ROLE)),
    ("ServerCertificateName", _named(CERTIFICATE)),
    ("PolicyArn", _policy),
    ("PolicySourceArn", _source),
    ("PolicyName", _new_policy),
    ("OpenIDConnectProviderArn", _oidc),
    ("SAMLProviderArn", _saml),
    ("SerialNumber", _device),
    ("VirtualMFADeviceName", _new_device),
    ("Url", _new_oidc),
    ("SAMLMetadataDocument", _new_saml),
)


def _facts(operation: str, req: dict[str, Any], record: Any) -> dict[str, Any]:
    given = tags.read(req.get("Tags"))
    held = getattr(record, "tags", {})
    facts: dict[str, Any] = tags.condition_keys(given, held)
    facts |= {f"iam:resourcetag/{name.lower()}": [value] for name, value in held.items()}
    if "TagKeys" in req:
        facts["aws:tagkeys"] = req["TagKeys"]
    if operation in _POLICY_CHANGES:
        facts["iam:policyarn"] = [req["PolicyArn"]]
    if "PermissionsBoundary" in req:
        facts["iam:permissionsboundary"] = [req["PermissionsBoundary"]]
    elif operation in _BOUND and getattr(record, "boundary", None):
        facts["iam:permissionsboundary"] = [record.boundary]
    if "AWSServiceName" in req:
        facts["iam:awsservicename"] = [req["AWSServiceName"]]
    return facts
