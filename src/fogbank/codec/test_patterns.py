from __future__ import annotations

import pytest

from fogbank.codec.patterns import compiled
from fogbank.model.index import index
from fogbank.model.load import load

# Python cannot express these: class intersections, flags within a pattern, and patterns that are broken in Java too.
UNTRANSLATABLE = {
    "[\\p{Print}&&[^|:/]]+",
    "^(?![^:\\\\]*/action/|(?i).*<script>.*</script>.*)[^:\\\\]+$",
    "^[-_a-zA-Z0-9]*${2,64}$",
    "^(?i)(true|false)$",
    "(?!(?i)AWS_)[a-zA-Z_][a-zA-Z0-9_]*",
    "[^-A-Za-z0-9+/=]|=[^=]|={3,}${1,4096}",
    "^arn:\\S+:rbin:[a-z\\-0-9]{0,63}:[0-9]{12}:rule/[0-9a-zA-Z]{11}{0,1011}$",
    "([\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]*)${1,128}",
    "([\\p{L}\\p{Z}\\p{N}_.:\\/=+\\-@]*)${1,256}",
}


def test_all_patterns_of_all_models_are_translated_but_these() -> None:
    patterns = {
        shape["pattern"] for service in index().entries for shape in load(service).shapes.values() if "pattern" in shape
    }
    assert {pattern for pattern in patterns if compiled(pattern) is None} == UNTRANSLATABLE


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        ("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", ["", "ünï co-de@1", "名前", "𠀀"], ["a#", "a\n"]),
        ("\\w+", ["az_09"], ["é", ""]),
        ("\\d{3}", ["123"], ["١٢٣", "1234"]),
        ("[\\w- ]*", ["a-b c"], ["a.b"]),
        ("^a$", ["a"], ["a\n", "b"]),
        ("[^\\p{C}]+", ["ok ☁"], ["a\x00"]),
        ("[\\P{M}\\p{M}]*", ["anything é\u0301"], []),
        ("[\\P{C}\\n]*", ["a\nb"], ["a\x07"]),
        ("\\p{ASCII}*", ["abc"], ["é"]),
        ("[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*", ["a😀\t"], ["\x01"]),
        ("[a|b~]+", ["a|b~"], ["c"]),
        ("(?<name>a)", ["a"], ["b"]),
        ("[^]a]+", ["b"], ["]"]),
    ],
)
def test_they_mean_what_they_mean_in_java(pattern: str, fits: list[str], fails: list[str]) -> None:
    expression = compiled(pattern)
    assert expression is not None
    assert [text for text in fits if not expression.fullmatch(text)] == []
    assert [text for text in fails if expression.fullmatch(text)] == []
