"""The console: a page that draws a VPC as it is, written by hand, with no framework, build step or other origin."""

from __future__ import annotations

from pathlib import Path

_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "details.js": "text/javascript; charset=utf-8",
    "drawing.js": "text/javascript; charset=utf-8",
    "map.js": "text/javascript; charset=utf-8",
}


def page(name: str) -> tuple[bytes, str] | None:
    """A file of the console and its content type; None for every other name, whatever it says."""
    content_type = _TYPES.get(name)
    if content_type is None:
        return None
    return (Path(__file__).parent / name).read_bytes(), content_type
