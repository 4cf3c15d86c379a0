from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest

from fogbank.planes.sandbox import archive
from fogbank.planes.sandbox.archive import BadArchive

DOS = -1
"""Of an archive that was made where files have no modes."""


def zipped(*entries: tuple[str, int, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, mode, content in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16 if mode != DOS else 0x20
            opened.writestr(info, content)
    return made.getvalue()


LINK = stat.S_IFLNK | 0o777


def test_files_keep_their_modes_and_those_without_are_readable(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    archive.unpack(
        zipped(("a.py", 0o644, b"a"), ("bin/run", 0o755, b"b"), ("old", DOS, b"c"), ("odd", 0o7777, b"")), folder
    )
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {"a.py": 0o644, "run": 0o755, "old": 0o644, "odd": 0o755}
    assert (folder / "bin/run").read_bytes() == b"b"


def test_a_link_within_the_folder_stays_one(tmp_path: Path) -> None:
    folder = tmp_path / "code"
    archive.unpack(zipped(("lib/one.so", LINK, b"../real.so"), ("real.so", 0o644, b"x")), folder)
    assert (folder / "lib/one.so").is_symlink() and (folder / "lib/one.so").read_bytes() == b"x"


@pytest.mark.parametrize(
    "entries",
    [
        [("../out", 0o644, b"")],
        [("a/../../out", 0o644, b"")],
        [("/etc/out", 0o644, b"")],
        [("..\\out", 0o644, b"")],
        [("link", LINK, b"/etc/passwd")],
        [("link", LINK, b"../out")],
        [("a/link", LINK, b"../../out")],
        [("here", LINK, b"."), ("here/up", LINK, b"..")],
        [("b/here", LINK, b".."), ("b/here/up", LINK, b"..")],
    ],
)
def test_what_leaves_the_folder_is_refused(tmp_path: Path, entries: list[tuple[str, int, bytes]]) -> None:
    with pytest.raises(BadArchive):
        archive.unpack(zipped(("fine", 0o644, b"x"), *entries), tmp_path / "code")
    assert list(tmp_path.iterdir()) == [], "and nothing is left"


def test_a_file_is_never_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    archive.unpack(zipped(("way", LINK, b"code"), ("way/file", 0o644, b"x")), tmp_path / "code")
    assert not (tmp_path / "code/way").is_symlink() and list(outside.iterdir()) == []


def test_what_is_too_large_is_refused_also_where_it_says_it_is_small(tmp_path: Path) -> None:
    with pytest.raises(BadArchive, match="smaller than 1000 bytes"):
        archive.unpack(zipped(("big", 0o644, bytes(2000))), tmp_path / "code", 1000)
    liar = bytearray(zipped(("big", 0o644, bytes(200_000))))
    # The size before compression, in the list at the archive's end.
    at = liar.rindex(b"PK\x01\x02") + 24
    liar[at : at + 4] = (10).to_bytes(4, "little")
    with pytest.raises(BadArchive):
        archive.unpack(bytes(liar), tmp_path / "code", 1000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive at all", zipped(("a", 0o644, b"x" * 99))[:60]])
def test_what_is_no_archive_says_so(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(BadArchive, match="cannot be unpacked"):
        archive.unpack(content, tmp_path / "code")
    with pytest.raises(BadArchive, match="cannot be unpacked"):
        archive.check(content)
