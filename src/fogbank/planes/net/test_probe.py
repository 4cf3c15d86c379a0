"""What the probe finds, and that it says what is missing in words that a person can act upon."""

from __future__ import annotations

from pathlib import Path

import pytest

from fogbank.planes.net import firewall, probe
from fogbank.planes.net.namespaces import prefix_of


def test_plain_is_always_there() -> None:
    assert probe.found("plain") == ("plain", "")


def test_the_best_mode_is_found_and_a_lesser_one_says_why() -> None:
    mode, reason = probe.found("auto")
    assert mode in ("full", "rootless", "plain")
    assert bool(reason) == (mode != "full")
    if mode == "full":
        assert probe.found("full") == ("full", "")


def test_a_mode_that_is_asked_for_and_not_there_is_plain_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firewall, "LIBRARY", "libnftables.so.nowhere")
    firewall.library.cache_clear()
    try:
        mode, reason = probe.found("full")
    finally:
        monkeypatch.undo()
        firewall.library.cache_clear()
    assert mode == "plain"
    assert "apt-get install libnftables1" in reason or "CAP_NET_ADMIN" in reason


def test_each_feature_works_or_has_a_reason() -> None:
    listed = probe.features()
    assert [one.name for one in listed] == [
        "libnftables",
        "user namespaces",
        "veth",
        "nftables NAT",
        "conntrack",
        "NFLOG",
        "TUN",
        "egress hook",
        "netem",
        "TBF",
    ]
    assert all(one.works or one.words for one in listed)


def test_a_probe_leaves_this_process_where_it_was() -> None:
    before = Path("/proc/self/ns/net").readlink()
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    devices = Path("/proc/net/dev").read_text().count("\n")
    probe.found("full")
    assert Path("/proc/self/ns/net").readlink() == before
    assert Path("/proc/net/dev").read_text().count("\n") == devices
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_a_prefix_is_of_one_folder(tmp_path: Path) -> None:
    assert prefix_of(tmp_path) == prefix_of(tmp_path / "x" / "..")
    assert prefix_of(tmp_path) != prefix_of(tmp_path / "x")
    assert len(prefix_of(tmp_path)) == 8
