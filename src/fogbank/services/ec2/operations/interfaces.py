"""Network interfaces and their attributes (EC2 API Reference, "CreateNetworkInterface" and the pages around it)."""

from __future__ import annotations

from typing import Any

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context
from fogbank.services.ec2 import interfaces, tagging
from fogbank.services.ec2.catalog import one, prefix_of
from fogbank.services.ec2.interface_addresses import asked_by
from fogbank.services.ec2.listing import Listing, listed
from fogbank.services.ec2.resources import NetworkInterface, Subnet

_LISTING = Listing(
    NetworkInterface,
    "NetworkInterfaces",
    "NetworkInterfaceIds",
    "NetworkInterfaceId",
    {
        "association.allocation-id": "PrivateIpAddresses.Association.AllocationId",
        "association.association-id": "PrivateIpAddresses.Association.AssociationId",
        "association.ip-owner-id": "PrivateIpAddresses.Association.IpOwnerId",
        "association.public-dns-name": "PrivateIpAddresses.Association.PublicDnsName",
        "association.public-ip": "PrivateIpAddresses.Association.PublicIp",
        "addresses.association.owner-id": "PrivateIpAddresses.Association.IpOwnerId",
        "addresses.association.public-ip": "PrivateIpAddresses.Association.PublicIp",
        "addresses.primary": "PrivateIpAddresses.Primary",
        "addresses.private-ip-address": "PrivateIpAddresses.PrivateIpAddress",
        "attachment.attachment-id": "Attachment.AttachmentId",
        "attachment.attach-time": "Attachment.AttachTime",
        "attachment.delete-on-termination": "Attachment.DeleteOnTermination",
        "attachment.device-index": "Attachment.DeviceIndex",
        "attachment.instance-id": "Attachment.InstanceId",
        "attachment.instance-owner-id": "Attachment.InstanceOwnerId",
        "attachment.status": "Attachment.Status",
        "availability-zone": "AvailabilityZone",
        "availability-zone-id": "AvailabilityZoneId",
        "description": "Description",
        "group-id": "Groups.GroupId",
        "group-name": "Groups.GroupName",
        "interface-type": "InterfaceType",
        "ipv6-addresses.ipv6-address": "Ipv6Addresses.Ipv6Address",
        "mac-address": "MacAddress",
        "network-interface-id": "NetworkInterfaceId",
        "operator.managed": "Operator.Managed",
        "owner-id": "OwnerId",
        "private-dns-name": "PrivateDnsName",
        "private-ip-address": "PrivateIpAddress",
        "requester-id": "RequesterId",
        "requester-managed": "RequesterManaged",
        "source-dest-check": "SourceDestCheck",
        "status": "Status",
        "subnet-id": "SubnetId",
        "tag-key": "TagSet.Key",
        "tag-value": "TagSet.Value",
        "vpc-id": "VpcId",
    },
)
_MODIFIABLE = ("Description", "SourceDestCheck", "Groups", "Attachment")
_NOT_HERE = (
    "AssociatePublicIpAddress",
    "AssociatedSubnetIds",
    "ConnectionTrackingSpecification",
    "EnaSrdSpecification",
    "EnablePrimaryIpv6",
    "Operator",
)
_ATTRIBUTES = ("description", "groupSet", "sourceDestCheck", "attachment", "associatePublicIpAddress")


def create_network_interface(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    subnet = one(ctx, Subnet, req["SubnetId"])
    _refuse(req)
    requester = interfaces.requester_of(ctx)
    description = req.get("Description", "")
    type_ = req.get("InterfaceType", "interface")
    wanted = interfaces.Wanted(
        asked=asked_by(req),
        groups=req.get("Groups") or None,
        description=description,
        type=interfaces.type_for(ctx, description) if requester and type_ == "interface" else type_,
        requester_id=requester,
        tags=tagging.specified(req, "network-interface"),
    )
    made = interfaces.make(ctx, subnet, wanted)
    shown = interfaces.described(ctx, made)
    if not requester:
        shown["Status"] = "pending"
    return {"NetworkInterface": shown, "ClientToken": req.get("ClientToken", "")}


def delete_network_interface(ctx: Context, req: dict[str, Any]) -> None:
    interface = one(ctx, NetworkInterface, req["NetworkInterfaceId"])
    own = interface.is_managed and interfaces.requester_of(ctx) == interface.requester_id
    if interface.attachment is not None and not own:
        text = f"Network interface '{interface.id}' is currently in use."
        raise AwsError("InvalidParameterValue", text)
    interfaces.check_editable(ctx, interface)
    interfaces.remove(ctx, interface)


def describe_network_interfaces(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    answer = listed(ctx, req, _LISTING, _with_tags)
    for row in answer["NetworkInterfaces"]:
        del row["Tags"]
    return answer


def modify_network_interface_attribute(ctx: Context, req: dict[str, Any]) -> None:
    interface = one(ctx, NetworkInterface, req["NetworkInterfaceId"])
    _refuse(req)
    given = [member for member in _MODIFIABLE if member in req]
    if not given:
        raise AwsError("MissingParameter", "The request must contain the parameter attribute")
    if len(given) > 1:
        names = ", ".join(member[:1].lower() + member[1:] for member in given)
        raise AwsError("InvalidParameterCombination", f"Fields for multiple attribute types specified: {names}")
    interfaces.check_editable(ctx, interface)
    if given[0] == "Description":
        changed = msgspec.structs.replace(interface, description=req["Description"].get("Value", ""))
    elif given[0] == "SourceDestCheck":
        changed = msgspec.structs.replace(interface, checks_source=bool(req["SourceDestCheck"].get("Value")))
    elif given[0] == "Groups":
        subnet = one(ctx, Subnet, interface.subnet_id)
        if not req["Groups"]:
            # An interface without a group would be open to everybody.
            raise AwsError("InvalidParameterValue", "You must specify at least one security group.")
        changed = msgspec.structs.replace(interface, groups=interfaces.checked_groups(ctx, subnet, req["Groups"]))
    else:
        changed = _with_attachment(interface, req["Attachment"])
    ctx.put(changed)


def describe_network_interface_attribute(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    interface = one(ctx, NetworkInterface, req["NetworkInterfaceId"])
    wanted = req.get("Attribute")
    if wanted not in _ATTRIBUTES:
        raise AwsError("MissingParameter", "The request must contain the parameter attribute")
    shown: dict[str, Any] = {"NetworkInterfaceId": interface.id}
    if wanted == "description":
        shown["Description"] = {"Value": interface.description}
    elif wanted == "groupSet":
        shown["Groups"] = list(interfaces.groups_of(ctx, interface))
    elif wanted == "sourceDestCheck":
        shown["SourceDestCheck"] = {"Value": interface.checks_source}
    elif wanted == "associatePublicIpAddress":
        shown["AssociatePublicIpAddress"] = any(
            address.association and not address.association.id for address in interface.addresses
        )
    elif interface.attachment:
        shown["Attachment"] = interfaces.attachment_of(interface.attachment)
    return shown


def reset_network_interface_attribute(ctx: Context, req: dict[str, Any]) -> None:
    interface = one(ctx, NetworkInterface, req["NetworkInterfaceId"])
    interfaces.check_editable(ctx, interface)
    if "SourceDestCheck" not in req:
        raise AwsError("MissingParameter", "The request must contain the parameter sourceDestCheck")
    ctx.put(msgspec.structs.replace(interface, checks_source=True))


def attach_network_interface(ctx: Context, req: dict[str, Any]) -> dict[str, Any]:
    interface = one(ctx, NetworkInterface, req["NetworkInterfaceId"])
    interfaces.check_editable(ctx, interface)
    if prefix_of(req["InstanceId"]) != "i":
        text = f'Invalid id: "{req["InstanceId"]}" (expecting "i-...")'
        raise AwsError("InvalidInstanceID.Malformed", text)
    if interface.attachment is not None:
        text = f"Interface: [{interface.id}] in use"
        raise AwsError("InvalidNetworkInterface.InUse", text)
    raise AwsError("InvalidInstanceID.NotFound", f"The instance ID '{req['InstanceId']}' does not exist")


def detach_network_interface(ctx: Context, req: dict[str, Any]) -> None:
    wanted = req["AttachmentId"]
    if prefix_of(wanted) not in ("eni-attach", "ela-attach"):
        text = f'Invalid id: "{wanted}" (expecting "eni-attach-...")'
        raise AwsError("InvalidNetworkInterfaceAttachmentId.Malformed", text)
    rows = ctx.find(NetworkInterface, "by_attachment", wanted)
    if not rows:
        text = f"The networkInterface attachment ID '{wanted}' does not exist"
        raise AwsError("InvalidAttachmentID.NotFound", text)
    interface = rows[0]
    if interface.is_managed and interfaces.requester_of(ctx) != interface.requester_id:
        raise AwsError("OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.")
    if interface.attachment and interface.attachment.device_index == 0:
        text = "The network interface at device index 0 and networkCard index 0 cannot be detached."
        raise AwsError("OperationNotPermitted", text)
    ctx.put(msgspec.structs.replace(interface, attachment=None, status="available"))


def _with_tags(ctx: Context, interface: NetworkInterface) -> dict[str, Any]:
    """An interface with its tags where filters look for them; they are shown as `TagSet`."""
    shown = interfaces.described(ctx, interface)
    return {**shown, "Tags": shown["TagSet"]}


def _refuse(req: dict[str, Any]) -> None:
    for member in _NOT_HERE:
        if req.get(member):
            raise AwsError("UnsupportedOperation", f"fogbank's interfaces have no {member}.")


def _with_attachment(interface: NetworkInterface, given: dict[str, Any]) -> NetworkInterface:
    if interface.attachment is None or interface.attachment.id != given.get("AttachmentId"):
        text = f"The networkInterface attachment ID '{given.get('AttachmentId', '')}' does not exist"
        raise AwsError("InvalidAttachmentID.NotFound", text)
    attachment = msgspec.structs.replace(
        interface.attachment, deletes_on_termination=bool(given.get("DeleteOnTermination"))
    )
    return msgspec.structs.replace(interface, attachment=attachment)
