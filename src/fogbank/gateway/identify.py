"""Who is calling: from a signature to a caller and the scope that the call is in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request
from fogbank.control import caller as callers
from fogbank.control.caller import Caller, Credential
from fogbank.gateway.body import ChunkSigner
from fogbank.gateway.sigv4 import Authorization, Scope, Verifier, parse_authorization, parse_query
from fogbank.model.index import index
from fogbank.model.regions import is_region

_ACCOUNT = re.compile(r"\d{12}\Z")
_NO_REGION = {"aws-global", "global", "*"}
_S3_FAMILY = frozenset(("s3", "s3express", "s3-object-lambda", "s3-outposts"))
_STRANGERS_MAX = 4096
_INVALID = "The security token included in the request is invalid."

FindCredential = Callable[[str, str | None], Credential | None]


class Identified(NamedTuple):
    """Who calls, the region that the signature names (empty where it names none), what verifies the body's chunks."""

    caller: Caller
    region: str
    signer: ChunkSigner | None = None


ANONYMOUS = Identified(callers.anonymous(), "")


class Identify:
    """Finds the caller behind a request, and checks its signature where fogbank knows the secret."""

    def __init__(self, find: FindCredential, account: str, strict: bool) -> None:
        self._find = find
        self._account = account
        self._strict = strict
        self._verifier = Verifier()
        self._stranger = lru_cache(_STRANGERS_MAX)(self._root_of)

    def authorization(self, request: Request) -> Authorization | None:
        """What the request says of its signature, None if it has none. Raises AwsError for one that is malformed."""
        auth = parse_authorization(request.headers)
        if not request.query:
            return auth
        presigned = parse_query(request.query)
        if auth is not None and presigned is not None and auth.scope.service == "s3":
            text = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string "
            text += "parameter or the Authorization header should be specified"
            raise AwsError("InvalidArgument", text, status=400)
        return auth or presigned

    def caller(self, request: Request, auth: Authorization | None, service: str) -> Identified:
        """The caller of a request to a service of botocore's name.

        The signature's age goes by machine time, as the clients that sign do, not by cloud time. A key that fogbank
        did not issue is the root of the account that it names, unverified, and refused in strict mode.
        Raises MissingAuthenticationToken, InvalidClientTokenId, ExpiredToken, SignatureDoesNotMatch and the like.
        """
        if auth is None:
            raise AwsError("MissingAuthenticationToken", "Request is missing Authentication Token", status=403)
        scope = auth.scope
        credential = self._find(scope.access_key_id, auth.security_token)
        if credential is None:
            if self._strict:
                raise AwsError("InvalidClientTokenId", _INVALID, status=403)
            return self._stranger(scope.access_key_id, scope.region, scope.service)
        region = _region(scope)
        _check_service(scope, service)
        self._verifier.verify(request, auth, credential.secret, time.time())
        return Identified(credential.caller, region, self._signer(request, auth, credential.secret))

    def _signer(self, request: Request, auth: Authorization, secret: str) -> ChunkSigner | None:
        word = request.headers.get("x-amz-content-sha256", "")
        return self._verifier.chunk_signer(auth, secret) if word.startswith("STREAMING-AWS4-HMAC-") else None

    def _root_of(self, access_key_id: str, region: str, service: str) -> Identified:
        account = access_key_id if _ACCOUNT.match(access_key_id) else self._account
        named = _region(Scope(access_key_id, "", region, service))
        return Identified(callers.root(account, named, access_key_id=access_key_id), named)


def _region(scope: Scope) -> str:
    region = scope.region
    if is_region(region):
        return region
    # Version 2 signs for no region.
    if region in _NO_REGION or (not region and not scope.day and scope.service == "s3"):
        return ""
    if scope.service in _S3_FAMILY:
        text = f"The authorization header is malformed; the region '{region}' is wrong"
        raise AwsError("AuthorizationHeaderMalformed", text, status=400)
    text = f"Credential should be scoped to a valid region, not '{region}'."
    raise AwsError("SignatureDoesNotMatch", text, status=403)


def _check_service(scope: Scope, service: str) -> None:
    """A verified signature is for one service: what was signed for another must not be replayed here."""
    entry = index().entries[service]
    if scope.service == entry.signing_name or {scope.service, entry.signing_name} <= _S3_FAMILY:
        return
    text = f"Credential should be scoped to correct service: '{entry.signing_name}'."
    raise AwsError("SignatureDoesNotMatch", text, status=403)
