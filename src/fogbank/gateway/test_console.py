"""The console's files: what is served, to whom, and that nothing else on the disk is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank import console
from fogbank.codec.message import Request, Response
from fogbank.gateway.test_route import Door

_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
FILES = {
    name: f"{_TYPES[Path(name).suffix]}; charset=utf-8"
    for name in (
        "index.html databases.html functions.html stacks.html traces.html"
        " style.css lists.css databases.css functions.css stacks.css traces.css"
        " databases.js functions.js stacks.js traces.js map.js"
        " details.js drawing.js facts.js history.js lists.js page.js plots.js service-map.js topology.js waterfall.js"
    ).split()
}
FOLDER = Path(console.__file__).parent


@pytest.fixture
def door() -> Iterator[Door]:
    found = Door()
    yield found
    found.test.close()


def ask(door: Door, path: str, method: str = "GET", **headers: str) -> Response:
    return door.ask(Request(method, path, "", {"host": "localhost:4566", **headers}))


@pytest.mark.parametrize("name", FILES)
def test_every_file_is_served_with_its_type(door: Door, name: str) -> None:
    response = ask(door, f"/_fogbank/console/{name}")
    headers = dict(response.headers)
    assert (response.status, headers["content-type"]) == (200, FILES[name])
    assert response.body == (FOLDER / name).read_bytes()
    assert headers["x-content-type-options"] == "nosniff"


def test_the_folder_holds_nothing_that_is_not_served() -> None:
    files = {one.name for one in FOLDER.iterdir() if one.is_file() and one.suffix not in (".py", ".pyc")}
    assert files == set(FILES)


def test_the_page_has_a_home_with_a_slash(door: Door) -> None:
    assert ask(door, "/_fogbank/console/").body == (FOLDER / "index.html").read_bytes()
    moved = ask(door, "/_fogbank/console")
    assert (moved.status, dict(moved.headers)["location"]) == (308, "/_fogbank/console/")


@pytest.mark.parametrize(
    "name",
    [
        "__init__.py",
        "../console/index.html",
        "../__init__.py",
        "..%2f__init__.py",
        "%2e%2e/settings.py",
        "/etc/passwd",
        "..\\settings.py",
        "index.html/..",
        "./index.html",
        "index.html%00",
        "INDEX.HTML",
        "",
    ],
)
def test_no_other_name_is_a_file(door: Door, name: str) -> None:
    assert console.page(name) is None
    if name:
        assert ask(door, f"/_fogbank/console/{name}").status == 404


def test_only_reading_goes_with_files(door: Door) -> None:
    refused = ask(door, "/_fogbank/console/map.js", "POST")
    assert (refused.status, dict(refused.headers)["allow"]) == (405, "GET, HEAD")


def test_pages_of_others_may_not_have_it(door: Door) -> None:
    """A name that was bound anew to this machine, and a page of another origin, get nothing."""
    assert ask(door, "/_fogbank/console/", host="evil.example:4566").status == 403
    assert ask(door, "/_fogbank/console/", origin="http://evil.example").status == 403
    assert ask(door, "/_fogbank/console/", origin="http://localhost:4566").status == 200


def test_the_page_may_talk_to_no_other_origin_and_asks_for_none(door: Door) -> None:
    policy = dict(ask(door, "/_fogbank/console/").headers)["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert not re.search(r"https?:|\*|unsafe", policy)
    for name in FILES:
        text = (FOLDER / name).read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z]+\.[a-z]|@import|\beval\(|innerHTML|\son\w+=", text), name


def test_what_there_is_of_databases_is_for_this_machine_and_no_page_of_others(door: Door) -> None:
    path = "/_fogbank/databases"
    assert ask(door, path).body == b'{"databases":[]}\n'
    assert ask(door, f"{path}/one").status == 400
    for refused in ({"host": "evil.example:4566"}, {"origin": "http://evil.example"}, {"origin": "null"}):
        for one in (path, f"{path}/one"):
            assert ask(door, one, **refused).status == 403


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/_fogbank/functions"),
        ("GET", "/_fogbank/functions/one"),
        ("GET", "/_fogbank/functions/log"),
        ("POST", "/_fogbank/functions/invoke"),
        ("GET", "/_fogbank/stacks"),
        ("GET", "/_fogbank/stacks/one"),
        ("GET", "/_fogbank/xray/traces"),
    ],
)
def test_functions_stacks_and_traces_are_for_this_machine_and_no_page_of_others(
    door: Door, method: str, path: str
) -> None:
    assert ask(door, path, method).status in (200, 400)
    for refused in ({"host": "evil.example:4566"}, {"origin": "http://evil.example"}, {"origin": "null"}):
        assert ask(door, path, method, **refused).status == 403


def test_each_page_leads_to_all_others() -> None:
    pages = [name for name in FILES if name.endswith(".html")]
    for name in pages:
        text = (FOLDER / name).read_text()
        links = re.findall(r'<a href="([^"]+)"( aria-current="page")?>', text)
        assert [one.replace("./", "index.html") for one, _ in links] == pages
        assert [one.replace("./", "index.html") for one, current in links if current] == [name]
        assert re.search(r"<title>fogbank · .+</title>", text)


def test_neighbouring_paths_are_not_the_consoles(door: Door) -> None:
    assert ask(door, "/_fogbank/consoles/").status == 404
