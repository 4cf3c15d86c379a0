"""One request for each rule; tests/conformance detects every operation of every service."""

from __future__ import annotations

import pytest

from fogbank.codec.detect import Target, detect, signing_name
from fogbank.codec.message import Request

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def asked(path: str, name: str, query: str = "", *, method: str = "GET", body: bytes = b"", **more: str) -> Request:
    """A request that is signed for a service (or for none), with a form if it has a body."""
    headers = {key.replace("_", "-"): value for key, value in more.items()}
    if name:
        headers["authorization"] = scope(name)
    if body:
        headers["content-type"] = FORM
    return Request("POST" if body else method, path, query, headers, body)


def scope(name: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential=AK/20260304/eu-west-1/{name}/aws4_request, SignedHeaders=host, Signature=x"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (
            asked("/service/GraniteServiceVersion20100801/operation/ListMetrics", "", smithy_protocol="rpc-v2-cbor"),
            Target("cloudwatch", "smithy-rpc-v2-cbor", "ListMetrics"),
        ),
        (asked("/", "", x_amz_target="AmazonSSM.GetParameter"), Target("ssm", "json", "GetParameter")),
        (asked("/", "", x_amz_target="AmazonSSM.Nothing"), Target("ssm", "json", None)),
        (asked("/", "", x_amz_target="Nobody.Nothing"), Target("", "json", None)),
        (asked("/", "ssm", x_amz_target="Nobody.Nothing"), Target("ssm", "json", None)),
        (
            asked("/", "", x_amz_target="Timestream_20181101.WriteRecords"),
            Target("timestream-write", "json", "WriteRecords"),
        ),
        (asked("/", "iam", body=b"Action=ListUsers&Version=2010-05-08"), Target("iam", "query", "ListUsers")),
        (asked("/", "iam", "Action=ListUsers&Version=2010-05-08"), Target("iam", "query", "ListUsers")),
        (asked("/", "iam", body=b"Action=Nothing"), Target("iam", "query", None)),
        (asked("/", "ec2", body=b"Action=DescribeVpcs&Version=2016-11-15"), Target("ec2", "ec2", "DescribeVpcs")),
        (
            asked("/", "elasticloadbalancing", body=b"Action=DescribeLoadBalancers&Version=2012-06-01"),
            Target("elb", "query", "DescribeLoadBalancers"),
        ),
        (
            asked("/", "elasticloadbalancing", body=b"Action=DescribeLoadBalancers&Version=2015-12-01"),
            Target("elbv2", "query", "DescribeLoadBalancers"),
        ),
        (asked("/", "ses", body=b"Action=SendEmail&Version=2010-12-01"), Target("ses", "query", "SendEmail")),
        (asked("/v2/email/outbound-emails", "ses", method="POST"), Target("sesv2", "rest-json", "SendEmail")),
        (asked("/restapis", "apigateway"), Target("apigateway", "rest-json", "GetRestApis")),
        (asked("/v2/apis", "apigateway"), Target("apigatewayv2", "rest-json", "GetApis")),
        (
            asked("/v20180820/configuration/publicAccessBlock", "s3", x_amz_account_id="1"),
            Target("s3control", "rest-xml", "GetPublicAccessBlock"),
        ),
        (asked("/v20180820/key", "s3"), Target("s3", "rest-xml", "GetObject")),
        (
            asked("/b/k", "", "X-Amz-Credential=AK%2F20260304%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=x"),
            Target("s3", "rest-xml", "GetObject"),
        ),
        (asked("/b/k", "", authorization="AWS AK:signature="), Target("s3", "rest-xml", "GetObject")),
        (
            asked("/", "", body=b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15"),
            Target("sts", "query", "AssumeRoleWithWebIdentity"),
        ),
        (
            asked("/", "", "Action=ConfirmSubscription&Version=2010-03-31&Token=x"),
            Target("sns", "query", "ConfirmSubscription"),
        ),
        (asked("/000000000000/q", "", "Action=SendMessage&MessageBody=x"), Target("sqs", "query", "SendMessage")),
        (
            asked("/2015-03-31/functions/f/invocations", "", method="POST", host="lambda.eu-west-1.amazonaws.com"),
            Target("lambda", "rest-json", "Invoke"),
        ),
        (
            asked("/things/t/shadow", "iotdata", host="data-ats.iot.us-east-1.amazonaws.com"),
            Target("iot-data", "rest-json", "GetThingShadow"),
        ),
        (
            asked("/", "", body=b"Action=DescribeDBInstances", host="rds.eu-west-1.localhost:4566"),
            Target("rds", "query", "DescribeDBInstances"),
        ),
        (asked("/", "", host="localhost:4566"), Target("s3", "rest-xml", "ListBuckets")),
        (asked("/bucket/a/b", "", host="localhost:4566"), Target("s3", "rest-xml", "GetObject")),
    ],
)
def test_each_sign_is_read(request_: Request, expected: Target) -> None:
    assert detect(request_) == expected


def test_the_host_decides_between_services_of_one_signing_name() -> None:
    headers = {"authorization": scope("chime"), "host": "voice-chime.us-east-1.amazonaws.com"}
    assert detect(Request("GET", "/phone-numbers", "", headers)).service == "chime-sdk-voice"
    headers = {"authorization": scope("chime"), "host": "localhost:4566"}
    assert detect(Request("GET", "/phone-numbers", "", headers)).service == "chime"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=", "AWS4-HMAC-SHA256 Credential=a/b/c", "x" * 100_000],
)
def test_a_broken_signature_names_nobody(authorization: str) -> None:
    assert signing_name(Request("GET", "/", "", {"authorization": authorization})) is None
