# SPDX-License-Identifier: Apache-2.0
"""The live initrd: dmsquash-live, and the hook that makes and assembles ROOTRAID."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.image.tools import Runner

_MODULES: Final = (
    "bash base kernel-modules rootfs-block udev-rules fs-lib shutdown dmsquash-live dm mdraid metalmdsquash"
)
_DRIVERS: Final = "virtio_blk virtio_pci virtio_net overlay squashfs loop raid1 md-mod xfs"


def build_initrd(root: Path, release: str, runner: Runner) -> Path:
    """Run the node's own dracut inside its root; returns the initrd, still inside the root."""
    inside = "/var/tmp/live.initrd"  # noqa: S108 - inside the image, where only this build is
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
            "--filesystems", "squashfs ext4 overlay xfs",
            "--gzip",
            inside,
            release,
        ],
    )  # fmt: skip
    return root / inside.lstrip("/")
