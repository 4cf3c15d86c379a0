"""Versions, delete markers, and Object Lock."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.services.s3.test_s3_buckets import Client, refused
from fogbank.testing import START, TestCloud

BUCKET = "harbour"
DAY = 86_400


@pytest.fixture
def s3(cloud: TestCloud) -> Client:
    client = cloud.client("s3")
    client("CreateBucket", Bucket=BUCKET)
    return client


@pytest.fixture
def at(s3: Client) -> Client:
    return lambda operation, **params: s3(operation, Bucket=BUCKET, **params)


@pytest.fixture
def versioned(at: Client) -> Client:
    at("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
    return at


@pytest.fixture
def locked(cloud: TestCloud) -> Client:
    s3 = cloud.client("s3")
    s3("CreateBucket", Bucket="vault-1", ObjectLockEnabledForBucket=True)
    return lambda operation, **params: s3(operation, Bucket="vault-1", **params)


def history(at: Client, key: str = "k") -> list[tuple[str, str, bool]]:
    """(kind, version, is latest) of each version, as listed."""
    answer = at("ListObjectVersions", Prefix=key)
    rows = [("marker", row) for row in answer.get("DeleteMarkers", ())]
    rows += [("object", row) for row in answer.get("Versions", ())]
    return [(kind, row["VersionId"], row["IsLatest"]) for kind, row in rows]


def test_every_version_stays(versioned: Client) -> None:
    at = versioned
    ids = [at("PutObject", Key="k", Body=body)["VersionId"] for body in (b"1", b"2", b"3")]
    assert len(set(ids)) == 3 and all(len(one) == 32 for one in ids)
    assert at("GetObject", Key="k")["Body"] == b"3" and at("GetObject", Key="k")["VersionId"] == ids[2]
    assert [at("GetObject", Key="k", VersionId=one)["Body"] for one in ids] == [b"1", b"2", b"3"]
    assert history(at) == [("object", ids[2], True), ("object", ids[1], False), ("object", ids[0], False)]


def test_a_delete_marker_hides_and_goes_again(versioned: Client) -> None:
    at = versioned
    first = at("PutObject", Key="k", Body=b"1")["VersionId"]
    answer = at("DeleteObject", Key="k")
    marker = answer["VersionId"]
    assert answer["DeleteMarker"] is True
    error = refused(lambda: at("GetObject", Key="k"), "NoSuchKey", 404)
    assert error.headers == {"x-amz-delete-marker": "true", "x-amz-version-id": marker}
    error = refused(lambda: at("GetObject", Key="k", VersionId=marker), "MethodNotAllowed", 405)
    assert error.headers["Allow"] == "DELETE" and error.headers["x-amz-delete-marker"] == "true"
    refused(lambda: at("HeadObject", Key="k", VersionId=marker), "MethodNotAllowed", 405)
    assert "Contents" not in at("ListObjectsV2")
    assert history(at) == [("marker", marker, True), ("object", first, False)]
    assert at("GetObject", Key="k", VersionId=first)["Body"] == b"1"
    assert at("DeleteObject", Key="k", VersionId=marker) == {"VersionId": marker, "DeleteMarker": True}
    assert at("GetObject", Key="k")["Body"] == b"1", "without its marker the object is back"
    assert at("DeleteObject", Key="never")["DeleteMarker"] is True, "a marker needs no object"


def test_deleting_a_version_brings_back_the_one_before(cloud: TestCloud, versioned: Client) -> None:
    at = versioned
    ids = [at("PutObject", Key="k", Body=body * 20_000)["VersionId"] for body in (b"1", b"2", b"3")]
    assert at("DeleteObject", Key="k", VersionId=ids[2]) == {"VersionId": ids[2]}
    assert at("HeadObject", Key="k")["VersionId"] == ids[1]
    at("DeleteObject", Key="k", VersionId=ids[0])
    assert history(at) == [("object", ids[1], True)]
    refused(lambda: at("GetObject", Key="k", VersionId=ids[0]), "NoSuchVersion", 404)
    assert at("DeleteObject", Key="k", VersionId=ids[0]) == {"VersionId": ids[0]}, "what is gone can be deleted again"
    at("DeleteObject", Key="k", VersionId=ids[1])
    assert history(at) == [] and cloud.cloud.store.blobs.names() == []
    for wrong in ("x", "ids", "../../../../etc", "A" * 31):
        refused(lambda wrong=wrong: at("GetObject", Key="k", VersionId=wrong), "InvalidArgument", 400)  # type: ignore[misc]


def test_the_null_version(at: Client) -> None:
    assert "VersionId" not in at("PutObject", Key="k", Body=b"before")
    at("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
    assert at("HeadObject", Key="k")["VersionId"] == "null"
    first = at("PutObject", Key="k", Body=b"1")["VersionId"]
    assert at("GetObject", Key="k", VersionId="null")["Body"] == b"before"
    at("PutBucketVersioning", VersioningConfiguration={"Status": "Suspended"})
    at("PutObject", Key="k", Body=b"suspended")
    assert history(at) == [("object", "null", True), ("object", first, False)], "the null version is overwritten"
    at("PutObject", Key="k", Body=b"again")
    assert at("GetObject", Key="k", VersionId="null")["Body"] == b"again" and len(history(at)) == 2
    answer = at("DeleteObject", Key="k")
    assert answer == {"DeleteMarker": True, "VersionId": "null"}, "a delete marker is the null version then"
    assert history(at) == [("marker", "null", True), ("object", first, False)]
    at("PutObject", Key="k", Body=b"back")
    assert history(at) == [("object", "null", True), ("object", first, False)]
    at("DeleteObject", Key="k", VersionId="null")
    assert at("GetObject", Key="k")["Body"] == b"1" and history(at) == [("object", first, True)]


def test_a_version_can_be_copied_tagged_and_asked_for(versioned: Client) -> None:
    at = versioned
    first = at("PutObject", Key="k", Body=b"1")["VersionId"]
    second = at("PutObject", Key="k", Body=b"2")["VersionId"]
    at("PutObjectTagging", Key="k", VersionId=first, Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    assert at("GetObjectTagging", Key="k")["TagSet"] == []
    assert at("GetObjectTagging", Key="k", VersionId=first)["TagSet"] == [{"Key": "a", "Value": "1"}]
    answer = at("CopyObject", Key="k", CopySource=f"{BUCKET}/k?versionId={first}")
    assert answer["CopySourceVersionId"] == first and answer["VersionId"] not in (first, second)
    assert at("GetObject", Key="k")["Body"] == b"1"
    marker = at("DeleteObject", Key="k")["VersionId"]
    source = f"{BUCKET}/k?versionId={marker}"
    refused(lambda: at("CopyObject", Key="c", CopySource=source), "InvalidRequest", 400)
    answer = at(
        "DeleteObjects", Delete={"Objects": [{"Key": "k", "VersionId": marker}, {"Key": "k", "VersionId": first}]}
    )
    assert [row["VersionId"] for row in answer["Deleted"]] == [marker, first]
    assert answer["Deleted"][0]["DeleteMarker"] is True


def test_versions_in_pages(versioned: Client) -> None:
    at = versioned
    expected: list[tuple[str, str]] = []
    for key in ("a", "b", "b/1", "c"):
        ids = [at("PutObject", Key=key, Body=b"x")["VersionId"] for _ in range(3)]
        ids.append(at("DeleteObject", Key=key)["VersionId"])
        expected += [(key, one) for one in reversed(ids)]
    for size in (1, 2, 3, 5, 16):
        found: list[tuple[str, str]] = []
        markers: dict[str, Any] = {}
        while True:
            page = at("ListObjectVersions", MaxKeys=size, **markers)
            rows = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
            assert all(row["IsLatest"] is (row["VersionId"] in dict_of_latest(expected)) for row in rows)
            found += [(row["Key"], row["VersionId"]) for row in rows]
            if not page["IsTruncated"]:
                break
            markers = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page["NextVersionIdMarker"]}
        assert sorted(found) == sorted(expected) and len(found) == 16
    page = at("ListObjectVersions", KeyMarker="b")
    assert {row["Key"] for row in page["Versions"]} == {"b/1", "c"}
    page = at("ListObjectVersions", Delimiter="/")
    assert page["CommonPrefixes"] == [{"Prefix": "b/"}] and {row["Key"] for row in page["Versions"]} == {"a", "b", "c"}
    refused(lambda: at("ListObjectVersions", VersionIdMarker="x"), "InvalidArgument", 400)


def dict_of_latest(expected: list[tuple[str, str]]) -> set[str]:
    """The newest version of each key, where each key's versions are newest first."""
    newest: dict[str, str] = {}
    for key, version in expected:
        newest.setdefault(key, version)
    return set(newest.values())


def test_a_bucket_with_object_lock_keeps_its_versions(locked: Client, at: Client) -> None:
    assert locked("GetBucketVersioning") == {"Status": "Enabled"}
    assert locked("GetObjectLockConfiguration") == {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    suspend = {"Status": "Suspended"}
    refused(lambda: locked("PutBucketVersioning", VersioningConfiguration=suspend), "InvalidBucketState", 409)
    refused(lambda: at("GetObjectLockConfiguration"), "ObjectLockConfigurationNotFoundError", 404)
    put = {"ObjectLockEnabled": "Enabled"}
    refused(lambda: at("PutObjectLockConfiguration", ObjectLockConfiguration=put), "InvalidBucketState", 409)
    at("PutBucketVersioning", VersioningConfiguration={"Status": "Enabled"})
    at("PutObjectLockConfiguration", ObjectLockConfiguration=put)
    assert at("GetObjectLockConfiguration")["ObjectLockConfiguration"] == put


def test_governance_yields_to_those_who_may_bypass_it(cloud: TestCloud, locked: Client) -> None:
    until = START + DAY
    put = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}
    first = locked("PutObject", Key="k", Body=b"1", **put)["VersionId"]
    head = locked("HeadObject", Key="k")
    assert (head["ObjectLockMode"], head["ObjectLockRetainUntilDate"]) == ("GOVERNANCE", until)
    error = refused(lambda: locked("DeleteObject", Key="k", VersionId=first), "AccessDenied", 403)
    assert error.message == "Access Denied because object protected by object lock."
    answer = locked("DeleteObjects", Delete={"Objects": [{"Key": "k", "VersionId": first}]})
    assert answer["Errors"][0]["Code"] == "AccessDenied"
    assert locked("DeleteObject", Key="k")["DeleteMarker"] is True, "a marker may cover it"
    shorter = {"Mode": "GOVERNANCE", "RetainUntilDate": START + 60}
    change = {"Key": "k", "VersionId": first, "Retention": shorter}
    refused(lambda: locked("PutObjectRetention", **change), "AccessDenied", 403)
    longer = {"Mode": "GOVERNANCE", "RetainUntilDate": until + DAY}
    locked("PutObjectRetention", Key="k", VersionId=first, Retention=longer)
    locked("PutObjectRetention", **change, BypassGovernanceRetention=True)
    assert locked("GetObjectRetention", Key="k", VersionId=first)["Retention"] == shorter
    locked("DeleteObject", Key="k", VersionId=first, BypassGovernanceRetention=True)
    second = locked("PutObject", Key="k", Body=b"2", **put)["VersionId"]
    cloud.advance(DAY + 1)
    locked("DeleteObject", Key="k", VersionId=second)


def test_compliance_yields_to_nobody(cloud: TestCloud, locked: Client) -> None:
    put = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": START + DAY}
    first = locked("PutObject", Key="k", Body=b"1", **put)["VersionId"]
    delete = {"Key": "k", "VersionId": first, "BypassGovernanceRetention": True}
    refused(lambda: locked("DeleteObject", **delete), "AccessDenied", 403)
    for weaker in (
        {"Mode": "GOVERNANCE", "RetainUntilDate": START + 2 * DAY},
        {"Mode": "COMPLIANCE", "RetainUntilDate": START + 60},
        {},
    ):
        change = {"Key": "k", "Retention": weaker, "BypassGovernanceRetention": True}
        refused(lambda change=change: locked("PutObjectRetention", **change), "AccessDenied", 403)  # type: ignore[misc]
    locked("PutObjectRetention", Key="k", Retention={"Mode": "COMPLIANCE", "RetainUntilDate": START + 2 * DAY})
    cloud.advance(DAY + 1)
    refused(lambda: locked("DeleteObject", **delete), "AccessDenied")
    cloud.advance(DAY)
    locked("DeleteObject", **delete)


def test_a_legal_hold_lasts_until_it_is_taken_away(cloud: TestCloud, locked: Client) -> None:
    first = locked("PutObject", Key="k", Body=b"1", ObjectLockLegalHoldStatus="ON")["VersionId"]
    cloud.advance(400 * DAY)
    delete = {"Key": "k", "VersionId": first, "BypassGovernanceRetention": True}
    refused(lambda: locked("DeleteObject", **delete), "AccessDenied", 403)
    assert locked("GetObjectLegalHold", Key="k")["LegalHold"] == {"Status": "ON"}
    refused(lambda: locked("GetObjectRetention", Key="k"), "NoSuchObjectLockConfiguration", 404)
    locked("PutObjectLegalHold", Key="k", LegalHold={"Status": "OFF"})
    locked("DeleteObject", **delete)
    refused(lambda: locked("PutObjectLegalHold", Key="k", LegalHold={"Status": "ON"}), "NoSuchKey", 404)


def test_the_default_retention(locked: Client) -> None:
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 3}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    locked("PutObjectLockConfiguration", ObjectLockConfiguration=configuration)
    assert locked("GetObjectLockConfiguration")["ObjectLockConfiguration"] == configuration
    locked("PutObject", Key="k", Body=b"1")
    assert locked("HeadObject", Key="k")["ObjectLockRetainUntilDate"] == START + 3 * DAY
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Years": 1}}
    locked("PutObjectLockConfiguration", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule})
    locked("PutObject", Key="k", Body=b"1")
    assert locked("HeadObject", Key="k")["ObjectLockRetainUntilDate"] == START + 365 * DAY
    for bad in ({"Mode": "GOVERNANCE"}, {"Mode": "GOVERNANCE", "Days": 1, "Years": 1}, {"Mode": "SOFT", "Days": 1}):
        put = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": bad}}
        refused(lambda put=put: locked("PutObjectLockConfiguration", ObjectLockConfiguration=put), "MalformedXML")  # type: ignore[misc]
    zero = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 0}}}
    refused(lambda: locked("PutObjectLockConfiguration", ObjectLockConfiguration=zero), "InvalidArgument")


def test_what_a_lock_must_say(locked: Client, at: Client) -> None:
    good = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": START + DAY}
    for bad in (
        {"ObjectLockMode": "GOVERNANCE"},
        {"ObjectLockRetainUntilDate": START + DAY},
        {**good, "ObjectLockRetainUntilDate": START},
        {**good, "ObjectLockMode": "SOFT"},
        {"ObjectLockLegalHoldStatus": "MAYBE"},
    ):
        refused(lambda bad=bad: locked("PutObject", Key="k", **bad), "InvalidArgument", 400)  # type: ignore[misc]
    refused(
        lambda: at("PutObject", Key="k", **good), "InvalidRequest", 400, "Bucket is missing Object Lock Configuration"
    )
    refused(lambda: at("GetObjectRetention", Key="k"), "InvalidRequest")
