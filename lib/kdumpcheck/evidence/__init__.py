# SPDX-License-Identifier: Apache-2.0
"""What a node said, kept as it was said: read from a live probe or from a file of last week."""

from __future__ import annotations

from kdumpcheck.evidence.evidence import Evidence, Output
from kdumpcheck.evidence.framing import FramingError, parse_answer
from kdumpcheck.evidence.store import EvidenceError, load, load_directory, save
from kdumpcheck.evidence.unknown import CouldNotLook, NotBooted, Unknown, known

__all__ = [
    "CouldNotLook",
    "Evidence",
    "EvidenceError",
    "FramingError",
    "NotBooted",
    "Output",
    "Unknown",
    "known",
    "load",
    "load_directory",
    "parse_answer",
    "save",
]
