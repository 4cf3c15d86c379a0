"""What each call must be allowed (Service Authorization Reference, "AWS Secrets Manager")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.secretsmanager import secrets

_WITHOUT_RESOURCE = {"ListSecrets", "GetRandomPassword", "BatchGetSecretValue"}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"secretsmanager:{operation}"
    if operation in _WITHOUT_RESOURCE or (operation == "ValidateResourcePolicy" and "SecretId" not in req):
        return (Need(action),)
    if operation == "CreateSecret":
        return (Need(action, ctx.arn(f"secret:{req['Name']}"), context=_facts(req)),)
    home = secrets.home_of(ctx, req["SecretId"])
    secret = secrets.find(ctx, req["SecretId"])
    if secret is None:
        named = req["SecretId"] if req["SecretId"].startswith("arn:") else ctx.arn(f"secret:{req['SecretId']}")
        return (Need(action, named, account=home.account, context=_facts(req)),)
    facts = _facts(req) | tags.condition_keys(tags.read(req.get("Tags")), secret.tags)
    facts |= {f"secretsmanager:{key[4:]}": value for key, value in facts.items() if key.startswith("aws:resourcetag/")}
    arn = secrets.arn_of(home, secret)
    facts["secretsmanager:secretid"] = [arn]
    return (Need(action, arn, account=home.account, policy=secret.policy, context=facts),)


def _facts(req: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = dict(tags.condition_keys(tags.read(req.get("Tags"))))
    for key in ("Name", "Description", "KmsKeyId", "VersionId", "VersionStage", "RotationLambdaARN", "Type"):
        if key in req:
            facts[f"secretsmanager:{key.lower()}"] = [req[key]]
    for key in ("RecoveryWindowInDays", "ForceDeleteWithoutRecovery", "BlockPublicPolicy", "RotateImmediately"):
        if key in req:
            facts[f"secretsmanager:{key.lower()}"] = [str(req[key]).lower()]
    return facts
