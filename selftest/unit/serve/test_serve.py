# SPDX-License-Identifier: Apache-2.0
"""Serving the last run: what is answered, and that nobody can do anything but read."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from selftest.unit.site import Site, site

from kdumpcheck.cli import main
from kdumpcheck.serve.seen import NOTHING, Page, Seen, answer
from kdumpcheck.serve.server import Server, _Handler

__all__ = ["site"]

GOOD = Seen(100.0, "", {"/": Page("text/html", b"page"), "/metrics": Page("text/plain", b"m 1\n")})


def ask(port: int, method: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "seen", "now", "status"),
    [
        ("/healthz", NOTHING, 0.0, 503),
        ("/metrics", NOTHING, 0.0, 503),
        ("/healthz", GOOD, 110.0, 200),
        ("/healthz", GOOD, 131.0, 503),
        ("/healthz", Seen(100.0, "1 of 2 nodes"), 101.0, 503),
        ("/", GOOD, 131.0, 200),
        ("/results.json", GOOD, 101.0, 503),
        ("/other", GOOD, 101.0, 404),
        ("/../etc/passwd", GOOD, 101.0, 404),
    ],
)
def test_what_is_answered(path: str, seen: Seen, now: float, status: int) -> None:
    assert answer(path, seen, now, every=10.0)[0] == status


class TestServer:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
        # On a machine that stands still for a while, a reader of these tests says late what he wants.
        monkeypatch.setattr(_Handler, "timeout", 600)
        with Server("127.0.0.1", 0, every=1e9) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield server
            server.shutdown()
            thread.join()

    def test_it_tells_the_last_run(self, server: Server) -> None:
        port = int(server.server_address[1])
        assert ask(port, "GET", "/healthz")[0] == 503
        server.seen = Seen(time.monotonic(), "", GOOD.pages)
        assert ask(port, "GET", "/?x=1") == (200, b"page")
        assert ask(port, "HEAD", "/") == (200, b"")

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
    def test_there_is_nothing_but_reading(self, server: Server, method: str) -> None:
        assert ask(int(server.server_address[1]), method, "/")[0] == 501


def test_a_mistake_is_one_line_and_four(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["--every", "0"], ["--suite", "nowhere"], ["--port", "65536"], ["--port", "-1"], ["--port", "0"]):
        assert main(["serve", "--replay", "none", *arguments]) == 4
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert all(line.startswith("kdumpcheck serve: ") for line in lines)
    assert "none" in lines[-1]


def test_runs_of_kept_evidence_are_served_until_it_is_told_to_end(site: Site) -> None:
    site.keep(w001="initrd-missing")
    command = [sys.executable, "-m", "kdumpcheck.cli", "serve", "--replay", str(site.bundle), "--port", "0"]
    environ = {**os.environ, "IPMI_PASSWORD": "secret"}
    with subprocess.Popen(command, cwd=site.path, stdout=subprocess.PIPE, text=True, env=environ) as child:
        try:
            assert child.stdout is not None
            port = int(child.stdout.readline().rstrip("/\n").rpartition(":")[2])
            wait_for(port, b"1 of 1 node cannot be trusted to save a dump\n")
            assert b'kdumpcheck_node_ready{node="ncn-w001"} 0' in ask(port, "GET", "/metrics")[1]
            assert ask(port, "GET", "/results.json")[1].startswith(b'{\n"kdumpcheck-results": 1')
            assert b"<html" in ask(port, "GET", "/")[1]
            child.send_signal(signal.SIGTERM)
            assert child.wait(600) == 0
        finally:
            child.kill()
    assert not (site.path / "reports").exists(), "a server leaves no reports behind"


def wait_for(port: int, words: bytes) -> None:
    """Ask until the first run has come to its end; two minutes are the bound, not what is measured."""
    for _ in range(600):
        if ask(port, "GET", "/healthz") == (503, words):
            return
        time.sleep(0.2)
    pytest.fail("the first run came to no end")
