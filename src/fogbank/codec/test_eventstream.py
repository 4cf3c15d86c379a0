from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from botocore.eventstream import EventStreamBuffer

from fogbank.aws.errors import AwsError
from fogbank.codec.compiled import codec_for
from fogbank.codec.eventstream import write_event


def read(data: bytes, step: int = 1000) -> list[Any]:
    buffer = EventStreamBuffer()
    found = []
    for at in range(0, len(data), step):
        buffer.add_data(data[at : at + step])
        found += list(buffer)
    return found


def test_headers_of_all_types_come_through() -> None:
    headers = {
        "yes": True,
        "no": False,
        "byte": -7,
        "short": 300,
        "int": -70_000,
        "long": 2**40,
        "bytes": b"\x00\xff",
        "text": "ünï",
        "when": datetime(2026, 3, 4, 5, 6, 7, 250000, tzinfo=UTC),
        "id": UUID(int=5),
    }
    [event] = read(write_event(headers, b"payload"), step=3)
    assert event.payload == b"payload"
    # botocore leaves times as milliseconds and identifiers as bytes.
    expected = {**headers, "when": 1772600767250, "id": UUID(int=5).bytes}
    assert event.headers == expected


def test_an_integer_beyond_64_bits_is_refused() -> None:
    with pytest.raises(ValueError):
        write_event({"x": 2**63})


def test_an_empty_message_is_sixteen_bytes() -> None:
    assert len(write_event({})) == 16
    assert read(write_event({}) * 3)[2].payload == b""


async def _gathered(body: Any) -> bytes:
    return b"".join([part async for part in body])


def test_an_error_ends_a_stream() -> None:
    async def events() -> AsyncIterator[dict[str, Any]]:
        yield {"SubscribeToShardEvent": {"Records": [], "ContinuationSequenceNumber": "1", "MillisBehindLatest": 0}}
        raise AwsError("ResourceInUseException", "gone")

    response = codec_for("kinesis", "json", "SubscribeToShard").write({"EventStream": events()}, "rid")
    assert ("content-type", "application/vnd.amazon.eventstream") in response.headers
    first, second, third = read(asyncio.run(_gathered(response.body)))
    assert first.headers[":event-type"] == "initial-response"
    assert second.headers[":event-type"] == "SubscribeToShardEvent"
    assert third.headers[":message-type"] == "exception"
    assert third.headers[":exception-type"] == "ResourceInUseException"
    assert third.payload == b'{"message":"gone"}'


def test_an_error_without_a_shape_is_an_error_message() -> None:
    async def events() -> AsyncIterator[dict[str, Any]]:
        raise AwsError("Odd", "why")
        yield {}

    response = codec_for("s3", "rest-xml", "SelectObjectContent").write({"Payload": events()}, "rid")
    [only] = read(asyncio.run(_gathered(response.body)))
    assert only.headers == {":message-type": "error", ":error-code": "Odd", ":error-message": "why"}
