# SPDX-License-Identifier: Apache-2.0
"""The faults a lab node can have. To add one: one more `Fault(...)` in the file of its subject."""

from __future__ import annotations

import difflib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.faults import (
    boot,
    config,
    contents,
    crashkernel,
    dumps,
    fstab,
    initrd,
    kdump_tools,
    kdump_utils,
    kernel,
    links,
    rootraid,
    service,
)
from kdumpcheck.lab.faults.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["FAULTS", "Fault", "command_line", "find"]

_SUBJECTS: Final = (
    crashkernel,
    initrd,
    contents,
    links,
    fstab,
    config,
    boot,
    kernel,
    service,
    rootraid,
    dumps,
    kdump_tools,
    kdump_utils,
)

FAULTS: Final[Mapping[str, Fault]] = MappingProxyType(
    {fault.id: fault for subject in _SUBJECTS for fault in subject.FAULTS}
)
"""All faults by id."""


def find(fault_id: str) -> Fault:
    """The fault with this id; raises `LabError` naming the closest one."""
    if fault_id in FAULTS:
        return FAULTS[fault_id]
    close = difflib.get_close_matches(fault_id, FAULTS, n=1)
    hint = f"did you mean {close[0]}?" if close else "`kdumpcheck lab break --list` shows all"
    raise LabError(f"there is no fault {fault_id!r}; {hint}")


def command_line(words: str, fault_ids: Iterable[str]) -> str:
    """A node's kernel command line as its faults leave it."""
    line = words.split()
    for fault_id in fault_ids:
        line = find(fault_id).edit(line)
    return " ".join(line)
