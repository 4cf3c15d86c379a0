"""Archives of events, and their replays."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.aws.paging import after, page
from fogbank.control.context import Context
from fogbank.services.events import buses, routing, rules
from fogbank.services.events.resources import Archive, Replay

_BUS_ARN = re.compile(r"arn:aws[a-z-]*:events:[a-z0-9-]+:\d{12}:event-bus/.+")
_RUNNING = ("STARTING", "RUNNING")


def create_archive(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["ArchiveName"]
    if ctx.get(Archive, name) is not None:
        raise AwsError("ResourceAlreadyExistsException", f"Archive {name} already exists.")
    if not _BUS_ARN.fullmatch(req["EventSourceArn"]):
        text = f"Parameter EventSourceArn is not valid. Reason: Must contain an event bus ARN: {req['EventSourceArn']}."
        raise AwsError("ValidationException", text)
    buses.found(ctx, req["EventSourceArn"])
    if req.get("EventPattern"):
        rules.pattern_of(req["EventPattern"])
    archive = Archive(
        name=name,
        source_arn=req["EventSourceArn"],
        description=req.get("Description", ""),
        pattern=req.get("EventPattern", ""),
        kms_key=req.get("KmsKeyIdentifier", ""),
        retention_days=req.get("RetentionDays", 0),
        created_at=ctx.now,
    )
    ctx.put(archive)
    return {"ArchiveArn": _arn(ctx, name), "State": "ENABLED", "CreationTime": archive.created_at}


def update_archive(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    archive = _found(ctx, req["ArchiveName"])
    if req.get("EventPattern"):
        rules.pattern_of(req["EventPattern"])
    archive = msgspec.structs.replace(
        archive,
        description=req.get("Description", archive.description),
        pattern=req.get("EventPattern", archive.pattern),
        kms_key=req.get("KmsKeyIdentifier", archive.kms_key),
        retention_days=req.get("RetentionDays", archive.retention_days),
    )
    ctx.put(archive)
    return {"ArchiveArn": _arn(ctx, archive.name), "State": "ENABLED", "CreationTime": archive.created_at}


def describe_archive(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    archive = _found(ctx, req["ArchiveName"])
    shown = {"ArchiveArn": _arn(ctx, archive.name), **_described(archive)}
    shown |= {"Description": archive.description} if archive.description else {}
    shown |= {"EventPattern": archive.pattern} if archive.pattern else {}
    shown |= {"KmsKeyIdentifier": archive.kms_key} if archive.kms_key else {}
    return shown


def list_archives(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    given = [name for name in ("NamePrefix", "EventSourceArn", "State") if name in req]
    if len(given) > 1:
        text = "At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix."
        raise AwsError("ValidationException", text)
    start = after(req.get("NextToken"))
    wanted = (
        archive
        for archive in ctx.scan(Archive, start=req.get("NamePrefix", ""))
        if archive.name > start
        and archive.source_arn == req.get("EventSourceArn", archive.source_arn)
        and req.get("State", "ENABLED") == "ENABLED"
    )
    found, token = page(wanted, req.get("Limit", 100), lambda archive: archive.name)
    return {"Archives": [_described(archive) for archive in found], **({"NextToken": token} if token else {})}


def delete_archive(ctx: Context, req: dict[str, Any]) -> None:
    archive = _found(ctx, req["ArchiveName"])
    ctx.delete(Archive, archive.name)
    ctx.delete_item(routing.archive_space(ctx, archive.name), None)


def start_replay(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["ReplayName"]
    if ctx.get(Replay, name) is not None:
        raise AwsError("ResourceAlreadyExistsException", f"Replay {name} already exists.")
    archive_name = req["EventSourceArn"].rpartition(":archive/")[2]
    archive = ctx.get(Archive, archive_name)
    if archive is None or _arn(ctx, archive_name) != req["EventSourceArn"]:
        raise AwsError(
            "ValidationException",
            f"Parameter EventSourceArn is not valid. Reason: Archive {archive_name} does not exist.",
        )
    destination = req["Destination"]
    if destination["Arn"] != archive.source_arn:
        text = "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."
        raise AwsError("ValidationException", text)
    if req["EventStartTime"] >= req["EventEndTime"]:
        text = "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime."
        raise AwsError("ValidationException", text)
    replay = Replay(
        name=name,
        archive=archive_name,
        source_arn=req["EventSourceArn"],
        destination_arn=destination["Arn"],
        filter_arns=tuple(destination.get("FilterArns", ())),
        description=req.get("Description", ""),
        starts_at=float(req["EventStartTime"]),
        ends_at=float(req["EventEndTime"]),
        started_at=ctx.now,
    )
    ctx.put(replay)
    return {"ReplayArn": _replay_arn(ctx, name), "State": "STARTING", "ReplayStartTime": replay.started_at}


def describe_replay(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    replay = _replay(ctx, req["ReplayName"])
    shown = {"ReplayArn": _replay_arn(ctx, replay.name), **_replay_described(replay)}
    shown |= {"Description": replay.description} if replay.description else {}
    filters = {"FilterArns": list(replay.filter_arns)} if replay.filter_arns else {}
    return {**shown, "Destination": {"Arn": replay.destination_arn, **filters}}


def list_replays(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if len([name for name in ("NamePrefix", "EventSourceArn", "State") if name in req]) > 1:
        text = "At most one filter is allowed for ListReplays. Use either : State, EventSourceArn, or NamePrefix."
        raise AwsError("ValidationException", text)
    start = after(req.get("NextToken"))
    wanted = (
        replay
        for replay in ctx.scan(Replay, start=req.get("NamePrefix", ""))
        if replay.name > start
        and replay.source_arn == req.get("EventSourceArn", replay.source_arn)
        and replay.state == req.get("State", replay.state)
    )
    found, token = page(wanted, req.get("Limit", 100), lambda replay: replay.name)
    return {"Replays": [_replay_described(replay) for replay in found], **({"NextToken": token} if token else {})}


def cancel_replay(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    replay = _replay(ctx, req["ReplayName"])
    if replay.state not in _RUNNING:
        text = f"Replay {replay.name} is not in a valid state for this operation."
        raise AwsError("IllegalStatusException", text)
    ctx.put(msgspec.structs.replace(replay, state="CANCELLING"))
    return {"ReplayArn": _replay_arn(ctx, replay.name), "State": "CANCELLING"}


def _arn(ctx: Context, name: str) -> str:
    return ctx.arn(f"archive/{name}")


def _replay_arn(ctx: Context, name: str) -> str:
    return ctx.arn(f"replay/{name}")


def _found(ctx: Context, name: str) -> Archive:
    archive = ctx.get(Archive, name)
    if archive is None:
        raise AwsError("ResourceNotFoundException", f"Archive {name} does not exist.")
    return archive


def _replay(ctx: Context, name: str) -> Replay:
    replay = ctx.get(Replay, name)
    if replay is None:
        raise AwsError("ResourceNotFoundException", f"Replay {name} does not exist.")
    return replay


def _described(archive: Archive) -> dict[str, Any]:
    return {
        "ArchiveName": archive.name,
        "EventSourceArn": archive.source_arn,
        "State": "ENABLED",
        "RetentionDays": archive.retention_days,
        "SizeBytes": archive.size_bytes,
        "EventCount": archive.events,
        "CreationTime": archive.created_at,
    }


def _replay_described(replay: Replay) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ReplayName": replay.name,
        "EventSourceArn": replay.source_arn,
        "State": replay.state,
        "EventStartTime": replay.starts_at,
        "EventEndTime": replay.ends_at,
        "ReplayStartTime": replay.started_at,
    }
    shown |= {"StateReason": replay.reason} if replay.reason else {}
    shown |= {"EventLastReplayedTime": replay.replayed_until} if replay.replayed_until else {}
    shown |= {"ReplayEndTime": replay.ended_at} if replay.ended_at else {}
    return shown
