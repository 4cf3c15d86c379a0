"""The interpreters that functions run under: which runtimes AWS has, and where this machine has their programs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
NODES = ("18", "20", "22", "24")
OWN = ("provided.al2", "provided.al2023")
"""Those that bring what they begin with."""
_SDK = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six")
_VERSION_SECONDS = 10.0
_SOURCE_TREE = Path(__file__).resolve().parents[4]
NODE_SDK_REMEDY = (
    "npm install --prefix ~/.local/share/fogbank/node @aws-sdk/client-s3 @aws-sdk/client-ssm (and what else they use)"
)


class Interpreter(NamedTuple):
    """A program, and the folder that it and its libraries lie in."""

    program: Path
    prefix: Path


def installed() -> dict[str, Interpreter | None]:
    """Every runtime -> its interpreter on this machine, None where there is none. `provided` needs none: the program
    of the function itself; it stands with ours."""
    node = nodes()
    found: dict[str, Interpreter | None] = {f"python{version}": python(version) for version in PYTHONS}
    found.update({f"nodejs{major}.x": node.get(major) for major in NODES})
    found.update(dict.fromkeys(OWN, _of(Path(sys.executable))))
    return found


def remedy(runtime: str) -> str:
    """How an absent runtime is installed."""
    if runtime.startswith("python"):
        version = runtime.removeprefix("python")
        return f"not installed: pyenv install {version}, or: apt-get install python{version}"
    major = runtime.removeprefix("nodejs").removesuffix(".x")
    return f"not installed: nvm install {major}, or: npx --yes node@{major} (node {major} has to be on the PATH)"


def python(version: str) -> Interpreter | None:
    """The Python of exactly this version: ours, the PATH's, pyenv's, uv's."""
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return _of(Path(sys.executable))
    return next((_of(path) for path in _pythons(version) if os.access(path, os.X_OK)), None)


def _pythons(version: str) -> Iterator[Path]:
    name = f"python{version}"
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = Path(folder, name)
        # pyenv's shims are scripts, which take long and choose for themselves.
        if os.access(path, os.X_OK) and not _is_script(path):
            yield path
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/{name}"), reverse=True)
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", "~/.local/share/uv/python")).expanduser()
    yield from sorted(uv.glob(f"cpython-{version}.*/bin/{name}"), reverse=True)
    yield Path("/usr/bin", name)


def nodes() -> dict[str, Interpreter]:
    """Each major version of Node that is here: the PATH's, nvm's."""
    found: dict[str, Interpreter] = {}
    nvm = Path(os.environ.get("NVM_DIR", "~/.nvm")).expanduser()
    for path in sorted(nvm.glob("versions/node/v*/bin/node")):
        found[path.parents[1].name[1:].partition(".")[0]] = _of(path)
    named = [shutil.which(name) for name in ("node", *(f"node{major}" for major in NODES))]
    for program in dict.fromkeys(path for path in named if path):
        if version := _version(program):
            found[version] = _of(Path(program))
    return found


def _version(program: str) -> str:
    """The major version of a Node; empty where it does not say one."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, timeout=_VERSION_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.stdout.decode(errors="replace").strip().removeprefix("v").partition(".")[0]


def _of(program: Path) -> Interpreter:
    real = program.resolve()
    return Interpreter(real, real.parents[1])


def _is_script(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"#!"
    except OSError:
        return True


def sdk() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where boto3 and what it needs lie beside us: the folders to look in, and the packages to show there."""
    folders: dict[str, None] = {}
    shown = []
    for name in _SDK:
        found = importlib.util.find_spec(name)
        if found is None or found.origin is None:
            continue
        origin = Path(found.origin)
        place = origin.parent if found.submodule_search_locations else origin
        shown.append(str(place))
        folders[str(place.parent)] = None
    return tuple(folders), tuple(shown)


def node_modules(chosen: str) -> Path | None:
    """The folder of packages that functions in Node find, AWS's SDK among them: the one that is chosen, or where
    `make up` puts it beside the source, or the user's own; None where there is none."""
    own = Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share", "fogbank", "node", "node_modules")
    places = [Path(chosen)] if chosen else [_SOURCE_TREE / "build" / "node" / "node_modules", own]
    return next((path.absolute() for place in places if (path := place.expanduser()).is_dir()), None)
