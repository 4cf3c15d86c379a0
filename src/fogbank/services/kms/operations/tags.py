"""Tags of keys."""

from __future__ import annotations

from typing import Any

from fogbank.aws import tags
from fogbank.control.context import Context
from fogbank.services.kms import keys, pages, rules


def tag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.own(ctx, req["KeyId"])
    keys.put(found, tags=tags.without(rules.new_tags(req["Tags"], found.key.tags), (rules.MATERIAL_TAG,)))
    return {}


def untag_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.own(ctx, req["KeyId"])
    keys.put(found, tags=tags.without(found.key.tags, req["TagKeys"]))
    return {}


def list_resource_tags(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = keys.find(ctx, req["KeyId"])
    after = pages.after(req)
    rows = [tag for tag in tags.written(found.key.tags, "TagKey", "TagValue") if tag["TagKey"] > after]
    return pages.page("Tags", rows, pages.limit(req, 50, 50), lambda tag: tag["TagKey"], dict)
