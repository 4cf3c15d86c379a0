"""The protocol vectors that AWS's SDKs share: what each says a client sends is read, what we answer is read as it says.

They come with botocore's source package (`make test` fetches it, pinned by its hash, into `build/`).
"""

from __future__ import annotations

import base64
import json
import math
import tarfile
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import ServiceModel
from botocore.parsers import create_parser

from fogbank.codec.compiled import _speaker
from fogbank.codec.message import Request
from fogbank.model.operation import Model

BUILD = Path(__file__).resolve().parents[2] / "build"
FOLDER = "tests/unit/protocols"
PROTOCOLS = ("query", "ec2", "json", "json_1_0", "rest-json", "rest-xml", "smithy-rpc-v2-cbor")

_LEFT_OUT = "what a client leaves out cannot be read"
_COMPRESSED = "the vector holds no body: it is about the client's compression"
_FILLED_IN = "the vector is about a token that the client fills in"
_NAMED_TOO = "parameters with a name of their own are left out of the map of all parameters"
_ONE_NAME = "two flattened lists share one element name: what is written cannot be told apart"
_NO_PARSER = "botocore does not take such a list of headers apart"
DIFFERENCES = {
    "RestJsonNullAndEmptyHeaders": _LEFT_OUT,
    "NullAndEmptyHeaders": _LEFT_OUT,
    "RestJsonOmitsEmptyListQueryValues": _LEFT_OUT,
    "QueryEmptyQueryMaps": _LEFT_OUT,
    "Ec2EmptyQueryLists": _LEFT_OUT,
    "RestJsonHttpPrefixHeadersAreNotPresent": _LEFT_OUT,
    "HttpPrefixHeadersAreNotPresent": _LEFT_OUT,
    "RestJsonAllQueryStringTypes": _NAMED_TOO,
    "RestJsonQueryStringEscaping": _NAMED_TOO,
    "RestJsonSupportsNaNFloatQueryValues": _NAMED_TOO,
    "RestJsonSupportsInfinityFloatQueryValues": _NAMED_TOO,
    "RestJsonSupportsNegativeInfinityFloatQueryValues": _NAMED_TOO,
    "RestJsonZeroAndFalseQueryValues": _NAMED_TOO,
    "RestJsonQueryPrecedence": _NAMED_TOO,
    "RestXmlQueryPrecedence": _NAMED_TOO,
    "MediaTypeHeaderInputBase64": "a JSON header is handed on as its value, not as its text",
    "RestJsonHttpWithEmptyStructurePayload": "an empty payload is an empty structure, not an absent one",
    "RestJsonHttpWithHeadersButNoPayload": "an empty payload is an empty structure, not an absent one",
    "BodyWithXmlName": "a name that a shape has of its own is taken for its element everywhere, as ec2 means it",
    "QueryXmlLists": _ONE_NAME,
    "Ec2XmlLists": _ONE_NAME,
    "XmlLists": _ONE_NAME,
    "RestJsonHttpPayloadTraitsWithNoBlobBody": "botocore reads no body as an empty one",
    "HttpPayloadTraitsWithNoBlobBody": "botocore reads no body as an empty one",
    "RestJsonHttpPayloadWithUnsetUnion": "botocore refuses a union without a member",
    "RestXmlHttpPayloadWithUnsetUnion": "botocore refuses a union without a member",
    "HttpPrefixHeadersResponse": "a prefix of nothing takes in the headers of every answer",
    "RestJsonInputAndOutputWithQuotedStringHeaders": _NO_PARSER,
    "RestJsonInputAndOutputWithTimestampHeaders": _NO_PARSER,
    "InputAndOutputWithTimestampHeaders": _NO_PARSER,
    "IgnoreQueryParamsInResponse": "a member that a response has no place for is not written",
}
_DIFFERENT_KINDS = {"SDKAppl": _COMPRESSED, "SDKAppend": _COMPRESSED, "IdempotencyTokenAutoFill": _FILLED_IN}


def difference(vector_id: str) -> str:
    """Why a vector does not hold here, empty for those that do."""
    kinds = (why for part, why in _DIFFERENT_KINDS.items() if part in vector_id)
    return DIFFERENCES.get(vector_id) or next(kinds, "")


class Vector(NamedTuple):
    id: str
    protocol: str
    suite: dict[str, Any]
    case: dict[str, Any]

    @property
    def given(self) -> dict[str, Any]:
        """The operation; in query form with the wrapper that every modelled one has."""
        given: dict[str, Any] = self.case["given"]
        if self.protocol != "query" or "output" not in given:
            return given
        return {**given, "output": {"resultWrapper": f"{given['name']}Result", **given["output"]}}

    def model(self) -> Model:
        given = self.given
        return Model("iam", self.suite["metadata"], {given["name"]: given}, self.suite["shapes"])


@cache
def archive() -> Path | None:
    return next(iter(sorted(BUILD.glob("botocore-*.tar.gz"))), None)


@cache
def vectors(direction: str) -> list[Vector]:
    """Every vector of a direction, but those that botocore's own tests leave out by name."""
    path = archive()
    if path is None:
        return []
    found = []
    with tarfile.open(path) as files:
        root = path.name.removesuffix(".tar.gz")

        def read(name: str) -> Any:
            member = files.extractfile(f"{root}/{FOLDER}/{name}")
            assert member is not None
            return json.load(member)

        for protocol in PROTOCOLS:
            for suite in read(f"{direction}/{protocol}.json"):
                for case in suite["cases"]:
                    found.append(Vector(case["id"], suite["metadata"]["protocol"], suite, case))
    return found


def named(vector: Vector) -> str:
    return f"{vector.protocol}-{vector.id}"


def plain(value: Any) -> Any:
    """A value as vectors write it: blobs as text, special numbers by name, nothing for null."""
    if isinstance(value, dict):
        return {key: plain(found) for key, found in value.items() if found is not None}
    if isinstance(value, list):
        return [plain(found) for found in value]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, float) and (math.isnan(value) or math.isinf(value)):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if hasattr(value, "timestamp"):
        return value.timestamp()
    return value


def typed(model: Model, shape: str, value: Any) -> Any:
    """A result as an operation would return it: blobs as bytes, special numbers as numbers."""
    traits = model.shapes[shape]
    if value is None:
        return None
    if traits["type"] == "structure" and not traits.get("document"):
        members = traits.get("members", {})
        return {key: typed(model, members[key]["shape"], found) for key, found in value.items()}
    if traits["type"] == "list":
        return [typed(model, traits["member"]["shape"], found) for found in value]
    if traits["type"] == "map":
        return {key: typed(model, traits["value"]["shape"], found) for key, found in value.items()}
    if traits["type"] == "blob":
        return value.encode()
    if traits["type"] in ("float", "double") and isinstance(value, str):
        return float(value)
    return value


def request_of(vector: Vector) -> Request:
    sent = vector.case["serialized"]
    path, _, query = sent["uri"].partition("?")
    body = sent.get("body", "")
    raw = base64.b64decode(body) if vector.protocol == "smithy-rpc-v2-cbor" else body.encode()
    headers = {name.lower(): value for name, value in sent.get("headers", {}).items()}
    return Request(sent["method"], path, query, headers, raw)


inputs = [vector for vector in vectors("input") if not difference(vector.id)]
outputs = [
    vector
    for vector in vectors("output")
    if "result" in vector.case and "error" not in vector.case and not difference(vector.id)
]


def test_the_vectors_are_there() -> None:
    if archive() is None:
        pytest.skip("botocore's source package is not in build/: run `make test`, which fetches it")
    assert len(inputs) > 300 and len(outputs) > 300
    known = {vector.id for direction in ("input", "output") for vector in vectors(direction)}
    assert set(DIFFERENCES) <= known, "a difference is listed for a vector that is not there"


@pytest.mark.parametrize("vector", inputs, ids=named)
def test_what_a_client_sends_is_read(vector: Vector, monkeypatch: pytest.MonkeyPatch) -> None:
    model = vector.model()
    monkeypatch.setattr("fogbank.codec.query.query_model", lambda service: model)
    operation = model.operation(vector.case["given"]["name"])
    parsed = _speaker(vector.protocol).request_parser(model, operation)(request_of(vector))
    assert plain(parsed) == plain(vector.case["params"])


@pytest.mark.parametrize("vector", outputs, ids=named)
def test_what_is_answered_is_read_as_it_was_meant(vector: Vector, monkeypatch: pytest.MonkeyPatch) -> None:
    model = vector.model()
    monkeypatch.setattr("fogbank.codec.query.query_model", lambda service: model)
    operation = model.operation(vector.case["given"]["name"])
    given = vector.given
    result = typed(model, given["output"]["shape"], vector.case["result"]) if "output" in given else {}
    response = _speaker(vector.protocol).response_writer(model, operation)(result, "request-id")
    raw = {
        "metadata": vector.suite["metadata"],
        "operations": {operation.name: given},
        "shapes": vector.suite["shapes"],
    }
    answer = {"status_code": response.status, "headers": HeadersDict(response.headers), "body": response.body}
    shape = ServiceModel(raw, "iam").operation_model(operation.name).output_shape
    found = create_parser(vector.protocol).parse(answer, shape)
    found.pop("ResponseMetadata", None)
    assert plain(found) == plain(result)
