"""A small HTTPS service with a `/healthcheck` that says ok or fail: run inside a host.

`service.py FOLDER NAME`: the folder holds `cert.pem` and `key.pem`, and `status`, whose word is what the service says.
"""

from __future__ import annotations

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Answering(BaseHTTPRequestHandler):
    """`/healthcheck` says the status; every other page says the region, or fails as the status does."""

    folder = Path()
    region = ""
    timeout = 5

    def do_GET(self) -> None:
        status = (self.folder / "status").read_text().strip()
        is_check = self.path.startswith("/healthcheck")
        body = (f'{{"status": "{status}"}}' if is_check else self.region).encode()
        self.send_response(200 if is_check or status == "ok" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


def main(folder: Path, region: str) -> None:
    Answering.folder, Answering.region = folder, region
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    server = ThreadingHTTPServer(("0.0.0.0", 443), Answering)
    # Each connection shakes hands in a thread of its own: one that does not is nobody else's loss.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    print("serving", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
