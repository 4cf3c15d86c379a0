"""Log files of instances: which there are, and what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.aws.errors import AwsError, WorldError
from fogbank.control.context import Context
from fogbank.services.rds import instances, listing, logs

_UNREADY = ("creating", "deleting", "failed")


async def describe_db_log_files(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    listing.check_filters(req)
    found = ctx.planes.databases.logs(_node(ctx, req))
    least, since = req.get("FileSize", 0), req.get("FileLastWritten", 0)
    rows: Iterable[dict[str, Any]] = (
        {"LogFileName": logs.shown_name(one.name), "LastWritten": int(one.written_at * 1000), "Size": one.size_bytes}
        for one in found
    )
    rows = (row for row in rows if row["Size"] >= least and row["LastWritten"] >= since)
    rows = (row for row in rows if req.get("FilenameContains", "") in row["LogFileName"])
    return listing.page(req, "DescribeDBLogFiles", ((row["LogFileName"], row) for row in rows))


async def download_db_log_file_portion(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    node, databases = _node(ctx, req), ctx.planes.databases
    name = logs.own_name(req["LogFileName"])
    sizes = {one.name: one.size_bytes for one in databases.logs(node)}
    if name not in sizes:
        raise AwsError("DBLogFileNotFoundFault", f"DBLog File: {req['LogFileName']}, is not found on the DB instance")
    lines = logs.checked_lines(req.get("NumberOfLines"))
    start = logs.start(req.get("Marker"), sizes[name])
    try:
        data = await databases.log(node, name, start, logs.BYTES_MAX)
    except WorldError:
        text = f"DBLog File: {req['LogFileName']}, is not found on the DB instance"
        raise AwsError("DBLogFileNotFoundFault", text) from None
    portion = logs.portion(data, lines, is_tail="Marker" not in req)
    end = start + len(data) if "Marker" not in req else start + len(portion)
    return {
        "LogFileData": portion.decode(errors="replace"),
        "Marker": logs.marker(end),
        "AdditionalDataPending": end < sizes[name],
    }


def _node(ctx: Context, req: dict[str, Any]) -> str:
    with ctx.begin():
        instance = instances.one(ctx, req["DBInstanceIdentifier"])
    if instance.status in _UNREADY:
        text = f"DB instance {instance.id} is not in a state that has log files: {instance.status}."
        raise AwsError("DBInstanceNotReady", text)
    return instance.node
