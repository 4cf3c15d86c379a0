"""One service's API as values: its operations, their traits, and the shapes that they speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Traits = Mapping[str, Any]


class Operation:
    """An operation of a service; `input` and `output` are names of shapes, None where nothing is taken or given."""

    __slots__ = (
        "checksum",
        "checksum_required",
        "compressions",
        "deprecated",
        "errors",
        "host_prefix",
        "idempotency_tokens",
        "input",
        "input_events",
        "input_ref",
        "input_stream",
        "method",
        "name",
        "output",
        "output_events",
        "output_ref",
        "output_stream",
        "service",
        "status",
        "unsigned",
        "uri",
    )

    def __init__(self, model: Model, name: str, raw: Traits) -> None:
        http = raw["http"]
        self.service: str = model.service
        self.name = name
        self.method: str = http["method"]
        self.uri: str = http["requestUri"]
        #: HTTP status of success
        self.status: int = http.get("responseCode", 200)
        self.input_ref: Traits | None = raw.get("input")
        self.output_ref: Traits | None = raw.get("output")
        self.input: str | None = self.input_ref["shape"] if self.input_ref else None
        self.output: str | None = self.output_ref["shape"] if self.output_ref else None
        self.errors: tuple[str, ...] = tuple(error["shape"] for error in raw.get("errors", ()))
        #: the template of what goes before the host, such as `{AccountId}.`
        self.host_prefix: str | None = raw.get("endpoint", {}).get("hostPrefix")
        #: whether it must work without a signature
        self.unsigned: bool = raw.get("authtype", "").startswith("none")
        #: encodings in which a request's body may arrive
        self.compressions: tuple[str, ...] = tuple(raw.get("requestcompression", {}).get("encodings", ()))
        #: botocore's `httpChecksum` trait
        self.checksum: Traits = raw.get("httpChecksum", {})
        #: whether a request must carry a checksum of some kind
        self.checksum_required: bool = bool(
            raw.get("httpChecksumRequired") or self.checksum.get("requestChecksumRequired")
        )
        self.deprecated: bool = bool(raw.get("deprecated"))
        #: the member that carries a body too large to hold, or None
        self.input_stream = _streaming(model, self.input)
        self.output_stream = _streaming(model, self.output)
        #: the member that is a stream of events, or None
        self.input_events = _events(model, self.input)
        self.output_events = _events(model, self.output)
        #: top-level members that dispatch fills in when the client leaves them out
        self.idempotency_tokens: tuple[str, ...] = tuple(
            member for member, ref in model.members(self.input).items() if ref.get("idempotencyToken")
        )

    def __repr__(self) -> str:
        return f"<Operation {self.service}:{self.name}>"


class Model:
    """A service's API; `metadata` and `shapes` are botocore's own JSON without its prose."""

    __slots__ = ("_made", "_raw", "metadata", "service", "shapes")

    def __init__(
        self, service: str, metadata: Traits, operations: Mapping[str, Traits], shapes: Mapping[str, Traits]
    ) -> None:
        self.service = service
        self.metadata = metadata
        self.shapes = shapes
        self._raw = operations
        self._made: dict[str, Operation] = {}

    def __repr__(self) -> str:
        return f"<Model {self.service} {self.metadata['apiVersion']}>"

    @property
    def operation_names(self) -> tuple[str, ...]:
        """The names of all operations, in the model's order."""
        return tuple(self._raw)

    def __contains__(self, operation: object) -> bool:
        return operation in self._raw

    def operation(self, name: str) -> Operation:
        """An operation by its name. Raises KeyError for one that the service does not have."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = Operation(self, name, self._raw[name])
        return made

    def operations(self) -> Iterator[Operation]:
        """All operations, in the model's order."""
        for name in self._raw:
            yield self.operation(name)

    def members(self, shape: str | None) -> Mapping[str, Traits]:
        """References to the members of a structure by name; empty for no shape."""
        return self.shapes[shape].get("members", {}) if shape else {}

    def traits(self, ref: Traits) -> dict[str, Any]:
        """What holds at a reference: the shape's traits under the reference's own, and `shape`, its name."""
        return {**self.shapes[ref["shape"]], **ref}


def _streaming(model: Model, shape: str | None) -> str | None:
    if shape is None:
        return None
    payload = model.shapes[shape].get("payload")
    if payload is None:
        return None
    traits = model.traits(model.shapes[shape]["members"][payload])
    return payload if traits["type"] in ("blob", "string") and traits.get("streaming") else None


def _events(model: Model, shape: str | None) -> str | None:
    for name, ref in model.members(shape).items():
        if model.shapes[ref["shape"]].get("eventstream"):
            return name
    return None
