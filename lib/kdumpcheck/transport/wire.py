# SPDX-License-Identifier: Apache-2.0
"""The wire: paramiko's Transport with its sharp edges taken off.

What is different: nothing is sent on a channel after its close (paramiko lets a second thread do that, and
OpenSSH then drops the whole connection, a bastion's with all its nodes); a peer cannot make it hold an endless
banner or a 4 GiB packet in memory; it keeps the reason a peer gives for hanging up; a refused channel reports
its own reason, not that of another thread's channel; host key types are asked for in the order we can verify
them; it logs nothing unless asked to; no timer thread outlives a broken handshake; and no change of the wall
clock ends or lengthens a wait.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress

import paramiko
from paramiko.common import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_EOF,
    MSG_CHANNEL_REQUEST,
    MSG_CHANNEL_WINDOW_ADJUST,
)
from paramiko.message import Message
from paramiko.packet import Packetizer

from kdumpcheck.transport.clock import keep_steady
from kdumpcheck.transport.errors import clean

LOGGER = "kdumpcheck.transport.wire"
_LARGEST_PACKET = 512 * 1024  # OpenSSH sends and accepts 256 KiB at most (packet.c, PACKET_MAX_SIZE)
_LARGEST_BANNER = 64 * 1024
#: Messages that begin with the peer's number of a channel, and those of them that only say goodbye.
_ON_CHANNEL = range(MSG_CHANNEL_WINDOW_ADJUST, MSG_CHANNEL_REQUEST + 1)
_GOODBYE = (MSG_CHANNEL_EOF, MSG_CHANNEL_CLOSE)
_RSA = ("rsa-sha2-512", "rsa-sha2-256")


class _Packets(Packetizer):
    """Packets of a bounded size, without the timer thread: every wait here has a watchdog already."""

    _heard = 0

    def start_handshake(self, timeout: float) -> None:
        """Start no timer thread."""

    def read_all(self, n: int, check_rekey: bool = False) -> bytes:  # noqa: FBT001, FBT002 - paramiko's signature
        """Refuse a packet that no server would send."""
        if n > _LARGEST_PACKET:
            raise paramiko.SSHException(f"a packet of {n} bytes was announced")
        return super().read_all(n, check_rekey)

    def _read_timeout(self, timeout: float) -> bytes:
        data: bytes = super()._read_timeout(timeout)  # type: ignore[misc] # the stubs leave it out
        self._heard += len(data)
        if self._heard > _LARGEST_BANNER:
            raise paramiko.SSHException("it says a lot, but not that it is an SSH server")
        return data


class Wire(paramiko.Transport):
    """One SSH connection, over a socket or over a channel of a bastion."""

    def __init__(self, sock: paramiko.transport._SocketLike, kinds: Sequence[str], *, certificates: bool) -> None:
        self._kinds = kinds
        self._certificates = certificates
        self._opening = threading.local()
        self._refusals: dict[int, paramiko.ChannelException] = {}
        self.farewell = ""
        self.trusted = False  # until its host key has been verified
        self.companions: list[Callable[[], None]] = []
        self._closing = threading.Lock()
        self._order = threading.Lock()
        self._gone: set[int] = set()  # the peer's numbers of channels that we have closed
        super().__init__(sock, packetizer_class=_Packets)
        self.set_log_channel(LOGGER)

    def close(self) -> None:
        """Hang up, at whatever stage it is, and close what was opened only to carry it."""
        if isinstance(self.sock, socket.socket):
            with suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)  # wakes our own thread, which a close alone does not
        super().close()
        self.sock.close()
        with self._closing:  # whoever closes it as well waits until all is closed
            while self.companions:
                self.companions.pop()()

    @property
    def preferred_keys(self) -> Sequence[str]:
        """Host key algorithms: certificates if an authority is known, then the known types, then the rest."""
        offered = super().preferred_keys
        certificates = [each for each in offered if "-cert-" in each and self._certificates]
        plain = [each for each in offered if "-cert-" not in each]
        known = [each for each in plain if ("ssh-rsa" if each in _RSA else each) in self._kinds]
        return (*certificates, *known, *(each for each in plain if each not in known))

    def open_channel(
        self,
        kind: str,
        dest_addr: tuple[str, int] | None = None,
        src_addr: tuple[str, int] | None = None,
        window_size: int | None = None,
        max_packet_size: int | None = None,
        timeout: float | None = None,
    ) -> paramiko.Channel:
        """Open a channel; one that is refused raises its own `ChannelException`."""
        self._opening.number = -1
        try:
            return super().open_channel(kind, dest_addr, src_addr, window_size, max_packet_size, timeout)
        except (paramiko.SSHException, EOFError, OSError):
            refusal = self._refusals.pop(self._opening.number, None)
            if refusal is not None:
                raise refusal from None
            raise

    def _send_message(self, message: Message) -> None:
        data = message.asbytes()
        kind, channel = data[0], int.from_bytes(data[1:5], "big")
        with self._order:
            if kind in _ON_CHANNEL and channel in self._gone:
                return
            if kind == MSG_CHANNEL_CLOSE:
                self._gone.add(channel)
            # To say goodbye to a peer that is gone already is no error.
            with suppress(EOFError, OSError) if kind in _GOODBYE else nullcontext():
                super()._send_message(message)  # type: ignore[misc] # the stubs leave it out

    def _parse_channel_open_success(self, message: Message) -> None:
        message.get_int()
        with self._order:
            self._gone.discard(message.get_int())  # the peer gives numbers out again
        message.rewind()
        super()._parse_channel_open_success(message)  # type: ignore[misc] # the stubs leave it out

    def _next_channel(self) -> int:
        # paramiko numbers the channel inside open_channel(): remember which number this thread got.
        number: int = super()._next_channel()  # type: ignore[misc] # the stubs leave it out
        self._opening.number = number
        return number

    def _parse_channel_open_failure(self, message: Message) -> None:
        number, code, text = message.get_int(), message.get_int(), message.get_text()
        self._refusals[number] = paramiko.ChannelException(code, clean(text))
        message.rewind()
        super()._parse_channel_open_failure(message)  # type: ignore[misc] # the stubs leave it out

    def _parse_disconnect(self, message: Message) -> None:
        message.get_int()
        self.farewell = clean(message.get_text())
        message.rewind()
        super()._parse_disconnect(message)  # type: ignore[misc] # the stubs leave it out


def _quiet() -> None:
    # paramiko logs the tracebacks of its own threads; what they mean reaches the operator as one line instead.
    logger = logging.getLogger(LOGGER)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    logger.setLevel(logging.CRITICAL + 1)


_quiet()
keep_steady()
