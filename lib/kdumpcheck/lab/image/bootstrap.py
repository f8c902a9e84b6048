# SPDX-License-Identifier: Apache-2.0
"""The bare Debian root of the node, and the kernel package unpacked into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.apt_sources import SUITE, sources
from kdumpcheck.lab.image.content import BUILDER, GUEST

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.image.tools import Runner

KERNEL_PACKAGE: Final = "linux-image-cloud-amd64"
_UNUSED: Final = ("man", "doc", "locale", "info", "i18n/locales", "bash-completion", "zsh")


def packages() -> list[str]:
    """Debian packages of the node, from the guest tree's list."""
    text = (GUEST / "packages").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def bootstrap(root: Path, work: Path, runner: Runner) -> None:
    """Make the Debian root below ``root``; its kernel lies unpacked in /boot and /lib/modules."""
    listing = work / "apt.sources"
    listing.write_text(sources(), encoding="utf-8")
    trimmed = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in _UNUSED]
    # The kernel is unpacked, not installed: its package would bring initramfs-tools, which the node must not have.
    hook = f'sh {BUILDER / "fetch-kernel.sh"} "$1" {KERNEL_PACKAGE}'
    runner.run_apart(
        [
            "mmdebstrap",
            "--mode=root",
            "--variant=minbase",
            "--format=directory",
            f"--include={','.join(packages())}",
            *trimmed,
            f"--customize-hook={hook}",
            SUITE,
            root,
            listing,
        ]
    )
