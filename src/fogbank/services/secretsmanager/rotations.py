"""Rotations from when they begin until the new version is the current one: each step an event for a function.

https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda.html
"""

from __future__ import annotations

import logging
from typing import NamedTuple

import msgspec
import orjson

from fogbank.aws.errors import AwsError
from fogbank.control import target as targets
from fogbank.control.context import Context, Source
from fogbank.control.target import Parcel
from fogbank.services.secretsmanager import rules, schedules, secrets
from fogbank.services.secretsmanager.resources import Attempt, Rotation, Secret, Version

_LOG = logging.getLogger("fogbank.secretsmanager")
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
_TEST_STEPS = ("testSecret",)
TRIES_MAX = 5
_RETRY_SECONDS = 60.0


class Turn(NamedTuple):
    """One step that is due, for the function that is to take it."""

    function: str
    source: Source
    attempt: Attempt
    payload: bytes


def is_incomplete(secret: Secret) -> bool:
    """Whether a rotation is under way, or has left AWSPENDING on a version that is not the current one."""
    pending = secret.stages.get(rules.PENDING)
    attempt = secret.rotation.attempt if secret.rotation is not None else None
    return (pending is not None and pending != secret.stages.get(rules.CURRENT)) or (
        attempt is not None and _holds(secret, attempt)
    )


def check_function(home: Context, secret: Secret, arn: str) -> None:
    """Raises AccessDeniedException for a function that Secrets Manager may not call, and what is wrong with its ARN."""
    source = Source(secrets.arn_of(home, secret), home.account)
    try:
        targets.check(home.as_service(source), arn, Parcel("{}"))
    except AwsError as error:
        if "AccessDenied" not in error.code:
            raise _refused(error) from None
        raise AwsError(
            "AccessDeniedException",
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants "
            "access to the principal secretsmanager.amazonaws.com.",
        ) from None


def _refused(error: AwsError) -> AwsError:
    if error.code == "ResourceNotFoundException":
        return AwsError(error.code, f"Secrets Manager can't find the specified Lambda function. {error.message}")
    return rules.invalid_parameter(error.message)


def begin(home: Context, secret: Secret, token: str, *, is_test: bool = False) -> Secret:
    """A secret whose rotation has begun; a test has a copy of the current value as its pending version."""
    rotation = secret.rotation or Rotation()
    if is_test:
        _copy_current(home, secret, token)
    attempt = Attempt(token=token, rotation_token=home.uuid(), due_at=home.now, is_test=is_test)
    secret = msgspec.structs.replace(
        secret,
        stages=rules.staged(secret.stages, token, [rules.PENDING]),
        rotation=msgspec.structs.replace(rotation, enabled=True, attempt=attempt),
    )
    tell(home, secret, "TestRotationStarted" if is_test else "RotationStarted")
    return secrets.save(home, secret)


def due(ctx: Context, secret: Secret) -> Turn | None:
    """The step that is to be taken now; a rotation whose window has opened begins with it."""
    rotation = secret.rotation
    if rotation is None or not rotation.enabled or secret.primary_region not in ("", ctx.region):
        return None
    attempt = rotation.attempt
    if attempt is not None and not _holds(secret, attempt):
        # Somebody has taken its label away by hand, to have the next one begin anew.
        secret = _ended(ctx, secret)
        attempt, rotation = None, secret.rotation or rotation
    if attempt is None:
        if not rotation.next_at or rotation.next_at > ctx.now:
            return None
        pending = secret.stages.get(rules.PENDING)
        is_left = pending is not None and pending != secret.stages.get(rules.CURRENT)
        secret = begin(ctx, secret, str(pending) if is_left else ctx.uuid())
        attempt = secret.rotation.attempt if secret.rotation is not None else None
        assert attempt is not None
    if attempt.due_at > ctx.now:
        return None
    arn = secrets.arn_of(ctx, secret)
    event = {
        "Step": _steps(attempt)[attempt.step],
        "SecretId": arn,
        "ClientRequestToken": attempt.token,
        "RotationToken": attempt.rotation_token,
    }
    return Turn(rotation.lambda_arn, Source(arn, ctx.account), attempt, orjson.dumps(event))


def next_due(ctx: Context, secret: Secret) -> float:
    """When the rotation of a secret is to be looked at again; 0 for never."""
    rotation = secret.rotation
    if rotation is None or not rotation.enabled or secret.primary_region not in ("", ctx.region):
        return 0.0
    return rotation.attempt.due_at if rotation.attempt is not None else rotation.next_at


def settle(ctx: Context, name: str, turn: Turn, failure: str) -> None:
    """Write down how a step has ended: the next is due, all are done, or the whole is to be tried again."""
    secret = ctx.get(Secret, name)
    rotation = secret.rotation if secret is not None else None
    if secret is None or rotation is None or rotation.attempt != turn.attempt:
        # Cancelled, deleted or begun anew while the function was at it.
        return
    attempt, steps = turn.attempt, _steps(turn.attempt)
    is_last = attempt.step + 1 == len(steps)
    if not failure and is_last and not attempt.is_test and secret.stages.get(rules.CURRENT) != attempt.token:
        failure = "the function has not moved AWSCURRENT to the new version"
    if failure:
        _LOG.warning("secret %s: %s failed: %s", name, steps[attempt.step], failure)
        _fail(ctx, secret, attempt, failure)
    elif not is_last:
        attempt = msgspec.structs.replace(attempt, step=attempt.step + 1, due_at=ctx.now)
        _put(ctx, secret, msgspec.structs.replace(rotation, attempt=attempt))
    elif attempt.is_test:
        _end_test(ctx, secret, attempt, "")
    else:
        done = msgspec.structs.replace(rotation, attempt=None, failed_for="")
        secret = msgspec.structs.replace(secret, rotated_at=ctx.now, rotation=schedules.planned(done, ctx.now))
        tell(ctx, secrets.save(ctx, secret), "RotationSucceeded")


def by_hand(home: Context, secret: Secret, version_id: str) -> Secret:
    """A secret that has been given another current value: a rotation under way is abandoned, and days count anew."""
    pending, rotation = secret.stages.get(rules.PENDING), secret.rotation
    if secret.stages.get(rules.CURRENT) != version_id or version_id == pending:
        return secret
    if pending is not None:
        stages = {label: version for label, version in secret.stages.items() if label != rules.PENDING}
        secret = msgspec.structs.replace(secret, stages=stages)
        tell(home, secret, "RotationAbandoned")
    if rotation is not None and rotation.enabled:
        rotation = msgspec.structs.replace(rotation, attempt=None)
        if rotation.after_days:
            rotation = schedules.planned(rotation, home.now)
        secret = msgspec.structs.replace(secret, rotation=rotation)
    return secret


def tell(ctx: Context, secret: Secret, name: str) -> None:
    """An event as CloudTrail tells it (User Guide, "CloudTrail entries")."""
    detail = {
        "eventVersion": "1.08",
        "userIdentity": {"accountId": ctx.account, "invokedBy": "secretsmanager.amazonaws.com"},
        "eventTime": rules.iso(ctx.now),
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": name,
        "awsRegion": ctx.region,
        "sourceIPAddress": "secretsmanager.amazonaws.com",
        "userAgent": "secretsmanager.amazonaws.com",
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": {"SecretId": secrets.arn_of(ctx, secret)},
        "eventID": ctx.uuid(),
        "readOnly": False,
        "eventType": "AwsServiceEvent",
        "managementEvent": True,
        "recipientAccountId": ctx.account,
        "eventCategory": "Management",
    }
    ctx.emit("AWS Service Event via CloudTrail", detail)


def _holds(secret: Secret, attempt: Attempt) -> bool:
    """Whether the version that an attempt makes has the label that says so, or is the current one already."""
    return attempt.token in (secret.stages.get(rules.PENDING), secret.stages.get(rules.CURRENT))


def _steps(attempt: Attempt) -> tuple[str, ...]:
    return _TEST_STEPS if attempt.is_test else STEPS


def _copy_current(home: Context, secret: Secret, token: str) -> None:
    current = home.get(Version, secret.name, secret.stages.get(rules.CURRENT, ""))
    if current is None:
        return
    body = secrets.sealed(home, secret, token, secrets.opened(home, secret, current))
    home.put(msgspec.structs.replace(current, id=token, created_at=home.now, sealed=body, key_id=secret.key_id))


def _put(ctx: Context, secret: Secret, rotation: Rotation) -> Secret:
    secret = msgspec.structs.replace(secret, rotation=rotation)
    ctx.put(secret)
    return secret


def _ended(ctx: Context, secret: Secret) -> Secret:
    tell(ctx, secret, "RotationAbandoned")
    return _put(ctx, secret, msgspec.structs.replace(secret.rotation or Rotation(), attempt=None))


def _fail(ctx: Context, secret: Secret, attempt: Attempt, reason: str) -> None:
    """The whole rotation is tried again, a few times at once and then in each window."""
    if attempt.is_test:
        _end_test(ctx, secret, attempt, reason)
        return
    tell(ctx, secret, "RotationFailed")
    rotation = msgspec.structs.replace(secret.rotation or Rotation(), failed_for=reason)
    tries = attempt.tries + 1
    left: Attempt | None = msgspec.structs.replace(
        attempt, step=0, tries=tries, due_at=ctx.now + _RETRY_SECONDS * 2 ** (tries - 1)
    )
    if tries >= TRIES_MAX:
        # NextRotationDate stays as it is: "if rotation is unsuccessful, this date may be in the past".
        window = schedules.window(rotation, ctx.now)
        left = msgspec.structs.replace(attempt, step=0, tries=0, due_at=window.opens_at) if window else None
    _put(ctx, secret, msgspec.structs.replace(rotation, attempt=left))


def _end_test(ctx: Context, secret: Secret, attempt: Attempt, reason: str) -> None:
    """The version that a test was made with goes."""
    if ctx.get(Version, secret.name, attempt.token) is not None:
        ctx.delete(Version, secret.name, attempt.token)
    rotation = msgspec.structs.replace(secret.rotation or Rotation(), attempt=None, failed_for=reason)
    stages = {label: version for label, version in secret.stages.items() if version != attempt.token}
    secret = msgspec.structs.replace(secret, stages=stages, rotation=rotation)
    tell(ctx, secrets.save(ctx, secret), "TestRotationFailed" if reason else "TestRotationSucceeded")
