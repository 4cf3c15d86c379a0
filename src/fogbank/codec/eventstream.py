"""The application/vnd.amazon.eventstream framing, and writers of event streams driven by the model.

The format is that of https://smithy.io/2.0/aws/amazon-eventstream.html.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import cbor2

from fogbank.aws.errors import AwsError
from fogbank.codec import timestamps
from fogbank.codec.cbor import CborWriter
from fogbank.codec.json import Writer, body_writer, dumped
from fogbank.codec.timestamps import seconds_of
from fogbank.codec.xml import XmlWriter
from fogbank.model.operation import Model, Operation, Traits

HeaderValue = bool | int | bytes | str | datetime | UUID
WriteEvents = Callable[[AsyncIterator[Mapping[str, Any]]], AsyncIterator[bytes]]

_PRELUDE = struct.Struct(">II")
_CRC = struct.Struct(">I")
_SIZED = struct.Struct(">H")
_INTEGERS = ((2, ">b", 2**7), (3, ">h", 2**15), (4, ">i", 2**31), (5, ">q", 2**63))


def _header(name: str, value: HeaderValue) -> bytes:
    encoded = name.encode()
    return bytes((len(encoded),)) + encoded + _header_value(value)


def _header_value(value: HeaderValue) -> bytes:
    if isinstance(value, bool):
        return b"\x00" if value else b"\x01"
    if isinstance(value, int):
        for kind, form, bound in _INTEGERS:
            if -bound <= value < bound:
                return bytes((kind,)) + struct.pack(form, value)
        raise ValueError(f"a header cannot hold {value}")
    if isinstance(value, datetime):
        return b"\x08" + struct.pack(">q", round(seconds_of(value) * 1000))
    if isinstance(value, UUID):
        return b"\x09" + value.bytes
    sign, encoded = (b"\x07", value.encode()) if isinstance(value, str) else (b"\x06", bytes(value))
    return sign + _SIZED.pack(len(encoded)) + encoded


def write_event(headers: Mapping[str, HeaderValue], payload: bytes = b"") -> bytes:
    """One message with its two checksums. Integers take the smallest type that holds them; str, bytes, bool, datetime
    and UUID are types of their own. Raises ValueError for an integer beyond 64 bits."""
    return frame(b"".join(_header(name, value) for name, value in headers.items()), payload)


def frame(encoded_headers: bytes, payload: bytes) -> bytes:
    """One message of headers that are encoded already."""
    prelude = _PRELUDE.pack(16 + len(encoded_headers) + len(payload), len(encoded_headers))
    message = b"".join((prelude, _CRC.pack(zlib.crc32(prelude)), encoded_headers, payload))
    return message + _CRC.pack(zlib.crc32(message))


def _typed_header(name: str, kind: str, value: Any) -> bytes:
    """A header whose type is the model's, whatever the size of its value."""
    encoded = name.encode()
    start = bytes((len(encoded),)) + encoded
    if kind == "integer":
        return start + b"\x04" + struct.pack(">i", value)
    if kind == "long":
        return start + b"\x05" + struct.pack(">q", value)
    if kind == "timestamp":
        return start + b"\x08" + struct.pack(">q", round(seconds_of(value) * 1000))
    return start + _header_value(value)


class _Payloads:
    """How the protocols write the payload of an event."""

    def __init__(self, protocol: str) -> None:
        self.content_type = {
            "json": "application/json",
            "rest-json": "application/json",
            "rest-xml": "text/xml",
            "smithy-rpc-v2-cbor": "application/cbor",
        }[protocol]

    def of_members(self, model: Model, shape: str, refs: Mapping[str, Traits]) -> Callable[[Mapping[str, Any]], bytes]:
        """The members of a structure as one document."""
        if self.content_type == "application/json":
            return body_writer(model, refs)
        if self.content_type == "application/cbor":
            walk = CborWriter(model).members(refs)
            return lambda value: cbor2.dumps(walk(value))
        children = XmlWriter(model, timestamps.iso_milliseconds).members(refs)

        def write(value: Mapping[str, Any]) -> bytes:
            out = [f"<{shape}>"]
            children(value, out.append)
            out.append(f"</{shape}>")
            return "".join(out).encode()

        return write

    def of_member(self, model: Model, name: str, ref: Traits) -> tuple[str, Callable[[Any], bytes]]:
        """The member that is the whole payload, with its content type."""
        kind = model.traits(ref)["type"]
        if kind == "blob":
            return "application/octet-stream", bytes
        if kind == "string":
            return "text/plain", str.encode
        if self.content_type == "application/json":
            convert = Writer(model).of(ref)
            return self.content_type, lambda value: dumped(convert(value))
        if self.content_type == "application/cbor":
            tagged = CborWriter(model).of(ref)
            return self.content_type, lambda value: cbor2.dumps(tagged(value))
        element = XmlWriter(model, timestamps.iso_milliseconds).of(ref, name)

        def write(value: Any) -> bytes:
            out: list[str] = []
            element(value, out.append)
            return "".join(out).encode()

        return self.content_type, write


def _event(model: Model, payloads: _Payloads, name: str, ref: Traits) -> Callable[[Mapping[str, Any]], bytes]:
    """The writer of one kind of event."""
    shape = model.shapes[ref["shape"]]
    if shape.get("exception"):
        start = _header(":message-type", "exception") + _header(":exception-type", name)
    else:
        start = _header(":message-type", "event") + _header(":event-type", name)
    headers = {key: model.traits(one)["type"] for key, one in shape["members"].items() if one.get("eventheader")}
    whole = next((key for key, one in shape["members"].items() if one.get("eventpayload")), None)
    rest = {key: one for key, one in shape["members"].items() if key not in headers}
    if whole is not None:
        content_type, write_whole = payloads.of_member(model, whole, shape["members"][whole])
        start += _header(":content-type", content_type)
    elif rest:
        start += _header(":content-type", payloads.content_type)
    write_rest = payloads.of_members(model, ref["shape"], rest)

    def write(value: Mapping[str, Any]) -> bytes:
        encoded = start + b"".join(
            _typed_header(key, kind, value[key]) for key, kind in headers.items() if value.get(key) is not None
        )
        if whole is not None:
            return frame(encoded, write_whole(value[whole]) if value.get(whole) is not None else b"")
        if not rest:
            return frame(encoded, b"")
        return frame(encoded, write_rest({key: one for key, one in value.items() if key in rest}))

    return write


def event_writer(model: Model, operation: Operation, ref: Traits, protocol: str) -> WriteEvents:
    """From an iterator of events, each a dict of one member of the stream's union, to an iterator of messages.

    An AwsError that the iterator raises is the stream's last message: an exception that the stream models, or an error.
    """
    payloads = _Payloads(protocol)
    writers = {name: _event(model, payloads, name, one) for name, one in model.members(ref["shape"]).items()}

    async def write(events: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[bytes]:
        try:
            async for event in events:
                [(name, value)] = event.items()
                yield writers[name](value)
        except AwsError as error:
            if error.code in writers:
                yield writers[error.code]({"message": error.message, "Message": error.message, **error.members})
            else:
                said = {":message-type": "error", ":error-code": error.code, ":error-message": error.message}
                yield write_event(said)

    return write


def initial_response_writer(
    model: Model, operation: Operation, protocol: str
) -> Callable[[Mapping[str, Any]], AsyncIterator[bytes]]:
    """In the RPC protocols a stream begins with the other members of the output, as an event of their own."""
    events = operation.output_events or ""
    refs = model.members(operation.output)
    payloads = _Payloads(protocol)
    rest = {name: ref for name, ref in refs.items() if name != events}
    write_rest = payloads.of_members(model, operation.output or "", rest)
    write_events = event_writer(model, operation, refs[events], protocol)
    start = _header(":message-type", "event") + _header(":event-type", "initial-response")
    start += _header(":content-type", payloads.content_type)

    async def write(result: Mapping[str, Any]) -> AsyncIterator[bytes]:
        yield frame(start, write_rest({name: value for name, value in result.items() if name in rest}))
        async for message in write_events(result[events]):
            yield message

    return write
