"""aws-chunked and checksums: written out by hand and by botocore, in pieces of every size, and broken everywhere."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import io
import random
import zlib
from collections.abc import AsyncIterator

import pytest
from botocore.httpchecksum import AwsChunkedWrapper, Crc32Checksum
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.aws.errors import AwsError
from fogbank.codec.checksums import checksum
from fogbank.codec.message import Request
from fogbank.gateway.body import ChunkSigner, Payload, chunked_plan, unwrap

DATA = random.Random(3).randbytes(200_000)
KEY = b"k" * 32
SEED = "5" * 64
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


def signer() -> ChunkSigner:
    return ChunkSigner(KEY, "20261121T000000Z", "20261121/r/s3/aws4_request", SEED)


def hexed(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def chunked(data: bytes, size: int, trailer: str = "", end: str = "\r\n") -> bytes:
    """The body as the API page describes it, signed by hand."""
    out, previous = [], SEED
    context = "20261121T000000Z\n20261121/r/s3/aws4_request"
    for start in [*range(0, len(data), size), len(data)]:
        piece = data[start : start + size]
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{context}\n{previous}\n{hexed(b'')}\n{hexed(piece)}"
        previous = hmac.new(KEY, text.encode(), "sha256").hexdigest()
        out.append(b"%x;chunk-signature=%s\r\n" % (len(piece), previous.encode()) + piece + (b"\r\n" if piece else b""))
    if trailer:
        signed = hexed(trailer.encode() + b"\n")
        text = f"AWS4-HMAC-SHA256-TRAILER\n{context}\n{previous}\n{signed}"
        signature = hmac.new(KEY, text.encode(), "sha256").hexdigest()
        out.append(f"{trailer}{end}x-amz-trailer-signature:{signature}\r\n".encode())
    return b"".join(out) + b"\r\n"


def headers(word: str, length: int = len(DATA), **more: str) -> dict[str, str]:
    given_headers = {"x-amz-content-sha256": word, "x-amz-decoded-content-length": str(length)}
    return given_headers | {name.replace("_", "-"): value for name, value in more.items()}


def refused(payload: Payload, body: bytes) -> str:
    with pytest.raises(AwsError) as caught:
        payload.whole(body)
    return caught.value.code


@pytest.mark.parametrize("size", [1000, 65536, 300_000])
@pytest.mark.parametrize("read", [1, 7, 4096, 1 << 20])
def test_signed_chunks_in_pieces_of_any_size(size: int, read: int) -> None:
    data = DATA[: 4000 if read < 10 else None]
    payload = Payload(headers(SIGNED, len(data)), signer())
    body = chunked(data, size)
    out = b"".join(part for at in range(0, len(body), read) for part in payload.feed(body[at : at + read]))
    payload.finish()
    assert out == data and payload.trailers == {}


def test_the_example_of_the_api_page() -> None:
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    key = b"AWS4wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    for part in (b"20130524", b"us-east-1", b"s3", b"aws4_request"):
        key = hmac.digest(key, part, "sha256")
    seed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
    chain = ChunkSigner(key, "20130524T000000Z", "20130524/us-east-1/s3/aws4_request", seed)
    assert chain.chunk(hexed(b"a" * 65536)) == "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
    assert chain.chunk(hexed(b"a" * 1024)) == "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"
    assert chain.chunk(hexed(b"")) == "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\n\r\n"])
def test_signed_trailers(end: str) -> None:
    value = base64.b64encode(zlib.crc32(DATA).to_bytes(4, "big")).decode()
    trailer = f"x-amz-checksum-crc32:{value}"
    payload = Payload(headers(SIGNED + "-TRAILER", x_amz_trailer="x-amz-checksum-crc32"), signer())
    assert payload.whole(chunked(DATA, 65536, trailer, end)) == DATA
    assert payload.trailers == {"x-amz-checksum-crc32": value} and payload.checksums == {"crc32": value}
    forged = chunked(DATA, 65536, trailer, end).replace(b"trailer-signature:", b"trailer-signature:0")
    again = Payload(headers(SIGNED + "-TRAILER", x_amz_trailer="x-amz-checksum-crc32"), signer())
    assert refused(again, forged) == "SignatureDoesNotMatch"


def test_what_botocore_wraps() -> None:
    wrapped = AwsChunkedWrapper(io.BytesIO(DATA), Crc32Checksum, "x-amz-checksum-crc32", chunk_size=30_000).read()
    given_headers = headers(UNSIGNED_TRAILER, x_amz_trailer="x-amz-checksum-crc32", content_encoding="aws-chunked")

    async def stream() -> AsyncIterator[bytes]:
        for at in range(0, len(wrapped), 5000):
            yield wrapped[at : at + 5000]

    async def main() -> bytes:
        return b"".join([part async for part in payload.over(stream())])

    payload = Payload(given_headers)
    assert asyncio.run(main()) == DATA
    assert payload.trailers["x-amz-checksum-crc32"] == payload.checksums["crc32"]
    assert refused(Payload(given_headers), wrapped.replace(DATA[:50], DATA[1:51], 1)) == "BadDigest"


def test_one_changed_byte_or_signature_or_order_does_not_match() -> None:
    body = chunked(DATA, 65536)
    for at in (200, 70_000, len(body) - 10):
        forged = bytearray(body)
        forged[at] = ord("1") if forged[at] == ord("0") else ord("0")
        assert refused(Payload(headers(SIGNED), signer()), bytes(forged)) == "SignatureDoesNotMatch"
    bare = b"%x\r\n" % len(DATA) + DATA + b"\r\n0\r\n\r\n"
    assert refused(Payload(headers(SIGNED), signer()), bare) == "SignatureDoesNotMatch"
    assert Payload(headers(SIGNED)).whole(body) == DATA  # nobody asked


@pytest.mark.parametrize("cut", [0, 1, 50, 90, 1000, 65700, -1, -2, -3, -50])
def test_truncated_bodies(cut: int) -> None:
    body = chunked(DATA, 65536)
    assert refused(Payload(headers(SIGNED), signer()), body[:cut]) == "IncompleteBody"


@pytest.mark.parametrize("length", [0, 10, len(DATA) - 1, len(DATA) + 1, 1 << 40])
def test_wrong_lengths(length: int) -> None:
    assert refused(Payload(headers(SIGNED, length), signer()), chunked(DATA, 65536)) == "IncompleteBody"


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n",
        b"-1\r\n",
        b"0x3\r\nabc\r\n0\r\n\r\n",
        b"3\nabc\r\n0\r\n\r\n",
        b"3\r\nabcd\r\n0\r\n\r\n",
        b"3\r\nabc0\r\n\r\n",
        b"fffffffffffffffff\r\n",
        b"ffffffffffffffff\r\nabc",
        b"1" * 1000,
        b"3;" + b"x" * 100_000,
        b"3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
    ],
)
def test_malformed_framing(body: bytes) -> None:
    assert refused(Payload(headers("STREAMING-UNSIGNED-PAYLOAD-TRAILER", 3)), body) == "IncompleteBody"


@pytest.mark.parametrize(
    ("tail", "code"),
    [
        (b"\r\n", "MalformedTrailerError"),
        (b"x-amz-checksum-crc32\r\n\r\n", "MalformedTrailerError"),
        (b"x-amz-checksum-crc32:AAAAAA==\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "MalformedTrailerError"),
        (b"x-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest"),
        (b"x-amz-checksum-crc32:AAAA\r\n\r\n", "InvalidRequest"),
        (b"x:" + b"y" * 100_000 + b"\r\n\r\n", "IncompleteBody"),
        (b"".join(b"x%d: y\r\n" % number for number in range(5000)) + b"\r\n", "MalformedTrailerError"),
    ],
)
def test_trailers_that_lie(tail: bytes, code: str) -> None:
    given_headers = headers(UNSIGNED_TRAILER, 3, x_amz_trailer="x-amz-checksum-crc32")
    assert refused(Payload(given_headers), b"3\r\nabc\r\n0\r\n" + tail) == code


def test_plans() -> None:
    assert chunked_plan({}) is None and chunked_plan({"content-encoding": "gzip"}) is None
    plan = chunked_plan({"content-encoding": "gzip,aws-chunked", "x-amz-decoded-content-length": "3"})
    assert plan is not None and not plan.signed and not plan.trailing
    for length in ("", "-1", "x", "9" * 30):
        with pytest.raises(AwsError) as caught:
            chunked_plan(headers(SIGNED) | {"x-amz-decoded-content-length": length})
        assert (caught.value.code, caught.value.status) == ("MissingContentLength", 411)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([b"3\r\n", b"abc", b"\r\n", b"0\r\n", b"x:y\r\n", b"\n", b";a=b", b"\xff"]), max_size=12)
)
def test_any_pieces_decode_or_are_refused_alike(pieces: list[bytes]) -> None:
    def outcome(parts: list[bytes]) -> object:
        payload = Payload(headers(UNSIGNED_TRAILER, 6))
        try:
            out = b"".join(piece for part in parts for piece in payload.feed(part))
            payload.finish()
        except AwsError as error:
            return error.code
        return out

    body = b"".join(pieces)
    assert outcome([body]) == outcome([body[at : at + 1] for at in range(len(body))])


@pytest.mark.parametrize("name", ["crc32", "crc32c", "crc64nvme", "sha1", "sha256"])
def test_checksum_headers(name: str) -> None:
    running = checksum(name)
    running.update(DATA)
    good = base64.b64encode(running.digest()).decode()
    payload = Payload({f"x-amz-checksum-{name}": good})
    assert payload.whole(DATA) == DATA and payload.checksums == {name: good}
    with pytest.raises(AwsError) as caught:
        Payload({f"x-amz-checksum-{name}": good}).whole(DATA[1:])
    assert caught.value.message == f"The {name.upper()} you specified did not match the calculated checksum."
    with pytest.raises(AwsError) as caught:
        Payload({f"x-amz-checksum-{name}": "!"})
    assert caught.value.message == f"Value for x-amz-checksum-{name} header is invalid."


def test_other_promises() -> None:
    both = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-sha1": "x"}
    with pytest.raises(AwsError, match="Multiple checksum Types"):
        Payload(both)
    with pytest.raises(AwsError, match="x-amz-trailer header is not supported"):
        Payload(headers(UNSIGNED_TRAILER, x_amz_trailer="x-amz-checksum-foo"))
    md5 = base64.b64encode(hashlib.md5(DATA).digest()).decode()
    assert Payload({"content-md5": md5}).whole(DATA) == DATA
    assert refused(Payload({"content-md5": md5}), b"x") == "BadDigest"
    with pytest.raises(AwsError) as caught:
        Payload({"content-md5": "x"})
    assert caught.value.code == "InvalidDigest"
    sha256 = {"x-amz-content-sha256": hexed(DATA)}
    assert Payload(sha256).whole(DATA) == DATA
    assert refused(Payload(sha256), b"x") == "XAmzContentSHA256Mismatch"


def test_unwrapped_it_is_as_if_it_had_come_plain() -> None:
    given_headers = headers(SIGNED, 4, content_encoding="gzip,aws-chunked", content_length="999")
    request = Request("PUT", "/b/k", "", given_headers, chunked(b"data", 3))
    unwrap(request, signer(), promises=True)
    assert request.body == b"data"
    assert request.headers["content-encoding"] == "gzip" and request.headers["content-length"] == "4"
    alone = Request("PUT", "/b/k", "", headers(SIGNED, 4, content_encoding="aws-chunked"), chunked(b"data", 3))
    unwrap(alone, None, promises=True)
    assert "content-encoding" not in alone.headers and alone.body == b"data"
    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        forged = chunked(b"data", 3).replace(b"dat", b"DAT")
        unwrap(Request("PUT", "/", "", headers(SIGNED, 4), forged), signer(), promises=True)


def test_promises_about_something_else_are_left_alone() -> None:
    about_the_object = {"x-amz-checksum-crc32": "AAAAAA==", "content-md5": "x"}
    assert Payload(about_the_object, promises=False).whole(b"<CompleteMultipartUpload/>")
    assert Payload(about_the_object, promises=False).checksums == {}


def test_unwrapping_a_stream_verifies_it_at_the_end() -> None:
    async def read(body: bytes) -> bytes:
        async def stream() -> AsyncIterator[bytes]:
            yield body

        request = Request("PUT", "/b/k", "", headers(SIGNED), b"", stream())
        unwrap(request, signer(), promises=True)
        assert request.stream is not None
        return b"".join([part async for part in request.stream])

    assert asyncio.run(read(chunked(DATA, 65536))) == DATA
    with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
        asyncio.run(read(chunked(DATA, 65536).replace(DATA[:9], b"forgeries", 1)))
