"""Flow logs (EC2 API Reference, "CreateFlowLogs" and the pages around it)."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import catalog, flow_formats, flow_logs, tagging
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import FlowLog
from fogbank.services.ec2.vpcs import new_id

_LISTING = Listing(
    FlowLog,
    "FlowLogs",
    "FlowLogIds",
    "FlowLogId",
    {
        "deliver-log-status": "DeliverLogsStatus",
        "log-destination-type": "LogDestinationType",
        "flow-log-id": "FlowLogId",
        "log-group-name": "LogGroupName",
        "resource-id": "ResourceId",
        "traffic-type": "TrafficType",
    },
    results_min=1,
)
_INTERVALS = (60, 600)
_TRANSIT_INTERVAL = 60
_RESOURCES_MAX = 1_000
_OPTIONS = {"FileFormat": "plain-text", "HiveCompatiblePartitions": False, "PerHourPartition": False}


def create_flow_logs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if not req["ResourceIds"]:
        raise AwsError("MissingParameter", "The request must contain the parameter resourceIds")
    if len(req["ResourceIds"]) > _RESOURCES_MAX:
        raise AwsError("InvalidParameter", f"The number of resources cannot exceed {_RESOURCES_MAX}.")
    template = _template(ctx, req)
    made, unsuccessful = [], []
    for resource_id in dict.fromkeys(req["ResourceIds"]):
        try:
            flow_logs.check_resource(ctx, req["ResourceType"], resource_id)
        except AwsError as error:
            problem = {"Code": error.code, "Message": error.message}
            unsuccessful.append({"ResourceId": resource_id, "Error": problem})
            continue
        record = FlowLog(id=new_id(ctx, "fl"), resource_id=resource_id, **template)
        _check_new(ctx, record)
        ctx.put(record)
        if record.destination_type == "s3":
            flow_logs.let_in(ctx, record)
        made.append(record.id)
    answer = {"FlowLogIds": made, "Unsuccessful": unsuccessful}
    return {**answer, **({"ClientToken": req["ClientToken"]} if "ClientToken" in req else {})}


def delete_flow_logs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    unsuccessful = []
    for flow_log_id in req["FlowLogIds"]:
        if ctx.get(FlowLog, flow_log_id) is None:
            noun = catalog.NOUNS["fl"]
            is_id = catalog.prefix_of(flow_log_id) == "fl"
            text = f"These flow log ids in the input list are not found: [TotalCount: 1] {flow_log_id}"
            problem = {"Code": noun.missing if is_id else noun.malformed, "Message": text}
            unsuccessful.append({"ResourceId": flow_log_id, "Error": problem})
        else:
            ctx.delete(FlowLog, flow_log_id)
    return {"Unsuccessful": unsuccessful}


def describe_flow_logs(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, {**req, "Filters": req.get("Filter")}, _LISTING, flow_logs.described)


def _template(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    """All of a flow log's record but its id and its resource. Raises what CreateFlowLogs refuses."""
    is_transit = req["ResourceType"] in flow_logs.TRANSIT
    usual = flow_formats.TRANSIT_DEFAULT if is_transit else flow_formats.DEFAULT
    to = flow_logs.destination(ctx, req)
    options = req.get("DestinationOptions")
    if options and to.type != "s3":
        raise AwsError("InvalidParameter", "DestinationOptions is only applicable for s3 delivery")
    if (options or {}).get("FileFormat") == "parquet":
        raise AwsError("UnsupportedOperation", "fogbank does not implement flow logs as Apache Parquet files.")
    return {
        "traffic": _traffic(req, is_transit),
        "destination_type": to.type,
        "destination": to.arn,
        "group": to.group,
        "role": to.role,
        "format": flow_formats.checked(req.get("LogFormat") or usual, is_transit=is_transit),
        "interval_seconds": _interval(req, is_transit),
        "options": {**_OPTIONS, **(options or {})} if to.type == "s3" else {},
        "created_at": ctx.now,
        "tags": tagging.specified(req, "vpc-flow-log"),
    }


def _traffic(req: dict[str, Any], is_transit: bool) -> str:
    traffic: str = req.get("TrafficType", "")
    if is_transit and traffic:
        raise AwsError("InvalidParameter", "TrafficType is not applicable for transit gateways.")
    if not is_transit and not traffic:
        raise AwsError("MissingParameter", "The request must contain the parameter trafficType")
    return traffic


def _interval(req: dict[str, Any], is_transit: bool) -> int:
    interval: int = req.get("MaxAggregationInterval", _TRANSIT_INTERVAL if is_transit else _INTERVALS[1])
    if interval not in ((_TRANSIT_INTERVAL,) if is_transit else _INTERVALS):
        text = f"Value ({interval}) for parameter maxAggregationInterval is invalid. Valid values are 60 and 600."
        raise AwsError("InvalidParameterValue", text)
    return interval


def _check_new(ctx: Context, record: FlowLog) -> None:
    place = (record.destination_type, record.destination, record.group)
    for other in ctx.find(FlowLog, "by_resource", record.resource_id):
        same = (other.destination_type, other.destination, other.group) == place
        if same and (other.traffic, other.format) == (record.traffic, record.format):
            text = "Error. There is an existing Flow Log with the same configuration and log destination."
            raise AwsError("FlowLogAlreadyExists", text)
