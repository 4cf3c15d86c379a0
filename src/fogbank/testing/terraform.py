"""terraform as its users run it, for tests.

The provider comes from a filesystem mirror: the folder that TF_PLUGIN_DIR names, or where mirrors usually lie.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 280


def missing() -> str:
    """What keeps terraform from being run here; empty if nothing does."""
    if shutil.which("terraform") is None:
        return "terraform is not installed"
    if next(mirrors(), None) is None:
        return "no terraform provider mirror: set TF_PLUGIN_DIR to a folder that holds registry.terraform.io/…"
    return ""


def mirrors() -> Iterator[Path]:
    """Folders that hold a `registry.terraform…` folder."""
    if named := os.environ.get("TF_PLUGIN_DIR"):
        yield Path(named)
        return
    home = Path.home()
    for folder in (
        home / ".terraform.d/plugins",
        *Path("/usr/share").glob("terraform/plugins"),
        *Path("/opt").glob("*"),
    ):
        if any(folder.glob("registry.terraform*/hashicorp/aws")):
            yield folder


class Terraform:
    """terraform in a folder of its own, with one page, talking to a cloud as the root of an account."""

    def __init__(self, page: Path, folder: Path, url: str, account: str, *, at_once: int = 10) -> None:
        """`at_once` is how many resources are made or removed at once."""
        self.folder = folder
        shutil.copy(page, folder / "main.tf")
        config = folder / "cli.tfrc"
        config.write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{next(mirrors())}"\n  }}\n}}\n'
            "disable_checkpoint = true\n"
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        self._environ = {
            **kept,
            "TF_CLI_CONFIG_FILE": str(config),
            "TF_IN_AUTOMATION": "1",
            "TF_CLI_ARGS_apply": f"-parallelism={at_once}",
            "TF_CLI_ARGS_destroy": f"-parallelism={at_once}",
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }
        self("init", "-input=false", "-no-color")

    def __call__(self, *words: str, expect: tuple[int, ...] = (0,)) -> str:
        """What a command printed. Raises AssertionError for an exit code that is not expected."""
        done = subprocess.run(  # noqa: S603 - the words are the test's
            ["terraform", *words],  # noqa: S607 - wherever it is installed
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        assert done.returncode in expect, f"terraform {' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        return done.stdout

    def apply(self, **variables: str) -> dict[str, Any]:
        """Apply, and return the outputs."""
        given = [f"-var={name}={value}" for name, value in variables.items()]
        self("apply", "-auto-approve", "-input=false", "-no-color", *given)
        return {name: one["value"] for name, one in json.loads(self("output", "-json")).items()}
