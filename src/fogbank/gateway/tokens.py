"""Login tokens: presigned URLs without their scheme, which stand where a password does."""

from __future__ import annotations

import calendar
import contextlib
import time
from collections.abc import Callable
from urllib.parse import parse_qsl

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request
from fogbank.control.caller import Caller
from fogbank.control.presigned import Presigned
from fogbank.gateway.sigv4 import Verifier, parse_query

SecretOf = Callable[[str, str | None], tuple[str, Caller]]
"""The secret and the caller of an access key and a session token; see `Cloud.secret_of`."""


def verified(token: str, secret_of: SecretOf, verifier: Verifier, now: float) -> tuple[Presigned, Caller]:
    """What a token says, and who signed it; `now` in seconds since 1970, by the machine's clock.

    Raises what `Verifier.verify` and `SecretOf` raise, and IncompleteSignature for what is no token.
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.Python.html
    """
    host, slash, query = token.partition("/?")
    auth = parse_query(query) if slash and host and token.isascii() and token.isprintable() else None
    if auth is None or auth.kind == "v2":
        raise AwsError("IncompleteSignature", "The password is no token.", status=403)
    secret, caller = secret_of(auth.scope.access_key_id, auth.security_token)
    if secret:
        verifier.verify(Request("GET", "/", query, {"host": host}), auth, secret, now)
    signed_at = float("-inf")
    with contextlib.suppress(ValueError):
        signed_at = calendar.timegm(time.strptime(auth.date, "%Y%m%dT%H%M%SZ"))
    fields = dict(parse_qsl(query, keep_blank_values=True))
    found = Presigned(auth.scope.service, auth.scope.region, host.lower(), fields, now - signed_at)
    return found, caller
