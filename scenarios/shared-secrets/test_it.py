"""The story of README.md: who may read what, and when."""

from __future__ import annotations

import json
from collections.abc import Callable

from fogbank.testing.process import CloudProcess

PLAIN, SECRET = {"limits": {"orders": 100}}, {"payment": {"token": "correct-horse"}}


def test_only_a_new_environment_of_the_function_reads_the_secret(plain: CloudProcess, tell: Callable[..., str]) -> None:
    seen = json.loads(tell(plain, "--json"))
    assert seen["first"]["configuration"] == seen["warm"]["configuration"] == PLAIN
    assert (seen["administrator is told"], seen["administrator sees"]) == ("AccessDeniedException", "ciphertext")
    assert seen["still"] == PLAIN
    assert seen["fresh"] == {**PLAIN, **SECRET}
    assert seen["first"]["init, ms"] > 0
    assert seen["warm"]["init, ms"] == 0
