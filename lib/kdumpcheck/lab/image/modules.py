# SPDX-License-Identifier: Apache-2.0
"""Cutting the kernel's modules down to what the lab's machine has.

Every module left out makes the image smaller and each dracut run in the node faster: under emulation, building the
kdump initrd is the longest wait there is.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

KEPT: Final = frozenset(
    {
        "autofs4", "dm_mod", "dm_snapshot", "loop", "overlay", "squashfs", "xfs", "isofs", "nls_ascii", "nls_utf8",
        "md_mod", "raid0", "raid1", "raid10", "linear",
        "virtio", "virtio_blk", "virtio_console", "virtio_net", "virtio_pci", "virtio_rng", "virtio_scsi",
        "crc32c_intel", "crc32c_generic", "libcrc32c", "nvme", "sd_mod", "ahci",
    }
)  # fmt: skip
"""Modules the node may need, without those they depend on; ``-`` and ``_`` are the same in a module's name."""


def prune_modules(modules: Path) -> None:
    """Delete every module below ``/lib/modules/<release>`` that is neither kept nor needed by one that is.

    ``modules.dep`` must be there (depmod), and must be made anew afterwards.
    """
    needs = read_dependencies((modules / "modules.dep").read_text(encoding="utf-8"))
    wanted = closure(needs, KEPT)
    for path in needs:
        if path not in wanted:
            (modules / path).unlink()


def read_dependencies(text: str) -> dict[str, list[str]]:
    """modules.dep: path of each module and the paths of those it needs (depmod(8))."""
    pairs = (line.partition(":") for line in text.splitlines() if line)
    return {path: needed.split() for path, _, needed in pairs}


def closure(needs: Mapping[str, Iterable[str]], names: frozenset[str]) -> set[str]:
    """Paths of the named modules and of all they need; modules.dep lists needs of needs already."""
    wanted: set[str] = set()
    for path, needed in needs.items():
        if module_name(path) in names:
            wanted.update([path, *needed])
    return wanted


def module_name(path: str) -> str:
    """``kernel/drivers/md/dm-mod.ko.xz`` is ``dm_mod``."""
    return PurePosixPath(path).name.partition(".")[0].replace("-", "_")
