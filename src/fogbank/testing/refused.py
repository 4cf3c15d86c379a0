"""What a test says of a call that is to be refused."""

from __future__ import annotations

import pytest

from fogbank.aws.errors import AwsError


def refused(code: str, text: str = "") -> pytest.RaisesExc[AwsError]:
    """`with refused("NoSuchKey"):` around a call; `text` is an expression, found somewhere in the message."""
    return pytest.raises(AwsError, match=f"(?s)^{code}: .*{text}")
