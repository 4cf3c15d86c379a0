"""Cross-origin rules: which of a bucket's rules fits a request, and the headers that it gives.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.services.s3 import errors

RULES_MAX = 100
_METHODS = ("GET", "PUT", "HEAD", "POST", "DELETE")
Rule = Mapping[str, Any]


class Asked(NamedTuple):
    """What a browser asks for; `method` and `headers` are those of the request that it would send."""

    origin: str
    method: str
    headers: tuple[str, ...] = ()
    is_preflight: bool = False


def check(rules: Sequence[Rule]) -> None:
    """Raises what PutBucketCors refuses."""
    if not rules or len(rules) > RULES_MAX:
        raise errors.malformed_xml()
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: Rule) -> None:
    for method in rule["AllowedMethods"]:
        if method not in _METHODS:
            text = f"Found unsupported HTTP method in CORS config. Unsupported method is {method}"
            raise errors.invalid_request(text)
    texts = [*rule["AllowedOrigins"], *rule.get("AllowedHeaders", ()), *rule.get("ExposeHeaders", ())]
    if not all(text.isprintable() for text in texts):
        raise errors.malformed_xml()
    patterns = [("AllowedOrigin", value) for value in rule["AllowedOrigins"]]
    patterns += [("AllowedHeader", value) for value in rule.get("AllowedHeaders", ())]
    for name, value in patterns:
        if value.count("*") > 1:
            raise errors.invalid_request(f'{name} "{value}" can not have more than one wildcard.')
    for value in rule.get("ExposeHeaders", ()):
        if "*" in value:
            text = f'ExposeHeader "{value}" contains wildcard. We currently do not support wildcard for ExposeHeader.'
            raise errors.invalid_request(text)


def asked(method: str, headers: Mapping[str, str]) -> Asked:
    """What a request with an Origin asks. Raises BadRequest for a preflight that does not say."""
    origin = headers.get("origin", "")
    if method != "OPTIONS":
        return Asked(origin, method)
    if not origin:
        raise AwsError("BadRequest", "Insufficient information. Origin request header needed.", status=400)
    wanted = headers.get("access-control-request-method", "")
    if wanted not in _METHODS:
        text = f"Invalid Access-Control-Request-Method: {wanted or 'null'}"
        raise AwsError("BadRequest", text, status=400)
    names = headers.get("access-control-request-headers", "")
    return Asked(origin, wanted, tuple(name.strip().lower() for name in names.split(",") if name.strip()), True)


def answered(rules: Iterable[Rule], asked: Asked) -> list[tuple[str, str]] | None:
    """The headers of the first rule that fits, None if none does."""
    for rule in rules:
        if asked.method not in rule["AllowedMethods"]:
            continue
        pattern = next((one for one in rule["AllowedOrigins"] if _fits(one, asked.origin)), None)
        if pattern is None:
            continue
        allowed = rule.get("AllowedHeaders", ())
        if all(any(_fits(one.lower(), name) for one in allowed) for name in asked.headers):
            return _headers(rule, asked, pattern)
    return None


def refused(is_configured: bool, asked: Asked) -> AwsError:
    """What a preflight is told that no rule fits."""
    text = "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request "
    text += "method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the "
    text += "resource's CORS spec."
    if not is_configured:
        text = "CORSResponse: CORS is not enabled for this bucket."
    return AwsError("AccessForbidden", text, status=403, Method=asked.method, ResourceType="BUCKET")


def _headers(rule: Rule, asked: Asked, pattern: str) -> list[tuple[str, str]]:
    found = [
        ("access-control-allow-origin", "*" if pattern == "*" else asked.origin),
        ("access-control-allow-methods", ", ".join(rule["AllowedMethods"])),
    ]
    if pattern != "*":
        found.append(("access-control-allow-credentials", "true"))
    if asked.headers:
        found.append(("access-control-allow-headers", ", ".join(asked.headers)))
    if rule.get("ExposeHeaders"):
        found.append(("access-control-expose-headers", ", ".join(rule["ExposeHeaders"])))
    if asked.is_preflight and "MaxAgeSeconds" in rule:
        found.append(("access-control-max-age", str(rule["MaxAgeSeconds"])))
    return [*found, ("vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")]


def _fits(pattern: str, value: str) -> bool:
    before, star, after = pattern.partition("*")
    if not star:
        return pattern == value
    return re.fullmatch(f"{re.escape(before)}.*{re.escape(after)}", value) is not None
