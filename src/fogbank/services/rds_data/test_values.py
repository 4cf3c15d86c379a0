"""Values both ways, and what is said of columns, by table."""

from __future__ import annotations

from typing import Any

import pytest

from fogbank.planes.engines.postgresql.session import Answer, Bind, Column
from fogbank.services.rds_data import columns, values
from fogbank.services.rds_data.columns import Type
from fogbank.services.rds_data.values import Options
from fogbank.testing.refused import refused

NUMBERS = Options(decimals_as_numbers=True)
TEXTS = Options(longs_as_text=True)


def of(number: int) -> Type:
    found = columns.known(number)
    assert found is not None
    return found


GIVEN = [
    ({"isNull": True}, "", Bind(None, 0)),
    ({"isNull": True}, "DATE", Bind(None, 1082)),
    ({"booleanValue": False}, "", Bind("false", 16)),
    ({"longValue": -(2**63)}, "", Bind("-9223372036854775808", 20)),
    ({"doubleValue": 1e300}, "", Bind("1e+300", 701)),
    ({"stringValue": "x"}, "", Bind("x", 25)),
    ({"stringValue": "1.5"}, "DECIMAL", Bind("1.5", 1700)),
    ({"stringValue": "{}"}, "JSON", Bind("{}", 114)),
    ({"stringValue": "10:00:00"}, "TIME", Bind("10:00:00", 1083)),
    ({"blobValue": b"\x00a"}, "", Bind("\\x0061", 17)),
    ({}, "", Bind(None, 0)),
]


@pytest.mark.parametrize(("field", "hint", "bind"), GIVEN)
def test_a_field_becomes_a_value_of_its_type(field: dict[str, Any], hint: str, bind: Bind) -> None:
    assert values.bind(field, hint) == bind


def test_arrays_are_no_parameters() -> None:
    with refused("ValidationException", "Array parameters are not supported"):
        values.binds([{"name": "a", "value": {"arrayValue": {"longValues": [1]}}}])


FOUND = [
    (None, 23, Options(), {"isNull": True}),
    ("t", 16, Options(), {"booleanValue": True}),
    ("-5", 20, Options(), {"longValue": -5}),
    ("-5", 20, TEXTS, {"stringValue": "-5"}),
    ("0.1", 701, Options(), {"doubleValue": 0.1}),
    ("1.50", 1700, Options(), {"stringValue": "1.50"}),
    ("1.50", 1700, NUMBERS, {"doubleValue": 1.5}),
    ("-15", 1700, NUMBERS, {"longValue": -15}),
    ("1" * 30, 1700, NUMBERS, {"doubleValue": float("1" * 30)}),
    ("\\x00ff", 17, Options(), {"blobValue": b"\x00\xff"}),
    ("a\\\\\\000", 17, Options(), {"blobValue": b"a\\\x00"}),
    ("2026-01-01 00:30:00.5+02", 1184, Options(), {"stringValue": "2025-12-31 22:30:00.5"}),
    ("2026-01-01 00:00:00-03:30", 1184, Options(), {"stringValue": "2026-01-01 03:30:00"}),
    ("infinity", 1184, Options(), {"stringValue": "infinity"}),
    ("{1,NULL,3}", 1007, Options(), {"arrayValue": {"longValues": [1, None, 3]}}),
    ("{1,2}", 1007, TEXTS, {"arrayValue": {"stringValues": ["1", "2"]}}),
    ("[2:3]={t,f}", 1000, Options(), {"arrayValue": {"booleanValues": [True, False]}}),
    ('{a,"b,\\"c\\\\","NULL",null}', 1009, Options(), {"arrayValue": {"stringValues": ["a", 'b,"c\\', "NULL", None]}}),
    ('{"",x}', 1009, Options(), {"arrayValue": {"stringValues": ["", "x"]}}),
    ("{}", 1009, Options(), {"arrayValue": {"stringValues": []}}),
    ("{1.5,2}", 1231, Options(), {"arrayValue": {"stringValues": ["1.5", "2"]}}),
]


@pytest.mark.parametrize(("text", "number", "options", "field"), FOUND)
def test_a_value_becomes_a_field(text: str | None, number: int, options: Options, field: dict[str, Any]) -> None:
    assert values.field(text, of(number), options) == field


@pytest.mark.parametrize(("text", "number"), [("NaN", 701), ("-Infinity", 700), ("{{1,2},{3,4}}", 1007)])
def test_what_the_api_cannot_tell_is_refused(text: str, number: int) -> None:
    with refused("UnsupportedResultException"):
        values.field(text, of(number), Options())


def test_types_that_people_make_are_looked_up() -> None:
    shown = [Column("a", 23), Column("b", 90001), Column("c", 90002)]
    assert columns.strange(shown) == (Bind("{90001,90002}", 1028),)
    told = Answer([], [["90001", "mood", "e", None, None], ["90002", "_mood", "b", "mood", "e"]])
    assert [(one.name, one.is_array) for one in columns.types(shown, told)] == [
        ("int4", False),
        ("mood", False),
        ("_mood", True),
    ]
    assert columns.strange([Column("a", 25)]) == ()


@pytest.mark.parametrize(
    ("name", "shown"), [("interval", "INTERVAL"), ("char", '"CHAR"'), ("regclass", "regclass"), ("money", "MONEY")]
)
def test_a_type_that_cannot_be_told_is_named_as_aws_does(name: str, shown: str) -> None:
    with refused("UnsupportedResultException", f"unsupported data type {shown}"):
        columns.types([Column("a", 90001)], Answer([], [["90001", name, "b", None, None]]))


def test_a_column_tells_its_length() -> None:
    shown = columns.described(Column("p", 1700, modifier=(9 << 16 | 2) + 4), of(1700), None)
    assert (shown["precision"], shown["scale"], shown["type"], shown["isSigned"]) == (9, 2, 2, True)
    shown = columns.described(Column("n", 1043, modifier=24), of(1043), None)
    assert (shown["precision"], shown["typeName"], shown["isCaseSensitive"]) == (20, "varchar", True)
    shown = columns.described(Column("l", 1007), of(1007), None)
    assert (shown["type"], shown["typeName"], shown["arrayBaseColumnType"]) == (2003, "_int4", 4)
