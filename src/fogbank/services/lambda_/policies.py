"""The policies of functions as documents."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from fogbank.services.lambda_ import rules
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import Policy

_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?\Z")
_ACCOUNT = re.compile(r"\d{12}\Z")


def of(found: Found) -> Policy | None:
    return found.home.get(Policy, found.name, found.qualifier)


def document(statements: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps({"Version": "2012-10-17", "Id": "default", "Statement": list(statements)}).decode()


def statement(found: Found, req: Mapping[str, Any]) -> dict[str, Any]:
    """The statement that AddPermission means. Raises InvalidParameterValueException."""
    made: dict[str, Any] = {
        "Sid": req["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(found, req["Principal"]),
        "Action": req["Action"],
        "Resource": found.arn,
    }
    equal, like = {}, {}
    if "SourceAccount" in req:
        equal["AWS:SourceAccount"] = req["SourceAccount"]
    if "SourceArn" in req:
        like["AWS:SourceArn"] = req["SourceArn"]
    if "EventSourceToken" in req:
        equal["lambda:EventSourceToken"] = req["EventSourceToken"]
    if "PrincipalOrgID" in req:
        equal["aws:PrincipalOrgID"] = req["PrincipalOrgID"]
    if "FunctionUrlAuthType" in req:
        equal["lambda:FunctionUrlAuthType"] = req["FunctionUrlAuthType"]
    condition: dict[str, Any] = {}
    if "InvokedViaFunctionUrl" in req:
        condition["Bool"] = {"lambda:InvokedViaFunctionUrl": str(req["InvokedViaFunctionUrl"]).lower()}
    if equal:
        condition["StringEquals"] = equal
    if like:
        condition["ArnLike"] = like
    return {**made, "Condition": condition} if condition else made


def _principal(found: Found, asked: str) -> Any:
    if asked == "*":
        return "*"
    if _SERVICE.match(asked):
        return {"Service": asked}
    if _ACCOUNT.match(asked):
        return {"AWS": f"arn:{found.home.partition}:iam::{asked}:root"}
    if asked.startswith("arn:") and ":iam::" in asked:
        return {"AWS": asked}
    raise rules.invalid("The provided principal was invalid. Please check the principal and try again.")
