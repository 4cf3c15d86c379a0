"""The store: what is committed lasts, what is aborted never was, and order and indexes hold under writes."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.aws.scope import Scope
from fogbank.store.items import Range
from fogbank.store.records import Record
from fogbank.store.sqlite import SqliteLog, StoreFormatError
from fogbank.store.store import Store
from fogbank.store.transaction import Transaction
from fogbank.store.upgrade import UpgradeError, upgraded

HERE = Scope("aws", "111111111111", "eu-west-1")
THERE = Scope("aws", "222222222222", "eu-west-1")


class Boat(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "harbour/boat"
    KEY: ClassVar[tuple[str, ...]] = ("name", "number")
    INDEXES: ClassVar[dict[str, str]] = {"by_flag": "flags"}
    name: str
    number: int = 0
    flags: tuple[str, ...] = ()


class Pilot(Record, frozen=True, kw_only=True):
    KIND: ClassVar[str] = "harbour/pilot"
    KEY: ClassVar[tuple[str, ...]] = ("name",)
    GLOBAL: ClassVar[bool] = True
    name: str


class Deferred:
    """Collects what the store schedules, so that a test decides when the batch is written."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def __call__(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def run(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


@pytest.fixture
def later() -> Deferred:
    return Deferred()


@pytest.fixture
def store(tmp_path: Path, later: Deferred) -> Iterator[Store]:
    store = Store(SqliteLog(tmp_path), later)
    yield store
    store.close()


def again(tmp_path: Path) -> Store:
    return Store(SqliteLog(tmp_path), lambda call: call())


def names(transaction: Transaction, *parts: object, **how: object) -> list[tuple[str, int]]:
    return [(boat.name, boat.number) for boat in transaction.scan(Boat, HERE, *parts, **how)]  # type: ignore[arg-type]


def test_a_committed_record_is_there_after_a_restart(store: Store, later: Deferred, tmp_path: Path) -> None:
    with store.begin() as transaction:
        transaction.put(HERE, Boat(name="Anna", flags=("de",)))
    later.run()
    with again(tmp_path).begin() as transaction:
        assert transaction.get(Boat, HERE, "Anna", 0) == Boat(name="Anna", flags=("de",))
        assert transaction.get(Boat, THERE, "Anna", 0) is None


def test_an_answer_waits_for_the_batch_that_it_depends_on(store: Store, later: Deferred) -> None:
    told: list[BaseException | None] = []
    with store.begin() as transaction:
        transaction.put(HERE, Boat(name="Anna"))
    with store.begin() as reader:
        assert reader.get(Boat, HERE, "Anna", 0)
    with store.begin() as stranger:
        assert stranger.get(Boat, THERE, "Anna", 0) is None
    assert reader.seen == transaction.seen > store.durable, "the reader saw what is not in the log yet"
    assert stranger.seen <= store.durable
    store.when_durable(reader.seen, told.append)
    assert told == []
    later.run()
    assert told == [None]


def test_absence_is_something_that_was_read_too(store: Store, later: Deferred) -> None:
    with store.begin() as transaction:
        transaction.put(HERE, Boat(name="Anna"))
    later.run()
    with store.begin() as transaction:
        transaction.delete(Boat, HERE, "Anna", 0)
    with store.begin() as reader:
        assert reader.get(Boat, HERE, "Anna", 0) is None
    assert reader.seen > store.durable


def test_an_exception_takes_everything_back(store: Store, later: Deferred, tmp_path: Path) -> None:
    with store.begin() as transaction:
        transaction.put(HERE, Boat(name="Anna", flags=("de",)))
    with pytest.raises(ZeroDivisionError), store.begin() as transaction:
        transaction.put(HERE, Boat(name="Anna", flags=("nl",)))
        transaction.put(HERE, Boat(name="Berta", flags=("nl",)))
        transaction.put_item("log", "1", b"x")
        raise ZeroDivisionError
    later.run()
    with store.begin() as transaction:
        assert names(transaction) == [("Anna", 0)]
        assert transaction.find(Boat, HERE, "by_flag", "nl") == []
        assert transaction.range(Range("log")) == []
    with again(tmp_path).begin() as transaction:
        assert names(transaction) == [("Anna", 0)]


def test_a_savepoint_takes_back_only_what_came_after(store: Store) -> None:
    with store.begin() as transaction:
        transaction.put(HERE, Boat(name="Anna"))
        mark = transaction.savepoint()
        transaction.put(HERE, Boat(name="Anna", flags=("nl",)))
        transaction.put(HERE, Boat(name="Berta"))
        transaction.rollback(mark)
        assert names(transaction) == [("Anna", 0)]
        assert transaction.get(Boat, HERE, "Anna", 0) == Boat(name="Anna")


def test_a_transaction_cannot_be_held_while_another_begins(store: Store) -> None:
    with store.begin(), pytest.raises(RuntimeError, match="held across an await"):
        store.begin()


def test_keys_sort_as_numbers_and_page_both_ways(store: Store) -> None:
    with store.begin() as transaction:
        for number in (10, 9, 100, 1):
            transaction.put(HERE, Boat(name="Anna", number=number))
        transaction.put(HERE, Boat(name="Anna-Maria"))
        transaction.put(HERE, Boat(name="B"))
        assert names(transaction, "Anna") == [("Anna", 1), ("Anna", 9), ("Anna", 10), ("Anna", 100)]
        assert names(transaction, "Anna", reverse=True)[0] == ("Anna", 100)
        assert names(transaction, start="Anna")[-1] == ("Anna-Maria", 0)
        assert names(transaction, after="Anna-Maria\x00") == [("Anna-Maria", 0), ("B", 0)]
        assert transaction.count(Boat, HERE) == 6


def test_an_index_follows_writes(store: Store) -> None:
    with store.begin() as transaction:
        transaction.put(HERE, Boat(name="Anna", flags=("de", "nl")))
        assert [boat.name for boat in transaction.find(Boat, HERE, "by_flag", "nl")] == ["Anna"]
        transaction.put(HERE, Boat(name="Anna", flags=("de",)))
        transaction.put(HERE, Boat(name="Berta", flags=("nl",)))
        assert [boat.name for boat in transaction.find(Boat, HERE, "by_flag", "nl")] == ["Berta"]
        transaction.delete(Boat, HERE, "Berta", 0)
        assert transaction.find(Boat, HERE, "by_flag", "nl") == []


def test_global_records_are_the_same_in_every_region(store: Store) -> None:
    with store.begin() as transaction:
        transaction.put(HERE, Pilot(name="Jo"))
        elsewhere = HERE._replace(region="us-east-1")
        assert transaction.get(Pilot, elsewhere, "Jo") == Pilot(name="Jo")
        assert transaction.get(Pilot, THERE, "Jo") is None
        assert store.scopes(Pilot) == [THERE.everywhere()._replace(account=HERE.account), THERE.everywhere()]


def test_what_the_log_refuses_was_never_written(store: Store, later: Deferred, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[BaseException | None] = []
    with store.begin() as transaction:
        transaction.put(HERE, Boat(name="Anna"))
    later.run()

    def refuse(batch: object) -> None:
        raise OSError("disk full")

    with store.begin() as transaction:
        transaction.put(HERE, Boat(name="Berta"))
    store.when_durable(transaction.seen, told.append)
    with monkeypatch.context() as patch:
        patch.setattr(store._log, "commit", refuse)
        later.run()
    assert [type(error) for error in told] == [OSError]
    with store.begin() as transaction:
        assert names(transaction) == [("Anna", 0)]


def test_tables_of_accounts_that_nobody_has_do_not_pile_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from fogbank.store import store as module

    monkeypatch.setattr(module, "_TABLES_MAX", 10)
    with store.begin() as transaction:
        transaction.put(HERE, Boat(name="Anna"))
        for number in range(1000):
            assert transaction.get(Boat, Scope("aws", f"{number:012d}", "eu-west-1"), "Anna", 0) is None
        transaction.delete(Boat, HERE, "Anna", 0)
        for number in range(1000):
            assert transaction.get(Boat, Scope("aws", f"{number:012d}", "eu-west-1"), "Anna", 0) is None
        assert transaction.get(Boat, HERE, "Anna", 0) is None
    assert len(store._tables) <= 12


def test_items_are_read_in_order_with_the_writes_of_the_transaction_on_top(store: Store) -> None:
    with store.begin() as transaction:
        for number in range(5):
            transaction.put_item("log", f"{number}", b"%d" % number)
    with store.begin() as transaction:
        transaction.delete_item("log", "1")
        transaction.put_item("log", "9", b"nine")
        transaction.put_item("other", "1", b"-")
        assert [key for key, _ in transaction.range(Range("log"))] == ["0", "2", "3", "4", "9"]
        assert [key for key, _ in transaction.range(Range("log", after="0", limit=2))] == ["2", "3"]
        assert transaction.range(Range("log", reverse=True, limit=1)) == [("9", b"nine")]
        transaction.delete_item("log", None)
        transaction.put_item("log", "5", b"five")
        assert transaction.range(Range("log")) == [("5", b"five")]


def test_items_are_read_with_the_batch_that_is_not_written_yet_on_top(store: Store, later: Deferred) -> None:
    with store.begin() as transaction:
        for number in range(5):
            transaction.put_item("log", f"{number}", b"old")
    later.run()
    with store.begin() as transaction:
        transaction.delete_item("log", "1")
        transaction.put_item("log", "2", b"new")
        transaction.put_item("log", "9", b"new")
    with store.begin() as transaction:
        assert transaction.range(Range("log", limit=3)) == [("0", b"old"), ("2", b"new"), ("3", b"old")]
        assert transaction.range(Range("log", limit=2, reverse=True)) == [("9", b"new"), ("4", b"old")]
        assert transaction.item("log", "1") is None and transaction.item("log", "2") == b"new"
        assert transaction.item("log", "0") == b"old"
        assert transaction.seen > store.durable, "the answer waits for what it tells"
        transaction.delete_item("log", None)
        assert transaction.item("log", "0") is None
    with store.begin() as transaction:
        assert transaction.range(Range("log")) == [] and transaction.item("log", "2") is None
        assert transaction.count_items("log") == 0


def test_a_space_that_went_whole_can_be_filled_again(store: Store, later: Deferred, tmp_path: Path) -> None:
    for text in (b"first", b"second"):
        with store.begin() as transaction:
            transaction.delete_item("log", None)
            transaction.put_item("log", "1", text)
            transaction.put_item("other", "1", b"stays")
        later.run()
    assert again(tmp_path).items(Range("log"))[0] == [("1", b"second")]
    assert again(tmp_path).item("other", "1")[0] == b"stays"


def test_a_large_space_goes_at_once_and_its_rows_little_by_little(
    store: Store, later: Deferred, tmp_path: Path
) -> None:
    with store.begin() as transaction:
        for number in range(7_000):
            transaction.put_item("log", f"{number:05d}", b"x")
    later.run()
    with store.begin() as transaction:
        transaction.delete_item("log", None)
        transaction.put_item("log", "1", b"new")
    store.flush()
    assert store.items(Range("log"))[0] == [("1", b"new")]
    rows = "SELECT count(*) FROM entries"
    assert 4_000 < store._log._write.execute(rows).fetchone()[0] < 6_000  # type: ignore[attr-defined]
    other = again(tmp_path)
    assert other.items(Range("log"))[0] == [("1", b"new")], "a kill in the middle changes nothing"
    other.close()
    while later.calls:
        later.run()
    assert store._log._write.execute(rows).fetchone()[0] == 1  # type: ignore[attr-defined]


def test_a_state_folder_of_the_first_format_is_taken_over(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "fogbank.db")) as old:
        old.executescript("""
            CREATE TABLE items (space TEXT NOT NULL, key TEXT NOT NULL, item BLOB NOT NULL, PRIMARY KEY (space, key))
                WITHOUT ROWID;
            INSERT INTO items VALUES ('log', '1', x'61'), ('log', '2', x'62'), ('other', '1', x'63');
            PRAGMA user_version=1;
        """)
    found = again(tmp_path)
    assert found.items(Range("log"))[0] == [("1", b"a"), ("2", b"b")] and found.item("other", "1")[0] == b"c"
    found.close()


def test_clear_forgets_everything(store: Store, tmp_path: Path) -> None:
    with store.begin() as transaction:
        transaction.put(HERE, Boat(name="Anna"))
        transaction.put_item("log", "1", b"x")
    before = store.changes("harbour", HERE)
    store.clear()
    with store.begin() as transaction:
        assert names(transaction) == [] and transaction.range(Range("log")) == []
    assert store.changes("harbour", HERE) > before, "caches must notice"


def test_rows_of_an_older_version_are_upgraded_and_newer_ones_are_refused() -> None:
    row = b"\x81\xa4name\xa4Anna"
    newer = type("Boat", (Boat,), {"VERSION": 3})
    steps = {1: lambda row: {**row, "number": 7}, 2: lambda row: {**row, "flags": ("de",)}}
    assert b"flags" in upgraded(newer, 1, row, steps)
    with pytest.raises(UpgradeError, match="no upgrade from version 2"):
        upgraded(newer, 1, row, {1: steps[1]})
    with pytest.raises(UpgradeError, match="version 2; this fogbank reads up to 1"):
        upgraded(Boat, 2, row, {})


def test_a_state_folder_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path)
    log._write.execute("PRAGMA user_version=99")
    log.close()
    with pytest.raises(StoreFormatError, match="format 99"):
        SqliteLog(tmp_path)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from(["put", "delete"]), st.booleans()),
        max_size=30,
    )
)
def test_any_mix_of_writes_and_aborts_reads_as_a_dictionary(steps: list[tuple[str, int, str, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store, model = again(Path(folder)), dict[tuple[str, int], Boat]()
        for name, number, what, keep in steps:
            transaction = store.begin()
            list(transaction.scan(Boat, HERE))
            if what == "put":
                transaction.put(HERE, Boat(name=name, number=number, flags=(name,)))
            else:
                transaction.delete(Boat, HERE, name, number)
            if not keep:
                transaction.abort()
                continue
            transaction.commit()
            if what == "put":
                model[name, number] = Boat(name=name, number=number, flags=(name,))
            else:
                model.pop((name, number), None)
        for seen in (store, again(Path(folder))):
            with seen.begin() as transaction:
                assert names(transaction) == sorted(model)
                for flag in "abc":
                    found = {(boat.name, boat.number) for boat in transaction.find(Boat, HERE, "by_flag", flag)}
                    assert found == {key for key in model if key[0] == flag}
        store.close()


def test_the_wal_stays_small_under_writes_that_never_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from fogbank.store import sqlite

    monkeypatch.setattr(sqlite, "_CHECKPOINT_PAGES", 200)
    monkeypatch.setattr(sqlite, "_WAL_PAGES_MAX", 1_000)
    store = again(tmp_path)
    for number in range(40_000):
        with store.begin() as transaction:
            transaction.put(HERE, Boat(name="x" * 2000, number=number % 50))
    wal = (tmp_path / "fogbank.db-wal").stat().st_size
    store.close()
    assert wal < 70_000 * 4096, wal  # without bound it would be past 540 MB
