# SPDX-License-Identifier: Apache-2.0
"""A node laid out as RHEL: the root that all NCNs are built on, its kernel under a name as RHEL's, on one disk."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.errors import ImageError
from kdumpcheck.lab.image.kernel_release import NCN_FLAVOUR, rename

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.image.tools import Runner

RHEL_FLAVOUR: Final = ".el10.x86_64"
"""As long as an NCN's, so that the kernel can be renamed once more."""

_RELEASE: Final = re.compile(r"(?P<version>[^-]+)-(?P<release>[^-]+\.el\d+)\.x86_64")
_MODULES: Final = "bash base kernel-modules rootfs-block udev-rules fs-lib shutdown"
_DRIVERS: Final = "virtio_blk virtio_pci virtio_net"


def rhel_release(ncn: str) -> str:
    """The node's ``uname -r`` for an NCN's, e.g. ``6.1.0-44.el10.x86_64``."""
    return ncn.removesuffix(NCN_FLAVOUR) + RHEL_FLAVOUR


def rpm_version_release(release: str) -> tuple[str, str] | None:
    """Version and Release of the kernel-core RPM of this release; None where it is not of RHEL's form."""
    match = _RELEASE.fullmatch(release)
    return (match["version"], match["release"]) if match else None


def rename_kernel(root: Path, ncn: str, runner: Runner) -> str:
    """Give the kernel in ``root``, and what belongs to it, RHEL's form of a name; returns its release."""
    release, boot = rhel_release(ncn), root / "boot"
    image = boot / f"vmlinuz-{ncn}"
    (boot / f"vmlinuz-{release}").write_bytes(rename(image.read_bytes(), ncn, release))
    for name in ("System.map", "config"):
        (boot / f"{name}-{ncn}").rename(boot / f"{name}-{release}")
    # RHEL has no vmlinux beside it, and no link that names the kernel to boot.
    for path in (image, boot / f"vmlinux-{ncn}.gz", boot / "vmlinuz"):
        path.unlink()
    (root / f"lib/modules/{ncn}").rename(root / f"lib/modules/{release}")
    runner.run_in(root, ["depmod", "-a", release])
    return release


def build_boot_initrd(root: Path, release: str, runner: Runner) -> Path:
    """Run the node's own dracut inside its root; returns the initrd it boots with, which stays in /boot."""
    inside = f"/boot/initramfs-{release}.img"
    runner.run_in(
        root,
        [
            "dracut",
            "--force",
            "--no-hostonly",
            "--no-hostonly-cmdline",
            "--conf", "/dev/null",
            "--confdir", "/mnt",
            "-m", _MODULES,
            "--drivers", _DRIVERS,
            "--filesystems", "ext4",
            "--gzip",
            inside,
            release,
        ],
    )  # fmt: skip
    made = root / inside.lstrip("/")
    if not made.is_file():
        raise ImageError(f"dracut made no {inside}")
    return made
