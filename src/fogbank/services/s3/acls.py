"""Access control lists: canned ones, those in headers and documents, and what they grant to whom.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.services.s3 import errors
from fogbank.services.s3.resources import Bucket, Grant

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
SIGNED_USERS = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
PUBLIC = frozenset((ALL_USERS, SIGNED_USERS))
_GROUPS = frozenset((ALL_USERS, SIGNED_USERS, LOG_DELIVERY))
_PERMISSIONS = frozenset(("FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"))
_HEADERS = {
    "GrantFullControl": "FULL_CONTROL",
    "GrantRead": "READ",
    "GrantWrite": "WRITE",
    "GrantReadACP": "READ_ACP",
    "GrantWriteACP": "WRITE_ACP",
}
_GRANTEE = re.compile(r'\s*(id|uri|emailAddress)\s*=\s*"?([^",]+)"?\s*\Z')
_BUCKET_CANNED = frozenset(
    ("private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "log-delivery-write")
)
_OBJECT_CANNED = frozenset(
    ("private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read",
     "bucket-owner-full-control")
)  # fmt: skip
_EXEC_READER = "6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c"
_GRANTS_MAX = 100


@lru_cache(maxsize=4096)
def canonical_id(account: str) -> str:
    """An account's canonical user id."""
    return hashlib.sha256(f"fogbank canonical user {account}".encode()).hexdigest()


def owner(account: str) -> dict[str, str]:
    return {"ID": canonical_id(account)}


def asks(req: Mapping[str, Any]) -> bool:
    """Whether a request brings an ACL in its headers."""
    return "ACL" in req or any(name in req for name in _HEADERS)


def from_request(bucket: Bucket, account: str, req: Mapping[str, Any], *, of_bucket: bool = False) -> tuple[Grant, ...]:
    """The grants that a request's headers ask for; empty for the owner's full control alone.

    Raises AccessControlListNotSupported where the bucket has no ACLs, AccessDenied where it blocks public ones,
    InvalidRequest and InvalidArgument.
    """
    if not asks(req):
        return ()
    headers = [name for name in _HEADERS if name in req]
    canned = req.get("ACL")
    if canned is not None and headers:
        raise errors.invalid_request("Specifying both Canned ACLs and Header Grants is not allowed")
    if canned is not None:
        grants = _canned(bucket, account, canned, of_bucket=of_bucket)
    else:
        grants = tuple(_parsed(req, headers))
    is_full = is_private(grants, bucket.account) and canned != "private"
    if not bucket.has_acls and canned != "bucket-owner-full-control" and not is_full:
        raise not_supported()
    check_public(bucket, grants)
    return () if not bucket.has_acls else stored(grants, account)


def not_supported() -> AwsError:
    return AwsError("AccessControlListNotSupported", "The bucket does not allow ACLs", status=400)


def check_public(bucket: Bucket, grants: Sequence[Grant]) -> None:
    """Raises AccessDenied for public grants where the bucket blocks them."""
    if bucket.block is not None and bucket.block.block_acls and is_public(grants):
        raise errors.access_denied()


def from_document(policy: Mapping[str, Any], account: str) -> tuple[Grant, ...]:
    """The grants of an AccessControlPolicy. Raises MalformedACLError, InvalidArgument and AccessDenied."""
    malformed = AwsError(
        "MalformedACLError",
        "The XML you provided was not well-formed or did not validate against our published schema",
        status=400,
    )
    named = (policy.get("Owner") or {}).get("ID")
    if named is None or "Grants" not in policy:
        raise malformed
    if named != canonical_id(account):
        raise errors.access_denied()
    found = []
    for grant in policy["Grants"] or ():
        grantee, permission = grant.get("Grantee"), grant.get("Permission")
        if not grantee or permission not in _PERMISSIONS:
            raise malformed
        found.append(Grant(_grantee(grantee), permission))
    if len(found) > _GRANTS_MAX:
        raise malformed
    return tuple(found)


def stored(grants: tuple[Grant, ...], account: str) -> tuple[Grant, ...]:
    """Grants as a row keeps them: nothing for the owner's full control alone."""
    return () if is_private(grants, account) else grants or (Grant("", ""),)


def described(grants: Sequence[Grant], account: str) -> dict[str, Any]:
    """Owner and Grants of GetBucketAcl and GetObjectAcl."""
    whole = grants or (Grant(canonical_id(account), "FULL_CONTROL"),)
    rows = []
    for grant in whole:
        if not grant.permission:
            continue
        if grant.is_group:
            rows.append({"Grantee": {"Type": "Group", "URI": grant.grantee}, "Permission": grant.permission})
        else:
            rows.append({"Grantee": {"Type": "CanonicalUser", "ID": grant.grantee}, "Permission": grant.permission})
    return {"Owner": owner(account), "Grants": rows}


def owned_by(account: str) -> tuple[Grant, ...]:
    """The list that nobody wrote: the owner's full control."""
    return (Grant(canonical_id(account), "FULL_CONTROL"),)


def is_private(grants: Sequence[Grant], account: str) -> bool:
    return tuple(grants) == (Grant(canonical_id(account), "FULL_CONTROL"),)


def is_public(grants: Iterable[Grant]) -> bool:
    return any(grant.grantee in PUBLIC for grant in grants)


def allows(grants: Iterable[Grant], account: str, permission: str, *, ignores_public: bool) -> bool:
    """Whether grants give an account (empty: nobody that is known) a permission."""
    names = {ALL_USERS}
    if account:
        names |= {SIGNED_USERS, canonical_id(account)}
    if ignores_public:
        names -= PUBLIC
    return any(grant.grantee in names and grant.permission in (permission, "FULL_CONTROL") for grant in grants)


def takes_logs(grants: Iterable[Grant]) -> bool:
    """Whether a bucket's grants let the log delivery group write, and read the list itself."""
    found = {grant.permission for grant in grants if grant.grantee == LOG_DELIVERY}
    return "FULL_CONTROL" in found or found >= {"WRITE", "READ_ACP"}


def _canned(bucket: Bucket, account: str, name: str, *, of_bucket: bool) -> tuple[Grant, ...]:
    if name not in (_BUCKET_CANNED if of_bucket else _OBJECT_CANNED):
        raise errors.invalid_argument("", "x-amz-acl", name)
    if name == "public-read":
        return _with_owner(account, Grant(ALL_USERS, "READ"))
    if name == "public-read-write":
        return _with_owner(account, Grant(ALL_USERS, "READ"), Grant(ALL_USERS, "WRITE"))
    if name == "authenticated-read":
        return _with_owner(account, Grant(SIGNED_USERS, "READ"))
    if name == "log-delivery-write":
        return _with_owner(account, Grant(LOG_DELIVERY, "WRITE"), Grant(LOG_DELIVERY, "READ_ACP"))
    if name == "aws-exec-read":
        return _with_owner(account, Grant(_EXEC_READER, "READ"))
    if name.startswith("bucket-owner-") and bucket.account != account:
        permission = "READ" if name == "bucket-owner-read" else "FULL_CONTROL"
        return _with_owner(account, Grant(canonical_id(bucket.account), permission))
    return _with_owner(account)


def _with_owner(account: str, *grants: Grant) -> tuple[Grant, ...]:
    return (Grant(canonical_id(account), "FULL_CONTROL"), *grants)


def _parsed(req: Mapping[str, Any], headers: Sequence[str]) -> Iterable[Grant]:
    for name in headers:
        for text in req[name].split(","):
            found = _GRANTEE.match(text)
            if found is None:
                raise errors.invalid_argument(
                    "Argument format not recognized", f"x-amz-grant-{_HEADERS[name].lower().replace('_', '-')}", text
                )
            kind = {"id": "ID", "uri": "URI", "emailAddress": "EmailAddress"}[found[1]]
            yield Grant(_grantee({kind: found[2]}), _HEADERS[name])


def _grantee(grantee: Mapping[str, str]) -> str:
    if "ID" in grantee:
        if not re.fullmatch("[0-9a-f]{64}", grantee["ID"]):
            raise errors.invalid_argument("Invalid id", "CanonicalUser/ID", grantee["ID"])
        return grantee["ID"]
    if "URI" in grantee:
        if grantee["URI"] not in _GROUPS:
            raise errors.invalid_argument("Invalid group uri", "uri", grantee["URI"])
        return grantee["URI"]
    text = "The e-mail address you provided does not match any account on record."
    raise AwsError("UnresolvableGrantByEmailAddress", text, status=400)
