# SPDX-License-Identifier: Apache-2.0
"""What lies below ROOTRAID: arrays, and layers that a capture kernel may not be able to open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import rows, whole_number
from kdumpcheck.probe import Section

_SCRIPT = r"""
label=/dev/disk/by-label/ROOTRAID
[ -b "$label" ] || exit 0
show() {
    value=
    { read -r value <"$1"; } 2>/dev/null
    printf '\t%s' "$value"
}
walk() {
    printf 'layer\t%s' "${1##*/}"
    for name in dm/uuid md/level md/raid_disks md/degraded md/sync_action; do
        show "$1/$name"
    done
    echo
    for below in "$1"/slaves/*; do
        [ -e "$below" ] && walk "$below"
    done
    return 0
}
device=$(readlink -f "$label")
walk "/sys/class/block/${device##*/}"
"""
#: What the device mapper's UUIDs begin with (dmsetup(8)), and what that means for a capture kernel.
_LAYERS = {
    "CRYPT-": "encrypted: opening it takes a passphrase and much memory",
    "mpath-": "multipath, which kdump's initrd of an NCN leaves out",
    "LVM-": "a logical volume, which needs LVM in the initrd",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One block device: its kernel name, the device mapper's UUID, and as an array its level, disks and missing ones.

    `doing` is the array's sync_action ("idle", "recover", ...).
    """

    name: str
    mapped: str
    level: str
    disks: int | None
    missing: int | None
    doing: str

    @property
    def obstacle(self) -> str:
        """Why a capture kernel may not get through this layer; "" for a plain disk or array."""
        why = next((why for start, why in _LAYERS.items() if self.mapped.startswith(start)), "")
        return f"{self.name} is {why}" if why else ""

    @property
    def array(self) -> str:
        """The array in words ("md127: raid1, 1 of 2 disks missing, recover"); "" for what is none."""
        if not self.level:
            return ""
        lack = f", {self.missing} of {self.disks} disks missing" if self.missing else ""
        return f"{self.name}: {self.level}{lack}" + (f", {self.doing}" if self.doing not in {"", "idle"} else "")


@dataclass(frozen=True, slots=True)
class Storage:
    """ROOTRAID and all devices below it, from the top down; none where no disk has the label."""

    sections: ClassVar[tuple[Section, ...]] = (Section("storage", _SCRIPT),)

    layers: tuple[Layer, ...]

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read /sys/class/block: slaves, dm/uuid, md/* (kernel Documentation/admin-guide/md.rst)."""
        text = evidence.text("storage")
        if isinstance(text, Unknown):
            return text
        return cls(
            tuple(
                Layer(name, mapped, level, whole_number(disks), whole_number(missing), doing)
                for name, mapped, level, disks, missing, doing in rows(text, "layer", 6)
            )
        )
