"""JSON bodies and the json protocol: msgspec in, orjson out, and a strict walk where neither is enough."""

from __future__ import annotations

import base64
import binascii
import math
import types
import zlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, NoReturn, TypedDict

import msgspec
import orjson

from fogbank.aws.errors import AwsError
from fogbank.codec import timestamps
from fogbank.codec.errors import error_members, identity_headers, is_query_compatible, refusal
from fogbank.codec.message import Request, Response
from fogbank.codec.timestamps import seconds_of
from fogbank.model.load import load
from fogbank.model.operation import Model, Operation, Traits

Convert = Callable[[Any], Any]

_BOUNDS = {"integer": 2**31, "long": 2**63}
_SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_TYPES: dict[str, Any] = {
    "string": str,
    "character": str,
    "boolean": bool,
    "integer": Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)],
    "long": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    "float": float,
    "double": float,
    "timestamp": float,
    "blob": bytes,
}


def refuse(message: str) -> NoReturn:
    """Say that a body cannot be read, as AWS's own JSON services do. Raises AwsError, always."""
    raise AwsError("SerializationException", message)


def _mismatch(value: Any, wanted: str) -> NoReturn:
    if isinstance(value, dict):
        refuse("Start of structure or map found where not expected.")
    if isinstance(value, list):
        refuse("Start of list found where not expected")
    kind = {True: "TRUE_VALUE", False: "FALSE_VALUE"}[value] if isinstance(value, bool) else None
    kind = kind or ("STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE" if value is not None else "NULL_VALUE")
    refuse(f"{kind} can not be converted to {wanted}")


class Reader:
    """Closures from decoded JSON to parameters, compiled once for each shape of a model.

    A closure refuses what has the wrong type, drops unknown members and `null`, and turns blobs into bytes and times
    into seconds. `null` stays None within lists and maps: there it is the validator's to judge.
    """

    __slots__ = ("_made", "_model")

    def __init__(self, model: Model) -> None:
        self._model = model
        self._made: dict[tuple[str, str | None], Convert] = {}

    def of(self, ref: Traits) -> Convert:
        """The closure for a reference to a shape."""
        traits = self._model.traits(ref)
        key = (ref["shape"], traits.get("timestampFormat"))
        made = self._made.get(key)
        if made is None:
            if traits["type"] in ("structure", "list", "map"):
                # A recursive shape finds this forward reference while it is being compiled.
                self._made[key] = lambda value: self._made[key](value)
            made = self._made[key] = getattr(self, "_" + traits["type"])(traits)
        return made

    def members(self, refs: Mapping[str, Traits], *, union: bool = False) -> Convert:
        """The closure for a structure of these members, by the names that they have on the wire."""
        plan: dict[str, tuple[str, Convert]] = {}
        for name, ref in refs.items():
            plan[self.wire_name(name, ref)] = (name, self.of(ref))
        look = plan.get

        def structure(value: Any) -> dict[str, Any]:
            if type(value) is not dict:
                _mismatch(value, "a structure")
            result = {}
            for key, item in value.items():
                if item is not None:
                    known = look(key)
                    if known is not None:
                        result[known[0]] = known[1](item)
            if union and len(result) != 1:
                refuse("Unions must have exactly one member set.")
            return result

        return structure

    def wire_name(self, name: str, ref: Traits) -> str:
        """What a member is called in a body."""
        wire: str = self._model.traits(ref).get("locationName", name)
        return wire

    def _structure(self, traits: Traits) -> Convert:
        if traits.get("document"):
            return lambda value: value
        return self.members(traits["members"], union=bool(traits.get("union")))

    def _list(self, traits: Traits) -> Convert:
        convert = self.of(traits["member"])

        def read(value: Any) -> list[Any]:
            if type(value) is not list:
                if isinstance(value, dict):
                    refuse("Start of structure or map found where not expected.")
                refuse("Expected list or null")
            return [None if item is None else convert(item) for item in value]

        return read

    def _map(self, traits: Traits) -> Convert:
        convert = self.of(traits["value"])

        def read(value: Any) -> dict[str, Any]:
            if type(value) is not dict:
                refuse("Expected map or null")
            return {key: None if item is None else convert(item) for key, item in value.items()}

        return read

    def _string(self, traits: Traits) -> Convert:
        def read(value: Any) -> str:
            return value if type(value) is str else _mismatch(value, "a String")

        return read

    _character = _string

    def _boolean(self, traits: Traits) -> Convert:
        def read(value: Any) -> bool:
            return value if type(value) is bool else _mismatch(value, "a Boolean")

        return read

    def _integer(self, traits: Traits) -> Convert:
        bound = _BOUNDS[traits["type"]]
        wanted = "an Integer" if traits["type"] == "integer" else "a Long"

        def read(value: Any) -> int:
            if type(value) is float and value.is_integer():
                value = int(value)
            if type(value) is not int:
                _mismatch(value, wanted)
            return value if -bound <= value < bound else refuse(f"Numeric value ({value}) out of range of {wanted}")

        return read

    _long = _integer

    def _float(self, traits: Traits) -> Convert:
        def read(value: Any) -> float:
            if type(value) is str and value in _SPECIAL_FLOATS:
                return _SPECIAL_FLOATS[value]
            return float(value) if type(value) in (int, float) else _mismatch(value, "a Double")

        return read

    _double = _float

    def _timestamp(self, traits: Traits) -> Convert:
        def read(value: Any) -> float:
            if type(value) in (int, float):
                return float(value)
            if type(value) is not str:
                _mismatch(value, "a Timestamp")
            try:
                return timestamps.parsed(value)
            except ValueError:
                refuse(f"Unable to parse the timestamp {value!r}")

        return read

    def _blob(self, traits: Traits) -> Convert:
        def read(value: Any) -> bytes:
            if type(value) is not str:
                _mismatch(value, "a Blob")
            try:
                return base64.b64decode(value, validate=True)
            except (binascii.Error, ValueError):
                refuse("Unable to decode a blob: it is not base64")

        return read


class _Typed:
    """Types for msgspec of the shapes whose JSON is already what handlers want to see, but for blobs."""

    __slots__ = ("_made", "_model")

    def __init__(self, model: Model) -> None:
        self._model = model
        self._made: dict[str, Any] = {}

    def members(self, name: str, refs: Mapping[str, Traits]) -> Any:
        """A typed dict of these members, or None when one of them needs the strict walk."""
        kinds = {member: self._type(ref, member) for member, ref in refs.items()}
        return None if None in kinds.values() else _typed_dict(name, kinds)

    def _type(self, ref: Traits, member: str | None = None) -> Any:
        traits = self._model.traits(ref)
        if member is not None and traits.get("locationName", member) != member:
            return None
        kind = traits["type"]
        if kind == "timestamp" and traits.get("timestampFormat", "unixTimestamp").lower() != "unixtimestamp":
            return None
        return _TYPES.get(kind) or self._made.get(ref["shape"]) or self._compound(ref["shape"], traits)

    def _compound(self, name: str, traits: Traits) -> Any:
        if name in self._made:
            return None
        kind = traits["type"]
        if kind in ("list", "map"):
            item: Any = self._type(traits["member" if kind == "list" else "value"])
            if item is None:
                return None
            return types.GenericAlias(list, (item,)) if kind == "list" else types.GenericAlias(dict, (str, item))
        if traits.get("document"):
            return Any
        return None if traits.get("union") or traits.get("eventstream") else self._structure(name, traits)

    def _structure(self, name: str, traits: Traits) -> Any:
        # The type stands in for itself while its members are found, which is how recursion closes.
        made = self._made[name] = _typed_dict(name, dict.fromkeys(traits["members"], Any))
        for member, ref in traits["members"].items():
            kind = self._type(ref, member)
            if kind is None:
                self._made[name] = None
                return None
            made.__annotations__[member] = kind
        return made


def _typed_dict(name: str, kinds: dict[str, Any]) -> Any:
    made = TypedDict(name, dict.fromkeys(kinds, object), total=False)  # type: ignore[misc]
    made.__annotations__.update(kinds)
    return made


def body_parser(model: Model, name: str, refs: Mapping[str, Traits], *, union: bool = False) -> Callable[[bytes], Any]:
    """From the bytes of a JSON object to its members. The closure raises AwsError SerializationException."""
    walk = Reader(model).members(refs, union=union)
    kind = None if union else _Typed(model).members(name, refs)
    decode = msgspec.json.Decoder(kind).decode if kind is not None else None

    def parse(body: bytes) -> Any:
        if not body:
            return {}
        if decode is not None and b"null" not in body:
            try:
                return decode(body)
            except (msgspec.ValidationError, RecursionError):
                pass  # the walk below is more lenient, and words its refusals as AWS does
            except (msgspec.DecodeError, UnicodeDecodeError):
                refuse("Unable to parse the request's body as JSON")
        return walk(decoded(body))

    def guarded(body: bytes) -> Any:
        try:
            return parse(body)
        except RecursionError:
            refuse("The request's body is nested too deeply")

    return guarded


def decoded(body: bytes) -> Any:
    """JSON of any form. Raises AwsError SerializationException when it is none, or nested beyond 1,024."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if "depth" in str(error) or "recursion" in str(error).lower():
            refuse("The request's body is nested too deeply")
        refuse("Unable to parse the request's body as JSON")


class Writer:
    """Closures from results to what orjson can write, compiled once for each shape of a model.

    They rename members, format times, spell NaN, drop None and unknown members; `is_plain` tells the shapes that need
    nothing of this.
    """

    __slots__ = ("_made", "_model", "_plain")

    def __init__(self, model: Model) -> None:
        self._model = model
        self._made: dict[tuple[str, str | None], Convert] = {}
        self._plain: dict[str, bool] = {}

    def is_plain(self, refs: Mapping[str, Traits]) -> bool:
        """Whether members can be written as they are: no other names, no times but seconds."""
        return all(self._is_plain(ref, name) for name, ref in refs.items())

    def _is_plain(self, ref: Traits, name: str | None = None) -> bool:
        traits = self._model.traits(ref)
        if name is not None and traits.get("locationName", name) != name:
            return False
        if traits["type"] == "timestamp":
            return bool(traits.get("timestampFormat", "unixTimestamp").lower() == "unixtimestamp")
        shape: str = ref["shape"]
        if shape not in self._plain:
            self._plain[shape] = True
            self._plain[shape] = self._inside_is_plain(traits)
        return self._plain[shape]

    def _inside_is_plain(self, traits: Traits) -> bool:
        if traits["type"] == "structure":
            return bool(traits.get("document")) or self.is_plain(traits["members"])
        return all(self._is_plain(traits[part]) for part in ("member", "value") if part in traits)

    def of(self, ref: Traits) -> Convert:
        """The closure for a reference to a shape."""
        traits = self._model.traits(ref)
        key = (ref["shape"], traits.get("timestampFormat"))
        made = self._made.get(key)
        if made is None:
            if traits["type"] in ("structure", "list", "map"):
                self._made[key] = lambda value: self._made[key](value)
            made = self._made[key] = getattr(self, "_" + traits["type"], _same)(traits)
        return made

    def members(self, refs: Mapping[str, Traits]) -> Convert:
        """The closure for a structure of these members."""
        plan = {name: (self.wire_name(name, ref), self.of(ref)) for name, ref in refs.items()}
        look = plan.get

        def structure(value: Mapping[str, Any]) -> dict[str, Any]:
            result = {}
            for key, item in value.items():
                if item is not None:
                    known = look(key)
                    if known is not None:
                        result[known[0]] = known[1](item)
            return result

        return structure

    def wire_name(self, name: str, ref: Traits) -> str:
        """What a member is called in a body."""
        wire: str = self._model.traits(ref).get("locationName", name)
        return wire

    def _structure(self, traits: Traits) -> Convert:
        if traits.get("document"):
            return _itself
        return self.members(traits["members"])

    def _list(self, traits: Traits) -> Convert:
        convert = self.of(traits["member"])
        if traits.get("sparse"):
            return lambda value: [None if item is None else convert(item) for item in value]
        return lambda value: [convert(item) for item in value if item is not None]

    def _map(self, traits: Traits) -> Convert:
        convert = self.of(traits["value"])
        if traits.get("sparse"):
            return lambda value: {key: None if item is None else convert(item) for key, item in value.items()}
        return lambda value: {key: convert(item) for key, item in value.items() if item is not None}

    def _timestamp(self, traits: Traits) -> Convert:
        name = traits.get("timestampFormat", "unixTimestamp")
        return seconds_of if name.lower() == "unixtimestamp" else timestamps.text_format(name, timestamps.iso)

    def _float(self, traits: Traits) -> Convert:
        return lambda value: value if math.isfinite(value) else special_float(value)

    _double = _float


def _same(traits: Traits) -> Convert:
    return _itself


def _itself(value: Any) -> Any:
    return value


def special_float(value: float) -> str:
    """`NaN`, `Infinity` or `-Infinity`: what JSON and text have no number for."""
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _hook(value: Any) -> Any:
    if isinstance(value, datetime):
        return seconds_of(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode()
    raise TypeError(f"a result holds a {type(value).__name__}, which no shape can be")


def dumped(value: Any) -> bytes:
    """JSON of plain values, bytes as base64 and datetimes as seconds. Raises TypeError for anything else."""
    return orjson.dumps(value, default=_hook, option=orjson.OPT_PASSTHROUGH_DATETIME)


def body_writer(model: Model, refs: Mapping[str, Traits]) -> Callable[[Mapping[str, Any]], bytes]:
    """From members to the bytes of a JSON object."""
    writer = Writer(model)
    walk = writer.members(refs)
    if not writer.is_plain(refs):
        return lambda result: dumped(walk(result))

    def write(result: Mapping[str, Any]) -> bytes:
        body = dumped(result)
        # Only None, NaN and Infinity can have made a `null`; a text with that word in it costs a second round.
        return dumped(walk(result)) if b"null" in body else body

    return write


def request_parser(model: Model, operation: Operation) -> Callable[[Request], dict[str, Any]]:
    """From a request of the json protocol to its parameters."""
    refs = {name: ref for name, ref in model.members(operation.input).items() if name != operation.input_events}
    parse = body_parser(model, operation.input or "Nothing", refs)
    return lambda request: parse(request.body)


def response_writer(model: Model, operation: Operation) -> Callable[[Mapping[str, Any], str], Response]:
    """From a result to a response of the json protocol."""
    content_type = f"application/x-amz-json-{model.metadata.get('jsonVersion', '1.0')}"
    write_body = body_writer(model, model.members(operation.output))
    with_crc = model.service in ("dynamodb", "dynamodbstreams")

    def write(result: Mapping[str, Any], request_id: str) -> Response:
        body = write_body(result)
        headers = [("x-amzn-requestid", request_id), ("content-type", content_type)]
        if with_crc:
            headers.append(("x-amz-crc32", str(zlib.crc32(body))))
        return Response(200, headers, body)

    return write


def write_error(error: AwsError, request_id: str, service: str | None) -> Response:
    """An error in the json protocol."""
    said = refusal(error, service, "json")
    model = load(service) if service else None
    version = model.metadata.get("jsonVersion", "1.1") if model else "1.1"
    body = {"__type": absolute_name(said.name, said.shape, service) if version == "1.0" else said.name}
    body[said.message_key] = said.message
    encoded = error_body(model, said.shape, body, error_members(model, said))
    headers = [*identity_headers(request_id, service), ("content-type", f"application/x-amz-json-{version}")]
    if is_query_compatible(service):
        headers.append(("x-amzn-query-error", f"{said.query_code};{'Sender' if said.sender else 'Receiver'}"))
    if service in ("dynamodb", "dynamodbstreams"):
        headers.append(("x-amz-crc32", str(zlib.crc32(encoded))))
    return Response(said.status, headers, encoded)


def error_body(model: Model | None, shape: str | None, start: dict[str, Any], members: dict[str, Any]) -> bytes:
    """The JSON of an error: what all errors say, then the members of its shape."""
    if model is not None and shape is not None:
        refs = {name: model.members(shape)[name] for name in members}
        members = Writer(model).members(refs)(members)
    return dumped({**members, **start})


def absolute_name(name: str, shape: str | None, service: str | None) -> str:
    """An error's name with its namespace, as JSON 1.0 and cbor services give it."""
    if name == "ValidationException" and (shape is None or service == "dynamodb"):
        return f"com.amazon.coral.validate#{name}"
    if shape is None or service is None:
        return f"com.amazon.coral.service#{name}"
    namespace = "dynamodb.v20120810" if service == "dynamodb" else service.replace("-", "")
    return f"com.amazonaws.{namespace}#{name}"
