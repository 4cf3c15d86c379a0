"""Who calls: keys that fogbank issued are checked to the last byte, strangers are the root of the account they name."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from fogbank.aws.policy import Principal
from fogbank.aws.signing import derived_key
from fogbank.cloud import Cloud
from fogbank.codec.message import Request, Response
from fogbank.control import caller as callers
from fogbank.control.caller import Credential, Session
from fogbank.control.session import token_of
from fogbank.gateway.identify import Identify
from fogbank.gateway.route import Route
from fogbank.gateway.sigv4 import Authorization, Credentials, Signing, parse_authorization, presign
from fogbank.gateway.test_route import (
    ACCOUNT,
    FORM,
    IAM,
    STRANGER,
    STS,
    Door,
    cbor,
    code_of,
    form,
    id_of,
    rest,
    rpc,
    signed,
    text_of,
)
from fogbank.testing import START, Served, TestCloud
from fogbank.testing.plugin import MakeClient

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PERMANENT = Credentials("AKIAQWERTYUIOPASDFGH", SECRET)


def issued(
    cloud: Cloud, *, expires_at: float = START + 900, account: str = ACCOUNT, sealed_by: Cloud | None = None
) -> Credentials:
    """Temporary credentials of an account's root, as STS would make them."""
    ctx = cloud.context("sts", "GetSessionToken", callers.root(account))
    key = ctx.access_key_id("ASIA")
    principal = Principal(arn=f"arn:aws:iam::{account}:root", account=account, kind="root", user_id=account)
    session = Session(access_key_id=key, secret=SECRET, issued_at=START, expires_at=expires_at, principal=principal)
    return Credentials(key, SECRET, token_of(session, (sealed_by or cloud).dispatch.seal))


@pytest.fixture
def door() -> Iterator[Door]:
    found = Door()
    yield found
    found.test.close()


@pytest.fixture
def knowing() -> Iterator[Door]:
    """A door whose cloud knows one permanent key besides its sessions."""
    found = Door()
    issue = found.test.cloud.credential

    def credential(key: str, token: str | None) -> Credential | None:
        known = key == PERMANENT.access_key_id and not token
        return Credential(SECRET, callers.root(ACCOUNT)) if known else issue(key, token)

    found.test.cloud.credential = credential  # type: ignore[method-assign]
    found.route = Route(found.test.cloud)
    yield found
    found.test.close()


def at_host(service: str, path: str) -> Request:
    """Unsigned, a REST request is known by its host alone."""
    return Request("GET", path, "", {"host": f"{service}.eu-west-1.amazonaws.com"})


# One request in each protocol, the service that it is signed for, and what is said to a good signature.
ASK: dict[str, tuple[Callable[[], Request], str, int]] = {
    "json": (lambda: rpc("AmazonSSM.DescribeParameters"), "ssm", 200),
    "query": (lambda: form(f"Action=GetCallerIdentity&Version={STS}"), "sts", 200),
    "query by GET": (lambda: form(f"Action=GetCallerIdentity&Version={STS}", "GET"), "sts", 200),
    "cbor": (lambda: cbor("GraniteServiceVersion20100801", "ListMetricStreams"), "monitoring", 501),
    "rest-json": (lambda: at_host("lambda", "/2015-03-31/functions"), "lambda", 200),
    "rest-xml": (lambda: at_host("route53", "/2013-04-01/healthcheck"), "route53", 200),
    "ec2": (lambda: form("Action=DescribeVolumes&Version=2016-11-15"), "ec2", 501),
    "s3": (lambda: rest("GET", "/"), "s3", 200),
}
JSON, REST, QUERY, S3 = ("json", "cbor"), ("rest-json",), ("query", "query by GET", "rest-xml"), ("s3",)


def said(*rows: tuple[tuple[str, ...], int, str]) -> dict[str, tuple[int, str]]:
    return {protocol: (status, code) for protocols, status, code in rows for protocol in protocols}


UNKNOWN = said(
    (JSON, 400, "UnrecognizedClientException"),
    (REST, 403, "UnrecognizedClientException"),
    (QUERY, 403, "InvalidClientTokenId"),
    (("ec2",), 401, "AuthFailure"),
    (S3, 403, "InvalidAccessKeyId"),
)
REFUSALS = {
    "unsigned": said(
        (JSON, 400, "MissingAuthenticationTokenException"),
        (REST, 403, "MissingAuthenticationTokenException"),
        ((*QUERY, "ec2"), 403, "MissingAuthenticationToken"),
        (S3, 403, "AccessDenied"),  # S3 takes anonymous requests, and policies decide
    ),
    "wrong secret": said(
        (JSON, 400, "InvalidSignatureException"),
        (REST, 403, "InvalidSignatureException"),
        (QUERY, 403, "SignatureDoesNotMatch"),
        (("ec2",), 401, "AuthFailure"),
        (S3, 403, "SignatureDoesNotMatch"),
    ),
    "tampered token": {**UNKNOWN, "s3": (400, "InvalidToken")},
    "another key's token": {**UNKNOWN, "s3": (400, "InvalidToken")},
    "another cloud's token": {**UNKNOWN, "s3": (400, "InvalidToken")},
    "no token": UNKNOWN,
    "expired token": said(
        (JSON, 400, "ExpiredTokenException"),
        (REST, 403, "ExpiredTokenException"),
        (QUERY, 403, "ExpiredToken"),
        (("ec2",), 400, "RequestExpired"),
        (S3, 400, "ExpiredToken"),
    ),
    "signed too long ago": said(
        (JSON, 400, "InvalidSignatureException"),
        (REST, 403, "InvalidSignatureException"),
        (QUERY, 403, "SignatureDoesNotMatch"),
        (("ec2",), 400, "RequestExpired"),
        (S3, 403, "RequestTimeTooSkewed"),
    ),
    "signed in the future": said(
        (JSON, 400, "InvalidSignatureException"),
        (REST, 403, "InvalidSignatureException"),
        (QUERY, 403, "SignatureDoesNotMatch"),
        (("ec2",), 401, "AuthFailure"),
        (S3, 403, "RequestTimeTooSkewed"),
    ),
    "no region": said(
        (JSON, 400, "InvalidSignatureException"),
        (REST, 403, "InvalidSignatureException"),
        (QUERY, 403, "SignatureDoesNotMatch"),
        (("ec2",), 401, "AuthFailure"),
        (S3, 400, "AuthorizationHeaderMalformed"),
    ),
    "malformed": said(
        (JSON, 400, "IncompleteSignatureException"),
        (REST, 403, "IncompleteSignatureException"),
        ((*QUERY, "ec2"), 403, "IncompleteSignature"),
        (S3, 400, "AuthorizationHeaderMalformed"),
    ),
}


def refused(door: Door, why: str, protocol: str) -> Response:
    ask, service, _ = ASK[protocol]
    cloud, request = door.test.cloud, ask()
    keys = issued(cloud)
    if why == "unsigned":
        return door.ask(request)
    if why == "malformed":
        signed(request, service, keys)
        header = request.headers["authorization"]
        request.headers["authorization"] = header.replace("/aws4_request", "").replace(", ", ",  ")
        return door.ask(request)
    if why == "another cloud's token":
        other = TestCloud()
        keys = issued(cloud, sealed_by=other.cloud)
        other.close()
    token = keys.token or ""
    made = {
        "wrong secret": keys._replace(secret=SECRET + "x"),
        "tampered token": keys._replace(token=token[:40] + ("A" if token[40] != "A" else "B") + token[41:]),
        "another key's token": keys._replace(token=issued(cloud).token),
        "no token": keys._replace(token=None),
        "expired token": issued(cloud, expires_at=START),
    }.get(why, keys)
    at = {"signed too long ago": -901, "signed in the future": 930}.get(why, 0) + time.time()
    region = "EU_WEST_1" if why == "no region" else "eu-west-1"
    return door.asked(request, service, made, at=at, region=region)


@pytest.mark.parametrize("protocol", ASK)
@pytest.mark.parametrize("why", REFUSALS)
def test_every_refusal_has_its_services_own_code(door: Door, why: str, protocol: str) -> None:
    response = refused(door, why, protocol)
    assert (response.status, code_of(response)) == REFUSALS[why][protocol]
    assert id_of(response)


@pytest.mark.parametrize("protocol", ASK)
def test_a_good_signature_passes_in_every_protocol(door: Door, protocol: str) -> None:
    ask, service, status = ASK[protocol]
    assert door.asked(ask(), service, issued(door.test.cloud)).status == status
    assert door.asked(ask(), service, STRANGER).status == status
    # Cloud time is not what signatures go by, but it is what sessions go by.
    keys = issued(door.test.cloud)
    door.test.advance(899)
    assert door.asked(ask(), service, keys).status == status
    door.test.advance(1)
    assert door.asked(ask(), service, keys).status in (400, 403)


@pytest.mark.parametrize("part", ["body", "query", "path", "target", "host", "signature"])
def test_what_was_signed_may_not_be_changed(knowing: Door, part: str) -> None:
    def request() -> Request:
        if part in ("path", "query"):
            return signed(rest("GET", "/2015-03-31/functions", "MaxItems=1"), "lambda", PERMANENT)
        return signed(rpc("AmazonSSM.DescribeParameters"), "ssm", PERMANENT)

    assert knowing.ask(request()).status in (200, 501)
    changed = request()
    if part == "body":
        changed.body += b" "
    elif part in ("path", "query"):
        setattr(changed, part, {"path": "/2015-03-31/functions/", "query": "MaxItems=2"}[part])
    elif part == "signature":
        text = changed.headers["authorization"]
        changed.headers["authorization"] = text[:-1] + ("0" if text[-1] != "0" else "1")
    else:
        name = {"target": "x-amz-target", "host": "host"}[part]
        changed.headers[name] = {"target": "AmazonSSM.GetParameters", "host": "localhost:4566"}[part]
    response = knowing.ask(changed)
    assert code_of(response) == "InvalidSignatureException", text_of(response)


def test_a_signature_for_one_service_is_none_for_another(door: Door) -> None:
    keys = issued(door.test.cloud)
    response = door.asked(rpc("AmazonSSM.DescribeParameters"), "sqs", keys)
    assert (response.status, code_of(response)) == (400, "InvalidSignatureException")
    assert "Credential should be scoped to correct service: 'ssm'." in text_of(response)
    # Nobody can tell whether a stranger's signature is good for anything.
    assert door.asked(rpc("AmazonSSM.DescribeParameters"), "sqs").status == 200
    family = signed(rest("GET", "/b/k"), "s3express", keys)
    family.headers["host"] = "b.s3.amazonaws.com"
    assert code_of(door.ask(family)) != "AuthorizationHeaderMalformed"


def test_accounts_and_regions_come_from_the_key_and_the_scope(door: Door) -> None:
    put = rpc("AmazonSSM.PutParameter", b'{"Name":"/x","Value":"v","Type":"String"}')
    assert door.asked(put, "ssm", region="ap-south-1").status == 200

    def arn(keys: Credentials, region: str) -> str:
        response = door.asked(rpc("AmazonSSM.GetParameter", b'{"Name":"/x"}'), "ssm", keys, region=region)
        return text_of(response)

    assert f"arn:aws:ssm:ap-south-1:{ACCOUNT}:parameter/x" in arn(STRANGER, "ap-south-1")
    assert f"arn:aws:ssm:ap-south-1:{ACCOUNT}:parameter/x" in arn(issued(door.test.cloud), "ap-south-1")
    assert "ParameterNotFound" in arn(STRANGER, "eu-west-1")
    assert "ParameterNotFound" in arn(Credentials("test", "test"), "ap-south-1")
    assert "ParameterNotFound" in arn(Credentials("1" * 11, "x"), "ap-south-1")
    world = rpc("AmazonSSM.PutParameter", b'{"Name":"/y","Value":"v","Type":"String"}')
    assert door.asked(world, "ssm", Credentials("test", "x"), region="aws-global").status == 200
    found = door.test.call("ssm", "GetParameter", {"Name": "/y"}, region="us-east-1")
    assert found["Parameter"]["ARN"].startswith("arn:aws:ssm:us-east-1:000000000000:")


def test_keys_of_aws_and_of_other_clouds_are_strangers(door: Door) -> None:
    """Who has real credentials in the environment can use an open cloud all the same."""
    other = TestCloud()
    for keys in (
        issued(other.cloud),
        issued(other.cloud)._replace(token=None),
        Credentials("AKIAQWERTYUIOPASDFGH", "x"),
    ):
        response = door.asked(rpc("AmazonSSM.PutParameter", b'{"Name":"/x","Value":"v","Type":"String"}'), "ssm", keys)
        assert response.status == 200 or code_of(response) == "ParameterAlreadyExists"
    assert door.test.call("ssm", "GetParameter", {"Name": "/x"}, region="eu-west-1")
    other.close()


def test_strict_mode_knows_no_strangers() -> None:
    door = Door(strict=True)
    for keys in (STRANGER, Credentials("test", "test"), Credentials("test", "test", "token")):
        response = door.asked(rpc("AmazonSSM.DescribeParameters"), "ssm", keys)
        assert (response.status, code_of(response)) == (400, "UnrecognizedClientException")
    assert door.asked(rpc("AmazonSSM.DescribeParameters"), "ssm", issued(door.test.cloud)).status == 200
    # What needs no signature needs none in strict mode either.
    web = form("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=x&RoleSessionName=s&WebIdentityToken=t")
    assert code_of(door.ask(web)) not in ("MissingAuthenticationToken", "InvalidClientTokenId")
    door.test.close()


def test_headers_that_are_no_signature(door: Door) -> None:
    for value in ("Bearer abc", "Basic YTpi", "AWS3-HTTPS x", "", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a"):
        request = rpc("AmazonSSM.DescribeParameters", authorization=value)
        assert code_of(door.ask(request)) in ("MissingAuthenticationTokenException", "IncompleteSignatureException")
    both = signed(rest("GET", "/b/k", presigned("s3", rest("GET", "/b/k"), STRANGER)), "s3")
    assert code_of(door.ask(both)) == "InvalidArgument"


# Presigned


def presigned(service: str, request: Request, keys: Credentials, expires_seconds: int = 60, ago: float = 0) -> str:
    return presign(request, keys, Signing("eu-west-1", service, time.time() - ago), expires_seconds)


def asked_by_url(door: Door, request: Request, service: str, keys: Credentials, **how: Any) -> Response:
    query = presigned(service, request, keys, **how)
    return door.ask(Request(request.method, request.path, query, request.headers))


def test_presigned_requests_for_query_services(door: Door) -> None:
    keys = issued(door.test.cloud)
    ask = form(f"Action=GetCallerIdentity&Version={STS}", "GET")
    assert asked_by_url(door, ask, "sts", keys).status == 200
    assert code_of(asked_by_url(door, ask, "sts", keys, ago=901)) == "SignatureDoesNotMatch"
    assert code_of(asked_by_url(door, ask, "sts", keys._replace(secret="x"))) == "SignatureDoesNotMatch"
    assert code_of(asked_by_url(door, ask, "sts", keys._replace(token="eA=="))) == "InvalidClientTokenId"
    assert code_of(asked_by_url(door, ask, "sts", issued(door.test.cloud, expires_at=START))) == "ExpiredToken"
    assert asked_by_url(door, ask, "sts", STRANGER).status == 200


def test_a_presigned_request_is_good_for_as_long_as_it_says(door: Door) -> None:
    keys = issued(door.test.cloud)
    ask = form(f"Action=ListUsers&Version={IAM}", "GET")
    assert code_of(asked_by_url(door, ask, "iam", keys, ago=30)) == "InvalidClientTokenId", "a session without MFA"
    assert code_of(asked_by_url(door, ask, "iam", keys, ago=61)) == "SignatureDoesNotMatch"


def test_the_token_that_kubernetes_is_given(door: Door) -> None:
    # https://github.com/kubernetes-sigs/aws-iam-authenticator: GetCallerIdentity, signed with the cluster's name
    ask = Request("GET", "/", "Action=GetCallerIdentity&Version=2011-06-15", {"host": "x", "x-k8s-aws-id": "prod"})
    keys = issued(door.test.cloud)
    good = asked_by_url(door, ask, "sts", keys, ago=600)
    assert good.status == 200 and f"<Account>{ACCOUNT}</Account>" in text_of(good)
    query = presigned("sts", ask, keys)
    other = door.ask(Request("GET", "/", query, {"host": "x", "x-k8s-aws-id": "another"}))
    assert (other.status, code_of(other)) == (403, "SignatureDoesNotMatch")
    assert code_of(asked_by_url(door, ask, "sts", keys, ago=901)) == "SignatureDoesNotMatch"


# Signed chunks


def chunked(auth: Authorization, data: bytes, size: int = 16) -> bytes:
    """The body in signed chunks, by hand (sigv4-streaming.html)."""
    key, previous = derived_key(SECRET, auth.scope[1:]), auth.signature
    scope = f"{auth.scope.day}/{auth.scope.region}/{auth.scope.service}/aws4_request"
    framed, empty = [], hashlib.sha256().hexdigest()
    for start in [*range(0, len(data), size), len(data)]:
        piece = data[start : start + size]
        hashed = hashlib.sha256(piece).hexdigest()
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{auth.date}\n{scope}\n{previous}\n{empty}\n{hashed}"
        previous = hmac.digest(key, text.encode(), "sha256").hex()
        framed.append(b"%x;chunk-signature=%s\r\n%s\r\n" % (len(piece), previous.encode(), piece))
    return b"".join(framed)


def test_chunks_are_verified_against_the_requests_own_signature(knowing: Door) -> None:
    body = b'{"Name":"/chunked","Value":"in five pieces","Type":"String"}'
    word = {"x_amz_content_sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "content_encoding": "aws-chunked"}
    more = {**word, "x_amz_decoded_content_length": str(len(body))}

    def put(change: Callable[[bytes], bytes] = lambda framed: framed) -> Response:
        request = signed(rpc("AmazonSSM.PutParameter", b"", **more), "ssm", PERMANENT)
        auth = parse_authorization(request.headers)
        assert auth is not None
        request.body = change(chunked(auth, body))
        return knowing.ask(request)

    forged = put(lambda framed: framed.replace(b"Value", b"VALUE"))
    assert code_of(forged) == "InvalidSignatureException"
    assert code_of(put(lambda framed: framed[:-90])) == "IncompleteBody"
    unsigned = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    assert code_of(put(lambda framed: unsigned)) == "InvalidSignatureException"
    get = rpc("AmazonSSM.GetParameter", b'{"Name":"/chunked"}')
    assert code_of(knowing.asked(get, "ssm", PERMANENT)) == "ParameterNotFound"
    assert put().status == 200
    assert "in five pieces" in text_of(knowing.asked(get, "ssm", PERMANENT))


# With the SDK's own signatures


def test_boto3_with_a_session_that_fogbank_issued(served: Served, boto: MakeClient, account: str) -> None:
    keys = issued(served.cloud, expires_at=time.time() + 900, account=account)
    given = {"aws_access_key_id": keys.access_key_id, "aws_session_token": keys.token}
    good = boto("ssm", aws_secret_access_key=SECRET, **given)
    good.put_parameter(Name="/mine", Value="1", Type="String")
    assert boto("ssm").get_parameter(Name="/mine")["Parameter"]["Value"] == "1"
    assert boto("sts", aws_secret_access_key=SECRET, **given).get_caller_identity()["Account"]
    for service, call, code in (
        ("ssm", "describe_parameters", "InvalidSignatureException"),
        ("iam", "list_users", "SignatureDoesNotMatch"),
        ("ec2", "describe_vpcs", "AuthFailure"),
        ("s3", "list_buckets", "SignatureDoesNotMatch"),
        ("lambda", "list_functions", "InvalidSignatureException"),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(boto(service, aws_secret_access_key=SECRET + "x", **given), call)()
        assert caught.value.response["Error"]["Code"] == code


def test_boto3_with_a_users_key(boto: MakeClient) -> None:
    iam = boto("iam")
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    given = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    with pytest.raises(ClientError) as denied:
        boto("ssm", **given).describe_parameters()
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError) as wrong:
        boto("ssm", **{**given, "aws_secret_access_key": "x"}).describe_parameters()
    assert wrong.value.response["Error"]["Code"] == "InvalidSignatureException"


def test_strangers_are_remembered_within_a_bound() -> None:
    identify = Identify(lambda *_: None, ACCOUNT, strict=False)
    for number in range(10_000):
        request = signed(
            Request("POST", "/", "", {"host": "h", "content-type": FORM}), "iam", Credentials(f"k{number}", "x")
        )
        identify.caller(request, identify.authorization(request), "iam")
    assert identify._stranger.cache_info().currsize <= 4096
