"""Listings of objects and versions."""

from __future__ import annotations

from typing import Any

from fogbank.aws import paging
from fogbank.control.context import Context
from fogbank.services.s3 import buckets, descriptions, errors, listing, rules, versions
from fogbank.services.s3.entries import version_key
from fogbank.services.s3.listing import Asked
from fogbank.services.s3.resources import Bucket


def list_objects(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    asked, answer, encode = _asked(req, "MaxKeys", "max-keys", req.get("Marker", ""))
    page = listing.objects(ctx, bucket, asked)
    answer |= {"Marker": encode(req.get("Marker", "")), "IsTruncated": bool(page.last)}
    if page.rows:
        answer["Contents"] = [
            {"Key": encode(row.key), **descriptions.listed(row, with_owner=True)} for row in page.rows
        ]
    # "This element is returned only if you have the delimiter request parameter specified." (ListObjects API page)
    if page.last and asked.delimiter:
        answer["NextMarker"] = encode(page.last)
    return _with_prefixes(answer, page, encode)


def list_objects_v2(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    token = req.get("ContinuationToken")
    if token == "":
        raise errors.invalid_argument("The continuation token provided is incorrect", "continuation-token", "")
    after = paging.after(token, "InvalidArgument", "The continuation token provided is incorrect")
    asked, answer, encode = _asked(req, "MaxKeys", "max-keys", after or req.get("StartAfter", ""))
    page = listing.objects(ctx, bucket, asked)
    answer |= {"KeyCount": len(page.rows) + len(page.prefixes), "IsTruncated": bool(page.last)}
    if page.rows:
        with_owner = bool(req.get("FetchOwner"))
        answer["Contents"] = [
            {"Key": encode(row.key), **descriptions.listed(row, with_owner=with_owner)} for row in page.rows
        ]
    if token:
        answer["ContinuationToken"] = token
    if "StartAfter" in req:
        answer["StartAfter"] = encode(req["StartAfter"])
    if page.last:
        answer["NextContinuationToken"] = paging.token_after(page.last)
    return _with_prefixes(answer, page, encode)


def list_object_versions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bucket = buckets.of(ctx, req)
    key, version_id = req.get("KeyMarker", ""), req.get("VersionIdMarker", "")
    if version_id and not key:
        text = "A version-id marker cannot be specified without a key marker."
        raise errors.invalid_argument(text, "version-id-marker", version_id)
    asked, answer, encode = _asked(req, "MaxKeys", "max-keys", key)
    page = listing.versions(ctx, bucket, asked, _start(ctx, bucket, key, version_id) if version_id else None)
    answer |= {"KeyMarker": encode(key), "VersionIdMarker": version_id, "IsTruncated": bool(page.last)}
    found: dict[str, list[dict[str, Any]]] = {"Versions": [], "DeleteMarkers": []}
    for row in page.rows:
        told = {"Key": encode(row.key), "VersionId": row.listed.version_id, "IsLatest": row.is_latest}
        told |= descriptions.listed(row, with_owner=True)
        found["DeleteMarkers" if row.listed.is_marker else "Versions"].append(told)
    answer |= {name: rows for name, rows in found.items() if rows}
    if page.last:
        answer["NextKeyMarker"] = encode(page.last)
        if page.last_version:
            answer["NextVersionIdMarker"] = page.last_version
    return _with_prefixes(answer, page, encode)


def _asked(req: dict[str, Any], limit: str, wire: str, after: str) -> tuple[Asked, dict[str, Any], Any]:
    """What a listing asks for, what its answer repeats, and how that is encoded. Raises InvalidArgument."""
    encoding = req.get("EncodingType")
    if encoding not in (None, "url"):
        raise errors.invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", encoding)
    encode = listing.encoder(encoding)
    prefix, delimiter = req.get("Prefix", ""), req.get("Delimiter", "")
    asked = Asked(prefix, delimiter, after, rules.checked_page(req.get(limit), wire))
    answer: dict[str, Any] = {"Name": req["Bucket"], "Prefix": encode(prefix), limit: asked.limit}
    if delimiter:
        answer["Delimiter"] = encode(delimiter)
    if encoding:
        answer["EncodingType"] = encoding
    return asked, answer, encode


def _with_prefixes(answer: dict[str, Any], page: listing.Page, encode: Any) -> dict[str, Any]:
    if page.prefixes:
        answer["CommonPrefixes"] = [{"Prefix": encode(prefix)} for prefix in page.prefixes]
    return answer


def _start(ctx: Context, bucket: Bucket, key: str, version_id: str) -> str:
    """The row that the page after a version begins past."""
    entry = versions.find(ctx, bucket, key, version_id)
    if entry is None:
        raise errors.invalid_argument("Invalid version id specified", "version-id-marker", version_id)
    now = versions.current(ctx, bucket, key)
    is_current = now is not None and now.version_id == version_id
    return f"{key}\x00" if is_current else version_key(key, entry.sequence)
