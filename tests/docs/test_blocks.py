"""Every console block of every page is run, and prints what the page says.

A block is a session: lines that begin with `$ ` are commands (`> ` goes on), the others are what they print. `…` stands
for anything within a line, and alone on a line for any lines. All blocks of a page run in one shell, in order.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from fogbank.testing import Served

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        *(ROOT / "docs" / "guide").glob("*.md"),
        *(ROOT / "src" / "fogbank" / "services").glob("*/README.md"),
    ]
)
OWN_CLOUD = {ROOT / "README.md", *((ROOT / "docs" / "guide") / name for name in ("commands.md", "time-and-faults.md"))}
"""Pages that start the cloud that they talk about."""
TIMEOUT_SECONDS = 240


class Step(NamedTuple):
    line: int
    command: str
    expected: list[str]


def steps(page: Path) -> list[Step]:
    found: list[Step] = []
    in_block = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if line.startswith("```"):
            in_block = line == "```console"
        elif in_block and line.startswith("$ "):
            found.append(Step(number, line[2:], []))
        elif in_block and line.startswith("> ") and found and not found[-1].expected:
            found[-1] = found[-1]._replace(command=f"{found[-1].command}\n{line[2:]}")
        elif in_block:
            assert found, f"{page}:{number}: output before a command"
            found[-1].expected.append(line)
    return found


def pattern(expected: list[str]) -> str:
    lines = []
    while expected and not expected[0].strip():
        expected = expected[1:]
    for line in expected:
        lines.append(r"(?:.*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\s*\n")
    return "".join(lines) + r"\s*\Z"


def outputs(script: list[str], environ: dict[str, str], folder: Path) -> Iterator[str]:
    """What each command prints, both streams, all in one shell."""
    mark = "-- end of a step --"
    text = "\n".join(f"{command}\necho '{mark}'" for command in script)
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1\n{text}"],
        capture_output=True,
        text=True,
        env=environ,
        cwd=folder,
        timeout=TIMEOUT_SECONDS,
        stdin=subprocess.DEVNULL,
    )
    yield from done.stdout.split(f"{mark}\n")


def environment(tmp_path: Path, url: str | None, account: str) -> dict[str, str]:
    own = ("AWS_", "FOGBANK_", "MAKE", "MFLAGS")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ['PATH']}"
    environ |= {"HOME": str(tmp_path), "AWS_PAGER": "", "FOGBANK_STATE": str(tmp_path / "state"), "FOGBANK_PORT": "0"}
    if url is not None:
        environ |= {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
    return environ


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_does_what_it_says(page: Path, tmp_path: Path, served: Served, account: str) -> None:
    found = steps(page)
    assert found, "a page without a block shows nothing"
    own = page in OWN_CLOUD
    environ = environment(tmp_path, None if own else served.url, account)
    try:
        printed = list(outputs([step.command for step in found], environ, ROOT if own else tmp_path))
    finally:
        for card in tmp_path.rglob("running.json"):
            command = [sys.executable, "-m", "fogbank", "down", "--state", card.parent]
            subprocess.run(command, env=environ, check=False, capture_output=True)
    for step, text in zip(found, printed, strict=False):
        text = text.replace(account, "000000000000")
        said = "\n".join(step.expected)
        where = f"{page.relative_to(ROOT)}:{step.line}: $ {step.command}"
        assert re.match(pattern(step.expected), text.lstrip("\n")), f"{where}\nsays:\n{said}\nprints:\n{text}"
