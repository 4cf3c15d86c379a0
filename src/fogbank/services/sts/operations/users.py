"""Sessions of users: their own, and those of people they vouch for."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import Principal
from fogbank.control.context import Context
from fogbank.services.sts import rules, sessions


def get_session_token(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "SerialNumber" in req or "TokenCode" in req:
        text = "MultiFactorAuthentication failed with invalid MFA one time pass code. fogbank has no MFA for sessions."
        raise AwsError("AccessDenied", text, status=403)
    caller = ctx.caller
    _check_long_term(ctx)
    seconds = rules.user_seconds(req.get("DurationSeconds"), is_root=caller.principal.kind == "root")
    wanted = sessions.Wanted(principal=caller.principal, seconds=seconds, tags=caller.tags)
    return {"Credentials": sessions.credentials(ctx, wanted)}


def get_federation_token(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    _check_long_term(ctx)
    caller, name = ctx.caller, req["Name"]
    seconds = rules.user_seconds(req.get("DurationSeconds"), is_root=caller.principal.kind == "root")
    policy, arns = sessions.policies(ctx, req, ctx.account)
    given = rules.session_tags(req.get("Tags"), {})
    principal = Principal(
        arn=ctx.scope.everywhere().arn("sts", f"federated-user/{name}"),
        account=ctx.account,
        kind="federated",
        role_arn=caller.arn,
        user_id=f"{ctx.account}:{name}",
    )
    wanted = sessions.Wanted(
        principal=principal,
        seconds=seconds,
        name=name,
        policy=policy,
        policy_arns=arns,
        tags=rules.over(caller.tags, given),
    )
    answer: dict[str, Any] = {
        "Credentials": sessions.credentials(ctx, wanted),
        "FederatedUser": {"FederatedUserId": principal.user_id, "Arn": principal.arn},
    }
    percent = rules.packed_percent(policy, arns, given)
    return answer if percent is None else answer | {"PackedPolicySize": percent}


def _check_long_term(ctx: Context) -> None:
    """Raises AccessDenied for temporary credentials."""
    if ctx.caller.session is not None or ctx.caller.principal.kind not in ("user", "root"):
        text = f"Cannot call {ctx.operation} with session credentials"
        raise AwsError("AccessDenied", text, status=403)
