"""Log streams: made, described, deleted."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws import paging
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.logs import groups, rules
from fogbank.services.logs.resources import Stream

_NAMES_MAX = 50
_BAD_TOKEN = ("InvalidParameterException", "The specified nextToken is invalid.")


def create_log_stream(ctx: Context, req: dict[str, Any]) -> None:
    _, group = groups.existing(ctx, req["logGroupName"])
    name = req["logStreamName"]
    if ":" in name or "*" in name:
        raise rules.invalid(
            f"1 validation error detected: Value '{name}' at 'logStreamName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [^:*]*"
        )
    if ctx.get(Stream, group.name, name) is not None:
        raise AwsError("ResourceAlreadyExistsException", "The specified log stream already exists")
    tally = groups.tally_of(ctx, group)
    ctx.put(msgspec.structs.replace(tally, streams=tally.streams + 1))
    ctx.put(Stream(group=group.name, name=name, number=tally.streams, created_at=ctx.now))


def delete_log_stream(ctx: Context, req: dict[str, Any]) -> None:
    _, group = groups.existing(ctx, req["logGroupName"])
    groups.remove_stream(ctx, group, groups.stream_of(ctx, group, req["logStreamName"]))


def describe_log_streams(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    home, group = groups.existing(ctx, rules.identifier_of(req))
    prefix, is_reversed = req.get("logStreamNamePrefix", ""), req.get("descending", False)
    by_time = req.get("orderBy", "LogStreamName") == "LastEventTime"
    if by_time and prefix:
        raise rules.invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    after = paging.after(req.get("nextToken"), *_BAD_TOKEN)
    if by_time:
        rows = sorted(home.scan(Stream, group.name), key=_by_time, reverse=is_reversed)
        start = next((at + 1 for at, stream in enumerate(rows) if stream.name == after), 0) if after else 0
        found = iter(rows[start:])
    else:
        key = f"{group.name}\x00"
        found = home.scan(Stream, start=f"{key}{prefix}", after=f"{key}{after}" if after else "", reverse=is_reversed)
    page, token = paging.page(found, req.get("limit", _NAMES_MAX), lambda stream: stream.name)
    answer: dict[str, Any] = {"logStreams": [groups.described_stream(home, stream) for stream in page]}
    return {**answer, "nextToken": token} if token else answer


def _by_time(stream: Stream) -> tuple[int, str]:
    return stream.last_ms, stream.name
