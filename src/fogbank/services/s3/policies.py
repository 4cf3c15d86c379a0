"""Bucket policies: what S3 refuses beyond IAM's grammar, and what it calls public.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import MalformedPolicy, check

POLICY_BYTES_MAX = 20 * 1024
_JSON = "Policies must be valid JSON and the first byte must be '{'"
_OBJECT_ACTIONS = frozenset(
    (
        "abortmultipartupload",
        "listmultipartuploadparts",
        "bypassgovernanceretention",
        "replicatedelete",
        "replicatetags",
        "objectowneroverridetobucketowner",
    )
)
_FIXING = frozenset(
    ("aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths", "aws:sourceaccount",
     "aws:sourcearn", "aws:sourceip", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner", "aws:sourcevpc",
     "aws:sourcevpce", "aws:userid", "s3:dataaccesspointaccount", "s3:dataaccesspointarn")
)  # fmt: skip
_FIXING_TESTS = frozenset(("stringequals", "stringlike", "arnequals", "arnlike", "ipaddress", "stringequalsignorecase"))
_WIDEST = {4: 8, 6: 32}
"""A range of addresses wider than this is the public, in bits of its prefix."""


def malformed(text: str) -> AwsError:
    return AwsError("MalformedPolicy", text, status=400)


def check_policy(document: str, bucket: str, partition: str) -> None:
    """Raises MalformedPolicy for what PutBucketPolicy refuses."""
    if len(document.encode()) > POLICY_BYTES_MAX:
        text = f"The policy is too large: a bucket policy may have {POLICY_BYTES_MAX} bytes"
        raise AwsError("EntityTooLarge", text, status=400)
    if not document.lstrip().startswith("{"):
        raise malformed(_JSON)
    try:
        parsed = json.loads(document)
    except (ValueError, RecursionError):
        raise malformed(_JSON) from None
    try:
        check(document, "resource", partition=partition)
    except MalformedPolicy as error:
        raise malformed(str(error)) from None
    for statement in _statements(parsed):
        _check_statement(statement, bucket, partition)


def is_public(document: str) -> bool:
    """Whether a policy lets in whom nothing fixed names: everyone, without a condition on where or who they are."""
    return any(
        statement.get("Effect") == "Allow" and _names_everyone(statement) and not _is_fixed(statement)
        for statement in _statements(json.loads(document))
    )


def _check_statement(statement: Mapping[str, Any], bucket: str, partition: str) -> None:
    actions = _texts(statement.get("Action", statement.get("NotAction")))
    resources = _texts(statement.get("Resource", statement.get("NotResource")))
    if not resources:
        raise malformed("Missing required field Resource")
    for action in actions:
        if action != "*" and not action.lower().startswith(("s3:", "s3-object-lambda:")):
            raise malformed("Policy has invalid action")
    own = f"arn:{partition}:s3:::{bucket}"
    for resource in resources:
        if resource != own and not resource.startswith(f"{own}/") and not _may_mean(resource, own):
            raise malformed("Policy has invalid resource")
    if "NotAction" in statement or "NotResource" in statement:
        return
    has_bucket = any(not resource.startswith(f"{own}/") for resource in resources)
    has_objects = any(resource != own for resource in resources)
    for action in actions:
        name = action.lower().partition(":")[2]
        if "*" in action or "?" in action or not name:
            continue
        if not (has_objects if _is_of_objects(name) else has_bucket):
            raise malformed("Action does not apply to any resource(s) in statement")


def _may_mean(resource: str, own: str) -> bool:
    """Whether a pattern in the part that names the bucket can match this one."""
    head = resource.partition("/")[0]
    if "*" not in head and "?" not in head:
        return False
    from fnmatch import fnmatchcase

    return fnmatchcase(own, head) or fnmatchcase(f"{own}/", head)


def _is_of_objects(name: str) -> bool:
    return name in _OBJECT_ACTIONS or ("object" in name and "bucket" not in name)


def _statements(parsed: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    found = parsed.get("Statement", ())
    yield from ([found] if isinstance(found, dict) else found)


def _texts(value: Any) -> Sequence[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _names_everyone(statement: Mapping[str, Any]) -> bool:
    if "NotPrincipal" in statement:
        return True
    principal = statement.get("Principal")
    if isinstance(principal, str):
        return principal == "*"
    return any("*" in _texts(names) for names in (principal or {}).values())


def _is_fixed(statement: Mapping[str, Any]) -> bool:
    for test, keys in (statement.get("Condition") or {}).items():
        kind = test.lower().rpartition(":")[2]
        if kind not in _FIXING_TESTS:
            continue
        for key, values in keys.items():
            if key.lower() in _FIXING and all(_is_fixed_value(key.lower(), value) for value in _texts(values)):
                return True
    return False


def _is_fixed_value(key: str, value: str) -> bool:
    if key == "aws:sourceip":
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return False
        return network.prefixlen >= _WIDEST[network.version]
    if key == "s3:dataaccesspointarn":
        return "*" not in value.split(":")[4:5]
    return "*" not in value and "?" not in value and "${" not in value
