# SPDX-License-Identifier: Apache-2.0
"""Whose turn it is to crash a node from this machine: one run at a time, and after a node that was lost none."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from kdumpcheck.crash.proof import Proof, Word
from kdumpcheck.guards import Gate

NAME = "crash.turn"


class Turn:
    """A lock that goes with this process, however it ends."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._held: int | None = None

    def gate(self, earlier: Proof | None) -> Gate:
        """Whether this run may crash a node now. `earlier` is the last proof of this run that failed."""
        if earlier is not None:
            return Gate(
                NAME, holds=False, said=f"{earlier.node} was crashed before it and is not proved: look there first"
            )
        try:
            taken = self._take()
        except OSError as error:
            return Gate(NAME, holds=False, said=f"{self._file} cannot be locked ({error.strerror})")
        said = (
            "no other node is being crashed from here" if taken else "another run crashes a node from here: wait for it"
        )
        return Gate(NAME, taken, said)

    def _take(self) -> bool:
        if self._held is not None:
            return True
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(self._file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        with suppress(BlockingIOError):
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._held = held
            return True
        os.close(held)
        return False

    def give_back(self) -> None:
        """Let others have their turn."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def lost(proofs: list[Proof]) -> Proof | None:
    """The last of these that was crashed and not proved."""
    return next((proof for proof in reversed(proofs) if proof.word is Word.FAILED), None)
