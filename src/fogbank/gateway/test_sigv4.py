"""Signatures, with botocore as the oracle: what it signs verifies, and we sign byte for byte as it does."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import hashlib
import io
import socket
import ssl
import urllib.request
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import boto3
import botocore.auth
import botocore.crt.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request, Response
from fogbank.gateway.body import Payload
from fogbank.gateway.server import BodyPlan, Server
from fogbank.gateway.sigv4 import (
    Credentials,
    Signing,
    Verifier,
    canonical_path,
    canonical_query,
    parse_authorization,
    parse_query,
    presign,
    sign,
)
from fogbank.gateway.tls import ssl_context
from fogbank.planes.authority import Authority

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
KEY = "AKIDEXAMPLE"
AT = 1_795_000_000.0
STAMP = datetime.datetime.fromtimestamp(AT, datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
TOKEN = "FwoGZXIvYXdzE//+tok=="


@pytest.fixture(autouse=True)
def _fixed_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime.datetime.fromtimestamp(AT, datetime.UTC)
    # With awscrt installed botocore signs by that, in a module of its own.
    for module in (botocore.auth, botocore.crt.auth):
        monkeypatch.setattr(module, "get_current_datetime", lambda *_, **__: moment)
    monkeypatch.setattr(botocore.auth, "formatdate", lambda *_, **__: moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))


def boto(service: str, token: str | None = None) -> tuple[BotoCredentials, str, str]:
    return BotoCredentials(KEY, SECRET, token), service, "eu-west-1"


def received(signed: AWSRequest, body: bytes = b"") -> Request:
    """What the gateway makes of a request that botocore signed."""
    parts = urlsplit(signed.url)
    headers = {name.lower(): value for name, value in signed.headers.items()}
    headers.setdefault("host", parts.netloc)
    return Request(signed.method, parts.path or "/", parts.query, headers, body)


def check(request: Request, now: float = AT, secret: str = SECRET) -> None:
    auth = parse_authorization(request.headers) or parse_query(request.query)
    assert auth is not None
    Verifier().verify(request, auth, secret, now)


def refused(request: Request, now: float = AT, secret: str = SECRET) -> AwsError:
    with pytest.raises(AwsError) as caught:
        check(request, now, secret)
    return caught.value


PATHS = [
    "/",
    "/a/b",
    "/a%2Fb",
    "/a%20b",
    "/a+b",
    "/a//b/",
    "/./a/../b/",
    "/caf%C3%A9",
    "/%E2%82%AC/~x",
    "/a%252Fb",
    "/fn%3Aarn%3Ax",
]
QUERIES = ["", "a=1", "b=2&a=1&a=0", "acl", "acl=", "x=%2F%20%2B&A=b", "k=caf%C3%A9&k2=~", "list-type=2&prefix=a%2Fb"]


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("service", ["s3", "lambda"])
@pytest.mark.parametrize("path", PATHS)
def test_what_botocore_signs_in_headers_verifies(path: str, service: str, token: str | None) -> None:
    signer = botocore.auth.S3SigV4Auth if service == "s3" else botocore.auth.SigV4Auth
    for query in QUERIES if service == "lambda" or path == "/a%2Fb" else QUERIES[:3]:
        if query == "acl":
            continue  # botocore signs `acl` as `acl=`, and sends it as it is: below
        url = f"http://b.s3.eu-west-1.amazonaws.com:4566{path}" + (f"?{query}" if query else "")
        headers = {"Content-Type": "text/plain", "X-Amz-Meta-A": "  two   spaces ", "User-Agent": "x"}
        signed = AWSRequest("PUT", url, headers, b"body")
        signer(*boto(service, token)).add_auth(signed)
        request = received(signed, b"body")
        check(request)
        ours = Request("PUT", request.path, request.query, {}, b"body")
        ours.headers = {"host": request.headers["host"], "content-type": "text/plain", "user-agent": "x"}
        ours.headers["x-amz-meta-a"] = "  two   spaces "
        added = sign(ours, Credentials(KEY, SECRET, token), Signing("eu-west-1", service, AT))
        if path not in ("/a%2Fb", "/a+b") or service != "s3":  # no SDK writes an S3 key so
            assert added["authorization"] == request.headers["authorization"]
        assert all(request.headers[name] == value for name, value in added.items() if name != "authorization")
        assert refused(request, secret="other").code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("service", ["s3", "sts"])
def test_what_botocore_presigns_verifies(service: str, path: str, token: str | None) -> None:
    signer = botocore.auth.S3SigV4QueryAuth if service == "s3" else botocore.auth.SigV4QueryAuth
    for query in ("", "versionId=3&a=%2B", "Action=GetCallerIdentity&Version=2011-06-15"):
        url = f"https://h.example{path}" + (f"?{query}" if query else "")
        signed = AWSRequest("GET", url)
        signer(*boto(service, token), expires=900).add_auth(signed)
        request = received(signed)
        check(request, AT + 899)
        ours = Request("GET", request.path, query, {"host": "h.example"})
        if path in ("/a%2Fb", "/a+b") and service == "s3":
            continue
        assert presign(ours, Credentials(KEY, SECRET, token), Signing("eu-west-1", service, AT), 900) == request.query
        tampered = Request("GET", request.path, request.query + "&x=1", request.headers)
        assert refused(tampered).code == "SignatureDoesNotMatch"


def test_a_name_alone_counts_as_a_name_with_an_empty_value() -> None:
    signed = sign(Request("GET", "/b", "acl=", {"host": "h"}), Credentials(KEY, SECRET), Signing("r", "s3", AT))
    check(Request("GET", "/b", "acl", {"host": "h", **signed}))
    assert canonical_query("acl") == "acl=" and canonical_query("b&a=1&&%61=0") == "a=0&a=1&b="


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("a=%7e&b=%2f", "a=~&b=%2F"),
        ("a=~&b=%2F", "a=~&b=%2F"),
        ("a=/", "a=%2F"),
        ("a=%41", "a=A"),
        ("b=1&a=2&B=3", "B=3&a=2&b=1"),
        ("a=x=y", "a=x%3Dy"),
        ("a-b=1&a=2", "a=2&a-b=1"),
    ],
)
def test_canonical_queries(query: str, canonical: str) -> None:
    assert canonical_query(query) == canonical


def test_canonical_paths() -> None:
    assert [canonical_path(path, "s3") for path in ("/a%2Fb", "/a b", "//a/../b", "/%7e")] == [
        "/a/b",
        "/a%20b",
        "//a/../b",
        "/~",
    ]
    assert [canonical_path(path, "sqs") for path in ("", "/a%2Fb", "//a/../b/.", "/../..")] == [
        "/",
        "/a%252Fb",
        "/b",
        "/",
    ]


def post(body: bytes = b"{}", service: str = "ssm", at: float = AT, **headers: str) -> Request:
    request = Request("POST", "/", "", {"host": "h", **headers}, body)
    request.headers |= sign(request, Credentials(KEY, SECRET), Signing("eu-west-1", service, at))
    return request


def test_a_body_or_header_that_was_changed_does_not_match() -> None:
    request = post()
    request.body = b"{ }"
    error = refused(request)
    assert error.code == "SignatureDoesNotMatch" and error.status == 403
    assert error.message.startswith(
        "The request signature we calculated does not match the signature you provided. Check"
    )
    assert "The Canonical String for this request should have been\n'POST\n/\n\nhost:h\n" in error.message
    assert "The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n" in error.message
    request = post()
    request.headers["host"] = "other"
    assert refused(request).code == "SignatureDoesNotMatch"


def test_s3_says_what_it_calculated() -> None:
    request = post(service="s3")
    request.method = "PUT"
    error = refused(request)
    assert error.code == "SignatureDoesNotMatch" and "Secret" not in error.message
    assert set(error.members) == {
        "AWSAccessKeyId",
        "StringToSign",
        "SignatureProvided",
        "StringToSignBytes",
        "CanonicalRequest",
        "CanonicalRequestBytes",
    }
    request = post(service="s3")
    request.body = b"changed"
    assert refused(request).code == "XAmzContentSHA256Mismatch"
    request = post(service="s3")
    del request.headers["x-amz-content-sha256"]
    assert refused(request).code == "InvalidRequest"
    assert refused(post(service="s3", **{"x-amz-content-sha256": "wrong"})).code == "InvalidArgument"
    request = post(service="s3")
    request.headers["x-amz-acl"] = "public-read"
    error = refused(request)
    assert (error.code, error.members) == ("AccessDenied", {"HeadersNotSigned": "x-amz-acl"})


def test_payload_words() -> None:
    for word in ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"):
        for service in ("s3", "lambda"):
            request = post(service=service, **{"x-amz-content-sha256": word})
            request.body = b"anything"
            check(request)
    streamed = post(b"abc", "s3")
    streamed.body = b""
    assert refused(streamed).code == "XAmzContentSHA256Mismatch"

    async def stream() -> Any:
        yield b"abc"

    streamed.stream = stream()
    check(streamed)


def test_clocks() -> None:
    check(post(), AT + 900)
    check(post(), AT - 900)
    error = refused(post(), AT + 901)
    assert error.code == "SignatureDoesNotMatch" and error.message.startswith(
        f"Signature expired: {STAMP} is now earlier than "
    )
    assert error.message.endswith(" - 15 min.)")
    assert refused(post(), AT - 901).message.startswith(f"Signature not yet current: {STAMP} is still later than ")
    error = refused(post(service="s3"), AT + 901)
    assert (error.code, error.status) == ("RequestTimeTooSkewed", 403)
    assert error.members["MaxAllowedSkewMilliseconds"] == "900000"
    assert refused(post(service="ec2"), AT + 901).code == "RequestExpired"


def presigned(service: str = "s3", expires: int = 60, **fields: str) -> Request:
    request = Request("GET", "/b/k", "", {"host": "h"})
    request.query = presign(request, Credentials(KEY, SECRET), Signing("eu-west-1", service, AT), expires)
    for name, value in fields.items():
        key = name.replace("_", "-")
        pairs = [pair for pair in request.query.split("&") if not pair.startswith(f"{key}=")]
        request.query = "&".join(pairs + ([f"{key}={value}"] if value else []))
    return request


def test_presigned_urls_expire() -> None:
    check(presigned(), AT + 60)
    error = refused(presigned(), AT + 61)
    assert (error.code, error.message, error.status) == ("AccessDenied", "Request has expired", 403)
    assert error.members["X-Amz-Expires"] == "60"
    assert refused(presigned("iam"), AT + 61).message.startswith("Signature expired: ")


def test_what_sts_signs_is_good_for_a_quarter_of_an_hour_whatever_it_says() -> None:
    check(presigned("sts"), AT + 899)
    assert refused(presigned("sts"), AT + 901).message.startswith("Signature expired: ")
    assert refused(presigned(), AT - 901).message == "Request is not yet valid"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"X_Amz_Expires": "604801"}, "must be less than a week"),
        ({"X_Amz_Expires": "-1"}, "must be non-negative"),
        ({"X_Amz_Expires": "soon"}, "should be a number"),
        ({"X_Amz_Expires": ""}, "requires the X-Amz-Algorithm"),
        ({"X_Amz_Credential": ""}, "requires the X-Amz-Algorithm"),
        ({"X_Amz_Credential": "a/b"}, "Credential is mal-formed"),
        ({"X_Amz_Date": "yesterday"}, "ISO8601 Long Format"),
        ({"X_Amz_Algorithm": "AWS4-HMAC-MD5"}, "only supports"),
        ({"X_Amz_Credential": f"{KEY}/20200101/eu-west-1/s3/aws4_request"}, "This date is not the same as X-Amz-Date"),
    ],
)
def test_malformed_presigned_urls(fields: dict[str, str], text: str) -> None:
    error = refused(presigned(**fields))
    assert error.code == "AuthorizationQueryParametersError" and text in error.message


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        ("AWS4-HMAC-SHA256", "IncompleteSignature", "Authorization header requires 'Credential' parameter. "),
        ("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0", "IncompleteSignature", "got 'a/b'"),
        (
            f"AWS4-HMAC-SHA256 Credential={KEY}/20261118/r/sqs/aws5, SignedHeaders=host, Signature=0",
            "SignatureDoesNotMatch",
            "valid terminator: 'aws4_request', not 'aws5'",
        ),
        (
            f"AWS4-HMAC-SHA256 Credential={KEY}/20200101/r/sqs/aws4_request, SignedHeaders=host, Signature=0",
            "SignatureDoesNotMatch",
            "Date in Credential scope does not match",
        ),
        (
            f"AWS4-HMAC-SHA256 Credential={KEY}/20200101/r/s3/aws4_request, SignedHeaders=host, Signature=0",
            "AuthorizationHeaderMalformed",
            "Invalid credential date",
        ),
        (
            f"AWS4-HMAC-SHA256 Credential={KEY}/{STAMP[:8]}/r/sqs/aws4_request,SignedHeaders=x-amz-date,Signature=0",
            "SignatureDoesNotMatch",
            "must be a 'SignedHeader'",
        ),
        (
            f"AWS4-ECDSA-P256-SHA256 Credential={KEY}/{STAMP[:8]}/s3/aws4_request,SignedHeaders=host,Signature=30",
            "NotImplemented",
            "AWS4-ECDSA-P256-SHA256",
        ),
    ],
)
def test_malformed_authorization_headers(value: str, code: str, text: str) -> None:
    error = refused(Request("GET", "/", "", {"host": "h", "x-amz-date": STAMP, "authorization": value}))
    assert error.code == code and text in error.message


def test_a_signature_without_a_date_or_with_http_s() -> None:
    request = post()
    del request.headers["x-amz-date"]
    error = refused(request)
    assert error.code == "IncompleteSignature" and "'X-Amz-Date' or a 'Date'" in error.message
    signed = AWSRequest("POST", "http://h/", {"Date": "x"}, b"{}")
    botocore.auth.SigV4Auth(*boto("ssm")).add_auth(signed)
    assert "X-Amz-Date" not in signed.headers
    check(received(signed, b"{}"))


def test_what_is_no_signature() -> None:
    assert parse_authorization({}) is None
    assert parse_authorization({"authorization": "Bearer x"}) is None
    assert parse_query("Action=ListUsers&Version=2010-05-08") is None


def test_scopes() -> None:
    auth = parse_authorization(post().headers)
    assert auth is not None and auth.scope == (KEY, STAMP[:8], "eu-west-1", "ssm")
    auth = parse_query(presigned().query)
    assert auth is not None and auth.presigned and auth.expires == 60 and auth.scope.service == "s3"


@pytest.mark.parametrize("token", [None, TOKEN])
@pytest.mark.parametrize("host", ["h.example", "bucket.s3.eu-west-1.amazonaws.com"])
def test_version_2_of_s3(host: str, token: str | None) -> None:
    credentials = BotoCredentials(KEY, SECRET, token)
    url = f"https://{host}/k%20y?acl&versionId=a"
    path = "/bucket/k%20y" if host.startswith("bucket") else "/k%20y"
    signed = AWSRequest("GET", url, {"Content-Type": "text/plain", "x-amz-meta-a": "b"}, auth_path=path)
    botocore.auth.HmacV1Auth(credentials).add_auth(signed)
    check(received(signed))
    assert refused(received(signed), secret="x").code == "SignatureDoesNotMatch"
    query = AWSRequest("GET", url, auth_path=path)
    botocore.auth.HmacV1QueryAuth(credentials, expires=60).add_auth(query)
    expiry = int(str(received(query).query).partition("Expires=")[2].partition("&")[0])
    check(received(query), expiry)
    assert refused(received(query), expiry + 1).message == "Request has expired"
    assert refused(received(query), expiry, "x").code == "SignatureDoesNotMatch"


def test_keys_are_cached_and_bounded() -> None:
    verifier = Verifier(keys_max=2)
    auth = parse_authorization(post().headers)
    assert auth is not None
    first = verifier.signing_key(SECRET, auth.scope)
    assert verifier.signing_key(SECRET, auth.scope) is first
    for region in ("a", "b", "c"):
        verifier.signing_key(SECRET, auth.scope._replace(region=region))
    assert verifier.signing_key(SECRET, auth.scope) == first and verifier.signing_key(SECRET, auth.scope) is not first
    assert hashlib.sha256(first).digest_size == 32


TEXT = st.text(st.characters(max_codepoint=255), max_size=40)
FRAGMENTS = st.sampled_from(
    [
        "AWS4-HMAC-SHA256 ",
        "Credential=a/20261118/r/s3/aws4_request",
        ", ",
        "SignedHeaders=host",
        "Signature=\xe9",
        "AWS a:b",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(FRAGMENTS, TEXT), max_size=6), TEXT, st.sampled_from(["", STAMP, "20269999T999999Z"]))
def test_whatever_the_headers_say_the_error_is_aws_own(parts: list[str], date: str, stamp: str) -> None:
    headers = {"host": "h", "authorization": "".join(parts), "date": date}
    if stamp:
        headers["x-amz-date"] = stamp
    with contextlib.suppress(AwsError):
        auth = parse_authorization(headers)
        if auth is not None:
            Verifier().verify(Request("GET", "/\xe9%zz", "%&=%E", headers), auth, SECRET, AT)


NAMES = [*sorted(parse_qs(presigned().query)), "AWSAccessKeyId", "Signature", "Expires"]


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), TEXT))
def test_whatever_the_query_says_the_error_is_aws_own(fields: dict[str, str]) -> None:
    request = presigned(**{name.replace("-", "_"): quote(value, "") for name, value in fields.items()})
    with contextlib.suppress(AwsError):
        auth = parse_query(request.query)
        if auth is not None:
            Verifier().verify(request, auth, SECRET, AT)


class Verifying:
    """An application that verifies what it gets, as the gateway does, and answers with the payload's trailers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, bytes, dict[str, str]]] = []

    def head(self, _: Request) -> BodyPlan:
        return BodyPlan(True, 1 << 30)

    async def __call__(self, request: Request) -> Response:
        auth = parse_authorization(request.headers) or parse_query(request.query)
        assert auth is not None and request.stream is not None
        verifier = Verifier()
        if auth.scope.service != "s3":
            request.body, request.stream = b"".join([part async for part in request.stream]), None
        verifier.verify(request, auth, SECRET, AT)
        body = request.body
        payload = Payload(request.headers, verifier.chunk_signer(auth, SECRET))
        if request.stream is not None:
            body = b"".join([part async for part in payload.over(request.stream)])
        word = request.headers.get("x-amz-content-sha256", "")
        self.seen.append((request.path, word, body, payload.trailers))
        return Response(200, [("content-type", "application/json")], b"{}" if auth.scope.service != "s3" else b"")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_boto3_from_end_to_end(scheme: str, tmp_path: Path) -> None:
    data = b"abc" * 100_000
    authority = Authority.load_or_create(tmp_path)

    def calls(port: int) -> None:
        session = boto3.Session(KEY, SECRET, TOKEN, region_name="eu-west-1")
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})
        options = {"endpoint_url": f"{scheme}://localhost:{port}", "verify": str(authority.bundle), "config": config}
        s3: Any = session.client("s3", **options)
        for key in ("a b+c/\u20ac~!'()*", "//x/../y", "%2F"):
            s3.put_object(Bucket="b", Key=key, Body=io.BytesIO(data), Metadata={"a": "two  spaces"})
            s3.put_object(Bucket="b", Key=key, Body=data, ChecksumAlgorithm="SHA256")
        ssm: Any = session.client("ssm", **options)
        ssm.get_parameter(Name="/\u20ac")
        functions: Any = session.client("lambda", **options)
        functions.get_function(FunctionName="arn:aws:lambda:eu-west-1:000000000000:function:f", Qualifier="$LATEST")
        url = s3.generate_presigned_url("get_object", {"Bucket": "b", "Key": "a b", "VersionId": "+/="})
        with urllib.request.urlopen(url, context=ssl.create_default_context(cafile=authority.bundle)) as answer:
            assert answer.status == 200
        s3.close(), ssm.close(), functions.close()

    async def main() -> None:
        app = Verifying()
        server = Server(app)
        sock = socket.socket()
        sock.bind(("127.0.0.1", 0))
        await server.listen(sock, ssl_context(authority) if scheme == "https" else None)
        await asyncio.to_thread(calls, sock.getsockname()[1])
        await server.stop(5)
        assert len(app.seen) == 9 and all(body == data for _, _, body, _ in app.seen[:6])
        words = {word for _, word, _, _ in app.seen[:6]}
        if scheme == "https":
            assert "STREAMING-UNSIGNED-PAYLOAD-TRAILER" in words
            assert any("x-amz-checksum-crc32" in trailers for *_, trailers in app.seen)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        asyncio.run(asyncio.wait_for(main(), 60))
