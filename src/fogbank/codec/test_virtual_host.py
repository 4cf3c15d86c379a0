"""Virtual-host style: which hosts name a bucket, and what of the path is left."""

from __future__ import annotations

import pytest

from fogbank.codec.message import Request
from fogbank.codec.virtual_host import address

S3 = {"authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, SignedHeaders=h, Signature=0"}
SQS = {"authorization": S3["authorization"].replace("/s3/", "/sqs/")}


def addressed(host: str, path: str = "/k", headers: dict[str, str] | None = None) -> tuple[str, str]:
    request = Request("GET", path, "", {"host": host, **(S3 if headers is None else headers)})
    address(request)
    return request.path, request.raw_path


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("data.s3.localhost:4566", "/data/k"),
        ("data.s3.amazonaws.com", "/data/k"),
        ("data.s3.eu-west-1.amazonaws.com", "/data/k"),
        ("data.s3-eu-west-1.amazonaws.com", "/data/k"),
        ("data.s3.dualstack.eu-west-1.amazonaws.com", "/data/k"),
        ("data.with.dots.s3.localhost.localstack.cloud:4566", "/data.with.dots/k"),
        ("data.localhost:4566", "/data/k"),
        ("data.localhost.localstack.cloud", "/data/k"),
        ("localhost:4566", "/k"),
        ("127.0.0.1:4566", "/k"),
        ("s3.localhost:4566", "/k"),
        ("s3.us-east-1.localhost:4566", "/k"),
        ("s3.eu-west-1.amazonaws.com", "/k"),
        ("data.s3-website-eu-west-1.amazonaws.com", "/k"),
        ("data.s3-website.localhost", "/k"),
        ("123456789012.s3-control.us-east-1.localhost", "/k"),
        ("sqs.us-east-1.localhost:4566", "/k"),
        ("data.example.com", "/k"),
        ("", "/k"),
    ],
)
def test_a_host_may_name_the_bucket(host: str, path: str) -> None:
    assert addressed(host) == (path, "/k")


def test_only_s3_has_buckets_and_pages_of_fogbank_are_none_of_them() -> None:
    assert addressed("data.localhost", headers=SQS) == ("/k", "/k")
    assert addressed("data.localhost", headers={}) == ("/data/k", "/k")
    assert addressed("data.localhost", "/_fogbank/health", headers={}) == ("/_fogbank/health", "/_fogbank/health")


def test_the_root_of_a_host_is_the_bucket() -> None:
    assert addressed("data.s3.localhost", "/") == ("/data/", "/")
