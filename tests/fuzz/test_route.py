"""Good requests with bytes flipped, cut and repeated, against the route in process: every one gets a proper answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.codec.detect import detect
from fogbank.codec.message import Request
from fogbank.gateway.head import response_head
from fogbank.gateway.sigv4 import Credentials, Signing, presign
from fogbank.gateway.test_route import Door, cbor, form, rest, rpc, signed

KEYS = Credentials("111122223333", "x")
XML = (
    b'<CreateHostedZoneRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Name>a.example</Name>'
    b"<CallerReference>1</CallerReference></CreateHostedZoneRequest>"
)
FORM = "Action=CreateUser&Version=2010-05-08&UserName=ann&Tags.member.1.Key=a&Tags.member.1.Value=b"
CHUNKED = {"x_amz_content_sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x_amz_decoded_content_length": "2"}


def bases() -> dict[str, Request]:
    """One good request of every kind."""
    zone = rest("POST", "/2013-04-01/hostedzone")
    zone.body = XML
    put = rest("PUT", "/bucket/some%2Fkey", "x-id=PutObject")
    put.headers |= {"x-amz-checksum-crc32": "AAAAAA==", "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
    link = presign(rest("GET", "/", FORM), KEYS, Signing("eu-west-1", "iam", 1_790_000_000.0), 60)
    host = {"host": "localhost:4566"}
    return {
        "json": signed(rpc("AmazonSSM.PutParameter", b'{"Name":"/x","Value":"v","Type":"String"}'), "ssm"),
        "query": signed(form(FORM), "iam"),
        "query by GET": signed(form(FORM, "GET"), "iam"),
        "presigned": Request("GET", "/", link, host),
        "cbor": signed(cbor("GraniteServiceVersion20100801", "ListMetricStreams"), "monitoring"),
        "rest-json": signed(rest("GET", "/2015-03-31/functions/a%2Fb/configuration", "Qualifier=1"), "lambda"),
        "rest-xml": signed(zone, "route53"),
        "s3": signed(put, "s3"),
        "ec2": signed(form("Action=DescribeVolumes&Version=2016-11-15&Filter.1.Name=a&Filter.1.Value.1=b"), "ec2"),
        "chunked": signed(rpc("AmazonSSM.DescribeParameters", b"2\r\n{}\r\n0\r\n\r\n", **CHUNKED), "ssm"),
        "page": Request("POST", "/_fogbank/clock", "", dict(host), b'{"advance_seconds":0.5}'),
        "browser": signed(rpc("AmazonSSM.DescribeParameters", b"{}", origin="http://localhost:3000"), "ssm"),
    }


BASES = bases()
CHANGE = st.tuples(st.sampled_from(["flip", "cut", "repeat", "insert"]), st.integers(0, 10**6), st.binary(max_size=8))


def changed(data: bytes, changes: list[tuple[str, int, bytes]]) -> bytes:
    for how, place, more in changes:
        at = place % (len(data) + 1)
        if how == "flip":
            data = data[:at] + bytes((byte ^ 1 << place % 8) for byte in data[at : at + 1]) + data[at + 1 :]
        elif how == "cut":
            data = data[:at] + data[at + 1 + len(more) :]
        elif how == "repeat":
            data = data[:at] + data[at : at + 40] * (1 + len(more)) + data[at:]
        else:
            data = data[:at] + more + data[at:]
    return data


def text(value: str, changes: list[tuple[str, int, bytes]]) -> str:
    """As the parser hands header and target bytes on: no line break ever gets that far."""
    raw = changed(value.encode("latin-1"), changes)
    return raw.translate(None, b"\r\n\0").decode("latin-1")


@st.composite
def damaged(draw: st.DrawFn) -> Request:
    base = BASES[draw(st.sampled_from(sorted(BASES)))]
    changes = draw(st.lists(CHANGE, min_size=1, max_size=4))
    part = draw(st.sampled_from(["path", "query", "body", "method", *base.headers]))
    request = Request(base.method, base.path, base.query, dict(base.headers), base.body)
    if part == "body":
        request.body = changed(base.body, changes)
    elif part == "method":
        request.method = draw(st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]))
    elif part in ("path", "query"):
        setattr(request, part, text(getattr(base, part), changes))
    elif draw(st.booleans()):
        request.headers[part] = text(base.headers[part], changes)
    else:
        del request.headers[part]
    return request


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    found = Door()
    yield found
    found.test.close()


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=damaged())
def test_every_damaged_request_gets_an_answer_that_can_be_sent(door: Door, request: Request) -> None:
    response = door.ask(request)
    assert 200 <= response.status < 500 or response.status == 501, (request, response)
    headers = dict(response.headers)
    assert "x-amzn-requestid" in headers
    assert isinstance(response.body, bytes)
    head, _ = response_head(response, len(response.body), "")
    assert head.count(b"\r\n\r\n") == 1


@settings(max_examples=1500, deadline=None)
@given(request=damaged())
def test_every_codec_reads_damage_or_refuses_it(request: Request) -> None:
    """Also of the services that have no code yet, whose bodies the route does not read."""
    try:
        target = detect(request)
        if target.service and target.operation:
            codec_for(*target).parse(request)
    except AwsError as error:
        assert error.status is None or error.status < 500, error
