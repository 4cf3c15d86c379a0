"""How a client comes in: TLS, what it begins with, and its login, which a reader checks and we listen to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.proxies import Forwarding
from fogbank.planes.engines.proxy import legs, scram, wire
from fogbank.planes.engines.proxy.legs import Credential, Leg
from fogbank.planes.engines.proxy.sockets import connected
from fogbank.planes.engines.proxy.wire import INT, ProtocolError

if TYPE_CHECKING:
    from fogbank.planes.engines.proxy.session import Session

_OURS = frozenset((b"rdsadmin", b"rdsrepladmin"))
"""Who comes by a socket file without a password: the cloud, and nobody through here."""
_NO = (b"", b"false", b"off", b"no", b"0", b"f", b"n", b"of")
_MAJOR = 3
_PASSWORDLESS = "no password was asked for: this server cannot be reached through write forwarding"


class Entry:
    """A client that is not in yet."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._feed: Callable[[bytes], None] = self._startup
        self._buffer = b""
        self._task: asyncio.Task[None] | None = None
        self._is_proved = False
        """Whether a password was asked for."""
        self._said: list[str] = []
        """What the client and the server have said to each other of a SCRAM login."""
        self._asked = 0
        self._password = ""
        self.version = 0
        self.parameters: dict[bytes, bytes] = {}

    def feed(self, data: bytes) -> None:
        """Take what the client says. Raises ProtocolError."""
        self._buffer += data
        self._feed(data)

    def close(self) -> None:
        """The client is gone."""
        if self._task is not None:
            self._task.cancel()

    @property
    def credential(self) -> Credential:
        """What the client has logged in by, for a login elsewhere."""
        user = self.parameters[b"user"].decode(errors="surrogateescape")
        heard = scram.Heard(*self._said) if len(self._said) == 3 else None
        return Credential(user, self._password, heard)

    # The beginning

    def _startup(self, data: bytes) -> None:
        if len(self._buffer) < 8:
            return
        size, code = INT.unpack_from(self._buffer)[0], INT.unpack_from(self._buffer, 4)[0]
        if not 8 <= size <= wire.STARTUP_BYTES_MAX:
            raise ProtocolError("invalid length of startup packet")
        if len(self._buffer) < size:
            return
        body, self._buffer = self._buffer[8:size], self._buffer[size:]
        if code == wire.CANCEL_CODE:
            self._feed = _nothing
            self._task = asyncio.ensure_future(self._session.cancelled(body))
        elif code == wire.TLS_CODE and self._certificate is not None and not self._session.is_private:
            if self._buffer:
                raise ProtocolError("received unencrypted data after SSL request")
            self._feed = _nothing
            self._task = asyncio.ensure_future(self._private())
        elif code in (wire.TLS_CODE, wire.GSS_CODE):
            self._session.transport.write(b"N")
            self._startup(b"")
        elif code >> 16 == _MAJOR:
            self._begin(code, wire.startup_parameters(body))
        else:
            self._refuse("0A000", f"unsupported frontend protocol {code >> 16}.{code & 0xFFFF}: server supports 3.0")

    @property
    def _forwarding(self) -> Forwarding | None:
        return self._session.gate.front.forwarding

    @property
    def _certificate(self) -> tuple[str, str] | None:
        forwarding = self._forwarding
        return forwarding.certificate if forwarding is not None else None

    async def _private(self) -> None:
        session = self._session
        assert self._certificate is not None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._certificate)
        session.transport.write(b"S")
        loop = asyncio.get_running_loop()
        try:
            made = await loop.start_tls(session.transport, session, context, server_side=True)
        except OSError:
            session.transport.abort()
            return
        session.transport = cast(asyncio.Transport, made)
        session.is_private = True
        self._feed = self._startup
        if self._buffer:
            self._startup(b"")

    def _begin(self, version: int, parameters: dict[bytes, bytes]) -> None:
        user = parameters.get(b"user", b"")
        forwarding = self._forwarding
        if not user:
            self._refuse("28000", "no PostgreSQL user name specified in startup packet")
        elif user in _OURS or parameters.get(b"replication", b"").lower() not in _NO:
            self._refuse("28000", f'user "{user.decode(errors="replace")}" may not come through write forwarding')
        elif forwarding is not None and forwarding.is_private and not self._session.is_private:
            self._refuse("28000", f"no pg_hba.conf entry for {self._who(parameters)}, no encryption")
        else:
            parameters.pop(b"replication", None)
            self.version, self.parameters = version, parameters
            self._feed = self._secret
            self._task = asyncio.ensure_future(self._reach())

    def _who(self, parameters: dict[bytes, bytes]) -> str:
        """Who wants to come in, in the words of a server."""
        user = parameters.get(b"user", b"").decode(errors="replace")
        database = parameters.get(b"database", b"").decode(errors="replace") or user
        host = (self._session.transport.get_extra_info("peername") or ("[local]",))[0]
        return f'host "{host}", user "{user}", database "{database}"'

    async def _reach(self) -> None:
        """Connect to a reader, and say to it what the client began with."""
        session = self._session
        for target in session.gate.in_turn():
            leg = Leg(session, target, is_first=True)
            leg.login = self._heard
            try:
                await connected(target, session.gate.paths, lambda leg=leg: leg)  # type: ignore[misc]
            except (OSError, WorldError, TimeoutError):
                continue
            if target not in session.gate.front.targets or session.transport.is_closing():
                leg.transport.abort()
                break
            session.reader = leg
            leg.transport.write(wire.startup(self.version, self.parameters))
            return
        session.transport.abort()

    # The login

    def _secret(self, data: bytes) -> None:
        """What the client says when it is asked who it is."""
        while len(self._buffer) >= wire.HEAD_BYTES:
            kind, size = self._buffer[0], 1 + INT.unpack_from(self._buffer, 1)[0]
            if size > wire.STARTUP_BYTES_MAX * 10:
                raise ProtocolError("invalid password packet size")
            if len(self._buffer) < size:
                return
            body, self._buffer = self._buffer[wire.HEAD_BYTES : size], self._buffer[size:]
            if kind != wire.PASSWORD or self._session.reader is None:
                self._session.cut()
                return
            if self._asked == wire.SASL:
                self._said.append(body.partition(b"\0")[2][4:].decode(errors="replace"))
            elif self._asked == wire.SASL_CONTINUE:
                self._said.append(body.decode(errors="replace"))
            elif self._asked == wire.CLEARTEXT:
                self._password = body.rstrip(b"\0").decode(errors="surrogateescape")
            self._session.reader.transport.write(wire.message(kind, body))

    def _heard(self, kind: int, body: bytes) -> None:
        """What the reader says, until it is ready."""
        session = self._session
        if kind == wire.AUTHENTICATION:
            self._asked = INT.unpack_from(body)[0]
            if self._asked == wire.CLEARTEXT and not session.is_private:
                # Whoever logs in by a token: a server would not take it without TLS either.
                self._refuse("28000", f"pg_hba.conf rejects connection for {self._who(self.parameters)}, no encryption")
                return
            if self._asked == wire.DONE:
                if not self._is_proved:
                    self._refuse("28000", _PASSWORDLESS)
                    return
            else:
                self._is_proved = True
            if self._asked == wire.SASL_CONTINUE:
                self._said.append(body[4:].decode(errors="replace"))
        elif kind == wire.KEY:
            assert session.reader is not None
            session.reader.key = body
        elif kind == wire.READY:
            assert session.reader is not None
            session.reader.login = None
            session.come_in(self, self._buffer)
            return
        session.transport.write(wire.message(kind, body))

    def _refuse(self, code: str, text: str) -> None:
        self._feed = _nothing
        self._session.end(code, text)


def _nothing(data: bytes) -> None:
    """What comes now is not looked at."""


async def joined(session: Session, entry: Entry) -> Leg:
    """A leg to the writer, by the login that a client has shown. Raises OSError, WorldError, TimeoutError, Refused."""
    forwarding = session.gate.front.forwarding
    assert forwarding is not None and session.positions is not None
    credential = entry.credential
    if credential.heard is not None:
        credential = credential._replace(verifier=await session.positions.verifier(credential.user))
    startup = wire.startup(entry.version, entry.parameters)
    return await legs.opened(Leg(session, forwarding.writer), session.gate.paths, startup, credential)
