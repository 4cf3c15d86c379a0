"""What time does to objects: lifecycle rules, on a clock that is moved."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.testing import TestCloud

DAY = 86_400.0
TO_MIDNIGHT = 31_000 + 1_000
"""The clock starts at 15:06:40 UTC."""


class Shelf:
    """A bucket and what is in it."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.s3 = cloud.client("s3")
        self.s3("CreateBucket", Bucket="shelf")

    def put(self, key: str, body: bytes = b"x", **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.s3("PutObject", Bucket="shelf", Key=key, Body=body, **more)
        return found

    def rules(self, *rules: dict[str, Any]) -> None:
        given = [{"ID": f"r{number}", "Status": "Enabled", "Filter": {"Prefix": ""}, **rule}
                 for number, rule in enumerate(rules)]  # fmt: skip
        self.s3("PutBucketLifecycleConfiguration", Bucket="shelf", LifecycleConfiguration={"Rules": given})

    def keys(self) -> list[str]:
        return [one["Key"] for one in self.s3("ListObjectsV2", Bucket="shelf").get("Contents", [])]

    def versions(self) -> list[tuple[str, str]]:
        found = self.s3("ListObjectVersions", Bucket="shelf")
        kept = [(one["Key"], one["VersionId"]) for one in found.get("Versions", [])]
        return kept + [(one["Key"], "marker") for one in found.get("DeleteMarkers", [])]


@pytest.fixture
def shelf(cloud: TestCloud) -> Shelf:
    return Shelf(cloud)


def test_objects_expire_at_the_midnight_after_their_days(shelf: Shelf, cloud: TestCloud) -> None:
    shelf.rules({"Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}})
    shelf.put("tmp/a")
    shelf.put("kept")
    cloud.advance(DAY)
    assert shelf.keys() == ["kept", "tmp/a"], "a day has passed, and midnight has not"
    cloud.advance(TO_MIDNIGHT)
    assert shelf.keys() == ["kept"]


def test_a_date_and_a_size_and_tags_are_looked_at(shelf: Shelf, cloud: TestCloud) -> None:
    shelf.rules(
        {"Filter": {"Tag": {"Key": "k", "Value": "v"}}, "Expiration": {"Date": 1_750_032_000.0}},
        {"Filter": {"And": {"Prefix": "big/", "ObjectSizeGreaterThan": 10}}, "Expiration": {"Days": 2}},
    )
    shelf.put("tagged", Tagging="k=v")
    shelf.put("other", Tagging="k=w")
    shelf.put("big/one", b"x" * 11)
    shelf.put("big/small", b"x" * 10)
    cloud.advance(DAY)
    assert shelf.keys() == ["big/one", "big/small", "other"]
    cloud.advance(2 * DAY)
    assert shelf.keys() == ["big/small", "other"]


def test_versions_go_by_the_time_that_they_were_replaced(shelf: Shelf, cloud: TestCloud) -> None:
    s3 = shelf.s3
    s3("PutBucketVersioning", Bucket="shelf", VersioningConfiguration={"Status": "Enabled"})
    shelf.rules({"NoncurrentVersionExpiration": {"NoncurrentDays": 3, "NewerNoncurrentVersions": 1}})
    for number in range(4):
        shelf.put("k", b"%d" % number)
    cloud.advance(3 * DAY)
    assert len(shelf.versions()) == 4
    cloud.advance(DAY)
    assert len(shelf.versions()) == 2, "the current one, and one that is kept however old"
    assert s3("GetObject", Bucket="shelf", Key="k")["Body"] == b"3"


def test_an_expired_object_leaves_a_marker_which_goes_when_it_is_alone(shelf: Shelf, cloud: TestCloud) -> None:
    s3 = shelf.s3
    s3("PutBucketVersioning", Bucket="shelf", VersioningConfiguration={"Status": "Enabled"})
    shelf.put("k")
    shelf.rules({"Expiration": {"Days": 1}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    cloud.advance(DAY + TO_MIDNIGHT)
    assert shelf.keys() == [] and ("k", "marker") in shelf.versions() and len(shelf.versions()) == 2
    cloud.advance(2 * DAY)
    assert len(shelf.versions()) <= 1
    cloud.advance(DAY)
    assert shelf.versions() == []


def test_what_is_locked_stays(shelf: Shelf, cloud: TestCloud) -> None:
    s3 = cloud.client("s3")
    s3("CreateBucket", Bucket="vault", ObjectLockEnabledForBucket=True)
    until = cloud.clock.now() + 10 * DAY
    for number in range(2):
        put = {"Bucket": "vault", "Key": "k", "Body": b"%d" % number}
        s3("PutObject", **put, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until)
    rule = {"ID": "r", "Status": "Enabled", "Filter": {}, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    s3("PutBucketLifecycleConfiguration", Bucket="vault", LifecycleConfiguration={"Rules": [rule]})
    cloud.advance(5 * DAY)
    assert len(s3("ListObjectVersions", Bucket="vault")["Versions"]) == 2
    cloud.advance(7 * DAY)
    assert len(s3("ListObjectVersions", Bucket="vault")["Versions"]) == 1


def test_uploads_that_are_left_are_aborted(shelf: Shelf, cloud: TestCloud) -> None:
    s3 = shelf.s3
    upload = s3("CreateMultipartUpload", Bucket="shelf", Key="k")["UploadId"]
    s3("UploadPart", Bucket="shelf", Key="k", UploadId=upload, PartNumber=1, Body=b"x" * 20_000)
    shelf.rules({"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}})
    cloud.advance(2 * DAY)
    assert len(s3("ListMultipartUploads", Bucket="shelf")["Uploads"]) == 1
    cloud.advance(DAY)
    assert "Uploads" not in s3("ListMultipartUploads", Bucket="shelf")
    assert cloud.cloud.store.blobs.names() == []


def test_objects_move_to_colder_classes_and_small_ones_do_not(shelf: Shelf, cloud: TestCloud) -> None:
    shelf.rules({"Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 60, "StorageClass": "GLACIER"}]})
    shelf.put("large", b"x" * 131_072)
    shelf.put("small")

    def classes() -> dict[str, str]:
        return {one["Key"]: one["StorageClass"] for one in shelf.s3("ListObjectsV2", Bucket="shelf")["Contents"]}

    cloud.advance(31 * DAY)
    assert classes() == {"large": "STANDARD_IA", "small": "STANDARD"}
    cloud.advance(30 * DAY)
    assert classes() == {"large": "GLACIER", "small": "STANDARD"}
    with pytest.raises(AwsError, match="InvalidObjectState"):
        shelf.s3("GetObject", Bucket="shelf", Key="large")


def test_more_keys_than_a_page_go_in_one_run(shelf: Shelf, cloud: TestCloud) -> None:
    s3 = shelf.s3
    s3("PutBucketVersioning", Bucket="shelf", VersioningConfiguration={"Status": "Enabled"})
    for number in range(450):
        shelf.put(f"tmp/{number}")
    shelf.rules({"Expiration": {"Days": 1}})
    cloud.advance(DAY + TO_MIDNIGHT)
    assert shelf.keys() == []


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"Expiration": {"Days": 0}}, "InvalidArgument"),
        ({"Expiration": {"Days": 1, "ExpiredObjectDeleteMarker": True}}, "MalformedXML"),
        ({"Expiration": {"Date": 1_750_000_000.0}}, "InvalidArgument"),
        ({}, "InvalidRequest"),
        ({"ID": "x" * 256, "Expiration": {"Days": 1}}, "InvalidArgument"),
        ({"Transitions": [{"Days": 3, "StorageClass": "STANDARD_IA"}]}, "InvalidArgument"),
        ({"Transitions": [{"Days": 3, "StorageClass": "HOT"}]}, "MalformedXML"),
        ({"Filter": {"Prefix": "a", "Tag": {"Key": "a", "Value": "b"}}, "Expiration": {"Days": 1}}, "MalformedXML"),
        ({"Status": "On", "Expiration": {"Days": 1}}, "MalformedXML"),
        (
            {
                "Filter": {"Tag": {"Key": "a", "Value": "b"}},
                "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
            },
            "InvalidRequest",
        ),
    ],
)
def test_a_rule_that_makes_no_sense(shelf: Shelf, rule: dict[str, Any], code: str) -> None:
    with pytest.raises(AwsError, match=code):
        shelf.rules(rule)
    with pytest.raises(AwsError, match="NoSuchLifecycleConfiguration"):
        shelf.s3("GetBucketLifecycleConfiguration", Bucket="shelf")


def test_rules_are_told_and_deleted(shelf: Shelf, cloud: TestCloud) -> None:
    shelf.rules({"Expiration": {"Days": 1}})
    found = shelf.s3("GetBucketLifecycleConfiguration", Bucket="shelf")
    assert found["Rules"][0]["Expiration"] == {"Days": 1}
    assert found["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    shelf.put("a")
    shelf.s3("DeleteBucketLifecycle", Bucket="shelf")
    cloud.advance(5 * DAY)
    assert shelf.keys() == ["a"]
