"""Server access logs over HTTP, delivered by the clock; and when an answer tells that an object will expire."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.services.s3 import acls
from fogbank.testing import START, Served, TestCloud

ACCOUNT, OTHER = "000000000000", "111111111111"
LINE = re.compile(
    r"(?P<owner>\S+) (?P<bucket>\S+) \[(?P<time>[^\]]+)\] (?P<ip>\S+) (?P<requester>\S+) (?P<id>\S+) "
    r'(?P<operation>\S+) (?P<key>\S+) "(?P<uri>[^"]*)" (?P<status>\d+) (?P<error>\S+) '
    r"(?P<sent>\S+) (?P<size>\S+) (?P<total>\S+) "
    r'(?P<turn>\S+) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)" (?P<version>\S+) (?P<host_id>\S+) (?P<signature>\S+) '
    r"(?P<cipher>\S+) (?P<auth>\S+) (?P<host>\S+) (?P<tls>\S+) (?P<point>\S+) (?P<acl>\S+)"
)
"""AWS's own expression for its logs, in names (S3 User Guide, "Querying access logs")."""


@pytest.fixture(scope="module")
def logged() -> Iterator[Served]:
    """A cloud of this module's own: its time is moved."""
    found = Served()
    yield found
    found.close()


@pytest.fixture
def s3(logged: Served, account: str) -> Any:
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=logged.url,
        aws_access_key_id=account,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )


def advance(logged: Served, seconds: float) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", logged.port, timeout=20)
    connection.request("POST", "/_fogbank/clock", json.dumps({"advance_seconds": seconds}))
    assert connection.getresponse().status == 200
    connection.close()


def may_log(bucket: str) -> str:
    """The policy that AWS's guide gives the logging service."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/logs/*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def begin(s3: Any, account: str, **more: Any) -> tuple[str, str]:
    """A bucket that logs to another."""
    source, target = f"source-{account}", f"target-{account}"
    for name in (source, target):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_policy(Bucket=target, Policy=may_log(target))
    enabled = {"TargetBucket": target, "TargetPrefix": "logs/", **more}
    s3.put_bucket_logging(Bucket=source, BucketLoggingStatus={"LoggingEnabled": enabled})
    return source, target


def lines(s3: Any, target: str) -> list[dict[str, str]]:
    found = []
    for one in s3.list_objects_v2(Bucket=target).get("Contents", []):
        for text in s3.get_object(Bucket=target, Key=one["Key"])["Body"].read().decode().splitlines():
            matched = LINE.fullmatch(text)
            assert matched is not None, text
            found.append(matched.groupdict())
    return found


def test_each_request_is_a_line_in_a_file_five_minutes_later(s3: Any, logged: Served, account: str) -> None:
    source, target = begin(s3, account)
    s3.put_object(Bucket=source, Key="a b/ü", Body=b"x" * 10)
    s3.get_object(Bucket=source, Key="a b/ü", Range="bytes=0-3")["Body"].read()
    s3.head_object(Bucket=source, Key="a b/ü")
    with pytest.raises(ClientError):
        s3.get_object(Bucket=source, Key="none")
    s3.copy_object(Bucket=source, Key="copy", CopySource={"Bucket": source, "Key": "a b/ü"})
    s3.get_bucket_versioning(Bucket=source)
    s3.list_objects_v2(Bucket=source)
    advance(logged, 290)
    assert lines(s3, target) == []
    advance(logged, 20)
    found = lines(s3, target)
    told = [(one["operation"], one["status"], one["error"]) for one in found]
    assert told == [
        ("REST.PUT.LOGGING_STATUS", "200", "-"),
        ("REST.PUT.OBJECT", "200", "-"),
        ("REST.GET.OBJECT", "206", "-"),
        ("REST.HEAD.OBJECT", "200", "-"),
        ("REST.GET.OBJECT", "404", "NoSuchKey"),
        ("REST.COPY.OBJECT", "200", "-"),
        ("REST.COPY.OBJECT_GET", "200", "-"),
        ("REST.GET.VERSIONING", "200", "-"),
        ("REST.GET.BUCKET", "200", "-"),
    ]
    put, get = found[1], found[2]
    assert put["key"] == get["key"] == "a%20b/%C3%BC"
    assert (put["size"], get["sent"], get["size"]) == ("10", "4", "10")
    assert get["uri"] == f"GET /{source}/a%20b/%C3%BC HTTP/1.1"
    assert get["owner"] == get["requester"] == acls.canonical_id(account)
    assert (get["signature"], get["auth"]) == ("SigV4", "AuthHeader")
    assert "Boto3" in get["agent"] and get["host"] == f"127.0.0.1:{logged.port}"
    (name,) = [one["Key"] for one in s3.list_objects_v2(Bucket=target)["Contents"]]
    assert re.fullmatch(r"logs/\d{4}(-\d\d){5}-[0-9A-F]{16}", name)
    advance(logged, 3600)
    assert len(s3.list_objects_v2(Bucket=target)["Contents"]) == 1, "no requests, no file"


def test_refused_and_unsigned_requests_are_lines_too(s3: Any, logged: Served, account: str) -> None:
    source, target = begin(s3, account)
    connection = http.client.HTTPConnection("127.0.0.1", logged.port, timeout=20)
    connection.request("GET", f"/{source}/secret?x-id=GetObject", headers={"Referer": "http://a", "User-Agent": "me"})
    assert connection.getresponse().read() and True
    bad = {"Authorization": "AWS4-HMAC-SHA256 Credential=x", "x-amz-date": "20260101T000000Z"}
    connection.request("GET", f"/{source}/broken", headers=bad)
    refused = connection.getresponse()
    assert refused.read() and refused.status >= 400
    connection.close()
    advance(logged, 310)
    _, unsigned, broken = lines(s3, target)
    assert (unsigned["status"], unsigned["error"], unsigned["requester"]) == ("403", "AccessDenied", "-")
    assert (unsigned["referer"], unsigned["agent"], unsigned["auth"]) == ("http://a", "me", "-")
    assert broken["key"] == "broken" and broken["status"] == str(refused.status) and broken["error"] != "-"


def test_partitioned_names(s3: Any, logged: Served, account: str) -> None:
    form = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    source, target = begin(s3, account, TargetObjectKeyFormat=form)
    enabled = s3.get_bucket_logging(Bucket=source)["LoggingEnabled"]
    assert enabled["TargetObjectKeyFormat"] == form
    advance(logged, 310)
    (name,) = [one["Key"] for one in s3.list_objects_v2(Bucket=target)["Contents"]]
    wanted = rf"logs/{account}/us-east-1/{source}/(\d{{4}})/(\d\d)/(\d\d)/\1-\2-\3-00-00-00-[0-9A-F]{{16}}"
    assert re.fullmatch(wanted, name)


def test_lines_are_lost_where_the_target_stops_to_take_them(s3: Any, logged: Served, account: str) -> None:
    source, target = begin(s3, account)
    s3.delete_bucket_policy(Bucket=target)
    advance(logged, 310)
    assert lines(s3, target) == []
    s3.put_bucket_policy(Bucket=target, Policy=may_log(target))
    s3.list_objects_v2(Bucket=source)
    advance(logged, 310)
    assert [one["operation"] for one in lines(s3, target)] == ["REST.GET.BUCKET"]
    s3.put_bucket_logging(Bucket=source, BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=source)
    s3.list_objects_v2(Bucket=source)
    advance(logged, 310)
    assert len(lines(s3, target)) == 1


def test_grants_to_the_log_delivery_group_are_enough(s3: Any, logged: Served, account: str) -> None:
    source, target = f"source-{account}", f"target-{account}"
    s3.create_bucket(Bucket=source)
    s3.create_bucket(Bucket=target, ObjectOwnership="ObjectWriter", ACL="log-delivery-write")
    grant = {"Grantee": {"Type": "Group", "URI": acls.SIGNED_USERS}, "Permission": "READ"}
    s3.delete_public_access_block(Bucket=target)
    enabled = {"TargetBucket": target, "TargetPrefix": "", "TargetGrants": [grant]}
    s3.put_bucket_logging(Bucket=source, BucketLoggingStatus={"LoggingEnabled": enabled})
    advance(logged, 310)
    (name,) = [one["Key"] for one in s3.list_objects_v2(Bucket=target)["Contents"]]
    assert lines(s3, target)[0]["operation"] == "REST.PUT.LOGGING_STATUS"
    assert s3.get_object_acl(Bucket=target, Key=name)["Grants"] == [grant]


@pytest.fixture
def put(cloud: TestCloud) -> Callable[..., None]:
    client = cloud.client("s3")
    client("CreateBucket", Bucket="source")
    client("CreateBucket", Bucket="target")
    client("PutBucketPolicy", Bucket="target", Policy=may_log("target"))

    def run(**enabled: Any) -> None:
        asked = {"TargetBucket": "target", "TargetPrefix": "logs/", **enabled}
        client("PutBucketLogging", Bucket="source", BucketLoggingStatus={"LoggingEnabled": asked})

    return run


def test_a_target_that_is_refused(put: Callable[..., None], cloud: TestCloud) -> None:
    def refused(code: str, status: int, words: str, **enabled: Any) -> None:
        with pytest.raises(AwsError, match=words) as found:
            put(**enabled)
        assert (found.value.code, found.value.status) == (code, status)
        assert cloud.call("s3", "GetBucketLogging", {"Bucket": "source"}) == {}

    invalid = "InvalidTargetBucketForLogging"
    place = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    cloud.call("s3", "CreateBucket", {"Bucket": "distant", **place}, region="eu-west-1")
    cloud.call("s3", "CreateBucket", {"Bucket": "theirs"}, caller=callers.root(OTHER))
    refused(invalid, 400, "does not exist", TargetBucket="none")
    refused(invalid, 400, "must be the same", TargetBucket="theirs")
    refused("CrossLocationLoggingProhibitted", 403, "Cross S3 location", TargetBucket="distant")
    refused(invalid, 400, "log-delivery group", TargetPrefix="elsewhere/")
    refused(invalid, 400, "log-delivery group", TargetBucket="source")
    grant = {"Grantee": {"Type": "Group", "URI": acls.SIGNED_USERS}, "Permission": "READ"}
    refused("AccessControlListNotSupported", 400, "Target grants", TargetGrants=[grant])
    both = {"SimplePrefix": {}, "PartitionedPrefix": {}}
    refused("MalformedXML", 400, "XML", TargetObjectKeyFormat=both)
    cloud.call(
        "s3", "PutBucketRequestPayment", {"Bucket": "target", "RequestPaymentConfiguration": {"Payer": "Requester"}}
    )
    refused(invalid, 400, "requesters pay")


def test_a_policy_for_one_source_is_not_for_another(put: Callable[..., None], cloud: TestCloud) -> None:
    policy = json.loads(may_log("target"))
    policy["Statement"][0]["Condition"] = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::another"}}
    cloud.call("s3", "PutBucketPolicy", {"Bucket": "target", "Policy": json.dumps(policy)})
    with pytest.raises(AwsError, match="InvalidTargetBucketForLogging"):
        put()
    policy["Statement"][0]["Condition"] = {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::source"}}
    cloud.call("s3", "PutBucketPolicy", {"Bucket": "target", "Policy": json.dumps(policy)})
    put()


def test_answers_tell_when_an_object_expires(cloud: TestCloud) -> None:
    s3 = cloud.client("s3")
    at = {"Bucket": "shelf", "Key": "tmp/a"}
    s3("CreateBucket", Bucket="shelf")
    assert "Expiration" not in s3("PutObject", **at, Body=b"x")
    rules = [
        {"ID": "late", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 9}},
        {"ID": "first rule", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}},
        {"ID": "off", "Status": "Disabled", "Filter": {}, "Expiration": {"Date": START // 86_400 * 86_400 + 86_400}},
    ]
    s3("PutBucketLifecycleConfiguration", Bucket="shelf", LifecycleConfiguration={"Rules": rules})
    wanted = 'expiry-date="Tue, 17 Jun 2025 00:00:00 GMT", rule-id="first%20rule"'
    upload = s3("CreateMultipartUpload", Bucket="shelf", Key="tmp/b")["UploadId"]
    part = s3("UploadPart", Bucket="shelf", Key="tmp/b", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part}]}
    answers = (
        s3("PutObject", **at, Body=b"x"),
        s3("GetObject", **at),
        s3("HeadObject", **at),
        s3("CopyObject", Bucket="shelf", Key="tmp/c", CopySource="shelf/tmp/a"),
        s3("CompleteMultipartUpload", Bucket="shelf", Key="tmp/b", UploadId=upload, MultipartUpload=parts),
    )
    assert [one.get("Expiration") for one in answers] == [wanted] * 5
    assert "Expiration" not in s3("PutObject", Bucket="shelf", Key="kept", Body=b"x")
