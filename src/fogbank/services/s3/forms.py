"""Uploads by HTML forms: the policy that a form was signed with, and what its fields ask for.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTForms.html
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from fogbank.aws.errors import AwsError
from fogbank.aws.signing import derived_key
from fogbank.services.s3 import errors

FIELDS_BYTES_MAX = 20 * 1024
_UNCHECKED = frozenset(("policy", "x-amz-signature", "file", "awsaccesskeyid", "signature", "bucket"))
_MEMBERS = {
    "acl": "ACL",
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "content-encoding": "ContentEncoding",
    "content-type": "ContentType",
    "expires": "Expires",
    "x-amz-checksum-crc32": "ChecksumCRC32",
    "x-amz-checksum-crc32c": "ChecksumCRC32C",
    "x-amz-checksum-crc64nvme": "ChecksumCRC64NVME",
    "x-amz-checksum-sha1": "ChecksumSHA1",
    "x-amz-checksum-sha256": "ChecksumSHA256",
    "x-amz-server-side-encryption": "ServerSideEncryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "SSEKMSKeyId",
    "x-amz-storage-class": "StorageClass",
    "x-amz-website-redirect-location": "WebsiteRedirectLocation",
}


class Scope(NamedTuple):
    """What a form's credential names; day and region are empty for one of signature version 2."""

    access_key_id: str
    day: str
    region: str


class Sizes(NamedTuple):
    """How many bytes the file may have."""

    least: int = 0
    most: int = 5 * 1024**3


def scope_of(fields: Mapping[str, str]) -> Scope | None:
    """Whose key signed a form, None for one that nobody signed. Raises InvalidArgument and AccessDenied."""
    if "policy" not in fields:
        if "x-amz-signature" in fields:
            raise errors.invalid_argument("Bucket POST must contain a field named 'policy'.", "policy", "")
        return None
    if "awsaccesskeyid" in fields and "x-amz-algorithm" not in fields:
        # Signature version 2, which boto3 makes unless it is told otherwise.
        if "signature" not in fields:
            raise errors.invalid_argument("Bucket POST must contain a field named 'signature'.", "signature", "")
        return Scope(fields["awsaccesskeyid"], "", "")
    for name in ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"):
        if name not in fields:
            raise errors.invalid_argument(f"Bucket POST must contain a field named '{name}'.", name, "")
    if fields["x-amz-algorithm"] != "AWS4-HMAC-SHA256":
        raise errors.invalid_argument("X-Amz-Algorithm only supports AWS4-HMAC-SHA256", "x-amz-algorithm", "")
    parts = fields["x-amz-credential"].split("/")
    if len(parts) != 5 or parts[3:] != ["s3", "aws4_request"]:
        raise errors.invalid_argument("The X-Amz-Credential field is malformed", "x-amz-credential", "")
    return Scope(*parts[:3])


def check_signature(fields: Mapping[str, str], scope: Scope, secret: str) -> None:
    """Raises SignatureDoesNotMatch."""
    policy = fields["policy"].encode()
    if scope.day:
        key = derived_key(secret, (scope.day, scope.region, "s3"))
        wanted, given = hmac.digest(key, policy, "sha256").hex(), fields["x-amz-signature"].lower()
    else:
        wanted, given = base64.b64encode(hmac.digest(secret.encode(), policy, "sha1")).decode(), fields["signature"]
    if not hmac.compare_digest(wanted.encode(), given.encode("utf-8", "replace")):
        raise AwsError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and "
            "signing method.",
            status=403,
            AWSAccessKeyId=scope.access_key_id,
        )


def check_policy(fields: Mapping[str, str], bucket: str, now: float) -> Sizes:
    """Hold a form to its policy; what the policy says of the file's size. Raises AccessDenied."""
    try:
        policy = orjson.loads(base64.b64decode(fields["policy"], validate=True))
        expires = datetime.fromisoformat(policy["expiration"].replace("Z", "+00:00")).timestamp()
        conditions = [_condition(one) for one in policy["conditions"]]
    except (binascii.Error, orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise AwsError("InvalidPolicyDocument", "Invalid Policy: Invalid JSON.", status=400) from None
    if expires <= now:
        raise errors.access_denied("Invalid according to Policy: Policy expired.")
    sizes, named = Sizes(), {"bucket"}
    given = {**fields, "bucket": bucket}
    for kind, name, value in conditions:
        if kind == "content-length-range":
            sizes = Sizes(int(name), int(value))
            continue
        named.add(name)
        found = given.get(name, "")
        if not (found.startswith(value) if kind == "starts-with" else found == value):
            text = f'["{kind}", "${name}", "{value}"]'
            raise errors.access_denied(f"Invalid according to Policy: Policy Condition failed: {text}")
    for name in fields:
        if name not in named and name not in _UNCHECKED and not name.startswith("x-ignore-"):
            raise errors.access_denied(f"Invalid according to Policy: Extra input fields: {name}")
    return sizes


def _condition(found: Any) -> tuple[str, str, str]:
    if isinstance(found, dict):
        ((name, value),) = found.items()
        return "eq", name.lower(), str(value)
    kind, name, value = found
    if kind.lower() == "content-length-range":
        return "content-length-range", str(int(name)), str(int(value))
    if kind.lower() not in ("eq", "starts-with") or not name.startswith("$"):
        raise ValueError(kind)
    return kind.lower(), name[1:].lower(), str(value)


def asked(fields: Mapping[str, str], bucket: str, filename: str, file_type: str) -> dict[str, Any]:
    """PutObject's parameters as a form's fields have them. Raises InvalidArgument."""
    key = fields.get("key", "")
    if not key:
        text = (
            "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields."
        )
        raise errors.invalid_argument(text, "key", "")
    found: dict[str, Any] = {"Bucket": bucket, "Key": key.replace("${filename}", filename)}
    if file_type:
        found["ContentType"] = file_type
    found |= {member: fields[name] for name, member in _MEMBERS.items() if name in fields}
    metadata = {name[11:]: value for name, value in fields.items() if name.startswith("x-amz-meta-")}
    if metadata:
        found["Metadata"] = metadata
    if "tagging" in fields:
        found["Tagging"] = "&".join(f"{name}={value}" for name, value in _tags(fields["tagging"]))
    return found


def _tags(text: str) -> Iterator[tuple[str, str]]:
    """The tags in a form's XML."""
    from urllib.parse import quote
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - at most 20 KiB of it, and Python's expat refuses bombs
    except ElementTree.ParseError:
        raise errors.malformed_xml() from None
    for tag in root.iter():
        if tag.tag.rpartition("}")[2] == "Tag":
            values = {child.tag.rpartition("}")[2]: child.text or "" for child in tag}
            yield quote(values.get("Key", "")), quote(values.get("Value", ""))


def check_size(size: int, sizes: Sizes, *, is_whole: bool) -> None:
    """Raises EntityTooLarge as soon as a file has too many bytes, EntityTooSmall for a whole one with too few."""
    if size > sizes.most:
        raise AwsError(
            "EntityTooLarge",
            "Your proposed upload exceeds the maximum allowed size",
            status=400,
            ProposedSize=size,
            MaxSizeAllowed=sizes.most,
        )
    if is_whole and size < sizes.least:
        raise AwsError(
            "EntityTooSmall",
            "Your proposed upload is smaller than the minimum allowed size",
            status=400,
            ProposedSize=size,
            MinSizeAllowed=sizes.least,
        )
