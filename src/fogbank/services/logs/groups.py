"""Log groups and their streams: found by name or ARN, told as the API tells them, removed."""

from __future__ import annotations

from typing import Any, NamedTuple

from fogbank.control.context import Context
from fogbank.services.logs import events, rules
from fogbank.services.logs.resources import Garbage, Group, MetricFilter, Stream, SubscriptionFilter, Tally


class Home(NamedTuple):
    """A group, and the context of the account and region that it is in."""

    ctx: Context
    group: Group


def find(ctx: Context, identifier: str) -> Home | None:
    """A group by its name or its ARN, None if there is none."""
    place = rules.place_of(identifier)
    home = ctx.at(place[0], place[1]) if place and place[1] != ctx.account else ctx
    if place and place[0] != ctx.region:
        return None
    found = home.get(Group, place[2] if place else identifier)
    return None if found is None else Home(home, found)


def existing(ctx: Context, identifier: str) -> Home:
    """Raises ResourceNotFoundException, and InvalidParameterException for an ARN that is none."""
    found = find(ctx, identifier)
    if found is None:
        raise rules.no_group()
    return found


def stream_of(ctx: Context, group: Group, name: str) -> Stream:
    """Raises ResourceNotFoundException."""
    found = ctx.get(Stream, group.name, name)
    if found is None:
        raise rules.no_stream()
    return found


def tally_of(ctx: Context, group: Group) -> Tally:
    return ctx.get(Tally, group.name) or Tally(group=group.name)


def oldest_ms(ctx: Context, group: Group) -> int:
    """The time before which the events of a group are no more."""
    return int(ctx.now * 1000) - group.retention_days * rules.DAY_MS if group.retention_days else 0


def described(ctx: Context, group: Group) -> dict[str, Any]:
    arn = ctx.arn(group.resource)
    told: dict[str, Any] = {
        "logGroupName": group.name,
        "creationTime": int(group.created_at * 1000),
        "metricFilterCount": group.metric_filters,
        "arn": f"{arn}:*",
        "storedBytes": tally_of(ctx, group).stored_bytes,
        "logGroupClass": group.storage,
        "logGroupArn": arn,
        "deletionProtectionEnabled": group.is_protected,
    }
    if group.retention_days:
        told["retentionInDays"] = group.retention_days
    if group.key_id:
        told["kmsKeyId"] = group.key_id
    return told


def described_stream(ctx: Context, stream: Stream) -> dict[str, Any]:
    told: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": int(stream.created_at * 1000),
        "arn": ctx.arn(f"log-group:{stream.group}:log-stream:{stream.name}"),
        "storedBytes": 0,
        "uploadSequenceToken": token_of(stream),
    }
    if stream.last_ms >= 0:
        told |= {
            "firstEventTimestamp": stream.first_ms,
            "lastEventTimestamp": stream.last_ms,
            "lastIngestionTime": stream.ingested_ms,
        }
    return told


def token_of(stream: Stream) -> str:
    """The sequence token of a stream: AWS gives one still, and takes any."""
    return f"{49_000_000_000_000_000 + stream.number:020d}{stream.blocks:016d}{max(0, stream.ingested_ms):020d}"


def remove(ctx: Context, group: Group) -> None:
    """Take a group away with everything in it."""
    for stream in list(ctx.scan(Stream, group.name)):
        ctx.delete(Stream, group.name, stream.name)
    for kept in list(ctx.scan(MetricFilter, group.name)):
        ctx.delete(MetricFilter, group.name, kept.name)
    for subscribed in list(ctx.scan(SubscriptionFilter, group.name)):
        ctx.delete(SubscriptionFilter, group.name, subscribed.name)
    ctx.delete_item(events.space(ctx, group.id), None)
    ctx.delete_item(events.index_space(ctx, group.id), None)
    if ctx.get(Tally, group.name) is not None:
        ctx.delete(Tally, group.name)
    ctx.delete(Group, group.name)


def remove_stream(ctx: Context, group: Group, stream: Stream) -> None:
    """Take a stream away; its events go by and by, and are not seen any more from now on."""
    ctx.delete(Stream, group.name, stream.name)
    if stream.blocks:
        ctx.put(Garbage(group_id=group.id, stream=stream.number))
