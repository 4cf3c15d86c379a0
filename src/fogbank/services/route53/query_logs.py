"""Query logs: a line for each question that a zone answers, held for a few seconds until it is written.

Lines are as the Developer Guide has them, "Public DNS query logging".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.control import caller as callers
from fogbank.control.context import Context, Source
from fogbank.planes.dns import rdata
from fogbank.planes.dns.message import Answer, Query
from fogbank.services.route53.resources import HostedZone, QueryLogging

LOGS_REGION = "us-east-1"
PACE_SECONDS = 5.0
LINES_MAX, ALL_LINES_MAX = 10_000, 50_000
"""How many lines of a zone are held, and of all; what comes on top of them until they are written is lost."""
_PRINCIPAL = "route53"
_EVENTS_MAX, _EVENTS_BYTES_MAX, _EVENT_OVERHEAD_BYTES = 10_000, 1_048_576, 26
"""Of one call of PutLogEvents."""
_CODES = ("NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED")
_AIRPORTS: Mapping[str, str] = MappingProxyType(
    {
        "af-south-1": "CPT",
        "ap-east-1": "HKG",
        "ap-east-2": "TPE",
        "ap-northeast-1": "NRT",
        "ap-northeast-2": "ICN",
        "ap-northeast-3": "KIX",
        "ap-south-1": "BOM",
        "ap-south-2": "HYD",
        "ap-southeast-1": "SIN",
        "ap-southeast-2": "SYD",
        "ap-southeast-3": "CGK",
        "ap-southeast-4": "MEL",
        "ap-southeast-5": "KUL",
        "ap-southeast-6": "AKL",
        "ap-southeast-7": "BKK",
        "ca-central-1": "YUL",
        "ca-west-1": "YYC",
        "eu-central-1": "FRA",
        "eu-central-2": "ZRH",
        "eu-north-1": "ARN",
        "eu-south-1": "MXP",
        "eu-south-2": "ZAZ",
        "eu-west-1": "DUB",
        "eu-west-2": "LHR",
        "eu-west-3": "CDG",
        "il-central-1": "TLV",
        "me-central-1": "DXB",
        "me-south-1": "BAH",
        "mx-central-1": "QRO",
        "sa-east-1": "GRU",
        "us-east-1": "IAD",
        "us-east-2": "CMH",
        "us-west-1": "SFO",
        "us-west-2": "PDX",
    }
)
"""The airports after which edge locations near the regions are named."""
_EDGE_DEFAULT = "IAD"


class Line(NamedTuple):
    """What was asked and answered, at a second since 1970."""

    at: float
    edge: str
    query: Query
    code: int
    address: str


class Lines:
    """What has been asked of the zones that are logged since it was last written."""

    def __init__(self, of_zone: int = LINES_MAX, of_all: int = ALL_LINES_MAX) -> None:
        self._limits = of_zone, of_all
        self._by_zone: dict[str, list[Line]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, zone_id: str, line: Line) -> None:
        held = self._by_zone.setdefault(zone_id, [])
        of_zone, of_all = self._limits
        if len(held) < of_zone and self._count < of_all:
            held.append(line)
            self._count += 1

    def taken(self, zone_id: str) -> list[Line]:
        """What is held of a zone, which is held no longer."""
        found = self._by_zone.pop(zone_id, [])
        self._count -= len(found)
        return found


def note(owner: Context, zone: HostedZone, query: Query, answer: Answer, address: str) -> None:
    """Hold a line for a question from the wire that a zone has answered."""
    owner.held(Lines).add(zone.id, Line(owner.now, edge(owner.region), query, answer.code, address))


def edge(region: str) -> str:
    """The edge location that answers who asks from a region."""
    return f"{_AIRPORTS.get(region, _EDGE_DEFAULT)}1"


def written(zone_id: str, line: Line) -> str:
    """A line of the log."""
    query = line.query
    at = datetime.fromtimestamp(line.at, UTC)
    type_ = rdata.NAMES.get(query.type, f"TYPE{query.type}")
    code = _CODES[line.code] if line.code < len(_CODES) else str(line.code)
    protocol = "TCP" if query.is_stream else "UDP"
    subnet = f"{query.subnet.address}/{query.subnet.bits}" if query.subnet is not None else "-"
    when = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"
    return f"1.0 {when} {zone_id} {query.name} {type_} {code} {protocol} {line.edge} {line.address} {subnet}"


def is_there(ctx: Context, config_id: str) -> bool:
    return ctx.get(QueryLogging, config_id) is not None


def deliver(ctx: Context, config_id: str) -> None:
    """Write what is held of a zone. Raises AwsError of `logs`; the lines are gone then too."""
    found = ctx.get(QueryLogging, config_id)
    lines = ctx.held(Lines).taken(found.zone_id) if found is not None else []
    if found is None or not lines:
        return
    zone_id, group = found.zone_id, _group(found.group_arn)
    streams: dict[str, list[Line]] = {}
    for line in lines:
        streams.setdefault(line.edge, []).append(line)
    logs = _service(ctx, zone_id)
    for code, some in streams.items():
        events = [{"timestamp": int(one.at * 1000), "message": written(zone_id, one)} for one in some]
        for page in _pages(events):
            _put(logs, group, f"{zone_id}/{code}", page)


def check(ctx: Context, zone_id: str, arn: str) -> None:
    """Raises InvalidInput, NoSuchCloudWatchLogsLogGroup, InsufficientCloudWatchLogsResourcePolicy."""
    parsed = Arn.parse(arn)
    group = _group(arn)
    if parsed is None or parsed.service != "logs" or not group:
        raise AwsError("InvalidInput", "The ARN of the CloudWatch Logs log group is not valid.")
    if parsed.region != LOGS_REGION or parsed.account != ctx.account:
        text = f"The log group must be in {LOGS_REGION} and in the same account as the hosted zone."
        raise AwsError("InvalidInput", text)
    account = ctx.at(LOGS_REGION).authorized_as(callers.root(ctx.account, LOGS_REGION))
    found = account.call("logs", "DescribeLogGroups", logGroupNamePrefix=group)["logGroups"]
    if all(one["logGroupName"] != group for one in found):
        raise AwsError("NoSuchCloudWatchLogsLogGroup", "There is no CloudWatch Logs log group with the specified ARN.")
    # Tried out rather than read: what the policy comes to is for CloudWatch Logs to say.
    logs, stream = _service(ctx, zone_id), {"logGroupName": group, "logStreamName": f"{zone_id}/test"}
    try:
        logs.call("logs", "CreateLogStream", **stream)
        logs.call("logs", "PutLogEvents", **stream, logEvents=[{"timestamp": int(ctx.now * 1000), "message": "test"}])
    except AwsError as error:
        raise _insufficient(arn) from error
    account.call("logs", "DeleteLogStream", **stream)


def stop(ctx: Context, zone: HostedZone) -> HostedZone:
    """The zone without its configuration, which is deleted; nothing more is held of it."""
    if not zone.logging_id:
        return zone
    ctx.delete(QueryLogging, zone.logging_id)
    held = ctx.held(Lines)
    ctx.after_commit(lambda: held.taken(zone.id))
    return msgspec.structs.replace(zone, logging_id="")


def _insufficient(arn: str) -> AwsError:
    text = (
        f"Route 53 doesn't have the permissions to create log streams and to send query logs to {arn}: a resource "
        "policy of CloudWatch Logs must allow route53.amazonaws.com logs:CreateLogStream and logs:PutLogEvents."
    )
    return AwsError("InsufficientCloudWatchLogsResourcePolicy", text)


def _service(ctx: Context, zone_id: str) -> Context:
    source = Source(f"arn:{ctx.partition}:route53:::hostedzone/{zone_id}", ctx.account)
    return ctx.at(LOGS_REGION).as_service(source, _PRINCIPAL)


def _group(arn: str) -> str:
    """The name in the ARN of a log group, which may end in `:*`; empty for another ARN."""
    parsed = Arn.parse(arn)
    kind, _, name = parsed.resource.partition(":") if parsed is not None else ("", "", "")
    return name.removesuffix(":*") if kind == "log-group" else ""


def _pages(events: list[dict[str, object]]) -> list[list[dict[str, object]]]:
    pages: list[list[dict[str, object]]] = [[]]
    size = 0
    for event in events:
        bytes_ = len(str(event["message"])) + _EVENT_OVERHEAD_BYTES
        if len(pages[-1]) == _EVENTS_MAX or size + bytes_ > _EVENTS_BYTES_MAX:
            pages.append([])
            size = 0
        pages[-1].append(event)
        size += bytes_
    return pages


def _put(logs: Context, group: str, stream: str, events: list[dict[str, object]]) -> None:
    put = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
    try:
        logs.call("logs", "PutLogEvents", **put)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        logs.call("logs", "CreateLogStream", logGroupName=group, logStreamName=stream)
        logs.call("logs", "PutLogEvents", **put)
