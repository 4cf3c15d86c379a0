"""Permissions of other accounts on network interfaces (EC2 API Reference, "CreateNetworkInterfacePermission")."""

from __future__ import annotations

from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import interfaces, vpcs
from fogbank.services.ec2.catalog import one
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import InterfacePermission, NetworkInterface

_LISTING = Listing(
    InterfacePermission,
    "NetworkInterfacePermissions",
    "NetworkInterfacePermissionIds",
    "NetworkInterfacePermissionId",
    {
        "network-interface-permission.network-interface-permission-id": "NetworkInterfacePermissionId",
        "network-interface-permission.network-interface-id": "NetworkInterfaceId",
        "network-interface-permission.aws-account-id": "AwsAccountId",
        "network-interface-permission.aws-service": "AwsService",
        "network-interface-permission.permission": "Permission",
    },
    results_max=255,
)


def create_network_interface_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    interface = one(ctx, NetworkInterface, req["NetworkInterfaceId"])
    interfaces.check_editable(ctx, interface)
    account, service = req.get("AwsAccountId", ""), req.get("AwsService", "")
    if not account and not service:
        raise AwsError("MissingParameter", "The request must contain the parameter awsAccountId")
    if account and not (account.isdecimal() and len(account) == 12):
        raise AwsError("InvalidParameterValue", f"Value ({account}) for parameter awsAccountId is invalid.")
    for known in ctx.find(InterfacePermission, "by_interface", interface.id):
        if (known.account, known.service, known.permission) == (account, service, req["Permission"]):
            return {"InterfacePermission": _described(ctx, known)}
    made = InterfacePermission(
        id=vpcs.new_id(ctx, "eni-perm"),
        interface_id=interface.id,
        permission=req["Permission"],
        account=account,
        service=service,
    )
    ctx.put(made)
    return {"InterfacePermission": _described(ctx, made)}


def delete_network_interface_permission(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    permission = one(ctx, InterfacePermission, req["NetworkInterfacePermissionId"])
    ctx.delete(InterfacePermission, permission.id)
    return {"Return": True}


def describe_network_interface_permissions(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    return listed(ctx, req, _LISTING, _described)


def _described(ctx: Context, permission: InterfacePermission) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "NetworkInterfacePermissionId": permission.id,
        "NetworkInterfaceId": permission.interface_id,
        "Permission": permission.permission,
        "PermissionState": {"State": "granted"},
    }
    if permission.account:
        shown["AwsAccountId"] = permission.account
    if permission.service:
        shown["AwsService"] = permission.service
    return shown
