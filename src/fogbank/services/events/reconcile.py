"""What time and the world do for EventBridge: schedules, retention, replays, deliveries to endpoints."""

from __future__ import annotations

import msgspec
import orjson

from fogbank.aws.errors import AwsError, WorldError
from fogbank.control.context import Context
from fogbank.control.reconcile import After
from fogbank.planes import http
from fogbank.services.events import buses, endpoints, routing, rules
from fogbank.services.events.resources import (
    ApiDestination,
    Archive,
    Archived,
    Connection,
    Delivery,
    Replay,
    Rule,
)

_PAGE = 100
_DAY_SECONDS = 86_400
_CALL_SECONDS = 5.0
_STATUS_FINAL = range(400, 500)
_STATUS_RETRIED = (401, 407, 409, 429)


async def schedule(ctx: Context, key: str) -> After | None:
    """Fire a rule whose schedule has fallen due; what fell due while nothing ran is fired once."""
    bus, _, name = key.partition("\x00")
    with ctx.begin():
        rule = ctx.get(Rule, bus, name)
        if rule is None or not rule.schedule or not rule.is_enabled or not rule.next_at:
            return None
        if rule.next_at > ctx.now:
            return After(rule.next_at - ctx.now)
        routing.tell(ctx, rule, _scheduled_event(ctx, rule))
        plan = rules.schedule_of(rule.schedule)
        due_at = plan.after(rule.next_at) or 0.0
        if due_at and due_at <= ctx.now:
            due_at = plan.after(ctx.now) or 0.0
        ctx.put(msgspec.structs.replace(rule, next_at=due_at))
    return After(due_at - ctx.now) if due_at else None


def _scheduled_event(ctx: Context, rule: Rule) -> dict[str, object]:
    return {
        "version": "0",
        "id": ctx.uuid(),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ctx.account,
        "time": rules.time_text(rule.next_at),
        "region": ctx.region,
        "resources": [buses.rule_arn(ctx, rule)],
        "detail": {},
    }


async def retention(ctx: Context, key: str) -> After | None:
    """Let an archive forget what is older than it keeps."""
    with ctx.begin():
        archive = ctx.get(Archive, key)
        if archive is None or not archive.retention_days:
            return None
        space = routing.archive_space(ctx, key)
        keeps = archive.retention_days * _DAY_SECONDS
        old = ctx.items(space, before=f"{int((ctx.now - keeps) * 1000):015d}", limit=_PAGE)
        gone = 0
        for name, item in old:
            ctx.delete_item(space, name)
            gone += len(msgspec.msgpack.decode(item, type=Archived).event)
        if old:
            left = {"events": archive.events - len(old), "size_bytes": archive.size_bytes - gone}
            ctx.put(msgspec.structs.replace(archive, **left))
            return After(0.0)
        first = ctx.items(space, limit=1)
    return After(max(1.0, int(first[0][0][:15]) / 1000 + keeps - ctx.now)) if first else None


async def replay(ctx: Context, key: str) -> After | None:
    """Send a page of an archive's events through its bus again."""
    with ctx.begin():
        found = ctx.get(Replay, key)
        if found is None or found.state not in ("STARTING", "RUNNING", "CANCELLING"):
            return None
        if found.state == "CANCELLING":
            ctx.put(msgspec.structs.replace(found, state="CANCELLED", ended_at=ctx.now))
            return None
        start = found.last_key or f"{int(found.starts_at * 1000):015d}"
        end = f"{int(found.ends_at * 1000):015d}"
        page = ctx.items(routing.archive_space(ctx, found.archive), after=start, before=end, limit=_PAGE)
        trip = routing.Trip(only=found.filter_arns)
        bus = rules.bus_parts(found.destination_arn)[2]
        for _, item in page:
            event = orjson.loads(msgspec.msgpack.decode(item, type=Archived).event)
            routing.route(ctx, bus, {**event, "replay-name": found.name}, trip)
        if len(page) < _PAGE:
            changed = {"state": "COMPLETED", "ended_at": ctx.now}
        else:
            changed = {"state": "RUNNING", "last_key": page[-1][0]}
        until = int(page[-1][0][:15]) / 1000 if page else found.replayed_until
        ctx.put(msgspec.structs.replace(found, replayed_until=until, **changed))
    return None


async def delivery(ctx: Context, key: str) -> After | None:
    """Try a delivery that is due."""
    with ctx.begin():
        found = ctx.get(Delivery, key)
        if found is None:
            return None
        if found.due_at > ctx.now:
            return After(found.due_at - ctx.now)
        if ":api-destination/" not in found.target["Arn"]:
            routing.settle(ctx, found, routing.attempt(ctx, found))
            return None
    error, after_seconds = await _invoked(ctx, found)
    with ctx.begin():
        if ctx.get(Delivery, key) is not None:
            routing.settle(ctx, found, error, after_seconds=after_seconds)
    return None


async def _invoked(ctx: Context, found: Delivery) -> tuple[AwsError | None, float]:
    """Call the endpoint of a delivery; what it said against it, and how long it asks to be left alone."""
    name = found.target["Arn"].partition(":api-destination/")[2].partition("/")[0]
    try:
        with ctx.begin():
            destination = endpoints.destination(ctx, name)
            connection = endpoints.connection_by_arn(ctx, destination.connection_arn)
            if connection.state != "AUTHORIZED":
                raise AwsError("ConnectionNotAuthorized", f"Connection {connection.name} is {connection.state}.")
            given = endpoints.secret(ctx, connection)
            wait = _wait_for_turn(ctx, destination)
        if wait > 0:
            return AwsError("ThrottlingException", "The rate limit of the API destination was reached."), wait
        token = await _token(endpoints.token_call(given))
        call = endpoints.call_of(destination, given, found, token)
        answer = await http.send(call.method, call.url, call.headers, call.body, timeout_seconds=_CALL_SECONDS)
    except AwsError as error:
        return error, 0.0
    except WorldError as error:
        return AwsError("SDK_CLIENT_ERROR", str(error), status=500), 0.0
    if answer.status < 300:
        return None, 0.0
    is_final = answer.status in _STATUS_FINAL and answer.status not in _STATUS_RETRIED
    text = f"The endpoint answered {answer.status}: {answer.body[:200].decode(errors='replace')}"
    after = answer.headers.get("retry-after", "")
    return AwsError(f"HTTP_{answer.status}", text, status=400 if is_final else 500), float(
        after
    ) if after.isdigit() else 0.0


class _Pace:
    """When an API destination may be called next."""

    def __init__(self, *key: str) -> None:
        self.free_at = 0.0


def _wait_for_turn(ctx: Context, destination: ApiDestination) -> float:
    """Seconds until the destination's rate allows a call; 0 takes the turn."""
    pace = ctx.held(_Pace, ctx.account, ctx.region, destination.name)
    if pace.free_at > ctx.now:
        return pace.free_at - ctx.now
    pace.free_at = ctx.now + 1 / destination.per_second
    return 0.0


async def _token(call: endpoints.Call | None) -> str:
    """A token for a connection that uses OAuth, else empty. Raises WorldError where the endpoint gives none."""
    if call is None:
        return ""
    answer = await http.send(call.method, call.url, call.headers, call.body, timeout_seconds=_CALL_SECONDS)
    try:
        return str(orjson.loads(answer.body)["access_token"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise WorldError(f"{call.url} answered {answer.status} without an access_token") from None


async def authorization(ctx: Context, key: str) -> After | None:
    """Find out whether a new connection's credentials are good for a token, where it needs one."""
    with ctx.begin():
        found = ctx.get(Connection, key)
        if found is None or found.state != "AUTHORIZING":
            return None
        given = endpoints.secret(ctx, found)
    changed: dict[str, object] = {"state": "AUTHORIZED", "authorized_at": ctx.now}
    try:
        await _token(endpoints.token_call(given))
    except WorldError as error:
        changed = {"state": "DEAUTHORIZED", "reason": str(error)[:512]}
    with ctx.begin():
        found = ctx.get(Connection, key)
        if found is not None and found.state == "AUTHORIZING":
            ctx.put(msgspec.structs.replace(found, **changed))
    return None
