# SPDX-License-Identifier: Apache-2.0
"""The exchange: one command on one channel, fed and drained at the same time, bounded in time and size."""

from __future__ import annotations

import threading
import time
from typing import Protocol

import paramiko

from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import Completed

#: stdout and stderr of one command are each kept up to this many bytes unless the caller says otherwise.
LIMIT = 8 * 1024 * 1024
#: What comes beyond the limit is thrown away, up to this much; then we stop listening.
FLOOD = 16 * 1024 * 1024
_CHUNK = 1024 * 1024
_SENT = 32 * 1024


class Feed(Protocol):
    """Gives the command its input, perhaps in answer to what it has said so far."""

    def __call__(self, stdout: bytes, stderr: bytes) -> bytes | None:
        """The next bytes to send, b"" for none yet, None for the end of input."""


class Stdin:
    """A feed that is known beforehand."""

    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data: bytes | None = data

    def __call__(self, stdout: bytes, stderr: bytes) -> bytes | None:  # noqa: ARG002 - the answer is known
        """Everything at once, then the end."""
        data, self._data = self._data, None
        return data


class _Wake:
    """What paramiko's buffers set when something has come; they may not clear each other's news."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.set = self.event.set

    def clear(self) -> None:
        """Keep the news: only the exchange itself clears it."""


class Stream:
    """One output stream: the first `limit` bytes are kept, the rest is counted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: list[bytes] = []
        self._kept = 0
        self.dropped = 0

    def add(self, data: bytes) -> None:
        """Keep what fits."""
        kept = data[: self._limit - self._kept]
        if kept:
            self._chunks.append(kept)
        self._kept += len(kept)
        self.dropped += len(data) - len(kept)

    def data(self) -> bytes:
        """What was kept."""
        self._chunks = [b"".join(self._chunks)]
        return self._chunks[0]


class Exchange:
    """One command's run on an open channel; `run` may be called once."""

    # What is to be sent may be a password: it lives here and not in a local variable, out of tracebacks.
    __slots__ = ("_channel", "_ended", "_feed", "_pending", "_start", "_stderr", "_stdout", "_wake")

    def __init__(self, channel: paramiko.Channel, feed: Feed, limit: int) -> None:
        self._channel = channel
        self._feed = feed
        self._pending = memoryview(b"")
        self._stdout = Stream(limit)
        self._stderr = Stream(limit)
        self._wake = _Wake()
        self._ended = False
        self._start = time.monotonic()
        channel.in_buffer.set_event(self._wake)  # type: ignore[arg-type] # it needs set() and clear() only
        channel.in_stderr_buffer.set_event(self._wake)  # type: ignore[arg-type] # as above

    def run(self, deadline: Deadline) -> bool:
        """Feed and drain until the command ends; False when the deadline came first."""
        while not self._over():
            self._wake.event.clear()
            heard = self._drain()
            sent = self._send()
            if self._dropped() > FLOOD:
                self._channel.close()
                break
            if deadline.expired:
                return False
            if not heard and not sent:
                self._wake.event.wait(min(deadline.remaining(), self._patience()))
        while self._drain():
            pass
        return True

    def completed(self) -> Completed:
        """What has been heard so far."""
        status = self._channel.exit_status if self._channel.exit_status_ready() else -1
        return Completed(
            exit_status=status if status >= 0 else None,
            stdout=self._stdout.data(),
            stderr=self._stderr.data(),
            truncated=self._dropped() > 0,
            seconds=time.monotonic() - self._start,
        )

    @property
    def flooded(self) -> bool:
        """True when we stopped listening because far too much was said."""
        return self._dropped() > FLOOD

    def _over(self) -> bool:
        channel = self._channel
        return channel.closed or (bool(channel.eof_received) and channel.exit_status_ready())

    def _dropped(self) -> int:
        return self._stdout.dropped + self._stderr.dropped

    def _patience(self) -> float:
        # News of room to send, and of an exit status after the end of output, do not wake us.
        return 0.02 if self._pending or self._channel.eof_received else 1.0

    def _drain(self) -> bool:
        heard = False
        if self._channel.recv_ready():
            self._stdout.add(self._channel.recv(_CHUNK))
            heard = True
        if self._channel.recv_stderr_ready():
            self._stderr.add(self._channel.recv_stderr(_CHUNK))
            heard = True
        return heard

    def _send(self) -> bool:
        if not self._pending and not self._ended:
            self._ask()
        if not self._pending or not self._channel.send_ready():
            return False
        try:
            self._pending = self._pending[self._channel.send(bytes(self._pending[:_SENT])) :]
        except OSError:  # it has closed its input: what it says and how it ends still counts
            self._pending, self._ended = memoryview(b""), True
        return True

    def _ask(self) -> None:
        data = self._feed(self._stdout.data(), self._stderr.data())
        if data is not None:
            self._pending = memoryview(data)
            return
        self._ended = True
        if not self._channel.closed:
            self._channel.shutdown_write()
