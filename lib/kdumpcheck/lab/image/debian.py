# SPDX-License-Identifier: Apache-2.0
"""A node that is Debian as it is installed: its own kernel, initramfs-tools and kdump-tools, on one disk of its own.

Nothing of kdump stands in here. The kernel comes before kdump-tools, as on every installed machine: the other way
round kdump-tools' hook fails where / is no disk yet, and the kernel's installation with it.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.apt_sources import SUITE, sources
from kdumpcheck.lab.image.bootstrap import KERNEL_PACKAGE
from kdumpcheck.lab.image.content import GUEST
from kdumpcheck.lab.image.errors import ImageError

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.image.base import Base
    from kdumpcheck.lab.image.tools import Runner

KDUMP: Final = ("kdump-tools", "makedumpfile", "kexec-tools")
"""What is looked at: the packages as Debian has them. makedumpfile is recommended only, and installed nevertheless."""

_UNUSED: Final = ("man", "doc", "locale", "info", "i18n/locales")
_APT: Final = 'APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" DEBIAN_FRONTEND=noninteractive apt-get --yes --no-install-recommends'
_KEYS: Final = ("etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ed25519_key.pub", "root/.ssh/authorized_keys")


def install_debian(root: Path, work: Path, runner: Runner) -> str:
    """Install Debian below ``root``; returns its kernel's release."""
    listing = work / "apt.sources"
    listing.write_text(sources(), encoding="utf-8")
    trimmed = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _UNUSED]
    lines = (GUEST / "packages.kdump-tools").read_text(encoding="utf-8").splitlines()
    wanted = [*(line for line in lines if line and not line.startswith("#")), KERNEL_PACKAGE]
    runner.run_apart(
        [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            "--format=directory",
            f"--include={','.join(wanted)}",
            *trimmed,
            f'--customize-hook={_APT} -o DPkg::Chroot-Directory="$1" install {" ".join(KDUMP)}',
            SUITE,
            root,
            listing,
        ]
    )
    found = sorted(path.name for path in (root / "lib/modules").iterdir())
    if len(found) != 1:
        raise ImageError(f"the image must have one kernel, not {len(found)}")
    return found[0]


def take_keys(root: Path, base: Base, work: Path, runner: Runner) -> None:
    """Give the node the keys that all nodes of a lab have."""
    there = work / "keys"
    base.unpack(there, runner)
    for leftover in (root / "etc/ssh").glob("ssh_host_*"):
        leftover.unlink()
    (root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
    for name in _KEYS:
        shutil.copy2(there / name, root / name)
