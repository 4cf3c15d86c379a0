"""An HTTP server of a test's own, which keeps what it is sent and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Got(NamedTuple):
    """A request that came; the names of its headers are in small letters."""

    path: str
    headers: Mapping[str, str]
    body: str


class Endpoint:
    """Answers POST with the next of `answers` (status, body), and with 200 where none is left."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answers: list[tuple[int, bytes]] = []
        self._arrived = threading.Condition()
        endpoint = self

        class Taker(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                status, text = endpoint._take(
                    Got(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                )
                self.send_response(status)
                self.send_header("content-length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def wait(self, count: int) -> list[Got]:
        """What has come when it is as much as this. Raises AssertionError where it is not within ten seconds."""
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.got) >= count, 10):
                raise AssertionError(f"{len(self.got)} requests of {count} came: {self.got}")
            return list(self.got)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _take(self, found: Got) -> tuple[int, bytes]:
        with self._arrived:
            self.got.append(found)
            answer = self.answers.pop(0) if self.answers else (200, b"{}")
            self._arrived.notify_all()
        return answer
