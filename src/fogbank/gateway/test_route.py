"""Where requests go, and what is said to those that go nowhere: in process, by boto3 and by raw sockets."""

from __future__ import annotations

import gzip
import inspect
import json
import logging
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
from botocore.exceptions import ClientError

from fogbank.codec.message import Request, Response
from fogbank.gateway.route import Route
from fogbank.gateway.sigv4 import Credentials, Signing, sign
from fogbank.testing import Served, TestCloud
from fogbank.testing.plugin import MakeClient

ACCOUNT = "111122223333"
STRANGER = Credentials(ACCOUNT, "x")
FORM = "application/x-www-form-urlencoded"
IAM = "2010-05-08"
STS = "2011-06-15"
CBOR = "smithy-rpc-v2-cbor"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


class Door:
    """A cloud's route without a socket."""

    def __init__(self, **settings: Any) -> None:
        self.test = TestCloud(**{"longtail": False, **settings})
        self.route = Route(self.test.cloud)

    def ask(self, request: Request) -> Response:
        async def asked() -> Response:
            answered = self.route(request)
            return await answered if inspect.isawaitable(answered) else answered

        response = self.test.run(asked())
        assert isinstance(response, Response)
        return response

    def asked(self, request: Request, service: str, keys: Credentials = STRANGER, **at: Any) -> Response:
        """The answer to the request once it is signed."""
        return self.ask(signed(request, service, keys, **at))


def signed(request: Request, service: str, keys: Credentials = STRANGER, **at: Any) -> Request:
    region, moment = at.get("region", "eu-west-1"), at.get("at", time.time())
    request.headers.update(sign(request, keys, Signing(region, service, moment)))
    return request


def rpc(target: str, body: bytes = b"{}", **headers: str) -> Request:
    given = {"host": "127.0.0.1:4566", "x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
    return Request("POST", "/", "", given | {name.replace("_", "-"): value for name, value in headers.items()}, body)


def form(text: str, method: str = "POST") -> Request:
    given = {"host": "127.0.0.1:4566"}
    if method != "POST":
        return Request(method, "/", text, given)
    return Request("POST", "/", "", {**given, "content-type": FORM}, text.encode())


def rest(method: str, path: str, query: str = "") -> Request:
    return Request(method, path, query, {"host": "127.0.0.1:4566"})


def cbor(service: str, operation: str) -> Request:
    headers = {"host": "127.0.0.1:4566", "smithy-protocol": "rpc-v2-cbor", "content-type": "application/cbor"}
    return Request("POST", f"/service/{service}/operation/{operation}", "", headers, cbor2.dumps({}))


def code_of(response: Response) -> str:
    """The error's code, whatever the protocol."""
    headers = dict(response.headers)
    body = response.body
    assert isinstance(body, bytes)
    if headers.get("content-type") == "application/cbor":
        return str(cbor2.loads(body)["__type"]).rpartition("#")[2]
    if body[:1] == b"<":
        found = re.search(rb"<Code>([^<]*)</Code>", body)
        return found[1].decode() if found else ""
    said = json.loads(body)
    return str(headers.get("x-amzn-errortype") or said.get("__type", "")).rpartition("#")[2]


def text_of(response: Response) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode()


def id_of(response: Response) -> str:
    return dict(response.headers)["x-amzn-requestid"]


@pytest.fixture
def door() -> Iterator[Door]:
    found = Door()
    yield found
    found.test.close()


def test_an_operation_that_nobody_has(door: Door) -> None:
    cases = [
        (rpc("AmazonSSM.PutParametr"), "ssm", 400, "UnknownOperationException"),
        (rpc("AmazonSSM.putparameter"), "ssm", 400, "UnknownOperationException"),
        (rpc("AmazonSSM"), "ssm", 400, "UnknownOperationException"),
        (rpc("NoSuchService.PutParameter"), "ssm", 400, "UnknownOperationException"),
        (rpc("NoSuchService.PutParameter"), "nosuch", 400, "UnknownOperationException"),
        (cbor("GraniteServiceVersion20100801", "PutMetric"), "monitoring", 404, "UnknownOperationException"),
        (cbor("Nobody", "PutMetric"), "monitoring", 404, "UnknownOperationException"),
        (form(f"Action=ListUserz&Version={IAM}"), "iam", 400, "InvalidAction"),
        (form(f"Version={IAM}"), "iam", 400, "MissingAction"),
        (form("Action=DescribeNothing&Version=2016-11-15"), "ec2", 400, "InvalidAction"),
        (rest("GET", "/no/such/path"), "lambda", 404, "UnknownOperationException"),
        (rest("PATCH", "/b/k"), "s3", 405, "MethodNotAllowed"),
        (rest("GET", "/no/such/path"), "route53", 404, "UnknownOperationException"),
        (rest("GET", "/b/k"), "nosuch", 400, "AuthorizationHeaderMalformed"),
    ]
    for request, service, status, code in cases:
        response = door.asked(request, service)
        assert (response.status, code_of(response)) == (status, code), (request, service)
        assert UUID.match(id_of(response))
    response = door.ask(rpc("NoSuchService.PutParameter"))
    assert (response.status, code_of(response)) == (400, "UnknownOperationException")
    assert f"Could not find operation ListUserz for version {IAM}" in text_of(door.asked(cases[7][0], "iam"))


def test_an_operation_that_fogbank_has_not_says_so_in_every_protocol(door: Door) -> None:
    cases = [
        (rpc("AmazonSSM.CreateActivation", b'{"IamRole":"r"}'), "ssm", "ssm:CreateActivation"),
        (form("Action=DescribeBlueGreenDeployments&Version=2014-10-31"), "rds", "rds:DescribeBlueGreenDeployments"),
        (form("Action=DescribeVolumes&Version=2016-11-15"), "ec2", "ec2:DescribeVolumes"),
        (rest("GET", "/2020-04-22/code-signing-configs"), "lambda", "lambda:ListCodeSigningConfigs"),
        (rest("GET", "/2020-05-31/distribution"), "cloudfront", "cloudfront:ListDistributions"),
        (cbor("GraniteServiceVersion20100801", "ListMetricStreams"), "monitoring", "cloudwatch:ListMetricStreams"),
    ]
    for request, service, name in cases:
        response = door.asked(request, service)
        assert (response.status, code_of(response)) == (501, "NotImplemented"), name
        body = response.body
        said = cbor2.loads(body)["message"] if name.startswith("cloudwatch") else text_of(response)
        assert f"fogbank does not implement {name}" in said
        assert UUID.match(id_of(response))


def test_the_query_protocol_by_get_and_head(door: Door) -> None:
    door.test.call("iam", "CreateUser", {"UserName": "ann"})
    text = f"Action=ListUsers&Version={IAM}"
    keys = Credentials("000000000000", "x")
    for method in ("GET", "HEAD", "POST"):
        response = door.asked(form(text, method), "iam", keys)
        assert response.status == 200 and b"<UserName>ann</UserName>" in bytes(response.body)  # type: ignore[arg-type]


def test_a_body_that_no_service_would_take(door: Door) -> None:
    for request, service, code in (
        (rpc("AmazonSSM.GetParameter", b"{"), "ssm", "SerializationException"),
        (rpc("AmazonSSM.GetParameter", gzip.compress(b'{"Name":"x"}'), content_encoding="gzip"), "ssm",
         "SerializationException"),
        (rpc("AmazonSSM.GetParameter", b"{}"), "ssm", "ValidationException"),
        (cbor("GraniteServiceVersion20100801", "ListMetricStreams"), "monitoring", "NotImplemented"),
    ):  # fmt: skip
        assert code_of(door.asked(request, service)) == code


def test_aws_chunked_bodies_reach_any_operation_as_if_they_were_plain(door: Door) -> None:
    body = b'{"Name":"/x","Value":"v","Type":"String"}'
    framed = b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    more = {"content_encoding": "aws-chunked", "x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER"}
    length = {"x_amz_decoded_content_length": str(len(body))}
    assert door.asked(rpc("AmazonSSM.PutParameter", framed, **more, **length), "ssm").status == 200
    for broken, lengths, code in (
        (framed[:-6], length, "IncompleteBody"),
        (framed, {"x_amz_decoded_content_length": "3"}, "IncompleteBody"),
        (framed, {}, "MissingContentLength"),
    ):
        response = door.asked(rpc("AmazonSSM.PutParameter", broken, **more, **lengths), "ssm")
        assert code_of(response) == code and response.status in (400, 411)


def test_a_hash_that_lies_is_refused_of_strangers_too(door: Door) -> None:
    request = rpc("AmazonSSM.GetParameter", b'{"Name":"/x"}', x_amz_content_sha256="0" * 64)
    assert code_of(door.asked(request, "ssm")) == "XAmzContentSHA256Mismatch"


def test_a_bug_while_reading_or_writing_is_an_internal_failure_and_in_the_log(
    door: Door, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    put = rpc("AmazonSSM.PutParameter", b'{"Name":"/x","Value":"v","Type":"String"}')
    assert door.asked(put, "ssm").status == 200
    for name in ("parse", "write"):
        with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
            patch.setattr(f"fogbank.codec.compiled.Codec.{name}", broken)
            response = door.asked(rpc("AmazonSSM.GetParameter", b'{"Name":"/x"}'), "ssm")
        assert (response.status, code_of(response)) == (500, "InternalFailure")
        assert "secret detail" not in text_of(response)
        assert id_of(response) in caplog.text and "secret detail" in caplog.text
        caplog.clear()


def test_a_fault_that_delays_holds_the_answer_back(door: Door) -> None:
    fault = Request("POST", "/_fogbank/faults", "", {"host": "localhost"}, b'{"delay_seconds":0.05,"service":"ssm"}')
    assert door.ask(fault).status == 200
    began = time.monotonic()
    assert door.asked(rpc("AmazonSSM.DescribeParameters"), "ssm").status == 200
    assert time.monotonic() - began >= 0.05


def test_boto_sees_modelled_errors_and_request_ids(boto: MakeClient) -> None:
    ssm = boto("ssm")
    with pytest.raises(ssm.exceptions.ParameterNotFound) as caught:
        ssm.get_parameter(Name="/none")
    assert UUID.match(caught.value.response["ResponseMetadata"]["RequestId"])
    with pytest.raises(ClientError) as missing:
        ssm.describe_activations()
    said = missing.value.response
    assert said["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert said["Error"]["Code"] == "NotImplemented" and "ssm:DescribeActivations" in said["Error"]["Message"]


# Browsers

EVIL = {"origin": "http://evil.example"}
LOCAL = {"origin": "http://localhost:3000"}


def with_headers(request: Request, headers: dict[str, str]) -> Request:
    request.headers.update(headers)
    return request


def test_pages_of_other_origins_are_refused_before_anything_is_done(door: Door) -> None:
    put = rpc("AmazonSSM.PutParameter", b'{"Name":"/x","Value":"v","Type":"String"}')
    refused = door.asked(with_headers(put, EVIL), "ssm")
    assert refused.status == 403 and UUID.match(id_of(refused))
    assert "access-control-allow-origin" not in dict(refused.headers)
    assert code_of(door.asked(rpc("AmazonSSM.GetParameter", b'{"Name":"/x"}'), "ssm")) == "ParameterNotFound"
    for origin in (
        "null",
        "",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example:80",
        "https://localhost",
    ):
        assert door.asked(with_headers(rpc("AmazonSSM.DescribeParameters"), {"origin": origin}), "ssm").status == 403


def test_a_rebound_name_is_another_origin_though_it_is_the_pages_own(door: Door) -> None:
    names = {"host": "evil.example:4566", "origin": "http://evil.example:4566"}
    assert door.asked(with_headers(rpc("AmazonSSM.DescribeParameters"), names), "ssm").status == 403
    own = {"host": "sqs.localhost:4566", "origin": "https://sqs.localhost:4566"}
    assert door.asked(with_headers(rpc("AmazonSSM.DescribeParameters"), own), "ssm").status == 200


def test_pages_of_allowed_origins_may_call_and_read(door: Door) -> None:
    allowed = door.asked(with_headers(rpc("AmazonSSM.DescribeParameters"), LOCAL), "ssm")
    headers = dict(allowed.headers)
    assert allowed.status == 200 and headers["access-control-allow-origin"] == LOCAL["origin"]
    assert "x-amzn-requestid" in headers["access-control-expose-headers"]
    ask = {"access-control-request-method": "POST", "access-control-request-headers": "x-amz-target,authorization"}
    asked = Request("OPTIONS", "/", "", {"host": "127.0.0.1:4566", **LOCAL, **ask})
    preflight = door.ask(asked)
    assert preflight.status == 200 and UUID.match(id_of(preflight))
    assert dict(preflight.headers)["access-control-allow-headers"] == "x-amz-target,authorization"
    assert door.ask(Request("OPTIONS", "/", "", {"host": "127.0.0.1:4566", **EVIL, **ask})).status == 403
    stranger = door.asked(with_headers(rpc("AmazonSSM.GetParameter", b'{"Name":"/none"}'), LOCAL), "ssm")
    assert stranger.status == 400 and dict(stranger.headers)["access-control-allow-origin"] == LOCAL["origin"]


def test_the_setting_says_which_origins() -> None:
    door = Door(allowed_origins="https://app.example, http://localhost:*")
    allowed = with_headers(rpc("AmazonSSM.DescribeParameters"), {"origin": "https://app.example"})
    assert door.asked(allowed, "ssm").status == 200
    refused = with_headers(rpc("AmazonSSM.DescribeParameters"), {"origin": "http://127.0.0.1:3000"})
    assert door.asked(refused, "ssm").status == 403
    door.test.close()


# Below the application


def heard(served: Served, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", served.port), 10) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65536), b""))


HOST = b"Host: localhost\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x16\x03\x01 no http\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
        (b"PROPFIND / HTTP/1.1\r\n" + HOST + b"\r\n", 501),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 140_000 + b"\r\n\r\n", 431),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 999999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nabc", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 403),
        (b"GET /_fogbank/nothing HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 404),
        (b"OPTIONS / HTTP/1.1\r\n" + HOST + b"Origin: http://evil\r\nConnection: close\r\n\r\n", 403),
    ],
)
def test_every_answer_carries_one_request_id_down_to_the_refusals_of_http(
    served: Served, sent: bytes, status: int
) -> None:
    answer = heard(served, sent)
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    assert head.startswith(f"HTTP/1.1 {status} ")
    found = [line.partition(": ")[2] for line in head.lower().split("\r\n") if line.startswith("x-amzn-requestid:")]
    assert len(found) == 1 and UUID.match(found[0])
    assert b"Traceback" not in answer
