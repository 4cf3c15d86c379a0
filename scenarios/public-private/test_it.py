"""The story of README.md, with terraform and as a stack, real packets, and a zone that dies."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest

from fogbank.planes.net import probe
from fogbank.testing.process import CloudProcess
from fogbank.testing.stack import Stack
from fogbank.testing.terraform import Terraform, missing

HERE = Path(__file__).parent
ACCOUNT = "000000000000"
SERVE = "import http.server as h; h.test(h.SimpleHTTPRequestHandler, h.ThreadingHTTPServer, port=80, bind='0.0.0.0')"
ASK = "import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=1.5).read().decode().strip())"


class Story:
    """A cloud with the network, and what one can ask of its hosts."""

    def __init__(self, state: Path) -> None:
        self.process = CloudProcess(state, network="full")
        self.process.start()
        self.url = self.process.card.url
        self._servers: list[subprocess.Popen[bytes]] = []

    def client(self, service: str) -> Any:
        credentials = {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "x", "region_name": "us-east-1"}
        return boto3.client(service, endpoint_url=self.url, **credentials)

    def fogbank(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fogbank", *words[:1], f"--state={self.process.state}", *words[1:]]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    def serve(self, host: str) -> None:
        """Start a web server on a host."""
        command = [sys.executable, "-m", "fogbank", "net", f"--state={self.process.state}", "exec", host, "--"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._servers.append(subprocess.Popen([*command, sys.executable, "-c", SERVE], cwd=HERE, **quiet))  # type: ignore[call-overload]

    def ask(self, host: str, url: str) -> str:
        """What a web server says to a host; empty where nothing answers."""
        return self.fogbank("net", "exec", host, "--", sys.executable, "-c", ASK, url).stdout.strip()

    def s3(self, host: str, bucket: str) -> str:
        """What S3 says to a host that asks for a bucket's list; empty where nothing answers."""
        script = (
            "import boto3, botocore.config as c; s = boto3.client('s3', endpoint_url='http://s3.us-east-1.amazonaws.com',"
            "config=c.Config(connect_timeout=1.5, retries={'total_max_attempts': 1}, s3={'addressing_style': 'path'}));"
            f"print(s.list_objects_v2(Bucket='{bucket}')['KeyCount'])"
        )
        done = self.fogbank("net", "exec", host, "--", sys.executable, "-c", script)
        return done.stdout.strip() or ("AccessDenied" if "AccessDenied" in done.stderr else "")

    def close(self) -> None:
        for server in self._servers:
            server.kill()
            server.wait()
        self.process.stop()


class Builder(Protocol):
    """What makes the network as `nat` says, and takes it away."""

    def apply(self, *, nat: str) -> dict[str, Any]: ...

    def delete(self) -> None: ...


class ByTerraform:
    def __init__(self, story: Story, folder: Path) -> None:
        folder.mkdir()
        self._terraform = Terraform(HERE / "main.tf", folder, story.url, ACCOUNT)

    def apply(self, *, nat: str) -> dict[str, Any]:
        return self._terraform.apply(nat=nat)

    def delete(self) -> None:
        self._terraform("destroy", "-auto-approve", "-input=false", "-no-color", "-var=nat=none")


class ByStack:
    def __init__(self, story: Story, folder: Path) -> None:
        self._stack = Stack(story.client("cloudformation"), "network", HERE / "template.yaml")

    def apply(self, *, nat: str) -> dict[str, Any]:
        made = self._stack.apply(Nat=nat)
        found: dict[str, Any] = {name: value if name == "web" else value.split(",") for name, value in made.items()}
        # Names of outputs have no underscore.
        return {**found, "private_ip": found["privateIp"]}

    def delete(self) -> None:
        self._stack.delete()


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    mode, why = probe.found("full")
    if mode != "full":
        pytest.skip(f"no network namespaces here: {why}")
    found = Story(tmp_path / "state")
    yield found
    found.close()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", [ByTerraform, ByStack])
def test_public_private(story: Story, tmp_path: Path, way: Callable[[Story, Path], Builder]) -> None:
    if way is ByTerraform and (reason := missing()):
        pytest.skip(reason)
    builder = way(story, tmp_path / "terraform")
    made = builder.apply(nat="each")
    _public_is_reached_and_private_is_not(story, made)
    _each_zone_goes_out_by_its_own_nat(story, made)
    _only_the_zone_that_died_is_dead(story, made)
    shared = builder.apply(nat="one")
    _with_one_nat_all_die_with_its_zone(story, shared)
    alone = builder.apply(nat="none")
    _s3_is_reached_through_the_endpoint_alone(story, alone)
    builder.delete()
    assert json.loads(story.fogbank("net", "--json", "ls").stdout)["interfaces"] == []


def _until(answers: Any, wanted: str) -> str:
    """What was said last, once it is what is wanted, or after some tries: a server takes a moment to listen."""
    said = ""
    for _ in range(20):
        said = answers()
        if said == wanted:
            break
    return said


def _public_is_reached_and_private_is_not(story: Story, made: dict[str, Any]) -> None:
    story.serve(made["public"][0])
    story.serve(made["private"][0])
    page = f"http://{made['web']}/main.tf"
    assert _until(lambda: story.ask("internet", page)[:10], "# The netw") == "# The netw"
    inside = f"http://{made['private_ip'][0]}/main.tf"
    assert _until(lambda: story.ask(made["public"][1], inside)[:10], "# The netw") == "# The netw"
    assert story.ask("internet", inside) == ""


def _each_zone_goes_out_by_its_own_nat(story: Story, made: dict[str, Any]) -> None:
    assert [story.ask(host, "http://checkip.amazonaws.com/") for host in made["private"]] == made["nat"]


def _only_the_zone_that_died_is_dead(story: Story, made: dict[str, Any]) -> None:
    assert story.fogbank("fault", "add", made["zones"][0]).returncode == 0
    said = [story.ask(host, "http://checkip.amazonaws.com/") for host in made["private"]]
    assert said == ["", *made["nat"][1:]]
    assert story.fogbank("fault", "clear").returncode == 0
    assert story.ask(made["private"][0], "http://checkip.amazonaws.com/") == made["nat"][0]


def _with_one_nat_all_die_with_its_zone(story: Story, made: dict[str, Any]) -> None:
    said = [story.ask(host, "http://checkip.amazonaws.com/") for host in made["private"]]
    assert said == made["nat"] * 3
    assert story.fogbank("fault", "add", made["zones"][0]).returncode == 0
    assert [story.ask(host, "http://checkip.amazonaws.com/") for host in made["private"]] == [""] * 3
    assert story.fogbank("fault", "clear").returncode == 0


def _s3_is_reached_through_the_endpoint_alone(story: Story, made: dict[str, Any]) -> None:
    s3 = story.client("s3")
    for bucket in ("ours", "theirs"):
        s3.create_bucket(Bucket=bucket)
    assert story.ask(made["private"][0], "http://checkip.amazonaws.com/") == ""
    assert story.s3(made["private"][0], "ours") == "0"
    assert story.s3(made["private"][0], "theirs") == "AccessDenied"
    # The public subnets' route table does not name the endpoint, and their hosts have no public address but one.
    assert story.s3(made["public"][1], "ours") == ""
