# SPDX-License-Identifier: Apache-2.0
"""Privilege: one script as root, in one exec, directly or through sudo.

The script travels on stdin, so its size and its quoting do not matter. The command line around it is written
so that sh, bash, csh and fish all pass it on unchanged: single quotes, with no quote, `!`, backslash or
newline inside. A random mark on stdout shows where the script's own output begins: what a login shell's
start-up files print comes before it, and if it never comes, root was never reached.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import Completed, TransportError, clean
from kdumpcheck.transport.exchange import LIMIT, Feed
from kdumpcheck.transport.secret import Secret, SecretError

if TYPE_CHECKING:
    from kdumpcheck.transport.connection import Connection

_NOISE = 64 * 1024


class _Conversation:
    """Gives sudo the password when it asks, once; gives the shell the script when it is root."""

    __slots__ = ("_asked", "_mark", "_password", "_prompt", "_script")

    def __init__(self, mark: str, prompt: str, script: bytes, password: Secret) -> None:
        self._mark, self._prompt = mark.encode(), prompt.encode()
        self._script: bytes | None = script
        self._password = password
        self._asked = 0

    def __call__(self, stdout: bytes, stderr: bytes) -> bytes | None:
        """What to say next."""
        if self._mark in stdout:
            script, self._script = self._script, None
            return script
        asked = stderr.count(self._prompt)
        if asked > 1:
            return None  # it was wrong; a second try could lock the account
        if asked > self._asked:
            self._asked = asked
            return self._password.reveal().encode() + b"\n"
        return b""


def run_as_root(
    connection: Connection,
    script: bytes,
    *,
    deadline: Deadline,
    limit: int = LIMIT,
    sudo: bool = True,
    password: Secret | None = None,
) -> Completed:
    """Run a POSIX sh script as root in one exec; without `sudo`, only if the login is root's already.

    Raises `TransportError`: "privilege" if root cannot be had, and whatever `run` raises. sudo gets the
    password, if there is one, on stdin and only when it asks; it is asked for nothing else (`sudo -n`).
    """
    mark, prompt = f"kdumpcheck-{secrets.token_hex(8)}", f"kdumpcheck-{secrets.token_hex(8)}:"
    feed: bytes | Feed = script
    if sudo and password is not None:
        _check(password, connection.node)
        feed = _Conversation(mark + "\n", prompt, script, password)
    command = _command(mark, prompt if password is not None else None, sudo=sudo)
    try:
        done = connection.run(command, stdin=feed, deadline=deadline, limit=limit + _NOISE)
    except TransportError as error:
        if error.partial is not None:
            error.partial = _stripped(error.partial, mark, prompt, limit)
        raise
    if f"{mark}\n".encode() not in done.stdout:
        raise TransportError("privilege", connection.node, _refused(done, prompt, mark))
    return _stripped(done, mark, prompt, limit)


def _command(mark: str, prompt: str | None, *, sudo: bool) -> str:
    how = "-n" if prompt is None else f"-S -p {prompt}"
    root = f'exec sudo {how} -- /bin/sh -c "echo {mark}; exec /bin/sh -s"'
    other = root if sudo else f"echo {mark}-user; id -un"
    return f"exec /bin/sh -c 'if [ \"$(id -u)\" = 0 ]; then echo {mark}; exec /bin/sh -s; fi; {other}'"


def _check(password: Secret, node: str) -> None:
    try:
        password.reveal()
    except SecretError as error:
        raise TransportError("config", node, str(error)) from None


def _stripped(done: Completed, mark: str, prompt: str, limit: int) -> Completed:
    before, found, stdout = done.stdout.partition(f"{mark}\n".encode())
    stdout = stdout if found else before
    stderr = done.stderr.replace(prompt.encode(), b"", 1)
    cut = len(stdout) > limit or len(stderr) > limit
    return replace(done, stdout=stdout[:limit], stderr=stderr[:limit], truncated=done.truncated or cut)


def _refused(done: Completed, prompt: str, mark: str) -> str:
    _, plain, user = done.stdout.partition(f"{mark}-user\n".encode())
    if plain:
        return f"logged in as {clean(user)}, who is not root: log in as root, or allow sudo"
    said = clean(done.stderr.replace(prompt.encode(), b" ") or done.stdout) or "nothing"
    if done.exit_status == 127:
        return f"sudo is not there for this login (it said: {said}): install it, or log in as root"
    return (
        f"sudo does not make this login root (it said: {said}): allow it without a password (NOPASSWD in"
        " sudoers), or give the sudo password"
    )
