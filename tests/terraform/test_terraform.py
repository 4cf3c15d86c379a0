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
def terraform(request: pytest.FixtureRequest, tmp_path: Path, served: Served, account: str) -> Terraform:
    """terraform with the page that the test is parametrized by."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not installed")
    mirror = next(mirrors(), None)
    if mirror is None:
        pytest.skip("no terraform provider mirror: set TF_PLUGIN_DIR to a folder that holds registry.terraform.io/…")
    shutil.copy(HERE / request.param, tmp_path / "main.tf")
    found = Terraform(tmp_path, mirror, served, account)
    found("init", "-input=false", "-no-color")
    return found


CHANGES = {
    "identity.tf": (('value       = "one"', 'value       = "two"'), ("7200", "3600")),
    "everyday.tf": (
        ("= 45", "= 50"),
        ("days = 30", "days = 40"),
        ("rate(1 hour)", "rate(2 hours)"),
        ("= 3\n", "= 4\n"),
    ),
}


@pytest.mark.parametrize(("terraform", "changes"), CHANGES.items(), ids=CHANGES, indirect=["terraform"])
def test_apply_an_empty_second_plan_a_change_and_destroy(
    terraform: Terraform, changes: tuple[tuple[str, str], ...]
) -> None:
    terraform("apply", "-auto-approve", "-input=false", "-no-color")
    terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", expect=(PLAN_EMPTY,))
    assert json.loads(terraform("output", "-json"))["value"]["value"]
    page = terraform.folder / "main.tf"
    text = page.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    page.write_text(text)
    terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", expect=(PLAN_CHANGES,))
    terraform("apply", "-auto-approve", "-input=false", "-no-color")
    terraform("plan", "-detailed-exitcode", "-input=false", "-no-color", expect=(PLAN_EMPTY,))
    terraform("destroy", "-auto-approve", "-input=false", "-no-color")
    assert terraform("state", "list") == ""
