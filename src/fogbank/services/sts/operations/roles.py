"""Roles assumed: by principals that sign, and by whoever holds a token of an identity provider."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.caller import Caller
from fogbank.control.context import Context
from fogbank.services.sts import roles, rules, sessions, web_identity
from fogbank.services.sts.roles import Role


def assume_role(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "SerialNumber" in req or "TokenCode" in req:
        # A session cannot say that it has MFA yet: what asks for it must fail rather than pass without.
        text = "MultiFactorAuthentication failed with invalid MFA one time pass code. fogbank has no MFA for sessions."
        raise AwsError("AccessDenied", text, status=403)
    caller, session = ctx.caller, ctx.caller.session
    if caller.principal.kind == "root" and caller.enforced:
        raise AwsError("AccessDenied", "Roles may not be assumed by root accounts.", status=403)
    role = roles.find(ctx, req["RoleArn"])
    if role is None:
        raise roles.denied(ctx, "sts:AssumeRole", req["RoleArn"])
    source_identity = _source_identity(ctx, req)
    roles.check_may_assume(ctx, role, _actions(req), rules.request_keys(req, role.tags))
    inherited = {key: session.tags[key] for key in session.transitive_tags} if session else {}
    given = rules.session_tags(req.get("Tags"), inherited)
    transitive = tuple(dict.fromkeys((*inherited, *req.get("TransitiveTagKeys", ()))))
    if unknown := [key for key in transitive if key not in given]:
        text = f"The specified transitive tag key must be included in the requested tags: {', '.join(unknown)}"
        raise AwsError("InvalidParameterValue", text)
    is_chained = session is not None and caller.principal.kind == "role"
    seconds = rules.role_seconds(req.get("DurationSeconds"), role.seconds_max, chained=is_chained)
    policy, arns = sessions.policies(ctx, req, role.account)
    wanted = sessions.Wanted(
        principal=roles.session_principal(role, req["RoleSessionName"]),
        seconds=seconds,
        name=req["RoleSessionName"],
        policy=policy,
        policy_arns=arns,
        tags=rules.over(role.tags, given),
        transitive_tags=transitive,
        source_identity=source_identity,
    )
    return _answer(ctx, wanted, rules.packed_percent(policy, arns, given))


def assume_role_with_web_identity(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    role = roles.find(ctx, req["RoleArn"])
    if "ProviderId" in req:
        text = f"fogbank knows OpenID Connect providers only, not {req['ProviderId']}."
        raise AwsError("InvalidIdentityToken", text)
    parts = rules.role_parts(req["RoleArn"])
    identity = web_identity.verified(ctx, parts.account, req["WebIdentityToken"])
    _check_subject(ctx, req, role, identity)
    if role is None:
        raise _refused()
    seconds = rules.role_seconds(req.get("DurationSeconds"), role.seconds_max, chained=False)
    policy, arns = sessions.policies(ctx, req, role.account)
    wanted = sessions.Wanted(
        principal=roles.session_principal(role, req["RoleSessionName"]),
        seconds=seconds,
        name=req["RoleSessionName"],
        policy=policy,
        policy_arns=arns,
        tags=rules.over(role.tags, identity.tags),
        transitive_tags=identity.transitive_tags,
        source_identity=identity.source_identity,
        federated_by=identity.issuer_arn,
    )
    answer = _answer(ctx, wanted, rules.packed_percent(policy, arns, identity.tags))
    return answer | {
        "SubjectFromWebIdentityToken": identity.subject,
        "Provider": identity.issuer_arn,
        "Audience": identity.audience,
    }


def _actions(req: dict[str, Any]) -> list[str]:
    actions = ["sts:AssumeRole"]
    if req.get("Tags"):
        actions.append("sts:TagSession")
    if "SourceIdentity" in req:
        actions.append("sts:SetSourceIdentity")
    return actions


def _source_identity(ctx: Context, req: dict[str, Any]) -> str:
    """The source identity of the new session, which a chain of roles cannot change."""
    before = ctx.caller.session.source_identity if ctx.caller.session else ""
    wanted: str = req.get("SourceIdentity", before)
    if before and wanted != before:
        raise roles.denied(ctx, "sts:SetSourceIdentity", req["RoleArn"])
    return wanted


def _check_subject(ctx: Context, req: dict[str, Any], role: Role | None, identity: web_identity.Identity) -> None:
    """Raises AccessDenied unless the role trusts this subject of this provider."""
    if role is None:
        raise _refused()
    principal = Principal(arn=identity.issuer_arn, account="", kind="federated", service=identity.host)
    asking = ctx.authorized_as(Caller(principal=principal, enforced=True))
    context = {**rules.request_keys(req, role.tags), **identity.keys}
    actions = ["sts:AssumeRoleWithWebIdentity", *(["sts:TagSession"] if identity.tags else [])]
    try:
        roles.check_may_assume(asking, role, actions, context)
    except AwsError as error:
        if error.code == "AccessDenied":
            raise _refused() from None
        raise


def _refused() -> AwsError:
    return AwsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", status=403)


def _answer(ctx: Context, wanted: sessions.Wanted, percent: int | None) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "Credentials": sessions.credentials(ctx, wanted),
        "AssumedRoleUser": {"AssumedRoleId": wanted.principal.user_id, "Arn": wanted.principal.arn},
    }
    if percent is not None:
        answer["PackedPolicySize"] = percent
    if wanted.source_identity:
        answer["SourceIdentity"] = wanted.source_identity
    return answer
