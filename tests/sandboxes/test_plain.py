"""Where nothing can be kept apart functions run all the same, and fogbank says what that means."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sandboxes.world import World, commands


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = World(tmp_path_factory.mktemp("plain"))
    # As on a machine that has no namespaces for us.
    found.plane.forbid("this is a test")
    yield found
    found.close()


def test_it_says_so(plain: World) -> None:
    assert plain.plane.isolation.startswith("functions run as plain processes")
    assert plain.plane.isolation.endswith("since this is a test")


def test_functions_answer_with_their_layers(plain: World) -> None:
    layer = plain.code(python__one_py="NAME = 'of a layer'")
    one = plain.python("import one, os\ndef handler(event, context): return one.NAME, os.getcwd()", layers=(layer,))
    name, folder = one()
    assert name == "of a layer" and Path(folder).is_dir() and folder == os.path.realpath(folder)
    one.stop()


def test_node_answers(plain: World) -> None:
    if reason := plain.plane.runtimes()["nodejs20.x"]:
        pytest.skip(f"nodejs20.x: {reason}")
    one = plain.node("export const handler = async (event) => event;")
    assert one({"a": 1}) == {"a": 1}
    one.stop()


@pytest.mark.parametrize("way", ["late", "stopped"])
def test_daemons_end_with_it_all_the_same(plain: World, way: str) -> None:
    mark = f"7654325.{os.getpid()}"
    text = f"""
    import os, subprocess, time
    def handler(event, context):
        subprocess.Popen(["sleep", "{mark}"], start_new_session=True)
        if not os.fork():
            os.setsid()
            if not os.fork():
                os.execvp("sleep", ["sleep", "{mark}"])
            os._exit(0)
        if event == "late":
            time.sleep(60)
    """
    one = plain.python(text)
    outcome = one.ask(way, seconds=1.0)
    if way == "late":
        assert json.loads(outcome.payload)["errorType"] == "Sandbox.Timedout"
    one.stop()
    assert not [command for _, command in commands() if mark in command]
