"""A small certificate authority of one's own: what the gateway and the engines show to clients is signed by it."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import ssl
import tempfile
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_NAMES_MAX = 1024
_CA_DAYS = 3650
_CA_DAYS_LEFT_MIN = 60
_LEAF_DAYS = 820  # Apple's clients refuse more than 825


class Issued(NamedTuple):
    """A certificate for a server, as PEM: with its authority's behind it, and its key."""

    certificate: bytes
    key: bytes
    valid_till: float
    """Seconds since 1970, by the machine's clock, as all times here."""


class Authority:
    """A certificate authority in a folder: `authority.pem` (key and certificate, mode 0600) and `ca.pem` for clients.

    `bundle` is the path of `ca.pem`: what AWS_CA_BUNDLE takes.
    """

    def __init__(self, folder: Path, key: EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self.bundle = folder / "ca.pem"
        self._folder = folder
        self._key = key
        self._certificate = certificate
        self._leaf_key: EllipticCurvePrivateKey | None = None
        self._contexts: OrderedDict[tuple[str, ...], ssl.SSLContext] = OrderedDict()

    @classmethod
    def load_or_create(cls, folder: Path) -> Authority:
        """The authority of this folder; a new one where there is none, or it is unreadable or about to expire."""
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / "authority.pem"
        with contextlib.suppress(FileNotFoundError, ValueError):
            text = path.read_bytes()
            key = serialization.load_pem_private_key(text, None)
            certificate = x509.load_pem_x509_certificate(text)
            left = certificate.not_valid_after_utc - _today()
            if isinstance(key, ec.EllipticCurvePrivateKey) and left.days >= _CA_DAYS_LEFT_MIN:
                return cls(folder, key, certificate)._exported()
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_signed(key)
        _write(path, _pem(key) + certificate.public_bytes(serialization.Encoding.PEM), 0o600)
        return cls(folder, key, certificate)._exported()

    def context(self, names: tuple[str, ...]) -> ssl.SSLContext:
        """A server's context with a certificate for these names and addresses; the last thousand are kept."""
        known = self._contexts.get(names)
        if known is not None:
            self._contexts.move_to_end(names)
            return known
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        # ssl only reads certificates from files.
        with tempfile.NamedTemporaryFile(dir=self._folder, prefix="leaf-", suffix=".pem") as file:
            file.write(self._leaf(names))
            file.flush()
            context.load_cert_chain(file.name)
        self._contexts[names] = context
        if len(self._contexts) > _NAMES_MAX:
            self._contexts.popitem(last=False)
        return context

    @property
    def valid_from(self) -> float:
        return self._certificate.not_valid_before_utc.timestamp()

    @property
    def valid_till(self) -> float:
        return self._certificate.not_valid_after_utc.timestamp()

    @property
    def thumbprint(self) -> str:
        """SHA-1 of the authority's certificate in hexadecimal digits, as AWS shows it."""
        from cryptography.hazmat.primitives import hashes

        return self._certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - a name, and no proof of anything

    def issue(self, names: Sequence[str]) -> Issued:
        """A certificate for a server of these names and addresses, with a key of its own."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._signed(key, names)
        pem = serialization.Encoding.PEM
        chain = certificate.public_bytes(pem) + self._certificate.public_bytes(pem)
        return Issued(chain, _pem(key), certificate.not_valid_after_utc.timestamp())

    def _leaf(self, names: tuple[str, ...]) -> bytes:
        """Key, certificate and the authority's own, as PEM."""
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        # One key for all names: they are all this one server.
        self._leaf_key = key = self._leaf_key or ec.generate_private_key(ec.SECP256R1())
        pem = serialization.Encoding.PEM
        return _pem(key) + self._signed(key, names).public_bytes(pem) + self._certificate.public_bytes(pem)

    def _signed(self, key: EllipticCurvePrivateKey, names: Sequence[str]) -> x509.Certificate:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

        common_name = names[0] if len(names[0]) <= 64 else "fogbank"
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
            .issuer_name(self._certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(_today() - datetime.timedelta(days=1))
            .not_valid_after(min(_today() + datetime.timedelta(days=_LEAF_DAYS), self._certificate.not_valid_after_utc))
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _exported(self) -> Authority:
        from cryptography.hazmat.primitives import serialization

        text = self._certificate.public_bytes(serialization.Encoding.PEM)
        if not self.bundle.exists() or self.bundle.read_bytes() != text:
            _write(self.bundle, text, 0o644)
        return self


def _today() -> datetime.datetime:
    """Machine time: clients compare certificates with their own clocks."""
    return datetime.datetime.now(datetime.UTC)


def _self_signed(key: EllipticCurvePrivateKey) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "fogbank"),
            x509.NameAttribute(NameOID.COMMON_NAME, "fogbank local authority"),
        ]
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_today() - datetime.timedelta(days=1))
        .not_valid_after(_today() + datetime.timedelta(days=_CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )


def _key_usage(signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives import serialization

    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def _write(path: Path, text: bytes, mode: int) -> None:
    """Write whole or not at all, and never readable by more than `mode`."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
