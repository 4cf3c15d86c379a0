"""Transit gateways: VPCs that reach each other as the gateway's route tables say, and no further."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import uuid4

from .tenant import NOTHING, Host, Tenant


class Spoke(NamedTuple):
    """A VPC with one subnet, an open host, and its attachment to the gateway."""

    vpc: str
    subnet: str
    host: Host
    attachment: str
    block: str


class Hub:
    """A transit gateway with spokes whose main tables lead 10.0.0.0/8 to it."""

    def __init__(self, tenant: Tenant, count: int, **options: str) -> None:
        self.tenant = tenant
        made = tenant.ec2("CreateTransitGateway", Options=options)["TransitGateway"]
        self.id = str(made["TransitGatewayId"])
        self.table = str(made["Options"].get("AssociationDefaultRouteTableId", ""))
        self.spokes = [self._spoke(f"10.{number}.0.0/16") for number in range(1, count + 1)]

    def _spoke(self, block: str) -> Spoke:
        tenant = self.tenant
        vpc = tenant.vpc(block)
        subnet = tenant.subnet(vpc, block.replace("0.0/16", "1.0/24"))
        host = tenant.host(subnet)
        attachment = self.attach(vpc, subnet)
        tenant.route(tenant.main_table(vpc), "10.0.0.0/8", self.id)
        return Spoke(vpc, subnet, host, attachment, block)

    def attach(self, vpc: str, subnet: str) -> str:
        found = self.tenant.ec2(
            "CreateTransitGatewayVpcAttachment", TransitGatewayId=self.id, VpcId=vpc, SubnetIds=[subnet]
        )
        return str(found["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"])

    def route_table(self) -> str:
        found = self.tenant.ec2("CreateTransitGatewayRouteTable", TransitGatewayId=self.id)
        return str(found["TransitGatewayRouteTable"]["TransitGatewayRouteTableId"])

    def tell(self, operation: str, table: str, spoke: Spoke | None = None, **more: Any) -> None:
        """An operation about a route table, and an attachment of it."""
        if spoke is not None:
            more["TransitGatewayAttachmentId"] = spoke.attachment
        self.tenant.ec2(operation, TransitGatewayRouteTableId=table, **more)


def test_spokes_reach_each_other_by_propagated_routes(tenant: Tenant) -> None:
    hub = Hub(tenant, 3)
    first, second, third = (one.host for one in hub.spokes)
    assert tenant.asked((first, second.ip), (second, third.ip), (third, first.ip)) == [first.ip, second.ip, third.ip]


def test_a_vpc_without_a_route_to_the_gateway_reaches_nobody_and_answers_nobody(tenant: Tenant) -> None:
    hub = Hub(tenant, 2)
    first, second = hub.spokes
    tenant.ec2("DeleteRoute", RouteTableId=tenant.main_table(second.vpc), DestinationCidrBlock="10.0.0.0/8")
    assert tenant.asked((first.host, second.host.ip), (second.host, first.host.ip)) == [NOTHING, NOTHING]


def test_without_propagation_nothing_is_reached_until_a_static_route_leads_there(tenant: Tenant) -> None:
    hub = Hub(tenant, 2)
    first, second = hub.spokes
    hub.tell("DisableTransitGatewayRouteTablePropagation", hub.table, second)
    assert tenant.asked((first.host, second.host.ip), (second.host, first.host.ip)) == [NOTHING, NOTHING]
    hub.tell("CreateTransitGatewayRoute", hub.table, second, DestinationCidrBlock=second.block)
    assert tenant.asked((first.host, second.host.ip), (second.host, first.host.ip)) == [first.host.ip, second.host.ip]


def test_a_static_blackhole_drops_what_propagation_would_carry(tenant: Tenant) -> None:
    hub = Hub(tenant, 2)
    first, second = hub.spokes
    narrow = f"{second.host.ip}/32"
    other = tenant.host(second.subnet)
    hub.tell("CreateTransitGatewayRoute", hub.table, DestinationCidrBlock=narrow, Blackhole=True)
    assert tenant.asked((first.host, second.host.ip), (first.host, other.ip)) == [NOTHING, first.host.ip]
    hub.tell("DeleteTransitGatewayRoute", hub.table, DestinationCidrBlock=narrow)
    assert tenant.ask(first.host, second.host.ip) == first.host.ip


def test_isolated_route_tables_keep_spokes_apart_and_let_both_reach_what_they_share(tenant: Tenant) -> None:
    """Transit Gateways guide, "Isolated VPCs with shared services"."""
    hub = Hub(tenant, 3, DefaultRouteTableAssociation="disable", DefaultRouteTablePropagation="disable")
    red, blue, shared = hub.spokes
    assert tenant.asked((red.host, shared.host.ip), (blue.host, shared.host.ip)) == [NOTHING, NOTHING]
    isolated, services = hub.route_table(), hub.route_table()
    for one, table in ((red, isolated), (blue, isolated), (shared, services)):
        hub.tell("AssociateTransitGatewayRouteTable", table, one)
    hub.tell("EnableTransitGatewayRouteTablePropagation", isolated, shared)
    for one in (red, blue):
        hub.tell("EnableTransitGatewayRouteTablePropagation", services, one)
    asked = [
        (red.host, shared.host.ip),
        (shared.host, blue.host.ip),
        (red.host, blue.host.ip),
        (blue.host, red.host.ip),
    ]
    assert tenant.asked(*asked) == [red.host.ip, shared.host.ip, NOTHING, NOTHING]


def test_an_attachment_that_no_table_is_associated_with_leads_nowhere(tenant: Tenant) -> None:
    hub = Hub(tenant, 2)
    first, second = hub.spokes
    hub.tell("DisassociateTransitGatewayRouteTable", hub.table, first)
    assert tenant.asked((first.host, second.host.ip), (second.host, first.host.ip)) == [NOTHING, NOTHING]
    hub.tell("AssociateTransitGatewayRouteTable", hub.table, first)
    assert tenant.asked((first.host, second.host.ip), (second.host, first.host.ip)) == [first.host.ip, second.host.ip]


def test_a_zone_without_an_attachment_does_not_reach_the_gateway(tenant: Tenant) -> None:
    """Transit Gateways guide, "VPC attachments": only subnets in an attachment's zones can reach the gateway."""
    hub = Hub(tenant, 2)
    first, second = hub.spokes
    beside = tenant.subnet(first.vpc, "10.1.2.0/24", "b")
    host = tenant.host(beside)
    same_zone = tenant.host(tenant.subnet(first.vpc, "10.1.3.0/24", "a"))
    assert tenant.asked((host, second.host.ip), (same_zone, second.host.ip)) == [NOTHING, same_zone.ip]
    tenant.ec2("ModifyTransitGatewayVpcAttachment", TransitGatewayAttachmentId=first.attachment, AddSubnetIds=[beside])
    assert tenant.ask(host, second.host.ip) == host.ip


def test_groups_count_behind_a_transit_gateway(tenant: Tenant) -> None:
    hub = Hub(tenant, 2)
    first, second = hub.spokes
    group = tenant.group(second.vpc)
    guarded = tenant.host(second.subnet, group)
    assert tenant.ask(first.host, guarded.ip) == NOTHING
    tenant.allow(group, first.block)
    assert tenant.ask(first.host, guarded.ip) == first.host.ip


def test_the_acl_of_the_attachments_subnet_counts(tenant: Tenant) -> None:
    hub = Hub(tenant, 2)
    first, second = hub.spokes
    inner = tenant.subnet(second.vpc, "10.2.2.0/24")
    host = tenant.host(inner)
    everything = (("in", 100, "allow", "0.0.0.0/0", None), ("out", 100, "allow", "0.0.0.0/0", None))
    acl = tenant.acl(second.subnet, *everything)
    assert tenant.ask(first.host, host.ip) == first.host.ip
    tenant.entry(acl, "out", 50, "deny", "10.2.2.0/24")
    assert tenant.ask(first.host, host.ip) == NOTHING


def test_a_transit_gateway_carries_what_a_peering_does_not(tenant: Tenant) -> None:
    """A central way out: the spokes' default route leads over the gateway to the NAT gateway of another VPC."""
    hub = Hub(tenant, 2)
    spoke, egress = hub.spokes
    public = tenant.subnet(egress.vpc, "10.2.9.0/24")
    tenant.table(public, {"0.0.0.0/0": tenant.gateway(egress.vpc), "10.0.0.0/8": hub.id})
    nat, address = tenant.nat(public)
    outside = tenant.outside()
    tenant.route(tenant.main_table(spoke.vpc), "0.0.0.0/0", hub.id)
    assert tenant.ask(spoke.host, outside) == NOTHING
    tenant.route(tenant.main_table(egress.vpc), "0.0.0.0/0", nat)
    hub.tell("CreateTransitGatewayRoute", hub.table, egress, DestinationCidrBlock="0.0.0.0/0")
    assert tenant.ask(spoke.host, outside) == address


def test_an_attachment_that_is_deleted_leaves_nothing_behind(tenant: Tenant) -> None:
    hub = Hub(tenant, 2)
    first, second = hub.spokes
    assert tenant.ask(first.host, second.host.ip) == first.host.ip
    tenant.ec2("DeleteTransitGatewayVpcAttachment", TransitGatewayAttachmentId=second.attachment)
    assert tenant.ask(first.host, second.host.ip) == NOTHING
    hub.attach(second.vpc, second.subnet)
    assert tenant.ask(first.host, second.host.ip) == first.host.ip


def test_reachability_analyzer_says_what_packets_do(tenant: Tenant) -> None:
    hub = Hub(tenant, 3)
    first, second, third = hub.spokes
    _agree(hub, 6)
    hub.tell("DisableTransitGatewayRouteTablePropagation", hub.table, second)
    _agree(hub, 2)
    hub.tell("CreateTransitGatewayRoute", hub.table, second, DestinationCidrBlock=second.block)
    hub.tell("CreateTransitGatewayRoute", hub.table, DestinationCidrBlock=f"{third.host.ip}/32", Blackhole=True)
    _agree(hub, 2)
    hub.tell("DisassociateTransitGatewayRouteTable", hub.table, first)
    _agree(hub, 0)


def _agree(hub: Hub, passing: int) -> None:
    """Of each pair of hosts the model and the packets say the same; so many of the six ways are open."""
    hosts = [spoke.host for spoke in hub.spokes]
    pairs = [(one, other) for one in hosts for other in hosts if one != other]
    heard = [said != NOTHING for said in hub.tenant.asked(*((one, other.ip) for one, other in pairs))]
    assert [_is_found(hub.tenant, one.id, other.id) for one, other in pairs] == heard
    assert sum(heard) == passing


def _is_found(tenant: Tenant, here: str, there: str) -> bool:
    ends = {"Source": here, "Destination": there, "Protocol": "tcp", "DestinationPort": 80}
    made = tenant.ec2("CreateNetworkInsightsPath", ClientToken=str(uuid4()), **ends)["NetworkInsightsPath"]
    started = tenant.ec2(
        "StartNetworkInsightsAnalysis", NetworkInsightsPathId=made["NetworkInsightsPathId"], ClientToken=str(uuid4())
    )["NetworkInsightsAnalysis"]
    found = tenant.ec2(
        "DescribeNetworkInsightsAnalyses", NetworkInsightsAnalysisIds=[started["NetworkInsightsAnalysisId"]]
    )
    return bool(found["NetworkInsightsAnalyses"][0]["NetworkPathFound"])
