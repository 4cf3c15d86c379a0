"""Objects: written, read whole and in ranges, copied, tagged, deleted, under conditions."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.services.s3.test_s3_buckets import Client, refused
from fogbank.testing import START, TestCloud

BUCKET = "harbour"
BIG = bytes(range(256)) * 1000
"""Larger than what lies in a row."""


@pytest.fixture
def s3(cloud: TestCloud) -> Client:
    client = cloud.client("s3")
    client("CreateBucket", Bucket=BUCKET)
    return client


@pytest.fixture
def at(s3: Client) -> Client:
    """`at("GetObject", Key="k")`, in the test's bucket."""
    return lambda operation, **params: s3(operation, Bucket=BUCKET, **params)


def read(cloud: TestCloud, answer: dict[str, Any]) -> bytes:
    """The bytes of an answer, which may be a stream."""
    body = answer["Body"]
    if isinstance(body, bytes):
        return body

    async def whole() -> bytes:
        return b"".join([piece async for piece in body])

    found: bytes = cloud.run(whole())
    return found


def test_an_object_keeps_what_it_was_given(cloud: TestCloud, at: Client) -> None:
    content = {
        "ContentType": "text/plain",
        "CacheControl": "max-age=1",
        "ContentDisposition": "inline",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "Expires": 2_000_000_000.0,
    }
    at("PutObject", Key="a/ü b", Body=b"tide", Metadata={"Mood": "köstlich"}, WebsiteRedirectLocation="/x", **content)
    found = at("GetObject", Key="a/ü b")
    assert read(cloud, found) == b"tide"
    assert {name: found[name] for name in content} == content
    assert found["Metadata"] == {"mood": "köstlich"} and found["WebsiteRedirectLocation"] == "/x"
    assert found["ETag"] == f'"{hashlib.md5(b"tide").hexdigest()}"' and found["LastModified"] == START
    assert found["ServerSideEncryption"] == "AES256" and found["AcceptRanges"] == "bytes"
    head = at("HeadObject", Key="a/ü b")
    assert {name: value for name, value in found.items() if name != "Body"} == head
    assert at("PutObject", Key="plain")["ETag"] == '"d41d8cd98f00b204e9800998ecf8427e"'
    assert at("GetObject", Key="plain")["ContentType"] == "binary/octet-stream"


@pytest.mark.parametrize("size", [0, 1, 16_384, 16_385, len(BIG)])
def test_bytes_of_any_size_come_back(cloud: TestCloud, at: Client, size: int) -> None:
    at("PutObject", Key="k", Body=BIG[:size])
    assert read(cloud, at("GetObject", Key="k")) == BIG[:size]
    at("PutObject", Key="k", Body=b"other")
    assert read(cloud, at("GetObject", Key="k")) == b"other"
    at("DeleteObject", Key="k")
    assert cloud.cloud.store.blobs.names() == [], "no file is left of what was overwritten or deleted"


def test_a_stream_is_taken_in_with_its_sums(cloud: TestCloud, at: Client) -> None:
    async def chunks() -> Any:
        for start in range(0, len(BIG), 10_000):
            yield BIG[start : start + 10_000]

    answer = at("PutObject", Key="k", Body=chunks(), ChecksumAlgorithm="CRC32")
    assert answer["ChecksumCRC32"] == base64.b64encode(zlib.crc32(BIG).to_bytes(4, "big")).decode()
    assert answer["ETag"] == f'"{hashlib.md5(BIG).hexdigest()}"'
    assert read(cloud, at("GetObject", Key="k")) == BIG

    async def broken() -> Any:
        yield BIG
        raise AwsError("IncompleteBody", "gone")

    refused(lambda: at("PutObject", Key="k2", Body=broken()), "IncompleteBody")
    refused(lambda: at("HeadObject", Key="k2"), "NoSuchKey")
    assert len(cloud.cloud.store.blobs.names()) == 1


def test_what_is_not_there(s3: Client, at: Client) -> None:
    error = refused(lambda: at("GetObject", Key="nothing"), "NoSuchKey", 404, "The specified key does not exist.")
    assert error.members == {"Key": "nothing"}
    refused(lambda: s3("GetObject", Bucket="nowhere-at-all", Key="k"), "NoSuchBucket", 404)
    refused(lambda: s3("PutObject", Bucket="nowhere-at-all", Key="k"), "NoSuchBucket", 404)
    assert at("DeleteObject", Key="nothing") == {}


def test_limits_of_keys_metadata_and_classes(at: Client) -> None:
    at("PutObject", Key="k" * 1024)
    at("PutObject", Key="ü" * 512)
    error = refused(lambda: at("PutObject", Key="k" * 1025), "KeyTooLongError", 400)
    assert error.members == {"Size": 1025, "MaxSizeAllowed": 1024}
    refused(lambda: at("PutObject", Key="ü" * 512 + "x"), "KeyTooLongError")
    at("PutObject", Key="k", Metadata={"a": "x" * 2047})
    error = refused(lambda: at("PutObject", Key="k", Metadata={"a": "x" * 2048}), "MetadataTooLarge", 400)
    assert error.members["MaxSizeAllowed"] == 2048
    refused(lambda: at("PutObject", Key="k", StorageClass="COLD"), "InvalidStorageClass", 400)
    refused(lambda: at("PutObject", Key="k", WriteOffsetBytes=5), "NotImplemented", 501)
    refused(lambda: at("PutObject", Key="k", WebsiteRedirectLocation="x"), "InvalidRedirectLocation")
    too_large = 5 * 1024**3 + 1
    refused(lambda: at("PutObject", Key="k", ContentLength=too_large), "EntityTooLarge", 400)


@pytest.mark.parametrize(
    ("header", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=5-9", 5, 10), ("bytes=250000-", 250_000, 256_000), ("bytes=-6", 255_994, 256_000),
     ("bytes=0-999999", 0, 256_000), ("bytes=-999999", 0, 256_000)],
)  # fmt: skip
def test_ranges(cloud: TestCloud, at: Client, header: str, start: int, end: int) -> None:
    at("PutObject", Key="k", Body=BIG)
    found = at("GetObject", Key="k", Range=header)
    assert read(cloud, found) == BIG[start:end]
    assert found["ContentLength"] == end - start and found["ContentRange"] == f"bytes {start}-{end - 1}/256000"
    assert at("HeadObject", Key="k", Range=header)["ContentRange"] == found["ContentRange"]


def test_ranges_that_are_none(cloud: TestCloud, at: Client) -> None:
    at("PutObject", Key="k", Body=b"0123456789")
    for header in ("bytes=0-1,3-4", "bytes=x", "lines=1-2", "bytes=5-3", "bytes=-"):
        found = at("GetObject", Key="k", Range=header)
        assert read(cloud, found) == b"0123456789" and "ContentRange" not in found
    for header in ("bytes=10-", "bytes=10-20", "bytes=-0"):
        error = refused(lambda header=header: at("GetObject", Key="k", Range=header), "InvalidRange", 416)  # type: ignore[misc]
        assert error.members == {"RangeRequested": header, "ActualObjectSize": 10}
        assert error.headers == {"Content-Range": "bytes */10"}
    at("PutObject", Key="empty")
    refused(lambda: at("GetObject", Key="empty", Range="bytes=0-"), "InvalidRange", 416)
    assert at("GetObject", Key="k", PartNumber=1)["ContentRange"] == "bytes 0-9/10"
    error = refused(lambda: at("GetObject", Key="k", PartNumber=2), "InvalidPartNumber", 416)
    assert error.members == {"PartNumberRequested": 2, "ActualPartCount": 1}
    refused(lambda: at("GetObject", Key="k", PartNumber=1, Range="bytes=0-1"), "InvalidRequest", 400)


def test_conditions_of_reads_in_their_order(cloud: TestCloud, at: Client) -> None:
    etag = at("PutObject", Key="k", Body=b"x")["ETag"]
    for operation in ("GetObject", "HeadObject"):
        at(operation, Key="k", IfMatch=etag, IfUnmodifiedSince=START - 10)
        at(operation, Key="k", IfMatch="*")
        at(operation, Key="k", IfNoneMatch='"other"', IfModifiedSince=START + 10)
        at(operation, Key="k", IfModifiedSince=START - 1)
        at(operation, Key="k", IfUnmodifiedSince=START)
        for bad in ({"IfMatch": '"other"'}, {"IfUnmodifiedSince": START - 1}):
            refused(lambda operation=operation, bad=bad: at(operation, Key="k", **bad), "PreconditionFailed", 412)  # type: ignore[misc]
        for same in ({"IfNoneMatch": etag}, {"IfNoneMatch": etag.strip('"')}, {"IfModifiedSince": START}):
            error = refused(lambda operation=operation, same=same: at(operation, Key="k", **same), "NotModified", 304)  # type: ignore[misc]
            assert error.headers["ETag"] == etag and error.headers["Last-Modified"].endswith("GMT")


def test_conditions_of_writes(at: Client) -> None:
    etag = at("PutObject", Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    error = refused(lambda: at("PutObject", Key="k", Body=b"2", IfNoneMatch="*"), "PreconditionFailed", 412)
    assert error.members == {"Condition": "If-None-Match"}
    refused(lambda: at("PutObject", Key="k", IfNoneMatch=etag), "NotImplemented", 501)
    refused(lambda: at("PutObject", Key="k", Body=b"2", IfMatch='"no"'), "PreconditionFailed", 412)
    refused(lambda: at("PutObject", Key="new", Body=b"2", IfMatch=etag), "NoSuchKey", 404)
    changed = at("PutObject", Key="k", Body=b"2", IfMatch=etag)["ETag"]
    refused(lambda: at("DeleteObject", Key="k", IfMatch=etag), "PreconditionFailed", 412)
    at("DeleteObject", Key="k", IfMatch=changed)
    at("PutObject", Key="k", Body=b"3", IfNoneMatch="*")


def test_a_refused_write_of_a_large_body_leaves_no_file(cloud: TestCloud, at: Client) -> None:
    at("PutObject", Key="k", Body=b"1")
    refused(lambda: at("PutObject", Key="k", Body=BIG, IfNoneMatch="*"), "PreconditionFailed")
    assert cloud.cloud.store.blobs.names() == []


def test_response_headers_are_for_those_who_are_known(cloud: TestCloud, at: Client) -> None:
    at("PutObject", Key="k", Body=b"x")
    found = at("GetObject", Key="k", ResponseContentType="text/html", ResponseExpires=1.0)
    assert found["ContentType"] == "text/html" and found["Expires"] == 1.0


def test_checksums_of_every_kind(at: Client) -> None:
    sums = {"SHA1": "sha1", "SHA256": "sha256", "SHA512": "sha512", "MD5": "md5"}
    for name, algorithm in sums.items():
        value = base64.b64encode(hashlib.new(algorithm, b"tide").digest()).decode()
        answer = at("PutObject", Key=name, Body=b"tide", **{f"Checksum{name}": value})
        assert answer[f"Checksum{name}"] == value and answer["ChecksumType"] == "FULL_OBJECT"
        found = at("GetObject", Key=name, ChecksumMode="ENABLED")
        assert found[f"Checksum{name}"] == value
        assert f"Checksum{name}" not in at("GetObject", Key=name)
        assert f"Checksum{name}" not in at("GetObject", Key=name, ChecksumMode="ENABLED", Range="bytes=0-1")
    wrong = base64.b64encode(bytes(32)).decode()
    refused(lambda: at("PutObject", Key="k", Body=b"x", ChecksumSHA256=wrong), "BadDigest", 400)
    both = {"ChecksumSHA256": wrong, "ChecksumCRC32": "AAAAAA=="}
    refused(lambda: at("PutObject", Key="k", Body=b"x", **both), "InvalidRequest")
    refused(lambda: at("PutObject", Key="k", ChecksumAlgorithm="ROT13"), "InvalidRequest")
    assert (
        at("PutObject", Key="k", Body=b"123456789")["ChecksumCRC64NVME"]
        == base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode()
    ), "CRC-64/NVME's check value"


def test_attributes(at: Client) -> None:
    at("PutObject", Key="k", Body=b"tide", StorageClass="STANDARD_IA")
    found = at("GetObjectAttributes", Key="k", ObjectAttributes=["ETag", "ObjectSize", "StorageClass", "Checksum"])
    assert found["ETag"] == hashlib.md5(b"tide").hexdigest(), "without quotation marks here"
    assert (found["ObjectSize"], found["StorageClass"]) == (4, "STANDARD_IA")
    assert found["Checksum"]["ChecksumType"] == "FULL_OBJECT" and found["Checksum"]["ChecksumCRC64NVME"]
    assert set(at("GetObjectAttributes", Key="k", ObjectAttributes=["ETag"])) == {"ETag", "LastModified"}
    refused(lambda: at("GetObjectAttributes", Key="k", ObjectAttributes=["Smell"]), "InvalidArgument")


def test_archived_objects_must_be_restored_first(at: Client) -> None:
    at("PutObject", Key="k", Body=b"x", StorageClass="GLACIER")
    error = refused(lambda: at("GetObject", Key="k"), "InvalidObjectState", 403)
    assert error.members == {"StorageClass": "GLACIER"}
    assert at("HeadObject", Key="k")["StorageClass"] == "GLACIER"
    refused(lambda: at("CopyObject", Key="c", CopySource=f"{BUCKET}/k"), "ObjectNotInActiveTierError", 403)


def test_tags_of_objects(at: Client) -> None:
    at("PutObject", Key="k", Body=b"x", Tagging="a=1&b=two%20words")
    assert at("GetObjectTagging", Key="k")["TagSet"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "two words"}]
    assert at("HeadObject", Key="k")["TagCount"] == 2
    ten = [{"Key": f"k{number}", "Value": "v" * 256} for number in range(11)]
    at("PutObjectTagging", Key="k", Tagging={"TagSet": ten[:10]})
    error = refused(lambda: at("PutObjectTagging", Key="k", Tagging={"TagSet": ten}), "BadRequest", 400)
    assert error.message == "Object tags cannot be greater than 10"
    for key, value in (("x" * 129, "v"), ("k", "v" * 257), ("k!", "v"), ("", "v"), ("aws:k", "v")):
        put = {"TagSet": [{"Key": key, "Value": value}]}
        refused(lambda put=put: at("PutObjectTagging", Key="k", Tagging=put), "InvalidTag", 400)  # type: ignore[misc]
    twice = {"TagSet": [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}]}
    refused(lambda: at("PutObjectTagging", Key="k", Tagging=twice), "InvalidTag")
    refused(lambda: at("PutObject", Key="k", Tagging="a=1&a=2"), "InvalidTag")
    at("DeleteObjectTagging", Key="k")
    assert at("GetObjectTagging", Key="k")["TagSet"] == []
    refused(lambda: at("GetObjectTagging", Key="nothing"), "NoSuchKey", 404)


@pytest.mark.parametrize("body", [b"small", BIG], ids=["row", "file"])
def test_copies_are_their_own(cloud: TestCloud, s3: Client, at: Client, body: bytes) -> None:
    at("PutObject", Key="k ü", Body=body, Metadata={"a": "1"}, Tagging="t=1", ContentType="text/plain")
    s3("CreateBucket", Bucket="other-side")
    copied = s3("CopyObject", Bucket="other-side", Key="c", CopySource=f"/{BUCKET}/k%20%C3%BC")
    assert copied["CopyObjectResult"]["ETag"] == at("HeadObject", Key="k ü")["ETag"]
    at("DeleteObject", Key="k ü")
    found = s3("GetObject", Bucket="other-side", Key="c")
    assert read(cloud, found) == body and found["Metadata"] == {"a": "1"} and found["ContentType"] == "text/plain"
    assert found["TagCount"] == 1


def test_directives_of_a_copy(at: Client) -> None:
    at("PutObject", Key="k", Body=b"x", Metadata={"a": "1"}, Tagging="t=1", CacheControl="no-store")
    source = f"{BUCKET}/k"
    at("CopyObject", Key="c", CopySource=source, Metadata={"b": "2"}, Tagging="ignored=1")
    assert at("HeadObject", Key="c")["Metadata"] == {"a": "1"}, "without REPLACE the source's metadata stay"
    assert at("GetObjectTagging", Key="c")["TagSet"] == [{"Key": "t", "Value": "1"}]
    replace = {"MetadataDirective": "REPLACE", "TaggingDirective": "REPLACE"}
    at("CopyObject", Key="c", CopySource=source, Metadata={"b": "2"}, Tagging="n=1", **replace)
    head = at("HeadObject", Key="c")
    assert head["Metadata"] == {"b": "2"} and "CacheControl" not in head
    assert at("GetObjectTagging", Key="c")["TagSet"] == [{"Key": "n", "Value": "1"}]
    error = refused(lambda: at("CopyObject", Key="k", CopySource=source), "InvalidRequest", 400)
    assert error.message.startswith("This copy request is illegal because it is trying to copy an object to itself")
    at("CopyObject", Key="k", CopySource=source, StorageClass="STANDARD_IA")
    at("CopyObject", Key="k", CopySource=source, MetadataDirective="REPLACE", Metadata={"c": "3"})
    assert at("GetObject", Key="k")["Metadata"] == {"c": "3"} and at("GetObject", Key="k")["Body"] == b"x"
    refused(lambda: at("CopyObject", Key="c", CopySource=source, MetadataDirective="MERGE"), "InvalidArgument")
    refused(lambda: at("CopyObject", Key="c", CopySource="justabucket"), "InvalidArgument")
    refused(lambda: at("CopyObject", Key="c", CopySource=f"{BUCKET}/no"), "NoSuchKey", 404)


def test_conditions_and_checksums_of_a_copy(at: Client) -> None:
    etag = at("PutObject", Key="k", Body=b"x")["ETag"]
    source = f"{BUCKET}/k"
    at("CopyObject", Key="c", CopySource=source, CopySourceIfMatch=etag, CopySourceIfUnmodifiedSince=START - 5)
    for bad in (
        {"CopySourceIfMatch": '"no"'},
        {"CopySourceIfNoneMatch": etag},
        {"CopySourceIfModifiedSince": START},
        {"CopySourceIfUnmodifiedSince": START - 5},
    ):
        refused(lambda bad=bad: at("CopyObject", Key="c", CopySource=source, **bad), "PreconditionFailed", 412)  # type: ignore[misc]
    refused(lambda: at("CopyObject", Key="c", CopySource=source, IfNoneMatch="*"), "PreconditionFailed", 412)
    result = at("CopyObject", Key="c", CopySource=source, ChecksumAlgorithm="SHA256")["CopyObjectResult"]
    assert result["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"x").digest()).decode()


def test_many_are_deleted_at_once(at: Client) -> None:
    for number in range(3):
        at("PutObject", Key=f"k{number}")
    answer = at("DeleteObjects", Delete={"Objects": [{"Key": "k0"}, {"Key": "nothing"}]})
    assert answer == {"Deleted": [{"Key": "k0"}, {"Key": "nothing"}]}
    assert at("DeleteObjects", Delete={"Objects": [{"Key": "k1"}], "Quiet": True}) == {}
    answer = at("DeleteObjects", Delete={"Objects": [{"Key": "k2", "ETag": '"no"'}], "Quiet": True})
    assert [row["Code"] for row in answer["Errors"]] == ["PreconditionFailed"]
    assert [row["Key"] for row in at("ListObjectsV2")["Contents"]] == ["k2"]
    at("DeleteObjects", Delete={"Objects": [{"Key": f"x{number}"} for number in range(1000)]})
    many = [{"Key": f"x{number}"} for number in range(1001)]
    refused(lambda: at("DeleteObjects", Delete={"Objects": many}), "MalformedXML", 400)
    refused(lambda: at("DeleteObjects", Delete={"Objects": []}), "MalformedXML")


def test_a_reader_is_not_disturbed_by_a_delete(cloud: TestCloud, at: Client) -> None:
    at("PutObject", Key="k", Body=BIG)
    found = at("GetObject", Key="k")
    at("DeleteObject", Key="k")
    assert read(cloud, found) == BIG


def test_nobody_is_told_of_what_a_stranger_may_not_do(cloud: TestCloud, at: Client) -> None:
    at("PutObject", Key="k", Body=b"x")
    for caller in (callers.root("111111111111"), callers.anonymous()):
        stranger: Callable[..., Any] = cloud.client("s3", caller=caller)
        for operation, more in (
            ("GetObject", {}),
            ("PutObject", {"Body": b"y"}),
            ("DeleteObject", {}),
            ("HeadObject", {}),
        ):
            refused(
                lambda stranger=stranger, operation=operation, more=more: stranger(
                    operation, Bucket=BUCKET, Key="k", **more
                ),  # type: ignore[misc]
                "AccessDenied",
                403,
            )
        refused(lambda stranger=stranger: stranger("ListObjectsV2", Bucket=BUCKET), "AccessDenied", 403)  # type: ignore[misc]
        answer = stranger("DeleteObjects", Bucket=BUCKET, Delete={"Objects": [{"Key": "k"}]})
        assert [row["Code"] for row in answer["Errors"]] == ["AccessDenied"]
    assert at("GetObject", Key="k")["Body"] == b"x"
