# SPDX-License-Identifier: Apache-2.0
"""What a saved dump is: of which kind, whole or cut short, of which kernel and of when. Reads bytes, does nothing."""

from __future__ import annotations

from kdumpcheck.dumps.contents import Contents, Part
from kdumpcheck.dumps.remote import ChangedError, NodeFile, NodeFileError
from kdumpcheck.dumps.verdict import Problem, Verdict
from kdumpcheck.dumps.vmcore import Kind, Vmcore, inspect, inspect_window

__all__ = [
    "ChangedError",
    "Contents",
    "Kind",
    "NodeFile",
    "NodeFileError",
    "Part",
    "Problem",
    "Verdict",
    "Vmcore",
    "inspect",
    "inspect_window",
]
