"""Deliveries over HTTP, against a server of the test's own; and what is kept of mails, text messages and pushes."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest

from fogbank.services.sns.test_sns import Inbox, Topic
from fogbank.testing import Served, TestCloud
from fogbank.testing.endpoint import Endpoint
from fogbank.testing.plugin import MakeClient


def subscribed(cloud: TestCloud, endpoint: Endpoint, **attributes: str) -> tuple[Topic, str]:
    """A topic with a confirmed subscription of the endpoint, which has forgotten the question."""
    topic = Topic(cloud)
    answer = topic("Subscribe", Protocol="http", Endpoint=endpoint.url, Attributes=attributes)
    assert answer == {"SubscriptionArn": "pending confirmation"}
    cloud.advance(0)
    [(_, headers, body)] = endpoint.wait(1)
    assert headers["x-amz-sns-message-type"] == "SubscriptionConfirmation"
    arn = topic("ConfirmSubscription", Token=json.loads(body)["Token"])["SubscriptionArn"]
    endpoint.got.clear()
    return topic, arn


def test_a_notification_has_awss_headers(cloud: TestCloud, endpoint: Endpoint) -> None:
    topic, arn = subscribed(cloud, endpoint)
    sent = topic.publish("hello")
    cloud.advance(0)
    [(_, headers, body)] = endpoint.wait(1)
    expected = {
        "x-amz-sns-message-type": "Notification",
        "x-amz-sns-message-id": sent["MessageId"],
        "x-amz-sns-topic-arn": topic.arn,
        "x-amz-sns-subscription-arn": arn,
        "content-type": "text/plain; charset=UTF-8",
        "user-agent": "Amazon Simple Notification Service Agent",
    }
    assert {name: headers.get(name) for name in expected} == expected
    assert "x-amz-sns-rawdelivery" not in headers
    assert json.loads(body)["Message"] == "hello"


def test_raw_delivery_and_its_content_type(cloud: TestCloud, endpoint: Endpoint) -> None:
    policy = json.dumps({"requestPolicy": {"headerContentType": "application/json"}})
    topic, _ = subscribed(cloud, endpoint, RawMessageDelivery="true", DeliveryPolicy=policy)
    topic.publish('{"a": 1}')
    cloud.advance(0)
    [(_, headers, body)] = endpoint.wait(1)
    assert body == '{"a": 1}'
    assert (headers["x-amz-sns-rawdelivery"], headers["content-type"]) == ("true", "application/json")


def test_a_failing_endpoint_is_tried_again_and_then_given_up(cloud: TestCloud, endpoint: Endpoint) -> None:
    dead = Inbox(cloud, "dead")
    retries = {"numRetries": 2, "minDelayTarget": 10, "maxDelayTarget": 30}
    topic, _ = subscribed(
        cloud,
        endpoint,
        DeliveryPolicy=json.dumps({"healthyRetryPolicy": retries}),
        RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn}),
    )
    endpoint.answers = [(500, b""), (429, b""), (503, b"")]
    topic.publish("hello")
    cloud.advance(0)
    assert len(endpoint.got) == 1
    cloud.advance(19)
    assert len(endpoint.got) == 1
    cloud.advance(1)
    assert len(endpoint.got) == 2
    cloud.advance(29)
    assert (len(endpoint.got), dead.texts()) == (2, [])
    cloud.advance(1)
    assert len(endpoint.got) == 3
    assert dead.texts() == ["hello"]
    cloud.advance(3600)
    assert len(endpoint.got) == 3


def test_an_endpoint_that_recovers(cloud: TestCloud, endpoint: Endpoint) -> None:
    topic, _ = subscribed(cloud, endpoint)
    endpoint.answers = [(500, b"")]
    topic.publish("hello")
    cloud.advance(20)
    assert len(endpoint.got) == 2
    assert endpoint.got[0].body == endpoint.got[1].body
    cloud.advance(100)
    assert len(endpoint.got) == 2


def test_a_refusal_is_final(cloud: TestCloud, endpoint: Endpoint) -> None:
    dead = Inbox(cloud, "dead")
    topic, _ = subscribed(cloud, endpoint, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn}))
    endpoint.answers = [(404, b"")]
    topic.publish("hello")
    cloud.advance(0)
    [message] = dead.messages()
    assert message["MessageAttributes"]["ErrorCode"]["StringValue"] == "404"
    cloud.advance(100)
    assert len(endpoint.got) == 1


def test_nobody_there(cloud: TestCloud, endpoint: Endpoint) -> None:
    dead = Inbox(cloud, "dead")
    policy = json.dumps({"healthyRetryPolicy": {"numRetries": 0}})
    redrive = json.dumps({"deadLetterTargetArn": dead.arn})
    topic, _ = subscribed(cloud, endpoint, DeliveryPolicy=policy, RedrivePolicy=redrive)
    endpoint.close()
    topic.publish("hello")
    cloud.advance(0)
    assert dead.texts() == ["hello"]


def test_a_throttle(cloud: TestCloud, endpoint: Endpoint) -> None:
    topic, _ = subscribed(cloud, endpoint, DeliveryPolicy='{"throttlePolicy": {"maxReceivesPerSecond": 2}}')
    for number in range(5):
        topic.publish(str(number))
    cloud.advance(0)
    assert len(endpoint.got) == 1
    cloud.advance(1)
    assert len(endpoint.got) == 3
    cloud.advance(1)
    assert len(endpoint.got) == 5


def test_a_delivery_that_waits_is_sealed(cloud: TestCloud, endpoint: Endpoint) -> None:
    topic, _ = subscribed(cloud, endpoint)
    endpoint.answers = [(500, b"")]
    topic.publish("needle in the haystack")
    cloud.advance(0)
    files = [path for path in cloud.cloud.folder.rglob("fogbank.db*") if path.is_file()]
    assert all(b"needle in the haystack" not in path.read_bytes() for path in files)


# Over the wire


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def is_genuine(message: dict[str, str]) -> bool:
    """What AWS's SDKs do to verify a message, in their own words: the certificate's key over the documented text."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    names = ["Message", "MessageId"]
    if message["Type"] == "Notification":
        names += ["Subject"] if "Subject" in message else []
        names += ["Timestamp", "TopicArn", "Type"]
    else:
        names += ["SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{message[name]}\n" for name in names)
    key = x509.load_pem_x509_certificate(get(message["SigningCertURL"])[1].encode()).public_key()
    assert isinstance(key, RSAPublicKey)
    digest = {"1": hashes.SHA1(), "2": hashes.SHA256()}[message["SignatureVersion"]]
    try:
        key.verify(base64.b64decode(message["Signature"]), text.encode(), PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("version", ["1", "2"])
def test_confirm_publish_verify_unsubscribe(boto: MakeClient, endpoint: Endpoint, version: str) -> None:
    sns = boto("sns")
    topic = sns.create_topic(Name="news", Attributes={"SignatureVersion": version})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    question = json.loads(endpoint.wait(1)[0].body)
    assert (question["Type"], question["SignatureVersion"]) == ("SubscriptionConfirmation", version)
    assert is_genuine(question)
    assert not is_genuine({**question, "Message": "something else"})
    status, text = get(question["SubscribeURL"])
    assert status == 200
    assert "<ConfirmSubscriptionResult><SubscriptionArn>" in text
    sns.publish(TopicArn=topic, Message="héllo", Subject="Greeting")
    note = json.loads(endpoint.wait(2)[1].body)
    assert (note["Message"], note["Subject"]) == ("héllo", "Greeting")
    assert is_genuine(note)
    assert not is_genuine({**note, "Subject": "Other"})
    [listed] = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    attributes = sns.get_subscription_attributes(SubscriptionArn=listed["SubscriptionArn"])["Attributes"]
    assert attributes["ConfirmationWasAuthenticated"] == "false"
    assert get(note["UnsubscribeURL"])[0] == 200
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    end = json.loads(endpoint.wait(3)[2].body)
    assert end["Type"] == "UnsubscribeConfirmation"
    assert is_genuine(end)


def test_links_cannot_do_more_than_they_say(boto: MakeClient, served: Served, endpoint: Endpoint) -> None:
    sns = boto("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=endpoint.url)
    question = json.loads(endpoint.wait(1)[0].body)
    wrong = question["SubscribeURL"].replace(question["Token"], "0" * 128)
    assert get(wrong)[0] == 400
    assert get(f"{served.url}/?Action=DeleteTopic&TopicArn={topic}&Version=2010-03-31")[0] == 403
    arn = sns.confirm_subscription(TopicArn=topic, Token=question["Token"], AuthenticateOnUnsubscribe="true")
    sns.publish(TopicArn=topic, Message="x")
    note = json.loads(endpoint.wait(2)[1].body)
    status, text = get(note["UnsubscribeURL"])
    assert (status, "AuthorizationError" in text) == (403, True)
    sns.unsubscribe(SubscriptionArn=arn["SubscriptionArn"])
    assert sns.list_subscriptions()["Subscriptions"] == []
    assert get(f"{served.url}/SimpleNotificationService-0.pem")[0] == 404


def test_what_people_would_have_got_can_be_read(boto: MakeClient, served: Served, account: str) -> None:
    sns = boto("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.com")
    sns.subscribe(TopicArn=topic, Protocol="email-json", Endpoint="b@example.com")
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+15005550006")

    def mail(**wanted: str) -> list[dict[str, Any]]:
        query = urllib.parse.urlencode({"account": account, **wanted})
        found: list[dict[str, Any]] = json.loads(get(f"{served.url}/_fogbank/sns?{query}")[1])["messages"]
        return found

    questions = mail(type="SubscriptionConfirmation")
    assert [question["endpoint"] for question in questions] == ["a@example.com", "b@example.com"]
    for question in questions:
        sns.confirm_subscription(TopicArn=topic, Token=question["token"])
    sns.publish(TopicArn=topic, Message="hello", Subject="Greeting")
    assert [(one["subject"], one["message"]) for one in mail(type="Notification", endpoint="a@example.com")] == [
        ("Greeting", "hello")
    ]
    [as_json] = mail(type="Notification", endpoint="b@example.com")
    assert is_genuine(json.loads(as_json["message"]))
    assert [one["message"] for one in mail(phone="+15005550006")] == ["hello"]
    sns.publish(PhoneNumber="+15005550007", Message="direct")
    assert [one["message"] for one in mail(phone="+15005550007", protocol="sms")] == ["direct"]
    app = sns.create_platform_application(Name="app", Platform="GCM", Attributes={"PlatformCredential": "x"})
    device = sns.create_platform_endpoint(PlatformApplicationArn=app["PlatformApplicationArn"], Token="t")
    message = json.dumps({"default": "x", "GCM": '{"notification": {}}'})
    sns.publish(TargetArn=device["EndpointArn"], Message=message, MessageStructure="json")
    [push] = mail(protocol="application")
    assert (push["platform"], push["message"]) == ("GCM", '{"notification": {}}')
    assert mail(account="999999999999") == []


def test_errors_over_the_wire(boto: MakeClient) -> None:
    sns = boto("sns")
    with pytest.raises(sns.exceptions.NotFoundException) as missing:
        sns.get_topic_attributes(TopicArn=sns.create_topic(Name="a")["TopicArn"] + "x")
    assert missing.value.response["Error"]["Code"] == "NotFound"
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(sns.exceptions.InvalidParameterException) as invalid:
        sns.create_topic(Name="a b")
    assert invalid.value.response["Error"]["Code"] == "InvalidParameter"
    with pytest.raises(sns.exceptions.AuthorizationErrorException) as denied:
        boto("sns", aws_access_key_id="999999999999").delete_topic(TopicArn=sns.create_topic(Name="a")["TopicArn"])
    assert denied.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
