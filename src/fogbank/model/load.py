"""Reads a service's API model from botocore's data folder, without importing botocore."""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
import marshal
import os
import re
import sys
import tempfile
from collections.abc import Callable
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import orjson

from fogbank.model.operation import Model

_FORMAT = 1
_PROSE = frozenset(
    ("documentation", "documentationUrl", "deprecatedMessage", "deprecatedSince", "examples", "contextParam",
     "staticContextParams", "operationContextParams", "endpointdiscovery", "synthetic", "retryable")
)  # fmt: skip


@lru_cache(maxsize=1)
def botocore_folder() -> Path:
    """The folder of the installed botocore. Raises ModuleNotFoundError when there is none."""
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("fogbank reads AWS's API models from the package botocore, which is not installed")
    return Path(spec.origin).parent


@lru_cache(maxsize=1)
def botocore_version() -> str:
    """The version of the installed botocore, such as `1.44.5`."""
    text = (botocore_folder() / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r"""^__version__ = ['"]([^'"]+)['"]""", text, re.MULTILINE)
    return found.group(1) if found else "unknown"


def cache_folder() -> Path:
    """Where decoded models are kept between runs; it may not exist, and may not be writable."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path("~").expanduser() / ".cache")
    python = f"py{sys.version_info.major}{sys.version_info.minor}"
    return Path(root) / "fogbank" / f"models-{_FORMAT}-{botocore_version()}-{python}"


def cached(name: str, stamp: object, build: Callable[[], Any]) -> Any:
    """What `build` returns, kept under `name` in the cache folder for as long as `stamp` stays the same.

    Values are what marshal can write. A cache that cannot be read or written is as good as none.
    """
    path = cache_folder() / f"{name}.marshal"
    with contextlib.suppress(OSError, ValueError, EOFError, TypeError):
        kept = marshal.loads(path.read_bytes())  # noqa: S302  the user's own cache folder
        if kept[0] == stamp:
            return kept[1]
    value = build()
    with contextlib.suppress(OSError):
        _write(path, marshal.dumps((stamp, value)))  # type: ignore[arg-type]
    return value


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def model_file(service: str) -> Path:
    """The newest model of a service, by botocore's name of it. Raises KeyError for an unknown service."""
    folder = botocore_folder() / "data" / service
    # A service's name is a folder's name: nothing from a request may climb out of botocore's data.
    if re.fullmatch(r"[a-z0-9][a-z0-9-]*", service) and folder.is_dir():
        for version in sorted(folder.iterdir(), reverse=True):
            path = version / "service-2.json.gz"
            if path.exists():
                return path
    raise KeyError(service)


@cache
def load(service: str) -> Model:
    """The model of a service, by botocore's name of it (`ssm`, `lambda`). Raises KeyError for an unknown service."""
    path = model_file(service)
    stat = path.stat()
    metadata, operations, shapes = cached(service, (stat.st_mtime_ns, stat.st_size), lambda: _read(path))
    return Model(service, metadata, operations, shapes)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    raw = orjson.loads(gzip.decompress(path.read_bytes()))
    extras = path.with_name("service-2.sdk-extras.json")
    if extras.exists():
        merge(raw, orjson.loads(extras.read_bytes()).get("merge", {}))
    operations = {name: _without_prose(operation) for name, operation in raw["operations"].items()}
    shapes = {name: _shape(shape) for name, shape in raw["shapes"].items()}
    return raw["metadata"], operations, shapes


def merge(into: dict[str, Any], extra: dict[str, Any]) -> None:
    """Lay `extra` over `into`, folder by folder, as botocore does with its `sdk-extras` files."""
    for key, value in extra.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value)
        else:
            into[key] = value


def _without_prose(traits: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in traits.items() if key not in _PROSE}


def _shape(shape: dict[str, Any]) -> dict[str, Any]:
    kept = _without_prose(shape)
    # A member may itself be called `documentation`, so members are looked into one by one.
    if "members" in kept:
        kept["members"] = {name: _without_prose(ref) for name, ref in kept["members"].items()}
    for part in ("member", "key", "value"):
        if part in kept:
            kept[part] = _without_prose(kept[part])
    return kept
