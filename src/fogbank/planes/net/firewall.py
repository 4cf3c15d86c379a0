"""The nftables table of one namespace: transactions through libnftables, generation and counters by raw nfnetlink."""

from __future__ import annotations

import ctypes
import functools
import os
import re
import struct
import threading
from collections.abc import Mapping, Sequence

from fogbank.aws.errors import WorldError
from fogbank.planes.net import nft
from fogbank.planes.net.facts import Fact
from fogbank.planes.net.netlink import DUMP, NETFILTER, Channel, Message, attributes, by_kind, text

_NFTABLES = 10 << 8
"""NFNL_SUBSYS_NFTABLES, in the upper half of a message's type."""
_GET_TABLE, _GET_RULE, _GET_GENERATION = _NFTABLES | 1, _NFTABLES | 7, _NFTABLES | 16
_INET = 1
_HEAD = struct.Struct(">BBH")
_ERROR = re.compile(r"^[^:\n]+:(\d+):[\d-]+: Error: (.*)$", re.MULTILINE)
LIBRARY = "libnftables.so.1"


class RefusedTransaction(WorldError):
    """The kernel or libnftables refused a transaction, which changed nothing; `facts` are those it named."""

    def __init__(self, words: str, facts: Sequence[Fact]) -> None:
        super().__init__(words)
        self.facts = tuple(facts)


@functools.cache
def library() -> ctypes.CDLL:
    """libnftables. Raises WorldError with the command that installs it."""
    try:
        found = ctypes.CDLL(LIBRARY)
    except OSError:
        raise WorldError(f"{LIBRARY} is missing: apt-get install libnftables1") from None
    found.nft_ctx_new.restype = ctypes.c_void_p
    found.nft_ctx_new.argtypes = [ctypes.c_uint32]
    found.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
    for name in ("nft_ctx_buffer_error", "nft_ctx_buffer_output", "nft_ctx_get_error_buffer", "nft_ctx_free"):
        getattr(found, name).argtypes = [ctypes.c_void_p]
    found.nft_ctx_free.restype = None
    for name in ("nft_run_cmd_from_buffer", "nft_run_cmd_from_filename"):
        getattr(found, name).argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    return found


@functools.cache
def _turn() -> threading.Lock:
    """Whoever holds it may use libnftables, whose memory of devices' numbers is one for all contexts and threads."""
    return threading.Lock()


class Firewall:
    """The table of the namespace of the thread that makes this. Not for two threads at once."""

    def __init__(self, known: int = -1) -> None:
        self._library = library()
        with _turn():
            self._context = self._library.nft_ctx_new(0)
        if not self._context:
            raise WorldError("libnftables gives no context: does the kernel have nf_tables?")
        self._library.nft_ctx_buffer_error(self._context)
        self._library.nft_ctx_buffer_output(self._context)
        self._channel = Channel(NETFILTER)
        self.known = known
        """The generation that our last transaction left, -1 if that is not known."""

    def close(self) -> None:
        """Let the context and the socket go; the table stays."""
        if self._context:
            with _turn():
                self._library.nft_ctx_free(self._context)
            self._context = None
        self._channel.close()

    @property
    def is_ours(self) -> bool:
        """Whether nobody else has changed any table of the namespace since our last transaction."""
        return self.known >= 0 and self.generation() == self.known

    def generation(self) -> int:
        """The number of transactions that the namespace's tables have seen (NFT_MSG_GETGEN)."""
        ((_, payload),) = self._channel.ask(Message(_GET_GENERATION, 0, _HEAD.pack(0, 0, 0)))
        return int.from_bytes(by_kind(payload, _HEAD.size)[1], "big")

    def run(self, commands: Sequence[nft.Command]) -> None:
        """Run commands as one transaction. Raises RefusedTransaction, and then nothing has changed."""
        before = self.known
        text = nft.text(commands).encode()
        with _turn():
            if self._library.nft_run_cmd_from_buffer(self._context, text) and self._run_file(text):
                words = (self._library.nft_ctx_get_error_buffer(self._context) or b"").decode(errors="replace")
                raise RefusedTransaction(*_refused(words, commands))
        after = self.generation()
        # Somebody else's transaction may have come between the look and ours: then the next look shall see it.
        self.known = after if before in (-1, after - 1) else -1

    def _run_file(self, text: bytes) -> bool:
        """Run it again from a file, and whether it was refused again: only of files libnftables tells the line."""
        descriptor = os.memfd_create("fogbank")
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(text)
            return bool(self._library.nft_run_cmd_from_filename(self._context, f"/proc/self/fd/{descriptor}".encode()))
        finally:
            os.close(descriptor)

    def counters(self) -> Mapping[str, tuple[int, int]]:
        """Packets and bytes that the table's rules have counted, by their comments."""
        payload = _HEAD.pack(_INET, 0, 0) + text(1, nft.TABLE.split()[1])
        try:
            rules = self._channel.ask(Message(_GET_RULE, DUMP, payload))
        except FileNotFoundError:
            return {}
        counters: dict[str, tuple[int, int]] = {}
        for _, rule in rules:
            found = by_kind(rule, _HEAD.size)
            comment, counted = _comment(found.get(7, b"")), _counted(found.get(4, b""))
            if comment and counted:
                packets, octets = counters.get(comment, (0, 0))
                counters[comment] = (packets + counted[0], octets + counted[1])
        return counters


def has_table() -> bool:
    """Whether this thread's namespace has our table. Raises WorldError where the kernel has no nf_tables."""
    channel = Channel(NETFILTER)
    try:
        return bool(channel.ask(Message(_GET_TABLE, 0, _HEAD.pack(_INET, 0, 0) + text(1, nft.TABLE.split()[1]))))
    except FileNotFoundError:
        return False
    finally:
        channel.close()


def _refused(words: str, commands: Sequence[nft.Command]) -> tuple[str, tuple[Fact, ...]]:
    """One sentence of libnftables' many, which are `FILE:LINE:COLUMNS: Error: REASON`, and the facts of its line."""
    if not (found := _ERROR.search(words)):
        return f"nftables: {words.strip()[:200] or 'refused without a word'}", ()
    line = int(found[1])
    command = commands[line - 1] if 0 < line <= len(commands) else nft.Command("")
    return f"nftables: {found[2]}: {_short(command.line)}", command.facts


def _short(line: str) -> str:
    return line if len(line) <= 200 else f"{line[:200]}…"


def _comment(userdata: bytes) -> str:
    """The comment in a rule's user data: type, length, value (libnftnl's NFTNL_UDATA_RULE_COMMENT)."""
    offset = 0
    while offset + 2 <= len(userdata):
        kind, length = userdata[offset], userdata[offset + 1]
        if kind == 0:
            return userdata[offset + 2 : offset + 2 + length].rstrip(b"\0").decode(errors="replace")
        offset += 2 + length
    return ""


def _counted(expressions: bytes) -> tuple[int, int] | None:
    """Packets and bytes of the first counter among a rule's expressions."""
    for _, expression in attributes(expressions):
        found = by_kind(expression)
        if found.get(1, b"").rstrip(b"\0") == b"counter":
            counter = by_kind(found.get(2, b""))
            return int.from_bytes(counter[2], "big"), int.from_bytes(counter[1], "big")
    return None
