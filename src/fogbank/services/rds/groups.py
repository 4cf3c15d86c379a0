"""Groups of parameters and subnets: those that people make, and those that are there by default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.rds import engines, parameters
from fogbank.services.rds.resources import Cluster, GroupSubnet, Instance, ParameterGroup, SubnetGroup

DEFAULT = "default"
OF_INSTANCES, OF_CLUSTERS = "pg", "cluster-pg"


def subnet_group(ctx: Context, name: str) -> SubnetGroup:
    """A subnet group by name in any case; `default` is made of the default VPC's subnets when it is first needed.

    Raises DBSubnetGroupNotFoundFault, and InvalidVPCNetworkStateFault where there is no default VPC.
    """
    found = ctx.get(SubnetGroup, name.lower())
    if found is None and name == DEFAULT:
        return _default_subnet_group(ctx)
    if found is None:
        raise AwsError("DBSubnetGroupNotFoundFault", f"DBSubnetGroup {name} not found.")
    return found


def _default_subnet_group(ctx: Context) -> SubnetGroup:
    filters = [{"Name": "default-for-az", "Values": ["true"]}]
    found = ctx.as_service().call("ec2", "DescribeSubnets", Filters=filters)["Subnets"]
    if not found:
        text = "No default VPC exists for this account in this region. Create a DB subnet group, and name it."
        raise AwsError("InvalidVPCNetworkStateFault", text)
    made = SubnetGroup(
        name=DEFAULT,
        description="default",
        vpc_id=found[0]["VpcId"],
        subnets=tuple(GroupSubnet(id=one["SubnetId"], zone=one["AvailabilityZone"]) for one in found),
    )
    ctx.put(made)
    return made


def security_groups(ctx: Context, vpc_id: str, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The security groups of an instance in a VPC: the VPC's default one, or those that are wanted.

    Raises InvalidVPCNetworkStateFault for one that is not of this VPC, and what EC2 raises for one that there is not.
    """
    if not wanted:
        filters = [{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "group-name", "Values": ["default"]}]
        found = ctx.as_service().call("ec2", "DescribeSecurityGroups", Filters=filters)["SecurityGroups"]
        return (found[0]["GroupId"],)
    for group in ctx.as_service().call("ec2", "DescribeSecurityGroups", GroupIds=list(wanted))["SecurityGroups"]:
        if group["VpcId"] != vpc_id:
            text = "The DB instance and EC2 security group are in different VPCs."
            raise AwsError("InvalidParameterCombination", f"{text} The DB instance is in {vpc_id}.")
    return tuple(wanted)


def described_subnet_group(ctx: Context, group: SubnetGroup) -> dict[str, Any]:
    """A subnet group as DescribeDBSubnetGroups shows it."""
    return {
        "DBSubnetGroupName": group.name,
        "DBSubnetGroupDescription": group.description,
        "DBSubnetGroupArn": ctx.arn(f"subgrp:{group.name}"),
        "VpcId": group.vpc_id,
        "SubnetGroupStatus": "Complete",
        "SupportedNetworkTypes": ["IPV4"],
        "Subnets": [
            {
                "SubnetIdentifier": one.id,
                "SubnetAvailabilityZone": {"Name": one.zone},
                "SubnetOutpost": {},
                "SubnetStatus": "Active",
            }
            for one in group.subnets
        ],
    }


def default_parameter_group(engine: str, version: str) -> str:
    """The name of the parameter group that nobody made: `default.postgres15`."""
    return f"default.{engines.family(engine, version)}"


def families(ctx: Context) -> dict[str, str]:
    """The families that this machine has servers of, and the version of each."""
    versions = ctx.planes.databases.versions()
    return {engines.family(engine, version): version for engine in engines.ENGINES for version in versions}


def parameter_group(ctx: Context, name: str, kind: str = OF_INSTANCES) -> ParameterGroup:
    """A parameter group by name in any case; those named `default.…` are there for every family of this machine.

    Raises DBParameterGroupNotFound.
    """
    found = ctx.get(ParameterGroup, kind, name.lower())
    family = name.removeprefix("default.")
    if found is None and family != name and family in families(ctx):
        description = f"Default parameter group for {family}"
        return ParameterGroup(kind=kind, name=name, family=family, description=description)
    if found is None:
        raise AwsError("DBParameterGroupNotFound", f"DBParameterGroup not found: {name}")
    return found


def wanted(ctx: Context, instance: Instance) -> dict[str, str]:
    """The parameters that an instance's groups give it: its own group's before its cluster's."""
    cluster = ctx.get(Cluster, instance.cluster_id) if instance.cluster_id else None
    shared = parameter_group(ctx, cluster.parameter_group, OF_CLUSTERS).values if cluster is not None else {}
    return {**shared, **parameter_group(ctx, instance.parameter_group).values}


def in_force(ctx: Context, instance: Instance) -> dict[str, str]:
    """The parameters that an instance runs with: those that its groups give it, but for what waits for a restart."""
    return parameters.in_force(wanted(ctx, instance), instance.held)
