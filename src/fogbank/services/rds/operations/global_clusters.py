"""Global clusters: there are none, since nothing makes them yet."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context


def describe_global_clusters(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    if identifier := req.get("GlobalClusterIdentifier"):
        raise AwsError("GlobalClusterNotFoundFault", f"Global cluster {identifier} not found.")
    return {"GlobalClusters": []}
