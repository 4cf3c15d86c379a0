"""`fogbank doctor`: what this machine offers, what is off, why, and the command that turns it on."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from typing import NamedTuple

from fogbank.planes.engines import bird
from fogbank.planes.engines.postgresql import servers
from fogbank.planes.net import probe, uplinks
from fogbank.planes.sandbox import interpreters
from fogbank.running import RunError, bound
from fogbank.settings import Settings

_DISK_BYTES_MIN = 256 * 1024 * 1024
_SQLITE_MIN = (3, 24)


class Finding(NamedTuple):
    """One thing that was looked at; `remedy` is what to do where `state` is not `ok`."""

    name: str
    state: str
    detail: str
    remedy: str = ""


def findings(settings: Settings, runs: bool) -> Iterator[Finding]:
    """Everything that matters to a cloud on this machine; `state` is ok, off (works without) or bad (does not)."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield _of("python", sys.version_info >= (3, 11), version, "install Python 3.11 or newer", bad=True)
    yield _of("sqlite", sqlite3.sqlite_version_info >= _SQLITE_MIN, sqlite3.sqlite_version, "", bad=True)
    yield from _modules()
    yield _state(settings)
    yield _port(settings, runs)
    yield from _network()
    path = shutil.which(uplinks.PROGRAM)
    meaning = path or f"not on the PATH: needed for the setting uplink = slirp (it is {settings.uplink})"
    yield _of(uplinks.PROGRAM, path is not None, meaning, uplinks.REMEDY)
    yield _postgresql(settings)
    path = bird.program()
    yield _of("bird", bool(path), path or "not installed: there can be no edges (`fogbank dns edges`)", bird.REMEDY)
    runtimes = [name for name, found in interpreters.installed().items() if found is not None]
    yield _of(
        "lambda", bool(runtimes), ", ".join(runtimes) or "no runtime of functions", interpreters.remedy("nodejs20.x")
    )
    if any(name.startswith("nodejs") for name in runtimes):
        packages = interpreters.node_modules(settings.node_modules)
        there = packages is not None and (packages / "@aws-sdk").is_dir()
        meaning = f"functions in Node find AWS's SDK in {packages}" if there else "functions in Node find no SDK"
        yield _of("node sdk", there, meaning, interpreters.NODE_SDK_REMEDY)
    for tool, remedy in (("aws", "pip install awscli"), ("terraform", "see terraform.io")):
        path = shutil.which(tool)
        yield _of(tool, path is not None, path or "not on the PATH", remedy)


def _of(name: str, good: bool, detail: str, remedy: str, bad: bool = False) -> Finding:
    return Finding(name, "ok" if good else "bad" if bad else "off", detail, "" if good else remedy)


def _modules() -> Iterator[Finding]:
    for name, meaning, remedy in (
        ("uvloop", "a third less CPU for each request", "pip install uvloop"),
        ("moto", "borrowed services (longtail)", "pip install 'fogbank[longtail]'"),
    ):
        there = importlib.util.find_spec(name) is not None
        yield _of(name, there, meaning if there else f"not installed: {meaning}", remedy)


def _postgresql(settings: Settings) -> Finding:
    found = servers.found(settings.postgresql)
    named = ", ".join(f"{one.version} in {one.programs}{'' if one.has_tls else ' (without TLS)'}" for one in found)
    meaning = named or "none: rds can make no databases"
    return _of("postgresql", bool(found), meaning, servers.REMEDY)


def _state(settings: Settings) -> Finding:
    folder = settings.state_folder
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(nearest, os.W_OK):
        return Finding("state", "bad", f"{folder} cannot be written", "fogbank up --state DIR")
    free = shutil.disk_usage(nearest).free
    return _of("state", free > _DISK_BYTES_MIN, f"{folder}, {free // 2**20} MiB free", "make room", bad=True)


def _port(settings: Settings, runs: bool) -> Finding:
    if runs:
        return Finding("port", "ok", f"{settings.port}: this cloud listens on it")
    try:
        bound(settings.host, settings.port).close()
    except RunError as error:
        return Finding("port", "bad", str(error), "fogbank up --port N")
    return Finding("port", "ok", f"{settings.port} is free")


def _network() -> Iterator[Finding]:
    """What is found by trying, in namespaces that vanish with the trial."""
    mode, reason = probe.found("auto")
    is_root = mode == "full" or not probe.full()
    yield _of("root", is_root, "networks in namespaces of their own", "sudo fogbank up")
    yield _of("network", mode != "plain", mode if mode != "plain" else f"nothing is enforced: {reason}", "as below")
    for feature in probe.features():
        meaning, remedy = _FEATURES[feature.name]
        yield _of(feature.name, feature.works, meaning if feature.works else f"{meaning}: {feature.words}", remedy)


_FEATURES = {
    "libnftables": ("firewalls", "apt-get install libnftables1"),
    "user namespaces": ("networks without root", "sysctl -w user.max_user_namespaces=10000"),
    "veth": ("interfaces, in namespaces", "modprobe veth"),
    "nftables NAT": ("gateways", "modprobe nft_chain_nat"),
    "conntrack": ("security groups", "modprobe nf_conntrack"),
    "NFLOG": ("REJECT records in flow logs", "modprobe nfnetlink_log"),
    "TUN": ("delay between regions, by a process of ours", "modprobe tun; chmod 666 /dev/net/tun"),
    "egress hook": ("delay within a VPC, by a process of ours", "modprobe tun nft_fwd_netdev; chmod 666 /dev/net/tun"),
    "TBF": ("bandwidth of instance types", "modprobe sch_tbf"),
    "netem": ("delay between regions, by the kernel itself", "modprobe sch_netem"),
}
