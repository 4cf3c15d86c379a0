"""The console: pages that draw a VPC and databases as they are, by hand, with no framework, build or other origin."""

from __future__ import annotations

from pathlib import Path

_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "databases.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "databases.css": "text/css; charset=utf-8",
    "databases.js": "text/javascript; charset=utf-8",
    "details.js": "text/javascript; charset=utf-8",
    "drawing.js": "text/javascript; charset=utf-8",
    "facts.js": "text/javascript; charset=utf-8",
    "history.js": "text/javascript; charset=utf-8",
    "map.js": "text/javascript; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "plots.js": "text/javascript; charset=utf-8",
    "topology.js": "text/javascript; charset=utf-8",
}


def page(name: str) -> tuple[bytes, str] | None:
    """A file of the console and its content type; None for every other name, whatever it says."""
    content_type = _TYPES.get(name)
    if content_type is None:
        return None
    return (Path(__file__).parent / name).read_bytes(), content_type
