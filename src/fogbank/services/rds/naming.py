"""What RDS calls things: identifiers, ARNs and endpoint names."""

from __future__ import annotations

import hashlib
import re

from fogbank.aws.errors import AwsError

_IDENTIFIER = re.compile(r"[a-zA-Z](?:-?[a-zA-Z0-9])*")
_LETTERS_MAX = 63
_INVALID = (
    "The parameter {member} is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII "
    "letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens."
)


def identifier(text: str, member: str, letters_max: int = _LETTERS_MAX) -> str:
    """An identifier as RDS keeps it, in lower case. Raises InvalidParameterValue."""
    if _IDENTIFIER.fullmatch(text) is None or len(text) > letters_max:
        raise AwsError("InvalidParameterValue", _INVALID.format(member=member))
    return text.lower()


def account_letters(account: str, region: str) -> str:
    """The letters that all endpoints of an account in a region share: `c9akciq32rgw`."""
    digest = int.from_bytes(hashlib.sha256(f"{account}/{region}".encode()).digest(), "big")
    letters = "abcdefghijklmnopqrstuvwxyz0123456789"
    return "c" + "".join(letters[digest // 36**at % 36] for at in range(11))


def cluster_endpoint(name: str, account: str, region: str, kind: str = "") -> str:
    """The name of a cluster's endpoint: `mine.cluster-c9….`; `kind`: `ro` for the readers', `custom`."""
    head, _, tail = endpoint(name, account, region).partition(".")
    return f"{head}.cluster-{kind + '-' if kind else ''}{tail}"


def endpoint(instance: str, account: str, region: str) -> str:
    """The name of an instance: `mydb.c9akciq32rgw.eu-west-1.rds.amazonaws.com`."""
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{instance}.{account_letters(account, region)}.{region}.rds.{suffix}"
