"""Sessions over a socket: psycopg speaks, values stay text, and no result is larger than it may be."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from fogbank.aws.errors import WorldError
from fogbank.planes.engines.postgresql.session import Answer, Bind, Column, Login, Refused, State, TooLarge

if TYPE_CHECKING:
    # Imported when somebody logs in: most clouds have no database, and it takes 60 ms.
    import psycopg
    from psycopg.pq.abc import PGconn, PGresult

_CONNECT_SECONDS = 5
_SAID = re.compile(r"(?:^|: )(FATAL|ERROR|PANIC):\s+(.+)")
_CODES = (
    ("password authentication failed", "28P01"),
    ("PAM authentication failed", "28000"),
    ("no pg_hba.conf entry", "28000"),
    ("pg_hba.conf rejects", "28000"),
    ("is not permitted to log in", "28000"),
    ("permission denied for database", "42501"),
    ("too many connections", "53300"),
    ("too many clients", "53300"),
    ("remaining connection slots", "53300"),
    ("the database system is", "57P03"),
)
"""libpq tells no SQLSTATE of a login that failed; the server's words are those of its source."""
_NO_DATABASE = re.compile(r'database ".*" does not exist')
_NO_ROLE = re.compile(r'role ".*" does not exist')


class Clients:
    """Every session that is open, so that none outlives the cloud."""

    def __init__(self) -> None:
        self._open: set[Client] = set()

    async def log_in(self, login: Login) -> Client:
        """Raises Refused in the server's words, and WorldError where there is no server."""
        import psycopg

        try:
            connection = await psycopg.AsyncConnection.connect(
                host=login.host,
                port=login.port,
                user=login.user,
                password=login.password,
                dbname=login.database,
                autocommit=True,
                connect_timeout=_CONNECT_SECONDS,
                client_encoding="utf8",
                sslmode="prefer",
            )
        except psycopg.Error as error:
            raise _not_let_in(str(error)) from None
        client = Client(connection, self._open)
        self._open.add(client)
        return client

    def close(self) -> None:
        """End every session."""
        for client in list(self._open):
            client.close()


class Client:
    """See `Session`."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], others: set[Client]) -> None:
        self._connection = connection
        self._others = others
        self.backend = connection.pgconn.backend_pid

    @property
    def state(self) -> State:
        """See `Session.state`."""
        from psycopg.pq import TransactionStatus

        states: dict[int, State] = {
            TransactionStatus.IDLE: "idle",
            TransactionStatus.ACTIVE: "open",
            TransactionStatus.INTRANS: "open",
            TransactionStatus.INERROR: "failed",
        }
        return states.get(self._connection.pgconn.transaction_status, "closed")

    async def execute(self, statement: str, binds: Sequence[Bind] = (), bytes_max: int = 0) -> Answer:
        """See `Session.execute`."""
        import psycopg

        asked, values = _encoded(statement), [None if one.text is None else _encoded(one.text) for one in binds]
        try:
            async with self._connection.lock:
                self._connection.pgconn.send_query_params(asked, values, [one.type for one in binds])
                return await self._connection.wait(_answer(self._connection.pgconn, bytes_max))
        except psycopg.Error as error:
            if self.state == "closed" or not error.sqlstate:
                self.close()
                raise WorldError(f"the connection broke: {str(error).strip()}") from None
            raise _refusal(error) from None

    def close(self) -> None:
        """See `Session.close`."""
        self._others.discard(self)
        # Without waiting: the server sees the end of the socket.
        self._connection.pgconn.finish()


def _answer(pgconn: PGconn, bytes_max: int) -> Generator[Any, Any, Answer]:
    """What comes back of a statement that has been sent, row by row, in psycopg's way of waiting."""
    from psycopg import errors
    from psycopg.generators import fetch, send
    from psycopg.pq import ExecStatus

    pgconn.set_single_row_mode()
    yield from send(pgconn)
    columns: list[Column] | None = None
    rows: list[list[str | None]] = []
    changed = size = 0
    failed: PGresult | None = None
    while (result := (yield from fetch(pgconn))) is not None:
        if result.status in (ExecStatus.SINGLE_TUPLE, ExecStatus.TUPLES_OK):
            columns = columns or _columns(result)
            size += _take(result, rows)
            if bytes_max and size > bytes_max:
                rows.clear()
        elif result.status in (ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH):
            pgconn.finish()
            raise Refused("COPY to or from a client is not possible here", "0A000")
        elif result.status in (ExecStatus.COMMAND_OK, ExecStatus.EMPTY_QUERY):
            changed = result.command_tuples or 0
        else:
            failed = result
        # Rows past the limit are read and thrown away: the statement is whole, and the session goes on.
    if failed is not None:
        raise errors.error_from_result(failed)
    if bytes_max and size > bytes_max:
        raise TooLarge(f"more than {bytes_max} bytes")
    return Answer(columns, rows, changed)


def _columns(result: PGresult) -> list[Column]:
    return [
        Column(
            (result.fname(number) or b"").decode(),
            result.ftype(number),
            result.fmod(number),
            result.ftable(number),
            result.ftablecol(number),
        )
        for number in range(result.nfields)
    ]


def _take(result: PGresult, rows: list[list[str | None]]) -> int:
    """Add a result's rows; returns how many bytes their values have."""
    size = 0
    for row in range(result.ntuples):
        values = [result.get_value(row, number) for number in range(result.nfields)]
        size += sum(len(value) for value in values if value is not None)
        rows.append([None if value is None else bytes(value).decode(errors="replace") for value in values])
    return size


def _encoded(text: str) -> bytes:
    """Raises Refused for what no server takes as text: libpq would send what stands before a zero."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise Refused('invalid byte sequence for encoding "UTF8"', "22021") from None
    if b"\0" in data:
        raise Refused('invalid byte sequence for encoding "UTF8": 0x00', "22021")
    return data


def _refusal(error: psycopg.Error) -> Refused:
    said = error.diag
    return Refused(
        said.message_primary or str(error),
        error.sqlstate or "XX000",
        severity=said.severity or "ERROR",
        detail=said.message_detail,
        hint=said.message_hint,
        position=said.statement_position,
    )


def _not_let_in(text: str) -> WorldError:
    said = _SAID.search(text)
    if said is None:
        return WorldError(text.strip())
    severity, words = said[1], said[2].strip()
    code = next((code for part, code in _CODES if part in words), "")
    if not code:
        code = "3D000" if _NO_DATABASE.search(words) else "28000" if _NO_ROLE.search(words) else "08006"
    return Refused(words, code, severity=severity)
