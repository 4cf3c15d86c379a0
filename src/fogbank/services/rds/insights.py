"""Performance Insights as an instance has it: on or off, how long what it sees is kept, by which key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context

FREE_DAYS = 7
_MONTH_DAYS = 31
_DAYS = (FREE_DAYS, *range(_MONTH_DAYS, 24 * _MONTH_DAYS, _MONTH_DAYS), 731)
_DETAILS = ("PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod")


def asked(ctx: Context, req: Mapping[str, Any], *, is_on: bool = False) -> dict[str, Any]:
    """The fields of an instance that a request sets; `is_on` says how it is now.

    Raises InvalidParameterValue, InvalidParameterCombination, KMSKeyNotAccessibleFault (CreateDBInstance).
    """
    is_on = req.get("EnablePerformanceInsights", is_on)
    for member in _DETAILS:
        if req.get(member) and not is_on:
            text = f"You can't set {member} while Performance Insights is disabled."
            raise AwsError("InvalidParameterCombination", text)
    found: dict[str, Any] = {"insights": is_on}
    if (days := req.get("PerformanceInsightsRetentionPeriod")) is not None:
        if days not in _DAYS:
            allowed = ", ".join(str(one) for one in _DAYS)
            text = f"Invalid Performance Insights retention period: {days}. Valid values are: {allowed}."
            raise AwsError("InvalidParameterValue", text)
        found["insights_days"] = days
    if key := req.get("PerformanceInsightsKMSKeyId"):
        found["insights_key"] = _arn(ctx, key)
    return found


def _arn(ctx: Context, key: str) -> str:
    try:
        found: str = ctx.call("kms", "DescribeKey", KeyId=key)["KeyMetadata"]["Arn"]
    except AwsError:
        text = f"The specified KMS key [{key}] does not exist, is not enabled, or you may not use it."
        raise AwsError("KMSKeyNotAccessibleFault", text) from None
    return found


def described(is_on: bool, days: int, key: str) -> dict[str, Any]:
    """The members that DescribeDBInstances shows."""
    found: dict[str, Any] = {"PerformanceInsightsEnabled": is_on}
    if is_on:
        found |= {"PerformanceInsightsRetentionPeriod": days} | ({"PerformanceInsightsKMSKeyId": key} if key else {})
    return found
