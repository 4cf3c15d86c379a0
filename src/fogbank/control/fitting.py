"""Values as templates write them, made into those that an operation takes: numbers and switches may be text there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.model.load import load
from fogbank.model.operation import Model


def fitted(service: str, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an operation with everything of the type that its model says.

    Raises ValidationError for a member that the model does not have, and for text that is no number.
    """
    model = load(service)
    found: dict[str, Any] = _structure(model, model.shapes[model.operation(operation).input or ""], params)
    return found


def _fit(model: Model, name: str, value: Any) -> Any:
    shape = model.shapes[name]
    kind = shape["type"]
    if kind == "structure":
        return _structure(model, shape, value)
    if kind == "list":
        return [_fit(model, shape["member"]["shape"], one) for one in (value if isinstance(value, list) else [value])]
    if kind == "map":
        if not isinstance(value, Mapping):
            raise AwsError("ValidationError", f"Value of property must be an object: {value}")
        return {str(key): _fit(model, shape["value"]["shape"], one) for key, one in value.items()}
    if kind not in _SCALARS:
        return value
    try:
        return _SCALARS[kind](value)
    except (TypeError, ValueError):
        raise AwsError("ValidationError", f"Value of property is no {kind}: {value}") from None


def _structure(model: Model, shape: Mapping[str, Any], value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise AwsError("ValidationError", f"Value of property must be an object: {value}")
    members = shape.get("members", {})
    for name in value:
        if name not in members:
            raise AwsError("ValidationError", f"Encountered unsupported property {name}")
    return {name: _fit(model, members[name]["shape"], one) for name, one in value.items() if one is not None}


def text(value: Any) -> str:
    """A value as an operation takes it where it takes text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _whole(value: Any) -> int:
    return int(float(value)) if isinstance(value, str) and "." in value else int(value)


def _switch(value: Any) -> bool:
    if str(value).lower() not in ("true", "false"):
        raise ValueError(value)
    return str(value).lower() == "true"


def _moment(value: Any) -> float:
    if not isinstance(value, str):
        return float(value)
    found = datetime.fromisoformat(value)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else base64.b64decode(str(value))


_SCALARS: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "string": text,
        "integer": _whole,
        "long": _whole,
        "float": float,
        "double": float,
        "boolean": _switch,
        "timestamp": _moment,
        "blob": _bytes,
    }
)
