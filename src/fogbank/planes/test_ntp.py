import struct

import pytest

from fogbank.planes.ntp import answered

QUESTION = bytes([4 << 3 | 3]) + bytes(39) + b"12345678"


def test_the_time_is_told_with_the_clients_own_as_origin() -> None:
    said = answered(QUESTION, 1_750_000_000.5)
    assert said is not None and len(said) == 48
    assert (said[0], said[1]) == (4 << 3 | 4, 3)
    assert said[24:32] == b"12345678"
    seconds, fraction = struct.unpack("!II", said[40:48])
    assert (seconds - 2_208_988_800, fraction / 2**32) == (1_750_000_000, 0.5)


@pytest.mark.parametrize("data", [b"", b"x" * 47, bytes([4 << 3 | 4]) + bytes(47), bytes(48)])
def test_what_is_no_question_is_not_answered(data: bytes) -> None:
    assert answered(data, 0.0) is None
