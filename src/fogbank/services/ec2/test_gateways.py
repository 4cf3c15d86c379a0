from typing import Any

from fogbank.testing import TestCloud
from fogbank.testing.refused import refused


def gateway_of(ec2: Any) -> str:
    return str(ec2("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"])


def vpc_of(ec2: Any) -> str:
    return str(ec2("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"])


def test_attach_and_detach(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id, gateway, other = vpc_of(ec2), gateway_of(ec2), gateway_of(ec2)
    ec2("AttachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    found = ec2("DescribeInternetGateways", Filters=[{"Name": "attachment.vpc-id", "Values": [vpc_id]}])
    assert [one["InternetGatewayId"] for one in found["InternetGateways"]] == [gateway]
    assert found["InternetGateways"][0]["Attachments"] == [{"State": "available", "VpcId": vpc_id}]
    with refused("Resource.AlreadyAssociated"):
        ec2("AttachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    with refused("InvalidParameterValue"):
        ec2("AttachInternetGateway", VpcId=vpc_id, InternetGatewayId=other)
    with refused("Gateway.NotAttached"):
        ec2("DetachInternetGateway", VpcId=vpc_id, InternetGatewayId=other)
    with refused("DependencyViolation"):
        ec2("DeleteInternetGateway", InternetGatewayId=gateway)
    ec2("DetachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    ec2("DeleteInternetGateway", InternetGatewayId=gateway)


def test_a_gateway_stays_while_public_addresses_are_mapped(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id, gateway = vpc_of(ec2), gateway_of(ec2)
    ec2("AttachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    subnet = ec2("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    interface = ec2("CreateNetworkInterface", SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    allocation = ec2("AllocateAddress")["AllocationId"]
    association = ec2("AssociateAddress", AllocationId=allocation, NetworkInterfaceId=interface)["AssociationId"]
    with refused("DependencyViolation"):
        ec2("DetachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)
    ec2("DisassociateAddress", AssociationId=association)
    ec2("DetachInternetGateway", VpcId=vpc_id, InternetGatewayId=gateway)


def test_five_gateways_and_no_more(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    for _ in range(4):
        gateway_of(ec2)
    with refused("InternetGatewayLimitExceeded"):
        gateway_of(ec2)


def test_egress_only_gateways(cloud: TestCloud) -> None:
    ec2 = cloud.client("ec2")
    vpc_id = vpc_of(ec2)
    made = [
        ec2("CreateEgressOnlyInternetGateway", VpcId=vpc_id)["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
        for _ in range(5)
    ]
    with refused("EgressOnlyInternetGatewayLimitExceeded"):
        ec2("CreateEgressOnlyInternetGateway", VpcId=vpc_id)
    found = ec2("DescribeEgressOnlyInternetGateways", EgressOnlyInternetGatewayIds=made[:1])
    assert found["EgressOnlyInternetGateways"][0]["Attachments"] == [{"State": "attached", "VpcId": vpc_id}]
    for gateway in made:
        assert ec2("DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=gateway) == {"ReturnCode": True}
    with refused("InvalidGatewayID.NotFound"):
        ec2("DeleteEgressOnlyInternetGateway", EgressOnlyInternetGatewayId=made[0])
