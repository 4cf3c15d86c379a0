"""Event buses and their policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from fogbank.aws import tags
from fogbank.aws.errors import AwsError
from fogbank.aws.paging import after, page
from fogbank.aws.policy.checks import check
from fogbank.control.context import Context
from fogbank.services.events import buses, rules
from fogbank.services.events.resources import Archive, Bus, Rule

_NAME = re.compile(r"[A-Za-z0-9._\-]{1,256}")
_POLICY_BYTES_MAX = 10_240


def create_event_bus(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    name = req["Name"]
    if not _NAME.fullmatch(name):
        raise AwsError(
            "ValidationException",
            f"Value '{name}' at 'name' failed to satisfy constraint: pattern [/\\.\\-_A-Za-z0-9]+",
        )
    if "EventSourceName" in req or name.startswith("aws."):
        raise AwsError("ResourceNotFoundException", f"Event source {name} does not exist.")
    if buses.find(ctx, name) is not None:
        raise AwsError("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    if ctx.count(Bus) >= rules.BUSES_MAX:
        raise AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
    bus = Bus(
        name=name,
        description=req.get("Description", ""),
        kms_key=req.get("KmsKeyIdentifier", ""),
        dead_letter_arn=req.get("DeadLetterConfig", {}).get("Arn", ""),
        log_config=req.get("LogConfig", {}),
        tags=tags.read(req.get("Tags")),
        created_at=ctx.now,
        modified_at=ctx.now,
    )
    ctx.put(bus)
    return {"EventBusArn": buses.arn(ctx, name), **_options(bus)}


def update_event_bus(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bus = buses.found(ctx, req.get("Name"))
    bus = msgspec.structs.replace(
        bus,
        description=req.get("Description", bus.description),
        kms_key=req.get("KmsKeyIdentifier", bus.kms_key),
        dead_letter_arn=req.get("DeadLetterConfig", {}).get("Arn", bus.dead_letter_arn),
        log_config=req.get("LogConfig", bus.log_config),
        modified_at=ctx.now,
    )
    ctx.put(bus)
    return {"Arn": buses.arn(ctx, bus.name), "Name": bus.name, **_options(bus)}


def describe_event_bus(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    bus = buses.found(ctx, req.get("Name"))
    return {**buses.described(ctx, bus), **_options(bus)}


def list_event_buses(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    prefix, start = req.get("NamePrefix", ""), after(req.get("NextToken"))
    named = {bus.name: bus for bus in ctx.scan(Bus, start=prefix)}
    if buses.DEFAULT.startswith(prefix):
        named.setdefault(buses.DEFAULT, Bus(name=buses.DEFAULT))
    rows = [named[name] for name in sorted(named) if name > start]
    found, token = page(rows, req.get("Limit", 100), lambda bus: bus.name)
    return {"EventBuses": [buses.described(ctx, bus) for bus in found], **({"NextToken": token} if token else {})}


def delete_event_bus(ctx: Context, req: dict[str, Any]) -> None:
    name = rules.bus_parts(req["Name"])[2]
    if name == buses.DEFAULT:
        raise AwsError("ValidationException", "Cannot delete event bus default.")
    if ctx.get(Bus, name) is None:
        return
    if next(ctx.scan(Rule, name), None) is not None:
        raise AwsError("ValidationException", f"Event bus {name} can't be deleted since it has rules.")
    source = buses.arn(ctx, name)
    if any(archive.source_arn == source for archive in ctx.scan(Archive)):
        raise AwsError("ValidationException", f"Event bus {name} can't be deleted since it has archives.")
    ctx.delete(Bus, name)


def put_permission(ctx: Context, req: dict[str, Any]) -> None:
    bus = buses.found(ctx, req.get("EventBusName"))
    if "Policy" in req:
        extra = {"Action", "Principal", "StatementId", "Condition"} & set(req)
        if extra:
            raise AwsError("ValidationException", "Either Policy or the other parameters may be given, not both.")
        document = req["Policy"]
    else:
        missing = [name for name in ("Action", "Principal", "StatementId") if name not in req]
        if missing:
            raise AwsError("ValidationException", f"Parameter {missing[0]} must be specified.")
        document = _with_statement(ctx, bus, req)
    if len(document.encode()) > _POLICY_BYTES_MAX:
        raise AwsError("PolicyLengthExceededException", "The event bus policy is too long.")
    try:
        check(document, "resource")
    except ValueError as error:
        raise AwsError("ValidationException", f"Event policy is malformed: {error}") from None
    ctx.put(msgspec.structs.replace(bus, policy=document, modified_at=ctx.now))


def remove_permission(ctx: Context, req: dict[str, Any]) -> None:
    bus = buses.found(ctx, req.get("EventBusName"))
    if req.get("RemoveAllPermissions"):
        ctx.put(msgspec.structs.replace(bus, policy="", modified_at=ctx.now))
        return
    if not bus.policy:
        raise AwsError("ResourceNotFoundException", "EventBus does not have a policy.")
    document = orjson.loads(bus.policy)
    left = [one for one in _statements(document) if one.get("Sid") != req.get("StatementId")]
    if len(left) == len(_statements(document)):
        raise AwsError("ResourceNotFoundException", "Statement with the provided id does not exist.")
    policy = orjson.dumps({**document, "Statement": left}).decode() if left else ""
    ctx.put(msgspec.structs.replace(bus, policy=policy, modified_at=ctx.now))


def _with_statement(ctx: Context, bus: Bus, req: dict[str, Any]) -> str:
    """The bus's policy with the one statement that the old form of PutPermission describes."""
    if req["Action"] != "events:PutEvents":
        raise AwsError("ValidationException", "Provided value in parameter 'action' is not supported.")
    who = "*" if req["Principal"] == "*" else {"AWS": f"arn:{ctx.partition}:iam::{req['Principal']}:root"}
    if who != "*" and not re.fullmatch(r"\d{12}", req["Principal"]):
        raise AwsError("ValidationException", "Principal must be an account id or *.")
    statement: dict[str, Any] = {
        "Sid": req["StatementId"],
        "Effect": "Allow",
        "Principal": who,
        "Action": "events:PutEvents",
        "Resource": buses.arn(ctx, bus.name),
    }
    if "Condition" in req:
        given = req["Condition"]
        statement["Condition"] = {given["Type"]: {given["Key"]: given["Value"]}}
    document = orjson.loads(bus.policy) if bus.policy else {"Version": "2012-10-17", "Statement": []}
    kept = [one for one in _statements(document) if one.get("Sid") != req["StatementId"]]
    return orjson.dumps({**document, "Statement": [*kept, statement]}).decode()


def _statements(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _options(bus: Bus) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if bus.description:
        shown["Description"] = bus.description
    if bus.kms_key:
        shown["KmsKeyIdentifier"] = bus.kms_key
    if bus.dead_letter_arn:
        shown["DeadLetterConfig"] = {"Arn": bus.dead_letter_arn}
    if bus.log_config:
        shown["LogConfig"] = bus.log_config
    return shown
