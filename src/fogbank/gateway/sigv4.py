"""AWS's request signatures: Signature Version 4 verified and made, version 2 verified for S3."""

from __future__ import annotations

import base64
import calendar
import contextlib
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from email.utils import mktime_tz, parsedate_tz
from typing import Any, Literal, NamedTuple
from urllib.parse import quote, unquote_to_bytes

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.signing import TERMINATOR, derived_key
from fogbank.codec.message import Request
from fogbank.gateway.body import EMPTY_SHA256, MISMATCH, ChunkSigner, sha256_mismatch

SKEW_SECONDS_MAX = 15 * 60
EXPIRES_SECONDS_MAX = 7 * 24 * 3600

_ALGORITHM = "AWS4-HMAC-SHA256"
_ALGORITHM_4A = "AWS4-ECDSA-P256-SHA256"
_QUICK = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/,\s=]+)/(\d{8})/([^/,\s]+)/([^/,\s]+)/aws4_request,"
    r" ?SignedHeaders=([^,\s]+), ?Signature=([0-9a-f]{64})"
)
_DATE = re.compile(r"\d{8}T\d{6}Z")
_SHA256 = re.compile(r"[0-9a-f]{64}")
# Already as the canonical form wants it: unreserved characters, and escapes with capital digits of all others.
_UNRESERVED = r"[A-Za-z0-9._~-]*"
_ESCAPE = r"%(?:[018-9A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF])"
_CANONICAL = rf"{_UNRESERVED}(?:{_ESCAPE}{_UNRESERVED})*"
_CANONICAL_QUERY = re.compile(rf"{_CANONICAL}={_CANONICAL}(?:&{_CANONICAL}={_CANONICAL})*")
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._~/-]*")
_V2_SUBRESOURCE = re.compile(
    "accelerate|acl|analytics|cors|delete|inventory|lifecycle|location|logging|metrics|notification|object-lock|"
    "partNumber|policy|replication|requestPayment|response-[a-z-]+|restore|select|select-type|tagging|torrent|"
    "uploadId|uploads|versionId|versioning|versions|website"
)
_V2_HOST = re.compile(r"(.+)\.s3[.-].+")
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)
_QUERY_NAMES = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders")


class Scope(NamedTuple):
    """Whose key, and what it was derived for; `day` as YYYYMMDD. Version 2 has neither day, region nor service."""

    access_key_id: str
    day: str
    region: str
    service: str


class Authorization(msgspec.Struct, frozen=True):
    """What a request says of its signature; `date` as 20260131T235959Z, `expires` in seconds.

    For v2 `date` is the request's Date or, presigned, the expiry as seconds since 1970. v4a cannot be verified: its
    keys are derived from the secret in a way that fogbank does not know, and its scope has no region.
    """

    kind: Literal["v4", "v4a", "v2"]
    scope: Scope
    signed_headers: tuple[str, ...]
    signature: str
    date: str
    presigned: bool = False
    expires: int | None = None
    security_token: str | None = None


class Credentials(NamedTuple):
    """What signs."""

    access_key_id: str
    secret: str
    token: str | None = None


def parse_authorization(headers: Mapping[str, str]) -> Authorization | None:
    """The signature in the headers; None without an Authorization header of AWS's kinds.

    Raises AwsError IncompleteSignature, or AuthorizationHeaderMalformed where the scope names S3.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
    """
    value = headers.get("authorization")
    if value is None:
        return None
    quick = _QUICK.fullmatch(value)
    date = headers.get("x-amz-date")
    token = headers.get("x-amz-security-token")
    if quick is not None and date is not None and _DATE.fullmatch(date):
        key, day, region, service, signed, signature = quick.groups()
        names = tuple(signed.split(";"))
        return Authorization("v4", Scope(key, day, region, service), names, signature, date, security_token=token)
    algorithm, _, rest = value.strip().partition(" ")
    if algorithm == "AWS":
        key, colon, signature = rest.strip().rpartition(":")
        if not colon or not key:
            raise AwsError("InvalidArgument", "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature")
        scope = Scope(key, "", "", "s3")
        return Authorization("v2", scope, (), signature, headers.get("date", ""), security_token=token)
    if algorithm not in (_ALGORITHM, _ALGORITHM_4A):
        return None
    return _authorization(algorithm, rest, date or headers.get("date"), token)


def _authorization(algorithm: str, rest: str, date: str | None, token: str | None) -> Authorization:
    fields = dict(part.partition("=")[::2] for part in rest.replace(",", " ").split())
    missing = [
        f"Authorization header requires '{name}' parameter."
        for name in ("Credential", "Signature", "SignedHeaders")
        if not fields.get(name)
    ]
    if date is None:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        raise AwsError("IncompleteSignature", " ".join([*missing, f"Authorization={algorithm}"]), status=403)
    kind: Literal["v4", "v4a"] = "v4" if algorithm == _ALGORITHM else "v4a"
    scope = _scope(fields["Credential"], kind)
    names = tuple(fields["SignedHeaders"].lower().split(";"))
    return Authorization(kind, scope, names, fields["Signature"], _basic_date(date or ""), security_token=token)


def _scope(credential: str, kind: str) -> Scope:
    parts = credential.split("/")
    if kind == "v4a" and len(parts) == 4:
        parts.insert(2, "*")
    if len(parts) != 5:
        text = "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, "
        raise AwsError("IncompleteSignature", f"{text}got '{credential}'", status=403)
    key, day, region, service, terminator = parts
    if terminator != TERMINATOR:
        if service == "s3":
            text = f'The authorization header is malformed; incorrect terminal "{terminator}".'
            raise AwsError("AuthorizationHeaderMalformed", f'{text} Expecting "{TERMINATOR}".', status=400)
        text = f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{terminator}'."
        raise AwsError("SignatureDoesNotMatch", text, status=403)
    return Scope(key, day, region, service)


def _basic_date(date: str) -> str:
    """A Date header (RFC 1123 or ISO 8601) in the basic form; IncompleteSignature where it is neither."""
    if _DATE.fullmatch(date):
        return date
    with contextlib.suppress(ValueError, OverflowError, OSError):
        if (parsed := parsedate_tz(date)) is not None:
            return _stamp(mktime_tz(parsed))
    compact = date.replace("-", "").replace(":", "")
    if _DATE.fullmatch(compact):
        return compact
    text = f"Date must be in ISO-8601 'basic format'. Got '{date}'. See http://en.wikipedia.org/wiki/ISO_8601"
    raise AwsError("IncompleteSignature", text, status=403)


def parse_query(query: str) -> Authorization | None:
    """The signature of a presigned URL, from its raw query; None where it has none.

    Raises AwsError AuthorizationQueryParametersError where S3 is (or may be) meant, IncompleteSignature elsewhere.
    https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    """
    if "X-Amz-Signature=" not in query and "X-Amz-Algorithm=" not in query and "X-Amz-Credential=" not in query:
        return _parse_query_v2(query) if "AWSAccessKeyId=" in query and "Signature=" in query else None
    fields = _fields(query)
    parts = fields.get("X-Amz-Credential", "").split("/")
    elsewhere = len(parts) >= 4 and parts[-2] not in ("s3", "s3-object-lambda", "s3express")
    missing = [name for name in _QUERY_NAMES if not fields.get(name)]
    if elsewhere:
        if missing:
            text = " ".join(f"AWS query-string parameters must include '{name}'." for name in missing)
            raise AwsError("IncompleteSignature", f"{text} Re-examine the query-string parameters.", status=403)
    elif missing or "X-Amz-Expires" not in fields:
        raise _query_error(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        )
    algorithm = fields["X-Amz-Algorithm"]
    if algorithm not in (_ALGORITHM, _ALGORITHM_4A):
        raise _query_error('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"')
    kind: Literal["v4", "v4a"] = "v4" if algorithm == _ALGORITHM else "v4a"
    if len(parts) != (5 if kind == "v4" else 4) and not elsewhere:
        raise _query_error(
            "Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "
            '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".'
        )
    if not _DATE.fullmatch(fields["X-Amz-Date"]):
        raise _query_error("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    return Authorization(
        kind,
        _scope(fields["X-Amz-Credential"], kind),
        tuple(fields["X-Amz-SignedHeaders"].lower().split(";")),
        fields["X-Amz-Signature"],
        fields["X-Amz-Date"],
        presigned=True,
        expires=_expires(fields["X-Amz-Expires"]) if "X-Amz-Expires" in fields else None,
        security_token=fields.get("X-Amz-Security-Token"),
    )


def _parse_query_v2(query: str) -> Authorization | None:
    fields = _fields(query)
    key, signature, expires = (fields.get(name, "") for name in ("AWSAccessKeyId", "Signature", "Expires"))
    if not key or "SignatureVersion" in fields:
        return None
    if not signature or not expires:
        text = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters"
        raise AwsError("AccessDenied", text, status=403)
    if not expires.isascii() or not expires.isdigit() or len(expires) > 12:
        raise AwsError("AccessDenied", f"Invalid date (should be seconds since epoch): {expires}", status=403)
    token = fields.get("x-amz-security-token")
    return Authorization("v2", Scope(key, "", "", "s3"), (), signature, expires, presigned=True, security_token=token)


def _fields(query: str) -> dict[str, str]:
    halves = [pair.partition("=") for pair in query.split("&")]
    return {_decoded(name): _decoded(value) for name, _, value in halves}


def _decoded(text: str) -> str:
    return unquote_to_bytes(text).decode("utf-8", "replace") if "%" in text else text


def _expires(text: str) -> int:
    if text.startswith("-"):
        raise _query_error("X-Amz-Expires must be non-negative")
    if not text.isascii() or not text.isdigit():
        raise _query_error("X-Amz-Expires should be a number")
    if len(text) > 9 or int(text) > EXPIRES_SECONDS_MAX:
        raise _query_error(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            "604800 seconds"
        )
    return int(text)


def _query_error(text: str) -> AwsError:
    return AwsError("AuthorizationQueryParametersError", text, status=400)


def canonical_path(path: str, service: str) -> str:
    """S3 encodes the decoded path once and keeps `//` and dots; all others drop those and encode the raw path again."""
    if service in ("s3", "s3-object-lambda", "s3express"):
        return path if _PLAIN_PATH.fullmatch(path) else quote(unquote_to_bytes(_raw(path)), safe="/~")
    if not path:
        return "/"
    if "/." in path or "//" in path:
        path = _normal_path(path)
    return path if _PLAIN_PATH.fullmatch(path) else quote(_raw(path), safe="/~")


def _normal_path(path: str) -> str:
    """Without empty and dot segments (RFC 3986 section 5.2.4); a slash at the end stays."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment and segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")


def canonical_query(query: str, *, without: str = "") -> str:
    """Pairs in the order of their encoded names, then values; `k` counts as `k=`; `without` names one to leave out."""
    if not query:
        return ""
    if _CANONICAL_QUERY.fullmatch(query):
        pairs = [tuple(pair.split("=")) for pair in query.split("&")]
    else:
        halves = [pair.partition("=") for pair in query.split("&") if pair]
        pairs = [(_encoded(name), _encoded(value)) for name, _, value in halves]
    pairs = [pair for pair in pairs if pair[0] != without]
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(_raw(text)), safe="~")


def _raw(text: str) -> bytes:
    """The bytes on the wire: the gateway hands header and target bytes on as latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def canonical_headers(headers: Mapping[str, str], names: tuple[str, ...]) -> str:
    """One line per signed header, each with its newline; a header that is not there counts as empty."""
    values = [(name, headers.get(name, "")) for name in names]
    return "".join([f"{name}:{_collapsed(value)}\n" for name, value in values])


def _collapsed(value: str) -> str:
    return " ".join(value.split()) if "  " in value or "\t" in value else value.strip()


def canonical_request(request: Request, auth: Authorization, payload: str, *, path: str = "") -> str:
    """The text whose digest is signed; `payload` is the hash or the word in its last line, `path` another path."""
    query = request.query
    if query:
        query = canonical_query(query, without="X-Amz-Signature" if auth.presigned else "")
    path = path or canonical_path(request.raw_path, auth.scope.service)
    lines = canonical_headers(request.headers, auth.signed_headers)
    return f"{request.method}\n{path}\n{query}\n{lines}\n{';'.join(auth.signed_headers)}\n{payload}"


def payload_hash(request: Request, auth: Authorization) -> str:
    """The last line of the canonical request; raises XAmzContentSHA256Mismatch where the header lies about the body.

    The hash of a stream is taken from the header: `body.Payload` compares it at the end.
    """
    word = request.headers.get("x-amz-content-sha256")
    is_s3 = auth.scope.service == "s3"
    if word is None:
        if auth.presigned and is_s3:
            return "UNSIGNED-PAYLOAD"
        if is_s3:
            text = "Missing required header for this request: x-amz-content-sha256"
            raise AwsError("InvalidRequest", text, status=400)
        return hashlib.sha256(request.body).hexdigest() if request.body else EMPTY_SHA256
    if word == "UNSIGNED-PAYLOAD" or word.startswith("STREAMING-"):
        return word
    if not _SHA256.fullmatch(word):
        if auth.presigned or not is_s3:
            return word
        text = "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
        text += (
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
        )
        raise AwsError("InvalidArgument", text, status=400)
    if request.stream is not None:
        return word
    computed = hashlib.sha256(request.body).hexdigest() if request.body else EMPTY_SHA256
    if word != computed:
        raise sha256_mismatch(word, computed)
    return word


class Verifier:
    """Verifies signatures; keeps the signing keys that it derived, `keys_max` of them."""

    def __init__(self, keys_max: int = 4096) -> None:
        self._keys_max = keys_max
        self._keys: dict[tuple[str, str, str, str], bytes] = {}
        self._stamp_epoch = ("", 0)

    def verify(self, request: Request, auth: Authorization, secret: str, now: float) -> None:
        """Return if `secret` signed this request at about `now` (seconds since 1970), else raise as the service does.

        SignatureDoesNotMatch (JSON services call it InvalidSignatureException: the codec's business), RequestExpired,
        RequestTimeTooSkewed, AccessDenied, AuthorizationHeaderMalformed, AuthorizationQueryParametersError,
        XAmzContentSHA256Mismatch, NotImplemented for v4a.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
        """
        if auth.kind == "v2":
            _verify_v2(request, auth, secret, now)
            return
        if auth.kind == "v4a":
            text = f"fogbank cannot verify {_ALGORITHM_4A}: sign with {_ALGORITHM}."
            raise AwsError("NotImplemented", text, status=501)
        _check_time(auth, self._epoch(auth.date), now)
        _check_signed(request, auth)
        canonical = canonical_request(request, auth, payload_hash(request, auth))
        text = string_to_sign(auth.scope, auth.date, canonical)
        expected = hmac.digest(self.signing_key(secret, auth.scope), _raw(text), "sha256").hex()
        if not _same(expected, auth.signature) and not self._signed_raw_path(request, auth, secret):
            raise _mismatch(auth, canonical, text)

    def _signed_raw_path(self, request: Request, auth: Authorization, secret: str) -> bool:
        # SDKs sign S3's path as they send it: that differs where one of them escapes otherwise (`%2F`, a bare `+`).
        path = request.raw_path
        if auth.scope.service != "s3" or canonical_path(path, "s3") == path:
            return False
        canonical = canonical_request(request, auth, payload_hash(request, auth), path=path)
        text = string_to_sign(auth.scope, auth.date, canonical)
        expected = hmac.digest(self.signing_key(secret, auth.scope), _raw(text), "sha256").hex()
        return _same(expected, auth.signature)

    def signing_key(self, secret: str, scope: Scope) -> bytes:
        """The key derived for a day, region and service; cached."""
        name = (secret, scope.day, scope.region, scope.service)
        key = self._keys.get(name)
        if key is None:
            key = derived_key(secret, scope[1:])
            if len(self._keys) >= self._keys_max:
                del self._keys[next(iter(self._keys))]
            self._keys[name] = key
        return key

    def chunk_signer(self, auth: Authorization, secret: str) -> ChunkSigner:
        """What verifies the chunks of a verified request's aws-chunked body."""
        scope = auth.scope
        text = f"{scope.day}/{scope.region}/{scope.service}/{TERMINATOR}"
        return ChunkSigner(self.signing_key(secret, scope), auth.date, text, auth.signature)

    def _epoch(self, date: str) -> int:
        if self._stamp_epoch[0] != date:
            try:
                self._stamp_epoch = date, calendar.timegm(time.strptime(date, "%Y%m%dT%H%M%SZ"))
            except ValueError:
                raise AwsError(
                    "IncompleteSignature", f"Date must be in ISO-8601 'basic format'. Got '{date}'."
                ) from None
        return self._stamp_epoch[1]


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode())


def string_to_sign(scope: Scope, date: str, canonical: str) -> str:
    """What the key signs."""
    sha256 = hashlib.sha256(_raw(canonical)).hexdigest()
    return f"{_ALGORITHM}\n{date}\n{scope.day}/{scope.region}/{scope.service}/{TERMINATOR}\n{sha256}"


def _stamp(epoch: float) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(epoch))


def _iso(epoch: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def _check_time(auth: Authorization, signed_at: int, now: float) -> None:
    valid = auth.expires if auth.expires is not None else SKEW_SECONDS_MAX
    if auth.scope.service == "sts":
        # STS ignores X-Amz-Expires, and Kubernetes signs its tokens for 60 seconds that are good for 15 minutes.
        # https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/token/token.go
        valid = SKEW_SECONDS_MAX
    if signed_at - SKEW_SECONDS_MAX <= now <= signed_at + valid:
        return
    early, service = now < signed_at, auth.scope.service
    if service == "s3" and auth.presigned:
        members: dict[str, Any] = {"X-Amz-Expires": str(valid), "ServerTime": _iso(now)}
        members["Expires"] = _iso(signed_at + valid)
        text = "Request is not yet valid" if early else "Request has expired"
        raise AwsError("AccessDenied", text, status=403, **members)
    if service == "s3":
        text = "The difference between the request time and the current time is too large."
        members = {"RequestTime": auth.date, "ServerTime": _iso(now)}
        members["MaxAllowedSkewMilliseconds"] = str(SKEW_SECONDS_MAX * 1000)
        raise AwsError("RequestTimeTooSkewed", text, status=403, **members)
    if service == "ec2" and not early:
        raise AwsError("RequestExpired", "Request has expired.", status=400)
    if early:
        text = f"Signature not yet current: {auth.date} is still later than {_stamp(now + SKEW_SECONDS_MAX)} "
        text += f"({_stamp(now)} + 15 min.)"
    else:
        span = f"{valid // 60} min." if valid % 60 == 0 else f"{valid} sec."
        text = f"Signature expired: {auth.date} is now earlier than {_stamp(now - valid)} ({_stamp(now)} - {span})"
    raise AwsError("SignatureDoesNotMatch", text, status=403)


def _check_signed(request: Request, auth: Authorization) -> None:
    """The scope is of the signature's day, and the headers that must be signed are."""
    day, is_s3 = auth.scope.day, auth.scope.service == "s3"
    if auth.date[:8] != day:
        if not is_s3:
            text = f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{day}'"
            raise AwsError("SignatureDoesNotMatch", f"{text} != '{auth.date[:8]}', from '{auth.date}'.", status=403)
        text = f'Invalid credential date "{day}". This date is not the same as X-Amz-Date: "{auth.date[:8]}".'
        if auth.presigned:
            raise _query_error(text)
        malformed = f"The authorization header is malformed; {text}"
        raise AwsError("AuthorizationHeaderMalformed", malformed, status=400)
    if "host" not in auth.signed_headers and ":authority" not in auth.signed_headers:
        text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        raise AwsError("SignatureDoesNotMatch", text, status=403)
    if is_s3:
        names = [name for name in request.headers if name[:6] == "x-amz-" and name not in auth.signed_headers]
        if auth.presigned and "x-amz-content-sha256" in names:
            names.remove("x-amz-content-sha256")
        if names:
            text = "There were headers present in the request which were not signed"
            raise AwsError("AccessDenied", text, status=403, HeadersNotSigned=", ".join(names))


def _mismatch(auth: Authorization, canonical: str, text: str) -> AwsError:
    if auth.scope.service != "s3":
        long = f"\n\nThe Canonical String for this request should have been\n'{canonical}'"
        long += f"\n\nThe String-to-Sign should have been\n'{text}'\n"
        return AwsError("SignatureDoesNotMatch", _MISMATCH + long, status=403)
    members: dict[str, Any] = {
        "AWSAccessKeyId": auth.scope.access_key_id,
        "StringToSign": text,
        "SignatureProvided": auth.signature,
        "StringToSignBytes": _raw(text).hex(" "),
    }
    if canonical:
        members |= {"CanonicalRequest": canonical, "CanonicalRequestBytes": _raw(canonical).hex(" ")}
    return AwsError("SignatureDoesNotMatch", MISMATCH, status=403, **members)


def _verify_v2(request: Request, auth: Authorization, secret: str, now: float) -> None:
    if auth.presigned and now > int(auth.date):
        members: dict[str, Any] = {"Expires": _iso(int(auth.date)), "ServerTime": _iso(now)}
        raise AwsError("AccessDenied", "Request has expired", status=403, **members)
    text = string_to_sign_v2(request, auth)
    expected = base64.b64encode(hmac.digest(secret.encode(), _raw(text), "sha1")).decode()
    if not _same(expected, auth.signature):
        raise _mismatch(auth, "", text)


def string_to_sign_v2(request: Request, auth: Authorization) -> str:
    """What version 2 signs for S3: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html"""
    fields = _fields(request.query) if request.query else {}
    amz = {name: value for name, value in request.headers.items() if name.startswith("x-amz-")}
    if auth.presigned:
        amz |= {name: value for name, value in fields.items() if name.startswith("x-amz-")}
    lines = "".join(f"{name}:{' '.join(amz[name].split())}\n" for name in sorted(amz))
    own = {name: request.headers.get(name) or fields.get(name, "") for name in ("content-md5", "content-type")}
    date = "" if "x-amz-date" in amz and not auth.presigned else auth.date
    names = sorted(name for name in fields if _V2_SUBRESOURCE.fullmatch(name))
    parts = [f"{name}={fields[name]}" if fields[name] else name for name in names]
    virtual = _V2_HOST.fullmatch(request.headers.get("host", ""))
    resource = (f"/{virtual[1]}" if virtual else "") + request.raw_path + ("?" if parts else "") + "&".join(parts)
    return f"{request.method}\n{own['content-md5']}\n{own['content-type']}\n{date}\n{lines}{resource}"


class Signing(NamedTuple):
    """Where and when a signature is valid; `at` in seconds since 1970."""

    region: str
    service: str
    at: float


_UNSIGNED_HEADERS = frozenset({"authorization", "expect", "user-agent", "x-amzn-trace-id", "transfer-encoding"})


def sign(request: Request, credentials: Credentials, signing: Signing) -> dict[str, str]:
    """The headers that sign a request whose `headers` (with host) are complete otherwise; it is not changed.

    The payload's hash is `x-amz-content-sha256` where the request has it, else that of the body.
    """
    date = _stamp(signing.at)
    added = {"x-amz-date": date}
    if credentials.token:
        added["x-amz-security-token"] = credentials.token
    payload = request.headers.get("x-amz-content-sha256") or hashlib.sha256(request.body).hexdigest()
    if signing.service == "s3":
        added["x-amz-content-sha256"] = payload
    headers = {**request.headers, **added}
    names = tuple(sorted(name for name in headers if name not in _UNSIGNED_HEADERS))
    scope = Scope(credentials.access_key_id, date[:8], signing.region, signing.service)
    auth = Authorization("v4", scope, names, "", date)
    canonical = canonical_request(msgspec.structs.replace(request, headers=headers), auth, payload)
    signature = _signature(credentials.secret, scope, string_to_sign(scope, date, canonical))
    credential = f"{credentials.access_key_id}/{date[:8]}/{signing.region}/{signing.service}/{TERMINATOR}"
    parts = (f"Credential={credential}", f"SignedHeaders={';'.join(names)}", f"Signature={signature}")
    added["authorization"] = f"{_ALGORITHM} {', '.join(parts)}"
    return added


def presign(request: Request, credentials: Credentials, signing: Signing, expires_seconds: int) -> str:
    """The query that makes a URL of this request; of its headers those in `headers` must be sent along."""
    date = _stamp(signing.at)
    scope = Scope(credentials.access_key_id, date[:8], signing.region, signing.service)
    names = tuple(sorted(name for name in request.headers if name not in _UNSIGNED_HEADERS))
    fields = {
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{'/'.join(scope)}/{TERMINATOR}",
        "X-Amz-Date": date,
        "X-Amz-Expires": str(expires_seconds),
        "X-Amz-SignedHeaders": ";".join(names),
    }
    if credentials.token:
        fields["X-Amz-Security-Token"] = credentials.token
    pairs = "&".join(f"{name}={quote(value, safe='~')}" for name, value in fields.items())
    query = f"{request.query}&{pairs}" if request.query else pairs
    payload = "UNSIGNED-PAYLOAD" if signing.service == "s3" else hashlib.sha256(request.body).hexdigest()
    auth = Authorization("v4", scope, names, "", date, presigned=True, expires=expires_seconds)
    canonical = canonical_request(msgspec.structs.replace(request, query=query), auth, payload)
    return f"{query}&X-Amz-Signature={_signature(credentials.secret, scope, string_to_sign(scope, date, canonical))}"


def _signature(secret: str, scope: Scope, text: str) -> str:
    return hmac.digest(derived_key(secret, scope[1:]), _raw(text), "sha256").hex()
