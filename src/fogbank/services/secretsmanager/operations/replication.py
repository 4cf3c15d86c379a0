"""Replication: the same secret in other regions, each under a key of its own."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.model.regions import is_region
from fogbank.services.secretsmanager import rules, secrets
from fogbank.services.secretsmanager.resources import Secret


def replicate_secret_to_regions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.writable(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    added = {wanted["Region"]: wanted.get("KmsKeyId", "") for wanted in req["AddReplicaRegions"] if "Region" in wanted}
    for region in added:
        _check_region(home, secret, region, req.get("ForceOverwriteReplicaSecret", False))
    secret = msgspec.structs.replace(secret, replicas={**secret.replicas, **added}, primary_region=home.region)
    secrets.save(home, secret)
    return {"ARN": secrets.arn_of(home, secret), "ReplicationStatus": secrets.replication_status(secret)}


def remove_regions_from_replication(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    secret = secrets.writable(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    for region in req["RemoveReplicaRegions"]:
        if region not in secret.replicas:
            raise rules.invalid_parameter(f"The secret has no replica in {region}.")
        there = home.at(region=region)
        if (replica := there.get(Secret, secret.name)) is not None:
            secrets.remove(there, replica)
    left = {region: key for region, key in secret.replicas.items() if region not in req["RemoveReplicaRegions"]}
    secret = msgspec.structs.replace(secret, replicas=left, primary_region=home.region if left else "")
    secrets.save(home, secret)
    return {"ARN": secrets.arn_of(home, secret), "ReplicationStatus": secrets.replication_status(secret)}


def stop_replication_to_replica(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    replica = secrets.usable(ctx, req["SecretId"])
    home = secrets.home_of(ctx, req["SecretId"])
    if replica.primary_region in ("", home.region):
        raise rules.invalid_request("This operation is only permitted on a replica secret, in the replica's region.")
    there = home.at(region=replica.primary_region)
    primary = there.get(Secret, replica.name)
    if primary is not None:
        left = {region: key for region, key in primary.replicas.items() if region != home.region}
        there.put(msgspec.structs.replace(primary, replicas=left, primary_region=there.region if left else ""))
    home.put(msgspec.structs.replace(replica, primary_region=""))
    return {"ARN": secrets.arn_of(home, replica)}


def _check_region(ctx: Context, secret: Secret, region: str, force: bool) -> None:
    if region == ctx.region:
        raise rules.invalid_parameter("Invalid replica region: a secret can't be replicated to its own region.")
    if not is_region(region):
        raise rules.invalid_parameter(f"Invalid replica region: {region}.")
    other = ctx.at(region=region).get(Secret, secret.name)
    if other is not None and region not in secret.replicas and not force:
        text = f"The operation failed because the secret {secret.name} already exists in {region}."
        raise AwsError("ResourceExistsException", text)
