"""Buckets: names, regions, owners, settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.testing import TestCloud

Client = Callable[..., dict[str, Any]]
OTHER = callers.root("111111111111")


@pytest.fixture
def s3(cloud: TestCloud) -> Client:
    client = cloud.client("s3")
    client("CreateBucket", Bucket="harbour")
    return client


def refused(call: Callable[[], object], code: str, status: int | None = None, text: str = "") -> AwsError:
    with pytest.raises(AwsError) as caught:
        call()
    assert caught.value.code == code, caught.value
    assert status is None or caught.value.status == status
    assert text in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    "name",
    ["ab", "a" * 64, "Upper", "under_score", "-dash", "dash-", "two..dots", "192.168.5.4", "xn--a-b", "sthree-abc",
     "amzn-s3-demo-bucket", "abc-s3alias", "abc--ol-s3", "abc.mrap", "abc--x-s3", "abc--table-s3", "abc-an"],
)  # fmt: skip
def test_names_that_no_bucket_may_have(s3: Client, name: str) -> None:
    error = refused(lambda: s3("CreateBucket", Bucket=name), "InvalidBucketName", 400)
    assert error.message == "The specified bucket is not valid." and error.members["BucketName"] == name


@pytest.mark.parametrize("name", ["abc", "a" * 63, "a.b-c.9", "1.2.3.4.5"])
def test_names_at_the_limit(s3: Client, name: str) -> None:
    assert s3("CreateBucket", Bucket=name)["Location"] == f"/{name}"


def test_names_of_the_account_regional_namespace(s3: Client) -> None:
    name = "port-000000000000-us-east-1-an"
    s3("CreateBucket", Bucket=name, BucketNamespace="account-regional")
    for wrong in (
        "port-000000000001-us-east-1-an",
        "port-000000000000-eu-west-1-an",
        "port",
        "000000000000-us-east-1-an",
    ):
        refused(
            lambda wrong=wrong: s3("CreateBucket", Bucket=wrong, BucketNamespace="account-regional"),
            "InvalidBucketName",
        )  # type: ignore[misc]
    refused(lambda: s3("CreateBucket", Bucket="x-000000000000-us-east-1-an"), "InvalidBucketName")


def test_a_name_is_taken_in_all_accounts_and_regions(cloud: TestCloud, s3: Client) -> None:
    assert s3("CreateBucket", Bucket="harbour")["Location"] == "/harbour", "us-east-1 lets its owner make it again"
    other = cloud.client("s3", caller=OTHER)
    error = refused(lambda: other("CreateBucket", Bucket="harbour"), "BucketAlreadyExists", 409)
    assert "shared by all users" in error.message
    west = cloud.client("s3", region="us-west-2")
    place = {"LocationConstraint": "us-west-2"}
    refused(lambda: west("CreateBucket", Bucket="harbour", CreateBucketConfiguration=place), "BucketAlreadyOwnedByYou")
    west("CreateBucket", Bucket="west", CreateBucketConfiguration=place)
    refused(
        lambda: west("CreateBucket", Bucket="west", CreateBucketConfiguration=place), "BucketAlreadyOwnedByYou", 409
    )
    s3("DeleteBucket", Bucket="west")
    assert other("CreateBucket", Bucket="west")["Location"] == "/west", "a deleted name is free"


def test_a_location_must_fit_the_endpoint(cloud: TestCloud, s3: Client) -> None:
    west = cloud.client("s3", region="us-west-2")
    code = "IllegalLocationConstraintException"
    refused(lambda: west("CreateBucket", Bucket="w-1"), code, 400, "The unspecified location constraint")
    place = {"LocationConstraint": "eu-west-1"}
    refused(lambda: west("CreateBucket", Bucket="w-1", CreateBucketConfiguration=place), code, 400, "The eu-west-1")
    s3("CreateBucket", Bucket="w-1", CreateBucketConfiguration=place)
    assert s3("GetBucketLocation", Bucket="w-1") == {"LocationConstraint": "eu-west-1"}
    assert s3("HeadBucket", Bucket="w-1")["BucketRegion"] == "eu-west-1"
    assert s3("GetBucketLocation", Bucket="harbour") == {}
    s3("CreateBucket", Bucket="w-2", CreateBucketConfiguration={"LocationConstraint": "EU"})
    assert s3("GetBucketLocation", Bucket="w-2") == {"LocationConstraint": "EU"}
    for bad in ("nowhere", "us-east-1"):
        place = {"LocationConstraint": bad}
        refused(
            lambda place=place: s3("CreateBucket", Bucket="w-3", CreateBucketConfiguration=place),
            "InvalidLocationConstraint",
        )  # type: ignore[misc]


def test_list_buckets_in_pages_by_prefix_and_region(cloud: TestCloud, s3: Client) -> None:
    for name in ("boat-1", "boat-2", "boat-3"):
        s3("CreateBucket", Bucket=name)
    s3("CreateBucket", Bucket="boat-eu", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    cloud.client("s3", caller=OTHER)("CreateBucket", Bucket="boat-of-another")
    assert [row["Name"] for row in s3("ListBuckets")["Buckets"]] == ["boat-1", "boat-2", "boat-3", "boat-eu", "harbour"]
    first = s3("ListBuckets", Prefix="boat-", MaxBuckets=2)
    assert [row["Name"] for row in first["Buckets"]] == ["boat-1", "boat-2"] and first["Prefix"] == "boat-"
    rest = s3("ListBuckets", Prefix="boat-", MaxBuckets=2, ContinuationToken=first["ContinuationToken"])
    assert [row["Name"] for row in rest["Buckets"]] == ["boat-3", "boat-eu"] and "ContinuationToken" not in rest
    assert [row["Name"] for row in s3("ListBuckets", BucketRegion="eu-west-1")["Buckets"]] == ["boat-eu"]
    refused(lambda: s3("ListBuckets", MaxBuckets=0), "InvalidArgument")
    refused(lambda: s3("ListBuckets", MaxBuckets=10_001), "InvalidArgument")
    refused(lambda: s3("ListBuckets", ContinuationToken="?"), "InvalidArgument")


def test_only_an_empty_bucket_can_be_deleted(s3: Client) -> None:
    s3("PutObject", Bucket="harbour", Key="k", Body=b"x")
    error = refused(lambda: s3("DeleteBucket", Bucket="harbour"), "BucketNotEmpty", 409)
    assert error.message == "The bucket you tried to delete is not empty."
    s3("DeleteObject", Bucket="harbour", Key="k")
    s3("PutBucketVersioning", Bucket="harbour", VersioningConfiguration={"Status": "Enabled"})
    marker = s3("DeleteObject", Bucket="harbour", Key="k")["VersionId"]
    refused(lambda: s3("DeleteBucket", Bucket="harbour"), "BucketNotEmpty", text="You must delete all versions")
    s3("DeleteObject", Bucket="harbour", Key="k", VersionId=marker)
    s3("CreateMultipartUpload", Bucket="harbour", Key="unfinished")
    s3("DeleteBucket", Bucket="harbour")
    error = refused(lambda: s3("HeadBucket", Bucket="harbour"), "NoSuchBucket", 404)
    assert error.message == "The specified bucket does not exist" and error.members == {"BucketName": "harbour"}
    s3("CreateBucket", Bucket="harbour")
    assert "Uploads" not in s3("ListMultipartUploads", Bucket="harbour"), "nothing of the old one is left"


def test_the_owner_can_be_made_sure_of(s3: Client) -> None:
    s3("HeadBucket", Bucket="harbour", ExpectedBucketOwner="000000000000")
    refused(lambda: s3("HeadBucket", Bucket="harbour", ExpectedBucketOwner="111111111111"), "AccessDenied", 403)
    refused(lambda: s3("GetObject", Bucket="harbour", Key="k", ExpectedBucketOwner="111111111111"), "AccessDenied")


def test_versioning_is_off_until_it_is_on_and_never_off_again(s3: Client) -> None:
    assert s3("GetBucketVersioning", Bucket="harbour") == {}
    for status in ("Enabled", "Suspended"):
        s3("PutBucketVersioning", Bucket="harbour", VersioningConfiguration={"Status": status})
        assert s3("GetBucketVersioning", Bucket="harbour") == {"Status": status}
    code = "IllegalVersioningConfigurationException"
    refused(lambda: s3("PutBucketVersioning", Bucket="harbour", VersioningConfiguration={}), code, 400)
    mfa = {"Status": "Enabled", "MFADelete": "Enabled"}
    refused(lambda: s3("PutBucketVersioning", Bucket="harbour", VersioningConfiguration=mfa), "NotImplemented", 501)


def test_settings_come_back_as_they_were_put(s3: Client) -> None:
    name = "harbour"
    assert s3("GetBucketRequestPayment", Bucket=name) == {"Payer": "BucketOwner"}
    s3("PutBucketRequestPayment", Bucket=name, RequestPaymentConfiguration={"Payer": "Requester"})
    assert s3("GetBucketRequestPayment", Bucket=name) == {"Payer": "Requester"}
    assert s3("GetBucketAccelerateConfiguration", Bucket=name) == {}
    s3("PutBucketAccelerateConfiguration", Bucket=name, AccelerateConfiguration={"Status": "Enabled"})
    assert s3("GetBucketAccelerateConfiguration", Bucket=name) == {"Status": "Enabled"}
    s3("CreateBucket", Bucket="with.dots")
    put = {"Bucket": "with.dots", "AccelerateConfiguration": {"Status": "Enabled"}}
    refused(lambda: s3("PutBucketAccelerateConfiguration", **put), "InvalidRequest")
    controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
    owned = s3("GetBucketOwnershipControls", Bucket=name)["OwnershipControls"]
    assert owned == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    s3("PutBucketOwnershipControls", Bucket=name, OwnershipControls=controls)
    assert s3("GetBucketOwnershipControls", Bucket=name)["OwnershipControls"] == controls
    s3("DeleteBucketOwnershipControls", Bucket=name)
    refused(lambda: s3("GetBucketOwnershipControls", Bucket=name), "OwnershipControlsNotFoundError", 404)
    every = {"BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"}
    block = s3("GetPublicAccessBlock", Bucket=name)["PublicAccessBlockConfiguration"]
    assert block == dict.fromkeys(every, True), "new buckets block all public access"
    s3("PutPublicAccessBlock", Bucket=name, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    block = s3("GetPublicAccessBlock", Bucket=name)["PublicAccessBlockConfiguration"]
    assert block == {**dict.fromkeys(every, False), "BlockPublicAcls": True}
    s3("DeletePublicAccessBlock", Bucket=name)
    refused(lambda: s3("GetPublicAccessBlock", Bucket=name), "NoSuchPublicAccessBlockConfiguration", 404)


def test_tags_of_a_bucket(s3: Client) -> None:
    refused(lambda: s3("GetBucketTagging", Bucket="harbour"), "NoSuchTagSet", 404)
    many = [{"Key": f"k{number:02}", "Value": "v"} for number in range(51)]
    s3("PutBucketTagging", Bucket="harbour", Tagging={"TagSet": many[:50]})
    assert s3("GetBucketTagging", Bucket="harbour")["TagSet"] == many[:50]
    refused(lambda: s3("PutBucketTagging", Bucket="harbour", Tagging={"TagSet": many}), "BadRequest", 400)
    s3("DeleteBucketTagging", Bucket="harbour")
    refused(lambda: s3("GetBucketTagging", Bucket="harbour"), "NoSuchTagSet")


def test_other_operations_say_that_they_are_not_there(s3: Client) -> None:
    for operation in ("RestoreObject", "RenameObject", "CreateSession"):
        params = {"Bucket": "harbour", "Key": "k", "RenameSource": "x"}
        refused(lambda operation=operation, params=params: s3(operation, **params), "NotImplemented", 501)  # type: ignore[misc]
