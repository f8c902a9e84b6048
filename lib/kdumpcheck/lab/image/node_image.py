# SPDX-License-Identifier: Apache-2.0
"""A built node image: where its files are and how its kernel is told about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.shape import CONSOLE, DEFAULT_CRASHKERNEL

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MANIFEST: Final = "image.json"

LIVE_DIRS: Final = ("LiveOS", "1.5.2")
"""Values of rd.live.dir the image can boot with; an upgraded NCN names its release there."""

ROOT_DISK: Final = "root.img"
"""Name of the raw disk of a node that is no NCN."""

SQUASHFS_LABEL: Final = "SQFSRAID"
SQUASHFS_UUID: Final = "5ca1ab1e-0000-4000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class NodeImage:
    """A node image on disk, ready to boot or to use as a container's lower layer."""

    directory: Path
    """``<cache>/image-<content hash>``"""
    kernel: Path
    """vmlinuz, for ``qemu -kernel``"""
    initrd: Path
    """live initrd, for ``qemu -initrd``"""
    disk: Path
    """raw ext4 disk ``LABEL=SQFSRAID`` holding ``<rd.live.dir>/filesystem.squashfs``; attach it read-only"""
    squashfs: Path
    """the same SquashFS as a file of its own"""
    kernel_release: str
    """``uname -r`` of the node"""
    client_key: Path
    """private key (0600) root accepts; the public one lies beside it as ``client_key.pub``"""
    host_key: str
    """the node's public host key, as in known_hosts after the host name"""
    root: str = ""
    """``root=`` of a node that is no NCN and has its root on a disk of its own; "" for an NCN"""

    @property
    def root_disk(self) -> Path | None:
        """The raw disk on which a node that is no NCN has all it has; None for an NCN."""
        return self.directory / ROOT_DISK if self.root else None

    def cmdline(
        self,
        hostname: str,
        *,
        crashkernel: str | None = DEFAULT_CRASHKERNEL,
        live_dir: str = "LiveOS",
        extra: Sequence[str] = (),
    ) -> str:
        """Kernel command line of one node, with an NCN's own parameters.

        ``crashkernel=None`` leaves the reservation out; ``extra`` is appended as given.

        Raises ValueError when the image holds no SquashFS under ``live_dir``.
        """
        if live_dir not in LIVE_DIRS:
            raise ValueError(f"the node image boots with rd.live.dir={' or '.join(LIVE_DIRS)}, not {live_dir!r}")
        where = [f"root={self.root}", "ro"] if self.root else [*_NCN_WORDS, f"rd.live.dir={live_dir}"]
        words = [*where, *_LAB_WORDS, f"systemd.hostname={hostname}"]
        if crashkernel is not None:
            words.append(f"crashkernel={crashkernel}")
        return " ".join([*words, *extra])


_NCN_WORDS: Final = (
    f"root=live:LABEL={SQUASHFS_LABEL}",
    "rd.live.overlay=LABEL=ROOTRAID",
    "rd.live.overlay.overlayfs=1",
    "rd.live.overlay.thin=0",
    "rd.live.squashimg=filesystem.squashfs",
    "rd.auto=1",
    "rd.md=1",
    "rd.luks=0",
    "rd.multipath=0",
    "metal.no-wipe=1",
)

# What makes a boot under emulation bearable; none of it is looked at by a check.
_LAB_WORDS: Final = (
    f"console={CONSOLE}",
    "net.ifnames=0",
    "selinux=0",
    "apparmor=0",
    "mitigations=off",
    "no_timer_check",
    # A guest's kernel times the TSC while its emulator competes for the host's processors, and once took 2,595 MHz for
    # 528: its clock, and that of every node of the saved state, ran five times too fast. The HPET's rate is known.
    "clocksource=hpet",
    "tsc=unstable",
)


def open_image(directory: Path) -> NodeImage | None:
    """The finished image in a directory, or None when there is none."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return NodeImage(
        directory=directory,
        kernel=directory / "vmlinuz",
        initrd=directory / "live.initrd",
        disk=directory / "sqfsraid.img",
        squashfs=directory / "filesystem.squashfs",
        kernel_release=manifest["kernel_release"],
        client_key=directory / "client_key",
        host_key=manifest["host_key"],
        root=manifest.get("root", ""),
    )


def write_manifest(directory: Path, *, kernel_release: str, host_key: str, root: str = "") -> None:
    """Write the last file of an image: only a directory that has it counts as finished."""
    manifest = {"kernel_release": kernel_release, "host_key": host_key, "root": root}
    (directory / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
