"""What a bucket's website does with a path: serve a key, redirect, or show an error.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-to-page-redirect.html
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple
from urllib.parse import quote

from fogbank.aws.errors import AwsError
from fogbank.services.s3 import errors

RULES_MAX = 50
_CODES = range(300, 400)
_REASONS = {
    301: "Moved Permanently",
    302: "Found",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    500: "Internal Server Error",
}
Site = Mapping[str, Any]


class Redirect(NamedTuple):
    """Another place."""

    status: int
    location: str


def check(site: Site) -> None:
    """Raises what PutBucketWebsite refuses."""
    if "RedirectAllRequestsTo" in site:
        if len(site) > 1:
            text = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules."
            raise errors.invalid_request(text)
        return
    if "IndexDocument" not in site:
        text = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty"
        raise errors.invalid_argument(text, "IndexDocument", "null")
    suffix = site["IndexDocument"]["Suffix"]
    if not suffix or "/" in suffix:
        raise errors.invalid_argument("The IndexDocument Suffix is not well formed", "IndexDocument", suffix)
    if "ErrorDocument" in site and not site["ErrorDocument"].get("Key"):
        raise errors.invalid_argument("The ErrorDocument Key is not well formed", "ErrorDocument", "")
    rules = site.get("RoutingRules", ())
    if len(rules) > RULES_MAX:
        text = (
            f"{len(rules)} routing rules provided, the number of routing rules in a website configuration is limited "
        )
        text += f"to {RULES_MAX}."
        raise errors.invalid_request(text)
    for rule in rules:
        _check_rule(rule)


def _check_rule(rule: Mapping[str, Any]) -> None:
    redirect = rule["Redirect"]
    if {"ReplaceKeyWith", "ReplaceKeyPrefixWith"} <= set(redirect):
        text = "You can only define ReplaceKeyPrefix or ReplaceKey but not both."
        raise errors.invalid_request(text)
    code = redirect.get("HttpRedirectCode", "301")
    if not code.isdigit() or int(code) not in _CODES:
        text = f"The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300."
        raise errors.invalid_request(text)


def key_of(site: Site, path: str) -> str:
    """The key that a path (decoded, without its first slash) stands for."""
    if not path or path.endswith("/"):
        return path + str(site["IndexDocument"]["Suffix"])
    return path


def redirected(site: Site, path: str, base: str, error_status: int = 0) -> Redirect | None:
    """Where a path leads by the site's rules, before anything is looked for, or after an error; None to stay.

    `base` is the scheme and host that the client used.
    """
    scheme, _, host = base.partition("://")
    if "RedirectAllRequestsTo" in site:
        target = site["RedirectAllRequestsTo"]
        return Redirect(301, f"{target.get('Protocol', scheme)}://{target['HostName']}/{quote(path)}")
    for rule in site.get("RoutingRules", ()):
        condition, redirect = rule.get("Condition", {}), rule["Redirect"]
        wanted = condition.get("HttpErrorCodeReturnedEquals", "")
        if bool(wanted) is not bool(error_status) or (wanted and wanted != str(error_status)):
            continue
        prefix = condition.get("KeyPrefixEquals", "")
        if not path.startswith(prefix):
            continue
        key = path
        if "ReplaceKeyWith" in redirect:
            key = redirect["ReplaceKeyWith"]
        elif "ReplaceKeyPrefixWith" in redirect:
            key = redirect["ReplaceKeyPrefixWith"] + path[len(prefix) :]
        location = f"{redirect.get('Protocol', scheme)}://{redirect.get('HostName', host)}/{quote(key)}"
        return Redirect(int(redirect.get("HttpRedirectCode", "301")), location)
    return None


def error_page(status: int, error: AwsError, request_id: str) -> bytes:
    """The page that S3 shows where the site has none for an error."""
    title = f"{status} {_REASONS.get(status, 'Error')}"
    rows = {"Code": error.code, "Message": error.message, **error.members, "RequestId": request_id}
    listed = "".join(f"<li>{escape(str(name))}: {escape(str(value))}</li>\n" for name, value in rows.items())
    return (
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>\n{listed}</ul>\n<hr/>\n</body>\n"
        "</html>\n"
    ).encode()


def no_site(bucket: str) -> AwsError:
    text = "The specified bucket does not have a website configuration"
    return errors.missing("NoSuchWebsiteConfiguration", text, bucket)
