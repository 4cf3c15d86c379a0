"""Custom endpoints of clusters: which members they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fogbank.aws import ids, paging, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import clusters, instances, listing, naming
from fogbank.services.rds.resources import Cluster, ClusterEndpoint

_ENDPOINTS_MAX = 5


def create_db_cluster_endpoint(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    cluster = clusters.one(ctx, req["DBClusterIdentifier"])
    name = naming.identifier(req["DBClusterEndpointIdentifier"], "DBClusterEndpointIdentifier")
    if ctx.get(ClusterEndpoint, name) is not None:
        raise AwsError("DBClusterEndpointAlreadyExistsFault", f"DBClusterEndpoint {name} already exists.")
    if len(ctx.find(ClusterEndpoint, "by_cluster", cluster.id)) >= _ENDPOINTS_MAX:
        text = f"A cluster has {_ENDPOINTS_MAX} custom endpoints at most."
        raise AwsError("DBClusterEndpointQuotaExceededFault", text)
    made = ClusterEndpoint(
        id=name,
        cluster_id=cluster.id,
        resource_id=f"cluster-endpoint-{ids.letters(ctx.random, 26).upper()}",
        kind=_kind(req["EndpointType"]),
        loopback=instances.loopback(ctx),
        tags=tags.read(req.get("Tags")),
    )
    made = _with_members(ctx, made, req)
    ctx.put(made)
    return _described(ctx, made)


def modify_db_cluster_endpoint(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["DBClusterEndpointIdentifier"])
    if "EndpointType" in req:
        found = msgspec.structs.replace(found, kind=_kind(req["EndpointType"]))
    found = _with_members(ctx, found, req)
    ctx.put(found)
    return _described(ctx, found)


def delete_db_cluster_endpoint(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    found = _one(ctx, req["DBClusterEndpointIdentifier"])
    ctx.delete(ClusterEndpoint, found.id)
    # The cluster serves its endpoints: it looks again at which there are.
    ctx.after_commit(ctx.waker(Cluster, found.cluster_id))
    return {**_described(ctx, found), "Status": "deleting"}


def describe_db_cluster_endpoints(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    rows = [row for cluster in _meant(ctx, req) for row in _endpoints(ctx, cluster)]
    if name := req.get("DBClusterEndpointIdentifier"):
        rows = [row for row in rows if row.get("DBClusterEndpointIdentifier") == name.lower()]
    for wanted in req.get("Filters", ()):
        rows = [row for row in rows if _matches(row, wanted["Name"], wanted["Values"])]
    after = paging.after(req.get("Marker"), "InvalidParameterValue", "Invalid or expired Marker.")
    rows = sorted((row for row in rows if row["Endpoint"] > after), key=lambda row: row["Endpoint"])
    page, marker = paging.page(rows, listing.rows_max(req), lambda row: str(row["Endpoint"]))
    return {"DBClusterEndpoints": page} | ({"Marker": marker} if marker else {})


def _meant(ctx: Context, req: dict[str, Any]) -> list[Cluster]:
    if identifier := req.get("DBClusterIdentifier"):
        return [clusters.one(ctx, identifier)]
    return list(ctx.scan(Cluster))


def _endpoints(ctx: Context, cluster: Cluster) -> list[dict[str, Any]]:
    shown = clusters.described(ctx, cluster)
    built_in = {"DBClusterIdentifier": cluster.id, "Status": cluster.status}
    writes = "inactive" if clusters.is_secondary(ctx, cluster) else cluster.status
    return [
        {**built_in, "Endpoint": shown["Endpoint"], "EndpointType": "WRITER", "Status": writes},
        {**built_in, "Endpoint": shown["ReaderEndpoint"], "EndpointType": "READER"},
        *(_described(ctx, found) for found in ctx.find(ClusterEndpoint, "by_cluster", cluster.id)),
    ]


def _matches(row: dict[str, Any], name: str, values: Sequence[str]) -> bool:
    fields = {
        "db-cluster-endpoint-type": "EndpointType",
        "db-cluster-endpoint-custom-type": "CustomEndpointType",
        "db-cluster-endpoint-id": "DBClusterEndpointIdentifier",
        "db-cluster-endpoint-status": "Status",
    }
    if name not in fields:
        raise AwsError("InvalidParameterValue", f"Unrecognized filter name: {name}")
    return str(row.get(fields[name], "")).lower() in {value.lower() for value in values}


def _one(ctx: Context, identifier: str) -> ClusterEndpoint:
    found = ctx.get(ClusterEndpoint, identifier.lower())
    if found is None:
        raise AwsError("DBClusterEndpointNotFoundFault", f"DBClusterEndpoint {identifier} not found.")
    return found


def _kind(text: str) -> str:
    if text.upper() not in ("READER", "ANY"):
        raise AwsError("InvalidParameterValue", f"Invalid endpoint type {text}: it is READER or ANY.")
    return text.upper()


def _with_members(ctx: Context, found: ClusterEndpoint, req: dict[str, Any]) -> ClusterEndpoint:
    lists = {field: [name.lower() for name in req.get(field, ())] for field in ("StaticMembers", "ExcludedMembers")}
    if all(lists.values()):
        text = "Specify either StaticMembers or ExcludedMembers, not both."
        raise AwsError("InvalidParameterCombination", text)
    for name in (name for names in lists.values() for name in names):
        if instances.one(ctx, name).cluster_id != found.cluster_id:
            raise AwsError("InvalidParameterValue", f"{name} is no member of cluster {found.cluster_id}.")
    if "StaticMembers" not in req and "ExcludedMembers" not in req:
        return found
    return msgspec.structs.replace(
        found, members=tuple(lists["StaticMembers"]), excluded=tuple(lists["ExcludedMembers"])
    )


def _described(ctx: Context, found: ClusterEndpoint) -> dict[str, Any]:
    return {
        "DBClusterEndpointIdentifier": found.id,
        "DBClusterEndpointArn": ctx.arn(f"cluster-endpoint:{found.id}"),
        "DBClusterEndpointResourceIdentifier": found.resource_id,
        "DBClusterIdentifier": found.cluster_id,
        "Endpoint": clusters.custom_address(ctx, found),
        "EndpointType": "CUSTOM",
        "CustomEndpointType": found.kind,
        "Status": "available",
        "StaticMembers": list(found.members),
        "ExcludedMembers": list(found.excluded),
    }
