# SPDX-License-Identifier: Apache-2.0
"""What saves the dump where the capture kernel boots the node's own root: mounts, programs, and what was loaded.

Asked of nodes with Debian's kdump-tools alone; all others answer nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.boot import Words
from kdumpcheck.facts.devices import STACK
from kdumpcheck.facts.lines import pairs, rows
from kdumpcheck.facts.mounted import COREDIR
from kdumpcheck.facts.mountinfo import Place, mount_of, place_of
from kdumpcheck.probe import Section

# kdump-config looks for its programs in this path. All that is told of mounts is the kernel's own table.
_SCRIPT = (
    COREDIR
    + r"""
[ -n "$coredir" ] || exit 0
printf 'coredir=%s\nreal=%s\n' "$coredir" "$(readlink -f "$coredir")"
cut -c 1-600 /proc/self/mountinfo | head -n 300 | sed 's/^/mount	/'
PATH=/bin:/usr/bin:/sbin:/usr/sbin
for name in makedumpfile kdump-config kexec bzip2 gzip lz4 xz; do
    where=$(command -v "$name") && [ -x "$where" ] && printf 'program\t%s\n' "$name"
done
[ -x /etc/init.d/kdump-tools ] && printf 'program\t/etc/init.d/kdump-tools\n'
printf 'unit=%s\n' "$(systemctl show -p LoadState kdump-tools-dump.service | sed 's/^LoadState=//')"
for link in /var/lib/kdump/vmlinuz /var/lib/kdump/initrd.img; do
    printf 'link\t%s\t%s\n' "$link" "$(readlink -e "$link")"
done
for name in /sys/class/block/*; do
    [ -r "$name/dm/uuid" ] && read -r uuid <"$name/dm/uuid" && printf 'mapped\t%s\t%s\n' "${name##*/}" "$uuid"
    for below in "$name"/slaves/*; do
        [ -e "$below" ] && printf 'below\t%s\t%s\n' "${name##*/}" "${below##*/}"
    done
done
command=$coredir/kexec_cmd
[ -r "$command" ] &&
    printf 'loaded\t%s\t%s\n' "$(stat -c %Y "$command")" "$(head -c 8192 "$command" | tr '\n\t' '  ')"
"""
    + STACK.lstrip("\n")
    + r"""
# Of several mounts on /, the last one is seen.
source=''
while read -r _ _ _ _ point _ rest; do
    [ "$point" = / ] || continue
    rest=${rest#*- } && fstype=${rest%% *} rest=${rest#* } && source=${rest%% *}
done </proc/self/mountinfo
if [ -b "$source" ]; then
    device=$(readlink -f "$source")
    printf 'root=%s\n' "$device"
    stack "/sys/class/block/${device##*/}"
    driver "$fstype"
fi
exit 0
"""
)
_COMMAND_LINE = re.compile(r'--command-line="([^"]*)"')
_INITRD = re.compile(r"--initrd=(\S+)")


@dataclass(frozen=True, slots=True)
class Loaded:
    """kdump-config's own record of the last kexec that went well: the capture kernel's words, its initrd and kernel."""

    words: Words
    initrd: str
    kernel: str


@dataclass(frozen=True, slots=True)
class Savecore:
    """`coredir` is the save directory, `real` where it really is; `root` the device of / ("" for none).

    `drivers` are the modules that / needs to be mounted; `programs` those found of what saves a dump; `unit` the load
    state of the unit that calls them; `links` where the links to kernel and initrd lead ("" for nowhere); `mapped` the
    device mapper's own names of block devices, `below` pairs of a device and one that it stands on.
    """

    sections: ClassVar[tuple[Section, ...]] = (Section("savecore", _SCRIPT, timeout=20, limit=256 * 1024),)

    coredir: str
    real: str
    root: str
    drivers: tuple[str, ...]
    mounts: tuple[Place, ...]
    programs: frozenset[str]
    unit: str
    links: Mapping[str, str]
    loaded: Loaded | None
    mapped: Mapping[str, str] = field(default_factory=dict)
    below: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read mountinfo (proc_pid_mountinfo(5)), sysfs, and kdump-config's kexec_cmd (kdump-config(8))."""
        text = evidence.text("savecore")
        if isinstance(text, Unknown):
            return text
        found = pairs("\n".join(line for line in text.splitlines() if "\t" not in line))
        if not found.get("coredir"):
            return Unknown("the node has no kdump-tools to be asked")
        loaded = [line for _, line in rows(text, "loaded", 2)]
        return cls(
            coredir=found["coredir"],
            real=found.get("real", ""),
            root=found.get("root", ""),
            drivers=tuple(dict.fromkeys(name for (name,) in rows(text, "driver", 1))),
            mounts=tuple(place for (line,) in rows(text, "mount", 1) if (place := place_of(line)) is not None),
            programs=frozenset(name for (name,) in rows(text, "program", 1)),
            unit=found.get("unit", ""),
            links=dict(rows(text, "link", 2)),
            loaded=_loaded(loaded[0]) if loaded else None,
            mapped=dict(rows(text, "mapped", 2)),
            below=tuple((above, under) for above, under in rows(text, "below", 2)),
        )

    def obstacle(self, device: str) -> str:
        """What of a device ("/dev/dm-0") a capture kernel may not be able to open by itself; "" for nothing."""
        names, found = [device.rsplit("/", 1)[-1]], dict[str, str]()
        while names:
            name = names.pop()
            found[name] = self.mapped.get(name, "")
            names += [under for above, under in self.below if above == name and under not in found]
        for name, uuid in found.items():
            if uuid.startswith(("CRYPT-", "mpath-")):
                return f"{name} is {'encrypted' if uuid.startswith('CRYPT-') else 'multipath'}"
        return ""

    def mount_of(self, path: str) -> Place | None:
        """The mount on which a path lies: the longest that fits, and of equal ones the last."""
        return mount_of(self.mounts, path)


def _loaded(line: str) -> Loaded:
    command, initrd, words = _COMMAND_LINE.search(line), _INITRD.search(line), line.split()
    return Loaded(
        Words.of(command[1] if command else ""), initrd[1] if initrd else "", words[-1] if len(words) > 1 else ""
    )
