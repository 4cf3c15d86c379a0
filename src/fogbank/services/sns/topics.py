"""Topics found by ARN, their attributes, and the policy that they have when none was set."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.aws.policy import MalformedPolicy, check
from fogbank.control.context import Context
from fogbank.services.sns import retries, rules
from fogbank.services.sns.resources import Subscription, Topic

_PLAIN = {"DisplayName", "KmsMasterKeyId", "Policy", "DeliveryPolicy", "SignatureVersion", "TracingConfig"}
_FIFO = {"FifoTopic", "ContentBasedDeduplication", "FifoThroughputScope", "ArchivePolicy"}
_FEEDBACK = {
    f"{protocol}{kind}"
    for protocol in ("HTTP", "SQS", "Lambda", "Firehose", "Application")
    for kind in ("SuccessFeedbackRoleArn", "FailureFeedbackRoleArn", "SuccessFeedbackSampleRate")
}
_DEFAULT_ACTIONS = [
    "GetTopicAttributes", "SetTopicAttributes", "AddPermission", "RemovePermission", "DeleteTopic", "Subscribe",
    "ListSubscriptionsByTopic", "Publish",
]  # fmt: skip
_KMS = {
    "AccessDeniedException": "KMSAccessDeniedException",
    "DisabledException": "KMSDisabledException",
    "KMSInvalidStateException": "KMSInvalidStateException",
    "NotFoundException": "KMSNotFoundException",
    "ThrottlingException": "KMSThrottlingException",
}


class Found(NamedTuple):
    """A topic, and the context of where it is."""

    home: Context
    topic: Topic

    @property
    def arn(self) -> str:
        return self.home.arn(self.topic.name)


def home_of(ctx: Context, arn: str, member: str = "TopicArn") -> tuple[Context, str]:
    """The context of a topic's place, and its name. Raises InvalidParameter."""
    parsed = rules.topic_arn(arn, member)
    return ctx.at(parsed.region, parsed.account), parsed.resource


def existing(ctx: Context, arn: str, member: str = "TopicArn") -> Found:
    """Raises InvalidParameter and NotFound; a topic answers in its own region only."""
    home, name = home_of(ctx, arn, member)
    topic = home.get(Topic, name)
    # A link in a message is followed by anybody, who signs for no region.
    if topic is None or (home.region != ctx.region and ctx.caller.principal.kind not in ("anonymous", "service")):
        raise rules.not_found()
    return Found(home, topic)


def default_policy(ctx: Context, name: str) -> str:
    """The policy of a new topic: its owner's."""
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [f"SNS:{action}" for action in _DEFAULT_ACTIONS],
        "Resource": ctx.arn(name, "sns"),
        "Condition": {"StringEquals": {"AWS:SourceOwner": ctx.account}},
    }
    document = {"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}
    return json.dumps(document, separators=(",", ":"))


def checked(name: str, value: str, topic: Topic) -> None:
    """An attribute that is to be set. Raises InvalidParameter."""
    if name not in _PLAIN | _FEEDBACK and not (name in _FIFO and topic.fifo):
        raise rules.invalid("AttributeName" if name not in _FIFO else f"Attributes Reason: {name} is for FIFO topics")
    if name == "ArchivePolicy":
        raise rules.invalid("ArchivePolicy Reason: fogbank does not archive messages")
    if name == "DisplayName" and len(value) > 100:
        raise rules.invalid("DisplayName")
    if name in ("ContentBasedDeduplication", "FifoTopic") and value.lower() not in ("true", "false"):
        raise rules.invalid(f"{name} Reason: {name} must be either true or false")
    if name == "FifoThroughputScope" and value not in ("Topic", "MessageGroup"):
        raise rules.invalid("FifoThroughputScope Reason: must be Topic or MessageGroup")
    if name == "SignatureVersion" and value not in ("1", "2"):
        raise rules.invalid("SignatureVersion")
    if name == "TracingConfig" and value not in ("PassThrough", "Active"):
        raise rules.invalid("TracingConfig")
    if name == "DeliveryPolicy":
        retries.check(value, of_topic=True)
    if name == "Policy" and value:
        _check_policy(value)


def _check_policy(text: str) -> None:
    try:
        check(text, "resource")
    except MalformedPolicy as error:
        raise rules.invalid(f"Policy Error: {error}") from None


def shown(found: Found) -> dict[str, str]:
    """Attributes as GetTopicAttributes gives them."""
    home, topic = found
    subscriptions = list(home.scan(Subscription, topic.name))
    confirmed = sum(1 for one in subscriptions if one.confirmed)
    policy = topic.attributes.get("DeliveryPolicy", "")
    attributes = {
        "TopicArn": found.arn,
        "Owner": home.account,
        "Policy": topic.attributes.get("Policy") or default_policy(home, topic.name),
        "DisplayName": topic.attributes.get("DisplayName", ""),
        "EffectiveDeliveryPolicy": json.dumps(retries.effective_of_topic(policy), separators=(",", ":")),
        "SubscriptionsConfirmed": str(confirmed),
        "SubscriptionsPending": str(len(subscriptions) - confirmed),
        "SubscriptionsDeleted": str(topic.deleted),
    }
    if topic.fifo:
        attributes |= {"FifoTopic": "true", "ContentBasedDeduplication": "false", "FifoThroughputScope": "Topic"}
    own = {name: value for name, value in topic.attributes.items() if value and name != "Policy"}
    return attributes | own


def check_key(ctx: Context, found: Found) -> None:
    """Whether the publisher may use the topic's key: asked of `kms`, as SNS does. Raises SNS's KMS errors."""
    key_id = found.topic.attributes.get("KmsMasterKeyId")
    if not key_id:
        return
    context: dict[str, Any] = {"aws:sns:topicArn": found.arn}
    try:
        made = ctx.call("kms", "GenerateDataKey", KeyId=key_id, KeySpec="AES_256", EncryptionContext=context)
        ctx.call("kms", "Decrypt", CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context)
    except AwsError as error:
        if error.code not in _KMS:
            raise
        raise AwsError(_KMS[error.code], error.message) from error
