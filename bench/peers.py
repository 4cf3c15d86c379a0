"""The servers that are measured, each a process of its own on one core, started and stopped by the run."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SERVER_CORE = 0
CLIENT_CORE = 1
_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 60.0


class Peer:
    """A server under measurement."""

    def __init__(self, name: str, argv: list[str], environ: dict[str, str] | None = None, path: str = "/") -> None:
        self.name = name
        self.folder = Path(tempfile.mkdtemp(prefix=f"fogbank-bench-{name}-"))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self._argv = [part.format(port=self.port, folder=self.folder) for part in argv]
        self._environ = {**os.environ, **{key: value.format(port=self.port) for key, value in (environ or {}).items()}}
        self._path = path
        self._process: subprocess.Popen[bytes] | None = None
        self.first_answer_ms = 0.0

    def start(self) -> None:
        """Start it, and measure the time from exec to the first answer."""
        began = time.perf_counter()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._argv,
                stdout=log,
                stderr=log,
                env=self._environ,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
            )
        while not self._answers():
            if self._process.poll() is not None or time.perf_counter() - began > _START_SECONDS:
                raise RuntimeError(f"{self.name} did not start:\n{(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.002)
        self.first_answer_ms = (time.perf_counter() - began) * 1000

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        """`kill -9` of the server alone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def pin(self) -> None:
        """Back onto the one core on which servers are compared."""
        self._keep_to({SERVER_CORE})

    def unpin(self) -> None:
        """Let it use every core, as it would outside of a comparison."""
        self._keep_to(set(range(os.cpu_count() or 1)))

    def _keep_to(self, cores: set[int]) -> None:
        for pid in self._family():
            for thread in Path(f"/proc/{pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), cores)

    def cpu_seconds(self) -> float:
        """User and system time of the process and all that it started."""
        return sum(self._stat(pid) for pid in self._family()) / _TICKS

    def memory_mib(self) -> float:
        """Proportional set size, in MiB."""
        return sum(self._pss(pid) for pid in self._family()) / 1024

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", self._path)
            return connection.getresponse().status < 500
        except OSError:
            return False
        finally:
            connection.close()

    def _family(self) -> list[int]:
        assert self._process is not None
        found, ahead = [], [self._process.pid]
        while ahead:
            pid = ahead.pop()
            found.append(pid)
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                ahead += [int(child) for child in children.read_text().split()]
        return found

    @staticmethod
    def _stat(pid: int) -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    @staticmethod
    def _pss(pid: int) -> int:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
        return 0


def fogbank() -> Peer:
    argv = [sys.executable, "-m", "fogbank", "up", "--port", "{port}", "--state", "{folder}/state"]
    return Peer("fogbank", argv, path="/_fogbank/health")


def moto() -> Peer:
    return Peer("moto", [str(Path(sys.executable).with_name("moto_server")), "-p", "{port}"], path="/moto-api/")


def ministack() -> Peer:
    argv = [str(Path(sys.executable).with_name("ministack"))]
    return Peer("ministack", argv, {"GATEWAY_PORT": "{port}", "EDGE_PORT": "{port}"}, path="/_localstack/health")


def with_clients(peer: Peer) -> dict[str, Any]:
    """Keyword arguments of a boto3 client that talks to a peer."""
    return {
        "endpoint_url": f"http://127.0.0.1:{peer.port}",
        "region_name": "us-east-1",
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }
