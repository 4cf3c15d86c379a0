"""Signals that wait conditions wait for. Pure.

CloudFormation User Guide, "Create wait conditions in a CloudFormation template".
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from fogbank.services.cloudformation.custom import Unmade

TYPE = "AWS::CloudFormation::WaitCondition"
Signals = Mapping[str, Mapping[str, str]]


def heard(known: Signals, body: bytes) -> Signals:
    """The signals of a handle, with the one that has come in; what is none leaves them as they were."""
    try:
        found = json.loads(body)
    except ValueError:
        return known
    if not isinstance(found, dict) or found.get("Status") not in ("SUCCESS", "FAILURE") or not found.get("UniqueId"):
        return known
    return {**known, str(found["UniqueId"]): {name: str(value) for name, value in found.items()}}


def is_enough(found: Signals, count: int) -> bool:
    """Whether a condition is met. Raises AwsError for one that never will be."""
    for identity, one in found.items():
        if one["Status"] == "FAILURE":
            why = one.get("Reason", "")
            raise Unmade(f"WaitCondition received failed message: '{why}' for uniqueId: {identity}")
    return len(found) >= count


def timed_out(found: Signals, count: int) -> Unmade:
    """The error for a condition that was not met in time."""
    return Unmade(f"WaitCondition timed out. Received {len(found)} conditions when expecting {count}")


def data(found: Signals) -> str:
    """What `Fn::GetAtt` of `Data` is."""
    return json.dumps({identity: one.get("Data", "") for identity, one in found.items()}, separators=(",", ":"))
