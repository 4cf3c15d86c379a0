from __future__ import annotations

from fogbank.services.ec2.resources import TransitAttachment, TransitRoute, TransitRouteTable
from fogbank.services.ec2.transit import Effective, effective, lookup, searched


def attached(attachment_id: str, made: float = 0.0, state: str = "available") -> TransitAttachment:
    return TransitAttachment(
        gateway_id="tgw-1", id=attachment_id, number=1, resource_id="vpc-1", created_at=made, state=state
    )


ATTACHMENTS = {one.id: one for one in (attached("a", 2.0), attached("b", 1.0), attached("gone", state="deleted"))}
BLOCKS = {"a": ("10.0.0.0/16", "10.9.0.0/16"), "b": ("10.1.0.0/16", "10.9.0.0/16"), "gone": ("10.2.0.0/16",)}


def routes(*static: TransitRoute, propagating: tuple[str, ...] = ()) -> list[Effective]:
    table = TransitRouteTable(gateway_id="tgw-1", id="t", number=1, routes=static, propagating=propagating)
    return effective(table, ATTACHMENTS, BLOCKS, {"pl-1": ("10.1.0.0/16", "192.0.2.0/24")})


def test_propagated_routes_are_the_blocks_of_attachments_that_are_there() -> None:
    found = routes(propagating=("a", "b", "gone", "never"))
    assert [(one.destination, one.attachment_id) for one in found] == [
        ("10.0.0.0/16", "a"),
        ("10.1.0.0/16", "b"),
        ("10.9.0.0/16", "b"),
    ]


def test_static_goes_before_propagated_and_a_block_before_a_list() -> None:
    found = routes(TransitRoute("pl-1", "a"), TransitRoute("10.1.0.0/16", "b"), propagating=("a", "b"))
    by_block = {one.destination: one for one in found}
    assert by_block["10.1.0.0/16"] == Effective("10.1.0.0/16", "b", "static", "active")
    assert by_block["192.0.2.0/24"] == Effective("192.0.2.0/24", "a", "static", "active", "pl-1")
    assert by_block["10.0.0.0/16"].type == "propagated"


def test_the_longest_prefix_decides_and_then_static() -> None:
    found = routes(TransitRoute("0.0.0.0/0", "a"), TransitRoute("10.0.5.0/24", "b"), propagating=("a",))

    def towards(address: str) -> str:
        route = lookup(found, address)
        return route.attachment_id if route else "nowhere"

    assert [towards(one) for one in ("10.0.5.9", "10.0.6.9", "8.8.8.8", "2001:db8::1")] == ["b", "a", "a", "nowhere"]


def test_blackholes_stop_what_would_go_on() -> None:
    found = routes(TransitRoute("10.0.0.0/24"), TransitRoute("10.7.0.0/16", "gone"), propagating=("a",))
    dropped, passed, lost = (lookup(found, one) for one in ("10.0.0.1", "10.0.1.1", "10.7.0.1"))
    assert dropped and passed and lost
    assert (dropped.state, passed.state, lost.state) == ("blackhole", "active", "blackhole")


def test_searches() -> None:
    found = routes(TransitRoute("10.0.0.0/8", "a"), TransitRoute("2001:db8::/32", "a"), propagating=("a", "b"))

    def blocks(name: str, *values: str) -> list[str]:
        return [one.destination for one in searched(found, {f"route-search.{name}": values})]

    assert blocks("exact-match", "10.0.0.0/8") == ["10.0.0.0/8"]
    assert blocks("longest-prefix-match", "10.1.2.3") == ["10.1.0.0/16"]
    assert blocks("longest-prefix-match", "10.1.0.0/12") == ["10.0.0.0/8"]
    assert blocks("subnet-of-match", "10.0.0.0/8") == ["10.0.0.0/8", "10.0.0.0/16", "10.1.0.0/16", "10.9.0.0/16"]
    assert blocks("supernet-of-match", "10.1.2.0/24") == ["10.0.0.0/8", "10.1.0.0/16"]
    assert blocks("exact-match", "11.0.0.0/8") == []
