"""The story of README.md, with packets: who reads, who does not, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from fogbank.testing.process import CloudProcess

HERE = Path(__file__).parent


def test_analysts_read_their_replica_and_nothing_else(full: CloudProcess, tell: Callable[..., str]) -> None:
    seen = json.loads(tell(full, "--seconds=0.5", "--json"))
    assert seen["office"][:2] == [[[20000]], [[42]]]
    assert [words.partition(":")[0] for words in seen["writes"][:2]] == ["25006", "25006"]
    assert seen["stranger"][0].startswith("unreachable: ")
    assert seen["office on production"][0].startswith("unreachable: ")
    assert seen["is heavy"], "the query has to be running while production is timed"
    assert seen["write before, µs"] > 0
