"""The cloud as a process: HTTPS, cloud time over restarts, nothing left behind by an ephemeral one."""

from __future__ import annotations

import json
import socket
import ssl
import urllib.request
from pathlib import Path
from typing import Any

import boto3
import pytest

from fogbank import running
from fogbank.settings import Settings
from fogbank.testing.process import CloudProcess

KEYS = {"region_name": "us-east-1", "aws_access_key_id": "111122223333", "aws_secret_access_key": "x"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def page(cloud: CloudProcess, name: str, body: dict[str, Any] | None = None) -> Any:
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(f"{cloud.card.url}/_fogbank/{name}", data) as answer:
        return json.loads(answer.read())


@pytest.fixture
def cloud(tmp_path: Path, request: pytest.FixtureRequest) -> Any:
    found = CloudProcess(tmp_path / "state", **getattr(request, "param", {}))
    found.start()
    yield found
    found.kill()


@pytest.mark.parametrize("cloud", [{"tls_port": free_port()}], indirect=True)
def test_https_with_a_certificate_of_the_clouds_own_authority(cloud: CloudProcess, tmp_path: Path) -> None:
    bundle = page(cloud, "info")["ca_bundle"]
    url = f"https://localhost:{cloud.card.tls_port}"
    ssm = boto3.client("ssm", endpoint_url=url, verify=bundle, **KEYS)
    ssm.put_parameter(Name="/a", Value="v", Type="String")
    assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "v"
    address = ("127.0.0.1", cloud.card.tls_port)
    with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection(address) as raw:
        ssl.create_default_context().wrap_socket(raw, server_hostname="localhost")


def test_cloud_time_stays_moved_over_a_restart(cloud: CloudProcess) -> None:
    moved = page(cloud, "clock", {"advance_seconds": 86400})
    cloud.kill()
    cloud.start()
    assert page(cloud, "clock")["offset_seconds"] == moved["offset_seconds"] >= 86400


@pytest.mark.parametrize("cloud", [{"ephemeral": "true"}], indirect=True)
def test_an_ephemeral_cloud_leaves_nothing_behind(cloud: CloudProcess) -> None:
    before = set(Path("/dev/shm").glob("fogbank-*"))
    boto3.client("ssm", endpoint_url=cloud.card.url, **KEYS).put_parameter(Name="/a", Value="v", Type="String")
    cloud.stop()
    assert not cloud.is_running()
    # Others' may go at the same moment.
    assert before - set(Path("/dev/shm").glob("fogbank-*")), "its own folder is gone"


def test_a_polite_stop_finishes_what_is_in_flight(cloud: CloudProcess) -> None:
    page(cloud, "faults", {"service": "ssm", "delay_seconds": 0.5})
    body = json.dumps({"Name": "/a", "Value": "v", "Type": "String"}).encode()
    head = (
        "POST / HTTP/1.1\r\nhost: localhost\r\nx-amz-target: AmazonSSM.PutParameter\r\nexpect: 100-continue\r\n"
        "authorization: AWS4-HMAC-SHA256 Credential=111122223333/20260101/us-east-1/ssm/aws4_request, "
        "SignedHeaders=host, Signature=0\r\nx-amz-date: 20260101T000000Z\r\n"
        f"content-type: application/x-amz-json-1.1\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", cloud.card.port)) as client:
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100 "), "the cloud has the request in its hands"
        client.sendall(body)
        cloud.stop()
        assert not cloud.is_running()
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
    cloud.start()
    ssm = boto3.client("ssm", endpoint_url=cloud.card.url, **KEYS)
    assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "v"


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [("fogbank.db", b"no database" * 1000, "not a database"), ("machine.key", b"", "has 0 bytes, not 32")],
)
def test_a_damaged_state_is_named_without_a_traceback(tmp_path: Path, name: str, content: bytes, text: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(running.RunError, match=text) as caught:
        running.start(Settings(state=str(tmp_path), port=0), {"state": str(tmp_path), "port": 0})
    assert "Traceback" not in str(caught.value)


def test_a_machine_key_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    settings, given = Settings(state=str(tmp_path), port=0), {"state": str(tmp_path), "port": 0}
    found = running.start(settings, given)
    url = f"{found.url}/_fogbank/clock"
    with urllib.request.urlopen(urllib.request.Request(url, method="POST", data=b'{"advance_seconds": 1}')) as answered:
        answered.read()
    running.stop(settings)
    (tmp_path / "machine.key").unlink()
    with pytest.raises(running.RunError, match="key is gone"):
        running.start(settings, given)
