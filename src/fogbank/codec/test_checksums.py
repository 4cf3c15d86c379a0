from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.aws.errors import AwsError
from fogbank.codec.checksums import ALGORITHMS, Promise, by_table, checksum

# The check values of the catalogue of CRCs: https://reveng.sourceforge.io/crc-catalogue/
CHECK = b"123456789"
CRCS = {"crc32": "cbf43926", "crc32c": "e3069283", "crc64nvme": "ae8b14860a799888"}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_sums_are_right_however_the_data_comes(algorithm: str) -> None:
    whole, parts = checksum(algorithm), checksum(algorithm)
    whole.update(CHECK)
    for byte in CHECK:
        parts.update(bytes((byte,)))
    expected = CRCS.get(algorithm) or hashlib.new(algorithm, CHECK).hexdigest()
    assert whole.digest().hex() == parts.digest().hex() == expected
    assert len(whole.digest()) == ALGORITHMS[algorithm]


def test_an_algorithm_that_nobody_knows() -> None:
    with pytest.raises(KeyError):
        checksum("crc16")


def test_the_tables_are_right_without_native_code() -> None:
    assert by_table(0x82F63B78, 32)(CHECK, 0) == 0xE3069283
    assert by_table(0x9A6C9329AC4BC9B5, 64)(CHECK, 0) == 0xAE8B14860A799888


ZLIBS = by_table(0xEDB88320, 32)


@given(st.binary(max_size=100), st.binary(max_size=100))
def test_the_tables_agree_with_zlib(first: bytes, second: bytes) -> None:
    assert ZLIBS(second, ZLIBS(first, 0)) == zlib.crc32(first + second)


def encoded(algorithm: str, data: bytes) -> str:
    made = checksum(algorithm)
    made.update(data)
    return base64.b64encode(made.digest()).decode()


def kept(trailers: dict[str, str] | None = None, **headers: str) -> dict[str, str]:
    promise = Promise({name.replace("_", "-"): value for name, value in headers.items()})
    promise.update(CHECK)
    promise.finish(trailers or {})
    return promise.values


def test_a_body_that_fits_passes() -> None:
    assert kept() == {}
    for algorithm in ALGORITHMS:
        good = encoded(algorithm, CHECK)
        assert kept(**{f"x-amz-checksum-{algorithm}": good}) == {algorithm: good}
    assert kept(content_md5="JfnnlDI7RTiF9RgfG2JNCw==") == {}
    good = encoded("crc32", CHECK)
    assert kept({"x-amz-checksum-crc32": good}, x_amz_trailer="x-amz-checksum-crc32") == {"crc32": good}


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x_amz_checksum_sha256": encoded("sha256", b"x")}, "BadDigest"),
        ({"x_amz_checksum_crc32": "nonsense"}, "InvalidRequest"),
        ({"x_amz_checksum_crc32": "a", "x_amz_checksum_sha1": "b"}, "InvalidRequest"),
        ({"content_md5": base64.b64encode(b"x" * 16).decode()}, "BadDigest"),
        ({"content_md5": "nonsense"}, "InvalidDigest"),
        ({"x_amz_trailer": "x-amz-checksum-crc16"}, "InvalidRequest"),
        ({"x_amz_trailer": "x-amz-checksum-crc32"}, "MalformedTrailerError"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(headers: dict[str, str], code: str) -> None:
    with pytest.raises(AwsError) as raised:
        kept(**headers)
    assert raised.value.code == code
