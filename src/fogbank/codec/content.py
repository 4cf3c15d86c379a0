"""Takes the content coding off a request's body, within a bound."""

from __future__ import annotations

import zlib

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.codec.message import Request

INFLATED_BYTES_MAX = 64 * 1024 * 1024


def inflated(body: bytes, bytes_max: int = INFLATED_BYTES_MAX) -> bytes:
    """What a gzip body (of one or more members) holds.

    Raises AwsError SerializationException for what is no gzip, RequestEntityTooLargeException for more than the bound.
    """
    parts: list[bytes] = []
    left = bytes_max
    rest = body
    while rest:
        stream = zlib.decompressobj(31)
        try:
            part = stream.decompress(rest, left + 1)
        except zlib.error:
            raise AwsError("SerializationException", "Unable to decompress the request's body") from None
        left -= len(part)
        if left < 0:
            raise AwsError(
                "RequestEntityTooLargeException",
                f"The request's body inflates to more than {bytes_max} bytes",
                status=413,
            )
        if not stream.eof:
            raise AwsError("SerializationException", "The request's compressed body is incomplete")
        parts.append(part)
        rest = stream.unused_data
    return b"".join(parts)


def without_content_coding(request: Request) -> Request:
    """The request with its body inflated, if it came as gzip. Raises AwsError as `inflated` does."""
    codings = [coding.strip().lower() for coding in request.headers["content-encoding"].split(",")]
    if codings != ["gzip"]:
        return request
    headers = {name: value for name, value in request.headers.items() if name != "content-encoding"}
    return msgspec.structs.replace(request, headers=headers, body=inflated(request.body))
