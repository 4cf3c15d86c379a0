"""What has a name is documented, and what is generated is what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from fogbank.cli.commands import COMMANDS
from fogbank.control.service import Services

ROOT = Path(__file__).resolve().parents[2]


def generator() -> object:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["coverage.md", "settings.md"])
def test_a_generated_page_is_current(name: str) -> None:
    page = generator().PAGES[name]()  # type: ignore[attr-defined]
    assert (ROOT / "docs" / "reference" / name).read_text() == page, "run: make docs"


def test_every_command_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "guide" / "commands.md").read_text()
    missing = [name for name, *_ in COMMANDS if f"`fogbank {name}" not in guide and f"fogbank {name}" not in guide]
    assert not missing


def test_every_service_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in Services("fogbank.services").names if f"[`{name}`]" not in readme] == []


def test_no_page_links_to_nothing() -> None:
    import re

    pages = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
    broken = []
    for page in [*pages, *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("README.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not broken
