"""Log events as they lie in items: blocks of one stream each, within five minutes, found by time and by stream."""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from fogbank.aws.errors import AwsError
from fogbank.control.context import Context, Source
from fogbank.services.logs import rules
from fogbank.services.logs.resources import Group, Stream

WINDOW_MS = 300_000
_GROWS_UP_TO_BYTES = 8_192
_SEALED = 1
_NONCE_BYTES = 12
_LAST = struct.Struct(">q")
_PAGE = 64
_PAGE_LEAST, _PAGE_MOST, _PAGE_BYTES = 2, 512, 1_000_000


class Block(msgspec.Struct, array_like=True):
    """Events of one stream within one window, in the order in which they came."""

    first: int
    """The time that the offsets count from: the least when the block was begun, and no later event is before it."""
    offsets: list[int]
    ingested: list[tuple[int, int]]
    """(how many events, when they came)."""
    messages: list[str]


class Event(NamedTuple):
    """An event; sorts by time, stream, and order of arrival."""

    timestamp: int
    stream: int
    block: int
    nth: int
    ingested: int
    message: str

    @property
    def id(self) -> str:
        """56 digits that say where it lies, and sort as the events do."""
        return id_of(self.timestamp, self.stream, self.block, self.nth)


def id_of(timestamp: int, stream: int, block: int, nth: int) -> str:
    """The id of the event that lies there."""
    return f"{timestamp:020d}{stream:012d}{block:012d}{nth:012d}"


class Run(NamedTuple):
    """Where some events of a batch, one after the other, have been put."""

    stream: int
    block: int
    nth: int
    """Of the first of them."""
    start: int
    end: int
    """Which of the batch they are."""

    def ids(self, events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
        for at in range(self.start, self.end):
            yield id_of(events[at]["timestamp"], self.stream, self.block, self.nth + at - self.start)


Position = tuple[int, int, int, int]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Block).decode


def position_of(text: str) -> Position:
    """The position that an event's id names. Raises ValueError."""
    if len(text) != 56 or not text.isdigit():
        raise ValueError(text)
    return int(text[:20]), int(text[20:32]), int(text[32:44]), int(text[44:])


def window_of(at: int) -> int:
    return at - at % WINDOW_MS


def key_of(first: int, stream: int, block: int) -> str:
    return f"{first:014d}{stream:08x}{block:08x}"


class Place(NamedTuple):
    """What the key of a block says."""

    first: int
    stream: int
    block: int


def place_of(key: str) -> Place:
    return Place(int(key[:14]), int(key[14:22], 16), int(key[22:], 16))


def space(ctx: Context, group_id: str) -> str:
    return ctx.space("event", group_id)


def index_space(ctx: Context, group_id: str) -> str:
    """Rows of (stream, block's first time, block) -> the block's last time."""
    return ctx.space("index", group_id)


def _index_key(key: str) -> str:
    return f"{key[14:22]}{key[:14]}{key[22:]}"


class Vault:
    """Opens and seals the blocks of a group that has a kms key, as the service itself, for one operation."""

    def __init__(self, ctx: Context, group: Group) -> None:
        self._ctx = ctx
        self._group = group
        self._keys: dict[int, Any] = {}

    def seal(self, plain: bytes) -> bytes:
        if not self._group.key_id:
            return plain
        number = len(self._group.data_keys)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed: bytes = self._key(number).encrypt(nonce, plain, None)
        return bytes((_SEALED, number)) + nonce + sealed

    def open(self, item: bytes) -> bytes:
        if item[0] != _SEALED:
            return item
        return bytes(self._key(item[1]).decrypt(item[2 : 2 + _NONCE_BYTES], item[2 + _NONCE_BYTES :], None))

    def seals_like(self, item: bytes) -> bool:
        """Whether a block is sealed, or not, as the next one will be."""
        number = item[1] if item[0] == _SEALED else 0
        return number == (len(self._group.data_keys) if self._group.key_id else 0)

    def _key(self, number: int) -> Any:
        if number not in self._keys:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            wrapped = self._group.data_keys[number - 1]
            try:
                made = as_itself(self._ctx, self._group).call(
                    "kms",
                    "Decrypt",
                    CiphertextBlob=wrapped,
                    EncryptionContext=encryption_context(self._ctx, self._group),
                )
            except AwsError as error:
                text = f"The KMS key of log group '{self._group.name}' cannot be used: {error.message}"
                raise AwsError("AccessDeniedException", text) from None
            self._keys[number] = AESGCM(made["Plaintext"])
        return self._keys[number]


def encryption_context(ctx: Context, group: Group) -> dict[str, str]:
    return {"aws:logs:arn": ctx.arn(group.resource)}


def as_itself(ctx: Context, group: Group) -> Context:
    """The call made by `logs.<region>.amazonaws.com`, the principal that key policies name."""
    return ctx.as_service(Source(ctx.arn(group.resource), ctx.account), name=f"logs.{ctx.region}")


def write(ctx: Context, group: Group, stream: Stream, events: Sequence[Mapping[str, Any]]) -> tuple[Stream, list[Run]]:
    """Put events, in order of time, into the stream's last block or new ones.

    Returns the stream as it is then, and where they lie.
    """
    vault, now_ms = Vault(ctx, group), int(ctx.now * 1000)
    start, count = 0, len(events)
    runs: list[Run] = []
    while start < count:
        window = window_of(events[start]["timestamp"])
        end = count
        if events[-1]["timestamp"] >= window + WINDOW_MS:
            end = next(at for at in range(start, count) if events[at]["timestamp"] >= window + WINDOW_MS)
        stream, block, nth = _append(ctx, vault, stream, (group.id, events[start:end], now_ms))
        runs.append(Run(stream.number, block, nth, start, end))
        start = end
    first, last = events[0]["timestamp"], events[-1]["timestamp"]
    stream = msgspec.structs.replace(
        stream,
        first_ms=first if stream.first_ms < 0 else min(first, stream.first_ms),
        last_ms=max(last, stream.last_ms),
        ingested_ms=now_ms,
    )
    return stream, runs


def _append(
    ctx: Context, vault: Vault, stream: Stream, what: tuple[str, Sequence[Mapping[str, Any]], int]
) -> tuple[Stream, int, int]:
    """The stream as it is then, the number of the block, and the place of the first event in it."""
    group_id, events, now_ms = what
    blocks = space(ctx, group_id)
    first, last = events[0]["timestamp"], events[-1]["timestamp"]
    messages = [event["message"] for event in events]
    nth = 0
    tail = _growing(ctx, blocks, stream, first)
    if tail is not None and not vault.seals_like(tail):
        # What was sealed under a key stays so when the group has another key, or none.
        tail = None
    if tail is not None:
        key = stream.tail
        block = _decode(vault.open(tail))
        nth = len(block.offsets)
        last = max(last, block.first + max(block.offsets))
        block.offsets += [event["timestamp"] - block.first for event in events]
        block.ingested.append((len(events), now_ms))
        block.messages += messages
    else:
        key = key_of(first, stream.number, stream.blocks)
        block = Block(first, [event["timestamp"] - first for event in events], [(len(events), now_ms)], messages)
        stream = msgspec.structs.replace(stream, blocks=stream.blocks + 1, tail=key)
    ctx.put_item(blocks, key, vault.seal(_encode(block)))
    ctx.put_item(index_space(ctx, group_id), _index_key(key), _LAST.pack(last))
    return stream, place_of(key).block, nth


def _growing(ctx: Context, blocks: str, stream: Stream, first: int) -> bytes | None:
    """The stream's last block, if events from `first` on may still go into it."""
    if not stream.tail:
        return None
    began = int(stream.tail[:14])
    if first < began or window_of(first) != window_of(began):
        return None
    item = ctx.item(blocks, stream.tail)
    return item if item is not None and len(item) < _GROWS_UP_TO_BYTES else None


def read(ctx: Context, group: Group, key: str) -> bytes | None:
    """The item of a block."""
    return ctx.item(space(ctx, group.id), key)


def opened(key: str, raw: bytes) -> Iterator[Event]:
    """The events of a block, in the order in which they came."""
    place, block = place_of(key), _decode(raw)
    runs = iter(block.ingested)
    left, ingested = next(runs)
    for index, (offset, message) in enumerate(zip(block.offsets, block.messages, strict=True)):
        if not left:
            left, ingested = next(runs)
        left -= 1
        yield Event(block.first + offset, place.stream, place.block, index, ingested, message)


def decoded(raw: bytes) -> Block:
    return _decode(raw)


class Span(NamedTuple):
    """Times from `start` up to, and not with, `end`."""

    start: int
    end: int


def blocks_of_group(ctx: Context, group: Group, after: str, before: str) -> Iterator[tuple[str, bytes]]:
    """(key, item) of the blocks of a group in order of first time; read a megabyte or so at once."""
    where, count = space(ctx, group.id), _PAGE_LEAST
    while True:
        page = ctx.items(where, after=after, before=before, limit=count)
        yield from page
        if len(page) < count:
            return
        after = page[-1][0]
        size = sum(len(item) for _, item in page)
        count = min(max(_PAGE_LEAST, count * _PAGE_BYTES // (size + 1)), 4 * count, _PAGE_MOST)


def keys_of_stream(ctx: Context, group: Group, stream: int, span: Span) -> Iterator[tuple[str, int]]:
    """(key, last time) of the blocks of a stream that may hold events of a span, in order of first time."""
    where = index_space(ctx, group.id)
    after = f"{stream:08x}{max(0, window_of(span.start)):014d}"
    before = f"{stream:08x}{min(span.end, 10**14 - 1):014d}"
    while True:
        page = ctx.items(where, after=after, before=before, limit=_PAGE)
        for key, last in page:
            yield f"{key[8:22]}{key[:8]}{key[22:]}", _LAST.unpack(last)[0]
        if len(page) < _PAGE:
            return
        after = page[-1][0]


def keys_reversed(ctx: Context, group: Group, stream: int, span: Span) -> Iterator[tuple[str, int]]:
    """As `keys_of_stream`, the latest first."""
    where = index_space(ctx, group.id)
    after = f"{stream:08x}{max(0, window_of(span.start)):014d}"
    before = f"{stream:08x}{min(span.end, 10**14 - 1):014d}"
    while True:
        page = ctx.items(where, after=after, before=before, limit=_PAGE, reverse=True)
        for key, last in page:
            yield f"{key[8:22]}{key[:8]}{key[22:]}", _LAST.unpack(last)[0]
        if len(page) < _PAGE:
            return
        before = page[-1][0]


def size_of(message: str) -> int:
    """What a message counts in limits of bytes."""
    return (len(message) if message.isascii() else len(message.encode())) + rules.EVENT_OVERHEAD_BYTES


def cut(events: Iterable[Event], limit: int) -> list[Event]:
    """The first events that fit an answer: `limit` of them, and a megabyte."""
    kept: list[Event] = []
    total = 0
    for event in events:
        total += size_of(event.message)
        if len(kept) == limit or (kept and total > rules.BATCH_BYTES_MAX):
            break
        kept.append(event)
    return kept


def drop(ctx: Context, group_id: str, stream: int, limit: int) -> int:
    """Take away some blocks of a stream; returns how many there were to take."""
    where = index_space(ctx, group_id)
    page = ctx.items(where, after=f"{stream:08x}", before=f"{stream + 1:08x}", limit=limit)
    for key, _ in page:
        drop_block(ctx, group_id, f"{key[8:22]}{key[:8]}{key[22:]}")
    return len(page)


def drop_block(ctx: Context, group_id: str, key: str) -> None:
    ctx.delete_item(space(ctx, group_id), key)
    ctx.delete_item(index_space(ctx, group_id), _index_key(key))


def last_of(ctx: Context, group_id: str, key: str) -> int:
    """The time of the latest event of a block."""
    found = ctx.item(index_space(ctx, group_id), _index_key(key))
    return _LAST.unpack(found)[0] if found else 0
