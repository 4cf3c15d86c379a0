"""Flow logs delivered: what is gathered of a VPC, shared out among its flow logs, and written to logs and buckets."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any, NamedTuple

import msgspec

from fogbank.aws import internet
from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError
from fogbank.aws.scope import Scope
from fogbank.control import target
from fogbank.control.context import Context, Source
from fogbank.planes.net.flows import Flows
from fogbank.services.ec2 import flow_formats, flow_records
from fogbank.services.ec2.catalog import maybe
from fogbank.services.ec2.flow_records import Face, Place, Seen, Window
from fogbank.services.ec2.network import names, skeleton
from fogbank.services.ec2.network.gateways import answering
from fogbank.services.ec2.prefix_lists import aws_lists
from fogbank.services.ec2.resources import FlowLog, NetworkInterface, Peering, Subnet, Vpc

PRINCIPAL, S3_PRINCIPAL = "vpc-flow-logs", "delivery.logs"
_OWN_ADDRESSES = (
    names.RESOLVER,
    names.METADATA,
    names.TIME,
    names.RESOLVER_6,
    names.METADATA_6,
    names.TIME_6,
)
_SEEN_MAX = 100_000
_STREAMS_AT_ONCE = 50
_EVENTS_MAX, _EVENTS_BYTES_MAX, _EVENT_OVERHEAD_BYTES = 10_000, 1_048_576, 26
"""Of one call of PutLogEvents."""
_ACCESS, _RATE, _UNKNOWN = "Access error", "Rate limited", "Unknown error"
"""What DeliverLogsErrorMessage may say (EC2 API Reference, "FlowLog")."""
_ACCESS_CODES = {"NoSuchBucket", "ResourceNotFoundException", "NoSuchEntity", "PermanentRedirect", "InvalidBucketName"}
_RATE_CODES = {"ThrottlingException", "LimitExceededException", "SlowDown", "Throttling"}


class Share:
    """What a flow log has been given since it was last delivered."""

    def __init__(self, lost: int = 0) -> None:
        self.seen: Seen = {}
        self.lost = lost

    def add(self, found: Seen, lost: int) -> None:
        """More of it; past 100,000 lines it only counts what it does not hold."""
        if len(self.seen) + len(found) > _SEEN_MAX:
            lost += sum(count.packets for count in found.values())
        else:
            flow_records.merge(self.seen, found)
        self.lost += lost


class Watched:
    """A VPC that somebody has flow logs of."""

    def __init__(self) -> None:
        self.shares: dict[str, Share] = {}
        self.faces: tuple[Face, ...] = ()
        """The interfaces when it was last looked at: what those did that are gone now is told still."""
        self.is_tapped = False


class Watches:
    """What is gathered for the flow logs of an account and region; it is lost with the process."""

    def __init__(self, *_: str) -> None:
        self.vpcs: dict[str, Watched] = {}

    def drop(self, flow_log_id: str, but: str = "") -> list[str]:
        """Forget a flow log, except of one VPC; returns the VPCs that nobody watches any more."""
        for vpc_id, watched in self.vpcs.items():
            if vpc_id != but:
                watched.shares.pop(flow_log_id, None)
        ended = [vpc_id for vpc_id, watched in self.vpcs.items() if not watched.shares]
        for vpc_id in ended:
            del self.vpcs[vpc_id]
        return ended


class Of(NamedTuple):
    """What a flow log is of: a VPC, and one subnet or interface in it, or all."""

    vpc: Vpc
    subnet_id: str = ""
    interface_id: str = ""

    def covers(self, face: Face) -> bool:
        return self.subnet_id in ("", face.subnet_id) and self.interface_id in ("", face.id)


class Turn(NamedTuple):
    """What is to be done about a flow log now."""

    vpc_id: str = ""
    """Whose packets it is about; empty for nobody's."""
    seconds: float = 0.0
    """Until it is to be delivered."""
    ended: Sequence[str] = ()
    """VPCs that nobody watches any more."""


class Work(NamedTuple):
    """What is to be delivered: records by interface, in order."""

    flow_log: FlowLog
    records: Mapping[str, Sequence[str]]
    start: float
    end: float


def watches(ctx: Context) -> Watches:
    """What is gathered in this account and region."""
    return ctx.held(Watches, *ctx.scope)


def is_wanted(ctx: Context, vpc_id: str) -> bool:
    """Whether somebody has flow logs of a VPC, and nobody listens there yet."""
    watched = watches(ctx).vpcs.get(vpc_id)
    return watched is not None and not watched.is_tapped


def untapped(ctx: Context, vpc_id: str) -> None:
    """A VPC's router is gone, and with it whoever listened there."""
    if (watched := watches(ctx).vpcs.get(vpc_id)) is not None:
        watched.is_tapped = False


def turn(ctx: Context, flow_log_id: str) -> Turn:
    """Take up a flow log, old or new or deleted."""
    found = ctx.get(FlowLog, flow_log_id)
    place = _of(ctx, found) if found is not None else None
    if found is None or place is None:
        return Turn(ended=watches(ctx).drop(flow_log_id))
    shares = watches(ctx).vpcs.setdefault(place.vpc.id, Watched()).shares
    if found.id not in shares:
        # A process before this one has gathered something that nobody knows any more.
        shares[found.id] = Share(1 if found.until and ctx.planes.net.has_packets else 0)
    if not found.until:
        found = msgspec.structs.replace(found, until=ctx.now)
        ctx.put(found)
    return Turn(place.vpc.id, found.until + found.interval_seconds - ctx.now)


def gathered(ctx: Context, vpc_id: str, flows: Flows) -> None:
    """Share out among a VPC's flow logs what is new there."""
    vpc, watched = ctx.get(Vpc, vpc_id), watches(ctx).vpcs.get(vpc_id)
    if vpc is None or watched is None:
        return
    faces = _faces(ctx, vpc)
    known = {face.id for face in faces}
    gone = tuple(face for face in watched.faces if face.id not in known)
    found = flow_records.seen(flows, _place(ctx, vpc, faces + gone))
    lost = flows.lost + (1 if flows.has_begun and watched.is_tapped else 0)
    for share in watched.shares.values():
        share.add(found, lost)
    watched.faces, watched.is_tapped = faces, True


def work(ctx: Context, flow_log_id: str) -> Work | None:
    """What a flow log has to deliver, and then begins anew; None if it is gone."""
    found = ctx.get(FlowLog, flow_log_id)
    place = _of(ctx, found) if found is not None else None
    watched = watches(ctx).vpcs.get(place.vpc.id) if place is not None else None
    if found is None or place is None or watched is None:
        return None
    share = watched.shares.get(found.id, Share())
    watched.shares[found.id] = Share()
    faces = {line.interface.id: line.interface for line in share.seen}
    faces |= {face.id: face for face in _faces(ctx, place.vpc)}
    start = max(found.until, ctx.now - found.interval_seconds)
    window = Window(start, ctx.now, flow_formats.fields(found.format), found.traffic, share.lost)
    covered = [face for _, face in sorted(faces.items()) if place.covers(face)]
    records: dict[str, list[str]] = {}
    for interface_id, record in flow_records.records(
        share.seen, covered, _place(ctx, place.vpc, tuple(faces.values())), window
    ):
        records.setdefault(interface_id, []).append(record)
    return Work(found, records, start, ctx.now)


def done(ctx: Context, delivered: Work, trouble: str) -> None:
    """Note how a delivery ended, and until when."""
    found = ctx.get(FlowLog, delivered.flow_log.id)
    if found is not None:
        status = "FAILED" if trouble else "SUCCESS"
        changes = {"until": delivered.end, "deliver_status": status, "deliver_error": trouble}
        ctx.put(msgspec.structs.replace(found, **changes))


def trouble_of(error: AwsError) -> str:
    """What DeliverLogsErrorMessage says of a refusal."""
    if error.code in _RATE_CODES:
        return _RATE
    return _ACCESS if "AccessDenied" in error.code or error.code in _ACCESS_CODES else _UNKNOWN


# To CloudWatch Logs


def batches(delivered: Work) -> Iterator[list[str]]:
    """The interfaces of a delivery, as many at a time as one transaction takes."""
    every = list(delivered.records)
    for at in range(0, len(every), _STREAMS_AT_ONCE):
        yield every[at : at + _STREAMS_AT_ONCE]


def to_logs(ctx: Context, delivered: Work, interfaces: Iterable[str]) -> None:
    """Put the records of some interfaces into the flow log's group, as its role. Raises AwsError.

    The group is made if it is not there, as are the streams (VPC User Guide, "Flow log records in CloudWatch Logs").
    """
    found = delivered.flow_log
    arn = Arn.parse(found.destination) if found.destination else None
    there = ctx.at(arn.region, arn.account) if arn is not None else ctx
    itself = there.as_service(_source(ctx, found.id), PRINCIPAL)
    role = target.as_role(itself, found.role, found.id, service=PRINCIPAL)
    for interface_id in interfaces:
        stream = f"{interface_id}-{found.traffic.lower()}"
        for events in _events(delivered.records[interface_id], int(delivered.start * 1000)):
            _put(role, found.group, stream, events)


def _events(records: Iterable[str], at: int) -> Iterator[list[dict[str, Any]]]:
    events: list[dict[str, Any]] = []
    size = 0
    for record in records:
        size += len(record) + _EVENT_OVERHEAD_BYTES
        if len(events) == _EVENTS_MAX or size > _EVENTS_BYTES_MAX:
            yield events
            events, size = [], len(record) + _EVENT_OVERHEAD_BYTES
        events.append({"timestamp": at, "message": record})
    if events:
        yield events


def _put(role: Context, group: str, stream: str, events: list[dict[str, Any]]) -> None:
    put = {"logGroupName": group, "logStreamName": stream, "logEvents": events}
    try:
        role.call("logs", "PutLogEvents", **put)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        _make(role, group, stream)
        role.call("logs", "PutLogEvents", **put)


def _make(role: Context, group: str, stream: str) -> None:
    made = {"logGroupName": group, "logStreamName": stream}
    try:
        role.call("logs", "CreateLogStream", **made)
    except AwsError as error:
        if error.code != "ResourceNotFoundException":
            raise
        role.call("logs", "CreateLogGroup", logGroupName=group)
        role.call("logs", "CreateLogStream", **made)


# To S3


def as_log_delivery(ctx: Context) -> Context:
    """The same call made by whoever writes logs into buckets, whose policies name it and what it acts for."""
    return ctx.as_service(Source(ctx.arn("*", "logs"), ctx.account), S3_PRINCIPAL)


def put_object(ctx: Context, delivered: Work, body: bytes) -> dict[str, Any]:
    """The request that writes a delivery into the flow log's bucket."""
    bucket, _, folder = delivered.flow_log.destination.split(":::", 1)[-1].partition("/")
    return {
        "Bucket": bucket,
        "Key": object_key(ctx.scope, delivered, folder),
        "Body": body,
        "ACL": "bucket-owner-full-control",
        "ContentType": "application/octet-stream",
    }


def body(delivered: Work) -> bytes:
    """The file of a delivery: its fields' names, and all records."""
    fields = " ".join(flow_formats.fields(delivered.flow_log.format))
    rows = (record for records in delivered.records.values() for record in records)
    return gzip.compress("".join(f"{row}\n" for row in (fields, *rows)).encode(), mtime=int(delivered.end))


def object_key(scope: Scope, delivered: Work, folder: str) -> str:
    """Where the file goes (VPC User Guide, "Flow log files")."""
    found, at = delivered.flow_log, datetime.fromtimestamp(delivered.end, UTC)
    is_hourly = bool(found.options.get("PerHourPartition"))
    place = ["AWSLogs"]
    if found.options.get("HiveCompatiblePartitions"):
        place += [f"aws-account-id={scope.account}", "aws-service=vpcflowlogs", f"aws-region={scope.region}"]
        place += [f"year={at:%Y}", f"month={at:%m}", f"day={at:%d}", *([f"hour={at:%H}"] if is_hourly else [])]
    else:
        place += [scope.account, "vpcflowlogs", scope.region, f"{at:%Y}", f"{at:%m}", f"{at:%d}"]
        place += [f"{at:%H}"] if is_hourly else []
    digest = hashlib.blake2s(f"{found.id}/{delivered.end}".encode(), digest_size=4).hexdigest()
    name = f"{scope.account}_vpcflowlogs_{scope.region}_{found.id}_{at:%Y%m%dT%H%MZ}_{digest}.log.gz"
    return "/".join([*([folder.strip("/")] if folder.strip("/") else []), *place, name])


# What is there


def _source(ctx: Context, flow_log_id: str) -> Source:
    return Source(ctx.arn(f"vpc-flow-log/{flow_log_id}", "ec2"), ctx.account)


def _of(ctx: Context, flow_log: FlowLog) -> Of | None:
    """What a flow log is of; None if that is gone, or not in a VPC."""
    if (vpc := ctx.get(Vpc, flow_log.resource_id)) is not None:
        return Of(vpc)
    if (subnet := maybe(ctx, Subnet, flow_log.resource_id)) is not None:
        vpc = ctx.get(Vpc, subnet.vpc_id)
        return Of(vpc, subnet_id=subnet.id) if vpc is not None else None
    eni = maybe(ctx, NetworkInterface, flow_log.resource_id)
    vpc = ctx.get(Vpc, eni.vpc_id) if eni is not None else None
    return Of(vpc, interface_id=flow_log.resource_id) if vpc is not None else None


def _faces(ctx: Context, vpc: Vpc) -> tuple[Face, ...]:
    zones = {subnet.id: subnet.zone_id for subnet in ctx.scan(Subnet, vpc.id)}
    return tuple(
        Face(
            id=eni.id,
            account=ctx.account,
            subnet_id=eni.subnet_id,
            zone_id=zones.get(eni.subnet_id, ""),
            instance_id=eni.attachment.instance_id if eni.attachment is not None else "",
            addresses=tuple(one.address for one in eni.addresses),
            addresses_6=eni.ipv6_addresses,
        )
        for eni in ctx.scan(NetworkInterface, vpc.id)
    )


def _place(ctx: Context, vpc: Vpc, faces: tuple[Face, ...]) -> Place:
    routers = {str(ip_network(subnet.cidr)[1]) for subnet in ctx.scan(Subnet, vpc.id) if subnet.cidr}
    services = {internet.api_address(ctx.region): "AMAZON"}
    services |= {answering(one): one.name.rpartition(".")[2].upper() for one in aws_lists(ctx.region)}
    return Place(
        vpc_id=vpc.id,
        region=ctx.region,
        faces=faces,
        unlogged=frozenset({*_OWN_ADDRESSES, skeleton.resolver(vpc), *routers}),
        far=frozenset(
            names.device(one.id)
            for one in ctx.find(Peering, "by_vpc", vpc.id)
            if one.requester.region != one.accepter.region
        ),
        services=services,
    )
