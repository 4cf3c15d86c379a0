"""A timeline as a picture (SVG): who answered each poll, what the health check said, and when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

_WIDTH, _LEFT, _ROW = 960, 150, 34
_COLOURS = ("#2a6fb0", "#2f8f5b")
_BAD = "#c0392b"


def svg(title: str, regions: Sequence[str], polls: Sequence[dict[str, Any]], marks: Sequence[tuple[float, str]]) -> str:
    """`polls` as the client prints them (`who` is a region), `marks` as (time, words); times since 1970."""
    begins, ends = polls[0]["at"], polls[-1]["at"] + 1.0
    scale = (_WIDTH - _LEFT - 20) / (ends - begins)
    height = 70 + _ROW * (len(regions) + 1) + 18 * len(marks)

    def x(at: float) -> float:
        return _LEFT + (at - begins) * scale

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="16" y="26" font-size="16" font-weight="bold">{escape(title)}</text>',
        *_rows(regions, polls, x, scale),
        *_marks(marks, x, len(regions)),
        *_axis(begins, ends, x, 60 + _ROW * len(regions)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _rows(regions: Sequence[str], polls: Sequence[dict[str, Any]], x: Any, scale: float) -> Iterator[str]:
    for number, region in enumerate(regions):
        y = 46 + _ROW * number
        yield f'<text x="16" y="{y + 15}" font-size="13">{escape(region)}</text>'
        for poll in polls:
            if poll["region"] == region:
                colour = _COLOURS[number % len(_COLOURS)] if poll["well"] else _BAD
                width = max(2.0, scale * 0.8)
                yield f'<rect x="{x(poll["at"]):.1f}" y="{y}" width="{width:.1f}" height="20" fill="{colour}"/>'


def _marks(marks: Sequence[tuple[float, str]], x: Any, rows: int) -> Iterator[str]:
    bottom = 46 + _ROW * rows
    for number, (at, words) in enumerate(marks):
        y = bottom + 44 + 18 * number
        yield f'<line x1="{x(at):.1f}" y1="38" x2="{x(at):.1f}" y2="{y - 12}" stroke="#555" stroke-dasharray="3 3"/>'
        anchor = "end" if x(at) > _WIDTH * 0.7 else "start"
        yield f'<text x="{x(at):.1f}" y="{y}" font-size="12" text-anchor="{anchor}">{escape(words)}</text>'


def _axis(begins: float, ends: float, x: Any, y: int) -> Iterator[str]:
    step = 5 if ends - begins < 90 else 20
    for second in range(0, int(ends - begins) + 1, step):
        at = x(begins + second)
        yield f'<line x1="{at:.1f}" y1="{y - 8}" x2="{at:.1f}" y2="{y - 3}" stroke="#999"/>'
        yield f'<text x="{at:.1f}" y="{y + 8}" font-size="10" fill="#777" text-anchor="middle">{second} s</text>'
