"""The life of an environment: standing still, freed of its time, custom runtimes, archives, many at once."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import time
import zipfile
from pathlib import Path

import pytest
from tests.sandboxes.world import ARN, OWN_PYTHON, World, commands

from fogbank.planes.sandbox.archive import BadArchive
from fogbank.planes.sandbox.sandbox import Invocation

BEATS = """
import threading, time
beats = []
def beat():
    while True:
        beats.append(time.monotonic())
        time.sleep(0.005)
threading.Thread(target=beat, daemon=True).start()
def handler(event, context):
    time.sleep(0.1)
    return max(later - earlier for earlier, later in zip(beats, beats[1:]))
"""


def test_between_events_it_stands_still(world: World) -> None:
    one = world.python(BEATS)
    one()
    world.run(asyncio.sleep(1.0))
    assert one() > 0.9, "no beat for as long as nobody asked"
    one.stop()


def test_within_its_time_an_event_is_answered(world: World) -> None:
    one = world.python("import time\ndef handler(event, context): time.sleep(event); return 'in time'")
    assert one(0.3, seconds=10.0) == "in time"
    outcome = one.ask(30, seconds=0.5)
    assert outcome.is_dead and json.loads(outcome.payload)["errorType"] == "Sandbox.Timedout"


def test_whoever_gives_up_has_ended_it(world: World) -> None:
    mark = "7654324.5"
    text = f"import subprocess\ndef handler(event, context): subprocess.run(['sleep', '{mark}'])"
    one = world.python(text)

    async def given_up() -> None:
        invocation = Invocation("an-id", b"{}", ARN, int((time.time() + 60) * 1000))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await one.environment.invoke(invocation)

    world.run(given_up())
    assert not [command for _, command in commands() if mark in command]
    assert one.ask().is_dead


def test_many_begin_and_answer_at_once(world: World) -> None:
    function = world.function("def handler(event, context): return event")

    async def whole(number: int) -> int:
        environment = await world.plane.start(function)
        invocation = Invocation(f"id-{number}", str(number).encode(), ARN, int((time.time() + 60) * 1000))
        outcome = await environment.invoke(invocation)
        await environment.stop()
        return int(outcome.payload)

    async def all_of_them() -> list[int]:
        return list(await asyncio.gather(*(whole(number) for number in range(20))))

    assert world.run(all_of_them()) == list(range(20))


BOOTSTRAP = """#!/bin/bash
host=${AWS_LAMBDA_RUNTIME_API%:*} port=${AWS_LAMBDA_RUNTIME_API#*:}
call() { exec 3<>"/dev/tcp/$host/$port"; printf '%s' "$1" >&3; size=0
  while IFS=$': \\r' read -r name value <&3 && [ -n "$name" ]; do
    [ "${name,,}" = content-length ] && size=$value; [ "${name,,}" = lambda-runtime-aws-request-id ] && id=$value
  done; [ "$size" -gt 0 ] && read -r -N "$size" body <&3; exec 3>&-; }
api=/2018-06-01/runtime/invocation
while true; do
  call "GET $api/next HTTP/1.1"$'\\r\\nHost: x\\r\\n\\r\\n'
  answer="{\\"echo\\":$body,\\"handler\\":\\"$_HANDLER\\",\\"at\\":\\"$PWD\\"}"
  call "POST $api/$id/response HTTP/1.1"$'\\r\\nHost: x\\r\\nContent-Length: '${#answer}$'\\r\\n\\r\\n'"$answer"
done
"""


def test_a_runtime_of_ones_own_speaks_the_runtime_api(world: World) -> None:
    code = world.code(bootstrap=BOOTSTRAP)
    (code / "bootstrap").chmod(0o755)
    one = world.start(world.function(code=code, runtime="provided.al2023", handler="any thing"))
    for event in ({"a": 1}, "two"):
        told = one(event)
        assert told["echo"] == event and told["handler"] == "any thing"
        assert told["at"] == ("/var/task" if world.is_isolated else str(code))
    one.stop()


def test_a_runtime_may_come_in_a_layer(apart: World) -> None:
    layer = apart.code(bootstrap=BOOTSTRAP)
    (layer / "bootstrap").chmod(0o755)
    one = apart.start(apart.function("", runtime="provided.al2023", layers=(layer,)))
    assert one(1)["echo"] == 1
    one.stop()


def test_without_a_bootstrap_it_cannot_begin(world: World) -> None:
    outcome = world.failed(world.function("", runtime="provided.al2023"))
    assert json.loads(outcome.payload)["errorType"] == "Runtime.InvalidEntrypoint"
    assert b"valid bootstrap(s)" in outcome.log


def zipped(mode: int = 0o644, **files: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name.replace("__", "/").replace("_py", ".py"))
            info.external_attr = mode << 16
            archive.writestr(info, text)
    return made.getvalue()


def test_an_archive_is_unpacked_once_and_run(world: World) -> None:
    archive = zipped(main_py="def handler(event, context): return 'from an archive'")

    async def twice() -> list[Path]:
        return list(await asyncio.gather(*(world.plane.unpacked("digest", archive) for _ in range(2))))

    first, second = world.run(twice())
    assert first == second
    one = world.start(world.function(code=first))
    assert one() == "from an archive"
    assert world.run(world.plane.unpacked("digest", b"")) == first, "it is there already"
    with pytest.raises(BadArchive):
        world.run(world.plane.unpacked("other", b"no archive"))
    one.stop()


def test_a_file_that_only_its_owner_may_read_is_not_read(apart: World) -> None:
    if "users of their own" not in apart.plane.isolation:
        pytest.skip(f"sandboxes: {apart.plane.isolation}")
    # "Lambda needs 644 permissions for non-executable files": the guide's page on deployment packages.
    folder = apart.run(apart.plane.unpacked("private", zipped(0o600, main_py="def handler(event, context): pass")))
    assert json.loads(apart.failed(apart.function(code=folder)).payload)["errorType"] == "PermissionError"


def test_a_plane_that_was_closed_begins_anew(tmp_path: Path) -> None:
    world = World(tmp_path)
    for _ in range(2):
        one = world.python("def handler(event, context): return 1")
        assert one() == 1
        world.run(world.plane.close())
        assert one.ask().is_dead
    world.close()


def test_what_is_cleared_has_ended_and_others_may_begin(world: World) -> None:
    one = world.python("def handler(event, context): return 1")
    folder = world.run(world.plane.unpacked("cleared", zipped(main_py="def handler(event, context): return 2")))
    world.run(world.plane.clear())
    assert one.ask().is_dead and not folder.exists()
    again = world.run(world.plane.unpacked("cleared", zipped(main_py="def handler(event, context): return 3")))
    other = world.start(world.function(code=again))
    assert other() == 3
    other.stop()


def test_a_runtime_may_be_made_ready_before(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run(world.plane.warm(OWN_PYTHON))
    ready = [pid for pid, command in commands() if f"{tmp_path}/state/roots/python" in command]
    assert ready
    one = world.python("def handler(event, context): return 1")
    assert one() == 1
    assert [pid for pid, command in commands() if f"{tmp_path}/state/roots/python" in command and pid in ready] == ready
    one.stop()
    world.close()


def test_a_zygote_that_was_killed_is_started_again(world: World) -> None:
    one = world.python("def handler(event, context): return 1")
    assert one() == 1
    for pid, command in commands():
        if f"{world.folder}/state/roots/python" in command:
            os.kill(pid, signal.SIGKILL)
    assert one.ask().is_dead, "what it has forked ends with it"
    other = world.python("def handler(event, context): return 2")
    assert other() == 2
    other.stop()
