"""Coverage: which operations of which services have code, read off the code itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fogbank.control.service import Services, snake_case
from fogbank.gateway.longtail import LENDER
from fogbank.model.load import load


def coverage(services: Services, borrowed: Iterable[str] = ()) -> dict[str, Any]:
    """Service -> how many operations its API has, which have code, and which answer NotImplemented.

    A borrowed service has no code here: it says from whom it is borrowed, and nothing of its operations is claimed.
    """
    found: dict[str, Any] = {}
    for installed in services:
        name = installed.service.name
        operations = load(name).operation_names
        done = [operation for operation in operations if snake_case(operation) in installed.operations]
        found[name] = {
            "operations": len(operations),
            "implemented": sorted(done),
            "not_implemented": sorted(set(operations) - set(done)),
        }
    for name in borrowed:
        found[name] = {"operations": 0, "implemented": [], "not_implemented": [], "borrowed": LENDER}
    return found


def resource_types(services: Services) -> dict[str, list[str]]:
    """Service -> the names of its resource types that CloudFormation may make."""
    return {
        installed.service.name: sorted(one.name for one in installed.resource_types())
        for installed in services
        if any(installed.resource_types())
    }
