# SPDX-License-Identifier: Apache-2.0
"""A child process with a hard deadline: whatever the library or the program in it does, it ends in time."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import clean

_CHUNK = 4096
_LIMIT = 64 * 1024
_GRACE = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended. `status` is None when it had to be ended; `complaint` is its last line on stderr."""

    status: int | None
    complaint: str


def run(
    argv: Sequence[str], environ: Mapping[str, str], stdin: bytes, deadline: Deadline, hear: Callable[[str], None]
) -> Ended:
    """Run a program to its end or the deadline's, and `hear` each line it prints, those before a kill included.

    `stdin` must fit into a pipe. Raises `OSError` when the program cannot be started. Output beyond 64 KiB ends it.
    """
    child = _Child(argv, environ, hear)
    try:
        child.feed(stdin)
        child.listen(deadline)
    finally:
        child.end()
    return child.ended()


class _Child:
    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], hear: Callable[[str], None]) -> None:
        self._process = subprocess.Popen(
            argv,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # A group of its own: a Ctrl-C is ours to answer, and whatever it starts ends with it.
            start_new_session=True,
            bufsize=0,
        )
        self._hear = hear
        self._said = {"out": b"", "err": b""}
        self._total = 0
        self._status: int | None = None

    def feed(self, stdin: bytes) -> None:
        """Hand over what it is to read."""
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - asked for above
        with suppress(BrokenPipeError):
            pipe.write(stdin)
        pipe.close()

    def listen(self, deadline: Deadline) -> None:
        """Hear it out, as far as the deadline lets it speak."""
        with selectors.DefaultSelector() as selector:
            for name, pipe in self._pipes():
                selector.register(pipe, selectors.EVENT_READ, name)
            while selector.get_map() and not deadline.expired and self._total <= _LIMIT:
                for key, _ in selector.select(deadline.remaining()):
                    if not self._read(key.fd, key.data):
                        selector.unregister(key.fileobj)
        if self._total <= _LIMIT:
            with suppress(subprocess.TimeoutExpired):
                self._status = self._process.wait(deadline.remaining())

    def end(self) -> None:
        """Kill what is left of it, then hear what it had said by then."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        for name, pipe in self._pipes():
            os.set_blocking(pipe, False)
            with suppress(BlockingIOError):  # a child that broke out of its group holds the pipe
                while self._total <= 2 * _LIMIT and self._read(pipe, name):
                    pass
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def ended(self) -> Ended:
        """How it ended."""
        lines = self._said["err"].strip().splitlines()
        return Ended(self._status, clean(lines[-1]) if lines else "")

    def _pipes(self) -> list[tuple[str, int]]:
        out, err = self._process.stdout, self._process.stderr
        assert out is not None  # noqa: S101 - asked for above
        assert err is not None  # noqa: S101 - asked for above
        return [("out", out.fileno()), ("err", err.fileno())]

    def _read(self, pipe: int, name: str) -> bool:
        """Take some bytes; False when there will be no more."""
        data = os.read(pipe, _CHUNK)
        self._total += len(data)
        self._said[name] = (self._said[name] + data)[-_LIMIT:]
        if name == "out":
            *lines, rest = self._said[name].split(b"\n")
            if not data and rest:
                lines, rest = [*lines, rest], b""
            self._said[name] = rest
            for line in lines:
                self._hear(line.decode("utf-8", errors="backslashreplace"))
        return bool(data)
