# SPDX-License-Identifier: Apache-2.0
"""How the node was booted, and how it would boot from its own disk (grub.cfg on BOOTRAID)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.crashkernel import Crashkernel
from kdumpcheck.probe import Section

# grub.cfg is made once, by cloud-init, and read when the node boots from disk. Its first entry is the default.
_GRUB = r"""
number=none
label=/dev/disk/by-label/BOOTRAID
[ -b "$label" ] && number=$(stat -L -c '%t:%T' "$label") && number=$(printf '%d:%d' "0x${number%:*}" "0x${number#*:}")
places=/metal/recovery
while read -r _ _ device root where _; do
    [ "$device $root" = "$number /" ] && places="$places $where"
done </proc/self/mountinfo
for place in $places; do
    file=$place/boot/grub2/grub.cfg
    [ -r "$file" ] || continue
    printf 'file=%s\n' "$file"
    sed -n -e 's/^[[:space:]]*linux\(efi\|16\)\{0,1\}[[:space:]][[:space:]]*/linux=/p' "$file" | head -n 8
    break
done
exit 0
"""
_NO = ("0", "no", "off")
#: Switches of dmsquash-live that throw the upper layer away, or put it into memory.
HARMFUL = (
    ("rd.live.overlay.reset", "each boot makes the upper layer anew, without the dump in it"),
    ("rd.live.overlay.readonly", "the upper layer is in memory, and ROOTRAID's is not what /var/crash shows"),
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one kernel command line, in order."""

    words: tuple[str, ...]

    @classmethod
    def of(cls, line: str) -> Self:
        """Split a line; what follows " -- " belongs to init."""
        return cls(tuple(line.split(" -- ", 1)[0].split()))

    def values(self, key: str) -> tuple[str, ...]:
        """All values given for `key=`, in order."""
        return tuple(word.partition("=")[2] for word in self.words if word.startswith(f"{key}="))

    def last(self, key: str) -> str:
        """The value that counts, the last one; "" when there is none."""
        return next(iter(reversed(self.values(key))), "")

    def has(self, key: str) -> bool:
        """Whether a key is there, with a value or without."""
        return any(word.partition("=")[0] == key for word in self.words)

    def switched_on(self, key: str) -> bool:
        """Whether a switch is on, as dracut's getargbool reads it: the bare word, or any value but 0, no and off."""
        given = [word.partition("=")[2] if "=" in word else "1" for word in self.words if word.partition("=")[0] == key]
        return bool(given) and given[-1] not in _NO

    @property
    def wipes(self) -> str:
        """What tells a boot over the network to wipe the disks ("metal.no-wipe=0"); "" for nothing that is said."""
        given = [word for word in self.words if word.partition("=")[0] == "metal.no-wipe"]
        return given[-1] if given and not self.switched_on("metal.no-wipe") else ""

    @property
    def harm(self) -> list[str]:
        """What a boot with this command line does that takes a dump, or the whole upper layer, away."""
        found = [f"{switch}: {why}" for switch, why in HARMFUL if self.switched_on(switch)]
        return [*found, self.wipes] if self.wipes else found


@dataclass(frozen=True, slots=True)
class Boot:
    """`running` is the command line of this boot; `disk` that of the next boot from disk, by `grub_file`.

    `disk` is None where there is no grub.cfg to be seen, or no kernel in it: then `grub_file` may be "".
    """

    sections: ClassVar[tuple[Section, ...]] = (*Crashkernel.sections, Section("grub", _GRUB))

    running: Words
    disk: Words | None
    grub_file: str

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read /proc/cmdline (proc_cmdline(5)) and the first `linux` line of grub.cfg."""
        cmdline, grub = evidence.text("cmdline"), evidence.text("grub")
        if isinstance(cmdline, Unknown):
            return cmdline
        if isinstance(grub, Unknown):
            return grub
        if not cmdline.strip():
            return Unknown("/proc/cmdline could not be read")
        lines = [line.partition("=")[2] for line in grub.splitlines() if line.startswith("linux=")]
        files = [line.partition("=")[2] for line in grub.splitlines() if line.startswith("file=")]
        return cls(Words.of(cmdline), Words.of(lines[0]) if lines else None, files[0] if files else "")
