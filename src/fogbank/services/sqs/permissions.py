"""What each call of SQS must be allowed (Service Authorization Reference, "Amazon SQS")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.sqs import moves, queues, rules
from fogbank.services.sqs.resources import Queue

_ACTIONS = {
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessageBatch": "DeleteMessage",
    "SendMessageBatch": "SendMessage",
}
# "Cross-account permissions don't apply to the following actions" (developer guide, "Basic examples of policies").
_OWNERS = {
    "AddPermission", "CancelMessageMoveTask", "DeleteQueue", "ListMessageMoveTasks", "ListQueueTags",
    "RemovePermission", "SetQueueAttributes", "StartMessageMoveTask", "TagQueue", "UntagQueue",
}  # fmt: skip
_OF_SOURCE = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    action = f"sqs:{_ACTIONS.get(operation, operation)}"
    if operation == "ListQueues":
        return (Need(action, ctx.arn("*")),)
    if operation == "CreateQueue":
        return _to_create(ctx, action, req)
    if operation in ("StartMessageMoveTask", "ListMessageMoveTasks", "CancelMessageMoveTask"):
        return _of_move(ctx, operation, req)
    if operation == "GetQueueUrl":
        home = ctx.at(account=req["QueueOwnerAWSAccountId"]) if req.get("QueueOwnerAWSAccountId") else ctx
        return (_need(ctx, home, action, req["QueueName"], {}),)
    address = rules.address_of(req["QueueUrl"])
    home = ctx if address.account == ctx.account else ctx.at(account=address.account)
    return (_need(ctx, home, action, address.name, req.get("Tags") or {}),)


def _need(ctx: Context, home: Context, action: str, name: str, given: Mapping[str, str]) -> Need:
    caller = ctx.caller
    arn = home.arn(name)
    if not caller.enforced and caller.account == home.account:
        return Need(action, arn)
    queue = home.get(Queue, name)
    is_service = caller.principal.kind == "service"
    return Need(
        action,
        arn,
        account=home.account,
        policy=queue.policy if queue is not None and action[4:] not in _OWNERS else "",
        rule="required" if is_service and queue is not None else "optional",
        context=lambda: tags.condition_keys(given, queue.tags if queue is not None else None),
    )


def _to_create(ctx: Context, action: str, req: Mapping[str, Any]) -> tuple[Need, ...]:
    arn, given = ctx.arn(req["QueueName"]), req.get("tags") or {}
    need = Need(action, arn, context=lambda: tags.condition_keys(given))
    return (need, need._replace(action="sqs:TagQueue")) if given else (need,)


def _of_move(ctx: Context, operation: str, req: Mapping[str, Any]) -> Iterable[Need]:
    arn = moves.named(req["TaskHandle"])[0] if "TaskHandle" in req else req["SourceArn"]
    found = queues.by_arn(ctx, arn)
    if found is None:
        return (Need(f"sqs:{operation}", arn),)
    needed = [_need(ctx, found.home, f"sqs:{operation}", found.queue.name, {})]
    if operation == "StartMessageMoveTask":
        needed += [_need(ctx, found.home, f"sqs:{action}", found.queue.name, {}) for action in _OF_SOURCE]
        target = queues.by_arn(ctx, req.get("DestinationArn", ""))
        if target is not None:
            needed.append(_need(ctx, target.home, "sqs:SendMessage", target.queue.name, {}))
    return needed
