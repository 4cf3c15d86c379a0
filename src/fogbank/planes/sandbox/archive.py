"""Code archives (zip) become folders that functions may see; what would leave its folder is refused."""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

BYTES_MAX = 250 << 20
"""Unpacked, with all layers: "Lambda quotas"."""
_PART = 1 << 20
_LINK_BYTES_MAX = 4096


class BadArchive(Exception):
    """An archive that is none, or that nobody may unpack; the text says why."""


def unpack(archive: bytes, folder: Path, bytes_max: int = BYTES_MAX) -> None:
    """Unpack an archive into a folder, which is made. Modes are kept; nothing is left where it fails.

    Raises BadArchive.
    """
    folder.mkdir(parents=True)
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            _unpack(opened, folder, bytes_max)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise BadArchive(f"the archive cannot be unpacked: {error}") from None
    except BadArchive:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def check(archive: bytes, bytes_max: int = BYTES_MAX) -> None:
    """Look at an archive's list, without unpacking it. Raises BadArchive."""
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            _entries(opened, bytes_max)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise BadArchive(f"the archive cannot be unpacked: {error}") from None


def _entries(opened: zipfile.ZipFile, bytes_max: int) -> list[tuple[zipfile.ZipInfo, PurePosixPath]]:
    entries = [(info, _place(info.filename)) for info in opened.infolist()]
    if sum(info.file_size for info, _ in entries) > bytes_max:
        raise BadArchive(f"Unzipped size must be smaller than {bytes_max} bytes")
    return entries


def _unpack(opened: zipfile.ZipFile, folder: Path, bytes_max: int) -> None:
    entries = _entries(opened, bytes_max)
    links: list[tuple[zipfile.ZipInfo, PurePosixPath]] = []
    left = bytes_max
    for info, place in entries:
        mode = info.external_attr >> 16
        path = folder / place
        if stat.S_ISLNK(mode):
            links.append((info, place))
        elif info.is_dir():
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            left -= _written(opened, info, path, left)
            # Archives made without modes are readable to all.
            path.chmod(stat.S_IMODE(mode) & 0o755 or 0o644)
    # Links come last: no file is ever written through one.
    for info, place in links:
        _link(opened, info, place, folder)


def _place(name: str) -> PurePosixPath:
    place = PurePosixPath(name.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or "\0" in name or not place.parts:
        raise BadArchive(f"the path {name!r} leaves the archive's folder")
    return place


def _written(opened: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path, left: int) -> int:
    """Write a file, at most so many bytes, whatever size the archive claims; gives how many."""
    size = 0
    with opened.open(info) as source, path.open("wb") as target:
        while part := source.read(_PART):
            size += len(part)
            if size > left:
                raise BadArchive("Unzipped size is larger than the archive says")
            target.write(part)
    return size


def _link(opened: zipfile.ZipFile, info: zipfile.ZipInfo, place: PurePosixPath, folder: Path) -> None:
    if info.file_size > _LINK_BYTES_MAX:
        raise BadArchive(f"the link {place} is too long")
    target = opened.read(info).decode("utf-8", errors="surrogateescape")
    depth = len(place.parts) - 1
    if target.startswith("/") or "\0" in target or not target:
        raise BadArchive(f"the link {place} leaves the archive's folder")
    for part in PurePosixPath(target).parts:
        depth += -1 if part == ".." else 1
        if depth < 0:
            raise BadArchive(f"the link {place} leaves the archive's folder")
    path = folder / place
    # Through a link before it, it would lie elsewhere, and `..` would mean another folder.
    if any((folder / parent).is_symlink() for parent in place.parents):
        raise BadArchive(f"the link {place} lies behind another link")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() and not path.is_symlink():
        path.symlink_to(target)
