"""Bodies that are meant to hurt: all are refused in AWS's words, and none takes long or crashes."""

from __future__ import annotations

import gzip
import time
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.codec.content import inflated
from fogbank.codec.message import Request

DEEP = 100_000


def parse(service: str, protocol: str, operation: str, body: bytes, path: str = "/", **headers: str) -> dict[str, Any]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    codec = codec_for(service, protocol, operation)
    return codec.parse(Request(codec.operation.method, path, "", names, body))


@pytest.mark.parametrize(
    "body",
    [
        b"[" * DEEP,
        b"[" * DEEP + b"]" * DEEP,
        b'{"Item":' * DEEP,
        b'{"Item":' + b'{"a":{"M":' * DEEP + b"{}" + b"}}" * DEEP + b"}",
        b'{"Item":' + b'{"a":{"M":' * DEEP + b"null" + b"}}" * DEEP + b"}",
        b'{"Item":' + b'{"a":{"L":[' * DEEP,
        b'{"Unknown":' + b"[" * DEEP + b"]" * DEEP + b"}",
        b'{"TableName":',
        b"\xff\xfe",
        b'{"TableName":"\xff"}',
        b'{"TableName":"\\ud800"}',
        b'{"TableName":1e999}',
        b"nul",
        b"null",
        b"[]",
        b'"x"',
        b"1",
        b'{"TableName": 1}',
        b'{"TableName": ["x"]}',
        b'{"Item": {"a": {"B": "not base64!"}}}',
        b'{"Item": []}',
    ],
)
def test_json(body: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(AwsError) as raised:
        parse("dynamodb", "json", "PutItem", body)
    assert raised.value.code == "SerializationException"
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "body",
    [
        b"\x81" * DEEP,
        b"\xa1" * DEEP,
        b"\xa1\x61a" * DEEP,
        b"\xd8\x1c\x81" * DEEP,
        b"\xc1" * DEEP,
        b"\x9b\x0f" + b"\xff" * 7,
        b"\x5b\x0f" + b"\xff" * 7,
        b"\xc5\x82\x1a\x7f\xff\xff\xff\x03",
        b"\xc1\xfb\x7e\x37\xe4\x3c\x88\x00\x75\x9c",
        b"\xa1\x69Namespace\x01",
        b"\xff",
        b"\x80",
        b"\xf6",
        b"\xd8\x1d\x00",
        b"\xa1\x6aMetricData\xd9\x01\x02\x80",
    ],
)
def test_cbor(body: bytes) -> None:
    started = time.perf_counter()
    with pytest.raises(AwsError) as raised:
        parse("cloudwatch", "smithy-rpc-v2-cbor", "PutMetricData", body)
    assert raised.value.code == "SerializationException"
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize(
    "body",
    [
        b'<!DOCTYPE a [<!ENTITY x "y">]><Tagging>&x;</Tagging>',
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY x "y">]><Tagging/>'.encode("utf-16"),
        b"<Tagging>&x;</Tagging>",
        b"<Tagging>",
        b"<a>" * DEEP,
        b"not xml",
        b"\xff",
        b"<Tagging>\x00</Tagging>",
    ],
)
def test_xml(body: bytes) -> None:
    with pytest.raises(AwsError) as raised:
        parse("s3", "rest-xml", "PutBucketTagging", body, "/bucket")
    assert raised.value.code == "MalformedXML"


def test_deep_xml_that_is_not_asked_for_is_passed_over_as_long_as_it_is_cheap() -> None:
    def nested(depth: int) -> dict[str, object]:
        body = b"<Tagging>" + b"<a>" * depth + b"</a>" * depth + b"</Tagging>"
        return parse("s3", "rest-xml", "PutBucketTagging", body, "/bucket")

    assert nested(5_000) == {"Bucket": "bucket", "Tagging": {}}
    with pytest.raises(AwsError, match="MalformedXML"):
        nested(DEEP)
    many = b"<a " + b" ".join(b'a%d=""' % number for number in range(100_001)) + b"/>"
    with pytest.raises(AwsError, match="MalformedXML"):
        parse("s3", "rest-xml", "PutBucketTagging", many, "/bucket")


@pytest.mark.parametrize(
    "body",
    [
        b"Action=CreateStack&" + b".".join([b"a"] * DEEP) + b"=1",
        b"MaxRecords=x&Action=DescribeDBInstances",
        b"MaxRecords=1_0&Action=DescribeDBInstances",
        b"MaxRecords=" + b"9" * DEEP,
    ],
)
def test_query(body: bytes) -> None:
    with pytest.raises(AwsError) as raised:
        parse("rds", "query", "DescribeDBInstances", body)
    assert raised.value.code == "MalformedInput"


def test_lists_with_gaps_and_wild_numbers() -> None:
    body = b"Names.member.9999999999999999=z&StackNames.member.x=1&Capabilities.member.7=B&Capabilities.member.3=A"
    assert parse("cloudformation", "query", "CreateStack", body) == {"Capabilities": ["A", "B"]}


def test_a_parameter_may_be_text_and_parent_at_once() -> None:
    assert parse("cloudformation", "query", "CreateStack", b"Tags=&Tags.member.1.Key=a&Tags.member.1=x") == {
        "Tags": [{"Key": "a"}]
    }
    assert parse("cloudformation", "query", "CreateStack", b"StackName.a=1&StackName=b") == {"StackName": "b"}


def test_gzip_is_taken_off_within_a_bound() -> None:
    body = gzip.compress(b'{"Namespace":') + gzip.compress(b'"x"}')
    assert parse("cloudwatch", "json", "PutMetricData", body, content_encoding="gzip") == {"Namespace": "x"}
    bomb = gzip.compress(b"\0" * 10_000_000)
    with pytest.raises(AwsError) as raised:
        inflated(bomb, 1_000_000)
    assert (raised.value.code, raised.value.status) == ("RequestEntityTooLargeException", 413)
    for damaged in (body[:-3], b"nonsense", body + b"x"):
        with pytest.raises(AwsError) as raised:
            inflated(damaged)
        assert raised.value.code == "SerializationException"


def test_what_an_object_is_encoded_with_is_the_objects_own() -> None:
    body = gzip.compress(b"x")
    parsed = parse("s3", "rest-xml", "PutObject", body, "/b/k", content_encoding="gzip")
    assert (parsed["Body"], parsed["ContentEncoding"]) == (body, "gzip")
