"""Certificates beside servers' data, and lines that say who may come without TLS, by password and by token."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
from cryptography import x509

from fogbank.planes.authority import Authority
from fogbank.planes.engines.postgresql import certificates, files
from fogbank.planes.engines.postgresql.files import Logins, Node

NAMES = ("first.c1.eu-west-1.rds.amazonaws.com", "127.70.1.2", "10.0.0.4", "127.70.1.2")
LOGINS = Logins("127.70.1.2", 10389, "uid=", ",ou=db-A")
ASK = 'ldap ldapserver=127.70.1.2 ldapport=10389 ldapprefix="uid=" ldapsuffix=",ou=db-A"'


def renew(home: Path, authority: Authority, names: Iterable[str] = NAMES) -> bool:
    """Write what is to be written; whether anything was."""
    found = certificates.renewed(home, tuple(names), authority)
    (home / certificates.FOLDER).mkdir(exist_ok=True)
    for path, text in found.items():
        path.write_text(text)
    return bool(found)


def test_a_certificate_is_kept_until_it_is_of_others_or_old(tmp_path: Path) -> None:
    authority, home = Authority.load_or_create(tmp_path / "ca"), tmp_path / "home"
    home.mkdir()
    assert certificates.card(home) is None
    assert [renew(home, authority), renew(home, authority)] == [True, False]
    shown = x509.load_pem_x509_certificates(certificates.files(home).certificate.read_bytes())
    assert shown[0].subject.rfc4514_string() == f"CN={NAMES[0]}", "its own first, then who signed it"
    card = certificates.card(home)
    assert card is not None
    assert (card.names, card.valid_till) == (NAMES[:3], shown[0].not_valid_after_utc.timestamp())
    assert [renew(home, authority, (*NAMES, "more.example")), renew(home, authority, (*NAMES, "more.example"))] == [
        True,
        False,
    ]
    old = msgspec.structs.replace(card, names=(*NAMES[:3], "more.example"), valid_till=time.time() + 59 * 86_400)
    (home / certificates.FOLDER / "card.json").write_bytes(msgspec.json.encode(old))
    assert renew(home, authority, (*NAMES, "more.example"))
    (tmp_path / "ca" / "authority.pem").unlink()
    other = Authority.load_or_create(tmp_path / "ca")
    assert renew(home, other, (*NAMES, "more.example"))
    assert certificates.files(home).authority.read_bytes() == other.bundle.read_bytes()


def test_who_dies_in_the_midst_begins_again(tmp_path: Path) -> None:
    authority = Authority.load_or_create(tmp_path / "ca")
    order = list(certificates.renewed(tmp_path, NAMES, authority))
    assert order[-1].name == "card.json"
    assert os.path.commonpath(order) == str(tmp_path / certificates.FOLDER)


def lines(node: Node) -> list[str]:
    """Those of whoever is not the cloud itself."""
    return [line for line in files.access(node).splitlines() if "rdsadmin" not in line and "rdsrepl" not in line]


def test_passwords_are_taken_from_everywhere_or_by_tls_alone() -> None:
    local = "local all all scram-sha-256"
    assert lines(Node("n", "15")) == [local, "host all all all scram-sha-256"]
    assert lines(Node("n", "15", is_private=True)) == [local, "hostssl all all all scram-sha-256"]


def test_whoever_has_the_role_is_asked_for_a_token_before_anything_else() -> None:
    assert lines(Node("n", "15", logins=LOGINS)) == [
        f"local all +rds_iam {ASK}",
        "local all all scram-sha-256",
        f"hostssl all +rds_iam all {ASK}",
        "hostnossl all +rds_iam all reject",
        "host all all all scram-sha-256",
    ]


def test_a_master_who_must_have_the_role_to_give_it_goes_on_by_password() -> None:
    assert lines(Node("n", "17", logins=LOGINS._replace(exempt="ann"), is_private=True)) == [
        'local all "ann" scram-sha-256',
        f"local all +rds_iam {ASK}",
        "local all all scram-sha-256",
        'hostssl all "ann" all scram-sha-256',
        f"hostssl all +rds_iam all {ASK}",
        "hostnossl all +rds_iam all reject",
        "hostssl all all all scram-sha-256",
    ]
