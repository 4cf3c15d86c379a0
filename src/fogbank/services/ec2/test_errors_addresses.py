"""Refusals of the operations on VPCs, subnets, routes, gateways, interfaces and addresses, with their messages."""
# ruff: noqa: E501 (a table: a case to a line, with AWS's whole sentence)

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fogbank.testing import TestCloud, parity
from fogbank.testing.parity import Case, Parity, World

SERVICE = "ec2"


def _made(cloud: TestCloud) -> dict[str, str]:
    ec2 = cloud.client(SERVICE)
    names: dict[str, str] = {}
    default = ec2("DescribeVpcs")["Vpcs"][0]
    names["DEFAULTVPC"] = default["VpcId"]
    names["DEFAULTOPTIONS"] = default["DhcpOptionsId"]
    names["DEFAULTSUBNET"] = ec2("DescribeSubnets", Filters=[{"Name": "cidr", "Values": ["172.31.0.0/20"]}])["Subnets"][
        0
    ]["SubnetId"]
    vpc = ec2("CreateVpc", CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    names["VPC"] = vpc["VpcId"]
    names["BLOCK"] = vpc["CidrBlockAssociationSet"][0]["AssociationId"]
    names["IPV6"] = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    names["IPV6BLOCK"] = vpc["Ipv6CidrBlockAssociationSet"][0]["AssociationId"]
    names["OTHERVPC"] = ec2("CreateVpc", CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    names["THIRDVPC"] = ec2("CreateVpc", CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    names["FOURTHVPC"] = ec2("CreateVpc", CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2("CreateSubnet", VpcId=names["VPC"], CidrBlock="10.0.1.0/24", Ipv6CidrBlock=names["IPV6"])["Subnet"]
    names["SUBNET"] = subnet["SubnetId"]
    names["SUBNETBLOCK"] = subnet["Ipv6CidrBlockAssociationSet"][0]["AssociationId"]
    names["V4SUBNET"] = ec2("CreateSubnet", VpcId=names["VPC"], CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]
    names["SMALL"] = ec2("CreateSubnet", VpcId=names["VPC"], CidrBlock="10.0.3.0/28")["Subnet"]["SubnetId"]
    names["OTHERSUBNET"] = ec2("CreateSubnet", VpcId=names["OTHERVPC"], CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    ec2("CreateSubnetCidrReservation", SubnetId=names["V4SUBNET"], Cidr="10.0.2.64/28", ReservationType="explicit")
    names |= _gateways(ec2, names)
    names |= _interfaces(ec2, names)
    names |= _tables(ec2, names)
    return names


def _gateways(ec2: Any, names: dict[str, str]) -> dict[str, str]:
    made = {
        name: ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
        for name in ("IGW", "OTHERIGW", "FREEIGW", "LASTIGW")
    }
    ec2("AttachInternetGateway", VpcId=names["VPC"], InternetGatewayId=made["IGW"])
    ec2("AttachInternetGateway", VpcId=names["OTHERVPC"], InternetGatewayId=made["OTHERIGW"])
    eigw = ec2("CreateEgressOnlyInternetGateway", VpcId=names["VPC"])["EgressOnlyInternetGateway"]
    made["EIGW"] = eigw["EgressOnlyInternetGatewayId"]
    return made


def _interfaces(ec2: Any, names: dict[str, str]) -> dict[str, str]:
    made: dict[str, str] = {}
    eni = ec2("CreateNetworkInterface", SubnetId=names["SUBNET"], SecondaryPrivateIpAddressCount=1)["NetworkInterface"]
    made["ENI"] = eni["NetworkInterfaceId"]
    made["ENI2"] = ec2("CreateNetworkInterface", SubnetId=names["SUBNET"])["NetworkInterface"]["NetworkInterfaceId"]
    made["OTHERENI"] = ec2("CreateNetworkInterface", SubnetId=names["OTHERSUBNET"])["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    made["OTHERGROUP"] = ec2("CreateSecurityGroup", VpcId=names["OTHERVPC"], GroupName="g", Description="d")["GroupId"]
    ips = [ec2("AllocateAddress") for _ in range(3)]
    for number, eip in enumerate(ips, 1):
        made |= {f"EIP{number}": eip["AllocationId"], f"IP{number}": eip["PublicIp"]}
    made["EIPASSOC"] = ec2("AssociateAddress", AllocationId=made["EIP1"], NetworkInterfaceId=made["ENI"])[
        "AssociationId"
    ]
    nat = ec2("CreateNatGateway", SubnetId=names["SUBNET"], AllocationId=made["EIP2"])["NatGateway"]
    made["NAT"] = nat["NatGatewayId"]
    made["NATENI"] = nat["NatGatewayAddresses"][0]["NetworkInterfaceId"]
    made["NATASSOC"] = nat["NatGatewayAddresses"][0]["AssociationId"]
    shown = ec2("DescribeNetworkInterfaces", NetworkInterfaceIds=[made["NATENI"]])["NetworkInterfaces"][0]
    made["NATATTACH"] = shown["Attachment"]["AttachmentId"]
    made["PRIVATENAT"] = ec2("CreateNatGateway", SubnetId=names["SUBNET"], ConnectivityType="private")["NatGateway"][
        "NatGatewayId"
    ]
    ec2("ModifyAddressAttribute", AllocationId=made["EIP3"], DomainName="a.example.com")
    return made


def _tables(ec2: Any, names: dict[str, str]) -> dict[str, str]:
    made = {name: ec2("CreateRouteTable", VpcId=names["VPC"])["RouteTable"]["RouteTableId"] for name in ("RTB", "RTB2")}
    made["OTHERRTB"] = ec2("CreateRouteTable", VpcId=names["OTHERVPC"])["RouteTable"]["RouteTableId"]
    made["RTBASSOC"] = ec2("AssociateRouteTable", RouteTableId=made["RTB"], SubnetId=names["SUBNET"])["AssociationId"]
    main = ec2(
        "DescribeRouteTables",
        Filters=[{"Name": "association.main", "Values": ["true"]}, {"Name": "vpc-id", "Values": [names["VPC"]]}],
    )["RouteTables"][0]
    made |= {"MAIN": main["RouteTableId"], "MAINASSOC": main["Associations"][0]["RouteTableAssociationId"]}
    ec2("CreateRoute", RouteTableId=made["RTB"], DestinationCidrBlock="0.0.0.0/0", GatewayId=names["IGW"])
    return made


GONE = "0" * 17
V4 = {"DestinationCidrBlock": "192.168.0.0/16"}
ROUTE = {"RouteTableId": "$RTB", **V4}
ONE_TARGET = "The request must contain exactly one of gatewayId, egressOnlyInternetGatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId, transitGatewayId, vpcEndpointId, instanceId, localGatewayId, carrierGatewayId, coreNetworkArn, odbNetworkArn"
ONE_DESTINATION = (
    "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock, destinationPrefixListId"
)
DENIED = "You do not have permission to access the specified resource."
ZONES = "us-east-1a, us-east-1b, us-east-1c, us-east-1d, us-east-1e, us-east-1f"
RESTRICTED = "is restricted. Use a CIDR from the same private address range as the current VPC CIDR, or use a publicly-routable CIDR. For additional restrictions, see https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Subnets.html"

# fmt: off
CASES = [
    # VPCs
    Case("CreateVpc", "MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.", {}),
    Case("CreateVpc", "InvalidParameterValue", "Value (10.0.0.0) for parameter cidrBlock is invalid. This is not a valid CIDR block.", {"CidrBlock": "10.0.0.0"}),
    Case("CreateVpc", "InvalidVpc.Range", "The CIDR '10.0.0.0/8' is invalid.", {"CidrBlock": "10.0.0.0/8"}),
    Case("CreateVpc", "InvalidVpc.Range", "The CIDR '10.0.0.0/29' is invalid.", {"CidrBlock": "10.0.0.0/29"}),
    Case("CreateVpc", "InvalidVpc.Range", "The CIDR '127.0.0.0/16' is invalid.", {"CidrBlock": "127.0.0.0/16"}),
    Case("CreateVpc", "UnsupportedOperation", "fogbank has no address pools: Ipv4IpamPoolId cannot be used.", {"Ipv4IpamPoolId": "ipam-pool-1"}),
    Case("CreateVpc", "InvalidParameterValue", "The tenancy value 'host' is not supported for VPCs.", {"CidrBlock": "10.0.0.0/16", "InstanceTenancy": "host"}),
    Case("CreateVpc", "VpcLimitExceeded", "The maximum number of VPCs has been reached.", {"CidrBlock": "10.0.0.0/16"}),
    Case("DeleteVpc", "MissingParameter", "The request must contain the parameter VpcId", {}),
    Case("DeleteVpc", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": f"vpc-{GONE}"}),
    Case("DeleteVpc", "InvalidVpcID.Malformed", 'Invalid id: "x" (expecting "vpc-...")', {"VpcId": "x"}),
    Case("DeleteVpc", "DependencyViolation", "The vpc '$VPC' has dependencies and cannot be deleted.", {"VpcId": "$VPC"}),
    Case("DescribeVpcs", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcIds": ["$VPC", f"vpc-{GONE}"]}),
    Case("DescribeVpcs", "InvalidParameterValue", "The filter 'colour' is invalid", {"Filters": [{"Name": "colour", "Values": ["red"]}]}),
    Case("DescribeVpcs", "InvalidNextToken", "The token is not valid.", {"NextToken": "x"}),
    Case("ModifyVpcAttribute", "MissingParameter", "The request must contain the parameter attribute", {"VpcId": "$VPC"}),
    Case("ModifyVpcAttribute", "InvalidParameterCombination", "Fields for multiple attribute types specified: enableDnsSupport, enableDnsHostnames", {"VpcId": "$VPC", "EnableDnsSupport": {"Value": True}, "EnableDnsHostnames": {"Value": True}}),
    Case("DescribeVpcAttribute", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": f"vpc-{GONE}", "Attribute": "enableDnsSupport"}),
    Case("DescribeVpcAttribute", "MissingParameter", "The request must contain the parameter Attribute", {"VpcId": "$VPC"}),
    Case("ModifyVpcTenancy", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": f"vpc-{GONE}", "InstanceTenancy": "default"}),
    Case("AssociateVpcCidrBlock", "InvalidVpc.Range", f"The CIDR '192.168.0.0/16' {RESTRICTED}", {"VpcId": "$VPC", "CidrBlock": "192.168.0.0/16"}),
    Case("AssociateVpcCidrBlock", "InvalidVpc.Range", "The CIDR '10.0.128.0/20' conflicts with the CIDR '10.0.0.0/16' of the VPC.", {"VpcId": "$VPC", "CidrBlock": "10.0.128.0/20"}),
    Case("AssociateVpcCidrBlock", "CidrLimitExceeded", "This network '$VPC' has met its maximum number of allowed CIDRs: 1", {"VpcId": "$VPC", "AmazonProvidedIpv6CidrBlock": True}),
    Case("AssociateVpcCidrBlock", "MissingParameter", "The request must contain exactly one of CidrBlock, AmazonProvidedIpv6CidrBlock, Ipv6Pool", {"VpcId": "$VPC"}),
    Case("DisassociateVpcCidrBlock", "OperationNotPermitted", "The vpc CIDR block with association ID $BLOCK may not be disassociated. It is the primary IPv4 CIDR block of the VPC", {"AssociationId": "$BLOCK"}),
    Case("DisassociateVpcCidrBlock", "InvalidVpcCidrBlockAssociationID.NotFound", f"The vpc CIDR block association ID 'vpc-cidr-assoc-{GONE}' does not exist", {"AssociationId": f"vpc-cidr-assoc-{GONE}"}),
    Case("CreateDefaultVpc", "DefaultVpcAlreadyExists", "A Default VPC already exists for this account in this region.", {}),
    Case("CreateDefaultSubnet", "DefaultSubnetAlreadyExistsInAvailabilityZone", "'$DEFAULTSUBNET' is already the default subnet in us-east-1a.", {"AvailabilityZone": "us-east-1a"}),
    Case("CreateDefaultSubnet", "InvalidParameterValue", f"Value (mars-1a) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {ZONES}.", {"AvailabilityZone": "mars-1a"}),
    # Subnets
    Case("CreateSubnet", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": f"vpc-{GONE}", "CidrBlock": "10.0.9.0/24"}),
    Case("CreateSubnet", "MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.", {"VpcId": "$VPC"}),
    Case("CreateSubnet", "InvalidSubnet.Range", "The CIDR '10.5.0.0/24' is invalid.", {"VpcId": "$VPC", "CidrBlock": "10.5.0.0/24"}),
    Case("CreateSubnet", "InvalidSubnet.Range", "The CIDR '10.0.9.0/29' is invalid.", {"VpcId": "$VPC", "CidrBlock": "10.0.9.0/29"}),
    Case("CreateSubnet", "InvalidSubnet.Conflict", "The CIDR '10.0.1.128/25' conflicts with another subnet", {"VpcId": "$VPC", "CidrBlock": "10.0.1.128/25"}),
    Case("CreateSubnet", "InvalidParameterValue", "Value (10.0.9.0/33) for parameter cidrBlock is invalid. This is not a valid CIDR block.", {"VpcId": "$VPC", "CidrBlock": "10.0.9.0/33"}),
    Case("CreateSubnet", "InvalidParameterValue", f"Value (us-east-1z) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: {ZONES}.", {"VpcId": "$VPC", "CidrBlock": "10.0.9.0/24", "AvailabilityZone": "us-east-1z"}),
    Case("CreateSubnet", "InvalidParameterCombination", "The parameters availabilityZone and availabilityZoneId do not name the same zone", {"VpcId": "$VPC", "CidrBlock": "10.0.9.0/24", "AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az2"}),
    Case("CreateSubnet", "InvalidSubnet.Conflict", "The CIDR '$IPV6' conflicts with another subnet", {"VpcId": "$VPC", "CidrBlock": "10.0.9.0/24", "Ipv6CidrBlock": "$IPV6"}),
    Case("CreateSubnet", "InvalidSubnet.Range", "The CIDR '2001:db9::/64' is invalid.", {"VpcId": "$VPC", "CidrBlock": "10.0.9.0/24", "Ipv6CidrBlock": "2001:db9::/64"}),
    Case("CreateSubnet", "UnsupportedOperation", "fogbank has no Outposts or address pools: OutpostArn.", {"VpcId": "$VPC", "CidrBlock": "10.0.9.0/24", "OutpostArn": "arn:aws:outposts:us-east-1:000000000000:outpost/op-1"}),
    Case("CreateSubnet", "InvalidParameterValue", "'vpc' is not a valid taggable resource type for this operation.", {"VpcId": "$VPC", "CidrBlock": "10.0.9.0/24", "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "a", "Value": "b"}]}]}),
    Case("DeleteSubnet", "InvalidSubnetID.NotFound", f"The subnet ID 'subnet-{GONE}' does not exist", {"SubnetId": f"subnet-{GONE}"}),
    Case("DeleteSubnet", "DependencyViolation", "The subnet '$SUBNET' has dependencies and cannot be deleted.", {"SubnetId": "$SUBNET"}),
    Case("DescribeSubnets", "InvalidSubnetID.Malformed", 'Invalid id: "$VPC" (expecting "subnet-...")', {"SubnetIds": ["$VPC"]}),
    Case("DescribeSubnets", "InvalidParameterCombination", "The parameter SubnetIds cannot be used with the parameter maxResults", {"SubnetIds": ["$SUBNET"], "MaxResults": 5}),
    Case("ModifySubnetAttribute", "InvalidParameterValue", "Invalid value 'true' for assignIpv6AddressOnCreation. Subnet must be associated with IPv6 CIDR.", {"SubnetId": "$V4SUBNET", "AssignIpv6AddressOnCreation": {"Value": True}}),
    Case("ModifySubnetAttribute", "InvalidParameterCombination", "Fields for multiple attribute types specified: MapPublicIpOnLaunch, EnableDns64", {"SubnetId": "$SUBNET", "MapPublicIpOnLaunch": {"Value": True}, "EnableDns64": {"Value": True}}),
    Case("ModifySubnetAttribute", "MissingParameter", "The request must contain the parameter attribute", {"SubnetId": "$SUBNET"}),
    Case("AssociateSubnetCidrBlock", "InvalidSubnet.Conflict", "The CIDR '$IPV6' conflicts with another subnet", {"SubnetId": "$V4SUBNET", "Ipv6CidrBlock": "$IPV6"}),
    Case("AssociateSubnetCidrBlock", "MissingParameter", "The request must contain the parameter ipv6CidrBlock", {"SubnetId": "$V4SUBNET"}),
    Case("DisassociateSubnetCidrBlock", "InvalidSubnetCidrBlockAssociationID.NotFound", f"The subnet CIDR block association ID 'subnet-cidr-assoc-{GONE}' does not exist", {"AssociationId": f"subnet-cidr-assoc-{GONE}"}),
    Case("CreateSubnetCidrReservation", "InvalidParameterValue", "The CIDR '10.5.0.0/28' is not within the CIDR of the subnet.", {"SubnetId": "$V4SUBNET", "Cidr": "10.5.0.0/28", "ReservationType": "explicit"}),
    Case("CreateSubnetCidrReservation", "InvalidParameterValue", "The CIDR '10.0.2.64/29' overlaps with an existing reservation.", {"SubnetId": "$V4SUBNET", "Cidr": "10.0.2.64/29", "ReservationType": "prefix"}),
    Case("DeleteSubnetCidrReservation", "InvalidSubnetCidrReservationID.NotFound", f"The subnet CIDR reservation ID 'scr-{GONE}' does not exist", {"SubnetCidrReservationId": f"scr-{GONE}"}),
    Case("GetSubnetCidrReservations", "InvalidSubnetID.NotFound", f"The subnet ID 'subnet-{GONE}' does not exist", {"SubnetId": f"subnet-{GONE}"}),
    # Route tables
    Case("CreateRouteTable", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": f"vpc-{GONE}"}),
    Case("DeleteRouteTable", "InvalidRouteTableID.NotFound", f"The routeTable ID 'rtb-{GONE}' does not exist", {"RouteTableId": f"rtb-{GONE}"}),
    Case("DeleteRouteTable", "InvalidRouteTableId.Malformed", 'Invalid id: "x" (expecting "rtb-...")', {"RouteTableId": "x"}),
    Case("DeleteRouteTable", "DependencyViolation", "The routeTable '$MAIN' has dependencies and cannot be deleted.", {"RouteTableId": "$MAIN"}),
    Case("DeleteRouteTable", "DependencyViolation", "The routeTable '$RTB' has dependencies and cannot be deleted.", {"RouteTableId": "$RTB"}),
    Case("DescribeRouteTables", "InvalidRouteTableID.NotFound", f"The routeTable ID 'rtb-{GONE}' does not exist", {"RouteTableIds": [f"rtb-{GONE}"]}),
    Case("CreateRoute", "MissingParameter", ONE_DESTINATION, {"RouteTableId": "$RTB", "GatewayId": "$IGW"}),
    Case("CreateRoute", "InvalidParameterCombination", ONE_DESTINATION, {**ROUTE, "DestinationIpv6CidrBlock": "::/0", "GatewayId": "$IGW"}),
    Case("CreateRoute", "MissingParameter", ONE_TARGET, ROUTE),
    Case("CreateRoute", "InvalidParameterCombination", ONE_TARGET, {**ROUTE, "GatewayId": "$IGW", "NetworkInterfaceId": "$ENI"}),
    Case("CreateRoute", "InvalidParameterValue", "Value (any) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", {"RouteTableId": "$RTB", "DestinationCidrBlock": "any", "GatewayId": "$IGW"}),
    Case("CreateRoute", "InvalidParameterValue", "Value (::/0) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block.", {"RouteTableId": "$RTB", "DestinationCidrBlock": "::/0", "GatewayId": "$IGW"}),
    Case("CreateRoute", "RouteAlreadyExists", "The route identified by 0.0.0.0/0 already exists.", {"RouteTableId": "$RTB", "DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": "$ENI"}),
    Case("CreateRoute", "RouteAlreadyExists", "The route identified by 10.0.0.0/16 already exists.", {"RouteTableId": "$RTB", "DestinationCidrBlock": "10.0.0.0/16", "NetworkInterfaceId": "$ENI"}),
    Case("CreateRoute", "InvalidParameterValue", "The destination CIDR block 10.0.2.0/24 is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.", {"RouteTableId": "$RTB", "DestinationCidrBlock": "10.0.2.0/24", "GatewayId": "$IGW"}),
    Case("CreateRoute", "InvalidParameterValue", "The destination CIDR block 169.254.169.254/32 is reserved for AWS services.", {"RouteTableId": "$RTB", "DestinationCidrBlock": "169.254.169.254/32", "GatewayId": "$IGW"}),
    Case("CreateRoute", "InvalidGatewayID.NotFound", f"The gateway ID 'igw-{GONE}' does not exist", {**ROUTE, "GatewayId": f"igw-{GONE}"}),
    Case("CreateRoute", "InvalidParameterValue", "route table $RTB and network gateway $OTHERIGW belong to different networks", {**ROUTE, "GatewayId": "$OTHERIGW"}),
    Case("CreateRoute", "InvalidParameterValue", "route table $RTB and network gateway $FREEIGW belong to different networks", {**ROUTE, "GatewayId": "$FREEIGW"}),
    Case("CreateRoute", "InvalidNatGatewayID.NotFound", f"The natGateway ID 'nat-{GONE}' does not exist", {**ROUTE, "NatGatewayId": f"nat-{GONE}"}),
    Case("CreateRoute", "InvalidParameterValue", "route table $OTHERRTB and interface $NATENI belong to different networks", {**ROUTE, "RouteTableId": "$OTHERRTB", "NatGatewayId": "$NAT"}),
    Case("CreateRoute", "InvalidParameterValue", "The destination CIDR block ::/0 must be IPv4, or within 64:ff9b::/96, for a NAT gateway.", {"RouteTableId": "$RTB", "DestinationIpv6CidrBlock": "::/0", "NatGatewayId": "$NAT"}),
    Case("CreateRoute", "InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID 'eni-{GONE}' does not exist", {**ROUTE, "NetworkInterfaceId": f"eni-{GONE}"}),
    Case("CreateRoute", "InvalidParameterValue", "route table $RTB and interface $OTHERENI belong to different networks", {**ROUTE, "NetworkInterfaceId": "$OTHERENI"}),
    Case("CreateRoute", "InvalidParameterValue", "The destination CIDR block 192.168.0.0/16 must be IPv6 for an egress-only internet gateway.", {**ROUTE, "EgressOnlyInternetGatewayId": "$EIGW"}),
    Case("CreateRoute", "InvalidGatewayID.NotFound", f"The eigw ID 'eigw-{GONE}' does not exist", {"RouteTableId": "$RTB", "DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": f"eigw-{GONE}"}),
    Case("CreateRoute", "InvalidVpcPeeringConnectionID.NotFound", f"The vpcPeeringConnection ID 'pcx-{GONE}' does not exist", {**ROUTE, "VpcPeeringConnectionId": f"pcx-{GONE}"}),
    Case("CreateRoute", "InvalidTransitGatewayID.NotFound", f"The transitGateway ID 'tgw-{GONE}' does not exist.", {**ROUTE, "TransitGatewayId": f"tgw-{GONE}"}),
    Case("CreateRoute", "InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id 'vpce-{GONE}' does not exist", {**ROUTE, "VpcEndpointId": f"vpce-{GONE}"}),
    Case("CreateRoute", "InvalidInstanceID.NotFound", f"The instance ID 'i-{GONE}' does not exist", {**ROUTE, "InstanceId": f"i-{GONE}"}),
    Case("CreateRoute", "InvalidPrefixListID.NotFound", f"The prefix list ID 'pl-{GONE}' does not exist", {"RouteTableId": "$RTB", "DestinationPrefixListId": f"pl-{GONE}", "GatewayId": "$IGW"}),
    Case("ReplaceRoute", "InvalidParameterValue", "There is no route defined for '192.168.0.0/16' in the route table. Use CreateRoute instead.", {**ROUTE, "GatewayId": "$IGW"}),
    Case("ReplaceRoute", "InvalidParameterValue", "The destination 192.168.0.0/16 is not a CIDR block of the VPC: it cannot have a local target.", {**ROUTE, "LocalTarget": True}),
    Case("DeleteRoute", "InvalidRoute.NotFound", "no route with destination-cidr-block 192.168.0.0/16 in route table $RTB", ROUTE),
    Case("DeleteRoute", "InvalidRoute.NotFound", "no route with destination-ipv6-cidr-block ::/0 in route table $RTB", {"RouteTableId": "$RTB", "DestinationIpv6CidrBlock": "::/0"}),
    Case("DeleteRoute", "InvalidParameterValue", "cannot remove local route 10.0.0.0/16 in route table $RTB", {"RouteTableId": "$RTB", "DestinationCidrBlock": "10.0.0.0/16"}),
    Case("AssociateRouteTable", "Resource.AlreadyAssociated", "the specified association for route table $RTB2 conflicts with an existing association", {"RouteTableId": "$RTB2", "SubnetId": "$SUBNET"}),
    Case("AssociateRouteTable", "InvalidParameterValue", "Route table $RTB and subnet $OTHERSUBNET belong to different networks", {"RouteTableId": "$RTB", "SubnetId": "$OTHERSUBNET"}),
    Case("AssociateRouteTable", "MissingParameter", "The request must contain exactly one of subnetId, gatewayId", {"RouteTableId": "$RTB"}),
    Case("AssociateRouteTable", "InvalidParameterValue", "Route table $RTB contains unsupported route target: $IGW. It cannot be associated with $IGW.", {"RouteTableId": "$RTB", "GatewayId": "$IGW"}),
    Case("DisassociateRouteTable", "InvalidAssociationID.NotFound", f"The association ID 'rtbassoc-{GONE}' does not exist", {"AssociationId": f"rtbassoc-{GONE}"}),
    Case("DisassociateRouteTable", "InvalidParameterValue", "cannot disassociate the main route table association $MAINASSOC", {"AssociationId": "$MAINASSOC"}),
    Case("ReplaceRouteTableAssociation", "InvalidAssociationID.NotFound", f"The association ID 'rtbassoc-{GONE}' does not exist", {"AssociationId": f"rtbassoc-{GONE}", "RouteTableId": "$RTB"}),
    Case("ReplaceRouteTableAssociation", "InvalidParameterValue", "Route table $OTHERRTB and subnet $SUBNET belong to different networks", {"AssociationId": "$RTBASSOC", "RouteTableId": "$OTHERRTB"}),
    Case("EnableVgwRoutePropagation", "InvalidVpnGatewayID.NotFound", f"The vpnGateway ID 'vgw-{GONE}' does not exist", {"RouteTableId": "$RTB", "GatewayId": f"vgw-{GONE}"}),
    Case("DisableVgwRoutePropagation", "InvalidVpnGatewayID.NotFound", f"The vpnGateway ID 'vgw-{GONE}' does not exist", {"RouteTableId": "$RTB", "GatewayId": f"vgw-{GONE}"}),
    # Gateways
    Case("CreateInternetGateway", "InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.", {}),
    Case("AttachInternetGateway", "Resource.AlreadyAssociated", "resource $IGW is already attached to network $VPC", {"InternetGatewayId": "$IGW", "VpcId": "$THIRDVPC"}),
    Case("AttachInternetGateway", "InvalidParameterValue", "Network $VPC already has an internet gateway attached", {"InternetGatewayId": "$FREEIGW", "VpcId": "$VPC"}),
    Case("AttachInternetGateway", "InvalidInternetGatewayID.NotFound", f"The internetGateway ID 'igw-{GONE}' does not exist", {"InternetGatewayId": f"igw-{GONE}", "VpcId": "$VPC"}),
    Case("AttachInternetGateway", "InvalidInternetGatewayId.Malformed", 'Invalid id: "$VPC" (expecting "igw-...")', {"InternetGatewayId": "$VPC", "VpcId": "$VPC"}),
    Case("DetachInternetGateway", "Gateway.NotAttached", "resource $FREEIGW is not attached to network $VPC", {"InternetGatewayId": "$FREEIGW", "VpcId": "$VPC"}),
    Case("DetachInternetGateway", "DependencyViolation", "Network $VPC has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.", {"InternetGatewayId": "$IGW", "VpcId": "$VPC"}),
    Case("DeleteInternetGateway", "DependencyViolation", "The internetGateway '$IGW' has dependencies and cannot be deleted.", {"InternetGatewayId": "$IGW"}),
    Case("DeleteEgressOnlyInternetGateway", "InvalidGatewayID.NotFound", f"The eigw ID 'eigw-{GONE}' does not exist", {"EgressOnlyInternetGatewayId": f"eigw-{GONE}"}),
    Case("CreateEgressOnlyInternetGateway", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"VpcId": f"vpc-{GONE}"}),
    # NAT gateways
    Case("CreateNatGateway", "MissingParameter", "The request must contain the parameter subnetId", {"AllocationId": "$EIP3"}),
    Case("CreateNatGateway", "MissingParameter", "The request must contain the parameter allocationId", {"SubnetId": "$SUBNET"}),
    Case("CreateNatGateway", "InvalidSubnetID.NotFound", f"The subnet ID 'subnet-{GONE}' does not exist", {"SubnetId": f"subnet-{GONE}", "AllocationId": "$EIP3"}),
    Case("CreateNatGateway", "InvalidAllocationID.NotFound", f"The allocation ID 'eipalloc-{GONE}' does not exist", {"SubnetId": "$SUBNET", "AllocationId": f"eipalloc-{GONE}"}),
    Case("CreateNatGateway", "InvalidParameterCombination", "AllocationId cannot be used with a private NAT gateway.", {"SubnetId": "$SUBNET", "AllocationId": "$EIP3", "ConnectivityType": "private"}),
    Case("CreateNatGateway", "UnsupportedOperation", "fogbank's NAT gateways are zonal.", {"VpcId": "$VPC", "AvailabilityMode": "regional"}),
    Case("CreateNatGateway", "InvalidParameterValue", "Address does not fall within the subnet's address range", {"SubnetId": "$SUBNET", "ConnectivityType": "private", "PrivateIpAddress": "10.5.0.4"}),
    Case("DeleteNatGateway", "NatGatewayNotFound", f"NatGateway nat-{GONE} was not found", {"NatGatewayId": f"nat-{GONE}"}),
    Case("DeleteNatGateway", "NatGatewayMalformed", 'Invalid id: "x" (expecting "nat-...")', {"NatGatewayId": "x"}),
    Case("DescribeNatGateways", "NatGatewayNotFound", f"NatGateway nat-{GONE} was not found", {"NatGatewayIds": [f"nat-{GONE}"]}),
    Case("AssociateNatGatewayAddress", "Resource.AlreadyAssociated", "resource $EIP1 is already associated with associate-id $EIPASSOC", {"NatGatewayId": "$NAT", "AllocationIds": ["$EIP1"]}),
    Case("AssociateNatGatewayAddress", "InvalidParameter", "The operation is for public NAT gateways; '$PRIVATENAT' is a private one.", {"NatGatewayId": "$PRIVATENAT", "AllocationIds": ["$EIP3"]}),
    Case("DisassociateNatGatewayAddress", "InvalidParameterValue", "The primary address of '$NAT' cannot be removed.", {"NatGatewayId": "$NAT", "AssociationIds": ["$NATASSOC"]}),
    Case("DisassociateNatGatewayAddress", "InvalidAssociationID.NotFound", f"The association ID 'eipassoc-{GONE}' does not exist", {"NatGatewayId": "$NAT", "AssociationIds": [f"eipassoc-{GONE}"]}),
    Case("AssignPrivateNatGatewayAddress", "InvalidParameter", "The operation is for private NAT gateways; '$NAT' is a public one.", {"NatGatewayId": "$NAT", "PrivateIpAddressCount": 1}),
    Case("AssignPrivateNatGatewayAddress", "PrivateIpAddressLimitExceeded", "A NAT gateway can have 8 private IPv4 addresses at most.", {"NatGatewayId": "$PRIVATENAT", "PrivateIpAddressCount": 8}),
    Case("UnassignPrivateNatGatewayAddress", "MissingParameter", "The request must contain the parameter PrivateIpAddresses", {"NatGatewayId": "$PRIVATENAT"}),
    # Interfaces
    Case("CreateNetworkInterface", "InvalidSubnetID.NotFound", f"The subnet ID 'subnet-{GONE}' does not exist", {"SubnetId": f"subnet-{GONE}"}),
    Case("CreateNetworkInterface", "InvalidIPAddress.InUse", "The specified address is already in use.", {"SubnetId": "$SUBNET", "PrivateIpAddress": "10.0.1.4"}),
    Case("CreateNetworkInterface", "InvalidParameterValue", "Address does not fall within the subnet's address range", {"SubnetId": "$SUBNET", "PrivateIpAddress": "10.0.2.4"}),
    Case("CreateNetworkInterface", "InvalidParameterValue", "Address is in subnet's reserved address range", {"SubnetId": "$SUBNET", "PrivateIpAddress": "10.0.1.3"}),
    Case("CreateNetworkInterface", "InvalidParameterValue", "Address is in subnet's reserved address range", {"SubnetId": "$SUBNET", "PrivateIpAddress": "10.0.1.255"}),
    Case("CreateNetworkInterface", "InvalidParameterValue", "Value (ten) for parameter privateIpAddress is invalid. This is not a valid IP address.", {"SubnetId": "$SUBNET", "PrivateIpAddress": "ten"}),
    Case("CreateNetworkInterface", "InsufficientFreeAddressesInSubnet", "The specified subnet does not have enough free addresses to satisfy the request.", {"SubnetId": "$SMALL", "SecondaryPrivateIpAddressCount": 11}),
    Case("CreateNetworkInterface", "PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.", {"SubnetId": "$SUBNET", "SecondaryPrivateIpAddressCount": 50}),
    Case("CreateNetworkInterface", "InvalidGroup.NotFound", f"The security group 'sg-{GONE}' does not exist", {"SubnetId": "$SUBNET", "Groups": [f"sg-{GONE}"]}),
    Case("CreateNetworkInterface", "InvalidParameter", "Security group $OTHERGROUP and subnet $SUBNET belong to different networks.", {"SubnetId": "$SUBNET", "Groups": ["$OTHERGROUP"]}),
    Case("CreateNetworkInterface", "InvalidParameterValue", "The subnet '$V4SUBNET' does not have an associated IPv6 CIDR block.", {"SubnetId": "$V4SUBNET", "Ipv6AddressCount": 1}),
    Case("CreateNetworkInterface", "InvalidParameterCombination", "The parameter ipv6Addresses cannot be used with the parameter ipv6AddressCount", {"SubnetId": "$SUBNET", "Ipv6Addresses": [{"Ipv6Address": "2001:db8::9"}], "Ipv6AddressCount": 1}),
    Case("CreateNetworkInterface", "InvalidParameterCombination", "Only one primary private IP address can be specified.", {"SubnetId": "$SUBNET", "PrivateIpAddress": "10.0.1.40", "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.1.41", "Primary": True}]}),
    Case("DeleteNetworkInterface", "InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID 'eni-{GONE}' does not exist", {"NetworkInterfaceId": f"eni-{GONE}"}),
    Case("DeleteNetworkInterface", "InvalidParameterValue", "Network interface '$NATENI' is currently in use.", {"NetworkInterfaceId": "$NATENI"}),
    Case("DescribeNetworkInterfaces", "InvalidNetworkInterfaceId.Malformed", 'Invalid id: "x" (expecting "eni-...")', {"NetworkInterfaceIds": ["x"]}),
    Case("ModifyNetworkInterfaceAttribute", "AuthFailure", DENIED, {"NetworkInterfaceId": "$NATENI", "SourceDestCheck": {"Value": True}}, 403),
    Case("ModifyNetworkInterfaceAttribute", "MissingParameter", "The request must contain the parameter attribute", {"NetworkInterfaceId": "$ENI"}),
    Case("ModifyNetworkInterfaceAttribute", "InvalidAttachmentID.NotFound", f"The networkInterface attachment ID 'eni-attach-{GONE}' does not exist", {"NetworkInterfaceId": "$ENI", "Attachment": {"AttachmentId": f"eni-attach-{GONE}", "DeleteOnTermination": True}}),
    Case("DescribeNetworkInterfaceAttribute", "InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID 'eni-{GONE}' does not exist", {"NetworkInterfaceId": f"eni-{GONE}", "Attribute": "description"}),
    Case("ResetNetworkInterfaceAttribute", "MissingParameter", "The request must contain the parameter sourceDestCheck", {"NetworkInterfaceId": "$ENI"}),
    Case("AssignPrivateIpAddresses", "InvalidParameterValue", "[10.0.1.4] assigned, but move is not allowed.", {"NetworkInterfaceId": "$ENI2", "PrivateIpAddresses": ["10.0.1.4"]}),
    Case("AssignPrivateIpAddresses", "MissingParameter", "The request must contain exactly one of privateIpAddresses, secondaryPrivateIpAddressCount, ipv4Prefixes, ipv4PrefixCount", {"NetworkInterfaceId": "$ENI"}),
    Case("AssignPrivateIpAddresses", "InvalidParameterCombination", "The parameter privateIpAddresses cannot be used with the parameter secondaryPrivateIpAddressCount", {"NetworkInterfaceId": "$ENI", "PrivateIpAddresses": ["10.0.1.90"], "SecondaryPrivateIpAddressCount": 1}),
    Case("UnassignPrivateIpAddresses", "InvalidParameterValue", "Some of [10.0.1.99] are not assigned to interface $ENI", {"NetworkInterfaceId": "$ENI", "PrivateIpAddresses": ["10.0.1.99"]}),
    Case("UnassignPrivateIpAddresses", "InvalidParameterValue", "The primary private IP address '10.0.1.4' of interface $ENI cannot be unassigned.", {"NetworkInterfaceId": "$ENI", "PrivateIpAddresses": ["10.0.1.4"]}),
    Case("AssignIpv6Addresses", "InvalidParameterValue", "Address does not fall within the subnet's address range", {"NetworkInterfaceId": "$ENI", "Ipv6Addresses": ["2001:db9::9"]}),
    Case("UnassignIpv6Addresses", "InvalidParameterValue", "Some of [2001:db9::9] are not assigned to interface $ENI", {"NetworkInterfaceId": "$ENI", "Ipv6Addresses": ["2001:db9::9"]}),
    Case("AttachNetworkInterface", "InvalidInstanceID.NotFound", f"The instance ID 'i-{GONE}' does not exist", {"NetworkInterfaceId": "$ENI", "InstanceId": f"i-{GONE}", "DeviceIndex": 1}),
    Case("DetachNetworkInterface", "InvalidAttachmentID.NotFound", f"The networkInterface attachment ID 'eni-attach-{GONE}' does not exist", {"AttachmentId": f"eni-attach-{GONE}"}),
    Case("DetachNetworkInterface", "InvalidNetworkInterfaceAttachmentId.Malformed", 'Invalid id: "$ENI" (expecting "eni-attach-...")', {"AttachmentId": "$ENI"}),
    Case("DetachNetworkInterface", "OperationNotPermitted", "You are not allowed to manage 'ela-attach' attachments.", {"AttachmentId": "$NATATTACH"}),
    Case("CreateNetworkInterfacePermission", "MissingParameter", "The request must contain the parameter awsAccountId", {"NetworkInterfaceId": "$ENI", "Permission": "INSTANCE-ATTACH"}),
    Case("DeleteNetworkInterfacePermission", "InvalidPermissionID.NotFound", f"The networkInterfacePermission ID 'eni-perm-{GONE}' does not exist", {"NetworkInterfacePermissionId": f"eni-perm-{GONE}"}),
    # Elastic IP addresses
    Case("AllocateAddress", "InvalidAddress.NotFound", "Address '$IP1' not found.", {"Address": "$IP1"}),
    Case("AllocateAddress", "InvalidAddress.NotFound", "Address '8.8.8.8' not found.", {"Address": "8.8.8.8"}),
    Case("AllocateAddress", "InvalidPoolID.NotFound", "The pool ID 'ipv4pool-ec2-1' does not exist.", {"PublicIpv4Pool": "ipv4pool-ec2-1"}),
    Case("AllocateAddress", "InvalidParameterValue", "Value (mars) for parameter networkBorderGroup is invalid. Invalid network border group", {"NetworkBorderGroup": "mars"}),
    Case("ReleaseAddress", "MissingParameter", "Either public IP or allocation id must be specified", {}),
    Case("ReleaseAddress", "InvalidAllocationID.NotFound", f"The allocation ID 'eipalloc-{GONE}' does not exist", {"AllocationId": f"eipalloc-{GONE}"}),
    Case("ReleaseAddress", "InvalidIPAddress.InUse", "Address $IP1 is in use.", {"AllocationId": "$EIP1"}),
    Case("ReleaseAddress", "InvalidIPAddress.InUse", "Address $IP2 is in use.", {"AllocationId": "$EIP2"}),
    Case("ReleaseAddress", "InvalidParameterValue", "You must specify an allocation id when releasing a VPC elastic IP address", {"PublicIp": "$IP3"}),
    Case("ReleaseAddress", "InvalidAddress.Locked", "Address '$IP3' cannot be released because it has a reverse DNS record.", {"AllocationId": "$EIP3"}),
    Case("AssociateAddress", "MissingParameter", "Either public IP or allocation id must be specified", {"NetworkInterfaceId": "$ENI"}),
    Case("AssociateAddress", "MissingParameter", "Either instance ID or network interface id must be specified", {"AllocationId": "$EIP3"}),
    Case("AssociateAddress", "Resource.AlreadyAssociated", "resource $EIP1 is already associated with associate-id $EIPASSOC", {"AllocationId": "$EIP1", "NetworkInterfaceId": "$ENI2"}),
    Case("AssociateAddress", "Resource.AlreadyAssociated", "resource $ENI is already associated with associate-id $EIPASSOC", {"AllocationId": "$EIP3", "NetworkInterfaceId": "$ENI"}),
    Case("AssociateAddress", "InvalidInstanceID.NotFound", f"The instance ID 'i-{GONE}' does not exist", {"AllocationId": "$EIP3", "InstanceId": f"i-{GONE}"}),
    Case("AssociateAddress", "InvalidAllocationID.NotFound", f"The allocation ID 'eipalloc-{GONE}' does not exist", {"AllocationId": f"eipalloc-{GONE}", "NetworkInterfaceId": "$ENI"}),
    Case("AssociateAddress", "AuthFailure", DENIED, {"AllocationId": "$EIP3", "NetworkInterfaceId": "$NATENI"}, 403),
    Case("DisassociateAddress", "InvalidAssociationID.NotFound", f"The association ID 'eipassoc-{GONE}' does not exist", {"AssociationId": f"eipassoc-{GONE}"}),
    Case("DisassociateAddress", "MissingParameter", "Either public IP or association id must be specified", {}),
    Case("DisassociateAddress", "AuthFailure", DENIED, {"AssociationId": "$NATASSOC"}, 403),
    Case("DescribeAddresses", "InvalidAddress.NotFound", "Address '8.8.8.8' not found.", {"PublicIps": ["8.8.8.8"]}),
    Case("DescribeAddresses", "InvalidParameterValue", "Value (x) for parameter publicIp is invalid. Invalid IPv4 address", {"PublicIps": ["x"]}),
    Case("DescribeAddresses", "InvalidAllocationID.NotFound", f"The allocation ID 'eipalloc-{GONE}' does not exist", {"AllocationIds": [f"eipalloc-{GONE}"]}),
    Case("ModifyAddressAttribute", "InvalidParameterValue", "Value () for parameter domainName is invalid.", {"AllocationId": "$EIP1"}),
    Case("ResetAddressAttribute", "InvalidAllocationID.NotFound", f"The allocation ID 'eipalloc-{GONE}' does not exist", {"AllocationId": f"eipalloc-{GONE}", "Attribute": "domain-name"}),
    # DHCP options
    Case("CreateDhcpOptions", "InvalidParameterValue", "Value (colour) for parameter name is invalid. Unknown DHCP option", {"DhcpConfigurations": [{"Key": "colour", "Values": ["red"]}]}),
    Case("CreateDhcpOptions", "InvalidParameterValue", "Value (x) for parameter domain-name-servers is invalid. Invalid IPv4 address", {"DhcpConfigurations": [{"Key": "domain-name-servers", "Values": ["x"]}]}),
    Case("CreateDhcpOptions", "InvalidParameterValue", "Value (3) for parameter netbios-node-type is invalid. Node type must be one of 1, 2, 4, 8", {"DhcpConfigurations": [{"Key": "netbios-node-type", "Values": ["3"]}]}),
    Case("CreateDhcpOptions", "InvalidParameterValue", "Value (1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4, 1.1.1.5) for parameter ntp-servers is invalid. At most 4 values are allowed", {"DhcpConfigurations": [{"Key": "ntp-servers", "Values": [f"1.1.1.{n}" for n in range(1, 6)]}]}),
    Case("DeleteDhcpOptions", "DependencyViolation", "The dhcpOptions '$DEFAULTOPTIONS' has dependencies and cannot be deleted.", {"DhcpOptionsId": "$DEFAULTOPTIONS"}),
    Case("DeleteDhcpOptions", "InvalidDhcpOptionID.NotFound", f"The dhcpOption ID 'dopt-{GONE}' does not exist", {"DhcpOptionsId": f"dopt-{GONE}"}),
    Case("AssociateDhcpOptions", "InvalidDhcpOptionsId.Malformed", 'Invalid id: "x" (expecting "dopt-...")', {"DhcpOptionsId": "x", "VpcId": "$VPC"}),
    # Tags
    Case("CreateTags", "InvalidID", "The ID 'x' is not valid", {"Resources": ["x"], "Tags": [{"Key": "a", "Value": "b"}]}),
    Case("CreateTags", "InvalidVpcID.NotFound", f"The vpc ID 'vpc-{GONE}' does not exist", {"Resources": [f"vpc-{GONE}"], "Tags": [{"Key": "a", "Value": "b"}]}),
    Case("CreateTags", "InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID 'sgr-{GONE}' does not exist", {"Resources": [f"sgr-{GONE}"], "Tags": [{"Key": "a", "Value": "b"}]}),
    Case("CreateTags", "InvalidParameterValue", "Value ( aws:a ) for parameter key is invalid. Tag keys starting with 'aws:' are reserved for internal use", {"Resources": ["$VPC"], "Tags": [{"Key": "aws:a", "Value": "b"}]}),
    Case("CreateTags", "MissingParameter", "The request must contain the parameter Tags", {"Resources": ["$VPC"]}),
    Case("DeleteTags", "InvalidID", "The ID 'x' is not valid", {"Resources": ["x"]}),
    Case("DescribeTags", "InvalidParameterValue", "The filter 'colour' is invalid", {"Filters": [{"Name": "colour", "Values": ["red"]}]}),
    # Regions
    Case("DescribeRegions", "InvalidParameterValue", "Invalid region name: mars", {"RegionNames": ["mars"]}),
    Case("DescribeAvailabilityZones", "InvalidParameterValue", "Invalid availability zone: [mars-1a]", {"ZoneNames": ["mars-1a"]}),
]
# fmt: on

PARITY = Parity(SERVICE, CASES, {})


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    yield from parity.world(_made)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.operation}-{case.code}")
def test_refusal(world: World, case: Case) -> None:
    wanted = case.message
    for name, text in world.names.items():
        wanted = wanted.replace(text, f"${name}")
    assert PARITY.refused(world, case) == (case.code, wanted, case.status)


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 120
