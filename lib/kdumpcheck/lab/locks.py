# SPDX-License-Identifier: Apache-2.0
"""A lock on a directory: it leaves no file behind, and the kernel releases it whatever becomes of its holder."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked_directory(directory: Path, seconds: float, busy: str, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of a directory; raises `LabError` with the text `busy` when it is not free within `seconds`.

    A shared lock can be held by several at once, as long as nobody holds it alone.
    """
    deadline = Deadline(seconds, busy)
    while True:
        descriptor = _try_lock(directory, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        if descriptor is not None:
            break
        if deadline.expired:
            raise LabError(busy)
        deadline.interrupted.wait(0.1)
    try:
        yield
    finally:
        os.close(descriptor)


def _try_lock(directory: Path, kind: int) -> int | None:
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        # The directory may have been removed after we opened it: then this lock guards nothing.
        if os.path.samestat(os.fstat(descriptor), directory.stat()):
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
