# SPDX-License-Identifier: Apache-2.0
"""Secrets: asked for or read once, kept out of every repr, log line and traceback."""

from __future__ import annotations

import getpass
import stat
import threading
from collections.abc import Callable
from pathlib import Path


class SecretError(ValueError):
    """A secret cannot be had; the text is one line and never holds the secret."""


class Secret:
    """A password that is fetched at its first use, once for the whole run, from a file or a prompt."""

    __slots__ = ("_fetch", "_lock", "_value")

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self._value: str | None = None
        self._lock = threading.Lock()

    @classmethod
    def from_file(cls, path: Path) -> Secret:
        """The first line of a file that only its owner can read."""
        return cls(lambda: _first_line(path))

    @classmethod
    def from_prompt(cls, prompt: str) -> Secret:
        """What the operator types on the terminal, unseen; `SecretError` if there is no terminal."""
        return cls(lambda: _typed(prompt))

    def reveal(self) -> str:
        """The secret itself; `SecretError` says why there is none."""
        with self._lock:
            if self._value is None:
                self._value = self._fetch()
            return self._value

    def __repr__(self) -> str:
        """Never the value."""
        return "Secret(...)"


def _first_line(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        # A pipe of the shell's, <(pass show bmc), is fine; chmod makes no password file of a directory or a device.
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise SecretError(f"password file {path} is neither a file nor a pipe: name the one that holds it")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SecretError(f"password file {path} can be read by others: chmod 600 {path}")
        line = path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise SecretError(f"password file {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise SecretError(f"password file {path} is not UTF-8 text") from None
    if not line:
        raise SecretError(f"password file {path}: its first line is empty")
    return line


def _typed(prompt: str) -> str:
    try:
        # getpass() itself would fall back to reading, and showing, whatever stands in for stdin.
        with Path("/dev/tty").open():
            answer = getpass.getpass(prompt)
    except (OSError, EOFError):
        raise SecretError("there is no terminal to ask for a password on: give it in a file") from None
    if not answer:
        raise SecretError("no password was given")
    return answer
