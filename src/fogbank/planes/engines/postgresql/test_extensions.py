"""The tree that a server runs from: links, its own program, and control files that trust what RDS does."""

from __future__ import annotations

from pathlib import Path

import pytest

from fogbank.planes.engines.postgresql import extensions
from fogbank.planes.engines.postgresql.servers import Server


def installed(top: Path, programs: str, shared: str, libraries: str) -> Server:
    """A server as packages leave it, with three extensions."""
    for folder in (programs, f"{shared}/extension", libraries):
        (top / folder).mkdir(parents=True)
    (top / programs / "postgres").write_text("the server")
    (top / programs / "initdb").write_text("another program")
    (top / shared / "postgres.bki").write_text("catalog")
    for name in ("dblink", "file_fdw", "pglogical"):
        (top / shared / "extension" / f"{name}.control").write_text(f"comment = '{name}'\n")
        (top / shared / "extension" / f"{name}--1.0.sql").write_text(f"-- {name}\n")
    (top / shared / "extension" / "pglogical--1.0--1.1.sql").write_text("-- more\n")
    return Server("15.18", top / programs, True, True)


LAYOUTS = {
    "debian": ("lib/postgresql/15/bin", "share/postgresql/15", "lib/postgresql/15/lib"),
    "wheel": ("embedded/pginstall/bin", "embedded/pginstall/share", "embedded/pginstall/lib"),
    "build": ("bin", "share/postgresql", "lib/postgresql"),
}


@pytest.mark.parametrize("copies", [False, True])
@pytest.mark.parametrize("where", LAYOUTS.values(), ids=LAYOUTS)
def test_a_tree_trusts_what_rds_trusts(tmp_path: Path, where: tuple[str, str, str], copies: bool) -> None:
    server = installed(tmp_path / "usr", *where)
    found = extensions.layout(server)
    assert found is not None
    (tmp_path / "trees").mkdir()
    made = extensions.made(server, found, tmp_path / "trees" / "one", copies=copies)
    assert (made.programs / "postgres").read_text() == "the server"
    assert not (made.programs / "postgres").is_symlink(), "what it is beside is found from the file that runs"
    assert (made.programs / "initdb").is_symlink() != copies
    planted = extensions.layout(made)
    assert planted is not None
    shared = planted.shared
    trusted = {path.stem for path in shared.glob("extension/*.control") if "trusted = true" in path.read_text()}
    assert trusted == {"dblink", "pglogical"}
    assert "GRANT" in (shared / "extension" / "pglogical--1.0.sql").read_text()
    for untouched in ("pglogical--1.0--1.1.sql", "dblink--1.0.sql"):
        assert "GRANT" not in (shared / "extension" / untouched).read_text()
    assert "trusted" not in (tmp_path / "usr" / where[1] / "extension" / "dblink.control").read_text()


def test_another_extension_makes_another_tree(tmp_path: Path) -> None:
    server = installed(tmp_path, *LAYOUTS["debian"])
    found = extensions.layout(server)
    assert found is not None
    before = extensions.edition(found)
    assert extensions.edition(found) == before
    (found.shared / "extension" / "vector.control").write_text("comment = 'vector'\n")
    assert extensions.edition(found) != before


def test_a_server_that_lies_otherwise_is_run_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    assert extensions.layout(Server("15.18", tmp_path / "bin", True, True)) is None
