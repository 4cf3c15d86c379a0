"""SNS through the in-process cloud: what publishers and subscribers notice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.policy import Principal
from fogbank.control.caller import Caller, root
from fogbank.services.sns import retries
from fogbank.testing import TestCloud
from fogbank.testing.refused import refused

ACCOUNT, OTHER = "000000000000", "111122223333"
Client = Callable[..., dict[str, Any]]


def string(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


class Inbox:
    """A queue that a topic may send to."""

    def __init__(self, cloud: TestCloud, name: str, account: str = ACCOUNT, region: str = "", allowed: bool = True):
        self.sqs = cloud.client("sqs", caller=root(account), region=region)
        attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        self.url = self.sqs("CreateQueue", QueueName=name, Attributes=attributes)["QueueUrl"]
        self.arn = f"arn:aws:sqs:{region or 'us-east-1'}:{account}:{name}"
        if allowed:
            self.allow()

    def allow(self, **condition: Any) -> None:
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
        }
        if condition:
            statement["Condition"] = condition
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.sqs("SetQueueAttributes", QueueUrl=self.url, Attributes={"Policy": policy})

    def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while page := self.sqs(
            "ReceiveMessage",
            QueueUrl=self.url,
            MaxNumberOfMessages=10,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        ).get("Messages"):
            for message in page:
                self.sqs("DeleteMessage", QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
            found += page
        return found

    def texts(self) -> list[str]:
        return [json.loads(message["Body"])["Message"] for message in self.messages()]


class Topic:
    """A topic and short words for what one does with it."""

    def __init__(self, cloud: TestCloud, name: str = "news", **attributes: str) -> None:
        self.sns = cloud.client("sns")
        if name.endswith(".fifo"):
            attributes = {"FifoTopic": "true", **attributes}
        self.arn = self.sns("CreateTopic", Name=name, Attributes=attributes)["TopicArn"]

    def __call__(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.sns(operation, TopicArn=self.arn, **params)

    def subscribe(self, inbox: Inbox, **attributes: str) -> str:
        answer = self("Subscribe", Protocol="sqs", Endpoint=inbox.arn, Attributes=attributes)
        return str(answer["SubscriptionArn"])

    def publish(self, text: str = "hello", **params: Any) -> dict[str, Any]:
        return self("Publish", Message=text, **params)


@pytest.fixture
def topic(cloud: TestCloud) -> Topic:
    return Topic(cloud)


@pytest.fixture
def inbox(cloud: TestCloud) -> Inbox:
    return Inbox(cloud, "inbox")


def service(name: str) -> Caller:
    principal = Principal(arn=name, account=ACCOUNT, kind="service", service=name)
    return Caller(principal=principal, enforced=True)


# Topics


def test_creating_again_answers_the_same_topic_unless_it_differs(cloud: TestCloud) -> None:
    sns = cloud.client("sns")
    made = sns("CreateTopic", Name="a", Attributes={"DisplayName": "x"}, Tags=[{"Key": "k", "Value": "v"}])
    assert made == {"TopicArn": "arn:aws:sns:us-east-1:000000000000:a"}
    assert sns("CreateTopic", Name="a") == made
    assert sns("CreateTopic", Name="a", Attributes={"DisplayName": "x"}) == made
    with refused("InvalidParameter", "already exists with different attributes"):
        sns("CreateTopic", Name="a", Attributes={"DisplayName": "y"})
    with refused("InvalidParameter", "already exists with different tags"):
        sns("CreateTopic", Name="a", Tags=[{"Key": "k", "Value": "w"}])


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a" * 257, "a.fifo"])
def test_a_bad_name_is_refused(cloud: TestCloud, name: str) -> None:
    with refused("InvalidParameter", "Topic Name"):
        cloud.call("sns", "CreateTopic", {"Name": name})
    cloud.call("sns", "CreateTopic", {"Name": "a" * 256})
    with refused("InvalidParameter", "must end with .fifo"):
        cloud.call("sns", "CreateTopic", {"Name": "plain", "Attributes": {"FifoTopic": "true"}})


def test_attributes(topic: Topic, inbox: Inbox) -> None:
    topic.subscribe(inbox)
    topic("Subscribe", Protocol="email", Endpoint="a@example.com")
    gone = topic("Subscribe", Protocol="sms", Endpoint="+15005550006")["SubscriptionArn"]
    topic.sns("Unsubscribe", SubscriptionArn=gone)
    found = topic("GetTopicAttributes")["Attributes"]
    assert (found["SubscriptionsConfirmed"], found["SubscriptionsPending"], found["SubscriptionsDeleted"]) == (
        "1",
        "1",
        "1",
    )
    assert json.loads(found["Policy"])["Id"] == "__default_policy_ID"
    assert json.loads(found["EffectiveDeliveryPolicy"])["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3
    topic("SetTopicAttributes", AttributeName="DisplayName", AttributeValue="News")
    assert topic("GetTopicAttributes")["Attributes"]["DisplayName"] == "News"
    for name, value in (
        ("Colour", "red"),
        ("SignatureVersion", "3"),
        ("TracingConfig", "x"),
        ("Policy", "{"),
        ("DisplayName", "x" * 101),
        ("ContentBasedDeduplication", "true"),
        ("FifoTopic", "true"),
        ("DeliveryPolicy", "{"),
    ):
        with refused("InvalidParameter", "Invalid parameter: "):
            topic("SetTopicAttributes", AttributeName=name, AttributeValue=value)


def test_topics_are_listed_by_the_hundred_and_gone_when_deleted(cloud: TestCloud) -> None:
    sns = cloud.client("sns")
    for number in range(101):
        sns("CreateTopic", Name=f"t{number:03}")
    page = sns("ListTopics")
    assert len(page["Topics"]) == 100
    rest = sns("ListTopics", NextToken=page["NextToken"])
    assert rest == {"Topics": [{"TopicArn": "arn:aws:sns:us-east-1:000000000000:t100"}]}
    with refused("InvalidParameter", "NextToken"):
        sns("ListTopics", NextToken="x")
    arn = rest["Topics"][0]["TopicArn"]
    sns("DeleteTopic", TopicArn=arn)
    sns("DeleteTopic", TopicArn=arn)
    with refused("NotFound", "Topic does not exist"):
        sns("GetTopicAttributes", TopicArn=arn)
    with refused("NotFound", "Topic does not exist"):
        sns("Publish", TopicArn=arn, Message="x")
    with refused("InvalidParameter", "at least 6 elements"):
        sns("GetTopicAttributes", TopicArn="nonsense")


def test_tags(cloud: TestCloud, topic: Topic) -> None:
    sns, arn = topic.sns, topic.arn
    sns("TagResource", ResourceArn=arn, Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}])
    assert sns("ListTagsForResource", ResourceArn=arn) == {
        "Tags": [{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "1"}]
    }
    sns("UntagResource", ResourceArn=arn, TagKeys=["a"])
    with refused("TagLimitExceeded"):
        sns("TagResource", ResourceArn=arn, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
    sns("TagResource", ResourceArn=arn, Tags=[{"Key": f"k{n}", "Value": ""} for n in range(49)])
    with refused("ResourceNotFound"):
        sns("ListTagsForResource", ResourceArn=arn + "x")
    sns("UntagResource", ResourceArn=arn, TagKeys=["k0"])
    with refused("InvalidParameter", "aws:"):
        sns("TagResource", ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": ""}])


def test_a_data_protection_policy_is_kept(topic: Topic) -> None:
    topic.sns("PutDataProtectionPolicy", ResourceArn=topic.arn, DataProtectionPolicy='{"Name": "x"}')
    found = topic.sns("GetDataProtectionPolicy", ResourceArn=topic.arn)
    assert found == {"DataProtectionPolicy": '{"Name": "x"}'}


# Queues


def test_a_queue_gets_an_envelope(cloud: TestCloud, topic: Topic, inbox: Inbox) -> None:
    arn = topic.subscribe(inbox)
    assert arn.startswith(f"{topic.arn}:")
    sent = topic.publish("hällo", Subject="Greeting", MessageAttributes={"a": string("x")})
    [message] = inbox.messages()
    envelope = json.loads(message["Body"])
    assert {name: envelope[name] for name in ("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp")} == {
        "Type": "Notification",
        "MessageId": sent["MessageId"],
        "TopicArn": topic.arn,
        "Subject": "Greeting",
        "Message": "hällo",
        "Timestamp": "2025-06-15T15:06:40.000Z",
    }
    assert envelope["MessageAttributes"] == {"a": {"Type": "String", "Value": "x"}}
    assert envelope["SignatureVersion"] == "1"
    assert f"SubscriptionArn={arn.replace(':', '%3A')}" in envelope["UnsubscribeURL"]
    assert "MessageAttributes" not in message


def test_raw_delivery_carries_attributes(topic: Topic, inbox: Inbox) -> None:
    topic.subscribe(inbox, RawMessageDelivery="true")
    attributes = {"a": string("x"), "b": {"DataType": "Binary", "BinaryValue": b"\x00"}}
    topic.publish("plain", MessageAttributes=attributes)
    [message] = inbox.messages()
    assert message["Body"] == "plain"
    assert message["MessageAttributes"] == attributes


def test_a_queue_must_let_the_topic_in(cloud: TestCloud, topic: Topic) -> None:
    closed, dead = Inbox(cloud, "closed", allowed=False), Inbox(cloud, "dead")
    arn = topic.subscribe(closed)
    topic.publish("lost")
    topic.sns(
        "SetSubscriptionAttributes",
        SubscriptionArn=arn,
        AttributeName="RedrivePolicy",
        AttributeValue=json.dumps({"deadLetterTargetArn": dead.arn}),
    )
    topic.publish("kept")
    closed.allow(ArnEquals={"aws:SourceArn": topic.arn + "x"})
    topic.publish("kept too")
    closed.allow(ArnEquals={"aws:SourceArn": topic.arn})
    topic.publish("arrived")
    assert closed.texts() == ["arrived"]
    assert dead.texts() == ["kept", "kept too"]


def test_a_deleted_queue_is_a_failed_delivery(cloud: TestCloud, topic: Topic, inbox: Inbox) -> None:
    dead = Inbox(cloud, "dead")
    topic.subscribe(inbox, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn}))
    inbox.sqs("DeleteQueue", QueueUrl=inbox.url)
    assert topic.publish("x")["MessageId"]
    [message] = dead.messages()
    assert message["MessageAttributes"]["ErrorCode"]["StringValue"] == "QueueDoesNotExist"


def test_queues_elsewhere(cloud: TestCloud, topic: Topic) -> None:
    abroad = Inbox(cloud, "abroad", region="eu-west-1")
    topic.subscribe(abroad)
    topic.publish("far")
    assert abroad.texts() == ["far"]


def test_a_queue_of_another_account_is_asked(cloud: TestCloud, topic: Topic) -> None:
    theirs = Inbox(cloud, "theirs", account=OTHER)
    assert topic.subscribe(theirs) == "pending confirmation"
    topic.publish("too early")
    [asked] = [json.loads(message["Body"]) for message in theirs.messages()]
    assert asked["Type"] == "SubscriptionConfirmation"
    topic("ConfirmSubscription", Token=asked["Token"])
    topic.publish("now")
    assert theirs.texts() == ["now"]


def test_the_owner_of_a_queue_subscribes_it_to_anothers_topic(cloud: TestCloud, topic: Topic) -> None:
    theirs = Inbox(cloud, "theirs", account=OTHER)
    sns = cloud.client("sns", caller=root(OTHER))
    request = {"TopicArn": topic.arn, "Protocol": "sqs", "Endpoint": theirs.arn}
    with refused("AuthorizationError", "sns:Subscribe"):
        sns("Subscribe", **request)
    topic("AddPermission", Label="them", AWSAccountId=[OTHER], ActionName=["Subscribe"])
    arn = sns("Subscribe", **request)["SubscriptionArn"]
    assert topic.sns("GetSubscriptionAttributes", SubscriptionArn=arn)["Attributes"]["Owner"] == OTHER
    topic.publish("hello")
    assert theirs.texts() == ["hello"]
    sns("Unsubscribe", SubscriptionArn=arn)
    topic.publish("gone")
    assert [json.loads(message["Body"])["Type"] for message in theirs.messages()] == []


# FIFO


def test_a_fifo_topic_keeps_order_and_knows_duplicates(cloud: TestCloud) -> None:
    topic = Topic(cloud, "news.fifo")
    fifo, plain = Inbox(cloud, "in.fifo"), Inbox(cloud, "plain")
    topic.subscribe(fifo, RawMessageDelivery="true")
    topic.subscribe(plain)
    sent = [topic.publish(str(n), MessageGroupId="g", MessageDeduplicationId=f"d{n}") for n in range(3)]
    assert topic.publish("again", MessageGroupId="g", MessageDeduplicationId="d0") == sent[0]
    numbers = [one["SequenceNumber"] for one in sent]
    assert numbers == sorted(set(numbers))
    assert all(len(number) == 20 for number in numbers)
    received = fifo.messages()
    assert [message["Body"] for message in received] == ["0", "1", "2"]
    assert received[0]["Attributes"]["MessageGroupId"] == "g"
    assert received[0]["Attributes"]["MessageDeduplicationId"] == "d0"
    envelopes = [json.loads(message["Body"]) for message in plain.messages()]
    assert [envelope["SequenceNumber"] for envelope in envelopes] == numbers
    cloud.advance(299)
    assert topic.publish("x", MessageGroupId="g", MessageDeduplicationId="d1") == sent[1]
    cloud.advance(1)
    assert topic.publish("x", MessageGroupId="g", MessageDeduplicationId="d1") != sent[1]


def test_what_a_fifo_topic_asks(cloud: TestCloud, topic: Topic) -> None:
    fifo = Topic(cloud, "news.fifo")
    with refused("InvalidParameter", "MessageGroupId parameter is required"):
        fifo.publish("x", MessageDeduplicationId="d")
    with refused("InvalidParameter", "ContentBasedDeduplication enabled"):
        fifo.publish("x", MessageGroupId="g")
    fifo("SetTopicAttributes", AttributeName="ContentBasedDeduplication", AttributeValue="true")
    assert fifo.publish("x", MessageGroupId="g") == fifo.publish("x", MessageGroupId="h")
    fifo("SetTopicAttributes", AttributeName="FifoThroughputScope", AttributeValue="MessageGroup")
    assert fifo.publish("y", MessageGroupId="g") != fifo.publish("y", MessageGroupId="h")
    with refused("InvalidParameter", "not valid for this topic type"):
        topic.publish("x", MessageDeduplicationId="d")
    with refused("InvalidParameter", "FIFO SQS Queues can not be subscribed to standard SNS topics"):
        topic.subscribe(Inbox(cloud, "in.fifo"))
    with refused("InvalidParameter", "Invalid protocol type: email"):
        fifo("Subscribe", Protocol="email", Endpoint="a@example.com")


# Subscriptions


def test_subscribing_again(topic: Topic, inbox: Inbox) -> None:
    arn = topic.subscribe(inbox)
    assert topic.subscribe(inbox) == arn
    with refused("InvalidParameter", "Subscription already exists with different attributes"):
        topic.subscribe(inbox, RawMessageDelivery="true")
    found = topic.sns("GetSubscriptionAttributes", SubscriptionArn=arn)["Attributes"]
    assert found == {
        "SubscriptionArn": arn,
        "TopicArn": topic.arn,
        "Owner": ACCOUNT,
        "Protocol": "sqs",
        "Endpoint": inbox.arn,
        "PendingConfirmation": "false",
        "ConfirmationWasAuthenticated": "true",
        "RawMessageDelivery": "false",
        "SubscriptionPrincipal": "arn:aws:iam::000000000000:root",
    }
    topic.sns("Unsubscribe", SubscriptionArn=arn)
    with refused("NotFound", "Subscription does not exist"):
        topic.sns("GetSubscriptionAttributes", SubscriptionArn=arn)


@pytest.mark.parametrize(
    ("protocol", "endpoint", "text"),
    [
        ("carrier-pigeon", "x", "does not support this protocol string"),
        ("http", "https://example.com", "must match the specified protocol"),
        ("email", "nobody", "Email address"),
        ("sms", "x", "PhoneNumber"),
        ("sqs", "x", "SQS endpoint ARN"),
        ("lambda", "arn:aws:sqs:us-east-1:000000000000:q", "Lambda endpoint ARN"),
        ("firehose", "arn:aws:firehose:us-east-1:000000000000:deliverystream/x", "no delivery streams"),
    ],
)
def test_endpoints_that_are_none(topic: Topic, protocol: str, endpoint: str, text: str) -> None:
    with refused("InvalidParameter", text):
        topic("Subscribe", Protocol=protocol, Endpoint=endpoint)


def test_subscriptions_are_listed_by_the_hundred(cloud: TestCloud, topic: Topic) -> None:
    for number in range(101):
        topic("Subscribe", Protocol="sms", Endpoint=f"+1500555{number:04}")
    topic("Subscribe", Protocol="email", Endpoint="a@example.com")
    for operation, params in (("ListSubscriptions", {}), ("ListSubscriptionsByTopic", {"TopicArn": topic.arn})):
        page = topic.sns(operation, **params)
        assert len(page["Subscriptions"]) == 100
        rest = topic.sns(operation, NextToken=page["NextToken"], **params)
        both = [*page["Subscriptions"], *rest["Subscriptions"]]
        assert len({one["Endpoint"] for one in both}) == 102
        assert [one["SubscriptionArn"] for one in both].count("PendingConfirmation") == 1


def test_who_does_not_confirm_is_forgotten(cloud: TestCloud, topic: Topic) -> None:
    answer = topic("Subscribe", Protocol="email", Endpoint="a@example.com", ReturnSubscriptionArn=True)
    assert answer["SubscriptionArn"].startswith(topic.arn)
    cloud.advance(48 * 3600 - 1)
    assert len(topic("ListSubscriptionsByTopic")["Subscriptions"]) == 1
    cloud.advance(1)
    assert topic("ListSubscriptionsByTopic")["Subscriptions"] == []


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Colour", "red", "AttributeName"),
        ("RawMessageDelivery", "maybe", "Must be true or false"),
        ("FilterPolicyScope", "Headers", "FilterPolicyScope: Invalid value"),
        ("FilterPolicy", "{", "FilterPolicy: failed to parse JSON"),
        ("FilterPolicy", '{"a": "x"}', "FilterPolicy: "),
        ("FilterPolicy", '{"a": [{"near": 1}]}', "FilterPolicy: Unrecognized match type near"),
        ("FilterPolicy", '{"a": {"b": ["x"]}}', "does not support nested filter policy"),
        ("FilterPolicy", json.dumps({f"k{n}": ["x"] for n in range(6)}), "can not have more than 5 keys"),
        ("FilterPolicy", json.dumps({"a": [*map(str, range(151))]}), "Filter policy is too complex"),
        ("FilterPolicy", '{"a": [{"numeric": ["=", 1000000001]}]}', "between -1000000000 and 1000000000"),
        ("RedrivePolicy", "{}", "deadLetterTargetArn"),
        ("RedrivePolicy", '{"deadLetterTargetArn": "arn:aws:sqs:eu-west-1:000000000000:q"}', "same region"),
        ("RedrivePolicy", '{"deadLetterTargetArn": "x"}', "invalid arn"),
        ("DeliveryPolicy", '{"healthyRetryPolicy": {"numRetries": 101}}', "less than or equal to 100"),
        ("DeliveryPolicy", '{"throttlePolicy": {"maxReceivesPerSecond": 0}}', "maxReceivesPerSecond"),
        ("DeliveryPolicy", '{"requestPolicy": {"headerContentType": "image/png"}}', "headerContentType"),
        ("ReplayPolicy", "{}", "does not archive"),
    ],
)
def test_attributes_of_subscriptions_that_are_none(
    topic: Topic, inbox: Inbox, name: str, value: str, text: str
) -> None:
    arn = topic.subscribe(inbox)
    with refused("InvalidParameter", text):
        topic.sns("SetSubscriptionAttributes", SubscriptionArn=arn, AttributeName=name, AttributeValue=value)


def test_raw_delivery_is_for_machines(topic: Topic) -> None:
    attributes = {"RawMessageDelivery": "true"}
    with refused("InvalidParameter", r"Delivery protocol \[email\] does not support raw message delivery"):
        topic("Subscribe", Protocol="email", Endpoint="a@example.com", Attributes=attributes)


# Permissions


def test_who_may_publish(cloud: TestCloud, topic: Topic) -> None:
    theirs, events = (
        cloud.client("sns", caller=root(OTHER)),
        cloud.client("sns", caller=service("events.amazonaws.com")),
    )
    for client in (theirs, events):
        with refused("AuthorizationError", "sns:Publish"):
            client("Publish", TopicArn=topic.arn, Message="x")
    topic("AddPermission", Label="them", AWSAccountId=[OTHER], ActionName=["Publish"])
    assert theirs("Publish", TopicArn=topic.arn, Message="x")["MessageId"]
    with refused("InvalidParameter", "Statement already exists"):
        topic("AddPermission", Label="them", AWSAccountId=[OTHER], ActionName=["Publish"])
    with refused("InvalidParameter", "out of service scope"):
        topic("AddPermission", Label="x", AWSAccountId=[OTHER], ActionName=["Dance"])
    topic("RemovePermission", Label="them")
    with refused("AuthorizationError"):
        theirs("Publish", TopicArn=topic.arn, Message="x")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic.arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    topic("SetTopicAttributes", AttributeName="Policy", AttributeValue=policy)
    assert events("Publish", TopicArn=topic.arn, Message="x")["MessageId"]


def test_a_key_that_may_not_be_used(cloud: TestCloud, topic: Topic, inbox: Inbox) -> None:
    topic.subscribe(inbox)
    key = cloud.call("kms", "CreateKey")["KeyMetadata"]["KeyId"]
    topic("SetTopicAttributes", AttributeName="KmsMasterKeyId", AttributeValue=key)
    topic.publish("works")
    cloud.call("kms", "DisableKey", {"KeyId": key})
    with refused("KMSDisabledException"):
        topic.publish("x")
    topic("SetTopicAttributes", AttributeName="KmsMasterKeyId", AttributeValue="alias/none")
    with refused("KMSNotFoundException"):
        topic.publish("x")
    assert inbox.texts() == ["works"]


# Devices and phones


def test_devices(cloud: TestCloud) -> None:
    sns = cloud.client("sns")
    attributes = {"PlatformCredential": "secret"}
    app = sns("CreatePlatformApplication", Name="app", Platform="GCM", Attributes=attributes)["PlatformApplicationArn"]
    assert app == "arn:aws:sns:us-east-1:000000000000:app/GCM/app"
    assert sns("GetPlatformApplicationAttributes", PlatformApplicationArn=app) == {"Attributes": {"Enabled": "true"}}
    device = sns("CreatePlatformEndpoint", PlatformApplicationArn=app, Token="t")["EndpointArn"]
    assert sns("CreatePlatformEndpoint", PlatformApplicationArn=app, Token="t")["EndpointArn"] == device
    with refused("InvalidParameter", "already exists with the same Token, but different attributes"):
        sns("CreatePlatformEndpoint", PlatformApplicationArn=app, Token="t", CustomUserData="x")
    assert sns("Publish", TargetArn=device, Message="x")["MessageId"]
    topic = Topic(cloud)
    topic("Subscribe", Protocol="application", Endpoint=device)
    sns("SetEndpointAttributes", EndpointArn=device, Attributes={"Enabled": "false"})
    with refused("EndpointDisabled", "Endpoint is disabled"):
        sns("Publish", TargetArn=device, Message="x")
    assert topic.publish("to nobody")["MessageId"]
    sns("SetEndpointAttributes", EndpointArn=device, Attributes={"Enabled": "true"})
    sns("SetPlatformApplicationAttributes", PlatformApplicationArn=app, Attributes={"Enabled": "false"})
    with refused("PlatformApplicationDisabled"):
        sns("Publish", TargetArn=device, Message="x")
    listed = sns("ListEndpointsByPlatformApplication", PlatformApplicationArn=app)["Endpoints"]
    assert listed == [{"EndpointArn": device, "Attributes": {"Enabled": "true", "Token": "t"}}]
    assert len(sns("ListPlatformApplications")["PlatformApplications"]) == 1
    sns("DeleteEndpoint", EndpointArn=device)
    with refused("NotFound", "Endpoint does not exist"):
        sns("GetEndpointAttributes", EndpointArn=device)
    sns("DeletePlatformApplication", PlatformApplicationArn=app)
    with refused("NotFound", "PlatformApplication does not exist"):
        sns("GetPlatformApplicationAttributes", PlatformApplicationArn=app)
    with refused("InvalidParameter", "Platform"):
        sns("CreatePlatformApplication", Name="app", Platform="FAX", Attributes=attributes)


def test_phones(cloud: TestCloud) -> None:
    sns = cloud.client("sns")
    assert sns("Publish", PhoneNumber="+15005550006", Message="x")["MessageId"]
    with refused("InvalidParameter", "PhoneNumber"):
        sns("Publish", PhoneNumber="call me", Message="x")
    sns("SetSMSAttributes", attributes={"DefaultSMSType": "Transactional", "DefaultSenderID": "me"})
    assert sns("GetSMSAttributes", attributes=["DefaultSMSType"]) == {"attributes": {"DefaultSMSType": "Transactional"}}
    with refused("InvalidParameter", "not a valid attribute"):
        sns("SetSMSAttributes", attributes={"Colour": "red"})
    assert sns("CheckIfPhoneNumberIsOptedOut", phoneNumber="+15005550006") == {"isOptedOut": False}
    assert sns("ListPhoneNumbersOptedOut") == {"phoneNumbers": []}
    sns("OptInPhoneNumber", phoneNumber="+15005550006")


# Retries, as plain values


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ({}, (20, 20, 20)),
        (
            {
                "numRetries": 6,
                "numNoDelayRetries": 1,
                "numMinDelayRetries": 2,
                "numMaxDelayRetries": 1,
                "minDelayTarget": 10,
                "maxDelayTarget": 30,
            },
            (0, 10, 10, 20, 30, 30),
        ),
        ({"numRetries": 3, "minDelayTarget": 1, "maxDelayTarget": 8, "backoffFunction": "geometric"}, (2, 4, 8)),
        ({"numRetries": 3, "minDelayTarget": 1, "maxDelayTarget": 8, "backoffFunction": "exponential"}, (2, 4, 8)),
        ({"numRetries": 0}, ()),
    ],
)
def test_the_waits_of_a_policy(policy: dict[str, Any], expected: tuple[float, ...]) -> None:
    assert retries.delays({**retries.DEFAULT, **policy}) == pytest.approx(expected)
