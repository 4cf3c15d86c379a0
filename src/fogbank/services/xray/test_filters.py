"""Filter expressions: every keyword, operator and bracket of the guide's page, and what is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.services.xray import filters, traces
from fogbank.services.xray.filters.language import parsed
from fogbank.services.xray.traces import Trace

TRACE = "1-5759e988-bd862e3fe1be46a994272793"
ACCOUNT = "111122223333"


def part(number: int, name: str, start: float, end: float | None, **more: Any) -> dict[str, Any]:
    found = {"id": f"{number:016x}", "trace_id": TRACE, "name": name, "start_time": start, **more}
    return {**found, "in_progress": True} if end is None else {**found, "end_time": end}


def made(*documents: dict[str, Any]) -> Trace:
    return traces.assembled(TRACE, documents, ACCOUNT)


def shop() -> Trace:
    """A shop that asks DynamoDB, a remote site that fails, and a warehouse that is a traced service itself."""
    request = {
        "url": "http://shop.example.com/v2/buy",
        "method": "POST",
        "user_agent": "curl/8",
        "client_ip": "1.2.3.4",
    }
    shop = part(
        1, "shop", 100.0, 102.0,
        origin="AWS::EC2::Instance",
        user="alice",
        resource_arn="arn:aws:ec2:us-east-1:111122223333:instance/i-1",
        aws={"ec2": {"instance_id": "i-1", "availability_zone": "us-east-1a"}},
        http={"request": request, "response": {"status": 200}},
        annotations={"gameid": "817DL6VO", "age": 30, "is_new": True, "is_old": False},
        subsegments=[
            part(2, "dynamodb", 100.1, 100.2, namespace="aws", aws={"table_name": "users", "operation": "GetItem"}),
            part(
                3, "pay.example.com", 100.2, 101.7, namespace="remote", fault=True,
                cause={"exceptions": [{"id": "0" * 16, "type": "Timeout", "message": "too late for 1"}]},
            ),
            part(4, "warehouse.example.com", 101.7, 101.9, namespace="remote"),
        ],
    )  # fmt: skip
    warehouse = part(
        5, "warehouse", 101.75, 101.85, parent_id=f"{4:016x}", http={"response": {"status": 429}}, user="robot"
    )
    return made(shop, warehouse)


def holds(text: str, trace: Trace | None = None, **groups: str) -> bool:
    named = {("name", name): filters.parsed(expression) for name, expression in groups.items()}
    return filters.holds(filters.parsed(text), trace or shop(), named)


HOLD = [
    "ok",
    "OK = true",
    "ok = \"true\"",
    "ok != false",
    "!error",
    "!fault",
    "fault = false",
    "throttle",
    "!partial",
    "inferred",
    "responsetime > 1.9",
    "responseTime = 2",
    "responsetime >= 2 and responsetime <= 2",
    "duration < 2.5",
    "duration != 3",
    "ok !partial duration <3",
    "http.status = 200",
    "http.status != 404",
    'http.url BEGINSWITH "http://shop." AND http.url CONTAINS "/v2/" AND http.url ENDSWITH "buy"',
    'http.host = "shop.example.com"',
    'http.method = "POST" AND http.useragent contains "curl" AND http.clientip = "1.2.3.4"',
    "http.url AND responseTime > 1",
    'user CONTAINS ""',
    'user = "alice" AND user = "robot"',
    "user != 'bob'",
    'availabilityzone = "us-east-1a"',
    'instance.id = "i-1" AND resource.arn ENDSWITH "/i-1"',
    'annotation.gameid = "817DL6VO"',
    'annotation[gameid] != "x"',
    'annotation["age"] > 29',
    "annotation.age = 30",
    "annotation.age",
    "!annotation.nobody",
    "annotation.is_new",
    "annotation.is_new = true",
    "!annotation.is_old",
    "annotation.is_old = false",
    "fault OR ok",
    "(fault OR ok) AND !(fault AND ok)",
    "fault AND fault OR ok",
    'service("shop")',
    'service("shop") { root }',
    'service("warehouse") { !root AND throttle }',
    'service("users")',
    'service("DynamoDB") { inferred }',
    'service(id(name: "users", type: "AWS::DynamoDB::Table"))',
    'service(id(type: "remote")) { fault }',
    "service() { fault }",
    'service(id(account.id: "111122223333"))',
    '!service("other")',
    'service("pay.example.com") { fault = true AND responsetime > 1 }',
    'edge("shop", "warehouse")',
    'edge("shop", "warehouse") { ok }',
    'edge("shop", "pay.example.com") { fault }',
    '!edge("shop", "pay.example.com") { ok }',
    'edge(id(name: "shop", type: "client"), id(name: "shop", type: "AWS::EC2::Instance"))',
    'edge(id(name: "shop"), id(name: "users", type: "AWS::DynamoDB::Table"))',
    'rootcause.fault.service { name = "pay.example.com" }',
    'rootcause.fault.service { last and inferred }',
    'rootcause.fault.entity { first AND name = "pay.example.com" AND remote }',
    'rootcause.fault.exception { last and message = "too late for 1" and name = Timeout }',
    'rootcause.error.service { name = "warehouse" }',
    'rootcause.responsetime.entity { remote and coverage > 0.7 and name = "pay.example.com" }',
    "rootcause.responsetime.service { index = 1 }",
    'rootcause.json = #[{ "Services": [{"Name": "shop"}, {"Name": "pay.example.com", "EntityPath": [{}]}] }]',
    'rootcause.json != #[{"Services": [{"Name": "]"}]}]',
    'json = #{"ClientImpacting": true}',
    'group.name = "buyers" AND user = "alice"',
    'group.name != "losers"',
]  # fmt: skip


@pytest.mark.parametrize("text", HOLD)
def test_it_holds_and_its_opposite_does_not(text: str) -> None:
    groups = {"buyers": 'http.url ENDSWITH "buy"', "losers": "fault"}
    assert holds(text, **groups)
    assert not holds(f"!({text})", **groups)


@pytest.mark.parametrize(
    "text",
    [
        "error", "fault = true", "partial", "responsetime > 2", "duration > 2.2", "http.status = 500", 'user = "bob"',
        'http.url = "http"', 'annotation.gameid = "817dl6vo"', 'annotation.age = "30"', "annotation.nobody = 1",
        "annotation.nobody != 1", "annotation.is_old", 'service("other")', 'service("shop") { fault }',
        'service(id(name: "users", type: "AWS::EC2::Instance"))', 'service(id(account.id: "444455556666"))',
        'edge("warehouse", "shop")', 'edge("shop", "warehouse") { throttle }',
        'rootcause.error.service { name = "shop" }', "rootcause.fault.service { index > 5 }",
        'rootcause.json = #[{"Services": [{"Name": "pay"}]}]', "ok AND fault OR fault",
    ],
)  # fmt: skip
def test_it_does_not_hold(text: str) -> None:
    assert not holds(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "nonsense", "ok AND", "AND ok", "(ok", "ok)", "ok = 1", 'responsetime = "1"',
        "responsetime CONTAINS 1",
        'http.url > "a"', "http.url =", "http.status =", 'service("a"', 'service("a") { ok', "service(1)",
        'service("a") { annotation.x = 1 }', 'service("a") { service("b") }', 'edge("a")', 'edge("a", "b", "c")',
        'id("a")', 'service(id(nome: "a"))', 'service(id(name: "a", name: "b"))', "annotation.", "annotation = 1",
        "annotation.x > true", "annotation.x CONTAINS 1", "annotation.x =", "rootcause.fault",
        "rootcause.fault.thing {ok}",
        "rootcause.fault.service { responsetime > 1 }", "rootcause.responsetime.exception", "json", "json = 1",
        "json = #[", "json = #{x}", "group.name", 'group.name CONTAINS "a"', 'ok "x"', "ok ok2", "!", "!!",
        "ok = maybe",
        '"ok"', "first", 'http.url = "unclosed', "a" * 10_001, "(" * 60 + "ok" + ")" * 60, "first = true", "@",
    ],
)  # fmt: skip
def test_it_is_no_expression(text: str) -> None:
    with pytest.raises(filters.BadFilter):
        filters.parsed(text)


def test_quotation_marks_within_a_text() -> None:
    trace = made(part(1, "a", 1.0, 2.0, user='say "no" \\'))
    assert holds(r'user = "say \"no\" \\"', trace)
    assert not holds(r'user = "say \"no\""', trace)


def test_a_trace_in_progress_is_neither_well_nor_ill() -> None:
    trace = made(part(1, "a", 1.0, None))
    assert holds("partial AND !ok AND !error AND !fault AND !(responsetime >= 0)", trace)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('service("shop")', ["shop"]),
        ('edge("shop", "warehouse")', ["warehouse.example.com"]),
        ('id(name: "users")', ["DynamoDB"]),
    ],
)  # fmt: skip
def test_what_a_time_series_is_asked_of(text: str, names: list[str]) -> None:
    assert [one.name for one in filters.of_entity(filters.selector(text), shop())] == names


@pytest.mark.parametrize("text", ["ok", 'service("a") AND ok', "", "id()x", '!service("a")'])
def test_a_time_series_is_asked_of_one_thing(text: str) -> None:
    with pytest.raises(filters.BadFilter):
        filters.selector(text)


ATOMS = st.sampled_from(["ok", "error", "fault", "partial", "throttle", "inferred"])
TRUTH = {"ok": True, "error": False, "fault": False, "partial": False, "throttle": True, "inferred": True}
TREES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(st.just("!"), inner),
        st.tuples(st.just("AND"), inner, inner),
        st.tuples(st.just("OR"), inner, inner),
    ),
    max_leaves=20,
)
SHOP = shop()


def written(tree: Any) -> str:
    if isinstance(tree, str):
        return tree
    if tree[0] == "!":
        return f"!({written(tree[1])})"
    return f"({written(tree[1])}) {tree[0]} ({written(tree[2])})"


def truth(tree: Any) -> bool:
    if isinstance(tree, str):
        return TRUTH[tree]
    if tree[0] == "!":
        return not truth(tree[1])
    return (truth(tree[1]) and truth(tree[2])) if tree[0] == "AND" else (truth(tree[1]) or truth(tree[2]))


@given(TREES)
def test_logic_is_logic(tree: Any) -> None:
    assert filters.holds(parsed(written(tree)), SHOP, {}) == truth(tree)


@given(st.text(alphabet="ok AND()!{}\"'=<>.1servicdganotj#[]:,\\", max_size=40))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        node = filters.parsed(text)
    except filters.BadFilter:
        return
    if not list(filters.groups_in(node)):
        assert filters.holds(node, SHOP, {}) in (True, False)
