"""What a request says of a function's configuration, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from fogbank.aws.arns import Arn
from fogbank.aws.errors import AwsError, NotImplementedByFogbank
from fogbank.control.context import Context
from fogbank.control.service import Need
from fogbank.services.lambda_ import acting, interfaces, layers, rules, variables
from fogbank.services.lambda_.resources import Configuration

_UNKNOWN = ("CapacityProviderConfig", "DurableConfig", "TenancyConfig", "RuntimeConfig", "AcceleratorConfig",
            "CodeSigningConfigArn")  # fmt: skip
_MANDATORY = "Runtime and Handler are mandatory parameters for functions created with deployment packages."
_HANDLER_NEEDED = ("python", "nodejs")


def configured(ctx: Context, name: str, before: Configuration | None, req: Mapping[str, Any]) -> Configuration:
    """A configuration with what a request says of it; `before` is None for a new function. Within a transaction.

    Raises InvalidParameterValueException, ValidationException, what iam:PassRole is denied with, and NotImplemented.
    """
    _check_known(req)
    changes: dict[str, Any] = {}
    for member, field in _PLAIN.items():
        if member in req:
            changes[field] = req[member]
    rules.check_within(changes.get("timeout_seconds", 0), rules.TIMEOUT_SECONDS_MAX, "timeout")
    rules.check_within(changes.get("memory_mb", 0), rules.MEMORY_MB_MAX, "memorySize")
    if "EphemeralStorage" in req:
        changes["storage_mb"] = req["EphemeralStorage"]["Size"]
        rules.check_within(changes["storage_mb"], rules.STORAGE_MB_MAX, "ephemeralStorage.size")
    if "TracingConfig" in req:
        changes["tracing"] = req["TracingConfig"].get("Mode", "PassThrough")
    if "LoggingConfig" in req:
        changes["logging"] = _logging(req["LoggingConfig"])
    if "Architectures" in req:
        changes["architecture"] = req["Architectures"][0] if req["Architectures"] else "x86_64"
    if "Layers" in req:
        changes["layers"] = tuple(req["Layers"])
        layers.checked(ctx, changes["layers"])
    if "DeadLetterConfig" in req:
        changes["dead_letter"] = req["DeadLetterConfig"].get("TargetArn", "")
    if before is None:
        if "Runtime" not in req:
            raise rules.invalid(_MANDATORY)
        made = Configuration(**changes)
    else:
        made = msgspec.structs.replace(before, **changes)
    _check_made(ctx, name, before, made)
    made = _with_variables(ctx, name, before, made, req)
    if "VpcConfig" in req:
        made = msgspec.structs.replace(made, vpc=interfaces.asked(ctx, made.role, name, req["VpcConfig"]))
    return made


_PLAIN = {
    "Runtime": "runtime",
    "Role": "role",
    "Handler": "handler",
    "Description": "description",
    "Timeout": "timeout_seconds",
    "MemorySize": "memory_mb",
    "KMSKeyArn": "key_arn",
}


def _check_known(req: Mapping[str, Any]) -> None:
    """What fogbank does not do says so."""
    if req.get("PackageType", "Zip") != "Zip" or "ImageUri" in req.get("Code", {}):
        raise NotImplementedByFogbank("lambda", "CreateFunction with PackageType=Image")
    if req.get("SnapStart", {}).get("ApplyOn", "None") != "None":
        raise NotImplementedByFogbank("lambda", "SnapStart")
    if req.get("FileSystemConfigs"):
        raise NotImplementedByFogbank("lambda", "FileSystemConfigs")
    for member in _UNKNOWN:
        if req.get(member):
            raise NotImplementedByFogbank("lambda", member)


def _check_made(ctx: Context, name: str, before: Configuration | None, made: Configuration) -> None:
    from fogbank.model.load import load

    if before is None or made.runtime != before.runtime:
        known = load("lambda").shapes["Runtime"].get("enum", ())
        rules.check_runtime(made.runtime, ctx.planes.sandboxes.runtimes(), known)
    if made.runtime.startswith(_HANDLER_NEEDED) and not made.handler:
        raise rules.invalid(_MANDATORY)
    if before is None or made.role != before.role:
        ctx.authorize(Need("iam:PassRole", made.role, context=acting.PASSED))
        if made.role.split(":")[4] != ctx.account:
            raise AwsError("AccessDeniedException", "Cross-account pass role is not allowed.", status=403)
        acting.check_role(ctx, made.role, name)
    if made.dead_letter and (before is None or made.dead_letter != before.dead_letter):
        _check_dead_letter(ctx, made, name)


def _check_dead_letter(ctx: Context, made: Configuration, name: str) -> None:
    parsed = Arn.parse(made.dead_letter)
    actions = {"sqs": ("SQS", "SendMessage"), "sns": ("SNS", "Publish")}
    if parsed is None or parsed.service not in actions:
        raise rules.invalid(f"The provided target ARN {made.dead_letter} is not a queue or a topic.")
    service, action = actions[parsed.service]
    at = acting.check_role(ctx, made.role, name)
    check_may(at, f"{parsed.service}:{action}", made.dead_letter, f"{action} on {service}")


def check_may(at: Context, action: str, arn: str, said: str) -> None:
    """Raises InvalidParameterValueException where a role's own policies do not allow what a function will need."""
    try:
        at.authorize(Need(action, arn))
    except AwsError:
        raise rules.invalid(f"The provided execution role does not have permissions to call {said}") from None


def _with_variables(
    ctx: Context, name: str, before: Configuration | None, made: Configuration, req: Mapping[str, Any]
) -> Configuration:
    """Those that are asked for; or the old ones, for another key or another role to open."""
    if "Environment" in req:
        return variables.kept(ctx, name, made, req["Environment"].get("Variables") or {})
    if before is None or (made.key_arn, made.role) == (before.key_arn, before.role):
        return made
    return variables.kept(ctx, name, made, variables.opened(ctx, name, before))


def _logging(given: Mapping[str, str]) -> dict[str, str]:
    if given.get("LogFormat", "Text") == "Text" and {"ApplicationLogLevel", "SystemLogLevel"} & set(given):
        raise rules.invalid(
            "Log level is not supported for LogFormat set to 'Text'. Remove log level from your request or change the "
            "LogFormat to 'JSON' and try again."
        )
    return dict(given)
