"""What each call must be allowed (Service Authorization Reference, "AWS RDS Data API")."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.rds_data import clusters


def needs(ctx: Context, operation: str, req: dict[str, Any]) -> Iterable[Need]:
    resource = req["resourceArn"]
    return (Need(f"rds-data:{operation}", resource, context=partial(_facts, ctx, resource)),)


def _facts(ctx: Context, resource: str) -> dict[str, list[str]]:
    try:
        found = clusters.described(ctx, resource)
    except AwsError:
        return {}
    return tags.condition_keys({}, tags.read(found.get("TagList")))
