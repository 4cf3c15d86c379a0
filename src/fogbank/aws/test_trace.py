"""The tracing header, as it is read and written."""

from __future__ import annotations

from random import Random

import pytest

from fogbank.aws import trace
from fogbank.aws.trace import Trace

ROOT = "1-5759e988-bd862e3fe1be46a994272793"


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        (f"Root={ROOT};Parent=53995c3f42cd8ad8;Sampled=1", Trace(ROOT, "53995c3f42cd8ad8", "1")),
        (f"Root={ROOT}", Trace(ROOT)),
        (f"Self=1-67891234-12456789abcdef012345678; Root={ROOT} ;Sampled=?", Trace(ROOT, "", "?")),
        ("Root=2-5759e988-bd862e3fe1be46a994272793;Parent=x;Sampled=2", Trace()),
        ("nonsense", Trace()),
        ("", Trace()),
    ],
)
def test_a_header_is_read(header: str, wanted: Trace) -> None:
    assert trace.parsed(header) == wanted


def test_what_is_written_is_read_again() -> None:
    dice = Random(7)
    made = Trace(trace.new_root(1_700_000_000.9, dice), trace.new_segment(dice), "1")
    assert made.root.startswith("1-6553f100-")
    assert trace.parsed(str(made)) == made
    assert made.is_kept
    assert not made._replace(sampled="0").is_kept
    assert str(made.below("00000000000000ff")).split(";")[1] == "Parent=00000000000000ff"
