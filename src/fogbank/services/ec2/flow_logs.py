"""Flow logs, as they are checked and described."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import catalog
from fogbank.services.ec2.resources import (
    FlowLog,
    NetworkInterface,
    Subnet,
    TransitAttachment,
    TransitGateway,
    Vpc,
)
from fogbank.store.records import Record

_KINDS: Mapping[str, type[Record]] = {
    "VPC": Vpc,
    "Subnet": Subnet,
    "NetworkInterface": NetworkInterface,
    "TransitGateway": TransitGateway,
    "TransitGatewayAttachment": TransitAttachment,
}
_LOG_DELIVERY = "delivery.logs.amazonaws.com"
TRANSIT = ("TransitGateway", "TransitGatewayAttachment")


class Destination(NamedTuple):
    """Where a flow log's lines go."""

    type: str
    arn: str
    group: str
    role: str


def check_resource(ctx: Context, type_: str, resource_id: str) -> None:
    """Raises the `….NotFound` or `….Malformed` of a resource's kind."""
    if type_ not in _KINDS:
        raise AwsError(
            "UnsupportedOperation", f"fogbank does not implement flow logs of resources of the type {type_}."
        )
    catalog.one(ctx, _KINDS[type_], resource_id)


def destination(ctx: Context, req: Mapping[str, Any]) -> Destination:
    """Raises UnsupportedOperation, InvalidParameter, MissingParameter, InvalidParameterValue."""
    type_ = req.get("LogDestinationType") or "cloud-watch-logs"
    arn, group = req.get("LogDestination", ""), req.get("LogGroupName", "")
    role = req.get("DeliverLogsPermissionArn", "")
    if arn and group:
        raise AwsError("InvalidParameter", "Please only provide LogGroupName or only provide LogDestination.")
    if type_ == "cloud-watch-logs":
        return _to_logs(ctx, arn, group, role)
    if type_ != "s3":
        raise AwsError("UnsupportedOperation", f"fogbank does not implement flow logs to {type_}.")
    if role:
        raise AwsError("InvalidParameter", "DeliverLogsPermissionArn is not applicable for s3 delivery")
    if group:
        raise AwsError("InvalidParameter", "LogDestination type must be cloud-watch-logs if LogGroupName is provided.")
    if not arn:
        raise AwsError("InvalidParameter", "LogDestination can't be empty if LogGroupName is not provided.")
    if not arn.startswith(f"arn:{ctx.partition}:s3:::") or len(arn.split(":::", 1)[1]) < 1:
        raise AwsError("InvalidParameter", f"LogDestination: {arn} is not a valid ARN of an S3 bucket.")
    return Destination("s3", arn, "", "")


def _to_logs(ctx: Context, arn: str, group: str, role: str) -> Destination:
    if not arn and not group:
        raise AwsError("InvalidParameter", "LogDestination can't be empty if LogGroupName is not provided.")
    if not role:
        raise AwsError(
            "InvalidParameter", "DeliverLogsPermissionArn can't be empty if LogDestinationType is cloud-watch-logs."
        )
    if not role.startswith(f"arn:{ctx.partition}:iam::") or ":role/" not in role:
        text = f"DeliverLogsPermissionArn: {role} is not a valid ARN of an IAM role."
        raise AwsError("InvalidParameter", text)
    if arn and not arn.startswith(f"arn:{ctx.partition}:logs:"):
        raise AwsError("InvalidParameter", f"LogDestination: {arn} is not a valid ARN of a log group.")
    if arn:
        group = arn.split(":log-group:", 1)[-1].removesuffix(":*")
    return Destination("cloud-watch-logs", arn, group, role)


def let_in(ctx: Context, flow_log: FlowLog) -> None:
    """Let log delivery write into a flow log's bucket, if its maker may say so, and its policy does not speak of it.

    What the policy says already stays (CloudWatch Logs User Guide, "Logs sent to Amazon S3").
    """
    bucket = flow_log.destination.split(":::", 1)[-1].partition("/")[0]
    try:
        document = json.loads(ctx.call("s3", "GetBucketPolicy", Bucket=bucket)["Policy"])
    except AwsError as error:
        if error.code != "NoSuchBucketPolicy":
            return
        document = {"Version": "2012-10-17", "Statement": []}
    if _LOG_DELIVERY in json.dumps(document):
        return
    document["Statement"] = [*document["Statement"], *_statements(ctx, bucket)]
    # Who may not, leaves it to the bucket's owner.
    with contextlib.suppress(AwsError):
        ctx.call("s3", "PutBucketPolicy", Bucket=bucket, Policy=json.dumps(document))


def _statements(ctx: Context, bucket: str) -> list[dict[str, Any]]:
    """The policy of VPC User Guide, "Amazon S3 bucket permissions for flow logs"."""
    arn, account = f"arn:{ctx.partition}:s3:::{bucket}", {"aws:SourceAccount": ctx.account}
    source = {"ArnLike": {"aws:SourceArn": f"arn:{ctx.partition}:logs:{ctx.region}:{ctx.account}:*"}}
    own = {"Effect": "Allow", "Principal": {"Service": _LOG_DELIVERY}}
    return [
        {
            "Sid": "AWSLogDeliveryWrite",
            **own,
            "Action": "s3:PutObject",
            "Resource": f"{arn}/*",
            "Condition": {"StringEquals": {**account, "s3:x-amz-acl": "bucket-owner-full-control"}, **source},
        },
        {
            "Sid": "AWSLogDeliveryAclCheck",
            **own,
            "Action": ["s3:GetBucketAcl", "s3:ListBucket"],
            "Resource": arn,
            "Condition": {"StringEquals": account, **source},
        },
    ]


def described(ctx: Context, found: FlowLog) -> dict[str, Any]:
    """A flow log as DescribeFlowLogs shows it."""
    shown: dict[str, Any] = {
        "FlowLogId": found.id,
        "FlowLogStatus": "ACTIVE",
        "CreationTime": found.created_at,
        "DeliverLogsStatus": found.deliver_status,
        "ResourceId": found.resource_id,
        "LogDestinationType": found.destination_type,
        "LogFormat": found.format,
        "MaxAggregationInterval": found.interval_seconds,
        "Tags": tags.written(found.tags),
    }
    optional = {
        "TrafficType": found.traffic,
        "DeliverLogsErrorMessage": found.deliver_error,
        "DeliverLogsPermissionArn": found.role,
        "LogGroupName": found.group,
        "LogDestination": found.destination,
        "DestinationOptions": dict(found.options),
    }
    return shown | {name: value for name, value in optional.items() if value}
