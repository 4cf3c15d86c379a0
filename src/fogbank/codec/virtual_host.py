"""Virtual-host style: the bucket that a Host header names, and the request as if its path named it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import re
from functools import lru_cache

from fogbank.codec.detect import signing_name
from fogbank.codec.message import Request
from fogbank.model.index import index

_DOMAINS = r"(?:localhost|localhost\.localstack\.cloud|amazonaws\.com(?:\.cn)?)"
_BUCKET = r"(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]*)"
_NAMED = re.compile(
    rf"{_BUCKET}\.s3(?:\.dualstack)?(?:[.-](?!website|control|accesspoint|object-lambda|outposts)[a-z0-9-]+)?\.{_DOMAINS}"
)
_BARE = re.compile(rf"{_BUCKET}\.localhost(?:\.localstack\.cloud)?")
_PORT = re.compile(r":\d{0,5}\Z")


def address(request: Request) -> None:
    """Where the Host names a bucket, put it at the front of the path; `signed_path` keeps the path as it was signed.

    `bucket.localhost`, as SDKs make it of an endpoint `http://localhost:4566`, counts for S3's requests only.
    """
    bucket, is_certain = _bucket_of(request.headers.get("host", ""))
    if not bucket or request.path.startswith("/_fogbank/"):
        return
    if not is_certain and signing_name(request) not in ("s3", None):
        return
    request.signed_path = request.path
    request.path = f"/{bucket}{request.path}"


@lru_cache(maxsize=1024)
def _bucket_of(host: str) -> tuple[str, bool]:
    name = _PORT.sub("", host)
    found = _NAMED.fullmatch(name)
    if found is not None:
        return found["bucket"], True
    found = _BARE.fullmatch(name)
    if found is None or any(label in index().by_endpoint_prefix for label in found["bucket"].split(".")):
        return "", False
    if ".s3" in f".{found['bucket']}":
        return "", False
    return found["bucket"], False
