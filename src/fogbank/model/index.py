"""Finds services by what a request says of them: target prefix, signing name, endpoint prefix, API version."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import orjson

from fogbank.model.load import botocore_folder, cached, load, model_file

_HEAD_BYTES = 8192
_METADATA = re.compile(rb'"metadata"\s*:\s*\{')

#: Protocols that clients still speak though the model has forgotten them.
FORCED_PROTOCOLS = {"sqs": ("query",), "cloudwatch": ("query",)}


class Entry(msgspec.Struct, frozen=True):
    """What the index knows of a service; `service` is botocore's name, protocols are botocore's names too."""

    service: str
    service_id: str
    signing_name: str
    endpoint_prefix: str
    target_prefix: str
    json_version: str
    api_version: str
    protocols: tuple[str, ...]


class Index(msgspec.Struct, frozen=True):
    """All services, and the ways to find them; each way gives names of services, in alphabetical order."""

    entries: Mapping[str, Entry]
    by_target_prefix: Mapping[str, tuple[str, ...]]
    by_signing_name: Mapping[str, tuple[str, ...]]
    by_endpoint_prefix: Mapping[str, tuple[str, ...]]
    by_query_version: Mapping[str, tuple[str, ...]]


def entry(service: str) -> Entry:
    """A service's entry, read from its own model only. Raises KeyError for an unknown service."""
    return _entry(service, load(service).metadata)


@lru_cache(maxsize=1)
def index() -> Index:
    """The index of every service that botocore knows: 0.1 s the first time on a machine, then about 1 ms."""
    data = botocore_folder() / "data"
    entries = {name: Entry(*fields) for name, fields in cached("index", data.stat().st_mtime_ns, _build).items()}
    every = entries.values()
    return Index(
        entries=entries,
        by_target_prefix=_grouped((one.target_prefix, one.service) for one in every),
        by_signing_name=_grouped((one.signing_name, one.service) for one in every),
        by_endpoint_prefix=_grouped((one.endpoint_prefix, one.service) for one in every),
        by_query_version=_grouped(
            (one.api_version, one.service) for one in every if {"query", "ec2"}.intersection(one.protocols)
        ),
    )


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for key, service in pairs:
        if key:
            groups.setdefault(key, []).append(service)
    return {key: tuple(sorted(services)) for key, services in groups.items()}


def _build() -> dict[str, tuple[Any, ...]]:
    built = {}
    for name in sorted(folder.name for folder in (botocore_folder() / "data").iterdir()):
        try:
            path = model_file(name)
        except KeyError:
            continue
        built[name] = msgspec.structs.astuple(_entry(name, _head(name, path)))
    return built


def _head(service: str, path: Path) -> Mapping[str, Any]:
    """A model's metadata, which stands at the head of the file: the other 99 % need not be unpacked."""
    with path.open("rb") as file:
        text = zlib.decompressobj(31).decompress(file.read(_HEAD_BYTES), _HEAD_BYTES)
    found = _METADATA.search(text)
    end = _closing_brace(text, found.end()) if found else None
    if found is None or end is None:
        return load(service).metadata
    metadata: dict[str, Any] = orjson.loads(text[found.end() - 1 : end])
    return metadata


def _closing_brace(text: bytes, start: int) -> int | None:
    depth = 1
    for found in re.finditer(rb'"(?:[^"\\]|\\.)*"|[{}]', text[start:]):
        depth += {b"{": 1, b"}": -1}.get(found.group(), 0)
        if depth == 0:
            return start + found.end()
    return None


def _entry(service: str, metadata: Mapping[str, Any]) -> Entry:
    protocols = tuple(metadata.get("protocols") or (metadata["protocol"],))
    forced = (protocol for protocol in FORCED_PROTOCOLS.get(service, ()) if protocol not in protocols)
    return Entry(
        service=service,
        service_id=metadata["serviceId"],
        signing_name=metadata.get("signingName") or metadata["endpointPrefix"],
        endpoint_prefix=metadata["endpointPrefix"],
        target_prefix=metadata.get("targetPrefix", ""),
        json_version=metadata.get("jsonVersion", ""),
        api_version=metadata["apiVersion"],
        protocols=(*protocols, *forced),
    )
