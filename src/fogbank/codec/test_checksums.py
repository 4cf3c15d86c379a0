from __future__ import annotations

import base64

import pytest

from fogbank.aws.errors import AwsError
from fogbank.codec.checksums import ALGORITHMS, _by_table, checksum, checksum_text, verify
from fogbank.codec.message import Request
from fogbank.model.load import load

# The check values of the catalogue of CRCs: https://reveng.sourceforge.io/crc-catalogue/
CHECK = b"123456789"


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [
        ("crc32", "cbf43926"),
        ("crc32c", "e3069283"),
        ("crc64nvme", "ae8b14860a799888"),
        ("sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
        ("sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
    ],
)
def test_sums_are_right_however_the_data_comes(algorithm: str, digest: str) -> None:
    assert algorithm in ALGORITHMS
    whole, parts = checksum(algorithm), checksum(algorithm)
    whole.update(CHECK)
    for byte in CHECK:
        parts.update(bytes((byte,)))
    assert whole.digest().hex() == parts.digest().hex() == digest


def test_the_tables_are_right_without_native_code() -> None:
    assert _by_table(0x82F63B78, 32)(CHECK, 0) == 0xE3069283
    assert _by_table(0x9A6C9329AC4BC9B5, 64)(CHECK, 0) == 0xAE8B14860A799888


def put(**headers: str) -> None:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    verify(Request("PUT", "/b/k", "", names, CHECK), load("s3").operation("PutObject"))


def test_a_body_that_fits_passes() -> None:
    put()
    put(x_amz_checksum_crc32=checksum_text("crc32", CHECK))
    put(content_md5="JfnnlDI7RTiF9RgfG2JNCw==")


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"x_amz_checksum_sha256": checksum_text("sha256", b"x")}, "BadDigest"),
        ({"x_amz_checksum_crc32": "nonsense"}, "BadDigest"),
        ({"x_amz_checksum_crc32": "a", "x_amz_checksum_sha1": "b"}, "InvalidRequest"),
        ({"content_md5": base64.b64encode(b"x" * 16).decode()}, "BadDigest"),
        ({"content_md5": "nonsense"}, "InvalidDigest"),
    ],
)
def test_a_body_that_does_not_fit_is_refused(headers: dict[str, str], code: str) -> None:
    with pytest.raises(AwsError) as raised:
        put(**headers)
    assert raised.value.code == code
