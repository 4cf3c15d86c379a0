"""Addresses of objects in S3, as templates, policies and snippets are named by. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from fogbank.services.cloudformation.template import invalid

_BUCKET_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]+)\.s3[.-].*")


def of(address: str) -> tuple[str, str, str]:
    """The bucket, key and version that an address of S3 names: by path, by host, or `s3://`. Raises ValidationError."""
    parts = urlsplit(address)
    path = unquote(parts.path.lstrip("/"))
    version = parts.query.removeprefix("versionId=") if parts.query.startswith("versionId=") else ""
    by_host = _BUCKET_HOST.fullmatch(parts.hostname or "")
    if parts.scheme == "s3" and parts.netloc and path:
        return parts.netloc, path, version
    if by_host is not None and path:
        return by_host["bucket"], path, version
    bucket, _, key = path.partition("/")
    if parts.scheme not in ("http", "https") or not bucket or not key:
        raise invalid("TemplateURL must be a supported URL.")
    return bucket, key, version
