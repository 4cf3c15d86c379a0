"""What a text of SQL does, told by PostgreSQL's own parser: whether it writes, and what it leaves in a session.

What Aurora does not forward is in "Limitations and considerations of local write forwarding in Aurora PostgreSQL".
Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pglast.parser import ParseError, parse_sql_json

MODE = "apg_write_forward.consistency_mode"
MODES = ("off", "session", "eventual", "global")
_CACHED_MAX = 4096
_CACHED_BYTES_MAX = 4096
_KINDS = re.compile(r'"([A-Z]\w*Stmt)":\{')
"""A node of the tree: inside a string its quotes would be escaped."""
_CHANGES = frozenset({"InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})
_READS = frozenset({"SelectStmt"})
_MARKS = ('"lockingClause":[', '"intoClause":{', '"sval":"set_config"', '"objtype":"OBJECT_')
_PASSED = frozenset({"CallStmt", "DoStmt", "LoadStmt", "CheckPointStmt", "UnlistenStmt", "VariableShowStmt"})
"""What runs wherever the transaction is."""
_WORDS = re.compile(r"\w+")
_TWO_WORDS = frozenset({"CREATE", "DROP", "ALTER", "PREPARE", "COMMIT", "ROLLBACK", "REASSIGN", "SECURITY", "REFRESH"})


class Step(NamedTuple):
    """What a statement leaves behind in a session."""

    kind: str
    """`set`, `begin`, `commit`, `rollback`, `savepoint`, `release`, `back` (to one), `prepare`, `execute`,
    `deallocate`, `declare` or `close`."""
    name: str = ""
    text: bytes = b""
    is_local: bool = False
    writes: bool = False


class Verdict(NamedTuple):
    """What a text of SQL is."""

    writes: bool = False
    """Whether it is forwarded."""
    reads: bool = True
    """Whether it shows data, which may have to be waited for."""
    refused: str = ""
    """What of it is never forwarded, by the name of its statement: a reader refuses it by itself."""
    steps: tuple[Step, ...] = ()
    wrong_mode: str = ""
    """The value that is no consistency mode, where one is set to it."""

    @property
    def touches_mode(self) -> bool:
        """Whether the consistency mode may be another one afterwards."""
        return any(step.kind == "set" and step.name in (MODE, "*", "set_config") for step in self.steps)


READ, WRITE, UNKNOWN, NEUTRAL = Verdict(), Verdict(writes=True), Verdict(), Verdict(reads=False)


def verdict(sql: bytes) -> Verdict:
    """What a text is; one with a wrong syntax is whatever the server makes of it."""
    return _cached(sql) if len(sql) <= _CACHED_BYTES_MAX else _verdict(sql)


def _verdict(sql: bytes) -> Verdict:
    try:
        text = sql.decode()
    except UnicodeDecodeError:
        # Every encoding that a client may have agrees with this one on what statements are made of.
        text = sql.decode("latin-1")
    try:
        tree = parse_sql_json(text)
    except (ParseError, ValueError):
        return UNKNOWN
    kinds = set(_KINDS.findall(tree))
    if not any(mark in tree for mark in _MARKS):
        if kinds <= _READS:
            return READ
        if kinds <= _CHANGES | _READS:
            return WRITE
    parsed = json.loads(tree)["stmts"]
    encoded = text.encode()
    return _together([_one(_Text(encoded, one), one["stmt"]) for one in parsed])


_cached = lru_cache(_CACHED_MAX)(_verdict)


def _together(verdicts: list[Verdict]) -> Verdict:
    """Several statements of one text: one that is forwarded takes the others with it."""
    if len(verdicts) == 1:
        return verdicts[0]
    return Verdict(
        any(one.writes for one in verdicts),
        any(one.reads for one in verdicts),
        next((one.refused for one in verdicts if one.refused), ""),
        tuple(step for one in verdicts for step in one.steps),
        next((one.wrong_mode for one in verdicts if one.wrong_mode), ""),
    )


class _Text:
    """The text of one statement."""

    def __init__(self, whole: bytes, found: Mapping[str, Any]) -> None:
        start = found.get("stmt_location", 0)
        size = found.get("stmt_len", 0)
        self.bytes = whole[start : start + size] if size else whole[start:]

    @property
    def title(self) -> str:
        """What a server calls a statement: `TRUNCATE`, `CREATE TABLE`."""
        words = [word.upper() for word in _WORDS.findall(self.bytes.decode(errors="replace"))[:2]]
        if words[:1] == ["LOCK"]:
            return "LOCK TABLE"
        return " ".join(words if words[0] in _TWO_WORDS else words[:1])


def _one(text: _Text, statement: Mapping[str, Any]) -> Verdict:
    ((kind, node),) = statement.items()
    found = _BY_KIND.get(kind)
    if found is not None:
        return found(text, node)
    return Verdict(reads=False) if kind in _PASSED else Verdict(refused=text.title)


def _query(text: _Text, node: Mapping[str, Any]) -> Verdict:
    """A query, or a statement that has one inside."""
    tree = json.dumps(node, separators=(",", ":"))
    if '"intoClause":{' in tree:
        return Verdict(refused="SELECT INTO")
    kinds = set(_KINDS.findall(tree))
    if kinds - _CHANGES - _READS:
        return Verdict(refused=text.title)
    steps = tuple(_configured(text, tree, node)) if '"set_config"' in tree else ()
    return Verdict(writes=bool(kinds & _CHANGES) or '"lockingClause":[' in tree, steps=steps)


def _change(text: _Text, node: Mapping[str, Any]) -> Verdict:
    return WRITE


def _configured(text: _Text, tree: str, node: Mapping[str, Any]) -> list[Step]:
    """`SELECT set_config(…)`: what it sets is not looked at."""
    is_local = '"boolval":{"boolval":true}' in tree
    return [Step("set", "set_config", text.bytes, is_local)]


def _set(text: _Text, node: Mapping[str, Any]) -> Verdict:
    kind, name = node["kind"], str(node.get("name", "")).lower()
    if kind == "VAR_RESET_ALL":
        return Verdict(reads=False, steps=(Step("set", "*", text.bytes),))
    is_local = bool(node.get("is_local")) or name in ("transaction", "transaction snapshot")
    wrong = ""
    if name == MODE and kind == "VAR_SET_VALUE":
        value = _constant(node.get("args", [{}])[0])
        wrong = "" if value.lower() in MODES else value
    return Verdict(reads=False, steps=(Step("set", name, text.bytes, is_local),), wrong_mode=wrong)


def _constant(node: Mapping[str, Any]) -> str:
    value = node.get("A_Const", {})
    return str(value.get("sval", {}).get("sval", "") or value.get("ival", {}).get("ival", ""))


_TRANSACTIONS = {
    "TRANS_STMT_BEGIN": "begin",
    "TRANS_STMT_START": "begin",
    "TRANS_STMT_COMMIT": "commit",
    "TRANS_STMT_ROLLBACK": "rollback",
    "TRANS_STMT_SAVEPOINT": "savepoint",
    "TRANS_STMT_RELEASE": "release",
    "TRANS_STMT_ROLLBACK_TO": "back",
}


def _transaction(text: _Text, node: Mapping[str, Any]) -> Verdict:
    kind = _TRANSACTIONS.get(node["kind"])
    if kind is None:
        return Verdict(refused=text.title)
    refused = "SAVEPOINT" if kind == "savepoint" else ""
    return Verdict(reads=False, refused=refused, steps=(Step(kind, node.get("savepoint_name", ""), text.bytes),))


def _prepare(text: _Text, node: Mapping[str, Any]) -> Verdict:
    inside = _one(text, node["query"])
    return Verdict(steps=(Step("prepare", node["name"], text.bytes, writes=inside.writes),))


def _execute(text: _Text, node: Mapping[str, Any]) -> Verdict:
    return Verdict(steps=(Step("execute", node["name"]),))


def _explain(text: _Text, node: Mapping[str, Any]) -> Verdict:
    inside = _one(text, node["query"])
    return inside._replace(reads=True)


def _deallocate(text: _Text, node: Mapping[str, Any]) -> Verdict:
    return Verdict(reads=False, steps=(Step("deallocate", node.get("name", "*"), text.bytes),))


def _discard(text: _Text, node: Mapping[str, Any]) -> Verdict:
    if node.get("target", "DISCARD_ALL") != "DISCARD_ALL":
        return NEUTRAL
    steps = (Step("deallocate", "*", b"DEALLOCATE ALL"), Step("set", "*", b"DISCARD ALL"), Step("close", "*"))
    return Verdict(reads=False, steps=steps)


def _declare(text: _Text, node: Mapping[str, Any]) -> Verdict:
    return Verdict(refused="DECLARE CURSOR", steps=(Step("declare", node["portalname"]),))


def _close(text: _Text, node: Mapping[str, Any]) -> Verdict:
    return Verdict(reads=False, steps=(Step("close", node.get("portalname", "*")),))


def _fetch(text: _Text, node: Mapping[str, Any]) -> Verdict:
    return READ


def _copy(text: _Text, node: Mapping[str, Any]) -> Verdict:
    return Verdict(refused="COPY")


_BY_KIND: Mapping[str, Callable[[_Text, Mapping[str, Any]], Verdict]] = {
    "SelectStmt": _query,
    "InsertStmt": _change,
    "UpdateStmt": _change,
    "DeleteStmt": _change,
    "MergeStmt": _change,
    "VariableSetStmt": _set,
    "TransactionStmt": _transaction,
    "PrepareStmt": _prepare,
    "ExecuteStmt": _execute,
    "ExplainStmt": _explain,
    "DeallocateStmt": _deallocate,
    "DiscardStmt": _discard,
    "DeclareCursorStmt": _declare,
    "ClosePortalStmt": _close,
    "FetchStmt": _fetch,
    "CopyStmt": _copy,
}
