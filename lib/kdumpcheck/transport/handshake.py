# SPDX-License-Identifier: Apache-2.0
"""The handshake: from an open socket to an encrypted connection, or to the reason why not."""

from __future__ import annotations

import threading

import paramiko

from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import TransportError, clean
from kdumpcheck.transport.target import Target
from kdumpcheck.transport.wire import Wire

_SLICE = 0.1


def handshake(wire: Wire, target: Target, deadline: Deadline) -> paramiko.PKey:
    """Exchange banners and keys; the host key, or `TransportError` (silent, cut or protocol)."""
    wire.banner_timeout = deadline.remaining()
    done = threading.Event()
    wire.start_client(event=done)
    while wire.is_active() and not deadline.expired and not done.wait(min(_SLICE, deadline.remaining())):
        pass  # a wire that we close ourselves does not set the event
    if wire.is_active() and wire.initial_kex_done:
        return wire.get_remote_server_key()
    # Once time is up the watchdog cuts the wire itself: that is silence, too.
    raise _failed(wire, target, None if deadline.expired else wire.get_exception())


def _failed(wire: Wire, target: Target, error: Exception | None) -> TransportError:
    # paramiko wraps what went wrong before the banner, and keeps the cause only as the context.
    cause = error.__context__ if error is not None and error.__context__ is not None else error
    said = wire.remote_version
    if cause is None or isinstance(cause, TimeoutError):
        return _silent(target, said)
    if isinstance(cause, (EOFError, OSError)):
        text = (
            f"{target.place} hung up {'during the key exchange' if said else 'before saying anything'}"
            f"{': ' + wire.farewell if wire.farewell else ''}: is its sshd overloaded (MaxStartups) or going down?"
        )
        return TransportError("cut", target.name, text)
    text = f"{target.place} is not an SSH server we can talk to ({clean(str(error))})"
    return TransportError("protocol", target.name, text)


def _silent(target: Target, said: str) -> TransportError:
    after = f"says {clean(said)!r} and then nothing" if said else "accepts the connection and says nothing"
    text = f"{target.place} {after}: the node may be hung, or out of memory: look at its console"
    return TransportError("silent", target.name, text)
