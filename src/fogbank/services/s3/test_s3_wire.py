"""boto3 against a socket: what SDKs send and read, with their checksums, streams, paginators, waiters, signed links."""

from __future__ import annotations

import base64
import hashlib
import io
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, WaiterError

from fogbank.testing import Served
from fogbank.testing.plugin import MakeClient
from fogbank.testing.process import CloudProcess

BIG = bytes(range(256)) * 40_000
"""Ten megabytes."""
MEBIBYTE = 1024 * 1024


@pytest.fixture
def s3(boto: MakeClient) -> Any:
    return boto("s3")


@pytest.fixture
def bucket(s3: Any, account: str) -> str:
    name = f"wire-{account}"
    s3.create_bucket(Bucket=name)
    return name


def refused(call: Any, code: str, status: int) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call()
    found: dict[str, Any] = dict(caught.value.response)
    assert found["Error"]["Code"] == code and found["ResponseMetadata"]["HTTPStatusCode"] == status, found
    return found


def test_an_object_there_and_back(s3: Any, bucket: str) -> None:
    put = s3.put_object(
        Bucket=bucket, Key="a b/ü+%25.txt", Body=b"tide", Metadata={"Mood": "x"}, ContentType="text/plain"
    )
    assert put["ChecksumCRC32"] == base64.b64encode(zlib.crc32(b"tide").to_bytes(4, "big")).decode()
    found = s3.get_object(Bucket=bucket, Key="a b/ü+%25.txt")
    assert found["Body"].read() == b"tide" and found["ContentType"] == "text/plain"
    assert found["Metadata"] == {"mood": "x"} and found["ContentLength"] == 4
    assert found["ETag"] == f'"{hashlib.md5(b"tide").hexdigest()}"' and found["ServerSideEncryption"] == "AES256"
    assert [row["Key"] for row in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["a b/ü+%25.txt"]


@pytest.mark.parametrize("size", [0, 16_384, 65_537, 1_000_000])
def test_bodies_of_all_sizes(s3: Any, bucket: str, size: int) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=io.BytesIO(BIG[:size]))
    found = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert found["Body"].read() == BIG[:size] and found["ChecksumType"] == "FULL_OBJECT"
    if size > 100:
        part = s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-19")
        assert part["ResponseMetadata"]["HTTPStatusCode"] == 206 and part["Body"].read() == BIG[10:20]
        assert part["ContentRange"] == f"bytes 10-19/{size}"


def test_a_large_file_goes_in_parts(s3: Any, bucket: str) -> None:
    s3.upload_fileobj(io.BytesIO(BIG), bucket, "big")
    head = s3.head_object(Bucket=bucket, Key="big", ChecksumMode="ENABLED")
    assert head["ContentLength"] == len(BIG) and head["ETag"].endswith('-2"')
    assert head["ChecksumCRC32"] and head["ChecksumType"] in ("COMPOSITE", "FULL_OBJECT")
    into = io.BytesIO()
    s3.download_fileobj(bucket, "big", into)
    assert into.getvalue() == BIG
    s3.copy({"Bucket": bucket, "Key": "big"}, bucket, "copy")
    assert s3.get_object(Bucket=bucket, Key="copy")["Body"].read() == BIG


def test_parts_with_and_without_a_named_algorithm(s3: Any, bucket: str) -> None:
    for more in ({}, {"ChecksumAlgorithm": "SHA256"}, {"ChecksumAlgorithm": "CRC64NVME"}):
        upload = s3.create_multipart_upload(Bucket=bucket, Key="k", **more)["UploadId"]
        parts = []
        for number, body in ((1, BIG[: 5 * MEBIBYTE]), (2, b"end")):
            where = {"Bucket": bucket, "Key": "k", "UploadId": upload, "PartNumber": number}
            answer = s3.upload_part(**where, Body=body, **more)
            sums = {name: value for name, value in answer.items() if name.startswith("Checksum")}
            parts.append({"PartNumber": number, "ETag": answer["ETag"], **(sums if more else {})})
        where = {"Bucket": bucket, "Key": "k", "UploadId": upload}
        done = s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        assert done["Location"].endswith(f"/{bucket}/k")
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == BIG[: 5 * MEBIBYTE] + b"end"


def test_a_body_that_is_not_what_was_promised(s3: Any, bucket: str) -> None:
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    for body in (b"tide", BIG[:500_000]):
        refused(
            lambda body=body: s3.put_object(Bucket=bucket, Key="k", Body=body, ChecksumSHA256=wrong), "BadDigest", 400
        )
        md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
        refused(
            lambda body=body, md5=md5: s3.put_object(Bucket=bucket, Key="k", Body=body, ContentMD5=md5),
            "BadDigest",
            400,
        )
    refused(lambda: s3.head_object(Bucket=bucket, Key="k"), "404", 404)


def test_errors_as_clients_see_them(s3: Any, bucket: str) -> None:
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key="nothing")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.list_objects_v2(Bucket="nothing-of-this-name")
    found = refused(lambda: s3.get_object(Bucket=bucket, Key="nothing"), "NoSuchKey", 404)
    assert found["Error"]["Key"] == "nothing"
    refused(lambda: s3.head_bucket(Bucket="nothing-of-this-name"), "404", 404)
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")["ETag"]
    found = refused(lambda: s3.get_object(Bucket=bucket, Key="k", IfNoneMatch=etag), "304", 304)
    assert found["ResponseMetadata"]["HTTPHeaders"]["etag"] == etag
    refused(lambda: s3.get_object(Bucket=bucket, Key="k", IfMatch='"no"'), "PreconditionFailed", 412)
    found = refused(lambda: s3.get_object(Bucket=bucket, Key="k", Range="bytes=10-"), "InvalidRange", 416)
    assert found["ResponseMetadata"]["HTTPHeaders"]["content-range"] == "bytes */10"
    assert found["Error"]["ActualObjectSize"] == "10"
    refused(lambda: s3.restore_object(Bucket=bucket, Key="k"), "NotImplemented", 501)


def test_versions_and_delete_markers(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    found = refused(lambda: s3.get_object(Bucket=bucket, Key="k"), "NoSuchKey", 404)
    assert found["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
    where = {"Bucket": bucket, "Key": "k", "VersionId": marker["VersionId"]}
    found = refused(lambda: s3.get_object(**where), "MethodNotAllowed", 405)
    assert found["ResponseMetadata"]["HTTPHeaders"]["allow"] == "DELETE"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"1"
    rows = s3.list_object_versions(Bucket=bucket)
    assert [row["VersionId"] for row in rows["Versions"]] == [first] and rows["DeleteMarkers"][0]["IsLatest"] is True


def test_paginators_and_waiters(s3: Any, bucket: str) -> None:
    s3.get_waiter("bucket_exists").wait(Bucket=bucket)
    for number in range(7):
        s3.put_object(Bucket=bucket, Key=f"dir{number % 2}/k {number}")
    s3.get_waiter("object_exists").wait(Bucket=bucket, Key="dir0/k 0")
    with pytest.raises(WaiterError):
        s3.get_waiter("object_exists").wait(Bucket=bucket, Key="no", WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert len([row for page in pages for row in page["Contents"]]) == 7
    pages = s3.get_paginator("list_objects").paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 1})
    assert [row["Prefix"] for page in pages for row in page["CommonPrefixes"]] == ["dir0/", "dir1/"]
    s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "dir0/k 0"}, {"Key": "none & <such>"}]})
    s3.get_waiter("object_not_exists").wait(Bucket=bucket, Key="dir0/k 0")


def test_signed_links(s3: Any, bucket: str) -> None:
    where = {"Bucket": bucket, "Key": "k"}
    put = urllib.request.Request(s3.generate_presigned_url("put_object", where), data=b"by link", method="PUT")
    with urllib.request.urlopen(put) as response:
        assert response.status == 200
    link = s3.generate_presigned_url("get_object", {**where, "ResponseContentType": "text/x"})
    with urllib.request.urlopen(link) as response:
        assert response.read() == b"by link" and response.headers["content-type"] == "text/x"


def test_nobody_reads_what_is_public_and_no_more(s3: Any, bucket: str, served: Served) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    link = f"{served.url}/{bucket}/k"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(link)
    assert caught.value.code == 403 and b"<Code>AccessDenied</Code>" in caught.value.read()
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_ownership_controls(
        Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerPreferred"}]}
    )
    s3.put_object_acl(Bucket=bucket, Key="k", ACL="public-read")
    with urllib.request.urlopen(link) as response:
        assert response.read() == b"x"
    grants = s3.get_object_acl(Bucket=bucket, Key="k")["Grants"]
    assert {grant["Permission"] for grant in grants} == {"FULL_CONTROL", "READ"}
    s3.put_object_acl(
        Bucket=bucket,
        Key="k",
        AccessControlPolicy={"Owner": s3.get_object_acl(Bucket=bucket, Key="k")["Owner"], "Grants": grants},
    )


def test_settings_over_the_wire(s3: Any, bucket: str) -> None:
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "a", "Value": "1"}]
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == "us-east-1"
    rule = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True
    s3.put_object(Bucket=bucket, Key="k", Body=b"tide", ChecksumAlgorithm="SHA256")
    found = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectSize", "ETag"])
    assert found["ObjectSize"] == 4 and found["Checksum"]["ChecksumSHA256"]
    name = f"locked-{bucket}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    s3.put_object_lock_configuration(
        Bucket=name, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    version = s3.put_object(Bucket=name, Key="k", Body=b"x")["VersionId"]
    refused(lambda: s3.delete_object(Bucket=name, Key="k", VersionId=version), "AccessDenied", 403)
    s3.delete_object(Bucket=name, Key="k", VersionId=version, BypassGovernanceRetention=True)


def test_a_clients_key_over_the_wire(s3: Any, bucket: str) -> None:
    how = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": b"k" * 32}
    s3.put_object(Bucket=bucket, Key="k", Body=BIG[:100_000], **how)
    assert s3.get_object(Bucket=bucket, Key="k", **how)["Body"].read() == BIG[:100_000]
    refused(lambda: s3.get_object(Bucket=bucket, Key="k"), "InvalidRequest", 400)
    s3.put_object(Bucket=bucket, Key="m", Body=BIG[:100_000], ServerSideEncryption="aws:kms")
    found = s3.get_object(Bucket=bucket, Key="m")
    assert found["Body"].read() == BIG[:100_000] and found["ServerSideEncryption"] == "aws:kms"


def test_another_region_reaches_the_bucket(boto: MakeClient, s3: Any, account: str) -> None:
    west = boto("s3", region="us-west-2")
    name = f"west-{account}"
    west.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    s3.put_object(Bucket=name, Key="k", Body=b"x")
    assert west.get_object(Bucket=name, Key="k")["Body"].read() == b"x"
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "us-west-2"
    rows = s3.list_buckets(Prefix="west-", MaxBuckets=10)["Buckets"]
    assert [(row["Name"], row["BucketRegion"]) for row in rows] == [(name, "us-west-2")]


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    process = CloudProcess(tmp_path / "state")

    def client() -> Any:
        keys = {"aws_access_key_id": "000000000000", "aws_secret_access_key": "x"}
        return boto3.client("s3", region_name="us-east-1", endpoint_url=process.card.url, **keys)

    process.start()
    try:
        s3 = client()
        s3.create_bucket(Bucket="harbour")
        s3.put_object(Bucket="harbour", Key="small", Body=b"tide")
        s3.put_object(Bucket="harbour", Key="gone", Body=BIG)
        s3.put_object(Bucket="harbour", Key="large", Body=BIG)
        where = {"Bucket": "harbour", "Key": "parts"}
        upload = s3.create_multipart_upload(**where)["UploadId"]
        part = s3.upload_part(**where, UploadId=upload, PartNumber=1, Body=BIG)
        s3.delete_object(Bucket="harbour", Key="gone")
        process.kill()
        process.start()
        s3 = client()
        assert s3.get_object(Bucket="harbour", Key="small")["Body"].read() == b"tide"
        assert s3.get_object(Bucket="harbour", Key="large")["Body"].read() == BIG
        refused(lambda: s3.head_object(Bucket="harbour", Key="gone"), "404", 404)
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload=parts)
        assert s3.get_object(**where)["Body"].read() == BIG
        files = [path for path in (tmp_path / "state" / "blobs").glob("??/*") if path.is_file()]
        assert len(files) == 2, "what was deleted has no file"
    finally:
        process.stop()
