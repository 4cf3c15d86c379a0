"""Replication: copies in other buckets, regions and accounts, made as the role that the bucket names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.services.s3 import acls
from fogbank.testing import TestCloud

ACCOUNT, OTHER = "000000000000", "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/copier"
SOURCE_ACTIONS = [
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:GetObjectVersionForReplication",
    "s3:GetObjectVersionAcl",
    "s3:GetObjectVersionTagging",
    "s3:GetObjectRetention",
    "s3:GetObjectLegalHold",
]
TARGET_ACTIONS = ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags", "s3:ObjectOwnerOverrideToBucketOwner"]
SENSITIVE = [*SOURCE_ACTIONS, *TARGET_ACTIONS, "kms:Decrypt", "kms:Encrypt"]


class Pair:
    """A bucket `near` in us-east-1 that replicates to `far` in eu-west-1, and the role that may do it."""

    def __init__(self, cloud: TestCloud) -> None:
        self.cloud = cloud
        self.s3 = cloud.client("s3")
        trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        cloud.call("iam", "CreateRole", {"RoleName": "copier", "AssumeRolePolicyDocument": document})
        self.allow(SENSITIVE)
        self.bucket("near")
        self.bucket("far", "eu-west-1")

    def bucket(self, name: str, region: str = "us-east-1", account: str = ACCOUNT, **more: Any) -> None:
        caller = callers.root(account)
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        self.cloud.call("s3", "CreateBucket", {"Bucket": name, **place, **more}, caller=caller, region=region)
        asked = {"Bucket": name, "VersioningConfiguration": {"Status": "Enabled"}}
        self.cloud.call("s3", "PutBucketVersioning", asked, caller=caller)

    def allow(self, actions: list[str]) -> None:
        statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.cloud.call("iam", "PutRolePolicy", {"RoleName": "copier", "PolicyName": "p", "PolicyDocument": document})

    def rules(self, *rules: dict[str, Any], bucket: str = "near") -> None:
        given = [{**rule(), **one, "Priority": place} for place, one in enumerate(rules)]
        self.s3("PutBucketReplication", Bucket=bucket, ReplicationConfiguration={"Role": ROLE, "Rules": given})

    def put(self, key: str = "k", body: bytes = b"x", **more: Any) -> str:
        version: str = self.s3("PutObject", Bucket="near", Key=key, Body=body, **more)["VersionId"]
        return version

    def settle(self) -> None:
        self.cloud.run(self.cloud.cloud.settled())

    def status(self, key: str = "k", bucket: str = "near", **more: Any) -> str | None:
        self.settle()
        found: str | None = self.s3("HeadObject", Bucket=bucket, Key=key, **more).get("ReplicationStatus")
        return found

    def copy(self, key: str = "k", bucket: str = "far", **more: Any) -> dict[str, Any]:
        self.settle()
        return self.s3("GetObject", Bucket=bucket, Key=key, **more)

    def keys(self, bucket: str = "far") -> list[str]:
        self.settle()
        return [one["Key"] for one in self.s3("ListObjectsV2", Bucket=bucket).get("Contents", [])]

    def markers(self, bucket: str = "far") -> list[str]:
        self.settle()
        return [one["VersionId"] for one in self.s3("ListObjectVersions", Bucket=bucket).get("DeleteMarkers", [])]


def rule(**more: Any) -> dict[str, Any]:
    return {
        "ID": f"r-{json.dumps(more, sort_keys=True)[:40]}",
        "Status": "Enabled",
        "Filter": {},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Priority": 0,
        "Destination": {"Bucket": "arn:aws:s3:::far"},
        **more,
    }


@pytest.fixture
def pair(cloud: TestCloud) -> Pair:
    return Pair(cloud)


def bytes_of(answer: dict[str, Any], cloud: TestCloud) -> bytes:
    body = answer["Body"]
    if isinstance(body, bytes):
        return body

    async def gather() -> bytes:
        return b"".join([piece async for piece in body])

    found: bytes = cloud.run(gather())
    return found


def test_an_object_is_copied_with_all_that_it_has(pair: Pair) -> None:
    pair.rules(rule())
    version = pair.put(Metadata={"a": "b"}, ContentType="text/x", Tagging="team=blue", StorageClass="STANDARD_IA")
    found = pair.copy()
    assert found["Body"] == b"x" and found["VersionId"] == version, "under the same version"
    assert (found["Metadata"], found["ContentType"], found["TagCount"]) == ({"a": "b"}, "text/x", 1)
    assert (found["StorageClass"], found["ReplicationStatus"]) == ("STANDARD_IA", "REPLICA")
    assert pair.status() == "COMPLETED"
    near = pair.s3("HeadObject", Bucket="near", Key="k")
    assert (near["ETag"], near["LastModified"]) == (found["ETag"], found["LastModified"])


def test_a_large_body_is_linked_and_each_is_deleted_by_itself(pair: Pair, cloud: TestCloud) -> None:
    pair.rules(rule())
    body = bytes(range(256)) * 4096
    version = pair.put(body=body)
    assert bytes_of(pair.copy(), cloud) == body
    first, second = (cloud.cloud.store.blobs.path(name) for name in cloud.cloud.store.blobs.names())
    assert first.stat().st_ino == second.stat().st_ino, "the same bytes on disk"
    pair.s3("DeleteObject", Bucket="near", Key="k", VersionId=version)
    assert bytes_of(pair.copy(), cloud) == body


def test_an_upload_in_parts_is_copied_whole(pair: Pair, cloud: TestCloud) -> None:
    pair.rules(rule())
    named = {"Bucket": "near", "Key": "k"}
    upload = pair.s3("CreateMultipartUpload", **named)["UploadId"]
    parts = []
    for number, body in ((1, b"a" * 5 * 1024 * 1024), (2, b"b")):
        made = pair.s3("UploadPart", **named, UploadId=upload, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": made["ETag"]})
    pair.s3("CompleteMultipartUpload", **named, UploadId=upload, MultipartUpload={"Parts": parts})
    assert bytes_of(pair.copy(PartNumber=2), cloud) == b"b"
    assert pair.copy()["ETag"].endswith('-2"')


def test_what_was_there_before_the_rules_stays_alone(pair: Pair) -> None:
    pair.put("old")
    pair.rules(rule())
    pair.put("new")
    pair.s3("PutObjectTagging", Bucket="near", Key="old", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert pair.keys() == ["new"] and pair.status("old") is None
    pair.s3("DeleteBucketReplication", Bucket="near")
    pair.put("newer")
    assert pair.keys() == ["new"]


def test_filters_and_priorities(pair: Pair) -> None:
    colder = {"Bucket": "arn:aws:s3:::far", "StorageClass": "GLACIER_IR"}
    pair.rules(
        rule(ID="off", Filter={"Prefix": "skip/"}, Status="Disabled"),
        rule(ID="logs", Filter={"Prefix": "logs/"}, Destination=colder),
        rule(ID="tag", Filter={"And": {"Prefix": "logs/", "Tags": [{"Key": "hot", "Value": "1"}]}}),
    )
    pair.put("logs/cold")
    pair.put("logs/hot", Tagging="hot=1")
    pair.put("skip/a")
    pair.put("other")
    assert pair.keys() == ["logs/cold", "logs/hot"]
    assert pair.copy("logs/cold")["StorageClass"] == "GLACIER_IR"
    assert "StorageClass" not in pair.copy("logs/hot"), "the rule with the higher priority"
    assert pair.status("other") is None


def test_two_destinations_and_no_chains(pair: Pair) -> None:
    pair.bucket("third")
    there = rule(ID="b", Destination={"Bucket": "arn:aws:s3:::third"})
    pair.rules(rule(ID="a"), there)
    pair.rules(rule(ID="c", Destination={"Bucket": "arn:aws:s3:::near"}), bucket="far")
    version = pair.put()
    assert pair.copy(bucket="third")["VersionId"] == pair.copy()["VersionId"] == version
    assert pair.status() == "COMPLETED" and pair.status(bucket="far") == "REPLICA"
    assert len(pair.s3("ListObjectVersions", Bucket="near")["Versions"]) == 1, "nothing comes back"


def test_both_ways_with_versions_that_lie_in_one_place(pair: Pair) -> None:
    pair.rules(rule(ID="a"))
    pair.rules(rule(ID="b", Destination={"Bucket": "arn:aws:s3:::near"}), bucket="far")
    here = pair.put(body=b"here")
    there = pair.s3("PutObject", Bucket="far", Key="k", Body=b"there")["VersionId"]
    pair.settle()
    for bucket in ("near", "far"):
        assert pair.copy(bucket=bucket, VersionId=here)["Body"] == b"here"
        assert pair.copy(bucket=bucket, VersionId=there)["Body"] == b"there"
        assert {one["VersionId"] for one in pair.s3("ListObjectVersions", Bucket=bucket)["Versions"]} == {here, there}
    pair.put(body=b"later")
    assert pair.copy(VersionId=here)["Body"] == b"here", "an older version keeps its id"
    for version in (here, there):
        pair.s3("DeleteObject", Bucket="near", Key="k", VersionId=version)
        with pytest.raises(AwsError, match="NoSuchVersion"):
            pair.s3("GetObject", Bucket="near", Key="k", VersionId=version)
    assert pair.copy(bucket="near")["Body"] == b"later"


def test_delete_markers_are_copied_if_asked_and_deletes_never(pair: Pair) -> None:
    pair.rules(rule())
    version = pair.put()
    pair.s3("DeleteObject", Bucket="near", Key="k")
    assert pair.keys() == ["k"] and pair.markers() == []
    pair.rules(rule(DeleteMarkerReplication={"Status": "Enabled"}))
    second = pair.put()
    marker = pair.s3("DeleteObject", Bucket="near", Key="k")["VersionId"]
    assert pair.markers() == [marker] and pair.keys() == []
    pair.s3("DeleteObject", Bucket="near", Key="k", VersionId=marker)
    pair.s3("DeleteObject", Bucket="near", Key="k", VersionId=second)
    pair.s3("DeleteObject", Bucket="near", Key="k", VersionId=version)
    assert pair.markers() == [marker], "a version that goes for good goes in one place"
    assert pair.copy(VersionId=version)["Body"] == b"x"


def test_the_first_version_of_the_schema_copies_markers(pair: Pair) -> None:
    old = {"ID": "v1", "Prefix": "a/", "Status": "Enabled", "Destination": {"Bucket": "arn:aws:s3:::far"}}
    pair.s3("PutBucketReplication", Bucket="near", ReplicationConfiguration={"Role": ROLE, "Rules": [old]})
    pair.put("a/k")
    pair.put("b/k")
    marker = pair.s3("DeleteObject", Bucket="near", Key="a/k")["VersionId"]
    assert pair.markers() == [marker]
    assert pair.s3("GetBucketReplication", Bucket="near")["ReplicationConfiguration"] == {"Role": ROLE, "Rules": [old]}


def test_tags_follow_and_a_replicas_own_do_if_asked(pair: Pair) -> None:
    def tag(bucket: str, value: str) -> None:
        tagging = {"TagSet": [{"Key": "a", "Value": value}]}
        pair.s3("PutObjectTagging", Bucket=bucket, Key="k", Tagging=tagging)
        pair.settle()

    def tagged(bucket: str) -> str:
        found: str = pair.s3("GetObjectTagging", Bucket=bucket, Key="k")["TagSet"][0]["Value"]
        return found

    back = {"Destination": {"Bucket": "arn:aws:s3:::near"}}
    pair.rules(rule(ID="a"))
    pair.rules(rule(ID="b", **back), bucket="far")
    pair.put()
    pair.settle()
    tag("near", "1")
    assert tagged("far") == "1" and pair.status() == "COMPLETED"
    tag("far", "2")
    assert tagged("near") == "1"
    sync = {"ReplicaModifications": {"Status": "Enabled"}}
    pair.rules(rule(ID="b", SourceSelectionCriteria=sync, **back), bucket="far")
    tag("far", "3")
    assert tagged("near") == "3"


@pytest.mark.parametrize("missing", ["s3:GetObjectVersionForReplication", "s3:ReplicateObject",
                                     "s3:GetReplicationConfiguration", "s3:GetObjectVersionAcl"])  # fmt: skip
def test_a_role_without_the_right_fails_and_says_so(pair: Pair, cloud: TestCloud, missing: str) -> None:
    queue = cloud.call("sqs", "CreateQueue", {"QueueName": "q"})["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
    may = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    cloud.call("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": {"Policy": policy}})
    told = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:Replication:OperationFailedReplication"]}]}
    pair.s3("PutBucketNotificationConfiguration", Bucket="near", NotificationConfiguration=told)
    cloud.call("sqs", "PurgeQueue", {"QueueUrl": queue})
    pair.allow([action for action in SENSITIVE if action != missing])
    pair.rules(rule(ID="r"))
    pair.put()
    assert pair.status() == "FAILED" and pair.keys() == []
    found = cloud.call("sqs", "ReceiveMessage", {"QueueUrl": queue})["Messages"]
    record = json.loads(found[0]["Body"])["Records"][0]
    assert record["eventName"] == "Replication:OperationFailedReplication"
    assert record["replicationEventData"]["replicationRuleId"] == "r"
    assert record["replicationEventData"]["failureReason"] == "AccessDenied"


def test_without_the_right_to_tags_or_markers(pair: Pair) -> None:
    pair.allow([action for action in SENSITIVE if action not in ("s3:ReplicateTags", "s3:ReplicateDelete")])
    pair.rules(rule(DeleteMarkerReplication={"Status": "Enabled"}))
    pair.put(Tagging="a=b")
    assert "TagCount" not in pair.copy(), "it goes without its tags"
    pair.s3("DeleteObject", Bucket="near", Key="k")
    assert pair.markers() == [] and pair.keys() == ["k"]


def test_a_role_that_s3_may_not_be_and_a_bucket_that_is_gone(pair: Pair, cloud: TestCloud) -> None:
    pair.rules(rule())
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    cloud.call("iam", "UpdateAssumeRolePolicy", {"RoleName": "copier", "PolicyDocument": document})
    pair.put()
    assert pair.status() == "FAILED" and pair.keys() == []
    cloud.call("iam", "UpdateAssumeRolePolicy", {"RoleName": "copier", "PolicyDocument": document.replace("ec2", "s3")})
    pair.s3("PutBucketVersioning", Bucket="far", VersioningConfiguration={"Status": "Suspended"})
    pair.put("unversioned")
    assert pair.status("unversioned") == "FAILED"
    pair.s3("DeleteBucket", Bucket="far")
    pair.put("gone")
    assert pair.status("gone") == "FAILED"


def test_a_fault_of_the_moment_is_tried_again_in_order(pair: Pair, cloud: TestCloud) -> None:
    pair.rules(rule(SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}},
                    Destination=kms_destination(pair)))  # fmt: skip
    cloud.cloud.dispatch.faults.add(fault("kms", "Encrypt", cloud.clock.now() + 60))
    pair.put(body=b"1", ServerSideEncryption="aws:kms")
    second = pair.put(body=b"2")
    assert pair.status() == "PENDING" and pair.keys() == [], "what is newer waits for what is older"
    cloud.advance(300)
    assert pair.status() == "COMPLETED"
    assert pair.copy()["VersionId"] == second and len(pair.s3("ListObjectVersions", Bucket="far")["Versions"]) == 2


def fault(service: str, operation: str, until: float) -> Any:
    from fogbank.control.fault import Fault

    return Fault(id="f", service=service, operation=operation, error="InternalFailure", status=500, ends_at=until)


def kms_destination(pair: Pair) -> dict[str, Any]:
    made = pair.cloud.call("kms", "CreateKey", {}, region="eu-west-1")["KeyMetadata"]["Arn"]
    return {"Bucket": "arn:aws:s3:::far", "EncryptionConfiguration": {"ReplicaKmsKeyID": made}}


def test_kms_is_copied_only_if_asked_under_the_destinations_key(pair: Pair) -> None:
    pair.rules(rule())
    pair.put("secret", ServerSideEncryption="aws:kms")
    assert pair.keys() == [] and pair.status("secret") is None
    target = kms_destination(pair)
    selected = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
    pair.rules(rule(SourceSelectionCriteria=selected, Destination=target))
    pair.put("secret", b"x" * 30, ServerSideEncryption="aws:kms")
    found = pair.copy("secret")
    assert found["Body"] == b"x" * 30
    assert found["SSEKMSKeyId"] == target["EncryptionConfiguration"]["ReplicaKmsKeyID"]
    pair.allow([action for action in SENSITIVE if action != "kms:Encrypt"])
    pair.put("other", ServerSideEncryption="aws:kms")
    assert pair.status("other") == "FAILED"


def test_locks_go_along(pair: Pair, cloud: TestCloud) -> None:
    pair.bucket("vault", ObjectLockEnabledForBucket=True)
    pair.bucket("copy", ObjectLockEnabledForBucket=True)
    pair.rules(rule(Destination={"Bucket": "arn:aws:s3:::copy"}), bucket="vault")
    until = cloud.clock.now() + 86_400
    lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
    version = pair.s3("PutObject", Bucket="vault", Key="k", Body=b"x", **lock)["VersionId"]
    assert pair.copy(bucket="copy")["ObjectLockMode"] == "COMPLIANCE"
    pair.s3("PutObjectLegalHold", Bucket="vault", Key="k", LegalHold={"Status": "ON"})
    assert pair.copy(bucket="copy")["ObjectLockLegalHoldStatus"] == "ON"
    with pytest.raises(AwsError, match="AccessDenied"):
        pair.s3("DeleteObject", Bucket="copy", Key="k", VersionId=version)


def test_another_account_must_let_the_role_in_and_may_own_the_copy(pair: Pair, cloud: TestCloud) -> None:
    pair.bucket("theirs", "us-west-2", OTHER, ObjectOwnership="ObjectWriter")
    target = {"Bucket": "arn:aws:s3:::theirs"}
    pair.rules(rule(Destination=target))
    pair.put("refused")
    assert pair.status("refused") == "FAILED", "its policy says nothing of the role"
    may = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": TARGET_ACTIONS, "Resource": "arn:aws:s3:::theirs/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    theirs = callers.root(OTHER)
    cloud.call("s3", "PutBucketPolicy", {"Bucket": "theirs", "Policy": policy}, caller=theirs)
    pair.put("ours")
    pair.rules(rule(Destination={**target, "Account": OTHER, "AccessControlTranslation": {"Owner": "Destination"}}))
    pair.put("theirs")
    assert pair.status("ours") == pair.status("theirs") == "COMPLETED"
    listed = cloud.call("s3", "ListObjectVersions", {"Bucket": "theirs"}, caller=theirs)["Versions"]
    owners = {one["Key"]: one["Owner"]["ID"] for one in listed}
    assert owners == {"ours": acls.canonical_id(ACCOUNT), "theirs": acls.canonical_id(OTHER)}


def test_a_restart_copies_what_was_left(tmp_path: Any) -> None:
    cloud = TestCloud(ephemeral=False, state=str(tmp_path))
    try:
        pair = Pair(cloud)
        pair.rules(rule())
        cloud.cloud.reconcile._learn = lambda *_: None  # type: ignore[method-assign]
        cloud.cloud.reconcile._reconcilers.clear()
        pair.put()
        assert pair.status() == "PENDING"
    finally:
        cloud.close()
    again = TestCloud(ephemeral=False, state=str(tmp_path))
    try:
        again.run(again.cloud.settled())
        assert again.call("s3", "HeadObject", {"Bucket": "far", "Key": "k"})["ReplicationStatus"] == "REPLICA"
    finally:
        again.close()


FAR = {"Bucket": "arn:aws:s3:::far"}
TAG = {"Tag": {"Key": "a", "Value": "b"}}
ON, OFF = {"Status": "Enabled"}, {"Status": "Disabled"}


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"Status": "On"}, "MalformedXML", ""),
        ({"Prefix": "a"}, "MalformedXML", ""),
        ({"Filter": {"Prefix": "a", **TAG}}, "MalformedXML", ""),
        ({"ID": "x" * 256}, "InvalidArgument", "255"),
        ({"Priority": -1}, "InvalidArgument", "Priority"),
        ({"Priority": None}, "InvalidRequest", "Priority must be specified"),
        ({"DeleteMarkerReplication": None}, "InvalidRequest", "DeleteMarkerReplication must be specified"),
        ({"Filter": TAG, "DeleteMarkerReplication": ON}, "InvalidRequest", "Tag filter"),
        ({"Filter": None, "Prefix": "", "DeleteMarkerReplication": None}, "InvalidRequest", "Priority cannot be used"),
        ({"Filter": None, "Priority": None, "DeleteMarkerReplication": None}, "MalformedXML", ""),
        ({"ExistingObjectReplication": ON}, "InvalidRequest", "ExistingObjectReplication"),
        ({"Destination": {"Bucket": "far"}}, "InvalidArgument", "Invalid bucket ARN"),
        ({"Destination": {"Bucket": "arn:aws:s3:::near"}}, "InvalidRequest", "same as the source"),
        ({"Destination": {"Bucket": "arn:aws:s3:::none"}}, "InvalidRequest", "must exist"),
        ({"Destination": {"Bucket": "arn:aws:s3:::flat"}}, "InvalidRequest", "versioning enabled"),
        ({"Destination": {**FAR, "Account": OTHER}}, "InvalidRequest", "account"),
        ({"Destination": {**FAR, "StorageClass": "HOT"}}, "MalformedXML", ""),
        ({"Destination": {**FAR, "AccessControlTranslation": {"Owner": "Destination"}}}, "InvalidRequest", "Account"),
        ({"Destination": {**FAR, "EncryptionConfiguration": {"ReplicaKmsKeyID": "k"}}}, "InvalidRequest", "SseKms"),
        ({"SourceSelectionCriteria": {"SseKmsEncryptedObjects": ON}}, "InvalidRequest", "ReplicaKmsKeyID"),
        ({"Destination": {**FAR, "ReplicationTime": {**ON, "Time": {"Minutes": 15}}}}, "InvalidRequest", "Metrics"),
        (
            {"Destination": {**FAR, "ReplicationTime": {**ON, "Time": {"Minutes": 15}}, "Metrics": ON}},
            "InvalidRequest",
            "EventThreshold",
        ),
        ({"Destination": {**FAR, "Metrics": {**ON, "EventThreshold": {"Minutes": 5}}}}, "InvalidArgument", "15"),
    ],
)
def test_a_rule_that_is_refused(pair: Pair, change: dict[str, Any], code: str, words: str) -> None:
    pair.s3("CreateBucket", Bucket="flat")
    given = {name: value for name, value in {**rule(ID="r"), **change}.items() if value is not None}
    with pytest.raises(AwsError, match=words or None) as found:
        pair.s3("PutBucketReplication", Bucket="near", ReplicationConfiguration={"Role": ROLE, "Rules": [given]})
    assert (found.value.code, found.value.status) == (code, 400)
    with pytest.raises(AwsError, match="ReplicationConfigurationNotFoundError"):
        pair.s3("GetBucketReplication", Bucket="near")


def test_rules_that_do_not_go_together(pair: Pair) -> None:
    def refused(code: str, words: str, *rules: dict[str, Any], role: str = ROLE, bucket: str = "near") -> None:
        with pytest.raises(AwsError, match=words or None) as found:
            asked = {"Role": role, "Rules": list(rules)}
            pair.s3("PutBucketReplication", Bucket=bucket, ReplicationConfiguration=asked)
        assert found.value.code == code

    pair.bucket("third")
    third = {"Destination": {"Bucket": "arn:aws:s3:::third"}}
    old = {"ID": "v1", "Prefix": "a", "Status": "Enabled", "Destination": FAR}
    refused("InvalidRequest", "duplicate priority", rule(ID="a"), rule(ID="b"))
    refused("InvalidArgument", "unique", rule(ID="a"), rule(ID="a", Priority=1))
    refused("InvalidRequest", "one version", rule(ID="a"), old)
    refused("InvalidRequest", "same for all rules", old, {**old, "ID": "w", "Prefix": "b", **third})
    refused("InvalidRequest", "overlapping", old, {**old, "ID": "w", "Prefix": "ab"})
    refused("MalformedXML", "")
    refused("InvalidArgument", "Role", rule(), role="arn:aws:s3:::x")
    pair.s3("CreateBucket", Bucket="flat")
    refused("InvalidRequest", "Versioning must be 'Enabled'", rule(), bucket="flat")
    refused("MalformedXML", "", *(rule(ID=str(n), Priority=n) for n in range(1001)))
    pair.rules(*(rule(ID=str(n)) for n in range(1000)))
    timed = {**FAR, "ReplicationTime": {**ON, "Time": {"Minutes": 15}}}
    pair.rules(rule(Destination={**timed, "Metrics": {**ON, "EventThreshold": {"Minutes": 15}}}))
    with pytest.raises(AwsError, match="InvalidBucketState"):
        pair.s3("PutBucketVersioning", Bucket="near", VersioningConfiguration={"Status": "Suspended"})


def test_who_puts_rules_must_be_allowed_to_pass_the_role(pair: Pair, cloud: TestCloud) -> None:
    cloud.call("iam", "CreateUser", {"UserName": "ann"})
    made = cloud.call("iam", "CreateAccessKey", {"UserName": "ann"})["AccessKey"]
    credential = cloud.cloud.credential(made["AccessKeyId"], None)
    assert credential is not None

    def put(*actions: str) -> None:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        cloud.call("iam", "PutUserPolicy", {"UserName": "ann", "PolicyName": "p", "PolicyDocument": document})
        asked = {"Bucket": "near", "ReplicationConfiguration": {"Role": ROLE, "Rules": [rule()]}}
        cloud.call("s3", "PutBucketReplication", asked, caller=credential.caller)

    with pytest.raises(AwsError, match="s3:PutReplicationConfiguration"):
        put("iam:PassRole")
    with pytest.raises(AwsError, match="iam:PassRole"):
        put("s3:PutReplicationConfiguration")
    put("s3:PutReplicationConfiguration", "iam:PassRole")


def test_over_the_wire(boto: Any, account: str) -> None:
    s3, iam = boto("s3"), boto("iam")
    near, far = f"near-{account}", f"far-{account}"
    for name in (near, far):
        s3.create_bucket(Bucket=name)
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    trust = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="copier", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    given = rule(ID="all", Destination={"Bucket": f"arn:aws:s3:::{far}"})
    s3.put_bucket_replication(Bucket=near, ReplicationConfiguration={"Role": role, "Rules": [given]})
    told = s3.get_bucket_replication(Bucket=near)["ReplicationConfiguration"]
    assert told == {"Role": role, "Rules": [given]}
    s3.put_object(Bucket=near, Key="k", Body=b"x")
    assert s3.head_object(Bucket=near, Key="k")["ReplicationStatus"] in ("PENDING", "FAILED"), "the role may nothing"
    s3.delete_bucket_replication(Bucket=near)
    with pytest.raises(s3.exceptions.ClientError, match="ReplicationConfigurationNotFoundError"):
        s3.get_bucket_replication(Bucket=near)
