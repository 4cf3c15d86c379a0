"""Configurations of query logging: one for each zone at most."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.route53 import query_logs, rules, zones
from fogbank.services.route53.resources import HostedZone, QueryLogging


def create_query_logging_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    zone = zones.one(ctx, req["HostedZoneId"])
    if zone.is_private:
        raise AwsError("InvalidInput", "Query logging is supported only for public hosted zones.")
    if zone.logging_id:
        text = "A query logging configuration already exists for this hosted zone."
        raise AwsError("QueryLoggingConfigAlreadyExists", text)
    arn = req["CloudWatchLogsLogGroupArn"]
    query_logs.check(ctx, zone.id, arn)
    found = QueryLogging(id=ctx.uuid(), zone_id=zone.id, group_arn=arn)
    ctx.put(found)
    ctx.put(msgspec.structs.replace(zone, logging_id=found.id))
    # What has been planned for questions that were asked before would not be logged.
    zones.forget(ctx, zone.id)
    # What was planned for its answers would be told without a line in the log.
    zones.forget(ctx, zone.id)
    location = f"https://route53.amazonaws.com/2013-04-01/queryloggingconfig/{found.id}"
    return {"QueryLoggingConfig": _shown(found), "Location": location}


def get_query_logging_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return {"QueryLoggingConfig": _shown(_one(ctx, req["Id"]))}


def delete_query_logging_config(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["Id"])
    zone = ctx.get(HostedZone, found.zone_id)
    if zone is not None:
        ctx.put(query_logs.stop(ctx, zone))
    return {}


def list_query_logging_configs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if "HostedZoneId" in req:
        zone = zones.one(ctx, req["HostedZoneId"])
        found = ctx.get(QueryLogging, zone.logging_id) if zone.logging_id else None
        return {"QueryLoggingConfigs": [_shown(found)] if found is not None else []}
    after = paging.after(req.get("NextToken"), "InvalidPaginationToken", "The specified pagination token isn't valid.")
    rows = ctx.scan(QueryLogging, after=after)
    page, token = paging.page(rows, rules.limit(req, "MaxResults"), lambda row: row.id)
    return {"QueryLoggingConfigs": [_shown(one) for one in page], **({"NextToken": token} if token else {})}


def _one(ctx: Context, config_id: str) -> QueryLogging:
    found = ctx.get(QueryLogging, config_id)
    if found is None:
        raise AwsError("NoSuchQueryLoggingConfig", "There is no DNS query logging configuration with the specified ID.")
    return found


def _shown(found: QueryLogging) -> dict[str, Any]:
    return {"Id": found.id, "HostedZoneId": found.zone_id, "CloudWatchLogsLogGroupArn": found.group_arn}
