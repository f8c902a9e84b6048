# SPDX-License-Identifier: Apache-2.0
"""The node's kernel as SLES lays it out: vmlinuz, vmlinux.gz and System.map under one release name."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

from kdumpcheck.lab.image.errors import ImageError
from kdumpcheck.lab.image.kernel_release import ncn_release, rename, unpack
from kdumpcheck.lab.image.modules import prune_modules

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.image.tools import Runner


def install_kernel(root: Path, runner: Runner) -> str:
    """Rename the unpacked Debian kernel in ``root`` to an NCN's form; returns its release (``uname -r``)."""
    debian = _only_release(root)
    release = ncn_release(debian)
    image = rename((root / f"boot/vmlinuz-{debian}").read_bytes(), debian, release)
    _write_boot(root / "boot", debian, release, image)
    modules = (root / f"lib/modules/{debian}").rename(root / f"lib/modules/{release}")
    runner.run_in(root, ["depmod", "-a", release])
    prune_modules(modules)
    runner.run_in(root, ["depmod", "-a", release])
    return release


def _only_release(root: Path) -> str:
    found = sorted(path.name for path in (root / "lib/modules").iterdir())
    if len(found) != 1:
        raise ImageError(f"the image must have one kernel, not {len(found)}")
    return found[0]


def _write_boot(boot: Path, debian: str, release: str, image: bytes) -> None:
    for name in ("System.map", "config"):
        (boot / f"{name}-{debian}").rename(boot / f"{name}-{release}")
    (boot / f"vmlinuz-{debian}").unlink()
    (boot / f"vmlinuz-{release}").write_bytes(image)
    # A dump is read with this file beside it; SLES ships it gzip'd in /boot as well.
    (boot / f"vmlinux-{release}.gz").write_bytes(gzip.compress(unpack(image), compresslevel=6, mtime=0))
    (boot / "vmlinuz").symlink_to(f"vmlinuz-{release}")
