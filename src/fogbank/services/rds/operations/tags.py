"""Tags of everything that RDS has."""

from __future__ import annotations

from typing import Any

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import clusters, listing, tagging
from fogbank.services.rds.resources import Cluster
from fogbank.services.rds.tagging import retagged


def add_tags_to_resource(ctx: Context, req: dict[str, Any]) -> None:
    there, record = tagging.one(ctx, req["ResourceName"])
    given = tags.read(req["Tags"])
    for key in given:
        if key.startswith(("aws:", "rds:")):
            raise AwsError("InvalidParameterValue", f"Tag keys cannot begin with aws: or rds:: {key}")
    wanted = {**record.tags, **given}
    if len(wanted) > tags.TAGS_MAX:
        text = f"You can't assign more than {tags.TAGS_MAX} tags to a resource."
        raise AwsError("InvalidParameterValue", text)
    _put(there, retagged(record, wanted))


def remove_tags_from_resource(ctx: Context, req: dict[str, Any]) -> None:
    there, record = tagging.one(ctx, req["ResourceName"])
    _put(there, retagged(record, tags.without(record.tags, req["TagKeys"])))


def list_tags_for_resource(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    _, record = tagging.one(ctx, req["ResourceName"])
    return {"TagList": tags.written(record.tags)}


def _put(there: Context, record: Any) -> None:
    if isinstance(record, Cluster):
        clusters.check_lag(record)
    there.put(record)
