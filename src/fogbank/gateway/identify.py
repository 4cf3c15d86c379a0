"""Who is calling: from a signature to a caller and the scope that the call is in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.control.caller import Caller, Credential
from fogbank.gateway.sigv4 import Authorization, Verifier, parse_authorization, parse_query

_ACCOUNT = re.compile(r"\d{12}\Z")
_REGION = re.compile(r"[a-z][a-z0-9-]{1,31}\Z")
_NO_REGION = {"aws-global", "global", "*"}

_CODES_BY_PROTOCOL = {
    "InvalidClientTokenId": ("UnrecognizedClientException", "InvalidAccessKeyId"),
    "SignatureDoesNotMatch": ("InvalidSignatureException", "SignatureDoesNotMatch"),
    "ExpiredToken": ("ExpiredTokenException", "ExpiredToken"),
    "MissingAuthenticationToken": ("MissingAuthenticationTokenException", "AccessDenied"),
    "IncompleteSignature": ("IncompleteSignatureException", "AuthorizationHeaderMalformed"),
}
_JSON_PROTOCOLS = {"json", "rest-json", "smithy-rpc-v2-cbor"}

FindCredential = Callable[[str, str | None], Credential | None]


class Identified(NamedTuple):
    """Who calls, and the region that the signature names (empty where it names none)."""

    caller: Caller
    region: str


class Identify:
    """Finds the caller behind a request, and checks its signature where fogbank knows the secret."""

    def __init__(self, find: FindCredential, account: str, strict: bool) -> None:
        self._find = find
        self._account = account
        self._strict = strict
        self._verifier = Verifier()

    def authorization(self, request: Request) -> Authorization | None:
        """What the request says of its signature, None if it has none. Raises AwsError for one that is malformed."""
        return parse_authorization(request.headers) or parse_query(request.query)

    def caller(self, request: Request, auth: Authorization | None) -> Identified:
        """The signature's age goes by machine time, as the clients that sign do, not by cloud time.

        Raises MissingAuthenticationToken, InvalidClientTokenId, SignatureDoesNotMatch and the like."""
        if auth is None:
            raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)
        scope = auth.scope
        credential = self._find(scope.access_key_id, auth.security_token)
        if credential is not None:
            self._verifier.verify(request, auth, credential.secret, time.time())
            return Identified(credential.caller, _region(scope.region))
        if self._strict:
            text = "The security token included in the request is invalid."
            raise AwsError("InvalidClientTokenId", text, status=403)
        account = scope.access_key_id if _ACCOUNT.match(scope.access_key_id) else self._account
        region = _region(scope.region)
        return Identified(callers.root(account, region, access_key_id=scope.access_key_id), region)


def _region(text: str) -> str:
    if text in _NO_REGION:
        return ""
    if text and not _REGION.match(text):
        raise AwsError(
            "IncompleteSignature", f"Credential should be scoped to a valid region, not '{text}'.", status=400
        )
    return text


def in_words_of(protocol: str, service: str, error: AwsError) -> AwsError:
    """An authentication error under the code that this protocol's services give it."""
    codes = _CODES_BY_PROTOCOL.get(error.code)
    if codes is None:
        return error
    if protocol in _JSON_PROTOCOLS:
        return AwsError(codes[0], error.message, status=400, **error.members)
    if service == "s3":
        return AwsError(codes[1], error.message, status=403, **error.members)
    return error
