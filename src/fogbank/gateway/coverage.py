"""Coverage: which operations of which services have code, read off the code itself."""

from __future__ import annotations

from typing import Any

from fogbank.control.service import Services, snake_case
from fogbank.model.load import load


def coverage(services: Services) -> dict[str, Any]:
    """Service -> how many operations its API has, which have code, and which answer NotImplemented."""
    found = {}
    for installed in services:
        name = installed.service.name
        operations = load(name).operation_names
        done = [operation for operation in operations if snake_case(operation) in installed.operations]
        found[name] = {
            "operations": len(operations),
            "implemented": sorted(done),
            "not_implemented": sorted(set(operations) - set(done)),
        }
    return found
