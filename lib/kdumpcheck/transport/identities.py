# SPDX-License-Identifier: Apache-2.0
"""Identities: the keys and certificates we can offer, from key files and from ssh-agent."""

from __future__ import annotations

import base64
import binascii
import copy
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import paramiko
from paramiko.agent import AgentSSH
from paramiko.pkey import UnknownKeyType

from kdumpcheck.transport.certificate import is_for
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.target import Target

if TYPE_CHECKING:
    from paramiko.message import Message


@dataclass(frozen=True, slots=True)
class Identity:
    """One key to offer, and how to call it in a message."""

    label: str
    key: paramiko.PKey


class _AgentKey(paramiko.AgentKey):
    """A key of the agent; one it will not use now counts as refused, and the next one gets its turn."""

    def sign_ssh_data(self, data: Any, algorithm: str | None = None) -> Message:  # noqa: ANN401 - as paramiko's
        """The signature, or none."""
        try:
            return super().sign_ssh_data(data, algorithm)
        except (paramiko.SSHException, OSError):
            return b""  # type: ignore[return-value] # bytes is what paramiko really passes on here


class _Agent(AgentSSH):
    """One connection to ssh-agent, which gives up at the deadline."""

    def __init__(self, path: Path, deadline: Deadline) -> None:
        super().__init__()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(deadline.remaining() or 0.001)
            sock.connect(str(path))
            self._connect(sock)  # type: ignore[attr-defined] # the stubs leave it out
        except BaseException:
            sock.close()
            raise

    def identities(self) -> list[Identity]:
        """What it holds, in its own order."""
        keys = [_AgentKey(self, key.blob, key.comment) for key in self.get_keys()]
        return [Identity(f"{key.get_name()} from ssh-agent", key) for key in keys]

    def close(self) -> None:
        """Hang up."""
        self._close()  # type: ignore[attr-defined] # the stubs leave it out


class Keyring:
    """The key files of one run: each is read, and its passphrase asked for, at most once."""

    def __init__(self, ask: Callable[[str], str | None] | None) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._keys: dict[Path, paramiko.PKey | str] = {}

    def load(self, path: Path, deadline: Deadline) -> paramiko.PKey | str:
        """The key in the file, or why there is none."""
        if not self._lock.acquire(timeout=deadline.remaining()):
            return "its passphrase was not given in time"
        try:
            if path not in self._keys:
                self._keys[path] = self._load(path)
            return self._keys[path]
        finally:
            self._lock.release()

    def _load(self, path: Path) -> paramiko.PKey | str:
        try:
            return paramiko.PKey.from_path(path)
        except (TypeError, paramiko.PasswordRequiredException):  # cryptography says TypeError for "locked"
            return self._unlock(path)
        except OSError as error:
            return error.strerror or str(error)
        except (ValueError, paramiko.SSHException, UnknownKeyType):
            return "not a private key we can read"

    def _unlock(self, path: Path) -> paramiko.PKey | str:
        answer = self._ask(f"Passphrase for {path}: ") if self._ask else None
        if not answer:
            return "locked by a passphrase: add it to ssh-agent"
        try:
            # The stubs say str, but what is below it wants bytes.
            return paramiko.PKey.from_path(path, answer.encode())  # type: ignore[arg-type]
        except (ValueError, TypeError, OSError, paramiko.SSHException, UnknownKeyType):
            return "the passphrase is wrong"


class Offer:
    """What can be offered to one target, in OpenSSH's order; `problems` tells what could not be."""

    def __init__(self, target: Target, keyring: Keyring, agent: _Agent | None, deadline: Deadline) -> None:
        self._target = target
        self._keyring = keyring
        self._agent = agent
        self._deadline = deadline
        self.problems: list[str] = []

    def __iter__(self) -> Iterator[Identity]:
        """Agent keys that the configuration names, the agent's other keys, then key files."""
        held = self._agent.identities() if self._agent else []
        wanted = [blob for path in self._named() if (blob := _public(path))]
        named = [each for blob in dict.fromkeys(wanted) for each in held if each.key.asbytes() == blob]
        others = [] if self._target.identities_only else [each for each in held if each not in named]
        offered = {each.key.asbytes() for each in (*named, *others)}
        yield from named
        yield from others
        for path in self._target.identity_files:
            yield from self._from_file(path, offered)

    def _named(self) -> Iterator[Path]:
        for path in self._target.identity_files:
            yield from (path.with_name(f"{path.name}-cert.pub"), path.with_name(f"{path.name}.pub"), path)
        yield from self._target.certificate_files

    def _from_file(self, path: Path, offered: set[bytes]) -> Iterator[Identity]:
        if path.suffix == ".pub" or not path.is_file():
            return
        key = self._keyring.load(path, self._deadline)
        if isinstance(key, str):
            self.problems.append(f"{path}: {key}")
            return
        for certified in _certified(key, self._target.certificate_files):
            yield Identity(f"{path} with its certificate", certified)
        if key.asbytes() not in offered:
            yield Identity(str(path), _without_certificate(key))


@contextmanager
def offer(target: Target, keyring: Keyring, deadline: Deadline) -> Iterator[Offer]:
    """What can be offered to the target; the agent is hung up on at the end."""
    agent, problem = None, ""
    if target.agent is not None:
        try:
            agent = _Agent(target.agent, deadline)
        except (OSError, paramiko.SSHException, ValueError) as error:
            problem = f"ssh-agent at {target.agent}: {getattr(error, 'strerror', None) or error}"
    offered = Offer(target, keyring, agent, deadline)
    offered.problems += [problem] if problem else []
    try:
        yield offered
    finally:
        if agent is not None:
            agent.close()


def _certified(key: paramiko.PKey, files: tuple[Path, ...]) -> Iterator[paramiko.PKey]:
    # from_path() has already put <file>-cert.pub onto the key, if there is one.
    if key.public_blob is not None:
        yield key
    for path in files:
        with suppress(OSError, UnicodeError):
            text = path.read_text(encoding="utf-8")
            if is_for(text, key.asbytes()):
                certified = _without_certificate(key)
                certified.load_certificate(text)
                yield certified


def _without_certificate(key: paramiko.PKey) -> paramiko.PKey:
    plain = copy.copy(key)
    plain.public_blob = None
    return plain


def _public(path: Path) -> bytes | None:
    """The public key blob in a .pub file; None for anything else."""
    try:
        words = path.read_text(encoding="ascii").split(None, 2)
        return base64.b64decode(words[1], validate=True)
    except (OSError, UnicodeError, IndexError, binascii.Error, ValueError):
        return None
