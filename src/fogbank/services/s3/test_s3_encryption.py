"""Encryption: by the bucket's default, under KMS, with the client's own key."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from fogbank.control import caller as callers
from fogbank.services.s3.test_s3_buckets import Client, refused
from fogbank.services.s3.test_s3_objects import BIG, read
from fogbank.testing import TestCloud

BUCKET = "harbour"
KEY = bytes(range(32))
CUSTOMER = {
    "SSECustomerAlgorithm": "AES256",
    "SSECustomerKey": base64.b64encode(KEY).decode(),
    "SSECustomerKeyMD5": base64.b64encode(hashlib.md5(KEY).digest()).decode(),
}


@pytest.fixture
def s3(cloud: TestCloud) -> Client:
    client = cloud.client("s3")
    client("CreateBucket", Bucket=BUCKET)
    return client


@pytest.fixture
def at(s3: Client) -> Client:
    return lambda operation, **params: s3(operation, Bucket=BUCKET, **params)


@pytest.fixture
def key(cloud: TestCloud) -> str:
    found: str = cloud.call("kms", "CreateKey", {})["KeyMetadata"]["Arn"]
    return found


def bytes_at_rest(cloud: TestCloud) -> bytes:
    """Everything that lies in the state folder."""
    cloud.cloud.store.flush()
    return b"".join(path.read_bytes() for path in cloud.cloud.folder.rglob("*") if path.is_file())


def test_the_default_is_sse_s3(at: Client, key: str) -> None:
    rule = at("GetBucketEncryption")["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert at("PutObject", Key="k", Body=b"x")["ServerSideEncryption"] == "AES256"
    by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default, "BucketKeyEnabled": True}]}
    at("PutBucketEncryption", ServerSideEncryptionConfiguration=rules)
    assert at("GetBucketEncryption")["ServerSideEncryptionConfiguration"] == rules
    answer = at("PutObject", Key="k", Body=b"x")
    assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"], answer["BucketKeyEnabled"]) == ("aws:kms", key, True)
    context = json.loads(base64.b64decode(answer["SSEKMSEncryptionContext"]))
    assert context == {"aws:s3:arn": f"arn:aws:s3:::{BUCKET}"}, "a bucket key is bound to the bucket"
    assert at("PutObject", Key="k", Body=b"x", ServerSideEncryption="AES256")["ServerSideEncryption"] == "AES256"
    at("DeleteBucketEncryption")
    assert at("PutObject", Key="k", Body=b"x")["ServerSideEncryption"] == "AES256"
    bad = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256", "KMSMasterKeyID": key}}]}
    refused(lambda: at("PutBucketEncryption", ServerSideEncryptionConfiguration=bad), "InvalidArgument", 400)
    refused(lambda: at("PutBucketEncryption", ServerSideEncryptionConfiguration={"Rules": []}), "MalformedXML", 400)


@pytest.mark.parametrize("body", [b"SECRET-TIDE" * 100, b"SECRET-TIDE" * 10_000], ids=["row", "file"])
def test_kms_encrypts_what_lies_there(cloud: TestCloud, at: Client, body: bytes) -> None:
    answer = at("PutObject", Key="k", Body=body, ServerSideEncryption="aws:kms")
    assert b"SECRET-TIDE" not in bytes_at_rest(cloud)
    assert answer["SSEKMSKeyId"].startswith("arn:aws:kms:us-east-1:000000000000:key/")
    assert answer["ETag"].strip('"') != hashlib.md5(body).hexdigest(), "under KMS an ETag is no MD5"
    assert read(cloud, at("GetObject", Key="k")) == body
    for start, end in ((0, 1), (5, 21), (16, 33), (1000, 1099)):
        assert read(cloud, at("GetObject", Key="k", Range=f"bytes={start}-{end - 1}")) == body[start:end]
    at("PutObject", Key="open", Body=body)
    assert b"SECRET-TIDE" in bytes_at_rest(cloud), "SSE-S3 leaves the bytes as they are"


def test_a_key_that_is_off_or_gone(cloud: TestCloud, at: Client, key: str) -> None:
    at("PutObject", Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    cloud.call("kms", "DisableKey", {"KeyId": key})
    refused(lambda: at("GetObject", Key="k"), "KMS.DisabledException", 400)
    put = {"Key": "k2", "ServerSideEncryption": "aws:kms"}
    refused(lambda: at("PutObject", **put, SSEKMSKeyId=key), "KMS.DisabledException", 400)
    missing = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"
    refused(lambda: at("PutObject", **put, SSEKMSKeyId=missing), "KMS.NotFoundException", 400)
    assert at("HeadObject", Key="k")["SSEKMSKeyId"] == key, "a head needs no key"
    cloud.call("kms", "EnableKey", {"KeyId": key})
    assert at("GetObject", Key="k")["Body"] == b"x"


def test_kms_asks_the_caller(cloud: TestCloud, at: Client, key: str) -> None:
    at("PutObject", Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    cloud.call("iam", "CreateUser", {"UserName": "ann"})
    allow = [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]

    def grant(statements: list[dict[str, Any]]) -> Client:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        cloud.call("iam", "PutUserPolicy", {"UserName": "ann", "PolicyName": "p", "PolicyDocument": document})
        made = cloud.call("iam", "CreateAccessKey", {"UserName": "ann"})["AccessKey"]
        found = cloud.cloud.credential(made["AccessKeyId"], None)
        assert found is not None
        cloud.call("iam", "DeleteAccessKey", {"UserName": "ann", "AccessKeyId": made["AccessKeyId"]})
        return cloud.client("s3", caller=found.caller)

    ann = grant(allow)
    error = refused(lambda: ann("GetObject", Bucket=BUCKET, Key="k"), "AccessDenied", 403)
    assert "is not authorized to perform: kms:Decrypt on" in error.message
    put = {"Bucket": BUCKET, "Key": "k", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    error = refused(lambda: ann("PutObject", **put), "AccessDenied", 403)
    assert "kms:GenerateDataKey" in error.message
    condition = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{BUCKET}/k"}}
    ann = grant([*allow, {"Effect": "Allow", "Action": "kms:*", "Resource": key, "Condition": condition}])
    assert ann("GetObject", Bucket=BUCKET, Key="k")["Body"] == b"x"
    ann("PutObject", **put)
    refused(lambda: ann("PutObject", **{**put, "Key": "other"}), "AccessDenied", 403)


def test_how_encryption_may_be_asked_for(at: Client, key: str) -> None:
    for bad in (
        {"ServerSideEncryption": "ROT13"},
        {"ServerSideEncryption": "AES256", "SSEKMSKeyId": key},
        {"SSEKMSKeyId": key},
        {"ServerSideEncryption": "aws:kms", "SSEKMSEncryptionContext": "not base64"},
        {**CUSTOMER, "ServerSideEncryption": "AES256"},
        {**CUSTOMER, "SSECustomerKeyMD5": "wrong"},
        {**CUSTOMER, "SSECustomerKey": "c2hvcnQ="},
        {"SSECustomerAlgorithm": "AES256"},
        {"SSECustomerKey": CUSTOMER["SSECustomerKey"]},
    ):
        refused(lambda bad=bad: at("PutObject", Key="k", **bad), "InvalidArgument", 400)  # type: ignore[misc]
    des = {**CUSTOMER, "SSECustomerAlgorithm": "DES"}
    refused(lambda: at("PutObject", Key="k", **des), "InvalidEncryptionAlgorithmError", 400)
    refused(lambda: at("PutObject", Key="k", ServerSideEncryption="aws:kms:dsse"), "NotImplemented", 501)


@pytest.mark.parametrize("body", [b"SECRET-TIDE" * 100, b"SECRET-TIDE" * 10_000], ids=["row", "file"])
def test_a_clients_key_is_needed_to_read(cloud: TestCloud, at: Client, body: bytes) -> None:
    answer = at("PutObject", Key="k", Body=body, **CUSTOMER)
    assert answer["SSECustomerKeyMD5"] == CUSTOMER["SSECustomerKeyMD5"] and "ServerSideEncryption" not in answer
    stored = bytes_at_rest(cloud)
    assert b"SECRET-TIDE" not in stored and KEY not in stored, "neither the bytes nor the key are kept"
    for operation in ("GetObject", "HeadObject"):
        refused(lambda operation=operation: at(operation, Key="k"), "InvalidRequest", 400)  # type: ignore[misc]
        other = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": base64.b64encode(bytes(32)).decode()}
        refused(lambda operation=operation, other=other: at(operation, Key="k", **other), "AccessDenied", 403)  # type: ignore[misc]
        at(operation, Key="k", **CUSTOMER)
    assert read(cloud, at("GetObject", Key="k", **CUSTOMER)) == body
    assert read(cloud, at("GetObject", Key="k", Range="bytes=-11", **CUSTOMER)) == b"SECRET-TIDE"
    source = {f"CopySource{name}": value for name, value in CUSTOMER.items()}
    refused(lambda: at("CopyObject", Key="c", CopySource=f"{BUCKET}/k"), "InvalidRequest")
    at("CopyObject", Key="c", CopySource=f"{BUCKET}/k", **source)
    assert read(cloud, at("GetObject", Key="c")) == body
    at("PutObject", Key="open", Body=b"x")
    refused(lambda: at("GetObject", Key="open", **CUSTOMER), "InvalidRequest", 400)


def test_kinds_of_encryption_can_be_blocked(at: Client) -> None:
    rules = {
        "Rules": [
            {
                "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
            }
        ]
    }
    at("PutBucketEncryption", ServerSideEncryptionConfiguration=rules)
    refused(lambda: at("PutObject", Key="k", **CUSTOMER), "AccessDenied", 403)


@pytest.mark.parametrize("how", [{"ServerSideEncryption": "aws:kms"}, CUSTOMER], ids=["kms", "customer"])
def test_parts_are_encrypted_too(cloud: TestCloud, at: Client, how: dict[str, str]) -> None:
    upload = at("CreateMultipartUpload", Key="k", **how)["UploadId"]
    keys = how if "SSECustomerKey" in how else {}
    parts = []
    bodies = [BIG * 21, b"SECRET-TIDE" * 3]
    for number, body in enumerate(bodies, 1):
        if keys:
            asked = {"Key": "k", "UploadId": upload, "PartNumber": number, "Body": body}
            refused(lambda asked=asked: at("UploadPart", **asked), "InvalidRequest", 400)  # type: ignore[misc]
        answer = at("UploadPart", Key="k", UploadId=upload, PartNumber=number, Body=body, **keys)
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    at("CompleteMultipartUpload", Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
    stored = bytes_at_rest(cloud)
    assert b"SECRET-TIDE" not in stored and bytes(range(256)) not in stored
    assert read(cloud, at("GetObject", Key="k", **keys)) == b"".join(bodies)
    size = len(bodies[0])
    found = at("GetObject", Key="k", Range=f"bytes={size - 5}-{size + 4}", **keys)
    assert read(cloud, found) == bodies[0][-5:] + b"SECRE"


def test_strangers_cannot_use_kms(cloud: TestCloud, s3: Client, at: Client) -> None:
    at("PutObject", Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    at("DeletePublicAccessBlock")
    policy = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    at("PutBucketPolicy", Policy=json.dumps({"Version": "2012-10-17", "Statement": [policy]}))
    nobody = cloud.client("s3", caller=callers.anonymous())
    error = refused(lambda: nobody("GetObject", Bucket=BUCKET, Key="k"), "InvalidArgument", 400)
    assert "AWS Signature Version 4" in error.message
