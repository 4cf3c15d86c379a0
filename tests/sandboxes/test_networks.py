"""A function in a network of its own: it has the interfaces that are there, and no other way out."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.sandboxes.world import World

from fogbank.planes.net import probe
from fogbank.planes.net.facts import Namespace
from fogbank.planes.net.kernel import KernelNet
from fogbank.planes.net.namespaces import prefix_of

TEXT = """
import socket
def handler(port, context):
    try:
        socket.create_connection(("127.0.0.1", port), 2).close()
        reached = True
    except OSError:
        reached = False
    return {"links": [name for _, name in socket.if_nameindex()], "reached": reached,
            "resolver": open("/etc/resolv.conf").read()}
"""


@pytest.fixture(params=["full", "rootless"])
def networked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "full" and os.geteuid():
        pytest.skip("networks (full): only root")
    mode, reason = probe.found(request.param)
    if mode == "plain":
        pytest.skip(f"networks ({request.param}): {reason}")
    net = KernelNet(prefix_of(tmp_path), mode, tmp_path)
    found = World(tmp_path, net=net)
    found.run(net.set({"one": frozenset({Namespace("one")})}))
    try:
        if not found.is_isolated:
            pytest.skip(f"sandboxes: {found.plane.isolation}")
        yield found
    finally:
        found.run(found.plane.close())
        found.run(net.clear())
        found.run(net.close())
        found.loop.close()


def test_a_function_lives_in_its_network_and_in_no_other(networked: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        inside = networked.python(TEXT, ns="one")
        told = inside(port)
        assert told["links"] == ["lo"] and not told["reached"], "the machine's own loopback is not its own"
        assert told["resolver"] == "nameserver 169.254.169.253\n"
        outside = networked.python(TEXT)
        told = outside(port)
        assert told["reached"] and told["resolver"] != "nameserver 169.254.169.253\n"
        inside.stop()
        outside.stop()


def test_it_is_kept_apart_there_too(networked: World) -> None:
    one = networked.python("def handler(path, context): return open(path).read()", ns="one")
    assert json.loads(one.ask("/etc/shadow").payload)["errorType"] == "FileNotFoundError"
    one.stop()
    other = networked.python("import time\ndef handler(event, context): time.sleep(60)", ns="one")
    assert other.ask(seconds=0.5).is_dead


def test_a_function_in_a_network_that_is_not_there_cannot_begin(networked: World) -> None:
    with pytest.raises(Exception, match="none"):
        networked.python(TEXT, ns="none")
