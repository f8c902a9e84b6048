# SPDX-License-Identifier: Apache-2.0
"""A local command, bounded like a remote one: in time, in size, and with everything it started ended."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from typing import IO

from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import Completed
from kdumpcheck.transport.exchange import FLOOD, Stream

_CHUNK = 64 * 1024


class Process:
    """One shell command on this machine; `run` feeds it, hears both its streams out, and ends it."""

    def __init__(self, command: str, stdin: bytes, limit: int) -> None:
        self._start = time.monotonic()
        self._stdin = memoryview(stdin)
        # Its own process group, so that whatever it starts can be ended with it.
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        self._stdout, self._stderr = Stream(limit), Stream(limit)

    def run(self, deadline: Deadline) -> bool:
        """Feed and drain until it ends; False when the deadline came first."""
        process = self._process
        with selectors.DefaultSelector() as selector:
            self._watch(selector)
            while selector.get_map() and not deadline.expired and self._dropped() <= FLOOD:
                for key, _ in selector.select(deadline.remaining()):
                    if not self._step(key.fileobj, key.data):  # type: ignore[arg-type] # files, not numbers
                        selector.unregister(key.fileobj)
                        key.fileobj.close()  # type: ignore[union-attr] # as above
        if self._dropped() <= FLOOD:
            with suppress(subprocess.TimeoutExpired):
                process.wait(deadline.remaining())
        in_time = self._dropped() > FLOOD or process.returncode is not None
        self._close()
        return in_time

    def completed(self) -> Completed:
        """What has been heard."""
        status = self._process.returncode
        return Completed(
            exit_status=status if status is not None and status >= 0 else None,
            stdout=self._stdout.data(),
            stderr=self._stderr.data(),
            truncated=self._dropped() > 0,
            seconds=time.monotonic() - self._start,
        )

    def _dropped(self) -> int:
        return self._stdout.dropped + self._stderr.dropped

    def _watch(self, selector: selectors.BaseSelector) -> None:
        process = self._process
        for file in (process.stdin, process.stdout, process.stderr):
            assert file is not None  # noqa: S101 - all three are pipes
            os.set_blocking(file.fileno(), False)
        selector.register(process.stdin, selectors.EVENT_WRITE, None)  # type: ignore[arg-type] # a pipe
        selector.register(process.stdout, selectors.EVENT_READ, self._stdout)  # type: ignore[arg-type] # a pipe
        selector.register(process.stderr, selectors.EVENT_READ, self._stderr)  # type: ignore[arg-type] # a pipe

    def _step(self, file: IO[bytes], stream: Stream | None) -> bool:
        """Move some bytes; False when this pipe has seen its end."""
        if stream is not None:
            data = os.read(file.fileno(), _CHUNK)
            stream.add(data)
            return bool(data)
        try:
            self._stdin = self._stdin[os.write(file.fileno(), self._stdin[:_CHUNK]) :]
        except BrokenPipeError:  # it does not want any more input
            return False
        return bool(self._stdin)

    def end(self) -> None:
        """Kill it, with everything it started; `run` then returns."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _close(self) -> None:
        self.end()
        for file in (self._process.stdin, self._process.stdout, self._process.stderr):
            if file is not None:
                file.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
