# SPDX-License-Identifier: Apache-2.0
"""Faults of what is inside the kdump initrd."""

from __future__ import annotations

from typing import Final, Literal

from kdumpcheck.lab.faults.fault import Fault
from kdumpcheck.lab.faults.tools import change_initrd


def _inside(
    shell: str,
    *,
    id: str,  # noqa: A002 - it is the fault's id
    title: str,
    expects: tuple[str, ...] = (),
    warns: tuple[str, ...] = (),
    outcome: Literal["dump", "elsewhere", "none"] = "none",
) -> Fault:
    return Fault(
        id=id,
        title=title,
        effect="changes just that in the kdump initrd and loads it",
        expects=expects,
        warns=warns,
        outcome=outcome,
        needs="vm",
        break_shell=change_initrd(shell),
    )


FAULTS: Final = (
    _inside(
        'remove "$(find . -name makedumpfile)"\n',
        id="initrd-without-makedumpfile",
        title="The kdump initrd holds no makedumpfile",
        expects=("initrd.tools",),
    ),
    _inside(
        """remove "$(find . -name 'kdump-save' ! -type d)"\n""",
        id="initrd-without-kdump-save",
        title="The kdump initrd holds no kdump-save, the program that saves",
        expects=("initrd.tools",),
    ),
    _inside(
        """\
remove "$(find . -path '*.wants/kdump-save.service')"
find . -path '*.requires/kdump-save.service' -delete
grep -rlE '(Requires|Wants)=.*kdump-save' usr/lib/systemd etc/systemd 2>/dev/null | xargs -r rm -f
""",
        id="initrd-not-wired",
        title="Nothing in the kdump initrd starts kdump-save.service",
        expects=("initrd.tools",),
    ),
    _inside(
        """remove "$(find . -name 'raid1.ko*')"\n""",
        id="initrd-without-raid1",
        title="The kdump initrd lacks the driver of ROOTRAID's RAID",
        expects=("initrd.drivers",),
    ),
    _inside(
        """remove "$(find . -name 'xfs.ko*')"\n""",
        id="initrd-without-xfs",
        title="The kdump initrd lacks the driver of ROOTRAID's file system",
        expects=("initrd.drivers",),
    ),
    _inside(
        """remove "$(find . -name 'virtio_blk.ko*')"\n""",
        id="initrd-without-disk-driver",
        title="The kdump initrd lacks the driver of the disks",
        expects=("initrd.drivers",),
    ),
    _inside(
        """\
modules=$(find . -type d -path "*lib/modules/$kver")
[ -n "$modules" ] || fail "the initrd has no modules"
mv "$modules" "${modules%/*}/5.3.18-150300.59.43-default"
""",
        id="initrd-foreign-modules",
        title="The kdump initrd holds another kernel's modules",
        expects=("initrd.kernel",),
    ),
    _inside(
        r"""sed -i 's|^[^#[:space:]][^[:space:]]*\([[:space:]]*/kdump\)|/dev/md127\1|' etc/fstab""" + "\n",
        id="initrd-device-name",
        title="The kdump initrd names its disk by a number that may change",
        warns=("initrd.device-name",),
        outcome="dump",
    ),
    _inside(
        r"""sed -i 's|^[^#[:space:]][^[:space:]]*\([[:space:]]*/kdump\)|LABEL=SQFSRAID\1|' etc/fstab""" + "\n",
        id="initrd-for-the-squashfs-disk",
        title="The kdump initrd would mount the disk with the image and not ROOTRAID",
        expects=("initrd.target",),
    ),
    _inside(
        """\
for copy in etc/sysconfig/kdump etc/kdump.conf; do
    [ ! -f "$copy" ] || sed -i '/^KDUMP_SAVEDIR=/s|/crash|/old-crash|' "$copy"
done
""",
        id="initrd-other-savedir",
        title="The kdump initrd saves to another directory than the node's configuration says",
        expects=("initrd.savedir",),
        outcome="elsewhere",
    ),
)
