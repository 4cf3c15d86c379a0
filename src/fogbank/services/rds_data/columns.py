"""Columns of a result: PostgreSQL's types as the Data API knows them, and what `columnMetadata` says. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from fogbank.planes.engines.postgresql.session import Answer, Bind, Column
from fogbank.services.rds_data import rules

_VARCHAR, _OTHER, _ARRAY = 12, 1111, 2003
_OIDS, _SHORTS = 1028, 1005
_UNLIMITED = 2147483647


class Kind(Enum):
    """What a value becomes."""

    BOOLEAN = "boolean"
    LONG = "long"
    DOUBLE = "double"
    DECIMAL = "decimal"
    BYTES = "bytes"
    MOMENT = "moment"
    TEXT = "text"


class Type(NamedTuple):
    """A type of PostgreSQL that the Data API can tell; `jdbc` is the number of `java.sql.Types`."""

    name: str
    kind: Kind
    jdbc: int
    precision: int = _UNLIMITED
    scale: int = 0
    is_signed: bool = False
    is_array: bool = False


_SCALARS: Mapping[int, Type] = {
    16: Type("bool", Kind.BOOLEAN, -7, 1),
    17: Type("bytea", Kind.BYTES, -2),
    19: Type("name", Kind.TEXT, _VARCHAR),
    20: Type("int8", Kind.LONG, -5, 19, is_signed=True),
    21: Type("int2", Kind.LONG, 5, 5, is_signed=True),
    23: Type("int4", Kind.LONG, 4, 10, is_signed=True),
    25: Type("text", Kind.TEXT, _VARCHAR),
    26: Type("oid", Kind.LONG, -5, 10),
    114: Type("json", Kind.TEXT, _OTHER),
    650: Type("cidr", Kind.TEXT, _OTHER),
    700: Type("float4", Kind.DOUBLE, 7, 8, 8, is_signed=True),
    701: Type("float8", Kind.DOUBLE, 8, 17, 17, is_signed=True),
    705: Type("unknown", Kind.TEXT, _VARCHAR),
    869: Type("inet", Kind.TEXT, _OTHER),
    1042: Type("bpchar", Kind.TEXT, 1),
    1043: Type("varchar", Kind.TEXT, _VARCHAR),
    1082: Type("date", Kind.TEXT, 91, 13),
    1083: Type("time", Kind.TEXT, 92, 15, 6),
    1114: Type("timestamp", Kind.TEXT, 93, 29, 6),
    1184: Type("timestamptz", Kind.MOMENT, 93, 35, 6),
    1700: Type("numeric", Kind.DECIMAL, 2, 0, is_signed=True),
    2950: Type("uuid", Kind.TEXT, _OTHER),
    3802: Type("jsonb", Kind.TEXT, _OTHER),
}
"""The types that AWS lists for Aurora PostgreSQL (Aurora User Guide, `data-api-operations`)."""
_ARRAY_ELEMENTS = {
    1000: 16, 1001: 17, 1005: 21, 1007: 23, 1009: 25, 1014: 1042, 1015: 1043, 1016: 20, 1021: 700, 1022: 701,
    1028: 26, 1041: 869, 1115: 1114, 1182: 1082, 1183: 1083, 1185: 1184, 1231: 1700, 199: 114, 651: 650,
    2951: 2950, 3807: 3802, 1003: 19,
}  # fmt: skip
_TOLD_AS_TEXT = ("vector", "citext")
"""Of extensions."""
_SINGLE_BYTE = "char"

TYPES_SQL = (
    "SELECT t.oid, t.typname, t.typtype, e.typname, e.typtype FROM pg_catalog.pg_type t"
    " LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typlen = -1 AND t.typcategory = 'A'"
    " WHERE t.oid = ANY ($1)"
)
COLUMNS_SQL = (
    "SELECT a.attrelid, a.attnum, n.nspname, c.relname, a.attnotnull,"
    " a.attidentity <> '' OR coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%', false)"
    " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
    " WHERE (a.attrelid, a.attnum) IN (SELECT * FROM unnest($1, $2))"
)


class Origin(NamedTuple):
    """Where a column comes from."""

    schema: str
    table: str
    is_required: bool
    counts_up: bool


def strange(columns: Sequence[Column]) -> tuple[Bind, ...]:
    """What `TYPES_SQL` is asked for: the types that only the server knows. Nothing if there are none."""
    numbers = sorted({one.type for one in columns if known(one.type) is None})
    return (Bind(_listed(numbers), _OIDS),) if numbers else ()


def places(columns: Sequence[Column]) -> tuple[Bind, ...]:
    """What `COLUMNS_SQL` is asked for. Nothing if no column comes from a table."""
    found = sorted({(one.table, one.number) for one in columns if one.table})
    if not found:
        return ()
    return Bind(_listed([table for table, _ in found]), _OIDS), Bind(_listed([one for _, one in found]), _SHORTS)


def known(number: int) -> Type | None:
    """A type that every server has, None for others."""
    if number in _SCALARS:
        return _SCALARS[number]
    element = _SCALARS.get(_ARRAY_ELEMENTS.get(number, 0))
    return _array_of(element) if element is not None else None


def types(columns: Sequence[Column], answer: Answer) -> list[Type]:
    """The type of each column, with what `TYPES_SQL` answered. Raises UnsupportedResultException."""
    told = {int(row[0] or 0): row[1:] for row in answer.rows}
    return [known(one.type) or _told(one.type, told.get(one.type)) for one in columns]


def origins(answer: Answer) -> dict[tuple[int, int], Origin]:
    """What `COLUMNS_SQL` answered."""
    return {
        (int(row[0] or 0), int(row[1] or 0)): Origin(row[2] or "", row[3] or "", row[4] == "t", row[5] == "t")
        for row in answer.rows
    }


def described(column: Column, of: Type, origin: Origin | None) -> dict[str, Any]:
    """A column as `columnMetadata` shows it."""
    precision, scale = _measures(column, of)
    counts_up = origin is not None and origin.counts_up
    return {
        "name": column.name,
        "label": column.name,
        "type": _ARRAY if of.is_array else of.jdbc,
        "typeName": _serial(of.name) if counts_up else of.name,
        "schemaName": origin.schema if origin is not None else "",
        "tableName": origin.table if origin is not None else "",
        "isAutoIncrement": counts_up,
        "isSigned": of.is_signed and not of.is_array,
        "isCurrency": False,
        "isCaseSensitive": of.kind is Kind.TEXT and not of.name.startswith(("date", "time")),
        # 0: no nulls; 1: nulls; 2: nobody knows, of an expression.
        "nullable": 2 if origin is None else 0 if origin.is_required else 1,
        "precision": precision,
        "scale": scale,
        "arrayBaseColumnType": of.jdbc if of.is_array else 0,
    }


def _measures(column: Column, of: Type) -> tuple[int, int]:
    if column.modifier < 4 or of.is_array:
        return of.precision, of.scale
    if of.kind is Kind.DECIMAL:
        # `numeric(p, s)`: both in one number, after a header of four (PostgreSQL's numeric.c).
        return (column.modifier - 4) >> 16, (column.modifier - 4) & 0x7FF
    return (column.modifier - 4, 0) if of.name in ("varchar", "bpchar") else (of.precision, of.scale)


def _serial(name: str) -> str:
    return {"int2": "smallserial", "int4": "serial", "int8": "bigserial"}.get(name, name)


def _array_of(element: Type) -> Type:
    return element._replace(name=f"_{element.name}", is_array=True)


def _told(number: int, said: Sequence[str | None] | None) -> Type:
    name, form, element, element_form = said if said is not None else (str(number), "b", None, None)
    if form == "e" or name in _TOLD_AS_TEXT:
        return Type(name or "", Kind.TEXT, _VARCHAR)
    if element_form == "e" or (element or "") in _TOLD_AS_TEXT:
        return _array_of(Type(element or "", Kind.TEXT, _VARCHAR))
    raise rules.unsupported(_shown(name or ""))


def _shown(name: str) -> str:
    """A type as the Data API's errors name it."""
    if name == _SINGLE_BYTE:
        return '"CHAR"'
    return name if name.startswith("reg") else name.upper()


def _listed(numbers: Sequence[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"
