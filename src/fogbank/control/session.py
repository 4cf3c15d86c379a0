"""Temporary credentials: the whole session travels sealed in its token, so that nothing is stored for it."""

from __future__ import annotations

import base64
import binascii
from collections import OrderedDict

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.caller import Caller, Credential, Session
from fogbank.control.seal import Seal, SealBroken

_PURPOSE = "sts session"
_CACHED_MAX = 4096


def token_of(session: Session, seal: Seal) -> str:
    """The session token that carries a session."""
    return base64.b64encode(seal.seal(msgspec.msgpack.encode(session), _PURPOSE)).decode()


class Sessions:
    """Reads session tokens back, remembering those it has just read."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal
        self._cached: OrderedDict[str, Session] = OrderedDict()

    def credential(self, access_key_id: str, token: str, now: float) -> Credential:
        """Who a session token stands for.

        Raises InvalidClientTokenId for a token that fogbank did not issue for this key, ExpiredToken past its time.
        """
        session = self._cached.get(token)
        if session is None:
            session = self._read(token)
            self._cached[token] = session
            if len(self._cached) > _CACHED_MAX:
                self._cached.popitem(last=False)
        if session.access_key_id != access_key_id:
            raise _invalid()
        if session.expires_at <= now:
            raise AwsError("ExpiredToken", "The security token included in the request is expired", status=403)
        caller = Caller(
            principal=session.principal,
            enforced=True,
            access_key_id=access_key_id,
            session=session,
            tags=session.tags,
        )
        return Credential(session.secret, caller)

    def _read(self, token: str) -> Session:
        try:
            sealed = base64.b64decode(token, validate=True)
            return msgspec.msgpack.decode(self._seal.unseal(sealed, _PURPOSE), type=Session)
        except (SealBroken, binascii.Error, msgspec.MsgspecError):
            raise _invalid() from None


def _invalid() -> AwsError:
    return AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", status=403)
