"""Account-level block public access, and tags of buckets by ARN."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config

from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.testing import Served, TestCloud

ACCOUNT = "000000000000"
OTHER = "111111111111"
ALL = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
BUCKET = "harbour"
ARN = f"arn:aws:s3:::{BUCKET}"
PUBLIC = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"{ARN}/*"}],
    }
)


def control(cloud: TestCloud, operation: str, **params: Any) -> dict[str, Any]:
    return cloud.call("s3control", operation, {"AccountId": ACCOUNT, **params})


def opened(cloud: TestCloud, **more: Any) -> Any:
    """A bucket that blocks nothing itself."""
    s3 = cloud.client("s3")
    s3("CreateBucket", Bucket=BUCKET, **more)
    s3("DeletePublicAccessBlock", Bucket=BUCKET)
    return s3


def block(cloud: TestCloud, **asked: bool) -> None:
    control(cloud, "PutPublicAccessBlock", PublicAccessBlockConfiguration=asked)


def as_nobody(cloud: TestCloud, key: str) -> bytes:
    found: bytes = cloud.call("s3", "GetObject", {"Bucket": BUCKET, "Key": key}, caller=callers.anonymous())["Body"]
    return found


def refused(code: str, status: int, call: Any) -> AwsError:
    with pytest.raises(AwsError) as found:
        call()
    assert (found.value.code, found.value.status) == (code, status)
    return found.value


def test_a_block_is_put_told_and_deleted(cloud: TestCloud) -> None:
    refused("NoSuchPublicAccessBlockConfiguration", 404, lambda: control(cloud, "GetPublicAccessBlock"))
    block(cloud, BlockPublicAcls=True)
    found = control(cloud, "GetPublicAccessBlock")["PublicAccessBlockConfiguration"]
    assert found == {**dict.fromkeys(ALL, False), "BlockPublicAcls": True}
    elsewhere = cloud.call("s3control", "GetPublicAccessBlock", {"AccountId": ACCOUNT}, region="eu-west-1")
    assert elsewhere["PublicAccessBlockConfiguration"] == found, "it counts in all regions"
    control(cloud, "DeletePublicAccessBlock")
    control(cloud, "DeletePublicAccessBlock")
    refused("NoSuchPublicAccessBlockConfiguration", 404, lambda: control(cloud, "GetPublicAccessBlock"))


def test_an_account_speaks_for_itself_only(cloud: TestCloud) -> None:
    for operation in ("GetPublicAccessBlock", "DeletePublicAccessBlock"):
        refused("AccessDenied", 403, lambda op=operation: cloud.call("s3control", op, {"AccountId": OTHER}))
    asked = {"AccountId": ACCOUNT, "PublicAccessBlockConfiguration": ALL}
    stranger, nobody = callers.root(OTHER), callers.anonymous()
    for caller in (stranger, nobody):
        refused(
            "AccessDenied", 403, lambda who=caller: cloud.call("s3control", "PutPublicAccessBlock", asked, caller=who)
        )
    refused("NoSuchPublicAccessBlockConfiguration", 404, lambda: control(cloud, "GetPublicAccessBlock"))


def test_a_user_needs_the_action(cloud: TestCloud) -> None:
    cloud.call("iam", "CreateUser", {"UserName": "ann"})
    made = cloud.call("iam", "CreateAccessKey", {"UserName": "ann"})["AccessKey"]
    credential = cloud.cloud.credential(made["AccessKeyId"], None)
    assert credential is not None
    asked = {"AccountId": ACCOUNT, "PublicAccessBlockConfiguration": ALL}

    def put() -> dict[str, Any]:
        return cloud.call("s3control", "PutPublicAccessBlock", asked, caller=credential.caller)

    assert "s3:PutAccountPublicAccessBlock" in refused("AccessDenied", 403, put).message
    statement = {"Effect": "Allow", "Action": "s3:PutAccountPublicAccessBlock", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.call("iam", "PutUserPolicy", {"UserName": "ann", "PolicyName": "p", "PolicyDocument": document})
    put()
    assert control(cloud, "GetPublicAccessBlock")["PublicAccessBlockConfiguration"] == ALL


def test_a_public_policy_is_kept_out(cloud: TestCloud) -> None:
    s3 = opened(cloud)
    block(cloud, BlockPublicPolicy=True)
    refused("AccessDenied", 403, lambda: s3("PutBucketPolicy", Bucket=BUCKET, Policy=PUBLIC))
    control(cloud, "DeletePublicAccessBlock")
    s3("PutBucketPolicy", Bucket=BUCKET, Policy=PUBLIC)


def test_a_public_policy_stops_to_count(cloud: TestCloud) -> None:
    s3 = opened(cloud)
    s3("PutBucketPolicy", Bucket=BUCKET, Policy=PUBLIC)
    s3("PutObject", Bucket=BUCKET, Key="k", Body=b"x")
    assert as_nobody(cloud, "k") == b"x"
    block(cloud, RestrictPublicBuckets=True)
    refused("AccessDenied", 403, lambda: as_nobody(cloud, "k"))
    assert s3("GetObject", Bucket=BUCKET, Key="k")["Body"] == b"x", "the account itself reads on"
    block(cloud, BlockPublicPolicy=True)
    assert as_nobody(cloud, "k") == b"x", "what is there counts: only new policies are blocked"
    control(cloud, "DeletePublicAccessBlock")
    assert as_nobody(cloud, "k") == b"x"


def test_another_accounts_block_is_its_own(cloud: TestCloud) -> None:
    s3 = opened(cloud)
    s3("PutBucketPolicy", Bucket=BUCKET, Policy=PUBLIC)
    s3("PutObject", Bucket=BUCKET, Key="k", Body=b"x")
    asked = {"AccountId": OTHER, "PublicAccessBlockConfiguration": ALL}
    cloud.call("s3control", "PutPublicAccessBlock", asked, caller=callers.root(OTHER))
    assert as_nobody(cloud, "k") == b"x"


def test_public_grants_are_kept_out_and_stop_to_count(cloud: TestCloud) -> None:
    s3 = opened(cloud, ObjectOwnership="ObjectWriter")
    s3("PutObject", Bucket=BUCKET, Key="old", Body=b"x", ACL="public-read")
    assert as_nobody(cloud, "old") == b"x"
    block(cloud, BlockPublicAcls=True)
    assert as_nobody(cloud, "old") == b"x"
    for call in (
        lambda: s3("PutObject", Bucket=BUCKET, Key="new", Body=b"x", ACL="public-read"),
        lambda: s3("PutObjectAcl", Bucket=BUCKET, Key="old", ACL="public-read"),
        lambda: s3("PutBucketAcl", Bucket=BUCKET, ACL="public-read"),
    ):
        refused("AccessDenied", 403, call)
    s3("PutObject", Bucket=BUCKET, Key="new", Body=b"x", ACL="private")
    block(cloud, IgnorePublicAcls=True)
    refused("AccessDenied", 403, lambda: as_nobody(cloud, "old"))


def test_tags_of_a_bucket_by_its_arn(cloud: TestCloud) -> None:
    s3 = cloud.client("s3")
    s3("CreateBucket", Bucket=BUCKET)
    assert control(cloud, "ListTagsForResource", ResourceArn=ARN) == {"Tags": []}
    control(cloud, "TagResource", ResourceArn=ARN, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    control(cloud, "TagResource", ResourceArn=ARN, Tags=[{"Key": "b", "Value": "3"}])
    wanted = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"}]
    assert control(cloud, "ListTagsForResource", ResourceArn=ARN)["Tags"] == wanted
    assert s3("GetBucketTagging", Bucket=BUCKET)["TagSet"] == wanted
    control(cloud, "UntagResource", ResourceArn=ARN, TagKeys=["a", "b", "c"])
    refused("NoSuchTagSet", 404, lambda: s3("GetBucketTagging", Bucket=BUCKET))


def test_tags_of_what_is_no_bucket_of_the_account(cloud: TestCloud) -> None:
    asked = {"Tags": [{"Key": "a", "Value": "1"}]}
    refused("NoSuchBucket", 404, lambda: control(cloud, "TagResource", ResourceArn=ARN, **asked))
    refused(
        "InvalidRequest", 400, lambda: control(cloud, "TagResource", ResourceArn="arn:aws:sqs:us-east-1:1:q", **asked)
    )
    point = f"arn:aws:s3:us-east-1:{ACCOUNT}:accesspoint/p"
    refused("NotImplemented", 501, lambda: control(cloud, "TagResource", ResourceArn=point, **asked))
    cloud.call("s3", "CreateBucket", {"Bucket": BUCKET}, caller=callers.root(OTHER))
    refused("AccessDenied", 403, lambda: control(cloud, "TagResource", ResourceArn=ARN, **asked))


def test_over_the_wire(served: Served, account: str) -> None:
    client = boto3.client(
        "s3control",
        region_name="us-east-1",
        endpoint_url=served.url,
        aws_access_key_id=account,
        aws_secret_access_key="x",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def address(request: Any, **_: Any) -> None:
        # botocore puts the account before the name of any endpoint, and not every machine knows such a name.
        request.url = request.url.replace(f"//{account}.", "//").replace(f"//{OTHER}.", "//")

    client.meta.events.register("before-sign.s3-control", address)
    client.put_public_access_block(AccountId=account, PublicAccessBlockConfiguration=ALL)
    assert client.get_public_access_block(AccountId=account)["PublicAccessBlockConfiguration"] == ALL
    client.delete_public_access_block(AccountId=account)
    with pytest.raises(client.exceptions.NoSuchPublicAccessBlockConfiguration):
        client.get_public_access_block(AccountId=account)
    s3 = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=served.url,
        aws_access_key_id=account,
        aws_secret_access_key="x",
    )
    arn = f"arn:aws:s3:::tagged-{account}"
    s3.create_bucket(Bucket=f"tagged-{account}")
    client.tag_resource(AccountId=account, ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}])
    assert client.list_tags_for_resource(AccountId=account, ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    client.untag_resource(AccountId=account, ResourceArn=arn, TagKeys=["a"])
    assert client.list_tags_for_resource(AccountId=account, ResourceArn=arn)["Tags"] == []
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        client.get_public_access_block(AccountId=OTHER)
