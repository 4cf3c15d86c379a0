"""Topics made, listed, described, changed and deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.sns import publishing, rules, topics
from fogbank.services.sns.resources import Pending, Period, Subscription, Topic

_BAD_TOKEN = ("InvalidParameter", "Invalid parameter: NextToken")


def create_topic(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name, given = req["Name"], dict(req.get("Attributes") or {})
    fifo = given.get("FifoTopic", "").lower() == "true"
    rules.checked_name(name, fifo)
    if given.get("FifoTopic", "").lower() == "false":
        del given["FifoTopic"]
    wanted = tags.read(req.get("Tags"))
    rules.check_tags(wanted)
    rules.check_protection(req.get("DataProtectionPolicy", ""))
    topic = Topic(name=name, fifo=fifo, tags=wanted, data_protection=req.get("DataProtectionPolicy", ""))
    for attribute, value in given.items():
        topics.checked(attribute, value, topic)
    topic = msgspec.structs.replace(topic, attributes=given)
    known = ctx.get(Topic, name)
    if known is not None:
        _check_same(known, topic)
    else:
        ctx.put(topic)
    return {"TopicArn": ctx.arn(name)}


def _check_same(known: Topic, wanted: Topic) -> None:
    if any(known.attributes.get(name, "") != value for name, value in wanted.attributes.items()):
        raise rules.invalid("Attributes Reason: Topic already exists with different attributes")
    if wanted.tags and wanted.tags != known.tags:
        raise rules.invalid("Tags Reason: Topic already exists with different tags")


def delete_topic(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, name = topics.home_of(ctx, req["TopicArn"])
    topic = home.get(Topic, name)
    if topic is None:
        return {}
    for subscription in list(home.scan(Subscription, name)):
        home.delete(Subscription, name, subscription.id)
        home.delete(Pending, name, subscription.id)
    last = home.get(Period, name)
    if last is not None:
        for number in (last.number, last.number - 1):
            home.delete_item(publishing.known_space(topics.Found(home, topic), number), None)
        home.delete(Period, name)
    home.delete_item(home.space("sequence", name), None)
    home.delete(Topic, name)
    return {}


def list_topics(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    after = paging.after(req.get("NextToken"), *_BAD_TOKEN)
    page, token = paging.page(ctx.scan(Topic, after=after), rules.PAGE, lambda topic: topic.name)
    answer: dict[str, Any] = {"Topics": [{"TopicArn": ctx.arn(topic.name)} for topic in page]}
    return {**answer, "NextToken": token} if token else answer


def get_topic_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Attributes": topics.shown(topics.existing(ctx, req["TopicArn"]))}


def set_topic_attributes(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = topics.existing(ctx, req["TopicArn"])
    name, value = req["AttributeName"], req.get("AttributeValue", "")
    if name == "FifoTopic":
        raise rules.invalid("AttributeName")
    topics.checked(name, value, found.topic)
    attributes = {**found.topic.attributes, name: value}
    found.home.put(msgspec.structs.replace(found.topic, attributes=attributes))
    return {}


def put_data_protection_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = topics.existing(ctx, req["ResourceArn"], "ResourceArn")
    rules.check_protection(req["DataProtectionPolicy"])
    found.home.put(msgspec.structs.replace(found.topic, data_protection=req["DataProtectionPolicy"]))
    return {}


def get_data_protection_policy(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = topics.existing(ctx, req["ResourceArn"], "ResourceArn")
    return {"DataProtectionPolicy": found.topic.data_protection}


def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _tagged(ctx, req["ResourceArn"])
    if tags.duplicates(req["Tags"]):
        raise rules.invalid("Duplicated keys are not allowed.")
    merged = {**found.topic.tags, **tags.read(req["Tags"])}
    rules.check_tags(merged)
    found.home.put(msgspec.structs.replace(found.topic, tags=merged))
    return {}


def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _tagged(ctx, req["ResourceArn"])
    left = tags.without(found.topic.tags, req["TagKeys"])
    found.home.put(msgspec.structs.replace(found.topic, tags=left))
    return {}


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"Tags": tags.written(_tagged(ctx, req["ResourceArn"]).topic.tags)}


def _tagged(ctx: Context, arn: str) -> topics.Found:
    try:
        return topics.existing(ctx, arn, "ResourceArn")
    except AwsError as error:
        if error.code != "NotFound":
            raise
        raise AwsError("ResourceNotFound", "Resource does not exist") from None
