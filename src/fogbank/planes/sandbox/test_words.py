from __future__ import annotations

import json

import pytest

from fogbank.planes.sandbox import interpreters, words


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (1, "Runtime exited with error: exit status 1"),
        (0, "Runtime exited without providing a reason"),
        (-9, "Runtime exited with error: signal: killed"),
        (-11, "Runtime exited with error: signal: segmentation fault"),
    ],
)
def test_how_a_runtime_has_ended(code: int, text: str) -> None:
    assert words.ended(code) == text


def test_a_limit_is_in_whole_seconds() -> None:
    assert words.late(2.96) == words.late(3.01) == "Task timed out after 3.00 seconds"
    assert words.late(0.25) == "Task timed out after 0.25 seconds"


def test_an_error_names_its_request_where_there_is_one() -> None:
    told = json.loads(words.failure("an-id", "it ended", "Runtime.ExitError"))
    assert told == {"errorType": "Runtime.ExitError", "errorMessage": "RequestId: an-id Error: it ended"}
    assert json.loads(words.failure("", "it ended", "x"))["errorMessage"] == "it ended"
    assert words.late_line("an-id", "late", 0.25) == b"1970-01-01T00:00:00.250Z an-id late\n\n"


def test_every_runtime_is_here_or_says_how_it_comes_here() -> None:
    found = interpreters.installed()
    assert {"python3.9", "python3.14", "nodejs18.x", "nodejs24.x", "provided.al2023"} <= set(found)
    for name, interpreter in found.items():
        assert interpreter is None or interpreter.program.is_file()
        assert "install" in interpreters.remedy(name)
