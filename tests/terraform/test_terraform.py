"""terraform as its users run it: apply, a second plan that is empty, a change, destroy.

The provider comes from a filesystem mirror: the folder that TF_PLUGIN_DIR names, or where mirrors usually lie.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.testing import Served

HERE = Path(__file__).parent
TIMEOUT_SECONDS = 280
PLAN_EMPTY, PLAN_CHANGES = 0, 2


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
    """terraform in a working folder, talking to a cloud as the root of an account."""

    def __init__(self, folder: Path, mirror: Path, served: Served, account: str) -> None:
        self.folder = folder
        config = folder / "cli.tfrc"
        config.write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
            "disable_checkpoint = true\n"
        )
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
        self._environ = {
            **kept,
            "TF_CLI_CONFIG_FILE": str(config),
            "TF_IN_AUTOMATION": "1",
            "AWS_ENDPOINT_URL": served.url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def __call__(self, *words: str, expect: tuple[int, ...] = (0,)) -> str:
        done = subprocess.run(
            ["terraform", *words],
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
        )
        assert done.returncode in expect, f"terraform {' '.join(words)}\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
        return done.stdout


@pytest.fixture
def terraform(tmp_path: Path, served: Served, account: str) -> Terraform:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    mirror = next(mirrors(), None)
    if mirror is None:
        pytest.skip("no terraform provider mirror: set TF_PLUGIN_DIR to a folder that holds registry.terraform.io/…")
    shutil.copy(HERE / "main.tf", tmp_path)
    found = Terraform(tmp_path, mirror, served, account)
    found("init", "-input=false", "-no-color")
    return found


def test_apply_an_empty_second_plan_a_change_and_destroy(terraform: Terraform) -> None:
    terraform("apply", "-auto-approve", "-input=false", "-no-color")
    terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", expect=(PLAN_EMPTY,))
    assert json.loads(terraform("output", "-json"))["secret"]["value"] == "s3cret"
    page = terraform.folder / "main.tf"
    page.write_text(page.read_text().replace('value       = "one"', 'value       = "two"').replace("7200", "3600"))
    terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", expect=(PLAN_CHANGES,))
    terraform("apply", "-auto-approve", "-input=false", "-no-color")
    terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", expect=(PLAN_EMPTY,))
    terraform("destroy", "-auto-approve", "-input=false", "-no-color")
    assert terraform("state", "list") == ""
