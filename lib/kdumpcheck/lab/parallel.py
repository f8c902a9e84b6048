# SPDX-License-Identifier: Apache-2.0
"""Doing the same to several nodes at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.image import ImageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def for_each(items: Sequence[T], do: Callable[[T], None], width: int) -> list[str]:
    """Do something to every item, `width` at a time; the errors, one line each.

    One item's failure does not stop the others. Ctrl-C ends every wait in every thread and is raised again here.
    """
    pool = ThreadPoolExecutor(max_workers=max(1, width))
    try:
        tasks = [pool.submit(do, item) for item in items]
        errors = [task.exception() for task in tasks]
    except KeyboardInterrupt:
        Deadline.interrupted.set()
        pool.shutdown(wait=True, cancel_futures=True)
        raise
    pool.shutdown()
    for error in errors:
        if error is not None and not isinstance(error, (LabError, ImageError)):
            raise error
    return [str(error) for error in errors if error is not None]
