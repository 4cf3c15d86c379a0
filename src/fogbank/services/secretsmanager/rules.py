"""What Secrets Manager decides: names, stages, filters, passwords and schedules."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.aws.ids import Random, letters
from fogbank.aws.tags import TAGS_MAX
from fogbank.services.secretsmanager.resources import Secret

CURRENT, PREVIOUS, PENDING = "AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"
KEY_DEFAULT = "alias/aws/secretsmanager"
VERSIONS_MAX = 100
STAGES_MAX = 20
WINDOW_DAYS_MIN, WINDOW_DAYS_MAX, WINDOW_DAYS_DEFAULT = 7, 30, 30
PASSWORD_LENGTH_DEFAULT = 32
DAY_SECONDS = 86_400
_NAME = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}\Z")
_SUFFIX_LENGTH = 6
_PUNCTUATION = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def missing(what: str = "the specified secret.") -> AwsError:
    return AwsError("ResourceNotFoundException", f"Secrets Manager can't find {what}")


def invalid_request(message: str) -> AwsError:
    return AwsError("InvalidRequestException", message)


def invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def checked_name(name: str) -> str:
    """The name of a secret to be made (CreateSecret API page). Raises ValidationException."""
    if not _NAME.match(name):
        raise AwsError(
            "ValidationException",
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        )
    return name


def names_of(secret_id: str) -> list[tuple[str, str]]:
    """The (name, suffix) that a SecretId may mean, likeliest first: a name, an ARN, or an ARN without its end."""
    if not secret_id.startswith("arn:"):
        return [(secret_id, "")]
    name = secret_id.partition(":secret:")[2]
    found = [(name[: -_SUFFIX_LENGTH - 1], name[-_SUFFIX_LENGTH:])] if name[-_SUFFIX_LENGTH - 1 :][:1] == "-" else []
    return [*found, (name, "")]


def place_of(secret_id: str) -> tuple[str, str] | None:
    """(region, account) of a SecretId that is an ARN."""
    parts = secret_id.split(":")
    return (parts[3], parts[4]) if secret_id.startswith("arn:") and len(parts) > 5 else None


def staged(stages: Mapping[str, str], version: str, labels: Sequence[str]) -> dict[str, str]:
    """Staging labels put on a version; when AWSCURRENT moves, AWSPREVIOUS goes to the version it leaves."""
    found = {label: at for label, at in stages.items() if label not in labels}
    was_current = stages.get(CURRENT)
    found.update(dict.fromkeys(labels, version))
    if CURRENT in labels and was_current not in (None, version):
        found[PREVIOUS] = str(was_current)
    elif found.get(PREVIOUS) == version and CURRENT in labels:
        del found[PREVIOUS]
    return found


def labels_of(stages: Mapping[str, str], version: str) -> list[str]:
    return sorted(label for label, at in stages.items() if at == version)


def check_labels(labels: Sequence[str]) -> None:
    if len(labels) > STAGES_MAX:
        raise AwsError("LimitExceededException", f"A version can have at most {STAGES_MAX} staging labels.")


def version_asked(secret: Secret, version: str | None, stage: str | None) -> str:
    """The version that GetSecretValue means. Raises ResourceNotFoundException and InvalidRequestException."""
    if version is None:
        label = stage or CURRENT
        if label not in secret.stages:
            raise missing(f"the specified secret value for staging label: {label}")
        return secret.stages[label]
    if stage is not None and secret.stages.get(stage) != version:
        raise invalid_request("You provided a VersionStage that is not associated to the provided VersionId.")
    return version


def moved(secret: Secret, stage: str, source: str | None, target: str | None) -> dict[str, str]:
    """The stages after UpdateSecretVersionStage. Raises InvalidParameterException and InvalidRequestException."""
    at = secret.stages.get(stage)
    if source is not None and at != source:
        raise invalid_parameter(
            f"The staging label {stage} is not attached to the version that RemoveFromVersionId names."
        )
    if source is None and target is not None and at not in (None, target):
        raise invalid_parameter(
            f"The staging label {stage} is currently attached to version {at}, so you must explicitly reference that "
            "version in RemoveFromVersionId."
        )
    if target is None and stage == CURRENT:
        raise invalid_parameter(
            "You can only move staging label AWSCURRENT to a different secret version. It can't be completely removed."
        )
    if target is None:
        return {label: version for label, version in secret.stages.items() if label != stage}
    return staged(secret.stages, target, [stage])


def window_days(days: int | None, force: bool) -> int:
    """How long a deleted secret can be restored. Raises InvalidParameterException."""
    if force and days is not None:
        raise invalid_parameter("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
    days = WINDOW_DAYS_DEFAULT if days is None else days
    if not WINDOW_DAYS_MIN <= days <= WINDOW_DAYS_MAX:
        raise invalid_parameter("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
    return days


def checked_tags(current: Mapping[str, str], added: Mapping[str, str]) -> dict[str, str]:
    found = {**current, **added}
    if any(key.lower().startswith("aws:") for key in added):
        raise invalid_parameter("Tag keys that begin with aws: are reserved for system use.")
    if len(found) > TAGS_MAX:
        raise AwsError("LimitExceededException", f"A secret can have at most {TAGS_MAX} tags.")
    return found


def matches(secret: Secret, filters: Iterable[Mapping[str, Any]], region: str) -> bool:
    """Whether a secret passes every filter (ListSecrets API page): values are prefixes, alternatives; `!` negates."""
    return all(any(_matches(secret, wanted["Key"], value, region) for value in wanted["Values"]) for wanted in filters)


def _matches(secret: Secret, key: str, value: str, region: str) -> bool:
    if value.startswith("!"):
        return not _matches(secret, key, value[1:], region)
    fields: dict[str, list[str]] = {
        "name": [secret.name],
        "description": [secret.description, *secret.description.split()],
        "tag-key": list(secret.tags),
        "tag-value": list(secret.tags.values()),
        "primary-region": [secret.primary_region] if secret.primary_region else [],
        "owning-service": [],
    }
    if key == "all":
        parts = [
            part for found in fields.values() for text in found for part in (text, *re.split(r"[\s/_+=.@-]", text))
        ]
        return any(part.lower().startswith(value.lower()) for part in parts)
    ignores_case = key == "description"
    return any(
        (text.lower() if ignores_case else text).startswith(value.lower() if ignores_case else value)
        for text in fields[key]
    )


def iso(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def password(dice: Random, req: Mapping[str, Any]) -> str:
    """A random password (GetRandomPassword API page). Raises InvalidParameterException and InvalidRequestException."""
    length = req.get("PasswordLength", PASSWORD_LENGTH_DEFAULT)
    left_out = set(req.get("ExcludeCharacters", ""))
    kinds = [
        "".join(letter for letter in alphabet if letter not in left_out)
        for alphabet, wanted in (
            (string.ascii_lowercase, not req.get("ExcludeLowercase")),
            (string.ascii_uppercase, not req.get("ExcludeUppercase")),
            (string.digits, not req.get("ExcludeNumbers")),
            (_PUNCTUATION, not req.get("ExcludePunctuation")),
            (" ", bool(req.get("IncludeSpace"))),
        )
        if wanted
    ]
    kinds = [alphabet for alphabet in kinds if alphabet]
    if not kinds:
        raise invalid_request("You excluded every character that a password could be made of.")
    required = kinds if req.get("RequireEachIncludedType", True) else []
    if len(required) > length:
        raise invalid_parameter("The password length is too short to include each of the required character types.")
    found = [letters(dice, 1, alphabet) for alphabet in required]
    found += letters(dice, length - len(found), "".join(kinds))
    return "".join(_shuffled(found, dice))


def _shuffled(found: list[str], dice: Random) -> list[str]:
    """Fisher-Yates, so that the required kinds do not stand in front."""
    for last in range(len(found) - 1, 0, -1):
        other = int(dice.random() * (last + 1))
        found[last], found[other] = found[other], found[last]
    return found
