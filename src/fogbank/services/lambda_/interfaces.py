"""The network interfaces that functions live in: one for each subnet and set of security groups, shared by all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context, Source
from fogbank.control.service import Need
from fogbank.services.lambda_ import acting, rules
from fogbank.services.lambda_.resources import Interface, Version, Vpc


def namespace(ctx: Context, vpc: Vpc | None) -> str:
    """The namespace that an environment lives in, empty for the machine's own. Within a transaction.

    Environments are spread over the subnets.
    """
    if vpc is None or not ctx.planes.net.has_packets:
        return ""
    subnet = vpc.subnets[int(ctx.random.random() * len(vpc.subnets))]
    found = ctx.get(Interface, subnet, groups_of(vpc))
    return found.id if found is not None else ""


def groups_of(vpc: Vpc) -> str:
    return ",".join(sorted(vpc.groups))


def asked(ctx: Context, role: str, name: str, given: Mapping[str, Any]) -> Vpc | None:
    """Where a VpcConfig puts a function, with interfaces there; None for one that names nothing.

    Raises InvalidParameterValueException for subnets, groups and roles that will not do.
    """
    subnets, groups = tuple(given.get("SubnetIds") or ()), tuple(given.get("SecurityGroupIds") or ())
    if not subnets and not groups:
        return None
    if not subnets or not groups:
        raise rules.invalid("SubnetIds and SecurityIds must coexist or be both empty list.")
    check_may(ctx, role, name)
    own = ctx.as_service(Source(ctx.arn(f"function:{name}", "lambda"), ctx.account), "lambda")
    try:
        found = own.call("ec2", "DescribeSubnets", SubnetIds=list(subnets))["Subnets"]
        own.call("ec2", "DescribeSecurityGroups", GroupIds=list(groups))
    except AwsError as error:
        raise rules.invalid(
            f"Error occurred while describing the network. EC2 Error Code: {error.code}. EC2 Error Message: "
            f"{error.message}"
        ) from None
    vpcs = {one["VpcId"] for one in found}
    if len(vpcs) > 1:
        raise rules.invalid("Security Groups and subnets must be in the same VPC.")
    vpc = Vpc(subnets=subnets, groups=groups, vpc_id=vpcs.pop(), ipv6=bool(given.get("Ipv6AllowedForDualStack")))
    for subnet in subnets:
        _ensure(own, name, subnet, vpc)
    return vpc


def check_may(ctx: Context, role: str, name: str) -> None:
    """Raises InvalidParameterValueException where a role may not make interfaces."""
    at = acting.check_role(ctx, role, name)
    try:
        at.authorize(Need("ec2:CreateNetworkInterface"))
    except AwsError:
        raise rules.invalid(
            "The provided execution role does not have permissions to call CreateNetworkInterface on EC2"
        ) from None


def _ensure(own: Context, name: str, subnet: str, vpc: Vpc) -> None:
    """Have an interface in a subnet, by the service's own call."""
    if own.get(Interface, subnet, groups_of(vpc)) is not None:
        return
    try:
        made = own.call(
            "ec2",
            "CreateNetworkInterface",
            SubnetId=subnet,
            Groups=sorted(vpc.groups),
            Description=f"AWS Lambda VPC ENI-{name}-{own.uuid()}",
        )
    except AwsError as error:
        raise rules.invalid(f"The network interface could not be made: {error.message}") from None
    own.put(Interface(subnet=subnet, groups=groups_of(vpc), id=made["NetworkInterface"]["NetworkInterfaceId"]))


def look(ctx: Context, vpc: Vpc | None) -> None:
    """Have somebody look whether the interfaces that a function was in are still needed, once this commits."""
    if vpc is None:
        return
    for subnet in vpc.subnets:
        ctx.after_commit(ctx.waker(Interface, subnet, groups_of(vpc)))


def is_used(ctx: Context, interface: Interface) -> bool:
    """Whether some version of some function lives in an interface. Within a transaction."""
    return any(
        (vpc := version.configuration.vpc) is not None
        and interface.subnet in vpc.subnets
        and groups_of(vpc) == interface.groups
        for version in ctx.scan(Version)
    )
