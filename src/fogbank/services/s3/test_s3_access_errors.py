"""Every operation on a bucket that is not there, or for one who may not."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.control import caller as callers
from fogbank.control.caller import Caller
from fogbank.model.load import load
from fogbank.services.s3 import acls
from fogbank.testing import START, TestCloud

ACCOUNT, OTHER = "000000000000", "111111111111"
B, LOCKED, ACLS, FULL, PAID = "harbour", "locked-harbour", "listed-harbour", "full-harbour", "paid-harbour"
NOBODY, STRANGER = callers.anonymous(), callers.root(OTHER)
NO_BUCKET = "The specified bucket does not exist"
BY_CUSTOMER = {
    "SSECustomerAlgorithm": "AES256",
    "SSECustomerKey": base64.b64encode(b"k" * 32).decode(),
    "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(b"k" * 32).digest()).decode(),
}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/copier"
# What each operation must have besides its bucket to be refused for the bucket alone.
MINIMAL: dict[str, dict[str, Any]] = {
    "AbortMultipartUpload": {"Key": "k", "UploadId": "u"},
    "CompleteMultipartUpload": {"Key": "k", "UploadId": "u"},
    "CopyObject": {"Key": "copy", "CopySource": f"{B}/k"},
    "CreateMultipartUpload": {"Key": "k"},
    "DeleteBucket": {},
    "DeleteBucketCors": {},
    "DeleteBucketEncryption": {},
    "DeleteBucketLifecycle": {},
    "DeleteBucketOwnershipControls": {},
    "DeleteBucketPolicy": {},
    "DeleteBucketReplication": {},
    "DeleteBucketTagging": {},
    "DeleteBucketWebsite": {},
    "DeleteObject": {"Key": "k"},
    "DeleteObjectTagging": {"Key": "k"},
    "DeletePublicAccessBlock": {},
    "GetBucketAccelerateConfiguration": {},
    "GetBucketAcl": {},
    "GetBucketCors": {},
    "GetBucketEncryption": {},
    "GetBucketLifecycleConfiguration": {},
    "GetBucketLocation": {},
    "GetBucketLogging": {},
    "GetBucketNotificationConfiguration": {},
    "GetBucketOwnershipControls": {},
    "GetBucketPolicy": {},
    "GetBucketPolicyStatus": {},
    "GetBucketReplication": {},
    "GetBucketRequestPayment": {},
    "GetBucketTagging": {},
    "GetBucketVersioning": {},
    "GetBucketWebsite": {},
    "GetObject": {"Key": "k"},
    "GetObjectAcl": {"Key": "k"},
    "GetObjectAttributes": {"Key": "k", "ObjectAttributes": ["ETag"]},
    "GetObjectLegalHold": {"Key": "k"},
    "GetObjectLockConfiguration": {},
    "GetObjectRetention": {"Key": "k"},
    "GetObjectTagging": {"Key": "k"},
    "GetPublicAccessBlock": {},
    "HeadBucket": {},
    "HeadObject": {"Key": "k"},
    "ListMultipartUploads": {},
    "ListObjectVersions": {},
    "ListObjects": {},
    "ListObjectsV2": {},
    "ListParts": {"Key": "k", "UploadId": "u"},
    "PutBucketAccelerateConfiguration": {"AccelerateConfiguration": {"Status": "Enabled"}},
    "PutBucketAcl": {"ACL": "private"},
    "PutBucketCors": {"CORSConfiguration": {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}},
    "PutBucketEncryption": {
        "ServerSideEncryptionConfiguration": {
            "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        }
    },
    "PutBucketLifecycleConfiguration": {
        "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "Prefix": "", "Expiration": {"Days": 1}}]}
    },
    "PutBucketLogging": {"BucketLoggingStatus": {}},
    "PutBucketNotificationConfiguration": {"NotificationConfiguration": {}},
    "PutBucketOwnershipControls": {"OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
    "PutBucketPolicy": {"Policy": "{}"},
    "PutBucketReplication": {"ReplicationConfiguration": {"Role": ROLE, "Rules": []}},
    "PutBucketRequestPayment": {"RequestPaymentConfiguration": {"Payer": "BucketOwner"}},
    "PutBucketTagging": {"Tagging": {"TagSet": []}},
    "PutBucketVersioning": {"VersioningConfiguration": {"Status": "Enabled"}},
    "PutBucketWebsite": {"WebsiteConfiguration": {"IndexDocument": {"Suffix": "i"}}},
    "PutObject": {"Key": "k"},
    "PutObjectAcl": {"Key": "k", "ACL": "private"},
    "PutObjectLegalHold": {"Key": "k", "LegalHold": {"Status": "ON"}},
    "PutObjectLockConfiguration": {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}},
    "PutObjectRetention": {"Key": "k", "Retention": {}},
    "PutObjectTagging": {"Key": "k", "Tagging": {"TagSet": []}},
    "PutPublicAccessBlock": {"PublicAccessBlockConfiguration": {}},
    "UploadPart": {"Key": "k", "UploadId": "u", "PartNumber": 1},
    "UploadPartCopy": {"Key": "k", "UploadId": "u", "PartNumber": 1, "CopySource": f"{B}/k"},
}
# Refused object by object, and not as a whole.
EACH_BY_ITSELF = {"DeleteObjects"}
# They name no bucket that is there.
OF_NO_BUCKET = {"CreateBucket", "ListBuckets"}


class Prepared:
    """A cloud with all that the cases need, and what they call it."""

    def __init__(self) -> None:
        self.cloud = TestCloud()
        self.names: dict[str, str] = {}
        s3 = self.s3 = self.cloud.client("s3")
        for name in (B, FULL, PAID, "dotted.harbour", "granted-harbour"):
            s3("CreateBucket", Bucket=name, ObjectOwnership="BucketOwnerEnforced")
        s3("CreateBucket", Bucket=ACLS, ObjectOwnership="ObjectWriter")
        s3("CreateBucket", Bucket="west-harbour", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.cloud.call("s3", "CreateBucket", {"Bucket": "others-harbour"}, caller=STRANGER)
        s3("CreateBucket", Bucket=LOCKED, ObjectLockEnabledForBucket=True)
        s3("DeletePublicAccessBlock", Bucket=FULL)
        s3("DeleteBucketOwnershipControls", Bucket=FULL)
        controls = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
        s3("PutBucketOwnershipControls", Bucket="granted-harbour", OwnershipControls=controls)
        s3("PutBucketAcl", Bucket="granted-harbour", GrantRead=f"id={acls.canonical_id(OTHER)}")
        s3("PutBucketRequestPayment", Bucket=PAID, RequestPaymentConfiguration={"Payer": "Requester"})
        for name in (B, ACLS):
            s3("PutObject", Bucket=name, Key="k", Body=b"tide")
        s3("PutObject", Bucket=B, Key="cold", Body=b"tide", StorageClass="GLACIER")
        s3("PutObject", Bucket=B, Key="sealed", Body=b"tide", **BY_CUSTOMER)
        self._lock()
        self._keys()
        up = {"Bucket": B, "Key": "up", "UploadId": s3("CreateMultipartUpload", Bucket=B, Key="up")["UploadId"]}
        self.names["up"] = up["UploadId"]
        for number, name in enumerate(("one", "two"), 1):
            self.names[name] = s3("UploadPart", **up, PartNumber=number, Body=b"x")["ETag"]

    def _lock(self) -> None:
        s3 = self.s3
        until = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": START + 86_400}
        gone = s3("PutObject", Bucket=LOCKED, Key="k", Body=b"tide")["VersionId"]
        s3("DeleteObject", Bucket=LOCKED, Key="k", VersionId=gone)
        marker = s3("DeleteObject", Bucket=LOCKED, Key="k")["VersionId"]
        held = s3("PutObject", Bucket=LOCKED, Key="k", Body=b"tide", **until)["VersionId"]
        s3("PutObject", Bucket=LOCKED, Key="free", Body=b"tide")
        self.names |= {"gone": gone, "marker": marker, "held": held}

    def _keys(self) -> None:
        kms = self.cloud.client("kms")
        made = {name: kms("CreateKey")["KeyMetadata"]["KeyId"] for name in ("off", "dying")}
        made["signing"] = kms("CreateKey", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        for name, key in made.items():
            kms("CreateAlias", AliasName=f"alias/{name}", TargetKeyId=key)
        kms("DisableKey", KeyId=made["off"])
        kms("ScheduleKeyDeletion", KeyId=made["dying"])

    def call(self, operation: str, params: Mapping[str, Any], caller: Caller | None = None) -> dict[str, Any]:
        given = self._named({name: value for name, value in params.items() if name != "_region"})
        return self.cloud.call("s3", operation, given, caller=caller, region=params.get("_region", ""))

    def _named(self, value: Any) -> Any:
        """Parameters with the ids that were made for `up`, `marker`, …"""
        if isinstance(value, dict):
            found = {name: self._named(one) for name, one in value.items() if name not in ("VersionId", "UploadId")}
            more = {
                name: self.names.get(value[name], value[name]) for name in ("VersionId", "UploadId") if name in value
            }
            if found.get("ETag") in ("one", "two"):
                found["ETag"] = self.names[found["ETag"]]
            if "CopySource" in found:
                found["CopySource"] = found["CopySource"].replace("=marker", f"={self.names['marker']}")
            return found | more
        return [self._named(one) for one in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def prepared() -> Iterator[Prepared]:
    found = Prepared()
    yield found
    found.cloud.close()


def refusal(prepared: Prepared, operation: str, params: Mapping[str, Any], caller: Caller | None = None) -> AwsError:
    with pytest.raises(AwsError) as caught:
        prepared.call(operation, params, caller)
    return caught.value


def status_of(operation: str, error: AwsError) -> int:
    """As the wire has it."""
    return codec_for("s3", "rest-xml", operation).write_error(error, "r").status


@pytest.mark.parametrize("operation", sorted(MINIMAL))
def test_a_bucket_that_is_not_there(prepared: Prepared, operation: str) -> None:
    error = refusal(prepared, operation, {"Bucket": "no-bucket", **MINIMAL[operation]})
    assert (error.code, status_of(operation, error), error.message) == ("NoSuchBucket", 404, NO_BUCKET)
    assert error.members == {"BucketName": "no-bucket"}


@pytest.mark.parametrize("operation", sorted(MINIMAL))
@pytest.mark.parametrize("who", ["nobody", "a stranger", "another owner expected", "a stranger who does not pay"])
def test_who_may_not(prepared: Prepared, operation: str, who: str) -> None:
    more = {"ExpectedBucketOwner": OTHER} if who.startswith("another") else {}
    if more and "ExpectedBucketOwner" not in load("s3").members(load("s3").operation(operation).input):
        pytest.skip("the operation takes no expected owner")
    caller = {"nobody": NOBODY, "another owner expected": None}.get(who, STRANGER)
    name = PAID if who.endswith("pay") else B
    error = refusal(prepared, operation, {"Bucket": name, **MINIMAL[operation], **more}, caller)
    assert (error.code, status_of(operation, error)) == ("AccessDenied", 403), error


def test_who_may_not_know_a_bucket_learns_its_region(prepared: Prepared) -> None:
    for caller in (NOBODY, STRANGER):
        assert refusal(prepared, "HeadBucket", {"Bucket": "west-harbour"}, caller).headers == {
            "x-amz-bucket-region": "eu-west-1"
        }
