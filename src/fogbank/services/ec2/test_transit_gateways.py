from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fogbank.aws.errors import AwsError
from fogbank.control import caller
from fogbank.testing import TestCloud
from fogbank.testing.plugin import MakeClient

Call = Callable[..., dict[str, Any]]
OTHER = "222222222222"
ACTIVE = [{"Name": "state", "Values": ["active", "blackhole"]}]


@pytest.fixture
def ec2(cloud: TestCloud) -> Call:
    return cloud.client("ec2")


@pytest.fixture
def gateway(ec2: Call) -> dict[str, Any]:
    return made(ec2)


def made(ec2: Call, **options: Any) -> dict[str, Any]:
    answer = ec2("CreateTransitGateway", Description="hub", **({"Options": options} if options else {}))
    found = ec2("DescribeTransitGateways", TransitGatewayIds=[answer["TransitGateway"]["TransitGatewayId"]])
    return dict(found["TransitGateways"][0])


def vpc_of(ec2: Call, number: int, zones: str = "ab") -> tuple[str, list[str]]:
    vpc = ec2("CreateVpc", CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2("CreateSubnet", VpcId=vpc, CidrBlock=f"10.{number}.{at}.0/24", AvailabilityZone=f"us-east-1{zone}")
        for at, zone in enumerate(zones)
    ]
    return vpc, [one["Subnet"]["SubnetId"] for one in subnets]


def attach(ec2: Call, gateway: dict[str, Any], vpc: str, subnets: list[str], **more: Any) -> str:
    request = {"TransitGatewayId": gateway["TransitGatewayId"], "VpcId": vpc, "SubnetIds": subnets, **more}
    answer = ec2("CreateTransitGatewayVpcAttachment", **request)["TransitGatewayVpcAttachment"]
    assert answer["State"] == "pending"
    return str(answer["TransitGatewayAttachmentId"])


def routes(ec2: Call, table: str, filters: Any = ACTIVE) -> list[tuple[str, str, str]]:
    found = ec2("SearchTransitGatewayRoutes", TransitGatewayRouteTableId=table, Filters=filters)["Routes"]
    return [(one["DestinationCidrBlock"], one["Type"], one["State"]) for one in found]


def table_of(gateway: dict[str, Any]) -> str:
    return str(gateway["Options"]["AssociationDefaultRouteTableId"])


def new_table(ec2: Call, gateway: dict[str, Any]) -> str:
    answer = ec2("CreateTransitGatewayRouteTable", TransitGatewayId=gateway["TransitGatewayId"])
    return str(answer["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"])


def test_a_gateway_has_a_table_for_both_defaults(ec2: Call, gateway: dict[str, Any]) -> None:
    options = gateway["Options"]
    assert (gateway["State"], options["AmazonSideAsn"], options["DnsSupport"]) == ("available", 64512, "enable")
    assert options["AssociationDefaultRouteTableId"] == options["PropagationDefaultRouteTableId"]
    table = ec2("DescribeTransitGatewayRouteTables")["TransitGatewayRouteTables"][0]
    assert (table["DefaultAssociationRouteTable"], table["DefaultPropagationRouteTable"]) == (True, True)


def test_without_defaults_there_is_no_table(ec2: Call) -> None:
    gateway = made(ec2, DefaultRouteTableAssociation="disable", DefaultRouteTablePropagation="disable")
    assert "AssociationDefaultRouteTableId" not in gateway["Options"]
    assert ec2("DescribeTransitGatewayRouteTables")["TransitGatewayRouteTables"] == []


def test_an_attachment_has_an_interface_in_each_subnet(ec2: Call, gateway: dict[str, Any]) -> None:
    vpc, subnets = vpc_of(ec2, 0)
    attachment = attach(ec2, gateway, vpc, subnets)
    found = ec2("DescribeTransitGatewayVpcAttachments")["TransitGatewayVpcAttachments"][0]
    assert (found["State"], found["SubnetIds"], found["Options"]["ApplianceModeSupport"]) == (
        "available",
        subnets,
        "disable",
    )
    filters = [{"Name": "interface-type", "Values": ["transit_gateway"]}]
    interfaces = ec2("DescribeNetworkInterfaces", Filters=filters)["NetworkInterfaces"]
    assert sorted(one["SubnetId"] for one in interfaces) == sorted(subnets)
    assert {(one["RequesterManaged"], one["Status"]) for one in interfaces} == {(True, "in-use")}
    assert routes(ec2, table_of(gateway)) == [("10.0.0.0/16", "propagated", "active")]
    ec2("DeleteTransitGatewayVpcAttachment", TransitGatewayAttachmentId=attachment)
    assert ec2("DescribeNetworkInterfaces", Filters=filters)["NetworkInterfaces"] == []
    assert routes(ec2, table_of(gateway)) == []


def test_one_subnet_a_zone(ec2: Call, gateway: dict[str, Any]) -> None:
    vpc, subnets = vpc_of(ec2, 0, "aab")
    with pytest.raises(AwsError, match="DuplicateSubnetsInSameZone: Duplicate Subnets for same AZ"):
        attach(ec2, gateway, vpc, subnets)
    attachment = attach(ec2, gateway, vpc, subnets[:1])
    change = {"TransitGatewayAttachmentId": attachment}
    with pytest.raises(AwsError, match="DuplicateSubnetsInSameZone"):
        ec2("ModifyTransitGatewayVpcAttachment", **change, AddSubnetIds=[subnets[1]])
    ec2("ModifyTransitGatewayVpcAttachment", **change, AddSubnetIds=subnets[1:], RemoveSubnetIds=[subnets[0]])
    found = ec2("DescribeTransitGatewayVpcAttachments")["TransitGatewayVpcAttachments"][0]
    assert sorted(found["SubnetIds"]) == sorted(subnets[1:])
    with pytest.raises(AwsError, match="InvalidParameterValue"):
        ec2("ModifyTransitGatewayVpcAttachment", **change, RemoveSubnetIds=subnets[1:])


def test_a_vpc_is_attached_once(ec2: Call, gateway: dict[str, Any]) -> None:
    vpc, subnets = vpc_of(ec2, 0)
    attachment = attach(ec2, gateway, vpc, subnets[:1])
    with pytest.raises(AwsError) as caught:
        attach(ec2, gateway, vpc, subnets[1:])
    text = f"{gateway['TransitGatewayId']} has non-deleted Transit Gateway Attachments with same VPC ID."
    assert str(caught.value) == f"DuplicateTransitGatewayAttachment: {text}"
    ec2("DeleteTransitGatewayVpcAttachment", TransitGatewayAttachmentId=attachment)
    attach(ec2, gateway, vpc, subnets)


def test_isolated_tables(ec2: Call, gateway: dict[str, Any]) -> None:
    hub, spoke = (attach(ec2, gateway, *vpc_of(ec2, at)) for at in range(2))
    table = new_table(ec2, gateway)
    pair = {"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": spoke}
    with pytest.raises(AwsError, match=r"Resource.AlreadyAssociated"):
        ec2("AssociateTransitGatewayRouteTable", **pair)
    ec2("DisassociateTransitGatewayRouteTable", **{**pair, "TransitGatewayRouteTableId": table_of(gateway)})
    ec2("AssociateTransitGatewayRouteTable", **pair)
    hub_pair = {"TransitGatewayRouteTableId": table, "TransitGatewayAttachmentId": hub}
    ec2("EnableTransitGatewayRouteTablePropagation", **hub_pair)
    assert routes(ec2, table) == [("10.0.0.0/16", "propagated", "active")]
    associations = ec2("GetTransitGatewayRouteTableAssociations", TransitGatewayRouteTableId=table)["Associations"]
    assert [one["TransitGatewayAttachmentId"] for one in associations] == [spoke]
    propagations = ec2("GetTransitGatewayRouteTablePropagations", TransitGatewayRouteTableId=table)
    assert [one["ResourceType"] for one in propagations["TransitGatewayRouteTablePropagations"]] == ["vpc"]
    theirs = ec2("GetTransitGatewayAttachmentPropagations", TransitGatewayAttachmentId=hub)
    tables = {one["TransitGatewayRouteTableId"] for one in theirs["TransitGatewayAttachmentPropagations"]}
    assert tables == {table, table_of(gateway)}
    shown = ec2("DescribeTransitGatewayAttachments", TransitGatewayAttachmentIds=[spoke])["TransitGatewayAttachments"]
    assert shown[0]["Association"] == {"TransitGatewayRouteTableId": table, "State": "associated"}
    with pytest.raises(AwsError, match=r"TransitGatewayRouteTablePropagation.Duplicate"):
        ec2("EnableTransitGatewayRouteTablePropagation", **hub_pair)
    ec2("DisableTransitGatewayRouteTablePropagation", **hub_pair)
    assert routes(ec2, table) == []


def test_static_routes(ec2: Call, gateway: dict[str, Any]) -> None:
    attachment = attach(ec2, gateway, *vpc_of(ec2, 0))
    table = {"TransitGatewayRouteTableId": table_of(gateway)}
    everything = {**table, "DestinationCidrBlock": "0.0.0.0/0"}
    answer = ec2("CreateTransitGatewayRoute", **everything, TransitGatewayAttachmentId=attachment)["Route"]
    assert answer["TransitGatewayAttachments"][0]["ResourceType"] == "vpc"
    with pytest.raises(AwsError, match="RouteAlreadyExists"):
        ec2("CreateTransitGatewayRoute", **everything, Blackhole=True)
    # A static route may stand beside the propagated one to the same block, and decides.
    ec2("CreateTransitGatewayRoute", **table, DestinationCidrBlock="10.0.0.0/16", Blackhole=True)
    assert routes(ec2, table_of(gateway)) == [
        ("0.0.0.0/0", "static", "active"),
        ("10.0.0.0/16", "static", "blackhole"),
    ]
    ec2("DeleteTransitGatewayRoute", **table, DestinationCidrBlock="10.0.0.0/16")
    ec2("ReplaceTransitGatewayRoute", **everything, Blackhole=True)
    assert routes(ec2, table_of(gateway)) == [
        ("0.0.0.0/0", "static", "blackhole"),
        ("10.0.0.0/16", "propagated", "active"),
    ]
    with pytest.raises(AwsError, match=r"InvalidRoute.NotFound"):
        ec2("DeleteTransitGatewayRoute", **table, DestinationCidrBlock="10.0.0.0/16")


def test_searching_routes(ec2: Call, gateway: dict[str, Any]) -> None:
    attachment = attach(ec2, gateway, *vpc_of(ec2, 0))
    table = table_of(gateway)
    ec2(
        "CreateTransitGatewayRoute", TransitGatewayRouteTableId=table, DestinationCidrBlock="10.0.0.0/8", Blackhole=True
    )
    longest = [{"Name": "route-search.longest-prefix-match", "Values": ["10.0.1.1/32"]}]
    assert routes(ec2, table, longest) == [("10.0.0.0/16", "propagated", "active")]
    assert routes(ec2, table, [{"Name": "type", "Values": ["static"]}]) == [("10.0.0.0/8", "static", "blackhole")]
    by_attachment = [{"Name": "attachment.transit-gateway-attachment-id", "Values": [attachment]}]
    assert [one[0] for one in routes(ec2, table, by_attachment)] == ["10.0.0.0/16"]
    for at in range(6):
        block = f"11.{at}.0.0/16"
        ec2("CreateTransitGatewayRoute", TransitGatewayRouteTableId=table, DestinationCidrBlock=block, Blackhole=True)
    found = ec2("SearchTransitGatewayRoutes", TransitGatewayRouteTableId=table, Filters=ACTIVE, MaxResults=5)
    assert (len(found["Routes"]), found["AdditionalRoutesAvailable"]) == (5, True)


def test_routes_by_prefix_lists(ec2: Call, gateway: dict[str, Any]) -> None:
    attachment = attach(ec2, gateway, *vpc_of(ec2, 0))
    entries = [{"Cidr": "192.0.2.0/24"}, {"Cidr": "198.51.100.0/24"}]
    made_ = ec2("CreateManagedPrefixList", PrefixListName="x", MaxEntries=5, AddressFamily="IPv4", Entries=entries)
    list_id = made_["PrefixList"]["PrefixListId"]
    named = {"TransitGatewayRouteTableId": table_of(gateway), "PrefixListId": list_id}
    ec2("CreateTransitGatewayPrefixListReference", **named, TransitGatewayAttachmentId=attachment)
    assert [one[0] for one in routes(ec2, table_of(gateway))] == ["10.0.0.0/16", "192.0.2.0/24", "198.51.100.0/24"]
    ec2("ModifyTransitGatewayPrefixListReference", **named, Blackhole=True)
    found = ec2("GetTransitGatewayPrefixListReferences", TransitGatewayRouteTableId=table_of(gateway))
    reference = found["TransitGatewayPrefixListReferences"][0]
    assert (reference["Blackhole"], reference["State"]) == (True, "available")
    assert ec2("GetManagedPrefixListAssociations", PrefixListId=list_id)["PrefixListAssociations"]
    ec2("DeleteTransitGatewayPrefixListReference", **named)
    assert [one[0] for one in routes(ec2, table_of(gateway))] == ["10.0.0.0/16"]


def test_what_is_in_use_is_not_deleted(cloud: TestCloud, ec2: Call, gateway: dict[str, Any]) -> None:
    attachment = attach(ec2, gateway, *vpc_of(ec2, 0))
    with pytest.raises(AwsError) as caught:
        ec2("DeleteTransitGateway", TransitGatewayId=gateway["TransitGatewayId"])
    text = f"{gateway['TransitGatewayId']} has non-deleted VPC Attachments: {attachment}."
    assert str(caught.value) == f"IncorrectState: {text}"
    with pytest.raises(AwsError, match="IncorrectState"):
        ec2("DeleteTransitGatewayRouteTable", TransitGatewayRouteTableId=table_of(gateway))
    ec2("DeleteTransitGatewayVpcAttachment", TransitGatewayAttachmentId=attachment)
    ec2("DeleteTransitGateway", TransitGatewayId=gateway["TransitGatewayId"])
    assert ec2("DescribeTransitGateways")["TransitGateways"][0]["State"] == "deleted"
    with pytest.raises(AwsError, match=r"InvalidTransitGatewayID.NotFound.*was deleted or does not exist"):
        new_table(ec2, gateway)
    cloud.advance(3_600)
    assert ec2("DescribeTransitGateways")["TransitGateways"] == []


def test_a_static_route_to_what_was_detached_is_a_blackhole(ec2: Call, gateway: dict[str, Any]) -> None:
    attachment = attach(ec2, gateway, *vpc_of(ec2, 0))
    route = {"TransitGatewayRouteTableId": table_of(gateway), "DestinationCidrBlock": "0.0.0.0/0"}
    ec2("CreateTransitGatewayRoute", **route, TransitGatewayAttachmentId=attachment)
    ec2("DeleteTransitGatewayVpcAttachment", TransitGatewayAttachmentId=attachment)
    assert routes(ec2, table_of(gateway)) == [("0.0.0.0/0", "static", "blackhole")]


def test_options_change(ec2: Call, gateway: dict[str, Any]) -> None:
    table = new_table(ec2, gateway)
    change = {
        "DnsSupport": "disable",
        "AssociationDefaultRouteTableId": table,
        "AddTransitGatewayCidrBlocks": ["10.99.0.0/24"],
    }
    gateway_id = gateway["TransitGatewayId"]
    ec2("ModifyTransitGateway", TransitGatewayId=gateway_id, Description="new", Options=change)
    found = ec2("DescribeTransitGateways")["TransitGateways"][0]
    assert (found["Description"], found["Options"]["DnsSupport"]) == ("new", "disable")
    assert found["Options"]["AssociationDefaultRouteTableId"] == table
    assert found["Options"]["TransitGatewayCidrBlocks"] == ["10.99.0.0/24"]
    ec2("DeleteTransitGatewayRouteTable", TransitGatewayRouteTableId=new_table(ec2, gateway))
    ec2("ModifyTransitGateway", TransitGatewayId=gateway_id, Options={"DefaultRouteTableAssociation": "disable"})
    attachment = attach(ec2, gateway, *vpc_of(ec2, 0))
    shown = ec2("DescribeTransitGatewayAttachments", TransitGatewayAttachmentIds=[attachment])
    assert "Association" not in shown["TransitGatewayAttachments"][0]


def test_five_gateways_and_not_one_more(ec2: Call) -> None:
    for _ in range(5):
        made(ec2)
    with pytest.raises(AwsError, match="TransitGatewayLimitExceeded"):
        made(ec2)


def test_twenty_tables_and_not_one_more(ec2: Call, gateway: dict[str, Any]) -> None:
    for _ in range(19):
        new_table(ec2, gateway)
    with pytest.raises(AwsError, match="TransitGatewayRouteTableLimitExceeded"):
        new_table(ec2, gateway)


@pytest.mark.parametrize(("account", "region"), [("000000000000", "eu-west-1"), (OTHER, "us-east-1")])
def test_gateways_are_peered_across_regions_and_accounts(
    cloud: TestCloud, ec2: Call, gateway: dict[str, Any], account: str, region: str
) -> None:
    there = cloud.client("ec2", caller=caller.root(account), region=region)
    theirs = made(there)["TransitGatewayId"]
    request = {
        "TransitGatewayId": gateway["TransitGatewayId"],
        "PeerTransitGatewayId": theirs,
        "PeerAccountId": account,
        "PeerRegion": region,
    }
    answer = ec2("CreateTransitGatewayPeeringAttachment", **request)["TransitGatewayPeeringAttachment"]
    peering = {"TransitGatewayAttachmentId": answer["TransitGatewayAttachmentId"]}

    def state(client: Call) -> str:
        found = client("DescribeTransitGatewayPeeringAttachments")["TransitGatewayPeeringAttachments"]
        return str(found[0]["State"])

    assert (state(ec2), state(there)) == ("pendingAcceptance", "pendingAcceptance")
    with pytest.raises(AwsError, match="OperationNotPermitted"):
        ec2("AcceptTransitGatewayPeeringAttachment", **peering)
    with pytest.raises(AwsError, match="DuplicateTransitGatewayAttachment"):
        ec2("CreateTransitGatewayPeeringAttachment", **request)
    route = {"TransitGatewayRouteTableId": table_of(gateway), "DestinationCidrBlock": "10.8.0.0/16", **peering}
    with pytest.raises(AwsError, match="IncorrectState"):
        ec2("CreateTransitGatewayRoute", **route)
    there("AcceptTransitGatewayPeeringAttachment", **peering)
    assert (state(ec2), state(there)) == ("available", "available")
    ec2("CreateTransitGatewayRoute", **route)
    found = there("DescribeTransitGatewayPeeringAttachments")["TransitGatewayPeeringAttachments"][0]
    assert found["RequesterTgwInfo"]["TransitGatewayId"] == gateway["TransitGatewayId"]
    assert found["AccepterTgwInfo"] == {"TransitGatewayId": theirs, "OwnerId": account, "Region": region}
    with pytest.raises(AwsError, match="Transit Gateway Cross Region Peering Attachments"):
        ec2("DeleteTransitGateway", TransitGatewayId=gateway["TransitGatewayId"])
    there("DeleteTransitGatewayPeeringAttachment", **peering)
    assert (state(ec2), state(there)) == ("deleted", "deleted")
    assert routes(ec2, table_of(gateway)) == [("10.8.0.0/16", "static", "blackhole")]


def test_a_peering_within_a_region_and_its_refusal(ec2: Call, gateway: dict[str, Any]) -> None:
    other = made(ec2)
    answer = ec2(
        "CreateTransitGatewayPeeringAttachment",
        TransitGatewayId=gateway["TransitGatewayId"],
        PeerTransitGatewayId=other["TransitGatewayId"],
        PeerAccountId="000000000000",
        PeerRegion="us-east-1",
    )["TransitGatewayPeeringAttachment"]
    peering = {"TransitGatewayAttachmentId": answer["TransitGatewayAttachmentId"]}
    rejected = ec2("RejectTransitGatewayPeeringAttachment", **peering)["TransitGatewayPeeringAttachment"]
    assert rejected["State"] == "rejected"
    ec2("DeleteTransitGateway", TransitGatewayId=gateway["TransitGatewayId"])
    ec2("DeleteTransitGateway", TransitGatewayId=other["TransitGatewayId"])


def test_through_boto3(boto: MakeClient) -> None:
    ec2 = boto("ec2")
    tags = [{"ResourceType": "transit-gateway", "Tags": [{"Key": "a", "Value": "b"}]}]
    made_ = ec2.create_transit_gateway(Options={"AmazonSideAsn": 64999}, TagSpecifications=tags)["TransitGateway"]
    assert (made_["State"], made_["Options"]["AmazonSideAsn"], made_["Tags"]) == ("pending", 64999, tags[0]["Tags"])
    for _ in range(6):
        ec2.create_transit_gateway_route_table(TransitGatewayId=made_["TransitGatewayId"])
    pages = list(ec2.get_paginator("describe_transit_gateway_route_tables").paginate(PaginationConfig={"PageSize": 5}))
    assert [len(page["TransitGatewayRouteTables"]) for page in pages] == [5, 2]
    filters = [{"Name": "default-association-route-table", "Values": ["true"]}]
    assert len(ec2.describe_transit_gateway_route_tables(Filters=filters)["TransitGatewayRouteTables"]) == 1


def test_a_peering_tells_its_options_only_if_it_was_given_any(ec2: Call) -> None:
    hubs = [made(ec2)["TransitGatewayId"] for _ in range(3)]
    peer = {"PeerAccountId": "000000000000", "PeerRegion": "us-east-1", "TransitGatewayId": hubs[0]}
    for other, options in ((hubs[1], {}), (hubs[2], {"Options": {"DynamicRouting": "enable"}})):
        answer = ec2("CreateTransitGatewayPeeringAttachment", **peer, PeerTransitGatewayId=other, **options)
        assert answer["TransitGatewayPeeringAttachment"].get("Options") == options.get("Options")


def test_a_search_without_a_name_is_refused(ec2: Call, gateway: dict[str, Any]) -> None:
    table = gateway["Options"]["AssociationDefaultRouteTableId"]
    with pytest.raises(AwsError, match="InvalidParameterValue: The filter '' is invalid"):
        ec2("SearchTransitGatewayRoutes", TransitGatewayRouteTableId=table, Filters=[{"Values": ["x"]}])
