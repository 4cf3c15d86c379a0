"""Multipart uploads: parts, completion, checksums of the whole, copies of parts, listings."""

from __future__ import annotations

import base64
import hashlib
import zlib
from typing import Any

import pytest

from fogbank.codec.checksums import checksum
from fogbank.services.s3 import crc
from fogbank.services.s3.test_s3_buckets import Client, refused
from fogbank.services.s3.test_s3_objects import read
from fogbank.testing import START, TestCloud

BUCKET = "harbour"
PART = 5 * 1024 * 1024
FIRST, LAST = bytes(range(256)) * (PART // 256), b"the end"


@pytest.fixture
def s3(cloud: TestCloud) -> Client:
    client = cloud.client("s3")
    client("CreateBucket", Bucket=BUCKET)
    return client


@pytest.fixture
def at(s3: Client) -> Client:
    return lambda operation, **params: s3(operation, Bucket=BUCKET, **params)


def begin(at: Client, key: str = "k", **more: Any) -> str:
    found: str = at("CreateMultipartUpload", Key=key, **more)["UploadId"]
    return found


def put(at: Client, upload: str, number: int, body: bytes, key: str = "k", **more: Any) -> dict[str, Any]:
    answer = at("UploadPart", Key=key, UploadId=upload, PartNumber=number, Body=body, **more)
    named = {name: value for name, value in answer.items() if name.startswith("Checksum")}
    return {"PartNumber": number, "ETag": answer["ETag"], **named}


def complete(at: Client, upload: str, parts: list[dict[str, Any]], key: str = "k", **more: Any) -> dict[str, Any]:
    return at("CompleteMultipartUpload", Key=key, UploadId=upload, MultipartUpload={"Parts": parts}, **more)


def sum_of(algorithm: str, data: bytes) -> str:
    running = checksum(algorithm)
    running.update(data)
    return base64.b64encode(running.digest()).decode()


@pytest.mark.parametrize("algorithm", ["crc32", "crc32c", "crc64nvme"])
def test_crcs_of_parts_join_into_that_of_the_whole(algorithm: str) -> None:
    runs = [b"", b"a", FIRST[:70_001], b"", LAST, b"\x00" * 999]
    joined = crc.joined(algorithm, [(sum_of(algorithm, run), len(run)) for run in runs])
    assert joined == sum_of(algorithm, b"".join(runs))


def test_parts_become_one_object(cloud: TestCloud, at: Client) -> None:
    upload = begin(at, Metadata={"a": "1"}, ContentType="text/plain", Tagging="t=1", StorageClass="STANDARD_IA")
    last = put(at, upload, 7, LAST)
    parts = [put(at, upload, 2, FIRST), last]
    refused(lambda: at("GetObject", Key="k"), "NoSuchKey")
    answer = complete(at, upload, parts, MpuObjectSize=PART + 7)
    digests = hashlib.md5(FIRST).digest() + hashlib.md5(LAST).digest()
    assert answer["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    assert answer["ChecksumCRC64NVME"] == sum_of("crc64nvme", FIRST + LAST) and answer["ChecksumType"] == "FULL_OBJECT"
    found = at("GetObject", Key="k")
    assert read(cloud, found) == FIRST + LAST
    assert found["Metadata"] == {"a": "1"} and found["TagCount"] == 1 and found["StorageClass"] == "STANDARD_IA"
    assert read(cloud, at("GetObject", Key="k", Range=f"bytes={PART - 2}-{PART + 2}")) == FIRST[-2:] + LAST[:3]
    part = at("GetObject", Key="k", PartNumber=2)
    assert read(cloud, part) == LAST and part["PartsCount"] == 2
    assert part["ContentRange"] == f"bytes {PART}-{PART + 6}/{PART + 7}"
    assert at("GetObjectAttributes", Key="k", ObjectAttributes=["ObjectParts"])["ObjectParts"] == {"TotalPartsCount": 2}
    assert complete(at, upload, parts)["ETag"] == answer["ETag"], "completing again says the same"
    at("DeleteObject", Key="k")
    assert cloud.cloud.store.blobs.names() == []
    refused(lambda: complete(at, upload, parts), "NoSuchUpload", 404)


def test_a_copy_of_many_parts_is_one(cloud: TestCloud, at: Client) -> None:
    upload = begin(at)
    complete(at, upload, [put(at, upload, 1, FIRST), put(at, upload, 2, LAST)])
    answer = at("CopyObject", Key="c", CopySource=f"{BUCKET}/k")
    assert answer["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(FIRST + LAST).hexdigest()}"'
    assert read(cloud, at("GetObject", Key="c")) == FIRST + LAST


def test_a_part_can_be_put_again_and_unnamed_ones_go(cloud: TestCloud, at: Client) -> None:
    upload = begin(at)
    put(at, upload, 1, b"old" * 10_000)
    named = [put(at, upload, 1, LAST)]
    put(at, upload, 2, b"never named" * 10_000)
    complete(at, upload, named)
    assert read(cloud, at("GetObject", Key="k")) == LAST and cloud.cloud.store.blobs.names() == []
    assert at("HeadObject", Key="k", PartNumber=1)["PartsCount"] == 1


def test_what_completion_refuses(at: Client) -> None:
    upload = begin(at)
    one, two = put(at, upload, 1, b"small"), put(at, upload, 2, LAST)
    error = refused(lambda: complete(at, upload, [one, two]), "EntityTooSmall", 400)
    assert error.members["MinSizeAllowed"] == PART and error.members["ProposedSize"] == 5
    refused(lambda: complete(at, upload, [two, one]), "InvalidPartOrder", 400)
    refused(lambda: complete(at, upload, [one, one]), "InvalidPartOrder", 400)
    refused(lambda: complete(at, upload, [{**one, "ETag": '"x"'}]), "InvalidPart", 400)
    refused(lambda: complete(at, upload, [{**one, "PartNumber": 3}]), "InvalidPart", 400)
    refused(lambda: complete(at, upload, [{**one, "PartNumber": 10_001}]), "InvalidArgument", 400)
    refused(lambda: complete(at, upload, []), "MalformedXML", 400)
    refused(lambda: complete(at, upload, [one], MpuObjectSize=6), "InvalidRequest", 400)
    refused(lambda: complete(at, "nothing", [one]), "NoSuchUpload", 404)
    refused(lambda: complete(at, upload, [one], key="other"), "NoSuchUpload", 404)
    at("PutObject", Key="k", Body=b"x")
    refused(lambda: complete(at, upload, [one], IfNoneMatch="*"), "PreconditionFailed", 412)
    assert complete(at, upload, [one])["ETag"].endswith('-1"'), "what was refused changed nothing"
    for number in (0, 10_001):
        refused(lambda number=number: put(at, begin(at), number, b"x"), "InvalidArgument", 400)  # type: ignore[misc]


def test_an_aborted_upload_leaves_nothing(cloud: TestCloud, at: Client) -> None:
    upload = begin(at)
    put(at, upload, 1, b"x" * 100_000)
    at("AbortMultipartUpload", Key="k", UploadId=upload)
    assert cloud.cloud.store.blobs.names() == []
    for call in (
        lambda: put(at, upload, 2, b"y" * 100_000),
        lambda: at("AbortMultipartUpload", Key="k", UploadId=upload),
        lambda: at("ListParts", Key="k", UploadId=upload),
    ):
        error = refused(call, "NoSuchUpload", 404)
        assert error.members == {"UploadId": upload}
    assert cloud.cloud.store.blobs.names() == []


def test_composite_checksums(at: Client) -> None:
    upload = begin(at, ChecksumAlgorithm="SHA256")
    error = refused(lambda: put(at, upload, 1, FIRST), "InvalidRequest", 400)
    assert error.message.endswith("expected checksum Type: sha256, actual checksum Type: null")
    wrong = base64.b64encode(zlib.crc32(FIRST).to_bytes(4, "big")).decode()
    refused(
        lambda: put(at, upload, 1, FIRST, ChecksumCRC32=wrong), "InvalidRequest", text="actual checksum Type: crc32"
    )
    parts = [
        put(at, upload, number, body, ChecksumSHA256=sum_of("sha256", body)) for number, body in ((1, FIRST), (2, LAST))
    ]
    bare = [{name: part[name] for name in ("PartNumber", "ETag")} for part in parts]
    refused(lambda: complete(at, upload, bare), "InvalidRequest", 400, "It was missing for part 1 in the request")
    other = [{**parts[0], "ChecksumSHA256": parts[1]["ChecksumSHA256"]}, parts[1]]
    refused(lambda: complete(at, upload, other), "InvalidPart", 400)
    answer = complete(at, upload, parts)
    digests = hashlib.sha256(FIRST).digest() + hashlib.sha256(LAST).digest()
    expected = base64.b64encode(hashlib.sha256(digests).digest()).decode()
    assert (answer["ChecksumSHA256"], answer["ChecksumType"]) == (f"{expected}-2", "COMPOSITE")
    found = at("GetObject", Key="k", ChecksumMode="ENABLED")
    assert found["ChecksumSHA256"] == f"{expected}-2"
    part = at("HeadObject", Key="k", ChecksumMode="ENABLED", PartNumber=2)
    assert part["ChecksumSHA256"] == sum_of("sha256", LAST)
    told = at("GetObjectAttributes", Key="k", ObjectAttributes=["ObjectParts"], MaxParts=1)["ObjectParts"]
    assert told["Parts"] == [{"PartNumber": 1, "Size": PART, "ChecksumSHA256": sum_of("sha256", FIRST)}]
    assert told["IsTruncated"] is True and told["NextPartNumberMarker"] == 1


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME"])
def test_checksums_of_the_full_object(at: Client, algorithm: str) -> None:
    upload = begin(at, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")
    parts = [put(at, upload, 1, FIRST, ChecksumAlgorithm=algorithm), put(at, upload, 2, LAST)]
    whole = sum_of(algorithm.lower(), FIRST + LAST)
    bad = {f"Checksum{algorithm}": sum_of(algorithm.lower(), LAST)}
    refused(lambda: complete(at, upload, parts, **bad), "BadDigest", 400)
    answer = complete(at, upload, parts, **{f"Checksum{algorithm}": whole, "ChecksumType": "FULL_OBJECT"})
    assert (answer[f"Checksum{algorithm}"], answer["ChecksumType"]) == (whole, "FULL_OBJECT")


def test_kinds_of_checksums_that_do_not_go_together(at: Client) -> None:
    for bad in (
        {"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"},
        {"ChecksumAlgorithm": "CRC64NVME", "ChecksumType": "COMPOSITE"},
        {"ChecksumType": "COMPOSITE"},
        {"ChecksumAlgorithm": "XXHASH64"},
    ):
        refused(lambda bad=bad: at("CreateMultipartUpload", Key="k", **bad), "InvalidRequest", 400)  # type: ignore[misc]
    assert at("CreateMultipartUpload", Key="k", ChecksumAlgorithm="SHA1")["ChecksumType"] == "COMPOSITE"


def test_parts_that_are_copied(cloud: TestCloud, at: Client) -> None:
    at("PutObject", Key="source", Body=FIRST + LAST)
    upload = begin(at)

    def copy(number: int, **more: Any) -> dict[str, Any]:
        asked = {"Key": "k", "UploadId": upload, "PartNumber": number, "CopySource": f"{BUCKET}/source"}
        answer = at("UploadPartCopy", **asked, **more)
        return {"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]}

    parts = [copy(1), copy(2, CopySourceRange=f"bytes={PART}-{PART + 2}")]
    complete(at, upload, parts)
    assert read(cloud, at("GetObject", Key="k")) == FIRST + LAST + LAST[:3]
    upload = begin(at)
    for bad in ("bytes=0-", "bytes=5-2", "0-5", f"bytes=0-{PART + 7}"):
        refused(lambda bad=bad: copy(1, CopySourceRange=bad), "InvalidArgument", 400)  # type: ignore[misc]
    refused(lambda: copy(1, CopySourceIfMatch='"no"'), "PreconditionFailed", 412)


def test_listings_of_parts_and_uploads(cloud: TestCloud, at: Client) -> None:
    uploads: list[tuple[str, str]] = []
    for key in ("a", "a", "b/1", "b/2", "c"):
        uploads.append((key, begin(at, key)))
        cloud.advance(1)
    rows = at("ListMultipartUploads")["Uploads"]
    assert [(row["Key"], row["UploadId"]) for row in rows] == uploads, "by key, and then by when they began"
    assert rows[0]["Initiated"] == START
    found: list[tuple[str, str]] = []
    more: dict[str, Any] = {}
    while True:
        page = at("ListMultipartUploads", MaxUploads=2, **more)
        found += [(row["Key"], row["UploadId"]) for row in page["Uploads"]]
        if not page["IsTruncated"]:
            break
        more = {"KeyMarker": page["NextKeyMarker"], "UploadIdMarker": page["NextUploadIdMarker"]}
    assert found == uploads
    page = at("ListMultipartUploads", Delimiter="/", KeyMarker="a")
    assert page["CommonPrefixes"] == [{"Prefix": "b/"}] and [row["Key"] for row in page["Uploads"]] == ["c"]
    assert [row["Key"] for row in at("ListMultipartUploads", Prefix="b/")["Uploads"]] == ["b/1", "b/2"]
    key, upload = uploads[0]
    for number in (1, 2, 5):
        put(at, upload, number, b"x" * number, key=key)
    page = at("ListParts", Key=key, UploadId=upload, MaxParts=2)
    assert [(row["PartNumber"], row["Size"]) for row in page["Parts"]] == [(1, 1), (2, 2)]
    assert page["IsTruncated"] is True and page["NextPartNumberMarker"] == 2
    page = at("ListParts", Key=key, UploadId=upload, PartNumberMarker=2)
    assert [row["PartNumber"] for row in page["Parts"]] == [5] and page["IsTruncated"] is False


def test_versions_of_what_is_uploaded_in_parts(at: Client) -> None:
    at("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
    upload = begin(at)
    first = complete(at, upload, [put(at, upload, 1, b"1")])["VersionId"]
    at("PutObject", Key="k", Body=b"2")
    assert at("GetObject", Key="k", VersionId=first)["Body"] == b"1"
