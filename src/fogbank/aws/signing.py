"""Signing keys of Signature Version 4.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hmac

TERMINATOR = "aws4_request"


def derived_key(secret: str, scope: tuple[str, str, str]) -> bytes:
    """The key that signs for a (day as YYYYMMDD, region, service)."""
    key = f"AWS4{secret}".encode()
    for part in (*scope, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
