"""Values, both ways: an API's Field to what PostgreSQL is given, and what it answers to a Field. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from fogbank.aws.errors import AwsError
from fogbank.planes.engines.postgresql.session import Bind
from fogbank.services.rds_data import rules
from fogbank.services.rds_data.columns import Kind, Type

_BOOL, _BYTEA, _INT8, _TEXT, _FLOAT8 = 16, 17, 20, 25, 701
_HINTS = {"DATE": 1082, "DECIMAL": 1700, "JSON": 114, "TIME": 1083, "TIMESTAMP": 1114, "UUID": 2950}
_WITH_OFFSET = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(\.\d+)?([+-]\d\d(?::?\d\d)?)")
_BOUNDS = re.compile(r"(?:\[[^\]]*\])+=")
_ELEMENT = re.compile(r'"((?:[^"\\]|\\.)*)"|([^,{}"]+)', re.DOTALL)
_OCTAL = re.compile(rb"\\(\d{3}|\\)")
_ARRAYS = {
    Kind.BOOLEAN: "booleanValues",
    Kind.LONG: "longValues",
    Kind.DOUBLE: "doubleValues",
    Kind.DECIMAL: "stringValues",
}


class Options(NamedTuple):
    """`resultSetOptions`."""

    decimals_as_numbers: bool = False
    longs_as_text: bool = False

    @classmethod
    def of(cls, req: Mapping[str, Any]) -> Options:
        found = req.get("resultSetOptions") or {}
        return cls(found.get("decimalReturnType") == "DOUBLE_OR_LONG", found.get("longReturnType") == "STRING")


def binds(parameters: Iterable[Mapping[str, Any]]) -> dict[str, Bind]:
    """A parameter set by name; the last of two equal names stands. Raises ValidationException for arrays."""
    return {one.get("name", ""): bind(one.get("value") or {}, one.get("typeHint", "")) for one in parameters}


def bind(field: Mapping[str, Any], hint: str = "") -> Bind:
    """What the server is given for a Field. A value has the type that the API page gives it, a text its hint's."""
    if field.get("isNull") or not field:
        return Bind(None, _HINTS.get(hint, 0))
    if "arrayValue" in field:
        raise rules.invalid("Array parameters are not supported.")
    if "booleanValue" in field:
        return Bind("true" if field["booleanValue"] else "false", _BOOL)
    if "longValue" in field:
        return Bind(str(field["longValue"]), _INT8)
    if "doubleValue" in field:
        return Bind(repr(float(field["doubleValue"])), _FLOAT8)
    if "blobValue" in field:
        return Bind("\\x" + bytes(field["blobValue"]).hex(), _BYTEA)
    if "stringValue" in field:
        return Bind(field["stringValue"], _HINTS.get(hint, _TEXT))
    return Bind(None)


def field(text: str | None, of: Type, options: Options) -> dict[str, Any]:
    """A value of a result as a Field. Raises UnsupportedResultException."""
    if text is None:
        return {"isNull": True}
    if of.is_array:
        return {"arrayValue": _array(text, of, options)}
    return _scalar(text, of, options)


def plain(text: str | None, of: Type) -> Any:
    """A value of a result as it stands in `formattedRecords`: a value of JSON. Raises UnsupportedResultException."""
    import base64

    if text is None:
        return None
    found = field(text, of, Options(decimals_as_numbers=True))
    if "arrayValue" in found:
        return next(iter(found["arrayValue"].values()))
    value = next(iter(found.values()))
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _scalar(text: str, of: Type, options: Options) -> dict[str, Any]:
    kind = of.kind
    if kind is Kind.BOOLEAN:
        return {"booleanValue": text == "t"}
    if kind is Kind.LONG:
        return {"stringValue": text} if options.longs_as_text else {"longValue": int(text)}
    if kind is Kind.DOUBLE:
        return {"doubleValue": _double(text)}
    if kind is Kind.DECIMAL and options.decimals_as_numbers:
        return {"doubleValue": _double(text)} if not text.lstrip("-").isdigit() else _long(text)
    if kind is Kind.BYTES:
        return {"blobValue": _bytes(text)}
    if kind is Kind.MOMENT:
        return {"stringValue": _in_utc(text)}
    return {"stringValue": text}


def _long(text: str) -> dict[str, Any]:
    value = int(text)
    return {"longValue": value} if -(2**63) <= value < 2**63 else {"doubleValue": float(text)}


def _double(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise AwsError("UnsupportedResultException", "NaN and Infinity values are not supported.")
    return value


def _bytes(text: str) -> bytes:
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    # `SET bytea_output = escape` of a transaction.
    return _OCTAL.sub(lambda m: b"\\" if m[1] == b"\\" else bytes([int(m[1], 8)]), text.encode("latin-1"))


def _in_utc(text: str) -> str:
    """A moment as the Data API tells it: in UTC, without saying so; what no calendar of Python's has is left as is."""
    said = _WITH_OFFSET.fullmatch(text)
    if said is None:
        return text
    offset = said[3] if len(said[3]) > 3 else said[3] + ":00"
    try:
        moment = datetime.fromisoformat(said[1] + offset).astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    return moment.strftime("%Y-%m-%d %H:%M:%S").rjust(19, "0") + (said[2] or "")


def _array(text: str, of: Type, options: Options) -> dict[str, list[Any]]:
    inner = _BOUNDS.sub("", text, count=1) if text.startswith("[") else text
    if inner.startswith("{{"):
        raise rules.unsupported("multidimensional array")
    values: list[Any] = []
    for quoted, bare in _ELEMENT.findall(inner[1:-1]):
        if bare and bare.upper() == "NULL":
            values.append(None)
            continue
        value = bare or re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
        found = next(iter(_scalar(value, of, options._replace(decimals_as_numbers=False)).values()))
        values.append(found.hex() if isinstance(found, bytes) else found)
    member = "stringValues" if options.longs_as_text and of.kind is Kind.LONG else _ARRAYS.get(of.kind, "stringValues")
    return {member: values}
