"""Who may do what with a queue, and with the key that its messages are encrypted with."""

from __future__ import annotations

import json

import pytest

from fogbank.control.caller import root
from fogbank.services.sqs.test_sqs import OTHER, Queue, user
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

# Permissions


def test_a_policy_lets_another_account_send(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    theirs = cloud.client("sqs", caller=root(OTHER))
    with refused("AccessDeniedException", "sqs:SendMessage"):
        theirs("SendMessage", QueueUrl=queue.url, MessageBody="x")
    queue("AddPermission", Label="them", AWSAccountIds=[OTHER], Actions=["SendMessage", "GetQueueUrl"])
    assert json.loads(queue.attributes()["Policy"]) == {
        "Version": "2012-10-17",
        "Id": f"{queue.arn}/SQSDefaultPolicy",
        "Statement": [
            {
                "Sid": "them",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"},
                "Action": ["SQS:SendMessage", "SQS:GetQueueUrl"],
                "Resource": queue.arn,
            }
        ],
    }
    theirs("SendMessage", QueueUrl=queue.url, MessageBody="x")
    found = theirs("GetQueueUrl", QueueName="jobs", QueueOwnerAWSAccountId="000000000000")
    assert found["QueueUrl"] == queue.url
    with refused("AccessDeniedException", "sqs:ReceiveMessage"):
        theirs("ReceiveMessage", QueueUrl=queue.url)
    assert queue.receive(AttributeNames=["SenderId"])[0]["Attributes"]["SenderId"] == OTHER
    with refused("InvalidParameterValue", "Already exists"):
        queue("AddPermission", Label="them", AWSAccountIds=[OTHER], Actions=["*"])
    queue("RemovePermission", Label="them")
    assert "Policy" not in queue.attributes()
    with refused("AccessDeniedException"):
        theirs("SendMessage", QueueUrl=queue.url, MessageBody="x")
    with refused("InvalidParameterValue", "can't find label"):
        queue("RemovePermission", Label="them")


def test_permissions_that_cannot_be_given(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    with refused("InvalidParameterValue", "Only the queue owner"):
        queue("AddPermission", Label="a", AWSAccountIds=[OTHER], Actions=["DeleteQueue"])
    with refused("InvalidParameterValue", "WSDL"):
        queue("AddPermission", Label="a", AWSAccountIds=[OTHER], Actions=["Dance"])
    with refused("InvalidParameterValue", "PrincipalId"):
        queue("AddPermission", Label="a", AWSAccountIds=["12"], Actions=["*"])
    with refused("InvalidParameterValue", "Label"):
        queue("AddPermission", Label="a b", AWSAccountIds=[OTHER], Actions=["*"])


def test_the_owners_operations_are_nobody_elses(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": queue.arn}],
    }
    queue.set(Policy=json.dumps(everything))
    theirs = cloud.client("sqs", caller=root(OTHER))
    theirs("PurgeQueue", QueueUrl=queue.url)
    for operation, params in (
        ("DeleteQueue", {}),
        ("TagQueue", {"Tags": {"a": "b"}}),
        ("SetQueueAttributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("RemovePermission", {"Label": "x"}),
    ):
        with refused("AccessDeniedException"):
            theirs(operation, QueueUrl=queue.url, **params)
    with refused("InvalidAttributeValue", "Policy"):
        queue.set(Policy="{")


def test_a_user_needs_a_policy_and_tags_can_decide(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    bob = cloud.client("sqs", caller=user(cloud, "sqs:ReceiveMessage"))
    with refused("AccessDeniedException", "no identity-based policy allows the sqs:SendMessage action"):
        bob("SendMessage", QueueUrl=queue.url, MessageBody="x")
    caller = user(cloud, "sqs:*", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}})
    bob = cloud.client("sqs", caller=caller)
    with refused("AccessDeniedException"):
        bob("SendMessageBatch", QueueUrl=queue.url, Entries=[{"Id": "a", "MessageBody": "x"}])
    queue("TagQueue", Tags={"team": "a"})
    bob("SendMessageBatch", QueueUrl=queue.url, Entries=[{"Id": "a", "MessageBody": "x"}])
    sender = queue.receive(AttributeNames=["SenderId"])[0]["Attributes"]["SenderId"]
    assert sender == caller.principal.user_id != ""


# Encryption


def test_one_kind_of_encryption_at_a_time(cloud: TestCloud) -> None:
    queue = Queue(cloud, "jobs")
    queue.set(KmsMasterKeyId="alias/aws/sqs")
    found = queue.attributes()
    assert found["KmsMasterKeyId"] == "alias/aws/sqs"
    assert (found["SqsManagedSseEnabled"], found["KmsDataKeyReusePeriodSeconds"]) == ("false", "300")
    with refused("InvalidAttributeValue", "one type of server-side encryption"):
        queue.set(KmsMasterKeyId="alias/aws/sqs", SqsManagedSseEnabled="true")
    queue.send("secret")
    assert queue.bodies(VisibilityTimeout=0) == ["secret"]
    queue.set(SqsManagedSseEnabled="true")
    assert "KmsMasterKeyId" not in queue.attributes()
    assert queue.bodies(VisibilityTimeout=0) == ["secret"], "what was encrypted before is still opened"


def test_a_key_that_may_not_be_used(cloud: TestCloud) -> None:
    key = cloud.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    queue = Queue(cloud, "jobs", KmsMasterKeyId=key, KmsDataKeyReusePeriodSeconds="60")
    queue.send("secret")
    cloud.call("kms", "DisableKey", {"KeyId": key})
    queue.send("within the reuse period")
    cloud.advance(60)
    with refused("KmsDisabled"):
        queue.send("x")
    with refused("KmsDisabled"):
        queue.receive()
    assert queue.counts() == (2, 0, 0), "what could not be opened stays"
    cloud.call("kms", "EnableKey", {"KeyId": key})
    assert queue.bodies() == ["secret", "within the reuse period"]
    queue.set(KmsMasterKeyId="alias/none")
    with refused("KmsNotFound"):
        queue.send("x")


def test_who_sends_must_be_allowed_to_use_the_key(cloud: TestCloud) -> None:
    key = cloud.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    queue = Queue(cloud, "jobs", KmsMasterKeyId=key)
    bob = cloud.client("sqs", caller=user(cloud, "sqs:*"))
    with refused("KmsAccessDenied", "kms:GenerateDataKey"):
        bob("SendMessage", QueueUrl=queue.url, MessageBody="x")
    answer = bob("SendMessageBatch", QueueUrl=queue.url, Entries=[{"Id": "a", "MessageBody": "x"}])
    assert answer["Failed"][0]["Code"] == "KmsAccessDenied"
    bob = cloud.client("sqs", caller=user(cloud, "sqs:*", "kms:GenerateDataKey"))
    with refused("KmsAccessDenied", "kms:Decrypt"):
        bob("SendMessage", QueueUrl=queue.url, MessageBody="x")
    queue.send("for eyes that may")
    with refused("KmsAccessDenied", "kms:Decrypt"):
        bob("ReceiveMessage", QueueUrl=queue.url)
    assert queue.bodies() == ["for eyes that may"]


@pytest.mark.parametrize("attributes", [{}, {"KmsMasterKeyId": "alias/aws/sqs"}])
def test_a_body_lies_encrypted(cloud: TestCloud, attributes: dict[str, str]) -> None:
    queue = Queue(cloud, "jobs", **attributes)
    queue.send("needle in the haystack")
    cloud.cloud.store.flush()
    files = [path for path in cloud.cloud.folder.rglob("fogbank.db*") if path.is_file()]
    assert files
    assert all(b"needle in the haystack" not in path.read_bytes() for path in files)
