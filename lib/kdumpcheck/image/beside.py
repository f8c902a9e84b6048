# SPDX-License-Identifier: Apache-2.0
"""What ships beside an image and boots it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Beside:
    """The kernel, the initrd and the kernel command line that a node boots the image with; None where not given."""

    kernel: Path | None = None
    initrd: Path | None = None
    cmdline: str | None = None
