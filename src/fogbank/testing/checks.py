"""For tests: health checkers as processes, and an HTTP server whose answer a test changes."""

from __future__ import annotations

import socket
import tempfile
import threading
import uuid
from pathlib import Path

from fogbank.aws import internet
from fogbank.planes.checks.processes import CheckerProcesses
from fogbank.planes.engines.engine import Engines
from fogbank.planes.net.net import Net


def real_checks(net: Net) -> CheckerProcesses:
    """Checkers as processes, in a folder that no other cloud has."""
    prefix = f"fbck{uuid.uuid4().hex[:8]}"
    folder = Path(tempfile.gettempdir()) / prefix

    def where(region: str) -> tuple[str, str]:
        path = net.path(internet.namespace(region)) if net.has_packets else ""
        return path, internet.checker_address(region) if path else ""

    return CheckerProcesses(Engines(folder, prefix, net), folder.with_name(f"{prefix}.table"), where)


class Site:
    """A service at a loopback address of its own, on a thread: it says what it is told to say."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.answer = b""
        self.heard: list[bytes] = []
        self.says(200)
        self._server = socket.create_server((address, 0))
        self.address, self.port = self._server.getsockname()
        self._thread = threading.Thread(target=self._serve, name="site", daemon=True)
        self._thread.start()

    def says(self, status: int, body: str = "") -> None:
        data = body.encode()
        self.answer = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(data), data)

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                made, _ = self._server.accept()
            except OSError:
                return
            with made:
                self._talk(made)

    def _talk(self, made: socket.socket) -> None:
        made.settimeout(5.0)
        try:
            data = made.recv(4096)
            if data:
                self.heard.append(data)
                made.sendall(self.answer)
        except OSError:
            return
