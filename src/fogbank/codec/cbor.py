"""The smithy-rpc-v2-cbor protocol, by cbor2."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import cbor2

from fogbank.aws.errors import AwsError
from fogbank.codec.errors import error_members, identity_headers, is_query_compatible, refusal
from fogbank.codec.json import Convert, Reader, Writer, absolute_name, refuse
from fogbank.codec.message import Request, Response
from fogbank.codec.timestamps import seconds_of
from fogbank.model.load import load
from fogbank.model.operation import Model, Operation, Traits

_HEADERS = (("smithy-protocol", "rpc-v2-cbor"), ("content-type", "application/cbor"))


class CborReader(Reader):
    """As JSON's reader, but CBOR has bytes, tagged times and all floats of its own; members keep their own names."""

    __slots__ = ()

    def wire_name(self, name: str, ref: Traits) -> str:
        """What a member is called in a body."""
        return name

    def _map(self, traits: Traits) -> Convert:
        read = super()._map(traits)

        def read_by_text(value: Any) -> dict[str, Any]:
            found: dict[str, Any] = read(value)
            return found if all(type(key) is str for key in found) else refuse("The keys of a map must be text")

        return read_by_text

    def _blob(self, traits: Traits) -> Convert:
        return lambda value: value if type(value) is bytes else refuse("A byte string was expected")

    def _timestamp(self, traits: Traits) -> Convert:
        def read(value: Any) -> float:
            if isinstance(value, datetime):
                return float(seconds_of(value))
            return float(value) if type(value) in (int, float) else refuse("An epoch-based date was expected")

        return read

    def _float(self, traits: Traits) -> Convert:
        return lambda value: float(value) if type(value) in (int, float) else refuse("A number was expected")

    _double = _float


class CborWriter(Writer):
    """As JSON's writer, but times are tagged, and floats stay floats whatever they are."""

    __slots__ = ()

    def wire_name(self, name: str, ref: Traits) -> str:
        """What a member is called in a body."""
        return name

    def _timestamp(self, traits: Traits) -> Convert:
        return lambda value: cbor2.CBORTag(1, seconds_of(value))

    def _float(self, traits: Traits) -> Convert:
        return float

    _double = _float


def decoded(body: bytes) -> Any:
    """A CBOR data item. Raises AwsError SerializationException when it is none, or nested too deeply."""
    try:
        return cbor2.loads(body)
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
        refuse(f"Unable to parse the request's body as CBOR: {str(error)[:200]}")


def request_parser(model: Model, operation: Operation) -> Callable[[Request], dict[str, Any]]:
    """From a request of the cbor protocol to its parameters. Raises AwsError SerializationException."""
    refs = {name: ref for name, ref in model.members(operation.input).items() if name != operation.input_events}
    read = CborReader(model).members(refs)

    def parse(request: Request) -> dict[str, Any]:
        if not request.body:
            return {}
        try:
            result: dict[str, Any] = read(decoded(request.body))
        except RecursionError:
            refuse("The request's body is nested too deeply")
        return result

    return parse


def response_writer(model: Model, operation: Operation) -> Callable[[Mapping[str, Any], str], Response]:
    """From a result to a response of the cbor protocol."""
    walk = CborWriter(model).members(model.members(operation.output))

    def write(result: Mapping[str, Any], request_id: str) -> Response:
        return Response(200, [("x-amzn-requestid", request_id), *_HEADERS], cbor2.dumps(walk(result)))

    return write


def write_error(error: AwsError, request_id: str, service: str | None) -> Response:
    """An error in the cbor protocol."""
    said = refusal(error, service, "smithy-rpc-v2-cbor")
    model = load(service) if service else None
    members = error_members(model, said)
    if model is not None and said.shape is not None:
        refs = {name: model.members(said.shape)[name] for name in members}
        members = CborWriter(model).members(refs)(members)
    name = absolute_name(said.name, said.shape, service)
    headers = [*identity_headers(request_id, service), *_HEADERS]
    if is_query_compatible(service):
        headers.append(("x-amzn-query-error", f"{said.query_code};{'Sender' if said.sender else 'Receiver'}"))
    body = cbor2.dumps({**members, "__type": name, said.message_key: said.message})
    return Response(said.status, headers, body)
