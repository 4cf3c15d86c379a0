"""The story of README.md: who may read what and when, and where the time goes."""

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
    cold, warm = seen["traces"]["first"], seen["traces"]["warm"]
    assert cold["environment, ms"] > 0 and cold["initialization, ms"] > 0
    assert set(cold["calls"]) == {"GetParametersByPath"} and warm["calls"] == {}
    assert warm["initialization, ms"] == 0
    function = next(line.partition(" ")[0] for line in seen["map"] if not line.startswith("client"))
    calls = [line.rpartition(" (")[0] for line in seen["map"]]
    # Two warm-up calls, the later ones, one with the old configuration, and one in a new environment.
    assert f"client -> {function} (AWS::Lambda): 44" in calls
    assert f"{function} (AWS::Lambda) -> {function} (AWS::Lambda::Function): 44" in calls
    assert f"{function} (AWS::Lambda::Function) -> SSM (AWS::SSM): 2" in calls, "one for each environment"
