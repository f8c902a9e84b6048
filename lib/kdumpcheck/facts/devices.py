# SPDX-License-Identifier: Apache-2.0
"""Block devices by all their names, and the drivers that ROOTRAID stands on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import rows
from kdumpcheck.probe import Section

# A driver counts when it is a module: what is built into the kernel has no initstate and is always there.
STACK = r"""
driver() {
    [ -e "/sys/module/$1/initstate" ] && printf 'driver\t%s\n' "$1"
}
# Down to the disks, and from each disk up to the bus: every driver on the way is needed to write to it.
stack() {
    for below in "$1"/slaves/*; do
        [ -e "$below" ] && stack "$below"
    done
    if [ -r "$1/md/level" ]; then
        read -r level <"$1/md/level"
        driver md_mod
        driver "$level"
    fi
    place=$(readlink -f "$1")
    while [ "${place#/sys/devices/?}" != "$place" ]; do
        [ -e "$place/driver/module" ] && using=$(readlink "$place/driver/module") && driver "${using##*/}"
        place=${place%/*}
    done
    return 0
}
"""
#: Functions `driver` and `stack`: every driver that a block device of /sys/class/block stands on.
_NAMES = r"""
# shellcheck disable=SC2012  # one process for all links; what udev calls them is well-formed
ls -ld /dev/disk/by-*/* /dev/mapper/* /dev/md/* 2>/dev/null | sed -n 's#^l.* \(/dev/[^ ]*\) -> \(.*\)$#name	\1	\2#p'
"""
_SCRIPT = (
    _NAMES
    + STACK.lstrip("\n")
    + r"""label=/dev/disk/by-label/ROOTRAID
[ -b "$label" ] || exit 0
device=$(readlink -f "$label")
stack "/sys/class/block/${device##*/}"
while read -r _ _ _ _ point _ rest; do
    [ "$point" = /run/initramfs/overlayfs ] || continue
    rest=${rest#*- }
    printf 'fstype\t%s\n' "${rest%% *}"
    driver "${rest%% *}"
done </proc/self/mountinfo
exit 0
"""
)
_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")


@dataclass(frozen=True, slots=True)
class Devices:
    """`names` leads from each link under /dev to the device; `drivers` are the modules ROOTRAID needs to be mounted.

    `fstype` is the file system on ROOTRAID, "" where it is not mounted.
    """

    sections: ClassVar[tuple[Section, ...]] = (Section("devices", _SCRIPT),)

    names: Mapping[str, str]
    drivers: tuple[str, ...]
    fstype: str

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read udev's links (udev(7)) and sysfs (kernel ABI sysfs-block, sysfs-module)."""
        text = evidence.text("devices")
        if isinstance(text, Unknown):
            return text
        names = {_plain(link): _place(link, target) for link, target in rows(text, "name", 2)}
        drivers = dict.fromkeys(name for (name,) in rows(text, "driver", 1))
        fstypes = [fstype for (fstype,) in rows(text, "fstype", 1)]
        return cls(names, tuple(drivers), fstypes[0] if fstypes else "")

    def resolve(self, spec: str) -> str:
        """The device an fstab names by LABEL=, UUID=, a link or itself; "" when no device has this name now."""
        for tag, directory in (("LABEL=", "by-label"), ("UUID=", "by-uuid"), ("PARTUUID=", "by-partuuid")):
            if spec.startswith(tag):
                return self.names.get(f"/dev/disk/{directory}/{spec.removeprefix(tag).strip(chr(34))}", "")
        if spec in self.names:
            return self.names[spec]
        return spec if spec.startswith("/dev/") and not spec.startswith("/dev/disk/") else ""


def is_persistent(spec: str) -> bool:
    """Whether a name means the same disk at every boot: a label, a UUID or a udev link, not /dev/sda."""
    return spec.startswith(("LABEL=", "UUID=", "PARTUUID=", "PARTLABEL=", "/dev/disk/by-", "/dev/mapper/", "/dev/md/"))


def _place(link: str, target: str) -> str:
    """Where a link of udev's leads: its targets are relative ("../../md127")."""
    if target.startswith("/"):
        return target
    directory = link.rsplit("/", 1)[0].split("/")
    for part in target.split("/"):
        if part == "..":
            directory = directory[:-1]
        elif part != ".":
            directory.append(part)
    return "/".join(directory)


def _plain(link: str) -> str:
    r"""Undo udev's escapes (\x20 is a blank), for comparing with what an fstab says."""
    return _ESCAPE.sub(lambda code: chr(int(code[1], 16)), link)
