"""Updates given up by hand, ways back that fail and go on, and stacks that stayed as they failed."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError
from fogbank.services.cloudformation.test_stacks import FAILING, PAIR, Stacks
from fogbank.testing import TestCloud

BEFORE = """
Resources:
  Word: {Type: 'AWS::SSM::Parameter', Properties: {Name: /word, Type: String, Value: one}}
  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: jobs, VisibilityTimeout: 10}}
"""
AFTER = """
Resources:
  Word: {Type: 'AWS::SSM::Parameter', Properties: {Name: /word, Type: String, Value: two}}
  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: jobs, VisibilityTimeout: 20}}
  Waits:
    Type: AWS::CloudFormation::WaitCondition
    DependsOn: [Word, Queue]
    CreationPolicy: {ResourceSignal: {Timeout: PT2H}}
"""


@pytest.fixture
def stacks(cloud: TestCloud) -> Stacks:
    return Stacks(cloud)


@pytest.fixture
def waiting(stacks: Stacks) -> Stacks:
    """An update that has changed something, and waits."""
    stacks.create(BEFORE)
    stacks.update(AFTER)
    assert (stacks.status(), stacks.value("/word"), seconds(stacks)) == ("UPDATE_IN_PROGRESS", "two", "20")
    return stacks


def url(stacks: Stacks) -> str:
    return str(stacks.cloud.call("sqs", "GetQueueUrl", {"QueueName": "jobs"})["QueueUrl"])


def seconds(stacks: Stacks) -> str:
    asked = {"QueueUrl": url(stacks), "AttributeNames": ["VisibilityTimeout"]}
    return str(stacks.cloud.call("sqs", "GetQueueAttributes", asked)["Attributes"]["VisibilityTimeout"])


def ask(stacks: Stacks, operation: str, **more: object) -> None:
    stacks.call(operation, StackName="shop", **more)
    stacks.settle()


def test_an_update_is_given_up(waiting: Stacks) -> None:
    ask(waiting, "CancelUpdateStack", ClientRequestToken="t")
    assert (waiting.status(), waiting.value("/word"), seconds(waiting)) == ("UPDATE_ROLLBACK_COMPLETE", "one", "10")
    ask(waiting, "CancelUpdateStack", ClientRequestToken="t")
    with pytest.raises(AwsError, match="CancelUpdateStack cannot be called from current stack status"):
        ask(waiting, "CancelUpdateStack")
    waiting.delete()
    assert waiting.parameters() == {}


def test_a_way_back_that_fails_goes_on_when_it_can(waiting: Stacks) -> None:
    waiting.cloud.call("sqs", "DeleteQueue", {"QueueUrl": url(waiting)})
    ask(waiting, "CancelUpdateStack")
    assert (waiting.status(), waiting.value("/word")) == ("UPDATE_ROLLBACK_FAILED", "one")
    with pytest.raises(AwsError, match="is in UPDATE_ROLLBACK_FAILED state and can not be updated"):
        waiting.update(AFTER)
    ask(waiting, "ContinueUpdateRollback")
    assert waiting.status() == "UPDATE_ROLLBACK_FAILED", "nothing has changed"
    waiting.cloud.advance(61)
    waiting.cloud.call("sqs", "CreateQueue", {"QueueName": "jobs"})
    ask(waiting, "ContinueUpdateRollback")
    assert (waiting.status(), seconds(waiting)) == ("UPDATE_ROLLBACK_COMPLETE", "10")


def test_or_leaves_out_what_it_cannot(waiting: Stacks) -> None:
    waiting.cloud.call("sqs", "DeleteQueue", {"QueueUrl": url(waiting)})
    ask(waiting, "CancelUpdateStack")
    for name in ("Word", "Nothing"):
        with pytest.raises(AwsError, match=f"Resource .{name}. cannot be skipped"):
            ask(waiting, "ContinueUpdateRollback", ResourcesToSkip=[name])
    ask(waiting, "ContinueUpdateRollback", ResourcesToSkip=["Queue"])
    assert (waiting.status(), waiting.value("/word")) == ("UPDATE_ROLLBACK_COMPLETE", "one")
    with pytest.raises(AwsError, match="can not continue update rollback"):
        ask(waiting, "ContinueUpdateRollback")
    waiting.delete()
    assert waiting.parameters() == {}


def test_what_stayed_as_it_failed_goes_back_when_it_is_told(stacks: Stacks) -> None:
    stacks.create(PAIR.replace("\nOutputs:", FAILING), DisableRollback=True)
    assert stacks.status() == "CREATE_FAILED" and "/first" in stacks.parameters()
    ask(stacks, "RollbackStack")
    assert (stacks.status(), stacks.parameters()) == ("ROLLBACK_COMPLETE", {})
    with pytest.raises(AwsError, match="is in ROLLBACK_COMPLETE state and can not be rolled back"):
        ask(stacks, "RollbackStack")


def test_so_does_an_update(stacks: Stacks) -> None:
    stacks.create()
    before = stacks.parameters()
    changed = PAIR.replace("${First} says", "${First} shouts").replace("\nOutputs:", FAILING)
    stacks.update(changed, DisableRollback=True)
    assert stacks.status() == "UPDATE_FAILED" and stacks.parameters() != before
    ask(stacks, "RollbackStack")
    assert (stacks.status(), stacks.parameters()) == ("UPDATE_ROLLBACK_COMPLETE", before)
