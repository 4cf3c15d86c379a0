"""Responses and errors as they stand on the wire; what botocore makes of them all is in tests/conformance."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from typing import Any

import cbor2
import orjson
import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for, write_error
from fogbank.codec.message import Request, Response
from fogbank.codec.rest import split_header


def body(response: Response) -> str:
    assert isinstance(response.body, bytes)
    return response.body.decode()


def parse(service: str, protocol: str, operation: str, query: str, path: str = "/") -> dict[str, Any]:
    headers = {"host": "localhost:4566"}
    return codec_for(service, protocol, operation).parse(Request("POST", path, "", headers, query.encode()))


def test_sqs_in_its_query_form() -> None:
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-xml.html
    assert parse(
        "sqs",
        "query",
        "SendMessage",
        "Action=SendMessage&MessageBody=This+is+a+test&MessageAttribute.1.Name=n&MessageAttribute.1.Value.StringValue=v"
        "&MessageAttribute.1.Value.DataType=String",
        "/000000000000/queue",
    ) == {
        "QueueUrl": "http://localhost:4566/000000000000/queue",
        "MessageBody": "This is a test",
        "MessageAttributes": {"n": {"StringValue": "v", "DataType": "String"}},
    }
    assert parse(
        "sqs", "query", "CreateQueue", "QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=a"
    ) == {
        "QueueName": "q",
        "Attributes": {"DelaySeconds": "5"},
        "tags": {"a": ""},
    }
    response = codec_for("sqs", "query", "GetQueueAttributes").write({"Attributes": {"DelaySeconds": "5"}}, "rid")
    assert body(response) == (
        '<GetQueueAttributesResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><GetQueueAttributesResult>'
        "<Attribute><Name>DelaySeconds</Name><Value>5</Value></Attribute></GetQueueAttributesResult>"
        "<ResponseMetadata><RequestId>rid</RequestId></ResponseMetadata></GetQueueAttributesResponse>"
    )


def test_json_leaves_out_none_and_spells_what_json_has_no_number_for() -> None:
    codec = codec_for("cloudwatch", "json", "GetMetricData")
    result = {"MetricDataResults": [{"Id": "a", "Label": None, "Values": [1.5, float("nan"), float("-inf")]}]}
    assert orjson.loads(body(codec.write(result, "rid"))) == {
        "MetricDataResults": [{"Id": "a", "Values": [1.5, "NaN", "-Infinity"]}]
    }
    read = codec_for("cloudwatch", "json", "PutMetricData").parse
    assert read(Request("POST", "/", "", {}, b'{"MetricData":[{"Value":"Infinity","Unit":null}]}')) == {
        "MetricData": [{"Value": float("inf")}]
    }


def test_whole_numbers_stay_whole_and_in_range() -> None:
    read = codec_for("ssm", "json", "DescribeParameters").parse
    assert read(Request("POST", "/", "", {}, b'{"MaxResults":5.0}')) == {"MaxResults": 5}
    for wrong in (b"5.5", b"2147483648", b"true", b'"5"'):
        with pytest.raises(AwsError) as raised:
            read(Request("POST", "/", "", {}, b'{"MaxResults":' + wrong + b"}"))
        assert raised.value.code == "SerializationException"


def test_a_union_has_one_member() -> None:
    read = codec_for("s3tables", "rest-json", "PutTableMaintenanceConfiguration").parse
    path = "/tables/a/b/c/maintenance/icebergCompaction"
    union = b'{"value":{"settings":{%s}}}'
    good = read(Request("PUT", path, "", {}, union % b'"icebergCompaction":{"targetFileSizeMB":64},"other":null'))
    assert good["value"] == {"settings": {"icebergCompaction": {"targetFileSizeMB": 64}}}
    for wrong in (b"", b'"unknown":{}', b'"icebergCompaction":{},"icebergSnapshotManagement":{}'):
        with pytest.raises(AwsError) as raised:
            read(Request("PUT", path, "", {}, union % wrong))
        assert raised.value.code == "SerializationException"


def test_dynamodb_sums_its_answers() -> None:
    response = codec_for("dynamodb", "json", "GetItem").write({"Item": {"a": {"B": b"x"}}}, "rid")
    assert body(response) == '{"Item":{"a":{"B":"eA=="}}}'
    assert dict(response.headers)["x-amz-crc32"] == str(zlib.crc32(body(response).encode()))


def test_a_strict_codec_refuses_what_clients_would_not_see() -> None:
    codec = codec_for("ssm", "json", "GetParameter", is_strict=True)
    codec.write({"Parameter": {"Name": "a", "LastModifiedDate": datetime(2026, 1, 1, tzinfo=UTC)}}, "rid")
    with pytest.raises(
        TypeError, match=r"Parameter\.Nmae is not in Parameter; Parameter\.Version is a str, not a long"
    ):
        codec.write({"Parameter": {"Nmae": "a", "Version": "1"}}, "rid")
    with pytest.raises(TypeError, match="Extra is not in GetParameterResult"):
        codec.write({"Extra": 1}, "rid")


def test_s3_keeps_keys_as_they_are() -> None:
    codec = codec_for("s3", "rest-xml", "GetObject")
    for path, key in {"/b/a%2Fb": "a/b", "/b/a+b": "a+b", "/b//c/./..": "/c/./..", "/b/folder/": "folder/"}.items():
        assert codec.parse(Request("GET", path, "", {})) == {"Bucket": "b", "Key": key}
    assert codec_for("s3", "rest-xml", "ListObjects").parse(Request("GET", "/b/", "prefix=a+b%2F", {})) == {
        "Bucket": "b",
        "Prefix": "a b/",
    }


def test_s3_escapes_what_xml_would_change() -> None:
    response = codec_for("s3", "rest-xml", "ListObjectsV2").write({"Contents": [{"Key": "a\r<&\x01"}]}, "rid")
    assert body(response) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        "<Contents><Key>a&#xD;&lt;&amp;&#x1;</Key></Contents></ListBucketResult>"
    )


def test_a_line_end_starts_no_header() -> None:
    result = {"ContentDisposition": "a\r\nset-cookie: x", "Metadata": {"k": "a\nb"}, "Body": b""}
    headers = dict(codec_for("s3", "rest-xml", "GetObject").write(result, "rid").headers)
    assert headers["Content-Disposition"] == "a set-cookie: x"
    assert headers["x-amz-meta-k"] == "a b"


def test_head_has_no_body() -> None:
    response = codec_for("s3", "rest-xml", "HeadObject").write_error(AwsError("NoSuchKey", "no"), "rid")
    assert (response.status, response.body) == (404, b"")


def test_where_a_bucket_is() -> None:
    codec = codec_for("s3", "rest-xml", "GetBucketLocation")
    assert body(codec.write({"LocationConstraint": "eu-west-1"}, "rid")).endswith(">eu-west-1</LocationConstraint>")


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("a, b", ["a", "b"]),
        ('"a, b",c', ["a, b", "c"]),
        ('"say \\"x\\"", y', ['say "x"', "y"]),
        ("one", ["one"]),
        ("a,,b", ["a", "", "b"]),
    ],
)
def test_lists_in_headers(text: str, items: list[str]) -> None:
    assert split_header(text) == items


@pytest.mark.parametrize(
    ("protocol", "service", "error", "status", "expected"),
    [
        ("json", "ssm", AwsError("ParameterNotFound", "no"), 400, b'{"__type":"ParameterNotFound","message":"no"}'),
        (
            "json",
            "sqs",
            AwsError("QueueDoesNotExist", "no"),
            400,
            b'{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no"}',
        ),
        (
            "json",
            "dynamodb",
            AwsError("ConditionalCheckFailedException", "no", Item={"a": {"B": b"x"}}),
            400,
            b'{"Item":{"a":{"B":"eA=="}},"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",'
            b'"message":"no"}',
        ),
        (
            "rest-json",
            "lambda",
            AwsError("ResourceNotFoundException", "no", Type="User"),
            404,
            b'{"Type":"User","Message":"no"}',
        ),
        (
            "query",
            "iam",
            AwsError("NoSuchEntityException", "no"),
            404,
            b'<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>'
            b"<Code>NoSuchEntity</Code><Message>no</Message></Error><RequestId>rid</RequestId></ErrorResponse>",
        ),
        (
            "ec2",
            "ec2",
            AwsError("InvalidVpcID.NotFound", "no <x>"),
            400,
            b'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code>'
            b"<Message>no &lt;x&gt;</Message></Error></Errors><RequestID>rid</RequestID></Response>",
        ),
        ("query", "iam", AwsError("AccessDenied", "no"), 403, None),
        ("json", "kms", AwsError("AccessDeniedException", "no"), 400, None),
        ("rest-json", "lambda", AwsError("AccessDeniedException", "no"), 403, None),
        ("json", "kms", AwsError("InternalFailure", "no"), 500, None),
        ("json", "kms", AwsError("KMSInternalException", "no"), 500, None),
        ("rest-xml", "s3", AwsError("BucketNotEmpty", "no"), 409, None),
        ("rest-xml", "s3", AwsError("Odd", "no", status=418), 418, None),
    ],
)
def test_errors(protocol: str, service: str, error: AwsError, status: int, expected: bytes | None) -> None:
    response = write_error(protocol, error, "rid", service)
    assert response.status == status
    assert ("x-amzn-requestid", "rid") in response.headers
    assert expected in (None, response.body)


@pytest.mark.parametrize("protocol", ["json", "rest-json", "rest-xml", "query", "ec2", "smithy-rpc-v2-cbor"])
@pytest.mark.parametrize("service", [None, ""])
def test_errors_before_a_service_is_known(protocol: str, service: str | None) -> None:
    response = write_error(protocol, AwsError("InvalidAction", "what?"), "rid", service)
    assert response.status == 400
    assert b"InvalidAction" in bytes(response.body) or ("x-amzn-errortype", "InvalidAction") in response.headers  # type: ignore[arg-type]


def test_query_compatible_services_tell_the_old_code() -> None:
    for protocol in ("json", "smithy-rpc-v2-cbor"):
        response = write_error(protocol, AwsError("ResourceNotFoundException", "no"), "rid", "cloudwatch")
        assert dict(response.headers)["x-amzn-query-error"] == "ResourceNotFoundException;Sender"
    response = write_error("json", AwsError("AWS.SimpleQueueService.NonExistentQueue", "no"), "rid", "sqs")
    assert dict(response.headers)["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert b"com.amazonaws.sqs#QueueDoesNotExist" in bytes(response.body)  # type: ignore[arg-type]


def test_cbor_tags_times() -> None:
    codec = codec_for("cloudwatch", "smithy-rpc-v2-cbor", "GetMetricStatistics")
    response = codec.write({"Datapoints": [{"Timestamp": 1.5, "Sum": 3}]}, "rid")
    assert dict(response.headers)["smithy-protocol"] == "rpc-v2-cbor"
    assert cbor2.loads(response.body)["Datapoints"][0]["Timestamp"] == datetime(1970, 1, 1, 0, 0, 1, 500000, tzinfo=UTC)


def test_what_does_not_exist_is_a_key_error() -> None:
    for service, protocol, operation in (("x", "json", "A"), ("ssm", "x", "GetParameter"), ("ssm", "json", "X")):
        with pytest.raises(KeyError):
            codec_for(service, protocol, operation)
