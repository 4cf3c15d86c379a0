"""Records as AWS shows them."""

from __future__ import annotations

from typing import Any

from fogbank.control.context import Context
from fogbank.services.lambda_ import functions, layers, references, rules, variables
from fogbank.services.lambda_.functions import Found
from fogbank.services.lambda_.resources import (
    Alias,
    Configuration,
    EventSettings,
    FunctionUrl,
    Mapped,
    Provisioned,
    Version,
)


def log_settings(name: str, configuration: Configuration) -> dict[str, str]:
    given = configuration.logging
    found = {"LogFormat": given.get("LogFormat", "Text")}
    if found["LogFormat"] == "JSON":
        found["ApplicationLogLevel"] = given.get("ApplicationLogLevel", "INFO")
        found["SystemLogLevel"] = given.get("SystemLogLevel", "INFO")
    return {**found, "LogGroup": given.get("LogGroup") or f"/aws/lambda/{name}"}


def configuration(found: Found, version: Version) -> dict[str, Any]:
    """A FunctionConfiguration, under the ARN that was asked for."""
    home, what = found.home, version.configuration
    number = references.shown(version.number)
    shown: dict[str, Any] = {
        "FunctionName": found.name,
        "FunctionArn": functions.arn(home, found.name, found.qualifier or (number if version.number else "")),
        "Runtime": what.runtime,
        "Role": what.role,
        "Handler": what.handler,
        "CodeSize": version.code.size_bytes,
        "Description": what.description,
        "Timeout": what.timeout_seconds,
        "MemorySize": what.memory_mb,
        "LastModified": rules.stamp(version.modified_at),
        "CodeSha256": version.code.sha256,
        "Version": number,
        "TracingConfig": {"Mode": what.tracing},
        "RevisionId": version.revision,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": [what.architecture],
        "EphemeralStorage": {"Size": what.storage_mb},
        "SnapStart": {"ApplyOn": what.snap_start, "OptimizationStatus": "Off"},
        "RuntimeVersionConfig": {"RuntimeVersionArn": runtime_arn(home, what.runtime)},
        "LoggingConfig": log_settings(found.name, what),
    }
    if what.vpc is not None:
        shown["VpcConfig"] = {
            "SubnetIds": list(what.vpc.subnets),
            "SecurityGroupIds": list(what.vpc.groups),
            "VpcId": what.vpc.vpc_id,
            "Ipv6AllowedForDualStack": what.vpc.ipv6,
        }
    if what.environ:
        shown["Environment"] = variables.shown(home, found.name, what)
    if what.dead_letter:
        shown["DeadLetterConfig"] = {"TargetArn": what.dead_letter}
    if what.key_arn:
        shown["KMSKeyArn"] = what.key_arn
    if what.layers:
        sizes = [code.size_bytes for code in layers.codes(home, what.layers)]
        shown["Layers"] = [{"Arn": layer, "CodeSize": size} for layer, size in zip(what.layers, sizes, strict=False)]
    return shown


def runtime_arn(ctx: Context, runtime: str) -> str:
    """The ARN of a runtime's version: AWS's end with a digest of it."""
    import hashlib

    digest = hashlib.sha256(f"fogbank {runtime}".encode()).hexdigest()
    return f"arn:{ctx.partition}:lambda:{ctx.region}::runtime:{digest}"


def alias(found: Found, record: Alias) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "AliasArn": functions.arn(found.home, found.name, record.name),
        "Name": record.name,
        "FunctionVersion": references.shown(record.version),
        "Description": record.description,
        "RevisionId": record.revision,
    }
    if record.weights:
        shown["RoutingConfig"] = {"AdditionalVersionWeights": dict(record.weights)}
    return shown


def event_settings(found: Found, record: EventSettings) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "LastModified": record.modified_at,
        "FunctionArn": functions.arn(found.home, found.name, record.qualifier),
        "DestinationConfig": {
            "OnSuccess": {"Destination": record.on_success} if record.on_success else {},
            "OnFailure": {"Destination": record.on_failure} if record.on_failure else {},
        },
    }
    if record.retries is not None:
        shown["MaximumRetryAttempts"] = record.retries
    if record.age_seconds is not None:
        shown["MaximumEventAgeInSeconds"] = record.age_seconds
    return shown


def url(found: Found, record: FunctionUrl, *, is_new: bool = False) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "FunctionUrl": f"https://{record.id}.lambda-url.{found.home.region}.on.aws/",
        "FunctionArn": functions.arn(found.home, found.name, record.qualifier),
        "AuthType": record.auth,
        "CreationTime": rules.stamp(record.made_at),
        "InvokeMode": record.mode,
    }
    if not is_new:
        shown["LastModifiedTime"] = rules.stamp(record.modified_at)
    return {**shown, "Cors": dict(record.cors)} if record.cors else shown


def provisioned(record: Provisioned, available: int) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "RequestedProvisionedConcurrentExecutions": record.requested,
        "AvailableProvisionedConcurrentExecutions": available,
        "AllocatedProvisionedConcurrentExecutions": record.allocated,
        "Status": record.status,
        "LastModified": rules.stamp(record.modified_at),
    }
    return {**shown, "StatusReason": record.reason} if record.reason else shown


def mapping(ctx: Context, record: Mapped, state: str = "", result: str = "") -> dict[str, Any]:
    """An EventSourceMappingConfiguration; `state` where it is on its way to another."""
    shown: dict[str, Any] = {
        "UUID": record.id,
        "BatchSize": record.batch_size,
        "MaximumBatchingWindowInSeconds": record.window_seconds,
        "EventSourceArn": record.source,
        "FunctionArn": functions.arn(ctx, record.function, record.qualifier),
        "LastModified": record.modified_at,
        "State": state or ("Enabled" if record.is_enabled else "Disabled"),
        "StateTransitionReason": record.reason,
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if record.reports_failures else [],
        "EventSourceMappingArn": ctx.arn(f"event-source-mapping:{record.id}"),
    }
    if result:
        shown["LastProcessingResult"] = result
    if record.filters:
        shown["FilterCriteria"] = {"Filters": [{"Pattern": text} for text in record.filters]}
    if record.concurrency_max:
        shown["ScalingConfig"] = {"MaximumConcurrency": record.concurrency_max}
    return shown
