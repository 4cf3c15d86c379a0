"""The errors of health checks, for the table of `test_errors`: provoked, or excused with the reason."""
# ruff: noqa: E501 (a table: a case to a line, with the whole sentence)

from __future__ import annotations

from typing import Any

from fogbank.testing import TestCloud
from fogbank.testing.parity import Case

CONFIG: dict[str, Any] = {"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 9}
MOST = 200


def made(cloud: TestCloud) -> dict[str, str]:
    """As many health checks as an account may have; one of them counts another."""
    route53 = cloud.client("route53")
    child = route53("CreateHealthCheck", CallerReference="child", HealthCheckConfig=CONFIG)["HealthCheck"]["Id"]
    parent = {"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": [child]}
    above = route53("CreateHealthCheck", CallerReference="parent", HealthCheckConfig=parent)["HealthCheck"]["Id"]
    for number in range(MOST - 2):
        route53("CreateHealthCheck", CallerReference=str(number), HealthCheckConfig=CONFIG)
    return {"CHILD": child, "CALCULATED": above}


def _create(code: str, text: str, status: int = 400, reference: str = "new", **more: Any) -> Case:
    config = {**CONFIG, **more}
    return Case("CreateHealthCheck", code, text, {"CallerReference": reference, "HealthCheckConfig": config}, status)


def _none(operation: str, **more: Any) -> list[Case]:
    """That a health check is not there, and that an id is too long to be one."""
    long = "x" * 65
    text = f"1 validation error detected: Value '{long}' at 'healthCheckId' failed to satisfy constraint: Member must have length less than or equal to 64"
    return [
        Case(
            operation,
            "NoSuchHealthCheck",
            "No health check exists with the ID none",
            {"HealthCheckId": "none", **more},
            404,
        ),
        Case(operation, "InvalidInput", text, {"HealthCheckId": long, **more}),
    ]


# fmt: off
CASES = [
    _create("TooManyHealthChecks", f"Limits Exceeded: MAX_HEALTH_CHECKS_BY_OWNER - Cannot create more than {MOST} health checks."),
    _create("HealthCheckAlreadyExists", "A health check with the caller reference child has already been created with other settings.", 409, "child", Port=10),
    _create("InvalidInput", "Invalid parameter : RequestInterval must be 10 or 30.", RequestInterval=20),
    *_none("GetHealthCheck"),
    *_none("DeleteHealthCheck"),
    *_none("UpdateHealthCheck"),
    Case("UpdateHealthCheck", "HealthCheckVersionMismatch", "The value of HealthCheckVersion in the request doesn't match the value of HealthCheckVersion in the health check.", {"HealthCheckId": "$CHILD", "HealthCheckVersion": 7}, 409),
    Case("UpdateHealthCheck", "InvalidInput", "Invalid parameter : A health check cannot monitor itself.", {"HealthCheckId": "$CALCULATED", "ChildHealthChecks": ["$CALCULATED"]}),
    *_none("GetHealthCheckStatus"),
    Case("GetHealthCheckStatus", "InvalidInput", "The status of a calculated health check cannot be retrieved.", {"HealthCheckId": "$CALCULATED"}),
    *_none("GetHealthCheckLastFailureReason"),
    Case("GetHealthCheckLastFailureReason", "InvalidInput", "The last failure reason of a calculated health check cannot be retrieved.", {"HealthCheckId": "$CALCULATED"}),
    Case("ListHealthChecks", "InvalidInput", "The value for MaxItems must be a number greater than 0.", {"MaxItems": "x"}),
]
# fmt: on
EXCUSED = {
    "HealthCheckInUse": "AWS says that the code is not in use",
    "ListHealthChecks:IncompatibleVersion": "there is one version",
    "GetHealthCheck:IncompatibleVersion": "there is one version",
}
SILENT = {"GetHealthCheckCount", "GetCheckerIpRanges"}
"""The operations that take nothing, and so refuse nothing."""
