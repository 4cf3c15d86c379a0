"""Passwords of users, and the account's password policy."""

from __future__ import annotations

import hmac
from typing import Any

import msgspec

from fogbank.aws import ids
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import entities, rules
from fogbank.services.iam.resources import LoginProfile, PasswordPolicy, User

_POLICY_FIELDS = {
    "MinimumPasswordLength": "length_min",
    "RequireSymbols": "symbols",
    "RequireNumbers": "numbers",
    "RequireUppercaseCharacters": "uppercase",
    "RequireLowercaseCharacters": "lowercase",
    "AllowUsersToChangePassword": "users_may_change",
    "MaxPasswordAge": "age_days_max",
    "PasswordReusePrevention": "reuse_prevented",
    "HardExpiry": "hard_expiry",
}


def create_login_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = _user(ctx, req)
    if ctx.get(LoginProfile, user.id) is not None:
        raise AwsError("EntityAlreadyExists", f"Login Profile for user {user.name} already exists.")
    password = req.get("Password") or ids.letters(ctx.random, 20)
    _check(ctx, password, given="Password" in req)
    profile = LoginProfile(
        user_id=user.id,
        sealed=ctx.seal(password.encode(), f"iam password {user.id}"),
        created_at=ctx.now,
        changed_at=ctx.now,
        reset_required=req.get("PasswordResetRequired", False),
    )
    ctx.put(profile)
    return {"LoginProfile": _described(profile, user)}


def get_login_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = _user(ctx, req)
    return {"LoginProfile": _described(_existing(ctx, user), user)}


def update_login_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    user = _user(ctx, req)
    profile = _existing(ctx, user)
    if "Password" in req:
        profile = _with_password(ctx, profile, req["Password"])
    reset = req.get("PasswordResetRequired", profile.reset_required)
    ctx.put(msgspec.structs.replace(profile, reset_required=reset))
    return {}


def delete_login_profile(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ctx.delete(LoginProfile, _existing(ctx, _user(ctx, req)).user_id)
    return {}


def change_password(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if ctx.caller.principal.kind != "user":
        raise AwsError("InvalidUserType", "Only IAM Users can change their own password")
    profile = _existing(ctx, _user(ctx, {}))
    old = ctx.unseal(profile.sealed, f"iam password {profile.user_id}")
    if not hmac.compare_digest(old, req["OldPassword"].encode()):
        raise AwsError("AccessDenied", "The old password was incorrect.", status=403)
    ctx.put(msgspec.structs.replace(_with_password(ctx, profile, req["NewPassword"]), reset_required=False))
    return {}


def update_account_password_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ctx.put(PasswordPolicy(**{field: req[member] for member, field in _POLICY_FIELDS.items() if member in req}))
    return {}


def get_account_password_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    policy = _policy(ctx)
    shown = {member: getattr(policy, field) for member, field in _POLICY_FIELDS.items()}
    shown["ExpirePasswords"] = bool(policy.age_days_max)
    return {"PasswordPolicy": {member: value for member, value in shown.items() if value is not None}}


def delete_account_password_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    ctx.delete(PasswordPolicy, _policy(ctx).id)
    return {}


def _policy(ctx: Context) -> PasswordPolicy:
    policy = ctx.get(PasswordPolicy, "account")
    if policy is None:
        raise entities.missing(f"The Password Policy with domain name {ctx.account} cannot be found.")
    return policy


def _check(ctx: Context, password: str, *, given: bool) -> None:
    if given:
        rules.check_password(password, ctx.get(PasswordPolicy, "account") or PasswordPolicy(length_min=8))


def _with_password(ctx: Context, profile: LoginProfile, password: str) -> LoginProfile:
    _check(ctx, password, given=True)
    sealed = ctx.seal(password.encode(), f"iam password {profile.user_id}")
    return msgspec.structs.replace(profile, sealed=sealed, changed_at=ctx.now)


def _user(ctx: Context, req: dict[str, Any]) -> User:
    user = entities.calling_user(ctx, req)
    if user is None:
        raise AwsError("ValidationError", "Must specify userName when calling with non-User credentials")
    return user


def _existing(ctx: Context, user: User) -> LoginProfile:
    profile = ctx.get(LoginProfile, user.id)
    if profile is None:
        raise entities.missing(f"Login Profile for User {user.name} cannot be found.")
    return profile


def _described(profile: LoginProfile, user: User) -> dict[str, Any]:
    return {
        "UserName": user.name,
        "CreateDate": profile.created_at,
        "PasswordResetRequired": profile.reset_required,
    }
