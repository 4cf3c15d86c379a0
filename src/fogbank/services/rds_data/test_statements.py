"""Where parameters stand in SQL, and where they do not."""

from __future__ import annotations

import pytest

from fogbank.services.rds_data import statements

BOUND = [
    ("SELECT :a", "SELECT $1", ["a"]),
    ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ["a", "b"]),
    ("SELECT :a::int, x::text", "SELECT $1::int, x::text", ["a"]),
    ("SELECT ':a', :a", "SELECT ':a', $1", ["a"]),
    ("SELECT 'it''s :a' || :a", "SELECT 'it''s :a' || $1", ["a"]),
    (r"SELECT E'\' :a', :a", r"SELECT E'\' :a', $1", ["a"]),
    (r"SELECT '\', :a", r"SELECT '\', $1", ["a"]),
    ('SELECT ":a" FROM t WHERE x = :a', 'SELECT ":a" FROM t WHERE x = $1', ["a"]),
    ("SELECT $$ :a $$, :a", "SELECT $$ :a $$, $1", ["a"]),
    ("SELECT $x$ $$ :a $x$, :a", "SELECT $x$ $$ :a $x$, $1", ["a"]),
    ("SELECT a$b$c, :a, d$b$", "SELECT a$b$c, $1, d$b$", ["a"]),
    ("SELECT 1 -- :a\n, :a", "SELECT 1 -- :a\n, $1", ["a"]),
    ("SELECT /* :a /* :a */ :a */ :a", "SELECT /* :a /* :a */ :a */ $1", ["a"]),
    ("SELECT x[1:2], x[:a]", "SELECT x[1:2], x[$1]", ["a"]),
    ("SELECT f(x := :a)", "SELECT f(x := $1)", ["a"]),
    ("SELECT x->>'k:a', (:a)", "SELECT x->>'k:a', ($1)", ["a"]),
    ("SELECT :a, :unknown", "SELECT $1, :unknown", ["a"]),
    ("SELECT :größe", "SELECT $1", ["größe"]),
    ("SELECT 'open :a", "SELECT 'open :a", []),
    ("SELECT /* open :a", "SELECT /* open :a", []),
    ("", "", []),
]


@pytest.mark.parametrize(("sql", "text", "order"), BOUND)
def test_a_name_becomes_a_number_where_it_is_a_parameter(sql: str, text: str, order: list[str]) -> None:
    found = statements.bound(statements.read(sql), {"a", "b", "größe"})
    assert (found.text, list(found.order)) == (text, order)


SINGLE = [
    ("SELECT 1", True),
    ("SELECT 1;", True),
    ("SELECT 1 ; -- done\n /* yes; */ ;", True),
    ("SELECT ';'; ", True),
    ("SELECT 1; SELECT 2", False),
    ("SELECT 1; SELEKT", False),
    ("SELECT ':x'; SELECT :x", False),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2 $$", True),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END", True),
    ("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; END; SELECT 2", False),
    (";", True),
]


@pytest.mark.parametrize(("sql", "is_single"), SINGLE)
def test_statements_are_counted_as_the_server_does(sql: str, is_single: bool) -> None:
    assert statements.is_single(sql) is is_single
