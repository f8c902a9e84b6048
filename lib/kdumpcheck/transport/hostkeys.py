# SPDX-License-Identifier: Apache-2.0
"""Host keys: is the node that answers the node that was meant?"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from paramiko import PKey

from kdumpcheck.transport import certificate
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import TransportError, clean
from kdumpcheck.transport.knownhosts import Entry, KnownHosts, hash_name, parse
from kdumpcheck.transport.target import Target

_LOCK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Known:
    """What the known_hosts files say about one target: under its own names, and under weaker ones."""

    entries: tuple[Entry, ...]
    weak: tuple[Entry, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """The types of key that are known, so that the handshake can ask for one of them."""
        plain = (entry.kind for entry in (*self.entries, *self.weak) if not entry.marker)
        return tuple(dict.fromkeys(plain))

    @property
    def has_authority(self) -> bool:
        """True when a certificate authority is named for this target."""
        return any(entry.marker == "@cert-authority" for entry in self.entries)

    def having(self, blob: bytes, marker: str = "") -> Entry | None:
        """The entry that holds this very key under this marker."""
        both = (*self.entries, *self.weak)
        return next((each for each in both if each.blob == blob and each.marker == marker), None)


class HostKeys:
    """The known_hosts files of one run, each read once; safe to share between threads."""

    def __init__(self) -> None:
        self._files: dict[Path, KnownHosts] = {}
        self._lock = threading.Lock()

    def known(self, target: Target) -> Known:
        """What is known of this target."""
        files = [self._file(path) for path in (*target.user_known_hosts, *target.global_known_hosts)]
        entries = _find(files, target.known_as)
        return Known(entries, () if entries else _find(files, target.known_weakly))

    def verify(self, target: Target, known: Known, key: PKey) -> bool:
        """Accept the key that was offered, or raise `TransportError` of kind "host-key".

        False means that StrictHostKeyChecking=no let a changed key pass: no password may be sent then.
        """
        blob = key.asbytes()
        if revoked := known.having(blob, "@revoked"):
            _refuse(target, f"its key {_shown(key)} is marked @revoked in {revoked.where}: do not use this node")
        if _certified(target, known, key) or known.having(blob):
            return True
        # A key of another type than the known ones counts as changed: we asked for the known types first.
        if any(not entry.marker for entry in known.entries):
            if target.strict != "no":
                _refuse(target, _changed(target, known, key))
            return False
        if target.strict == "yes":
            _refuse(target, _unknown(target, key))
        self._record(target, key)
        return True

    def _file(self, path: Path) -> KnownHosts:
        with self._lock:
            if path not in self._files:
                self._files[path] = KnownHosts(parse(_text(path), str(path)))
            return self._files[path]

    def _record(self, target: Target, key: PKey) -> None:
        # As OpenSSH: a file that cannot be written does not stop the login; the key counts for this run.
        if not target.user_known_hosts:
            return
        path, name = target.user_known_hosts[0], target.known_as[0]
        shown = hash_name(name) if target.hash_known_hosts else name
        known = self._file(path)
        with self._lock:
            if any(entry.blob == key.asbytes() for entry in known.find(name)):
                return
            known.add(Entry(f"{path} (new)", "", (name,), key.get_name(), key.asbytes()))
            if path != Path(os.devnull):
                _append(path, f"{shown} {key.get_name()} {key.get_base64()}\n")


def _find(files: Iterable[KnownHosts], names: Iterable[str]) -> tuple[Entry, ...]:
    wanted = tuple(names)
    return tuple(entry for known in files for name in wanted for entry in known.find(name))


def _text(path: Path) -> str:
    # A file that is not there knows nobody, and neither does one that cannot be read, or a pipe to wait at: all refuse.
    try:
        return "" if path.is_fifo() else path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _append(path: Path, line: str) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as file:
            _lock(file.fileno())
            if file.seek(0, os.SEEK_END) and _last_byte(file.fileno()) != b"\n":
                line = "\n" + line
            file.write(line.encode())
    except OSError:
        return


def _lock(descriptor: int) -> None:
    # Another process holds it for a moment only; one that is stopped must not stop us.
    end = Deadline.after(_LOCK_SECONDS)
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if end.expired:
                raise
            time.sleep(0.05)  # flock() itself would wait without end


def _last_byte(descriptor: int) -> bytes:
    return os.pread(descriptor, 1, os.fstat(descriptor).st_size - 1)


def _certified(target: Target, known: Known, key: PKey) -> bool:
    if key.public_blob is None:
        return False
    try:
        signed = certificate.load(key.public_blob.key_type, key.public_blob.key_blob)
        signer = certificate.authority(signed)
        if known.having(signer, "@cert-authority") is None:
            return False  # the key may still be known as it is
        if revoked := known.having(signer, "@revoked"):
            _refuse(target, f"the authority of its host certificate is marked @revoked in {revoked.where}")
        certificate.check(signed, {target.host.lower(), target.name.lower(), *target.known_as})
    except certificate.CertificateError as error:
        _refuse(target, f"its host certificate cannot be trusted: {clean(str(error))}: have it signed again")
    return True


def _changed(target: Target, known: Known, key: PKey) -> str:
    plain = [each for each in known.entries if not each.marker]
    same = next((each for each in plain if each.kind == key.get_name()), plain[0])
    file = same.where.rpartition(":")[0]
    name = next((n for n in target.known_as if n in same.names), target.known_as[0])
    return (
        f"the host key of {target.place} has CHANGED: it offers {_shown(key)}, {same.where} has another one"
        f" ({same.kind}). If the node was reinstalled, forget the old key with: ssh-keygen -R '{name}' -f {file};"
        " if not, something else may be answering in its place"
    )


def _unknown(target: Target, key: PKey) -> str:
    files = [*target.user_known_hosts, *target.global_known_hosts]
    there = [str(path) for path in files if path.exists()] or [str(path) for path in files[:1]]
    first = next(iter(target.user_known_hosts), Path("known_hosts"))
    return (
        f"the host key of {target.place} is not known: it offers {_shown(key)}, and {', '.join(there) or 'no file'}"
        f" has no key for {target.known_as[0]}. Compare the fingerprint on the node's console, then:"
        f" ssh-keyscan -p {target.port} {target.host} >> {first}"
    )


def _shown(key: PKey) -> str:
    return f"{key.get_name()} {key.fingerprint}"


def _refuse(target: Target, text: str) -> NoReturn:
    raise TransportError("host-key", target.name, text)
