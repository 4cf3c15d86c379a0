"""octoDNS on Route 53: a zone kept in YAML is made, found unchanged, changed, and dumped back as it was."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fogbank.testing import Served
from fogbank.testing.plugin import MakeClient

CLIENTS = Path(__file__).resolve().parents[2] / "build" / "clients" / "bin"
ZONE = "octo.example."
Zone = dict[str, Any]

CONFIG = """
providers:
  kept: {class: octodns.provider.yaml.YamlProvider, directory: ./kept, default_ttl: 3600, enforce_order: false}
  dumped: {class: octodns.provider.yaml.YamlProvider, directory: ./dumped, default_ttl: 3600, enforce_order: false}
  route53: {class: octodns_route53.Route53Provider}
zones:
  octo.example.: {sources: [kept], targets: [route53]}
"""
MIXED: Zone = {
    "": [
        {"type": "MX", "values": [{"exchange": "mail.example.net.", "preference": 10}]},
        {"type": "TXT", "value": "x"},
    ],
    "alias": {"type": "Route53Provider/ALIAS", "value": {"name": "host0", "type": "A"}},
    "caa": {"type": "CAA", "value": {"flags": 0, "tag": "issue", "value": "ca.example"}},
    "child": [
        {"type": "NS", "values": ["ns1.example.net.", "ns2.example.net."]},
        {"type": "DS", "value": {"key_tag": 1, "algorithm": 13, "digest_type": 2, "digest": "00FF" * 16}},
    ],
    "naptr": {
        "type": "NAPTR",
        "value": {
            "order": 100,
            "preference": 10,
            "flags": "U",
            "service": "SIP+D2U",
            "regexp": "!^.*$!sip:info@example.net!",
            "replacement": ".",
        },
    },
    "ptr": {"type": "PTR", "value": "www.example.net."},
    "txt": {"type": "TXT", "values": ["v=spf1 -all", "semicolon\\; and a word", "long " * 80]},
    "_sip._tcp": {"type": "SRV", "value": {"priority": 1, "weight": 2, "port": 443, "target": "www.example.net."}},
    "*.wild": {"type": "A", "value": "192.0.2.9"},
    # Pools of weighted values that fail over to each other, chosen by place: some twenty record sets and health checks.
    "dynamic": {
        "type": "A",
        "ttl": 60,
        "values": ["52.0.2.50"],
        "dynamic": {
            "pools": {
                "europe": {"fallback": "rest", "values": [{"value": "52.0.2.51", "weight": 2}, {"value": "52.0.2.52"}]},
                "rest": {"values": [{"value": "52.0.2.53"}]},
            },
            "rules": [{"geos": ["EU", "NA-US-CA"], "pool": "europe"}, {"pool": "rest"}],
        },
    },
}


def _zone(first: str) -> Zone:
    """Some five hundred record sets; `first` is in the addresses of the hosts."""
    hosts: Zone = {f"host{n}": {"type": "A", "ttl": 60, "values": [f"{first}.{n % 250}"]} for n in range(200)}
    hosts |= {f"six{n}": {"type": "AAAA", "value": f"2001:db8::{n:x}"} for n in range(100)}
    hosts |= {f"name{n}": {"type": "CNAME", "value": f"host{n}.octo.example."} for n in range(100)}
    hosts |= {f"text{n}": {"type": "TXT", "value": f"number {n}"} for n in range(90)}
    return {**hosts, **MIXED}


class Octo:
    """octoDNS's commands in a folder."""

    def __init__(self, folder: Path, url: str, account: str) -> None:
        if not (CLIENTS / "octodns-sync").exists():
            pytest.skip("no octoDNS here: make build/clients/ready")
        self._folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self._environ = {
            **kept,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_ENDPOINT_URL": url,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        (folder / "config.yaml").write_text(CONFIG)

    def keep(self, zone: Zone) -> None:
        (self._folder / "kept").mkdir(exist_ok=True)
        (self._folder / "kept" / f"{ZONE}yaml").write_text(json.dumps(zone))

    def __call__(self, command: str, *words: str) -> str:
        """What a command printed."""
        asked = [str(CLIENTS / command), "--config-file", "config.yaml", *words]
        done = subprocess.run(
            asked, cwd=self._folder, env=self._environ, capture_output=True, text=True, timeout=200, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout + done.stderr


def _unchanged(said: str) -> None:
    assert "No changes were planned" in said, said[-3000:]


def test_octodns_keeps_a_zone_of_five_hundred_records(
    served: Served, boto: MakeClient, account: str, tmp_path: Path
) -> None:
    octo = Octo(tmp_path, served.url, account)
    octo.keep(_zone("198.51.100"))
    assert "No changes were planned" not in octo("octodns-sync", "--doit")
    _unchanged(octo("octodns-sync"))

    changed = _zone("203.0.113")
    changed["new"] = {"type": "A", "value": "192.0.2.77"}
    del changed["text7"]
    octo.keep(changed)
    assert "No changes were planned" not in octo("octodns-sync", "--doit", "--force")
    _unchanged(octo("octodns-sync"))

    route53 = boto("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    assert zone["ResourceRecordSetCount"] >= 500
    said = route53.test_dns_answer(HostedZoneId=zone["Id"], RecordName="host9.octo.example", RecordType="A")
    assert said["RecordData"] == ["203.0.113.9"]

    octo("octodns-dump", "--output-dir", "dumped", ZONE, "route53")
    (tmp_path / "kept" / f"{ZONE}yaml").write_text((tmp_path / "dumped" / f"{ZONE}yaml").read_text())
    _unchanged(octo("octodns-sync"))
