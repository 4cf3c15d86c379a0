"""SCRAM-SHA-256 (RFC 5802, RFC 7677), as a client that has a password, or a key that another login has shown. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import NamedTuple

MECHANISM = "SCRAM-SHA-256"
_HEADER = "n,,"


class Failed(Exception):
    """A server that says something else than SCRAM wants."""


class Heard(NamedTuple):
    """What was said when somebody logged in, in both directions."""

    client_first: str
    server_first: str
    client_final: str

    def key(self, verifier: str) -> bytes:
        """The client's key, which together with the server's verifier of the password (`pg_authid.rolpassword`)
        follows from its proof. It logs in wherever the verifier is the same. Raises Failed.
        """
        scheme, _, keys = verifier.partition("$")
        _, _, pair = keys.partition("$")
        if scheme != MECHANISM or not pair:
            raise Failed("the role has no SCRAM verifier")
        stored = base64.b64decode(pair.partition(":")[0])
        without_proof, _, proof = self.client_final.rpartition(",p=")
        bare = self.client_first.split(",", 2)[2]
        signature = _hmac(stored, f"{bare},{self.server_first},{without_proof}".encode())
        key = _xor(base64.b64decode(proof), signature)
        if hashlib.sha256(key).digest() != stored:
            raise Failed("the password has been changed")
        return key


class Login(NamedTuple):
    """A login that has begun."""

    nonce: str

    @property
    def first(self) -> str:
        """The first message. The server knows the user already."""
        return f"{_HEADER}n=,r={self.nonce}"

    def final(self, server_first: str, key: bytes) -> str:
        """The second message. Raises Failed."""
        nonce, _, _ = challenge(server_first)
        if not nonce.startswith(self.nonce):
            raise Failed("the server's nonce is not ours")
        without_proof = f"c={base64.b64encode(_HEADER.encode()).decode()},r={nonce}"
        stored = hashlib.sha256(key).digest()
        spoken = f"{self.first.removeprefix(_HEADER)},{server_first},{without_proof}"
        proof = _xor(key, _hmac(stored, spoken.encode()))
        return f"{without_proof},p={base64.b64encode(proof).decode()}"


def challenge(server_first: str) -> tuple[str, bytes, int]:
    """The nonce, the salt and the number of rounds. Raises Failed."""
    parts = dict(part.partition("=")[::2] for part in server_first.split(","))
    try:
        return parts["r"], base64.b64decode(parts["s"]), int(parts["i"])
    except (KeyError, ValueError):
        raise Failed("the server's challenge is none") from None


def key_of(password: str, server_first: str) -> bytes:
    """The client's key. Raises Failed."""
    _, salt, rounds = challenge(server_first)
    return _hmac(hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds), b"Client Key")


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
