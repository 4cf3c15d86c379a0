"""Every operation of every service, in every protocol that it is spoken in, against botocore on the other side."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import msgspec
import orjson
import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.codec.detect import Target, detect
from fogbank.codec.message import Request, Response
from fogbank.codec.router import router_for
from fogbank.model.index import Entry, index

from .differences import DETECTION, ERRORS, REQUESTS, RESPONSES, ROUTES
from .oracle import Client
from .samples import Samples, difference, plain

Found = tuple[str, str, str, str]

ERROR_TYPE = "x-amzn-errortype"
OF_EVERY_BODY = ("content-type", "content-length")
TABLES = {"request": REQUESTS, "route": ROUTES, "detection": DETECTION, "response": RESPONSES, "error": ERRORS}
SERVICES = sorted(index().entries)


def clients(entry: Entry) -> Iterator[Client]:
    for protocol in entry.protocols:
        # botocore 1.44 has no words for this one; its modelled services list json or cbor besides.
        if protocol in ("json", "rest-json", "rest-xml", "query", "ec2", "smithy-rpc-v2-cbor"):
            yield Client(entry.service, protocol, entry.signing_name)


@pytest.fixture(scope="module", params=SERVICES)
def entry(request: pytest.FixtureRequest) -> Entry:
    return index().entries[request.param]


def with_null(client: Client, operation: Any, request: Request) -> Request | None:
    """The same request with a `null` in it, which is read another way and must come to the same."""
    payload = operation.input_shape and operation.input_shape.serialization.get("payload")
    if "json" not in client.protocol or payload or not request.body.startswith(b"{"):
        return None
    body = request.body[:-1] + (b',"~": null}' if len(request.body) > 2 else b'"~": null}')
    return msgspec.structs.replace(request, body=body)


def problems_of_request(client: Client, entry: Entry, name: str, *, is_full: bool) -> Iterator[tuple[str, str]]:
    operation = client.model.operation_model(name)
    shape = operation.input_shape
    sample = Samples(is_full=is_full, is_input=True).of(shape) if shape else {}
    request = client.request(sample, operation)
    parsed = codec_for(entry.service, client.protocol, name).parse(request)
    _without_defaults(shape, sample, parsed)
    found = difference(plain(sample), parsed)
    if found:
        yield "request", found
    again = with_null(client, operation, request)
    if again is not None and difference(plain(parsed), codec_for(entry.service, client.protocol, name).parse(again)):
        yield "request", "the walk and msgspec do not read the same"
    if client.protocol.startswith("rest-"):
        routed = router_for(entry.service).match(request)
        if routed != name:
            yield "route", f"{request.method} {request.path}?{request.query[:60]} goes to {routed}"
    detected = detect(request)
    if detected != Target(entry.service, client.protocol, name):
        yield "detection", f"is taken for {detected.service} {detected.protocol} {detected.operation}"


def _without_defaults(shape: Any, sample: dict[str, Any], parsed: dict[str, Any]) -> None:
    """HTTP always has a status, and a body a length: members bound to these are there though nobody gave them."""
    for name, member in shape.members.items() if shape else ():
        at = member.serialization
        is_always_there = at.get("location") == "statusCode" or at.get("name", "").lower() in OF_EVERY_BODY
        is_empty_map = at.get("location") == "headers" and parsed.get(name) == {}
        if name not in sample and (is_always_there or is_empty_map):
            parsed.pop(name, None)


def unexpected(entry: Entry, found: list[Found], kinds: Iterable[str]) -> list[str]:
    """What is not in the lists of known differences, and what is there although nothing differs any more."""
    new = [
        f"{entry.service}:{name} {kind} in {protocol}: {text}"
        for kind, protocol, name, text in found
        if (entry.service, name) not in TABLES[kind] and (entry.service, "*") not in TABLES[kind]
    ]
    names = {(kind, name) for kind, _, name, _ in found} | {(kind, "*") for kind, _, _, _ in found}
    known = [(kind, name) for kind in kinds for service, name in TABLES[kind] if service == entry.service]
    return new + [f"{entry.service}:{name} {kind} differs no more" for kind, name in known if (kind, name) not in names]


def test_requests_are_read_and_routed(entry: Entry) -> None:
    found: list[Found] = []
    for client in clients(entry):
        for name in client.model.operation_names:
            for is_full in (True, False):
                problems = problems_of_request(client, entry, name, is_full=is_full)
                found += [(kind, client.protocol, name, text) for kind, text in problems]
    assert unexpected(entry, found, ("request", "route", "detection")) == []


async def _all(body: AsyncIterator[bytes]) -> bytes:
    return b"".join([part async for part in body])


async def _events(samples: list[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    for one in samples:
        yield one


def event_samples(operation: Any) -> tuple[str, list[dict[str, Any]]] | None:
    shape = operation.output_shape
    name = shape.event_stream_name if shape else None
    if name is None:
        return None
    members = shape.members[name].members
    made = [
        {key: Samples(is_full=True, is_input=False).of(one)}
        for key, one in members.items()
        if not one.metadata.get("exception")
    ]
    return name, made


def problems_of_response(client: Client, entry: Entry, name: str, *, is_full: bool) -> str:
    operation = client.model.operation_model(name)
    shape = operation.output_shape
    sample = Samples(is_full=is_full, is_input=False).of(shape) if shape else {}
    codec = codec_for(entry.service, client.protocol, name, is_strict=True)
    streamed = event_samples(operation)
    payload = shape.serialization.get("payload") if shape else None
    is_raw = streamed is not None or (payload is not None and shape.members[payload].type_name in ("blob", "string"))
    if streamed is not None:
        sample = {**sample, streamed[0]: _events(streamed[1])}
    response = codec.write(sample, "rid-1")
    if "json" in client.protocol and not is_raw and response.body:
        again = codec_for(entry.service, client.protocol, name).write({**sample, "~": None}, "rid-1")
        if orjson.loads(again.body) != orjson.loads(response.body):
            return "the walk and orjson do not write the same"
    if not isinstance(response.body, bytes):
        response.body = asyncio.run(_all(response.body))
    parsed = client.parsed(response, shape, name, is_raw=is_raw)
    metadata = parsed.pop("ResponseMetadata", {})
    if streamed is not None:
        sample[streamed[0]], parsed[streamed[0]] = streamed[1], list(parsed[streamed[0]])
    elif is_raw:
        _unwrap(parsed, sample, payload)
    _without_defaults(shape, sample, parsed)
    # botocore does not look for it where a cbor operation gives nothing.
    if metadata.get("RequestId") != "rid-1" and not (shape is None and client.protocol == "smithy-rpc-v2-cbor"):
        return f"the request id is lost: {metadata}"
    return difference(plain(sample), plain(parsed))


def _unwrap(parsed: dict[str, Any], sample: dict[str, Any], payload: str) -> None:
    data = parsed[payload].data
    if payload in sample:
        parsed[payload] = data.decode() if isinstance(sample[payload], str) else data
    elif not data:
        del parsed[payload]


def test_responses_are_understood(entry: Entry) -> None:
    found: list[Found] = []
    for client in clients(entry):
        for name in client.model.operation_names:
            for is_full in (True, False):
                text = problems_of_response(client, entry, name, is_full=is_full)
                if text:
                    found.append(("response", client.protocol, name, text))
    assert unexpected(entry, found, ("response",)) == []


def wire_code(client: Client, entry: Entry, shape: Any) -> str:
    error = shape.metadata.get("error", {})
    if client.protocol in ("query", "ec2", "rest-xml") or "awsQueryCompatible" in client.model.metadata:
        code: str = error.get("code", shape.name)
        return code
    name: str = shape.name
    return name


def problems_of_error(client: Client, entry: Entry, shape: Any, response: Response, sample: dict[str, Any]) -> str:
    parsed = client.parsed(response, None, "Any")
    said = parsed["Error"]
    expected = {"Code": wire_code(client, entry, shape), "Message": "why <&> not"}
    if entry.service == "sqs":
        expected["Code"] = said["Code"]
    found = difference(expected, {key: said.get(key) for key in expected})
    if found or parsed["ResponseMetadata"].get("RequestId") != "rid-1":
        return found or f"the request id is lost: {parsed}"
    modelled = client.parsed(response, shape, "Any")
    modelled.pop("ResponseMetadata", None)
    told = {key for key, member in shape.members.items() if member.serialization.get("name", "").lower() == ERROR_TYPE}
    told |= {key for key in sample if key.lower() in ("message", "code")}
    wanted = {key: value for key, value in plain(sample).items() if key not in told}
    return difference(wanted, {key: value for key, value in plain(modelled).items() if key in wanted})


def test_errors_are_understood(entry: Entry) -> None:
    found: list[Found] = []
    for client in clients(entry):
        for shape in client.model.error_shapes:
            sample = Samples(is_full=True, is_input=False).of(shape)
            members = {key: value for key, value in sample.items() if key.lower() != "message"}
            error = AwsError(shape.name, "why <&> not")
            error.members = members
            operation = next(iter(client.model.operation_names))
            codec = codec_for(entry.service, client.protocol, operation)
            if codec.operation.method == "HEAD":
                continue
            text = problems_of_error(client, entry, shape, codec.write_error(error, "rid-1"), sample)
            if text:
                found.append(("error", client.protocol, shape.name, text))
    assert unexpected(entry, found, ("error",)) == []
