"""Signed zones, as validating resolvers see them: BIND's delv, and unbound."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest

from fogbank.testing import Served

DAY = timedelta(days=1)
Validate = Callable[..., str]
SECURE, INSECURE, BOGUS = "secure", "insecure", "bogus"
_REASONS = ("broken trust chain", "no valid signature found", "no valid DS", "RRSIG failed to verify")


class Names(NamedTuple):
    """A signed zone of one's own."""

    route53: Any
    kms: Any
    account: str
    zone_id: str
    name: str
    ds: str
    """What the zone above is to have, or who trusts it by himself."""


def _client(served: Served, account: str, service: str) -> Any:
    credentials = {"aws_access_key_id": account, "aws_secret_access_key": "x"}
    return boto3.client(service, region_name="us-east-1", endpoint_url=served.url, **credentials)


def _key(kms: Any, account: str) -> str:
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
    dnssec = {
        "Effect": "Allow",
        "Principal": {"Service": "dnssec-route53.amazonaws.com"},
        "Action": ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"],
        "Resource": "*",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:route53:::hostedzone/*"}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root, dnssec]})
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=policy)
    return str(made["KeyMetadata"]["Arn"])


def _zone(route53: Any, name: str, *sets: dict[str, Any]) -> str:
    zone_id = str(route53.create_hosted_zone(Name=name, CallerReference=name)["HostedZone"]["Id"])
    _change(route53, zone_id, *sets)
    return zone_id


def _change(route53: Any, zone_id: str, *sets: dict[str, Any]) -> None:
    changes = [{"Action": "UPSERT", "ResourceRecordSet": one} for one in sets]
    if changes:
        route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def _set(name: str, type_: str, *values: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "Type": type_, "TTL": 60, "ResourceRecords": [{"Value": one} for one in values], **more}


def _sign(route53: Any, kms: Any, account: str, zone_id: str, name: str = "first") -> str:
    """Sign a zone; its DS record."""
    made = route53.create_key_signing_key(
        CallerReference=name,
        HostedZoneId=zone_id,
        KeyManagementServiceArn=_key(kms, account),
        Name=name,
        Status="ACTIVE",
    )
    route53.enable_hosted_zone_dnssec(HostedZoneId=zone_id)
    return str(made["KeySigningKey"]["DSRecord"])


def _signed(served: Served, account: str) -> Names:
    route53, kms = _client(served, account, "route53"), _client(served, account, "kms")
    name = f"s{account}.example"
    alias = {"HostedZoneId": "", "DNSName": f"www.{name}", "EvaluateTargetHealth": False}
    zone_id = _zone(
        route53,
        name,
        _set(f"www.{name}", "A", "192.0.2.1", "192.0.2.2"),
        _set(f"www.{name}", "TXT", '"signed as it is asked for"'),
        _set(f"mail.{name}", "MX", f"10 Mail.{name}."),
        _set(f"*.wild.{name}", "A", "192.0.2.3"),
        _set(f"one.{name}", "CNAME", f"two.{name}"),
        _set(f"two.{name}", "CNAME", f"www.{name}"),
        _set(f"dangling.{name}", "CNAME", f"nowhere.{name}"),
        _set(f"a.empty.{name}", "A", "192.0.2.4"),
        _set(f"weighted.{name}", "A", "192.0.2.5", SetIdentifier="a", Weight=1),
        _set(f"weighted.{name}", "A", "192.0.2.6", SetIdentifier="b", Weight=1),
    )
    alias["HostedZoneId"] = zone_id.rpartition("/")[2]
    _change(route53, zone_id, {"Name": f"alias.{name}", "Type": "A", "AliasTarget": alias})
    return Names(route53, kms, account, zone_id, name, _sign(route53, kms, account, zone_id))


@pytest.fixture(scope="module")
def names(served: Served) -> Names:
    return _signed(served, "530530530530")


def _ran(*words: str) -> str:
    if shutil.which(words[0]) is None:
        package = {"delv": "bind9-dnsutils"}.get(words[0], words[0])
        pytest.skip(f"no {words[0]} here: install {package}")
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def _unbound(folder: Path, at: str, names: Names, asked: tuple[str, str], when: datetime | None = None) -> str:
    """What unbound makes of an answer by `at`, and its lines."""
    host, _, port = at.rpartition(":")
    lines = ["server:", " do-not-query-localhost: no", f' trust-anchor: "{names.name}. DS {names.ds}"']
    lines += [f' val-override-date: "{when:%Y%m%d%H%M%S}"'] if when is not None else []
    lines += ["stub-zone:", f' name: "{names.name}"', f" stub-addr: {host}@{port}"]
    config = folder / "unbound.conf"
    config.write_text("\n".join(lines) + "\n")
    said = _ran("unbound-host", "-C", str(config), "-v", "-t", asked[1], asked[0])
    marks = {"(secure)": SECURE, "(insecure)": INSECURE, "(BOGUS": BOGUS}
    found = {mark for text, mark in marks.items() if text in said}
    assert len(found) == 1, said
    return f"{found.pop()} {said}"


def _delv(folder: Path, at: str, names: Names, asked: tuple[str, str], when: datetime | None = None) -> str:
    """What BIND's delv makes of an answer by `at`, and its lines."""
    assert when is None
    host, _, port = at.rpartition(":")
    tag, algorithm, digest, text = names.ds.split()
    anchors = folder / "anchors"
    anchors.write_text(f'trust-anchors {{ "{names.name}." static-ds {tag} {algorithm} {digest} "{text}"; }};\n')
    said = _ran("delv", f"@{host}", "-p", port, "-a", str(anchors), f"+root={names.name}", *asked)
    if "fully validated" in said:
        return f"{SECURE} {said}"
    assert "unsigned answer" in said or any(text in said for text in _REASONS), said
    return f"{INSECURE if 'unsigned answer' in said else BOGUS} {said}"


@pytest.fixture(params=[_delv, _unbound], ids=["delv", "unbound"])
def validate(request: pytest.FixtureRequest, served: Served, tmp_path: Path) -> Validate:
    def run(names: Names, name: str, type_: str = "A", *, at: str = "", **more: Any) -> str:
        said = request.param(tmp_path, at or served.cloud.names.at, names, (name, type_), **more)
        return str(said)

    return run


@pytest.mark.parametrize(
    ("name", "type_", "value"),
    [
        ("www", "A", "192.0.2.2"),
        ("www", "TXT", "signed as it is asked for"),
        ("mail", "MX", "10 mail."),
        ("any.wild", "A", "192.0.2.3"),
        ("deep.any.wild", "A", "192.0.2.3"),
        ("one", "A", "192.0.2.1"),
        ("alias", "A", "192.0.2.1"),
        ("weighted", "A", "192.0.2."),
        ("", "SOA", "awsdns-hostmaster.amazon.com."),
        ("", "NS", "fogdns-"),
        ("", "DNSKEY", "257 3 13 "),
    ],
)
def test_what_is_there_is_validated(names: Names, validate: Validate, name: str, type_: str, value: str) -> None:
    said = validate(names, f"{name}.{names.name}".lstrip("."), type_)
    assert said.startswith(SECURE), said
    assert value in said.lower()


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("nowhere", "A"),
        ("further.nowhere", "A"),
        ("www", "AAAA"),
        ("empty", "A"),
        ("any.wild", "AAAA"),
        ("wild", "A"),
        ("dangling", "A"),
        ("", "A"),
        ("www", "DS"),
    ],
)
def test_what_is_not_there_is_validated(names: Names, validate: Validate, name: str, type_: str) -> None:
    said = validate(names, f"{name}.{names.name}".lstrip("."), type_)
    assert said.startswith(SECURE), said
    assert "192.0.2." not in said


def test_a_name_that_is_not_there_says_so_to_those_who_want_no_proof(served: Served, names: Names) -> None:
    host, _, port = served.cloud.names.at.rpartition(":")
    asked = ("dig", f"@{host}", "-p", port, f"nowhere.{names.name}")
    assert "status: NXDOMAIN" in _ran(*asked)
    said = _ran(*asked, "+dnssec")
    assert "status: NOERROR" in said
    assert f"IN NSEC \\000.nowhere.{names.name}. RRSIG NSEC" in " ".join(said.split())


# Zones below


def _below(names: Names, label: str) -> tuple[str, str]:
    """A zone of its own below another, to which that one refers: its id and its name."""
    name = f"{label}.{names.name}"
    zone_id = _zone(names.route53, name, _set(f"www.{name}", "A", "192.0.2.7"))
    servers = names.route53.get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"]
    _change(names.route53, names.zone_id, _set(name, "NS", *servers))
    return zone_id, name


def test_a_zone_below_that_nobody_vouches_for_is_known_to_be_unsigned(
    names: Names, validate: Validate, request: pytest.FixtureRequest
) -> None:
    _, name = _below(names, f"plain-{request.node.callspec.id}")
    assert validate(names, f"www.{name}").startswith(INSECURE)
    assert validate(names, name, "DS").startswith(SECURE)


def test_a_zone_below_is_trusted_through_the_one_above(
    names: Names, validate: Validate, request: pytest.FixtureRequest
) -> None:
    zone_id, name = _below(names, f"safe-{request.node.callspec.id}")
    ds = _sign(names.route53, names.kms, names.account, zone_id)
    _change(names.route53, names.zone_id, _set(name, "DS", ds))
    assert validate(names, f"www.{name}").startswith(SECURE)
    assert validate(names, f"no.{name}").startswith(SECURE)


def test_a_zone_below_with_another_key_than_its_parent_says_is_bogus(
    names: Names, validate: Validate, request: pytest.FixtureRequest
) -> None:
    zone_id, name = _below(names, f"wrong-{request.node.callspec.id}")
    tag, *numbers, digest = _sign(names.route53, names.kms, names.account, zone_id).split()
    wrong = " ".join([tag, *numbers, digest[:-2] + ("00" if digest[-2:] != "00" else "01")])
    _change(names.route53, names.zone_id, _set(name, "DS", wrong))
    assert validate(names, f"www.{name}").startswith(BOGUS)


def test_a_referral_proves_who_vouches_below(served: Served, names: Names) -> None:
    """To a zone that is elsewhere: with its DS record, or the proof that there is none."""
    safe, plain = f"away-safe.{names.name}", f"away-plain.{names.name}"
    ds = "12345 13 2 " + "AB" * 32
    for name in (safe, plain):
        _change(names.route53, names.zone_id, _set(name, "NS", "ns.example.net."))
    _change(names.route53, names.zone_id, _set(safe, "DS", ds))
    host, _, port = served.cloud.names.at.rpartition(":")

    def referral(name: str) -> str:
        return " ".join(_ran("dig", f"@{host}", "-p", port, "+dnssec", "+norec", f"www.{name}").split())

    assert f"{safe}. 60 IN DS 12345 13 2" in referral(safe)
    assert f"{safe}. 60 IN RRSIG DS 13 " in referral(safe)
    assert "NSEC" not in referral(safe)
    assert f"IN NSEC \\000.{plain}. NS RRSIG NSEC" in referral(plain)
    assert "RRSIG NS " not in referral(plain)


# What must not be believed


def test_a_key_that_is_not_trusted_validates_nothing(names: Names, validate: Validate) -> None:
    tag, *numbers, digest = names.ds.split()
    stranger = names._replace(ds=" ".join([tag, *numbers, digest[2:] + digest[:2]]))
    assert validate(stranger, f"www.{names.name}").startswith(BOGUS)


@pytest.fixture
def liar(served: Served) -> Iterator[str]:
    """A name server that passes on what the cloud's says, but for one address."""
    host, _, port = served.cloud.names.at.rpartition(":")
    with socket.socket(type=socket.SOCK_DGRAM) as sock, socket.socket(type=socket.SOCK_DGRAM) as to_cloud:
        sock.bind(("127.0.0.1", 0))
        to_cloud.settimeout(5)
        to_cloud.connect((host, int(port)))

        def lie() -> None:
            while True:
                data, asker = sock.recvfrom(4096)
                if not data:
                    return
                to_cloud.send(data)
                said = to_cloud.recv(4096)
                sock.sendto(said.replace(bytes([192, 0, 2, 1]), bytes([192, 0, 2, 66])), asker)

        thread = threading.Thread(target=lie)
        thread.start()
        yield f"127.0.0.1:{sock.getsockname()[1]}"
        with socket.socket(type=socket.SOCK_DGRAM) as end:
            end.sendto(b"", sock.getsockname())
        thread.join()


def test_an_address_that_was_changed_on_the_way_is_bogus(names: Names, validate: Validate, liar: str) -> None:
    assert validate(names, f"www.{names.name}", at=liar).startswith(BOGUS)
    assert validate(names, f"www.{names.name}", "TXT", at=liar).startswith(SECURE), "the rest is as it was"


def test_signatures_end(served: Served, names: Names, tmp_path: Path) -> None:
    asked = (f"www.{names.name}", "A")
    now = datetime.now(UTC)
    for when, said in ((now + timedelta(hours=10), SECURE), (now + DAY, BOGUS), (now - DAY, BOGUS)):
        assert _unbound(tmp_path, served.cloud.names.at, names, asked, when).startswith(said)


@pytest.fixture
def ahead() -> Iterator[Callable[[timedelta], Served]]:
    """A cloud of the test's own, whose time it moves."""
    found = Served()

    def advance(by: timedelta) -> Served:
        body = json.dumps({"advance_seconds": by.total_seconds()}).encode()
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{found.url}/_fogbank/clock", body, headers, method="POST")
        urllib.request.urlopen(request, timeout=60).close()
        return found

    yield advance
    found.close()


def test_signatures_go_by_cloud_time(ahead: Callable[[timedelta], Served], tmp_path: Path) -> None:
    """A cloud that is days ahead signs for then, which nobody believes now; its keys change, and are believed still."""
    served = ahead(timedelta())
    names = _signed(served, "530530530531")
    asked, at, passed = (f"www.{names.name}", "A"), served.cloud.names.at, timedelta()
    assert _unbound(tmp_path, at, names, asked).startswith(SECURE)
    for days in (2, 29, 2, 9):
        ahead(days * DAY)
        passed += days * DAY
        assert _unbound(tmp_path, at, names, asked).startswith(BOGUS)
        assert _unbound(tmp_path, at, names, asked, datetime.now(UTC) + passed).startswith(SECURE)
