# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: it reads what was seen, and can start, stop or change nothing.

The standard library's server is enough for a few readers on one machine; it is no front for the open Internet.
"""

from __future__ import annotations

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kdumpcheck.serve.seen import NOTHING, Seen, answer

#: Readers at once; more are hung up on.
_MOST = 32
#: Seconds that a reader may take to say what he wants.
_PATIENCE = 10.0
# A node's words are escaped in the page; if they were not, they still could load or send nothing.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; sandbox allow-scripts"
)


class Server(ThreadingHTTPServer):
    """A bounded number of threads that tell what the last run has seen."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str, port: int, every: float) -> None:
        """Listen. Raises `OSError`."""
        self.seen: Seen = NOTHING
        self.every = every
        self._places = threading.BoundedSemaphore(_MOST)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - socketserver's own types
        """Give a reader a thread, or hang up when too many are there."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """Serve one reader, and make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as above
        """A reader who hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = _PATIENCE
    server_version = "kdumpcheck"
    sys_version = ""

    def do_GET(self) -> None:
        self._tell(body=True)

    def do_HEAD(self) -> None:
        self._tell(body=False)

    def _tell(self, *, body: bool) -> None:
        path = self.path.partition("?")[0]
        status, page = answer(path, self.server.seen, time.monotonic(), self.server.every)
        self.send_response(status)
        for name, value in (
            ("Content-Type", page.kind),
            ("Content-Length", str(len(page.body))),
            ("Cache-Control", "no-store"),
            ("X-Content-Type-Options", "nosniff"),
            ("Content-Security-Policy", _POLICY),
        ):
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(page.body)

    def log_message(self, *_: object) -> None:
        """Say nothing: a reader's words do not belong on an operator's terminal."""
