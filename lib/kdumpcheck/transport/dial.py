# SPDX-License-Identifier: Apache-2.0
"""Dialling: a TCP connection of our own, with a deadline on the name, on each address and on the whole."""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import Kind, TransportError
from kdumpcheck.transport.resolve import Address, addresses
from kdumpcheck.transport.target import Target

# A node that loses power acknowledges nothing: the kernel gives up after this long, not after 15 minutes.
_DEAD_PEER_SECONDS = 20
_SLICE = 0.25


def dial(target: Target, deadline: Deadline, stop: threading.Event) -> socket.socket:
    """Connect to the target; `TransportError` tells a refusal from silence and from an unknown name.

    Gives up within a quarter of a second when `stop` is set.
    """
    places = _resolve(target, deadline, stop)
    failure: OSError = TimeoutError()
    for left, address in zip(range(len(places), 0, -1), places, strict=True):
        try:
            return _connect(target, address, Deadline.after(deadline.remaining() / left), stop)
        except OSError as error:
            failure = error
    raise _failed(target, failure)


def _connect(target: Target, address: Address, deadline: Deadline, stop: threading.Event) -> socket.socket:
    family, kind, protocol, _, place = address
    sock = socket.socket(family, kind, protocol)
    try:
        _tune(sock)
        if target.bind_address:
            sock.bind((target.bind_address, 0))
        sock.settimeout(0)
        code = sock.connect_ex(place)
        while code == errno.EINPROGRESS and not deadline.expired and not stop.is_set():
            if select.select([], [sock], [], min(_SLICE, deadline.remaining()))[1]:
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        _raise_for(code)
    except BaseException:
        sock.close()
        raise
    return sock


def _raise_for(code: int) -> None:
    if code == errno.EINPROGRESS:
        raise TimeoutError
    if code:
        raise OSError(code, os.strerror(code))  # Python picks the subclass, ConnectionRefusedError and so on


def _tune(sock: socket.socket) -> None:
    # Without TCP_NODELAY every exec waits 40 ms for a delayed ACK (Nagle's algorithm).
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    with suppress(AttributeError, OSError):  # not every system has these
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _DEAD_PEER_SECONDS // 2)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _DEAD_PEER_SECONDS // 4)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_PEER_SECONDS * 1000)


def _resolve(target: Target, deadline: Deadline, stop: threading.Event) -> Sequence[Address]:
    try:
        return addresses(target.host, target.port, target.family, deadline, stop)
    except OSError as error:
        text = (
            f"no address is known for {target.host!r} ({error.strerror or error}): name it in the inventory,"
            " in /etc/hosts or in ssh_config"
        )
        raise TransportError("resolve", target.name, text) from None


def _failed(target: Target, error: OSError) -> TransportError:
    kind, text = _meaning(error)
    return TransportError(kind, target.name, f"{target.place} {text}")


def _meaning(error: OSError) -> tuple[Kind, str]:
    if error.errno == errno.ECONNREFUSED:
        return "refused", "refuses connections: is sshd running there, and is the port right?"
    if isinstance(error, TimeoutError):
        return "unreachable", "does not answer: is the node up, and can it be reached from here?"
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN):
        return "unreachable", f"cannot be reached ({error.strerror}): is the node up, is the route there?"
    return "unreachable", f"cannot be dialled ({error.strerror or error})"
