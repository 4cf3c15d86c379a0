"""Resource policies of secrets."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import MalformedPolicy, check
from fogbank.control.context import Context
from fogbank.services.secretsmanager import rules, secrets
from fogbank.services.secretsmanager.resources import Secret

_ONLY = "default"
"""The name of the one policy that a secret may have."""


def put_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.usable(ctx, req["SecretId"])
    document = req["ResourcePolicy"]
    try:
        check(document, "resource")
    except MalformedPolicy as error:
        raise AwsError("MalformedPolicyDocumentException", f"This resource policy is malformed: {error}") from None
    if req.get("BlockPublicPolicy") and _is_public(document):
        raise AwsError(
            "PublicPolicyException",
            "You cannot set a resource policy that grants broad access to your secret while BlockPublicPolicy is true.",
        )
    return _answer(ctx, req, msgspec.structs.replace(secret, policy=document))


def get_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.usable(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    answer = {"ARN": secrets.arn_of(home, secret), "Name": secret.name}
    return {**answer, "ResourcePolicy": secret.policy} if secret.policy else answer


def list_resource_policies(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.usable(ctx, req["SecretId"])
    return {"ResourcePolicies": [{"PolicyName": _ONLY}] if secret.policy else []}


def delete_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return _answer(ctx, req, msgspec.structs.replace(secrets.usable(ctx, req["SecretId"]), policy=""))


def validate_resource_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "SecretId" in req:
        secrets.existing(ctx, req["SecretId"])
    errors = []
    try:
        check(req["ResourcePolicy"], "resource")
        if _is_public(req["ResourcePolicy"]):
            text = "The resource policy grants broad access to the secret."
            errors.append({"CheckName": "BLOCK_PUBLIC_POLICY", "ErrorMessage": text})
    except MalformedPolicy as error:
        errors.append({"CheckName": "POLICY_SYNTAX", "ErrorMessage": str(error)})
    return {"PolicyValidationPassed": not errors, "ValidationErrors": errors}


def _answer(ctx: Context, req: dict[str, Any], secret: Secret) -> dict[str, Any]:
    if req.get("PolicyName") not in (None, _ONLY):
        raise rules.invalid_parameter(f"A secret has one resource policy here, named {_ONLY}.")
    home = secrets.home_of(ctx, req["SecretId"])
    home.put(secret)
    return {"ARN": secrets.arn_of(home, secret), "Name": secret.name}


def _is_public(document: str) -> bool:
    """Whether a statement allows everybody without a condition."""
    statements = json.loads(document)["Statement"]
    return any(
        statement["Effect"] == "Allow"
        and "Condition" not in statement
        and statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        for statement in (statements if isinstance(statements, list) else [statements])
    )
