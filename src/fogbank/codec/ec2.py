"""The ec2 protocol: query's form parameters with its own names, and XML without wrappers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from fogbank.aws.errors import AwsError
from fogbank.codec import timestamps
from fogbank.codec.errors import identity_headers, refusal
from fogbank.codec.message import Request, Response
from fogbank.codec.query import form_parser, xml_response
from fogbank.codec.xml import HEAD, XmlWriter, escaped
from fogbank.model.load import load
from fogbank.model.operation import Model, Operation

_NOT_IN_XML = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|%(?:0[0-8BCEF]|1[0-9A-F]|EF%BF%B[EF])", re.IGNORECASE)
"""Control characters and the two that are none, as forms have them."""


def _invalid(reason: str) -> AwsError:
    return AwsError("InvalidParameterValue", reason)


def request_parser(model: Model, operation: Operation) -> Callable[[Request], dict[str, Any]]:
    """From a request of the ec2 protocol to its parameters. Raises AwsError InvalidParameterValue, InvalidCharacter."""
    parse = form_parser(model, operation, _invalid, is_ec2=True)

    def parse_readable(request: Request) -> dict[str, Any]:
        # What XML cannot carry must not be remembered: every answer that tells it would be unreadable.
        if _NOT_IN_XML.search(request.body) or _NOT_IN_XML.search(request.query.encode("utf-8", "replace")):
            raise AwsError("InvalidCharacter", "A specified character is invalid.")
        return parse(request)

    return parse_readable


def _namespace(model: Model) -> str:
    return f"http://ec2.amazonaws.com/doc/{model.metadata['apiVersion']}/"


def response_writer(model: Model, operation: Operation) -> Callable[[Mapping[str, Any], str], Response]:
    """From a result to a response of the ec2 protocol."""
    children = XmlWriter(model, timestamps.iso_milliseconds).members(model.members(operation.output))
    start = f'{HEAD}<{operation.name}Response xmlns="{_namespace(model)}"><requestId>'
    end = f"</{operation.name}Response>"

    def write(result: Mapping[str, Any], request_id: str) -> Response:
        out = [start, request_id, "</requestId>"]
        children(result, out.append)
        out.append(end)
        return xml_response(200, request_id, "".join(out), "text/xml;charset=UTF-8")

    return write


def write_error(error: AwsError, request_id: str, service: str | None) -> Response:
    """An error in the ec2 protocol; EC2 models no errors, so code and message are all there is."""
    said = refusal(error, load("ec2").service if service is None else service, "ec2")
    text = (
        f"{HEAD}<Response><Errors><Error><Code>{escaped(said.query_code)}</Code>"
        f"<Message>{escaped(said.message)}</Message></Error></Errors>"
        f"<RequestID>{escaped(request_id)}</RequestID></Response>"
    )
    headers = [*identity_headers(request_id, service), ("content-type", "text/xml;charset=UTF-8")]
    return Response(said.status, headers, text.encode("utf-8", "replace"))
