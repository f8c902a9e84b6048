# SPDX-License-Identifier: Apache-2.0
"""A child process that speaks for as long as it is listened to, and ends with its group when it no longer is."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
import tty
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

CHUNK: Final = 64 * 1024
_LOOK: Final = 0.02


class Stream:
    """A program and what it says: on a terminal of its own, stderr included, or through pipes without stderr.

    Its stdin stays open, since programs that show a console end when that does. Raises `OSError` when it cannot run.
    """

    def __init__(self, argv: Sequence[str], environ: Mapping[str, str], *, terminal: bool) -> None:
        self._out, its = os.openpty() if terminal else os.pipe()
        try:
            if terminal:
                tty.setraw(its)
            self._process = subprocess.Popen(
                argv,
                env=dict(environ),
                stdin=its if terminal else subprocess.PIPE,
                stdout=its,
                stderr=its if terminal else subprocess.DEVNULL,
                # A group of its own, and not our terminal: a Ctrl-C is ours to answer, a question nobody's.
                start_new_session=True,
                bufsize=0,
            )
        except BaseException:
            os.close(self._out)
            raise
        finally:
            os.close(its)

    def tell(self, data: bytes) -> None:
        """Hand over what fits into a pipe; a program that has ended is not told."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.write(data)

    def read(self, seconds: float) -> bytes | None:
        """What it says, within so many seconds; b"" for nothing yet, None when it will say no more."""
        if not select.select([self._out], [], [], max(0.0, seconds))[0]:
            return b""
        try:
            return os.read(self._out, CHUNK) or None
        except OSError:  # the terminal has been left by all (EIO)
            return None

    def ended(self, seconds: float) -> int | None:
        """Its exit status (negative: the signal's number) once it has ended, or None when it has not by then."""
        end = time.monotonic() + seconds
        # Not reaped before its group is killed: else the group's number could be somebody else's.
        while (state := self._state()) is None and time.monotonic() < end:
            time.sleep(_LOOK)  # a wait that reaps would give its group's number away
        return state

    def close(self, grace: float) -> None:
        """End it, and whatever it has started: asked first, killed after `grace` seconds.

        A program on pipes is asked by the end of its stdin, one on a terminal by SIGTERM.
        """
        if self._process.stdin is not None:
            self._process.stdin.close()
        else:
            self._signal(signal.SIGTERM)
        self.ended(grace)
        self._signal(signal.SIGKILL)
        self._process.wait()
        os.close(self._out)

    def _state(self) -> int | None:
        told = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if told is None:
            return None
        return told.si_status if told.si_code == os.CLD_EXITED else -told.si_status

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
