# SPDX-License-Identifier: Apache-2.0
"""Is there an initrd for the capture kernel, for the kernel that runs now, and up to date?

All that saves the dump is in it: the drivers, the mount of ROOTRAID, makedumpfile. It is looked for by the name of the
kernel that runs, so that one made for another kernel, or not made at all, leaves a capture kernel with nothing to do.
"""

from __future__ import annotations

from kdumpcheck import Severity, check, expect, not_applicable
from kdumpcheck.facts import Initrds, Kernels
from kdumpcheck.facts.lines import size
from kdumpcheck.providers import Provider

SOURCE = "docs-csm background/ncn_kdump.md, Resetting kdump; openSUSE/kdump init/mkdumprd"


@check(
    "initrd.present",
    title="The running kernel has a kdump initrd",
    remedy="initrd.rebuild",
    instruction="systemctl restart kdump.service builds it (10-30 seconds).",
    source=SOURCE,
    follows=("crashkernel.present",),
)
def test_running_kernel_has_an_initrd(initrds: Initrds, kernels: Kernels, kdump: Provider) -> None:
    path = kdump.initrd(kernels.running)
    others = ", ".join(initrd.path for initrd in initrds.found if initrd.path != path)
    missing = f"it is not there, only {others}" if others else "it is not there"
    expect(initrds.get(path), expected=path, found=path if initrds.get(path) else missing)


@check(
    "initrd.readable",
    title="The kdump initrd is a file the kernel can unpack",
    remedy="initrd.rebuild",
    source=SOURCE,
    follows=("initrd.present",),
)
def test_initrd_is_readable(initrds: Initrds, kernels: Kernels, kdump: Provider) -> None:
    path = kdump.initrd(kernels.running)
    initrd = initrds.get(path)
    expect(initrd, expected=path, found=path if initrd else "it is not there")
    if initrd is None:
        return
    expect(initrd.kind == "regular file", expected="a regular file with content", found=f"{initrd.kind}")
    expect(initrd.size > 0, expected="more than 0 bytes", found=size(initrd.size))
    expect(
        initrd.format,
        expected="a compressed cpio archive",
        found=f"{initrd.format} archive" if initrd.format else f"it begins with {initrd.magic or 'nothing'}",
    )


@check(
    "initrd.fresh",
    title="The kdump initrd is newer than what it is built from",
    remedy="initrd.rebuild",
    source="openSUSE/kdump init/mkdumprd (rebuilds unless each source is older)",
    follows=("initrd.present",),
)
def test_initrd_is_newer_than_its_sources(initrds: Initrds, kernels: Kernels, kdump: Provider) -> None:
    path = kdump.initrd(kernels.running)
    initrd = initrds.get(path)
    expect(initrd, expected=path, found=path if initrd else "it is not there")
    if initrd is None:
        return
    newer = [
        source for source in kdump.initrd_sources(kernels.running) if initrds.sources.get(source, 0) > initrd.mtime
    ]
    expect(
        not newer,
        expected="nothing it is built from is newer",
        found=f"{', '.join(newer)} changed after it was built" if newer else "nothing changed since",
    )


@check(
    "kernel.kver",
    title="The vendor's scripts mean the kernel that runs",
    severity=Severity.WARN,
    instruction="A kernel was updated and the node not rebooted, or two are installed: reboot, or remove the one "
    "not used. Until then take `uname -r` where documents say ${KVER}.",
    source="metal-provision roles/node_images/files/scripts/common/dracut-lib.sh",
)
def test_kver_is_the_running_kernel(kernels: Kernels) -> None:
    """The vendor's procedures build the initrd for ${KVER}; when that is another kernel, they build the wrong one."""
    if kernels.kver is None:
        not_applicable("the node has no /srv/cray/scripts/common/dracut-lib.sh")
    expect(
        kernels.kver == kernels.running,
        expected=f"KVER is {kernels.running}",
        found=f"KVER is {kernels.kver or 'empty'}",
    )
