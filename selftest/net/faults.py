# SPDX-License-Identifier: Apache-2.0
"""Servers that misbehave, each in one way: mute, stuck, dropping packets, or cutting a connection."""

from __future__ import annotations

import fcntl
import selectors
import socket
import struct
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

ADDRESS = "127.0.0.9"


@contextmanager
def mute(banner: bytes = b"") -> Iterator[int]:
    """Accepts, says at most this, and then nothing; the port."""
    with _listening() as server:
        kept: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    kept.append(client)
                    client.sendall(banner)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
    for client in kept:
        client.close()


@contextmanager
def hanging_up(first: bytes = b"") -> Iterator[int]:
    """Accepts, says this, and closes at once, as sshd does when MaxStartups is reached; the port."""
    with _listening() as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client, suppress(OSError):
                        client.sendall(first)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


@contextmanager
def black_hole() -> Iterator[int]:
    """Lets SYN packets fall to the floor: its queue is full, and nobody accepts; the port."""
    with socket.socket() as server:
        server.bind((ADDRESS, 0))
        server.listen(0)
        place = server.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(place)
        yield place[1]
        for filler in fillers:
            filler.close()


class Relay:
    """Carries connections to a server, and cuts them after so many bytes of its answers."""

    def __init__(self, server: tuple[str, int], cut_after: int | None = None, *, cuts: int = 10**9) -> None:
        self._server, self.cut_after, self.cuts = server, cut_after, cuts
        self._listener = socket.socket()
        self._listener.bind((ADDRESS, 0))
        self._listener.listen(64)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._live: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Cut everything that is open now, with a reset."""
        for sock in self._live:
            reset(sock)

    def close(self) -> None:
        """Stop listening, and cut."""
        self._listener.close()
        self.cut()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        upstream = socket.create_connection(self._server)
        self._live += [client, upstream]
        left = self.cut_after if self.cut_after is not None and self.cuts > 0 else 10**12
        with suppress(OSError), selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ, upstream)
            selector.register(upstream, selectors.EVENT_READ, client)
            while left > 0:
                for key, _ in selector.select():
                    source, sink = key.fileobj, key.data
                    assert isinstance(source, socket.socket)
                    data = source.recv(min(65536, left) if source is upstream else 65536)
                    if not data:
                        left = -1
                        break
                    sink.sendall(data)
                    left -= len(data) if source is upstream else 0
            if left == 0:
                self.cuts -= 1
                _wait_until_it_has_arrived(client)
                reset(client)
        client.close()
        upstream.close()


def _wait_until_it_has_arrived(sock: socket.socket) -> None:
    """Wait until the other side has all that was sent: a reset would discard the rest."""
    end = time.monotonic() + 60
    while struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0] and time.monotonic() < end:
        time.sleep(0.01)  # the kernel tells nobody when the last byte is acknowledged


def reset(sock: socket.socket) -> None:
    """Close with RST, as a machine that has just come back from a reset answers."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@contextmanager
def _listening() -> Iterator[socket.socket]:
    server = socket.socket()
    server.bind((ADDRESS, 0))
    server.listen(64)
    try:
        yield server
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


def until(true: Callable[[], bool], why: str) -> None:
    """Wait for something to be so; what never is, ends here."""
    end = time.monotonic() + LATER
    while not true():
        assert time.monotonic() < end, f"not within {LATER:.0f} s: {why}"
        time.sleep(0.05)  # what is waited for is another process, which tells nobody


#: What a wait may take beyond its deadline on a machine that is busy, or stands still for a while.
GRACE = 60.0
#: Longer than any deadline and its grace: what would run for so long, was ended.
FOREVER = 300
#: A deadline that is to be reached, for what a busy machine does within a fraction of it.
SOON = 3.0
#: A deadline that nothing reaches.
LATER = 120.0


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What ends by itself after FOREVER has ended by its deadline."""
    start = time.monotonic()
    try:
        yield
    finally:
        took = time.monotonic() - start
        assert took < seconds + GRACE, f"took {took:.1f} s where {seconds} s were allowed"
