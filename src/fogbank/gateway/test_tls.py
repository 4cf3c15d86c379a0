"""The certificate authority: kept, private, and strict enough for strict clients."""

from __future__ import annotations

import ssl
import stat
from pathlib import Path

import pytest

from fogbank.gateway.tls import ssl_context
from fogbank.planes.authority import Authority


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> dict[str, object]:
    """A handshake in memory; the certificate that the client saw."""
    here, there = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        server.wrap_bio(here, there, server_side=True),
        client.wrap_bio(there, here, server_hostname=name),
    ]
    done: set[ssl.SSLObject] = set()
    while len(done) < 2:
        for end in ends:
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                continue
    certificate = ends[1].getpeercert()
    assert certificate is not None
    return dict(certificate)


def strict(authority: Authority) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=authority.bundle)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def test_an_authority_is_kept_and_its_key_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    first = Authority.load_or_create(folder)
    assert stat.S_IMODE((folder / "authority.pem").stat().st_mode) == 0o600
    bundle = first.bundle.read_bytes()
    assert b"PRIVATE" not in bundle
    second = Authority.load_or_create(folder)
    assert second.bundle.read_bytes() == bundle
    handshake(ssl_context(second), strict(first), "localhost")
    assert sorted(path.name for path in folder.iterdir()) == ["authority.pem", "ca.pem"]


def test_a_broken_authority_is_made_again(tmp_path: Path) -> None:
    first = Authority.load_or_create(tmp_path).bundle.read_bytes()
    (tmp_path / "authority.pem").write_text("torn")
    assert Authority.load_or_create(tmp_path).bundle.read_bytes() != first


def test_each_name_gets_its_certificate_once(tmp_path: Path) -> None:
    authority = Authority.load_or_create(tmp_path)
    server = ssl_context(authority, ["10.0.0.9"])
    seen = [handshake(server, strict(authority), "x.s3.amazonaws.com")["serialNumber"] for _ in range(2)]
    assert seen[0] == seen[1] != handshake(server, strict(authority), "y.s3.amazonaws.com")["serialNumber"]
    for name in ("localhost", "127.0.0.1", "::1", "10.0.0.9", "LOCALHOST", "a.b-c_d.example"):
        handshake(server, strict(authority), name)


def test_contexts_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fogbank.planes.authority._NAMES_MAX", 2)
    authority = Authority.load_or_create(tmp_path)
    first, second = authority.context(("a",)), authority.context(("b",))
    assert authority.context(("a",)) is first
    authority.context(("c",))
    assert authority.context(("a",)) is first and authority.context(("b",)) is not second
