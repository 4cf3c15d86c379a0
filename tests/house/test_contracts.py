"""Who may import whom: the contracts of pyproject.toml, on the code without its tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache", "--config", ROOT / "pyproject.toml"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )


def without_tests(folder: Path) -> Path:
    shutil.copytree(
        ROOT / "src" / "fogbank", folder / "fogbank", ignore=shutil.ignore_patterns("test_*.py", "__pycache__")
    )
    return folder


def test_arrows_point_down(tmp_path: Path) -> None:
    done = contracts(without_tests(tmp_path))
    assert done.returncode == 0, done.stdout


def test_an_arrow_that_points_up_is_seen(tmp_path: Path) -> None:
    folder = without_tests(tmp_path)
    with (folder / "fogbank" / "services" / "ssm" / "rules.py").open("a") as rules:
        rules.write("import fogbank.services.iam.identity\n")
    done = contracts(folder)
    assert done.returncode != 0
    assert "services never import each other" in done.stdout
