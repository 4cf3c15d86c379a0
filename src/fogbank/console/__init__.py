"""The console: pages that draw what there is as it is, by hand, with no framework, build or other origin."""

from __future__ import annotations

from pathlib import Path

_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "databases.html": "text/html; charset=utf-8",
    "functions.html": "text/html; charset=utf-8",
    "stacks.html": "text/html; charset=utf-8",
    "traces.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "databases.css": "text/css; charset=utf-8",
    "functions.css": "text/css; charset=utf-8",
    "lists.css": "text/css; charset=utf-8",
    "stacks.css": "text/css; charset=utf-8",
    "traces.css": "text/css; charset=utf-8",
    "databases.js": "text/javascript; charset=utf-8",
    "details.js": "text/javascript; charset=utf-8",
    "drawing.js": "text/javascript; charset=utf-8",
    "facts.js": "text/javascript; charset=utf-8",
    "functions.js": "text/javascript; charset=utf-8",
    "history.js": "text/javascript; charset=utf-8",
    "lists.js": "text/javascript; charset=utf-8",
    "map.js": "text/javascript; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "plots.js": "text/javascript; charset=utf-8",
    "service-map.js": "text/javascript; charset=utf-8",
    "stacks.js": "text/javascript; charset=utf-8",
    "topology.js": "text/javascript; charset=utf-8",
    "traces.js": "text/javascript; charset=utf-8",
    "waterfall.js": "text/javascript; charset=utf-8",
}


def page(name: str) -> tuple[bytes, str] | None:
    """A file of the console and its content type; None for every other name, whatever it says."""
    content_type = _TYPES.get(name)
    if content_type is None:
        return None
    return (Path(__file__).parent / name).read_bytes(), content_type
