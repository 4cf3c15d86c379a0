"""DB instances: looked up, made, shown; what operations and reconcilers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fogbank.aws import ids, tags
from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import backups, certificates, engines, groups, insights, naming, rules
from fogbank.services.rds.resources import Cluster, Instance, Seat

SEAL = "rds/password"
_NOT_PUBLIC = "Cannot create a publicly accessible DBInstance."
_TRY_AGAIN = "Update the VPC and then try again"
HOSTED_ZONE = "Z2R2ITUGPM61AM"
"""The zone that endpoint names are in, for aliases."""


def one(ctx: Context, identifier: str) -> Instance:
    """An instance, by identifier in any case or by ARN. Raises DBInstanceNotFound."""
    name = identifier.rpartition(":db:")[2] if identifier.startswith("arn:") else identifier
    found = ctx.get(Instance, name.lower())
    if found is None:
        raise AwsError("DBInstanceNotFound", f"DBInstance {identifier} not found.")
    return found


def arn(ctx: Context, identifier: str) -> str:
    return ctx.arn(f"db:{identifier}")


def must_be(instance: Instance, *statuses: str) -> None:
    """Raises InvalidDBInstanceState for an instance that is in none of these states."""
    if instance.status not in statuses:
        text = f"Instance {instance.id} is not in {' or '.join(statuses)} state."
        raise AwsError("InvalidDBInstanceState", text)


def seated(ctx: Context, instance: Instance, zone: str) -> Seat:
    """A new node's place: an interface of the instance's security groups in a subnet of its subnet group."""
    group = groups.subnet_group(ctx, instance.subnet_group)
    subnet = next(one for one in group.subnets if one.zone == zone)
    made = ctx.as_service().call(
        "ec2",
        "CreateNetworkInterface",
        SubnetId=subnet.id,
        Groups=list(instance.security_groups),
        Description="RDSNetworkInterface",
    )["NetworkInterface"]
    seat = Seat(
        name=f"pg-{ids.letters(ctx.random, 10).lower()}",
        zone=zone,
        loopback=loopback(ctx),
        subnet_id=subnet.id,
        interface_id=made["NetworkInterfaceId"],
        address=made["PrivateIpAddress"],
    )
    return published(ctx, seat) if instance.is_public else seat


def published(ctx: Context, seat: Seat) -> Seat:
    """A node's place with a public address."""
    ec2 = ctx.as_service()
    allocated = ec2.call("ec2", "AllocateAddress", Domain="vpc")
    ec2.call("ec2", "AssociateAddress", AllocationId=allocated["AllocationId"], NetworkInterfaceId=seat.interface_id)
    return msgspec.structs.replace(seat, public_address=allocated["PublicIp"], allocation_id=allocated["AllocationId"])


def unpublished(ctx: Context, seat: Seat) -> Seat:
    """A node's place without its public address."""
    if not seat.allocation_id:
        return seat
    ec2 = ctx.as_service()
    filters = [{"Name": "allocation-id", "Values": [seat.allocation_id]}]
    for one in ec2.call("ec2", "DescribeAddresses", Filters=filters)["Addresses"]:
        if one.get("AssociationId"):
            ec2.call("ec2", "DisassociateAddress", AssociationId=one["AssociationId"])
        ec2.call("ec2", "ReleaseAddress", AllocationId=seat.allocation_id)
    return msgspec.structs.replace(seat, public_address="", allocation_id="")


def republished(ctx: Context, instance: Instance, is_public: bool) -> Instance:
    """An instance that is publicly accessible, or is not. Raises InvalidVPCNetworkStateFault."""
    if is_public == instance.is_public:
        return instance
    if is_public:
        check_public(ctx, groups.subnet_group(ctx, instance.subnet_group).vpc_id)
    seats = tuple((published if is_public else unpublished)(ctx, seat) for seat in instance.seats)
    return changed(instance, is_public=is_public, seats=seats)


def check_public(ctx: Context, vpc_id: str) -> None:
    """Raises InvalidVPCNetworkStateFault for a VPC in which nothing can be publicly accessible.

    RDS User Guide, "Working with a DB instance in a VPC": it needs DNS support, DNS hostnames, and an internet gateway.
    """
    ec2 = ctx.as_service()
    for attribute in ("enableDnsSupport", "enableDnsHostnames"):
        found = ec2.call("ec2", "DescribeVpcAttribute", VpcId=vpc_id, Attribute=attribute)
        if not found[attribute[0].upper() + attribute[1:]]["Value"]:
            text = "The specified VPC does not support DNS resolution, DNS hostnames, or both."
            raise AwsError("InvalidVPCNetworkStateFault", f"{_NOT_PUBLIC} {text} {_TRY_AGAIN}")
    filters = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
    if not ec2.call("ec2", "DescribeInternetGateways", Filters=filters)["InternetGateways"]:
        text = "The specified VPC has no internet gateway attached."
        raise AwsError("InvalidVPCNetworkStateFault", f"{_NOT_PUBLIC} {text} {_TRY_AGAIN}")


def placed(ctx: Context, instance: Instance, zone: str) -> Instance:
    """Put a new instance into its zones, the wanted one first, and remember it.

    Raises InvalidParameterCombination, what `rules.chosen_zones` raises, and what EC2 does of the interfaces.
    """
    if instance.is_multi_az and zone:
        text = "Requesting a specific availability zone is not valid for Multi-AZ instances."
        raise AwsError("InvalidParameterCombination", text)
    count = 2 if instance.is_multi_az else 1
    group = groups.subnet_group(ctx, instance.subnet_group)
    there = [one.zone for one in group.subnets]
    if instance.is_public:
        check_public(ctx, group.vpc_id)
    seats = tuple(seated(ctx, instance, one) for one in rules.chosen_zones(zone, there, count))
    # Where nothing can move, nothing has to stand before it.
    at = seats[0].loopback if count == 1 else loopback(ctx)
    instance = changed(instance, seats=seats, loopback=at)
    ctx.put(instance)
    return instance


def regroup(ctx: Context, instance: Instance, groups_wanted: Sequence[str]) -> Instance:
    """Put an instance's interfaces into other security groups."""
    for seat in instance.seats:
        ctx.as_service().call(
            "ec2",
            "ModifyNetworkInterfaceAttribute",
            NetworkInterfaceId=seat.interface_id,
            Groups=list(groups_wanted),
        )
    instance = changed(instance, security_groups=tuple(groups_wanted))
    ctx.put(instance)
    return instance


def unseated(ctx: Context, seat: Seat) -> None:
    """Give a node's interface back, and its public address."""
    unpublished(ctx, seat)
    if seat.interface_id:
        ctx.as_service().call("ec2", "DeleteNetworkInterface", NetworkInterfaceId=seat.interface_id)


def loopback(ctx: Context) -> str:
    """A loopback address for a node or an endpoint: so many that two of one machine hardly ever meet."""
    number = ctx.random.getrandbits(22)
    return f"127.{64 + number // 65_536}.{number // 256 % 256}.{number % 254 + 1}"


def described(ctx: Context, instance: Instance) -> dict[str, Any]:
    """An instance as DescribeDBInstances shows it."""
    found = {**_identity(ctx, instance), **_settings(instance), **_places(ctx, instance)}
    found |= {**certificates.described(ctx, instance), "IAMDatabaseAuthenticationEnabled": checks_tokens(ctx, instance)}
    if instance.source_id:
        found["ReadReplicaSourceDBInstanceIdentifier"] = instance.source_id
    if instance.cluster_id:
        found["DBClusterIdentifier"] = instance.cluster_id
        found["PromotionTier"] = instance.promotion_tier
    if instance.secret_arn:
        found["MasterUserSecret"] = {"SecretArn": instance.secret_arn, "SecretStatus": "active"}
    if latest := backups.latest_restorable(ctx, instance):
        found["LatestRestorableTime"] = latest
    infos = [_replicating(ctx, instance)] if instance.source_id and instance.status != "creating" else []
    if instance.reason:
        infos.append({"StatusType": "fogbank", "Normal": False, "Status": instance.status, "Message": instance.reason})
    return found | ({"StatusInfos": infos} if infos else {})


def _replicating(ctx: Context, replica: Instance) -> dict[str, Any]:
    """Whether a replica has somebody to follow."""
    source = replica.source_id
    there = ctx.at(source.split(":")[3]) if source.startswith("arn:") else ctx
    is_normal = there.get(Instance, source.rpartition(":")[2]) is not None
    status = "replicating" if is_normal else "terminated"
    return {"StatusType": "read replication", "Normal": is_normal, "Status": status}


def _identity(ctx: Context, instance: Instance) -> dict[str, Any]:
    found: dict[str, Any] = {
        "DBInstanceIdentifier": instance.id,
        "DBInstanceArn": arn(ctx, instance.id),
        "DbiResourceId": instance.resource_id,
        "DBInstanceClass": instance.instance_class,
        "DBInstanceStatus": instance.status,
        "Engine": instance.engine,
        "EngineVersion": instance.version,
        "LicenseModel": "postgresql-license",
        "MasterUsername": instance.master_user,
        "DbInstancePort": 0,
        "InstanceCreateTime": instance.created_at,
        "TagList": tags.written(instance.tags),
        "ReadReplicaDBInstanceIdentifiers": [one.id for one in ctx.find(Instance, "by_source", instance.id)],
    }
    if instance.database:
        found["DBName"] = instance.database
    return found


def _settings(instance: Instance) -> dict[str, Any]:
    found: dict[str, Any] = {
        "AllocatedStorage": instance.storage_gib,
        "StorageType": instance.storage_type,
        "StorageEncrypted": instance.is_encrypted,
        "MultiAZ": instance.is_multi_az,
        "PubliclyAccessible": instance.is_public,
        "DeletionProtection": instance.is_protected,
        "BackupRetentionPeriod": instance.retention_days,
        "PreferredBackupWindow": instance.backup_window,
        "PreferredMaintenanceWindow": instance.maintenance_window,
        "AutoMinorVersionUpgrade": instance.upgrades_minor,
        "CopyTagsToSnapshot": instance.copies_tags,
        **insights.described(instance.insights, instance.insights_days, instance.insights_key),
        "MonitoringInterval": 0,
        "EnabledCloudwatchLogsExports": list(instance.log_exports),
        "PendingModifiedValues": {name: msgspec.json.decode(value) for name, value in instance.pending.items()},
    }
    optional = {"Iops": instance.iops, "MaxAllocatedStorage": instance.storage_max_gib, "KmsKeyId": instance.key_id}
    return found | {member: value for member, value in optional.items() if value}


def _places(ctx: Context, instance: Instance) -> dict[str, Any]:
    group = groups.subnet_group(ctx, instance.subnet_group)
    status = {"DBParameterGroupName": instance.parameter_group, "ParameterApplyStatus": instance.parameters_state}
    found: dict[str, Any] = {
        "DBSubnetGroup": groups.described_subnet_group(ctx, group),
        "DBSecurityGroups": [],
        "VpcSecurityGroups": [{"VpcSecurityGroupId": one, "Status": "active"} for one in instance.security_groups],
        "DBParameterGroups": [status],
        "OptionGroupMemberships": [{"OptionGroupName": instance.option_group, "Status": "in-sync"}],
        "NetworkType": "IPV4",
    }
    if instance.seats:
        found["AvailabilityZone"] = instance.seats[0].zone
        found["SecondaryAvailabilityZone"] = instance.seats[1].zone if len(instance.seats) > 1 else None
    if instance.status != "creating":
        found["Endpoint"] = shown_endpoint(ctx, instance)
    return {member: value for member, value in found.items() if value is not None}


def shown_endpoint(ctx: Context, instance: Instance) -> dict[str, Any]:
    """Where whoever asks finds the instance: its name inside a VPC, a loopback address for programs of the host."""
    name = naming.endpoint(instance.id, ctx.account, ctx.region)
    address = instance.loopback if is_on_host(ctx) else name
    return {"Address": address, "Port": instance.port, "HostedZoneId": HOSTED_ZONE}


def is_on_host(ctx: Context) -> bool:
    """Whether whoever asks is a program of the host, which reaches loopback addresses and no names."""
    return not ctx.origin.vpc and ctx.origin.source_ip in ("127.0.0.1", "::1")


def sealed(ctx: Context, password: str) -> bytes:
    return ctx.seal(password.encode(), SEAL)


def opened(ctx: Context, password: bytes) -> str:
    """A sealed password."""
    return ctx.unseal(password, SEAL).decode()


def changed(instance: Instance, **fields: Any) -> Instance:
    """An instance with other fields."""
    return msgspec.structs.replace(instance, **fields)


def checks_tokens(ctx: Context, instance: Instance) -> bool:
    """Whether users of an instance may log in by tokens: a member does as its cluster."""
    cluster = ctx.get(Cluster, instance.cluster_id) if instance.cluster_id else None
    return cluster.checks_tokens if cluster is not None else instance.checks_tokens


def version_for(ctx: Context, engine: str, wanted: str) -> str:
    """See `engines.chosen_version`, with what this machine has."""
    return engines.chosen_version(engine, wanted, ctx.planes.databases.versions())


def check_absent(ctx: Context, identifier: str) -> None:
    """Raises DBInstanceAlreadyExists."""
    if ctx.get(Instance, identifier) is not None:
        raise AwsError("DBInstanceAlreadyExists", "DB instance already exists")
