from fogbank.services.ec2.resources import Endpoint, Route, RouteTable
from fogbank.services.ec2.routing import InForce, by_block, routes_of, weight

CIDRS = ["10.0.0.0/16", "2001:db8::/56"]


def table(*routes: Route) -> RouteTable:
    return RouteTable(vpc_id="vpc-1", id="rtb-1", number=101, routes=routes)


def test_each_block_of_the_vpc_has_a_local_route_first() -> None:
    found = routes_of(CIDRS, table(Route("0.0.0.0/0", "igw-1")), {"igw-1"})
    assert [(route.destination, route.target, route.state, route.origin) for route in found] == [
        ("10.0.0.0/16", "local", "active", "CreateRouteTable"),
        ("2001:db8::/56", "local", "active", "CreateRouteTable"),
        ("0.0.0.0/0", "igw-1", "active", "CreateRoute"),
    ]


def test_a_replaced_local_route_is_no_longer_local() -> None:
    found = routes_of(CIDRS, table(Route("10.0.0.0/16", "eni-1", "CreateRouteTable")), {"eni-1"})
    assert [(route.destination, route.target) for route in found] == [
        ("2001:db8::/56", "local"),
        ("10.0.0.0/16", "eni-1"),
    ]


def test_what_leads_nowhere_is_a_blackhole() -> None:
    found = routes_of([], table(Route("0.0.0.0/0", "nat-1"), Route("pl-1", "igw-1")), {"igw-1"})
    assert [route.state for route in found] == ["blackhole", "blackhole"]
    assert [route.state for route in routes_of([], table(Route("pl-1", "igw-1")), {"igw-1", "pl-1"})] == ["active"]


def test_a_gateway_endpoint_is_a_route_of_the_tables_it_names() -> None:
    endpoint = Endpoint(vpc_id="vpc-1", id="vpce-1", service="s3", prefix_list_id="pl-s3", route_table_ids=("rtb-1",))
    assert routes_of([], table(), (), [endpoint]) == [InForce("pl-s3", "vpce-1", "active", "CreateRoute")]
    other = RouteTable(vpc_id="vpc-1", id="rtb-2", number=102)
    assert routes_of([], other, (), [endpoint]) == []


def test_a_propagated_route_gives_way_to_one_of_the_table() -> None:
    told = [Route("10.1.0.0/16", "vgw-1"), Route("10.2.0.0/16", "vgw-1")]
    found = routes_of([], table(Route("10.1.0.0/16", "pcx-1")), {"pcx-1", "vgw-1"}, (), told)
    assert [(route.destination, route.target, route.origin) for route in found] == [
        ("10.1.0.0/16", "pcx-1", "CreateRoute"),
        ("10.2.0.0/16", "vgw-1", "EnableVgwRoutePropagation"),
    ]


def test_of_equal_blocks_one_decides() -> None:
    routes = [
        InForce("pl-1", "eni-1", "active", "CreateRoute"),
        InForce("10.1.0.0/16", "eni-2", "active", "CreateRoute"),
        InForce("10.0.0.0/16", "local", "active", "CreateRouteTable"),
        InForce("10.3.0.0/16", "vgw-1", "active", "EnableVgwRoutePropagation"),
    ]
    found = by_block(routes, {"pl-1": ["10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"]})
    assert {block: route.target for block, route in found.items()} == {
        "10.0.0.0/16": "local",
        "10.1.0.0/16": "eni-2",
        "10.2.0.0/16": "eni-1",
        "10.3.0.0/16": "eni-1",
    }


def test_a_prefix_list_counts_for_its_largest_size() -> None:
    routes = [Route("10.0.0.0/16", "x"), Route("::/0", "x"), Route("pl-1", "x")]
    assert weight(routes, 4, {"pl-1": (4, 10)}) == 11
    assert weight(routes, 6, {"pl-1": (4, 10)}) == 1
