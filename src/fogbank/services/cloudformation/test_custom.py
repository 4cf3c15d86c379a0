"""Custom resources and wait conditions: what is asked, what answers mean, and what silence comes to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest

from fogbank.codec.message import Request, Response
from fogbank.control import caller as callers
from fogbank.services.cloudformation import custom, pages
from fogbank.services.cloudformation.test_stacks import Stacks
from fogbank.services.lambda_.test_lambda import World
from fogbank.testing import TestCloud

TOKEN = "arn:aws:lambda:us-east-1:000000000000:function:makes"
BODY = f"""
Parameters: {{Size: {{Type: Number, Default: 3}}}}
Resources:
  Made:
    Type: Custom::Thing
    Properties: {{ServiceToken: '{TOKEN}', Size: !Ref Size, Whole: true, Parts: [1, {{Two: 2.5}}]}}
  Told:
    Type: AWS::SSM::Parameter
    Properties: {{Name: /told, Type: String, Value: !Sub '${{Made}} ${{Made.Colour}} ${{Made.Inner.Depth}}'}}
Outputs:
  Colour: {{Value: !GetAtt Made.Colour}}
"""
BLUE = {"Colour": "blue", "Inner": {"Depth": 4}}
WAITS = """
Resources:
  Handle: {Type: 'AWS::CloudFormation::WaitConditionHandle'}
  Waits: {Type: 'AWS::CloudFormation::WaitCondition', Properties: {Handle: !Ref Handle, Timeout: '300', Count: 2}}
Outputs:
  Data: {Value: !GetAtt Waits.Data}
"""


class Makers(Stacks):
    """Stacks whose custom resources are answered for by the test."""

    def __init__(self, cloud: TestCloud) -> None:
        super().__init__(cloud)
        self.world = World(cloud)
        self.world.make("makes")

    @property
    def asked(self) -> list[dict[str, Any]]:
        """Every request, the first one first."""
        return [json.loads(one.payload) for one in self.world.sandboxes.asked]

    def put(self, url: str, body: bytes, method: str = "PUT") -> Response:
        parts = urlsplit(url)
        ctx = self.cloud.cloud.context("cloudformation", "page", callers.anonymous())
        answer: Response = self.cloud.run(pages.answer(ctx, Request(method, parts.path, parts.query, {}, body)))
        self.settle()
        return answer

    def answer(self, asked: Mapping[str, Any] | None = None, **more: Any) -> Response:
        """Answer the latest request, as it is or with something else."""
        told = asked or self.asked[-1]
        echoed = {name: told[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
        said = {"Status": "SUCCESS", "PhysicalResourceId": told.get("PhysicalResourceId", "thing-1"), **echoed, **more}
        return self.put(told["ResponseURL"], json.dumps(said).encode())

    def why(self, logical: str) -> list[str]:
        rows = self.call("DescribeStackEvents", StackName=self.call("ListStacks")["StackSummaries"][0]["StackId"])
        return [
            row["ResourceStatusReason"]
            for row in reversed(rows["StackEvents"])
            if row["LogicalResourceId"] == logical and row["ResourceStatus"].endswith("_FAILED")
        ]


@pytest.fixture
def makers(cloud: TestCloud) -> Makers:
    return Makers(cloud)


def resized(makers: Makers, size: int) -> None:
    makers.update(BODY, Parameters=[{"ParameterKey": "Size", "ParameterValue": str(size)}])


def test_a_resource_is_made_changed_and_taken_away(makers: Makers) -> None:
    arn = makers.create(BODY)
    assert makers.status() == "CREATE_IN_PROGRESS"
    (told,) = makers.asked
    properties = {"ServiceToken": TOKEN, "Size": "3", "Whole": "true", "Parts": ["1", {"Two": "2.5"}]}
    assert told["ResourceProperties"] == properties, "numbers and switches are text"
    assert (told["RequestType"], told["StackId"], told["ResourceType"]) == ("Create", arn, "Custom::Thing")
    assert (told["LogicalResourceId"], "PhysicalResourceId" in told) == ("Made", False)
    assert makers.answer(Data=BLUE).status == 200
    assert (makers.status(), makers.parameters()) == ("CREATE_COMPLETE", {"/told": "thing-1 blue 4"})
    resized(makers, 4)
    told = makers.asked[-1]
    assert (told["RequestType"], told["PhysicalResourceId"]) == ("Update", "thing-1")
    assert (told["ResourceProperties"]["Size"], told["OldResourceProperties"]) == ("4", properties)
    makers.answer(Data={**BLUE, "Colour": "red"})
    assert (makers.status(), makers.parameters()) == ("UPDATE_COMPLETE", {"/told": "thing-1 red 4"})
    makers.delete()
    told = makers.asked[-1]
    assert (told["RequestType"], told["PhysicalResourceId"], len(makers.asked)) == ("Delete", "thing-1", 3)
    assert makers.status(arn) == "DELETE_IN_PROGRESS"
    makers.answer()
    assert makers.status(arn) == "DELETE_COMPLETE"


def test_another_id_is_another_resource(makers: Makers) -> None:
    makers.create(BODY)
    makers.answer(Data=BLUE)
    resized(makers, 4)
    makers.answer(Data=BLUE, PhysicalResourceId="thing-2")
    assert makers.parameters() == {"/told": "thing-2 blue 4"}
    assert makers.status() == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
    told = makers.asked[-1]
    assert (told["RequestType"], told["PhysicalResourceId"]) == ("Delete", "thing-1")
    assert told["ResourceProperties"]["Size"] == "3", "as it was made"
    makers.answer()
    assert makers.status() == "UPDATE_COMPLETE"


def test_a_creation_that_fails_is_taken_back(makers: Makers) -> None:
    arn = makers.create(BODY)
    first = makers.asked[-1]
    makers.answer(Status="FAILED", Reason="no clay", PhysicalResourceId="half")
    why = "Received response status [FAILED] from custom resource. Message returned: no clay"
    assert makers.why("Made") == [f"{why} (RequestId: {first['RequestId']})"]
    told = makers.asked[-1]
    assert (told["RequestType"], told["PhysicalResourceId"]) == ("Delete", "half")
    makers.answer()
    assert makers.status(arn) == "ROLLBACK_COMPLETE"


def test_an_update_that_fails_is_asked_back(makers: Makers) -> None:
    makers.create(BODY)
    makers.answer(Data=BLUE)
    resized(makers, 4)
    makers.answer(Status="FAILED", Reason="stuck")
    assert makers.status() == "UPDATE_ROLLBACK_IN_PROGRESS"
    told = makers.asked[-1]
    sizes = (told["ResourceProperties"]["Size"], told["OldResourceProperties"]["Size"])
    assert (told["RequestType"], sizes) == ("Update", ("3", "4"))
    makers.answer(Data=BLUE)
    assert (makers.status(), makers.parameters()) == ("UPDATE_ROLLBACK_COMPLETE", {"/told": "thing-1 blue 4"})
    assert makers.events().count(("Made", "UPDATE_IN_PROGRESS")) == 2, "forth and back, each told once"


def test_a_deletion_that_fails_can_be_asked_for_again(makers: Makers) -> None:
    arn = makers.create(BODY)
    makers.answer(Data=BLUE)
    makers.delete()
    makers.answer(Status="FAILED", Reason="in use")
    assert makers.status(arn) == "DELETE_FAILED"
    makers.delete()
    assert len(makers.asked) == 3
    makers.answer()
    assert makers.status(arn) == "DELETE_COMPLETE"


@pytest.mark.parametrize(("timeout", "seconds"), [("", 3600), ("ServiceTimeout: 60, ", 60)])
def test_silence_is_a_failure(makers: Makers, timeout: str, seconds: int) -> None:
    arn = makers.create(BODY.replace("Size: !Ref Size", f"{timeout}Size: 1"))
    first = makers.asked[-1]
    makers.cloud.advance(seconds - 1)
    assert makers.status() == "CREATE_IN_PROGRESS"
    makers.cloud.advance(2)
    (why,) = makers.why("Made")
    assert why.startswith("CloudFormation did not receive a response from your Custom Resource.")
    assert f"Please check your logs for requestId [{first['RequestId']}]." in why
    told = makers.asked[-1]
    assert told["RequestType"] == "Delete" and told["PhysicalResourceId"].startswith("shop-Made-")
    assert makers.answer(first).status == 200, "too late, and heard"
    makers.answer(told)
    assert makers.status(arn) == "ROLLBACK_COMPLETE"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"Data": {"Long": "x" * custom.ANSWER_BYTES_MAX}}, "Response object is too long."),
        ({"PhysicalResourceId": ""}, "Invalid PhysicalResourceId"),
        ({"PhysicalResourceId": None}, "Invalid PhysicalResourceId"),
        ({"Status": "DONE"}, "Value of property Status must be SUCCESS or FAILED"),
        ({"RequestId": "another"}, "Value of property RequestId must be that of the request"),
        ({"Data": "x"}, "Value of property Data must be an object"),
    ],
)
def test_what_is_no_answer_fails(makers: Makers, said: dict[str, Any], why: str) -> None:
    makers.create(BODY)
    makers.answer(**said)
    assert why in makers.why("Made")[0]


def test_only_the_address_that_was_told_is_heard(makers: Makers) -> None:
    makers.create(BODY)
    url = makers.asked[-1]["ResponseURL"]
    wrong = makers.put(f"{url[:-4]}AAAA", b'{"Status": "FAILED"}')
    assert (wrong.status, b"SignatureDoesNotMatch" in bytes(wrong.body)) == (403, True)
    assert makers.put(url, b"", method="GET").status == 403
    assert makers.put(url.partition("?")[0], b"{}").status == 403
    assert makers.status() == "CREATE_IN_PROGRESS"
    first = makers.asked[-1]
    makers.answer(Data=BLUE)
    makers.answer(first, Status="FAILED")
    assert makers.status() == "CREATE_COMPLETE", "the first answer is the one that counts"
    makers.cloud.advance(7201)
    assert makers.answer(first).status == 403


def test_what_is_not_to_be_shown_is_not(makers: Makers) -> None:
    makers.create(BODY)
    makers.answer(Data=BLUE, NoEcho=True)
    assert makers.one()["Outputs"][0]["OutputValue"] == "****"
    assert makers.parameters() == {"/told": "thing-1 blue 4"}, "other resources are told"


def test_what_was_not_said_is_named(makers: Makers) -> None:
    arn = makers.create(BODY)
    key = makers.asked[-1]["RequestId"]
    makers.answer(Data={"Inner": {"Depth": 4}})
    text = f"Vendor response doesn't contain Colour key in object {arn}|Made|{key} in S3 bucket"
    assert text in makers.why("Told")[0]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((TOKEN, f"{TOKEN}-not"), "Function not found"),
        ((TOKEN, "arn:aws:sqs:us-east-1:000000000000:q"), "Invalid service token"),
        (("Whole: true", "ServiceTimeout: 7200"), "ServiceTimeout must be an integer from 1 to 3600."),
        ((f"ServiceToken: '{TOKEN}', ", ""), "Property ServiceToken cannot be empty."),
    ],
)
def test_nobody_to_ask(makers: Makers, change: tuple[str, str], why: str) -> None:
    makers.create(BODY.replace(*change))
    assert makers.status() == "ROLLBACK_COMPLETE"
    assert why in makers.why("Made")[0]


def test_the_one_who_is_asked_stays_the_same(makers: Makers) -> None:
    makers.create(BODY)
    makers.answer(Data=BLUE)
    makers.world.make("other")
    makers.update(BODY.replace(TOKEN, TOKEN.replace("makes", "other")))
    assert makers.why("Made")[0] == "Modifying service token is not allowed."


def test_a_topic_is_asked(makers: Makers) -> None:
    topic = makers.cloud.call("sns", "CreateTopic", {"Name": "makes"})["TopicArn"]
    queue = makers.cloud.call("sqs", "CreateQueue", {"QueueName": "asked"})["QueueUrl"]
    arn = "arn:aws:sqs:us-east-1:000000000000:asked"
    makers.cloud.call("sns", "Subscribe", {"TopicArn": topic, "Protocol": "sqs", "Endpoint": arn})
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    policy = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
    makers.cloud.call("sqs", "SetQueueAttributes", {"QueueUrl": queue, "Attributes": policy})
    makers.create(BODY.replace(TOKEN, topic))
    (message,) = makers.cloud.call("sqs", "ReceiveMessage", {"QueueUrl": queue})["Messages"]
    told = json.loads(message["Body"])
    assert told["Subject"] == "AWS CloudFormation custom resource request"
    makers.answer(json.loads(told["Message"]), Data=BLUE)
    assert makers.status() == "CREATE_COMPLETE"


def handle(makers: Makers) -> str:
    rows = makers.call("DescribeStackResources", StackName="shop")["StackResources"]
    return str(next(row["PhysicalResourceId"] for row in rows if row["LogicalResourceId"] == "Handle"))


def signal(makers: Makers, **more: Any) -> int:
    said = {"Status": "SUCCESS", "UniqueId": "one", "Data": "up", "Reason": "it is", **more}
    return makers.put(handle(makers), json.dumps(said).encode()).status


def test_a_condition_waits_for_its_signals(makers: Makers) -> None:
    makers.create(WAITS)
    assert (signal(makers), signal(makers, Data="again")) == (200, 200), "one id is one signal"
    assert makers.status() == "CREATE_IN_PROGRESS"
    assert makers.put(f"{handle(makers)[:-4]}AAAA", b"{}").status == 403
    assert signal(makers, Status="WHATEVER", UniqueId="three") == 200
    assert makers.status() == "CREATE_IN_PROGRESS"
    signal(makers, UniqueId="two")
    assert makers.status() == "CREATE_COMPLETE"
    assert json.loads(makers.one()["Outputs"][0]["OutputValue"]) == {"one": "again", "two": "up"}
    url = handle(makers)
    makers.delete()
    assert makers.put(url, b"{}").status == 403


def test_a_signal_may_say_that_it_failed(makers: Makers) -> None:
    makers.create(WAITS)
    signal(makers, Status="FAILURE", Reason="no disk")
    assert makers.why("Waits") == ["WaitCondition received failed message: 'no disk' for uniqueId: one"]
    assert makers.status() == "ROLLBACK_COMPLETE"


def test_a_condition_that_nobody_meets(makers: Makers) -> None:
    makers.create(WAITS)
    signal(makers)
    makers.cloud.advance(301)
    assert makers.why("Waits") == ["WaitCondition timed out. Received 1 conditions when expecting 2"]
    assert makers.status() == "ROLLBACK_COMPLETE"
