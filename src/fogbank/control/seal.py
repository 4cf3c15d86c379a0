"""Secrets at rest: sealed under a key that lies in a file of its own and is nobody else's to read."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path
from typing import Any

_KEY_BYTES = 32
_NONCE_BYTES = 12


class SealBroken(Exception):
    """What was to be unsealed was not sealed by this machine, or not for this purpose."""


class MachineKeyError(Exception):
    """The machine key is damaged, or has gone and left what it sealed."""


class Seal:
    """AES-256-GCM under the machine key, with the purpose bound in: what was sealed for one use opens for no other."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._aead: Any = None

    @classmethod
    def load_or_create(cls, path: Path) -> Seal:
        """The seal of a state folder: its key is made on first use, with mode 0600. Raises MachineKeyError."""
        try:
            return cls(_checked(path))
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            key = secrets.token_bytes(_KEY_BYTES)
            arriving = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            with open(os.open(arriving, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123
                file.write(key)
                os.fsync(file.fileno())
            arriving.replace(path)
            return cls(key)

    def seal(self, plain: bytes, purpose: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed: bytes = self._cipher().encrypt(nonce, plain, purpose.encode())
        return nonce + sealed

    def unseal(self, sealed: bytes, purpose: str) -> bytes:
        """What was sealed. Raises SealBroken."""
        from cryptography.exceptions import InvalidTag

        try:
            plain: bytes = self._cipher().decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(purpose) from error
        return plain

    def mark(self, data: bytes) -> bytes:
        """Two bytes that only this machine makes of these: how it knows the access keys that it issued."""
        return hmac.digest(self._key, b"access key " + data, "sha256")[:2]

    def _cipher(self) -> Any:
        # The import takes longer than the rest of the start: it waits until a secret is met.
        if self._aead is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._aead = AESGCM(self._key)
        return self._aead


def _checked(path: Path) -> bytes:
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise MachineKeyError(f"{path} has {len(key)} bytes, not {_KEY_BYTES}: what it sealed cannot be opened")
    return key
