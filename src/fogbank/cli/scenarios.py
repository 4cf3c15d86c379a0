"""`fogbank scenario`: the stories that come with the source, listed and told against the cloud that runs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fogbank.running import RunError

OPTIONS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("action",), {"choices": ["list", "run"], "help": "what to do"}),
    (("words",), {"nargs": argparse.REMAINDER, "help": "run NAME [OPTION…]; run NAME --help tells the options"}),
]
_FOLDER = Path(__file__).parents[3] / "scenarios"
_STORY = "story.py"


def listed() -> dict[str, str]:
    """The scenarios that can be run, each with the title of its README."""
    found = sorted(path.parent for path in _FOLDER.glob(f"*/{_STORY}"))
    return {folder.name: (folder / "README.md").read_text().partition("\n")[0].strip("# ") for folder in found}


def execute(words: list[str], environ: Mapping[str, str]) -> None:
    """Become a scenario, with an environment in which clients find the cloud. Raises RunError."""
    there = listed()
    if not there:
        raise RunError("the scenarios come with the source: git clone it, and run fogbank from there")
    if not words or words[0] not in there:
        raise RunError(f"which scenario? {', '.join(there)}")
    story = str(_FOLDER / words[0] / _STORY)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, story, *words[1:]], {**os.environ, **environ})  # noqa: S606 - our own
