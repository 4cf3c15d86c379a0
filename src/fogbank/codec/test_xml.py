"""Answers in XML are well-formed, whatever stands in them; but S3's may not be, at AWS neither."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.codec.query import query_model
from fogbank.model.load import load
from fogbank.model.operation import Model

SPOKEN = [
    ("iam", "query"),
    ("sts", "query"),
    ("sns", "query"),
    ("sqs", "query"),
    ("cloudwatch", "query"),
    ("ec2", "ec2"),
    ("s3control", "rest-xml"),
    ("route53", "rest-xml"),
]
AWKWARD = (
    "".join(chr(one) for one in (*range(0x21), 0x7F, 0x85, 0xD800, 0xDFFF, 0xFFFD, 0xFFFE, 0xFFFF, 0x10FFFF))
    + "<>&\"']]>"
)
_DEPTH_MAX = 6


def filled(model: Model, shape: str, text: str, depth: int = 0) -> Any:
    """A value of a shape in which each string is the text; None where that is too deep."""
    found = model.shapes[shape]
    kind = found["type"]
    if kind == "structure":
        return _structure(model, found, text, depth) if depth < _DEPTH_MAX else None
    if kind == "list":
        return [filled(model, found["member"]["shape"], text, depth + 1)]
    if kind == "map":
        return {text: filled(model, found["value"]["shape"], text, depth + 1)}
    if kind in ("string", "character"):
        return text
    return {"boolean": True, "blob": b"x"}.get(kind, 1)


def _structure(model: Model, found: Any, text: str, depth: int) -> dict[str, Any]:
    in_body = {name: ref for name, ref in found["members"].items() if "location" not in ref}
    return {name: filled(model, ref["shape"], text, depth + 1) for name, ref in in_body.items()}


def strings(root: ET.Element) -> Iterator[str]:
    return (one.text or "" for one in root.iter() if not len(one))


@pytest.mark.parametrize(("service", "protocol"), SPOKEN)
def test_what_awkward_text_stands_in_is_well_formed(service: str, protocol: str) -> None:
    model = query_model(service) if protocol == "query" else load(service)
    for operation in load(service).operations():
        if operation.output and not operation.output_events:
            answer = codec_for(service, protocol, operation.name).write(filled(model, operation.output, AWKWARD), "r")
            if answer.body:
                ET.fromstring(bytes(answer.body))


@pytest.mark.parametrize(("service", "protocol"), SPOKEN)
def test_what_is_said_of_awkward_text_is_well_formed(service: str, protocol: str) -> None:
    operation = next(iter(load(service).operations())).name
    for error in (AwsError(AWKWARD, AWKWARD), AwsError("ValidationError", AWKWARD, Resource=AWKWARD)):
        answer = codec_for(service, protocol, operation).write_error(error, "r")
        assert any("<>&" in one for one in strings(ET.fromstring(bytes(answer.body))))


@given(st.text(st.characters(codec="utf-8")))
def test_text_comes_back_as_it_is_but_for_what_xml_cannot_carry(text: str) -> None:
    result = {"Attributes": {"DisplayName": text}}
    found = ET.fromstring(bytes(codec_for("sns", "query", "GetTopicAttributes").write(result, "r").body))
    value = next(one for one in found.iter() if one.tag.endswith("}value")).text or ""
    assert len(value) == len(text)
    for sent, came in zip(text, value, strict=True):
        is_xml = sent in "\t\n\r" or (sent >= " " and sent not in "\ufffe\uffff")
        assert came == (sent if is_xml else "\N{REPLACEMENT CHARACTER}")


def test_a_key_of_s3_is_told_with_a_reference() -> None:
    """As AWS's answers do, which no parser of XML 1.0 takes: https://github.com/boto/botocore/issues/3496."""
    answer = codec_for("s3", "rest-xml", "ListObjectsV2").write({"Contents": [{"Key": "test\x07.txt"}]}, "r")
    assert b"<Key>test&#x7;.txt</Key>" in bytes(answer.body)
