"""Java's regular expressions, as AWS's models use them, in Python's form."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# The scripts, blocks and POSIX classes that occur in the models; categories are looked up in Unicode's own table.
_CLASSES = {
    "ASCII": r"\x00-\x7f",
    "Alnum": "0-9A-Za-z",
    "Alpha": "A-Za-z",
    "Blank": r" \t",
    "Cntrl": r"\x00-\x1f\x7f",
    "Digit": "0-9",
    "Graph": "!-~",
    "Lower": "a-z",
    "Print": " -~",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r" \t\n\x0b\f\r",
    "Upper": "A-Z",
    "XDigit": "0-9A-Fa-f",
    "all": r"\x00-\U0010ffff",
}
_CATEGORY_NAMES = {
    "IsAlphabetic": ("L", "Nl"),
    "IsDigit": ("Nd",),
    "IsLetter": ("L",),
    "IsPunctuation": ("P",),
    "IsWhitespace": ("Z",),
    "LD": ("L", "Nd"),
    "Letter": ("L",),
}
_JAVA_ASTRAL = r"\uD800\uDC00-\uDBFF\uDFFF"
_TOKEN = re.compile(
    r"\\(?P<property>[pP])(?:\{\^?(?P<long>[A-Za-z_=]+)\}|(?P<short>[A-Z]))"
    r"|\\u\{(?P<point>[0-9A-Fa-f]+)\}|\\x\{(?P<hex>[0-9A-Fa-f]+)\}"
    r"|\\(?P<escape>.)|(?P<open>\[\^?\]?)|(?P<close>\])|(?P<named>\(\?<(?![=!]))|(?P<other>.)",
    re.DOTALL,
)


class Untranslatable(ValueError):
    """A pattern that Python cannot express."""


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern for `fullmatch`, which is what Java's `matches` means; None when it cannot be expressed."""
    try:
        return re.compile(translated(pattern))
    except (re.error, Untranslatable, OverflowError, RecursionError):
        return None


def translated(pattern: str) -> str:
    """The pattern in Python's form. Raises Untranslatable."""
    # Java writes what lies beyond plane 0 as pairs of surrogates.
    pattern = pattern.replace(_JAVA_ASTRAL, r"\u{10000}-\u{10FFFF}")
    out: list[str] = []
    is_inside = False
    for found in _TOKEN.finditer(pattern):
        kind = found.lastgroup
        if found["property"]:
            out.append(_property(found["property"], found["long"] or found["short"], is_inside))
        elif found["point"] or found["hex"]:
            out.append(re.escape(chr(int(found["point"] or found["hex"], 16))))
        elif kind == "escape":
            out.append(_escape(found["escape"], is_inside))
        elif kind == "open" and not is_inside:
            is_inside = True
            out.append(found.group())
        elif kind == "open":
            raise Untranslatable(pattern)  # a class within a class is a union in Java
        elif kind == "close":
            is_inside = False
            out.append("]")
        else:
            out.append("(?P<" if kind == "named" and not is_inside else _plain(found, is_inside))
    return "".join(out)


def _plain(found: re.Match[str], is_inside: bool) -> str:
    text = found.group()
    if not is_inside:
        return text
    if text == "&" and found.string.startswith("&&", found.start()):
        raise Untranslatable(found.string)
    # Python warns of set operations that it may have one day, and takes `\w-.` for a broken range.
    is_after_class = text == "-" and re.search(r"\\[wdsWDS]$|\\[pP]\{\w+\}$", found.string[: found.start()])
    return "\\" + text if text in "|~" or is_after_class else text


def _escape(character: str, is_inside: bool) -> str:
    simple = {"z": r"\Z", "Z": r"(?=\n?\Z)", "h": r"[ \t\xa0\u1680\u180e\u2000-\u200a\u202f\u205f\u3000]", "e": r"\x1b"}
    if character in simple:
        text = simple[character]
        return text[1:-1] if is_inside and text.startswith("[") else text
    # Java's classes are ASCII; Python's are Unicode.
    ascii_only = {"d": "0-9", "w": "a-zA-Z0-9_", "s": r" \t\n\x0b\f\r"}
    if character in ascii_only:
        return ascii_only[character] if is_inside else f"[{ascii_only[character]}]"
    outside = {"D": "[^0-9]", "W": "[^a-zA-Z0-9_]", "S": r"[^ \t\n\x0b\f\r]"}
    if character in outside:
        return outside[character] if not is_inside else _complement(character)
    if character in "bBAnrtfvaxu0123456789":
        return "\\" + character
    return re.escape(character)


def _complement(character: str) -> str:
    return {
        "D": r"\x00-/:-\U0010ffff",
        "W": r"\x00-/:-@\[-\^`{-\U0010ffff",
        "S": r"\x00-\x08\x0e-\x1f!-\U0010ffff",
    }[character]


def _property(sign: str, name: str, is_inside: bool) -> str:
    categories = _CATEGORY_NAMES.get(name, (name.removeprefix("Is"),))
    ranges = _CLASSES.get(name) or category_ranges(categories, is_negated=False)
    if not ranges:
        raise Untranslatable(name)
    if sign == "p":
        return ranges if is_inside else f"[{ranges}]"
    if not is_inside:
        return f"[^{ranges}]"
    if name in _CLASSES:
        raise Untranslatable(name)
    return category_ranges(categories, is_negated=True)


@cache
def category_ranges(categories: tuple[str, ...], *, is_negated: bool) -> str:
    """The inside of a class of all characters in Unicode categories such as `L` or `Nd`, or of all others."""
    runs: list[list[int]] = []
    for category, first, last in _category_runs():
        if category.startswith(categories) is not is_negated:
            if runs and runs[-1][1] + 1 == first:
                runs[-1][1] = last
            else:
                runs.append([first, last])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in runs)


@cache
def _category_runs() -> tuple[tuple[str, int, int], ...]:
    # Beyond plane 1 Unicode has little but ideographs: probing every 16th character there takes 15 ms instead of 150.
    runs: list[tuple[str, int, int]] = []
    for step, start, end in ((1, 0, 0x20000), (16, 0x20000, 0x110000)):
        for point in range(start, end, step):
            category = unicodedata.category(chr(point))
            if runs and runs[-1][0] == category:
                runs[-1] = (category, runs[-1][1], point + step - 1)
            else:
                runs.append((category, point, point + step - 1))
    return tuple(runs)
