"""The credential report: a line for each user, and for the root."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.iam import entities, rules
from fogbank.services.iam.resources import (
    AccessKey,
    CredentialReport,
    LoginProfile,
    MfaDevice,
    PasswordPolicy,
    Use,
    User,
    UserCredential,
)

_KEY_COLUMNS = ("active", "last_rotated", "last_used_date", "last_used_region", "last_used_service")
_COLUMNS = (
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    *(f"access_key_{number}_{column}" for number in (1, 2) for column in _KEY_COLUMNS),
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
)
_NONE, _DAY = "N/A", 86_400.0


def generate_credential_report(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    report = ctx.get(CredentialReport, "report")
    if report is not None and ctx.now - report.generated_at < rules.REPORT_SECONDS:
        return {"State": "COMPLETE"}
    ctx.put(CredentialReport(content=_content(ctx), generated_at=ctx.now))
    text = "No report exists. Starting a new report generation task"
    return {"State": "STARTED", "Description": text}


def get_credential_report(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    report = ctx.get(CredentialReport, "report")
    if report is None:
        raise AwsError("ReportNotPresent", "No report present")
    if ctx.now - report.generated_at >= rules.REPORT_SECONDS:
        raise AwsError("ReportExpired", "The most recent credential report has expired.")
    return {"Content": report.content.encode(), "ReportFormat": "text/csv", "GeneratedTime": report.generated_at}


def _content(ctx: Context) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    keys = [*_keys(ctx, ctx.account), "false", _NONE, "false", _NONE]
    mfa = _flag(bool(ctx.find(MfaDevice, "by_owner", ctx.account)))
    root = ["<root_account>", entities.arn(ctx, "root"), _time(0.0), "not_supported", "no_information"]
    table.writerow([*root, "not_supported", "not_supported", mfa, *keys])
    for user in ctx.scan(User):
        table.writerow(_row(ctx, user))
    return text.getvalue().removesuffix("\n")


def _row(ctx: Context, user: User) -> list[str]:
    profile = ctx.get(LoginProfile, user.id)
    policy = ctx.get(PasswordPolicy, "account")
    age = policy.age_days_max if policy else None
    return [
        user.name,
        entities.arn_of(ctx, user),
        _time(user.created_at),
        _flag(profile is not None),
        "no_information" if profile else _NONE,
        _time(profile.changed_at) if profile else _NONE,
        _time(profile.changed_at + age * _DAY) if profile and age else _NONE,
        _flag(bool(ctx.find(MfaDevice, "by_owner", user.id))),
        *_keys(ctx, user.id),
        *_certificates(ctx, user.id),
    ]


def _keys(ctx: Context, owner: str) -> Iterator[str]:
    keys = ctx.find(AccessKey, "by_owner", owner)
    for number in range(rules.ACCESS_KEYS_MAX):
        if number >= len(keys):
            yield from ("false", _NONE, _NONE, _NONE, _NONE)
            continue
        key, use = keys[number], ctx.get(Use, keys[number].id)
        yield from (_flag(key.status == "Active"), _time(key.created_at))
        yield from (_time(use.at), use.region, use.service) if use else (_NONE, _NONE, _NONE)


def _certificates(ctx: Context, owner: str) -> Iterator[str]:
    found = [each for each in ctx.find(UserCredential, "by_owner", owner) if each.sort == "signing"]
    for number in range(rules.CREDENTIALS_MAX["signing"]):
        held = found[number] if number < len(found) else None
        yield from (_flag(held.status == "Active"), _time(held.created_at)) if held else ("false", _NONE)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
