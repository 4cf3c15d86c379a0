"""Every operation's errors, as data: what a client can provoke is provoked, and the rest is excused with a reason.

The errors are those of the API's model; https://docs.aws.amazon.com/sns/latest/api/ has a page for each operation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.codec.errors import refusal as said
from fogbank.control import caller as callers
from fogbank.control.caller import Caller
from fogbank.control.service import Installed
from fogbank.model.load import load
from fogbank.testing import TestCloud

ACCOUNT = "000000000000"
AT = f"arn:aws:sns:us-east-1:{ACCOUNT}"
TOPIC, FIFO, NO_TOPIC = f"{AT}:tides", f"{AT}:tides.fifo", f"{AT}:none"
SEALED = {name: f"{AT}:sealed-{name}" for name in ("off", "dying", "none")}
APP, NO_APP = f"{AT}:app/GCM/tides", f"{AT}:app/GCM/none"
NO_DEVICE = f"{AT}:endpoint/GCM/tides/none"
NO_SUBSCRIPTION = f"{TOPIC}:11111111-2222-3333-4444-555555555555"
DEEP = '{"a":' * 100_000
INVALID, MISSING = "Invalid parameter: ", "does not exist"

Case = tuple[str, dict[str, Any], str, int, str]


def entries(*texts: str, **more: Any) -> dict[str, Any]:
    return {"TopicArn": TOPIC, "PublishBatchRequestEntries": [
        {"Id": str(number), "Message": text, **more} for number, text in enumerate(texts)]}  # fmt: skip


def attribute(name: str, value: str) -> dict[str, str]:
    return {"AttributeName": name, "AttributeValue": value}


def subscription(**more: Any) -> dict[str, Any]:
    return {"TopicArn": TOPIC, "Protocol": "sqs", "Endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q", **more}


def tags(count: int) -> list[dict[str, str]]:
    return [{"Key": str(number), "Value": ""} for number in range(count)]


def bad(operation: str, params: Mapping[str, Any], text: str) -> Case:
    return operation, dict(params), "InvalidParameter", 400, INVALID + text


def none(operation: str, params: Mapping[str, Any], noun: str = "Topic") -> Case:
    return operation, dict(params), "NotFound", 404, f"{noun} {MISSING}"


# What each operation must have to be asked at all; a member of a topic or an application that is there.
MINIMAL: dict[str, dict[str, Any]] = {
    "AddPermission": {"TopicArn": TOPIC, "Label": "a", "AWSAccountId": ["111111111111"], "ActionName": ["Publish"]},
    "CheckIfPhoneNumberIsOptedOut": {"phoneNumber": "+15555550100"},
    "ConfirmSubscription": {"TopicArn": TOPIC, "Token": "t"},
    "CreatePlatformApplication": {"Name": "n", "Platform": "GCM", "Attributes": {"PlatformCredential": "x"}},
    "CreatePlatformEndpoint": {"PlatformApplicationArn": APP, "Token": "t"},
    "CreateTopic": {"Name": "n"},
    "DeleteEndpoint": {"EndpointArn": "device"},
    "DeletePlatformApplication": {"PlatformApplicationArn": APP},
    "DeleteTopic": {"TopicArn": TOPIC},
    "GetDataProtectionPolicy": {"ResourceArn": TOPIC},
    "GetEndpointAttributes": {"EndpointArn": "device"},
    "GetPlatformApplicationAttributes": {"PlatformApplicationArn": APP},
    "GetSMSAttributes": {},
    "GetSubscriptionAttributes": {"SubscriptionArn": "subscription"},
    "GetTopicAttributes": {"TopicArn": TOPIC},
    "ListEndpointsByPlatformApplication": {"PlatformApplicationArn": APP},
    "ListPhoneNumbersOptedOut": {},
    "ListPlatformApplications": {},
    "ListSubscriptions": {},
    "ListSubscriptionsByTopic": {"TopicArn": TOPIC},
    "ListTagsForResource": {"ResourceArn": TOPIC},
    "ListTopics": {},
    "OptInPhoneNumber": {"phoneNumber": "+15555550100"},
    "Publish": {"TopicArn": TOPIC, "Message": "m"},
    "PublishBatch": entries("m"),
    "PutDataProtectionPolicy": {"ResourceArn": TOPIC, "DataProtectionPolicy": "{}"},
    "RemovePermission": {"TopicArn": TOPIC, "Label": "a"},
    "SetEndpointAttributes": {"EndpointArn": "device", "Attributes": {}},
    "SetPlatformApplicationAttributes": {"PlatformApplicationArn": APP, "Attributes": {}},
    "SetSMSAttributes": {"attributes": {}},
    "SetSubscriptionAttributes": {"SubscriptionArn": "subscription", **attribute("RawMessageDelivery", "true")},
    "SetTopicAttributes": {"TopicArn": TOPIC, **attribute("DisplayName", "x")},
    "Subscribe": subscription(),
    "TagResource": {"ResourceArn": TOPIC, "Tags": []},
    "Unsubscribe": {"SubscriptionArn": "subscription"},
    "UntagResource": {"ResourceArn": TOPIC, "TagKeys": []},
}

CASES: list[Case] = [
    *[none(operation, {**MINIMAL[operation], "TopicArn": NO_TOPIC})
      for operation in ("AddPermission", "ConfirmSubscription", "GetTopicAttributes", "ListSubscriptionsByTopic",
                        "Publish", "PublishBatch", "RemovePermission", "SetTopicAttributes", "Subscribe")],
    *[none(operation, {**MINIMAL[operation], "ResourceArn": NO_TOPIC})
      for operation in ("GetDataProtectionPolicy", "PutDataProtectionPolicy")],
    *[(operation, {**MINIMAL[operation], "ResourceArn": NO_TOPIC}, "ResourceNotFound", 404, "Resource does not exist")
      for operation in ("ListTagsForResource", "TagResource", "UntagResource")],
    *[none(operation, {**MINIMAL[operation], "SubscriptionArn": NO_SUBSCRIPTION}, "Subscription")
      for operation in ("GetSubscriptionAttributes", "SetSubscriptionAttributes")],
    *[none(operation, {**MINIMAL[operation], "PlatformApplicationArn": NO_APP}, "PlatformApplication")
      for operation in ("CreatePlatformEndpoint", "GetPlatformApplicationAttributes",
                        "ListEndpointsByPlatformApplication", "SetPlatformApplicationAttributes")],
    *[none(operation, {**MINIMAL[operation], "EndpointArn": NO_DEVICE}, "Endpoint")
      for operation in ("GetEndpointAttributes", "SetEndpointAttributes")],
    none("Publish", {"TargetArn": NO_DEVICE, "Message": "m"}, "Endpoint"),
    # ARNs that are none
    *[bad(operation, {**MINIMAL[operation], member: "x"}, f"{named} Reason: ")
      for operation, minimal in MINIMAL.items()
      for member, named in (("TopicArn", "TopicArn"), ("ResourceArn", "ResourceArn"),
                            ("SubscriptionArn", "SubscriptionArn"), ("EndpointArn", "TargetArn"),
                            ("PlatformApplicationArn", "PlatformApplicationArn"))
      if member in minimal],
    bad("Publish", {"TargetArn": f"{AT}:endpoint/x", "Message": "m"}, "TargetArn Reason: This endpoint ARN is not"),
    # tokens of pages
    *[bad(operation, {**MINIMAL[operation], member: "?"}, "NextToken")
      for operation, member in (("ListTopics", "NextToken"), ("ListSubscriptions", "NextToken"),
                                ("ListSubscriptionsByTopic", "NextToken"), ("ListPlatformApplications", "NextToken"),
                                ("ListEndpointsByPlatformApplication", "NextToken"),
                                ("ListPhoneNumbersOptedOut", "nextToken"))],
    # topics
    *[bad("CreateTopic", {"Name": name}, "Topic Name") for name in ("", "a b", "a.b", "n.fifo", "n" * 257, "ü")],
    bad("CreateTopic", {"Name": "n", "Attributes": {"FifoTopic": "true"}}, "Topic Name: FIFO topic names must end"),
    bad("CreateTopic", {"Name": "n", "Attributes": {"Colour": "red"}}, "AttributeName"),
    bad("CreateTopic", {"Name": "tides", "Attributes": {"DisplayName": "x"}}, "Attributes Reason: Topic already"),
    bad("CreateTopic", {"Name": "tides", "Tags": tags(1)}, "Tags Reason: Topic already exists with different tags"),
    bad("CreateTopic", {"Name": "n", "Tags": [{"Key": "aws:x", "Value": ""}]}, "Tag keys that start with 'aws:'"),
    ("CreateTopic", {"Name": "n", "Tags": tags(51)}, "TagLimitExceeded", 400, "tag quota of per resource exceeded"),
    ("TagResource", {"ResourceArn": TOPIC, "Tags": tags(51)}, "TagLimitExceeded", 400, "tag quota of per resource"),
    bad("TagResource", {"ResourceArn": TOPIC, "Tags": tags(1) * 2}, "Duplicated keys are not allowed."),
    *[bad("SetTopicAttributes", {"TopicArn": TOPIC, **attribute(name, value)}, text)
      for name, value, text in (
          ("Colour", "red", "AttributeName"), ("FifoTopic", "true", "AttributeName"),
          ("DisplayName", "x" * 101, "DisplayName"), ("SignatureVersion", "3", "SignatureVersion"),
          ("TracingConfig", "x", "TracingConfig"), ("ContentBasedDeduplication", "true", "Attributes Reason: Content"),
          ("Policy", "{", "Policy Error: Syntax errors in policy."), ("Policy", DEEP, "Policy Error: Syntax errors"),
          ("DeliveryPolicy", "{", "DeliveryPolicy: failed to parse JSON."),
          ("DeliveryPolicy", DEEP, "DeliveryPolicy: failed to parse JSON."),
          ("DeliveryPolicy", "[]", "DeliveryPolicy: is not a JSON object."),
          ("DeliveryPolicy", '{"http":5}', "DeliveryPolicy: http is not a JSON object."),
          ("DeliveryPolicy", '{"http":{"defaultHealthyRetryPolicy":[1]}}', "DeliveryPolicy: defaultHealthyRetryPolicy"),
          ("DeliveryPolicy", '{"http":{"defaultHealthyRetryPolicy":{"numRetries":101}}}', "DeliveryPolicy: numRetries"),
          ("DeliveryPolicy", '{"http":{"defaultRequestPolicy":{"headerContentType":5}}}', "DeliveryPolicy: request"),
      )],
    bad("PutDataProtectionPolicy", {"ResourceArn": TOPIC, "DataProtectionPolicy": "{"}, "DataProtectionPolicy"),
    bad("PutDataProtectionPolicy", {"ResourceArn": TOPIC, "DataProtectionPolicy": DEEP}, "DataProtectionPolicy"),
    bad("AddPermission", {**MINIMAL["AddPermission"], "ActionName": ["Fish"]}, "Policy statement action out of"),
    bad("AddPermission", {**MINIMAL["AddPermission"], "AWSAccountId": ["1"]}, "Policy statement principal out of"),
    bad("AddPermission", {**MINIMAL["AddPermission"], "Label": "__default_statement_ID"}, "Statement already exists"),
    # subscriptions
    *[bad("Subscribe", subscription(**more), text)
      for more, text in (
          ({"Protocol": "pigeon"}, "Amazon SNS does not support this protocol string: pigeon"),
          ({"Endpoint": "x"}, "SQS endpoint ARN"),
          ({"Endpoint": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q.fifo"}, "Endpoint Reason: FIFO SQS Queues can not be"),
          ({"TopicArn": FIFO, "Protocol": "email", "Endpoint": "a@b.c"}, "Invalid protocol type: email"),
          ({"Protocol": "http", "Endpoint": "https://x"}, "Endpoint must match the specified protocol"),
          *[({"Protocol": "http", "Endpoint": f"http://{rest}"}, "Endpoint Reason: The endpoint is not a valid URL")
            for rest in ("", "[::1", "x:99999/", "x\x00/", "a b/")],
          ({"Protocol": "email", "Endpoint": "x"}, "Email address"),
          ({"Protocol": "sms", "Endpoint": "x"}, "PhoneNumber Reason: x is not valid to publish to"),
          ({"Protocol": "application", "Endpoint": "x"}, "TargetArn Reason: This endpoint ARN is not valid"),
          ({"Attributes": {"Colour": "red"}}, "Attributes Reason: AttributeName"),
          ({"Attributes": {"FilterPolicy": "{"}}, "Attributes Reason: FilterPolicy: failed to parse JSON."),
      )],
    *[bad("SetSubscriptionAttributes", {"SubscriptionArn": "subscription", **attribute(name, value)}, text)
      for name, value, text in (
          ("Colour", "red", "AttributeName"), ("RawMessageDelivery", "x", "RawMessageDelivery Reason: Invalid value"),
          ("FilterPolicyScope", "x", "FilterPolicyScope: Invalid value [x]."),
          ("FilterPolicy", "[]", "FilterPolicy: Filter policy must be a JSON object"),
          ("FilterPolicy", '{"a":[NaN]}', "FilterPolicy: failed to parse JSON."),
          ("FilterPolicy", '{"a":' + "[" * 100_000, "FilterPolicy: failed to parse JSON."),
          ("FilterPolicy", '{"a":' * 300 + '["x"]' + "}" * 300, "FilterPolicy: "),
          ("FilterPolicy", '{"a":[]}', "FilterPolicy: Empty arrays are not allowed"),
          ("FilterPolicy", '{"a":[{"numeric":[">",1000000001]}]}', "FilterPolicy: Value of numeric must be between"),
          ("FilterPolicy", json.dumps({name: ["x"] for name in "abcdef"}), "FilterPolicy: Filter policy can not have"),
          ("FilterPolicy", json.dumps({"a": list(range(151))}), "FilterPolicy: Filter policy is too complex"),
          ("RedrivePolicy", "{}", "RedrivePolicy: deadLetterTargetArn is required"),
          ("RedrivePolicy", DEEP, "RedrivePolicy: deadLetterTargetArn is required"),
          ("RedrivePolicy", '{"deadLetterTargetArn":"x"}', "RedrivePolicy: deadLetterTargetArn is an invalid arn"),
          ("DeliveryPolicy", DEEP, "DeliveryPolicy: failed to parse JSON."),
          ("DeliveryPolicy", '{"healthyRetryPolicy":[1]}', "DeliveryPolicy: healthyRetryPolicy is not a JSON object."),
      )],
    bad("ConfirmSubscription", MINIMAL["ConfirmSubscription"], "Token"),
    # messages
    *[bad("Publish", {"TopicArn": TOPIC, "Message": "m", **more}, text)
      for more, text in (
          ({"Message": ""}, "Empty message"), ({"Message": "m" * 262_145}, "Message too long"),
          ({"Subject": ""}, "Subject"), ({"Subject": "s" * 101}, "Subject"), ({"Subject": "a\nb"}, "Subject"),
          ({"MessageStructure": "xml"}, "MessageStructure"),
          ({"MessageStructure": "json"}, "Message Structure - JSON message body failed to parse"),
          ({"MessageStructure": "json", "Message": DEEP[:200_000]}, "Message Structure - JSON message body failed"),
          ({"MessageStructure": "json", "Message": "{}"}, "Message Structure - No default entry in JSON message body"),
          ({"MessageDeduplicationId": "d"}, "MessageDeduplicationId Reason: "),
          ({"TopicArn": FIFO}, "The MessageGroupId parameter is required for FIFO topics"),
          ({"TopicArn": FIFO, "MessageGroupId": "g"}, "The topic should either have ContentBasedDeduplication enabled"),
          ({"TopicArn": FIFO, "MessageGroupId": "g" * 129}, "MessageGroupId Reason: "),
          ({"PhoneNumber": "+15555550100"}, "Only one of TopicArn, TargetArn and PhoneNumber can be given"),
      )],
    bad("Publish", {"PhoneNumber": "x", "Message": "m"}, "PhoneNumber Reason: x is not valid to publish to"),
    *[("Publish", {"TopicArn": TOPIC, "Message": "m", "MessageAttributes": {name: value}}, "ParameterValueInvalid", 400,
       text)
      for name, value, text in (
          ("a", {"DataType": "Fish", "StringValue": "x"}, "has an invalid message attribute type"),
          ("a", {"DataType": "Number", "StringValue": "x"}, "Could not cast message attribute 'a' value to number."),
          ("a", {"DataType": "String"}, "must contain non-empty message attribute value"),
          ("a b", {"DataType": "String", "StringValue": "x"}, "Invalid non-alphanumeric character was found"),
          ("AWS.x", {"DataType": "String", "StringValue": "x"}, "Invalid non-alphanumeric character was found"),
      )],
    ("PublishBatch", entries(), "EmptyBatchRequest", 400, "The batch request doesn't contain any entries."),
    ("PublishBatch", entries(*"m" * 11), "TooManyEntriesInBatchRequest", 400, "The batch request contains more"),
    ("PublishBatch", entries("m", "m", Id="a"), "BatchEntryIdsNotDistinct", 400, "Two or more batch entries in the"),
    ("PublishBatch", entries("m", Id="a b"), "InvalidBatchEntryId", 400, "The Id of a batch entry in a batch request"),
    ("PublishBatch", entries("m", Id="i" * 81), "InvalidBatchEntryId", 400, "The Id of a batch entry in a batch"),
    ("PublishBatch", entries("m" * 131_072, "m" * 131_073), "BatchRequestTooLong", 400, "The length of all the batch"),
    ("PublishBatch", entries("m" * 262_145), "BatchRequestTooLong", 400, "The length of all the batch messages put"),
    *[(operation, {**MINIMAL[operation], "TopicArn": SEALED[name]}, code, status, "")
      for operation in ("Publish", "PublishBatch")
      for name, code, status in (("off", "KMSDisabled", 400), ("dying", "KMSInvalidState", 400),
                                 ("none", "KMSNotFound", 400))],
    # text messages and devices
    *[bad(operation, {"phoneNumber": "x"}, "PhoneNumber Reason: x is not valid")
      for operation in ("CheckIfPhoneNumberIsOptedOut", "OptInPhoneNumber")],
    bad("SetSMSAttributes", {"attributes": {"Colour": "red"}}, "Colour is not a valid attribute"),
    bad("SetSMSAttributes", {"attributes": {"DefaultSMSType": "red"}}, "DefaultSMSType is invalid"),
    bad("CreatePlatformApplication", {**MINIMAL["CreatePlatformApplication"], "Platform": "x"}, "Platform Reason: x"),
    bad("CreatePlatformApplication", {**MINIMAL["CreatePlatformApplication"], "Name": ""}, "Name"),
    bad("CreatePlatformApplication", {**MINIMAL["CreatePlatformApplication"], "Attributes": {}}, "Attributes Reason: "),
    bad("CreatePlatformEndpoint", {"PlatformApplicationArn": APP, "Token": ""}, "Token"),
    bad("CreatePlatformEndpoint", {"PlatformApplicationArn": APP, "Token": "t", "CustomUserData": "x" * 2049},
        "CustomUserData"),
    bad("SetEndpointAttributes", {"EndpointArn": "device", "Attributes": {"Colour": "red"}}, "Attributes Reason: "),
]  # fmt: skip

_ANY = "*"
# (operation, error shape) that no request provokes here, and why; `*` for all operations.
EXCUSED: dict[tuple[str, str], str] = {
    (_ANY, "InternalErrorException"): "AWS in trouble; `fogbank fault` answers with any code on demand",
    (_ANY, "ThrottledException"): "fogbank throttles nobody; `fogbank fault` does on demand",
    (_ANY, "KMSThrottlingException"): "fogbank throttles nobody; `fogbank fault` does on demand",
    (_ANY, "KMSOptInRequired"): "every account has KMS",
    (_ANY, "KMSAccessDeniedException"): "needs a publisher who may not use the key: below",
    (_ANY, "InvalidSecurityException"): "a signature that is none is refused before: gateway/test_identify.py",
    (_ANY, "StaleTagException"): "of changes to tags that overtake each other: they come one after the other",
    (_ANY, "ConcurrentAccessException"): "of changes to tags that overtake each other: they come one after the other",
    (_ANY, "TagPolicyException"): "of tag policies of organizations",
    (_ANY, "TopicLimitExceededException"): "at 100,000 topics, which AWS raises on demand",
    (_ANY, "SubscriptionLimitExceededException"): "at 12,500,000 subscriptions",
    (_ANY, "FilterPolicyLimitExceededException"): "at 10,000 filter policies of an account, which AWS raises on demand",
    (_ANY, "ReplayLimitExceededException"): "fogbank does not archive messages (README)",
    (_ANY, "ValidationException"): "the model's own: codec/test_validate.py",
    (_ANY, "EndpointDisabledException"): "needs a disabled device: below",
    (_ANY, "PlatformApplicationDisabledException"): "no push service disables an application here",
    ("DeleteTopic", "InvalidStateException"): "of topics that archive messages (README)",
    ("DeleteTopic", "NotFoundException"): "a topic that is gone is deleted (API page: idempotent)",
    ("Unsubscribe", "NotFoundException"): "a subscription that is gone is ended",
    ("PublishBatch", "InvalidParameterValueException"): "told of the entry, in Failed: test_publishing.py",
    ("UntagResource", "TagLimitExceededException"): "taking tags away cannot pass a limit",
    ("GetSMSAttributes", "InvalidParameterException"): "any name may be asked for",
    ("RemovePermission", "InvalidParameterException"): "of the topic's ARN, above",
}


class Prepared:
    """A cloud with all that the cases need, and what they call it."""

    def __init__(self) -> None:
        self.cloud = TestCloud()
        sns, kms = self.cloud.client("sns"), self.cloud.client("kms")
        sns("CreateTopic", Name="tides")
        sns("CreateTopic", Name="tides.fifo", Attributes={"FifoTopic": "true"})
        keys = {name: kms("CreateKey")["KeyMetadata"]["KeyId"] for name in ("off", "dying")}
        kms("DisableKey", KeyId=keys["off"])
        kms("ScheduleKeyDeletion", KeyId=keys["dying"])
        for name, key in {**keys, "none": "11111111-2222-3333-4444-555555555555"}.items():
            sns("CreateTopic", Name=f"sealed-{name}", Attributes={"KmsMasterKeyId": key})
        sns("CreatePlatformApplication", Name="tides", Platform="GCM", Attributes={"PlatformCredential": "x"})
        self.names = {
            "device": sns("CreatePlatformEndpoint", PlatformApplicationArn=APP, Token="known")["EndpointArn"],
            "subscription": sns("Subscribe", **subscription(ReturnSubscriptionArn=True))["SubscriptionArn"],
        }
        self.cloud.call("iam", "CreateUser", {"UserName": "ann"})
        made = self.cloud.call("iam", "CreateAccessKey", {"UserName": "ann"})["AccessKey"]
        found = self.cloud.cloud.credential(made["AccessKeyId"], None)
        assert found is not None
        self.ann: Caller = found.caller

    def call(self, operation: str, params: Mapping[str, Any], caller: Caller | None = None) -> dict[str, Any]:
        given = {
            name: self.names.get(value, value) if isinstance(value, str) else value for name, value in params.items()
        }
        return self.cloud.call("sns", operation, given, caller=caller)


@pytest.fixture(scope="module")
def prepared() -> Iterator[Prepared]:
    found = Prepared()
    yield found
    found.cloud.close()


def refusal(prepared: Prepared, operation: str, params: Mapping[str, Any], caller: Caller | None = None) -> AwsError:
    with pytest.raises(AwsError) as caught:
        prepared.call(operation, params, caller)
    return caught.value


def code_of(error: AwsError) -> str:
    """As the wire has it."""
    return said(error, "sns", "query").query_code


def status_of(operation: str, error: AwsError) -> int:
    """As the wire has it."""
    return codec_for("sns", "query", operation).write_error(error, "r").status


@pytest.mark.parametrize(
    ("operation", "params", "code", "status", "text"),
    CASES,
    ids=[f"{case[0]}-{case[2]}-{number}" for number, case in enumerate(CASES)],
)
def test_what_is_refused(
    prepared: Prepared, operation: str, params: dict[str, Any], code: str, status: int, text: str
) -> None:
    error = refusal(prepared, operation, params)
    assert (code_of(error), status_of(operation, error)) == (code, status), error
    assert text in error.message


@pytest.mark.parametrize("operation", sorted(MINIMAL))
def test_who_may_not(prepared: Prepared, operation: str) -> None:
    error = refusal(prepared, operation, MINIMAL[operation], prepared.ann)
    assert (error.code, status_of(operation, error)) == ("AuthorizationError", 403), error
    assert error.message.startswith(f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: SNS:") or (
        error.message.startswith(f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: sns:")
    )


def test_a_publisher_who_may_not_use_the_topics_key(prepared: Prepared) -> None:
    key = prepared.cloud.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    topic = prepared.call("CreateTopic", {"Name": "sealed", "Attributes": {"KmsMasterKeyId": key}})["TopicArn"]
    prepared.cloud.call("iam", "CreateUser", {"UserName": "ben"})
    made = prepared.cloud.call("iam", "CreateAccessKey", {"UserName": "ben"})["AccessKey"]
    found = prepared.cloud.cloud.credential(made["AccessKeyId"], None)
    assert found is not None
    statement = {"Effect": "Allow", "Action": "sns:Publish", "Resource": topic}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    prepared.cloud.call("iam", "PutUserPolicy", {"UserName": "ben", "PolicyName": "p", "PolicyDocument": document})
    for operation in ("Publish", "PublishBatch"):
        error = refusal(prepared, operation, {**MINIMAL[operation], "TopicArn": topic}, found.caller)
        assert (code_of(error), status_of(operation, error)) == ("KMSAccessDenied", 400)


def test_strangers_have_no_topics_here(prepared: Prepared) -> None:
    error = refusal(prepared, "Publish", MINIMAL["Publish"], callers.root("111111111111"))
    assert error.code == "AuthorizationError"


def test_a_device_that_is_disabled(prepared: Prepared) -> None:
    device = prepared.call("CreatePlatformEndpoint", {
        "PlatformApplicationArn": APP, "Token": "off", "Attributes": {"Enabled": "false"}})["EndpointArn"]  # fmt: skip
    error = refusal(prepared, "Publish", {"TargetArn": device, "Message": "m"})
    assert (error.code, status_of("Publish", error), error.message) == ("EndpointDisabled", 400, "Endpoint is disabled")


def test_what_is_gone_is_gone(prepared: Prepared) -> None:
    assert prepared.call("DeleteTopic", {"TopicArn": NO_TOPIC}) == {}
    assert prepared.call("Unsubscribe", {"SubscriptionArn": NO_SUBSCRIPTION}) == {}
    assert prepared.call("DeleteEndpoint", {"EndpointArn": NO_DEVICE}) == {}
    assert prepared.call("DeletePlatformApplication", {"PlatformApplicationArn": NO_APP}) == {}
    assert prepared.call("RemovePermission", {"TopicArn": TOPIC, "Label": "none"}) == {}


def test_limits_are_accepted(prepared: Prepared) -> None:
    for params in (
        {"Message": "m" * 262_144},
        {"Message": "ü" * 131_072},
        {"Message": "m", "Subject": "s" * 100},
        {"TopicArn": FIFO, "Message": "m", "MessageGroupId": "g" * 128, "MessageDeduplicationId": "d" * 128},
    ):
        assert prepared.call("Publish", {"TopicArn": TOPIC, **params})["MessageId"]
    for batch in (entries(*"m" * 10), entries("m", Id="i" * 80), entries("m" * 131_072, "m" * 131_072)):
        assert len(prepared.call("PublishBatch", batch)["Failed"]) == 0
    assert prepared.call("CreateTopic", {"Name": "n" * 256})
    assert prepared.call("CreateTopic", {"Name": "n" * 251 + ".fifo", "Attributes": {"FifoTopic": "true"}})
    assert prepared.call("CreateTopic", {"Name": "tagged", "Tags": tags(50)})
    settable = {"SubscriptionArn": "subscription"}
    for text in (json.dumps({"a": list(range(150))}), json.dumps({name: ["x"] for name in "abcde"}), "{}"):
        assert prepared.call("SetSubscriptionAttributes", {**settable, **attribute("FilterPolicy", text)}) == {}


@pytest.mark.parametrize("message", ["[" * 200_000, '{"a":' * 40_000, '{"a":' * 20_000 + "1" + "}" * 20_000])
def test_a_message_too_deep_to_be_read_passes_no_filter(prepared: Prepared, message: str) -> None:
    topic = prepared.call("CreateTopic", {"Name": "deep"})["TopicArn"]
    attributes = {"FilterPolicy": '{"a":["x"]}', "FilterPolicyScope": "MessageBody"}
    prepared.call("Subscribe", subscription(TopicArn=topic, Attributes=attributes))
    assert prepared.call("Publish", {"TopicArn": topic, "Message": message})["MessageId"]
    array = {"a": {"DataType": "String.Array", "StringValue": "[" * 100_000}}
    assert prepared.call("Publish", {"TopicArn": topic, "Message": "m", "MessageAttributes": array})["MessageId"]


def test_every_operation_is_in_the_tables() -> None:
    installed = Installed("fogbank.services.sns")
    assert {one.name for one in load("sns").operations() if installed.operation(one.name)} == set(MINIMAL)


def test_every_error_of_every_operation_is_provoked_or_excused() -> None:
    model, installed = load("sns"), Installed("fogbank.services.sns")
    provoked = {(case[0], case[2]) for case in CASES} | {(name, "AuthorizationError") for name in MINIMAL}
    missing = [
        (operation.name, shape)
        for operation in model.operations()
        if installed.operation(operation.name)
        for shape in operation.errors
        if (operation.name, model.shapes[shape].get("error", {}).get("code", shape)) not in provoked
        and not {(operation.name, shape), (_ANY, shape)} & set(EXCUSED)
    ]
    assert not missing
