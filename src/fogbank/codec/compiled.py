"""The codec of an operation: from a request's bytes to parameters, and from a result or an error to a response."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.codec.content import without_content_coding
from fogbank.codec.eventstream import initial_response_writer
from fogbank.codec.leaks import leaks
from fogbank.codec.message import Request, Response
from fogbank.codec.rest import one_line
from fogbank.model.load import load
from fogbank.model.operation import Model, Operation

Parse = Callable[[Request], dict[str, Any]]
Write = Callable[[Mapping[str, Any], str], Response]

#: botocore's names of the wire protocols, and the module that speaks each.
PROTOCOLS = {
    "json": "json",
    "rest-json": "rest_json",
    "rest-xml": "rest_xml",
    "query": "query",
    "ec2": "ec2",
    "smithy-rpc-v2-cbor": "cbor",
}


def _speaker(protocol: str) -> ModuleType:
    return import_module(f"fogbank.codec.{PROTOCOLS[protocol]}")


class Codec:
    """How one operation is spoken in one protocol; each direction is compiled when it is first used.

    Parameters and results are dicts with AWS's member names. Blobs are bytes (a streamed one may be an asynchronous
    iterator), times are seconds since the epoch (results may hold datetimes too), absent members are absent keys.
    """

    __slots__ = ("_parse", "_write", "is_strict", "operation", "protocol")

    def __init__(self, operation: Operation, protocol: str, *, is_strict: bool = False) -> None:
        self.operation = operation
        self.protocol = protocol
        self.is_strict = is_strict
        self._parse: Parse | None = None
        self._write: Write | None = None

    def __repr__(self) -> str:
        return f"<Codec {self.operation.service}:{self.operation.name} in {self.protocol}>"

    def parse(self, request: Request) -> dict[str, Any]:
        """The parameters of a request. Raises AwsError, in the protocol's own words, for what cannot be read."""
        parse = self._parse
        if parse is None:
            model = load(self.operation.service)
            parse = self._parse = _speaker(self.protocol).request_parser(model, self.operation)
        if "content-encoding" in request.headers and self.operation.compressions:
            request = without_content_coding(request)
        return parse(request)

    def write(self, result: Mapping[str, Any] | None, request_id: str) -> Response:
        """The response that carries a result. A strict codec raises TypeError for what the output's shape lacks."""
        write = self._write
        if write is None:
            model = load(self.operation.service)
            write = self._write = _response_writer(model, self.operation, self.protocol)
        if self.is_strict and result:
            found = leaks(self.operation, result)
            if found:
                raise TypeError(f"{self.operation}: {'; '.join(found)}")
        return write(result or {}, request_id)

    def write_error(self, error: AwsError, request_id: str) -> Response:
        """The response that carries an error."""
        response = write_error(self.protocol, error, request_id, self.operation.service)
        if self.operation.method == "HEAD":
            response.body = b""
        return response


def _response_writer(model: Model, operation: Operation, protocol: str) -> Write:
    if operation.output_events and protocol in ("json", "smithy-rpc-v2-cbor"):
        write_stream = initial_response_writer(model, operation, protocol)
        content_type = ("content-type", "application/vnd.amazon.eventstream")
        more = [("smithy-protocol", "rpc-v2-cbor")] if protocol == "smithy-rpc-v2-cbor" else []
        return lambda result, request_id: Response(
            200, [("x-amzn-requestid", request_id), content_type, *more], write_stream(result)
        )
    made: Write = _speaker(protocol).response_writer(model, operation)
    return made


@cache
def codec_for(service: str, protocol: str, operation: str, *, is_strict: bool = False) -> Codec:
    """The codec of an operation. Raises KeyError for an unknown service, protocol or operation.

    A strict codec, for tests, refuses to write what clients would not see: unknown members, None, wrong types.
    """
    if protocol not in PROTOCOLS:
        raise KeyError(protocol)
    return Codec(load(service).operation(operation), protocol, is_strict=is_strict)


def write_error(protocol: str, error: AwsError, request_id: str, service: str | None) -> Response:
    """An error as a response, also where the operation, or even the service, is not known. Raises KeyError for an
    unknown protocol."""
    response: Response = _speaker(protocol).write_error(error, request_id, service)
    response.headers += [(name, one_line(value)) for name, value in error.headers.items()]
    return response
