"""The rest-json protocol: JSON bodies in REST requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.codec import rest
from fogbank.codec.errors import Refusal, error_members, identity_headers, refusal
from fogbank.codec.json import Reader, Writer, body_parser, body_writer, decoded, dumped, error_body
from fogbank.codec.message import Request, Response
from fogbank.model.load import load
from fogbank.model.operation import Model, Operation, Traits


def _reader(
    model: Model, operation: Operation, refs: Mapping[str, Traits], payload: Traits | None
) -> Callable[[bytes], Any]:
    if payload is None:
        return body_parser(model, operation.input or "Nothing", refs)
    traits = model.traits(payload)
    if traits["type"] == "structure" and not traits.get("document"):
        return body_parser(model, payload["shape"], traits["members"], union=bool(traits.get("union")))
    read = Reader(model).of(payload)
    return lambda body: read(decoded(body))


def _writer(
    model: Model, operation: Operation, refs: Mapping[str, Traits], payload: Traits | None
) -> Callable[[Any], bytes]:
    if payload is not None:
        convert = Writer(model).of(payload)
        return lambda value: dumped(convert(value))
    write = body_writer(model, refs)
    elsewhere = frozenset(model.members(operation.output)) - frozenset(refs)
    if not elsewhere:
        return write
    return lambda result: write({name: value for name, value in result.items() if name not in elsewhere})


def _refuse(model: Model, reason: str) -> AwsError:
    return AwsError("SerializationException", reason)


_BODIES = rest.Bodies("rest-json", "application/json", _reader, _writer, _refuse)


def request_parser(model: Model, operation: Operation) -> Callable[[Request], dict[str, Any]]:
    """From a request of the rest-json protocol to its parameters. Raises AwsError SerializationException."""
    return rest.request_parser(model, operation, _BODIES)


def response_writer(model: Model, operation: Operation) -> Callable[[Mapping[str, Any], str], Response]:
    """From a result to a response of the rest-json protocol."""
    return rest.response_writer(model, operation, _BODIES)


def _is_its_name(model: Model | None, said: Refusal, member: str) -> bool:
    if model is None or said.shape is None:
        return False
    wire: str = model.traits(model.members(said.shape)[member]).get("locationName", "")
    return wire.lower() == "x-amzn-errortype"


def write_error(error: AwsError, request_id: str, service: str | None) -> Response:
    """An error in the rest-json protocol: its name in a header, its members in the body."""
    said = refusal(error, service, "rest-json")
    model = load(service) if service else None
    # Some shapes model the header that carries the error's name.
    members = {name: value for name, value in error_members(model, said).items() if not _is_its_name(model, said, name)}
    headers = [
        *identity_headers(request_id, service),
        ("content-type", "application/json"),
        ("x-amzn-errortype", said.name),
    ]
    if model is not None and said.shape is not None:
        rest.header_writer(model, said.shape)(members, headers)
        refs = model.members(said.shape)
        members = {name: value for name, value in members.items() if "location" not in refs[name]}
    return Response(said.status, headers, error_body(model, said.shape, {said.message_key: said.message}, members))
