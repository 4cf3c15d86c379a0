"""The tags of queues."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.sqs import queues, rules


def tag_queue(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    rules.check_tags(req["Tags"])
    merged = {**found.queue.tags, **req["Tags"]}
    rules.check_tags(merged)
    found.home.put(msgspec.structs.replace(found.queue, tags=merged))
    return {}


def untag_queue(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    found.home.put(msgspec.structs.replace(found.queue, tags=tags.without(found.queue.tags, req["TagKeys"])))
    return {}


def list_queue_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = queues.by_url(ctx, req["QueueUrl"])
    return {"Tags": dict(found.queue.tags)} if found.queue.tags else {}
