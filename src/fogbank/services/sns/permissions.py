"""What each call of SNS must be allowed (Service Authorization Reference, "Amazon SNS")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fogbank.aws import tags
from fogbank.aws.arns import Arn
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.sns import topics
from fogbank.services.sns.resources import Topic

_ACTIONS = {"PublishBatch": "Publish"}
_BY_TOKEN = {"ConfirmSubscription", "Unsubscribe"}
# Services that say for whom they publish (`aws:SourceOwner`), which is what a topic's first policy asks for.
_OWNED = {"cloudwatch.amazonaws.com", "events.rds.amazonaws.com"}


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"sns:{_ACTIONS.get(operation, operation)}"
    if operation in _BY_TOKEN and ctx.caller.principal.kind == "anonymous":
        # A link in a message is followed by whoever got it: its token, or the subscription itself, says if that is so.
        return ()
    if operation == "CreateTopic":
        return _to_create(ctx, action, req)
    if operation == "Publish" and "PhoneNumber" in req:
        return (Need(action),)
    arn = req.get("TopicArn") or req.get("TargetArn") or req.get("ResourceArn") or req.get("SubscriptionArn")
    if not arn:
        arn = req.get("PlatformApplicationArn") or req.get("EndpointArn")
        return (Need(action, arn or "*"),)
    return (_on_topic(ctx, action, arn, req),)


def _on_topic(ctx: Context, action: str, arn: str, req: Mapping[str, Any]) -> Need:
    parsed = Arn.parse(arn)
    if parsed is None or parsed.service != "sns" or "/" in parsed.resource:
        return Need(action, arn)
    name, _, key = parsed.resource.partition(":")
    home = ctx.at(parsed.region, parsed.account)
    topic = home.get(Topic, name)
    is_service = ctx.caller.principal.kind == "service"
    if key and ctx.account != parsed.account:
        # A subscription to another account's topic is its subscriber's own.
        return Need(action, arn)
    policy = topic.attributes.get("Policy", "") if topic is not None else ""
    if not policy and is_service and topic is not None:
        policy = topics.default_policy(home, name)
    return Need(
        action,
        home.arn(name, "sns"),
        account=home.account,
        policy=policy,
        rule="required" if is_service and topic is not None else "optional",
        context=lambda: _facts(ctx, req, topic),
    )


def _to_create(ctx: Context, action: str, req: Mapping[str, Any]) -> tuple[Need, ...]:
    arn, given = ctx.arn(req["Name"]), tags.read(req.get("Tags"))
    need = Need(action, arn, context=lambda: tags.condition_keys(given))
    return (need, need._replace(action="sns:TagResource")) if given else (need,)


def _facts(ctx: Context, req: Mapping[str, Any], topic: Topic | None) -> dict[str, list[str]]:
    facts = tags.condition_keys(tags.read(req.get("Tags")), topic.tags if topic is not None else None)
    if "Protocol" in req:
        facts["sns:protocol"] = [req["Protocol"]]
        facts["sns:endpoint"] = [req.get("Endpoint", "")]
    if ctx.caller.principal.service in _OWNED and ctx.source.account:
        facts["aws:sourceowner"] = [ctx.source.account]
    return facts
