# SPDX-License-Identifier: Apache-2.0
"""ROOTRAID: the disk that holds the overlay's upper layer, and the links on it that kdump follows.

The links are made at each boot by dracut-metal-mdsquash (90metalmdsquash/metal-kdump.sh). The capture kernel mounts
ROOTRAID by itself, so only a relative link on it still leads somewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import pairs, rows, whole_number
from kdumpcheck.probe import Section

# The device number, not the name, tells which mounts are ROOTRAID's: names differ (/dev/md127, /dev/md/ROOT).
# lsblk would do as the vendor's page has it, but answers nothing for an unmounted device, and "ls $(nothing)/boot"
# then lists the node's own /boot as if all were well.
_SCRIPT = r"""
label=/dev/disk/by-label/ROOTRAID
[ -b "$label" ] || exit 0
printf 'device=%s\n' "$(readlink -f "$label")"
major=$(stat -L -c %t "$label") minor=$(stat -L -c %T "$label")
number=$(printf '%d:%d' "0x$major" "0x$minor")
printf 'upper=%s\n' "$(readlink -f /run/overlayfs)"
savedir=$(sed -n 's/^[[:space:]]*KDUMP_SAVEDIR=["'\'']\{0,1\}\(file:\/\/\)\{0,1\}\(\/[^"'\'' ]*\).*/\2/p' \
    /etc/sysconfig/kdump 2>/dev/null | tail -n 1 | sed -e 's#//*#/#g' -e 's#/$##')
# Where a path leads when ROOTRAID is mounted anywhere else: "" for out of it, by an absolute link or too many "..".
inside() {
    at='' left=${1#"$point"/} links=0
    while [ -n "$left" ]; do
        part=${left%%/*}
        case $left in */*) left=${left#*/} ;; *) left='' ;; esac
        case $part in
            '' | .) continue ;;
            ..) [ -n "$at" ] || return 0; at=${at%/*}; continue ;;
        esac
        if [ -L "$point$at/$part" ]; then
            target=$(readlink "$point$at/$part") links=$((links + 1))
            case $target in /*) return 0 ;; esac
            [ "$links" -le 40 ] || return 0
            left=$target/$left
        else
            at=$at/$part
        fi
    done
    printf '%s' "$at"
}
describe() {
    if [ -e "$1" ] || [ -L "$1" ]; then
        printf 'path\t%s\t%s\t%s\t%s\n' "$1" "$(stat -c %F "$1")" "$(readlink "$1")" "$(readlink -e "$1")"
        [ -L "$1" ] && printf 'leads\t%s\t%s\n' "$1" "$(inside "$1")"
    else
        printf 'path\t%s\tabsent\t\t\n' "$1"
    fi
}
while read -r _ _ device root point options rest; do
    # What is mounted over /var/crash hides what the capture kernel saves below it.
    case $point in /var | /var/crash)
        rest=${rest#*- } own=''
        [ "$device" = "$number" ] && own=$root
        printf 'over\t%s\t%s\t%s\n' "$point" "${rest%% *}" "$own"
    esac
    [ "$device" = "$number" ] || continue
    printf 'mount\t%s\t%s\t%s\n' "$point" "$root" "$options"
    [ "$root" = / ] || continue
    describe "$point/boot"
    describe "$point/crash"
    inside=${savedir#"$point"}
    [ "$inside" = /crash ] || [ -z "$inside" ] || describe "$point/${inside#/}"
done </proc/self/mountinfo
exit 0
"""
#: Where the boot hook mounts ROOTRAID (MDSQ metal-md-lib.sh).
CANONICAL = "/run/initramfs/overlayfs"


@dataclass(frozen=True, slots=True)
class Mount:
    """One place where the whole of ROOTRAID is mounted, with its options in mountinfo's words."""

    point: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """What stands at one path on ROOTRAID: `kind` in stat(1)'s words or "absent".

    `target` is where a link says it leads, `resolved` where it really does ("" for nowhere). `inside` is where it leads
    on ROOTRAID alone, without the node's own root ("" for out of it; None where that was not asked).
    """

    path: str
    kind: str
    target: str
    resolved: str
    inside: str | None = None

    @property
    def is_link(self) -> bool:
        """True for a symbolic link, dangling or not."""
        return self.kind == "symbolic link"

    @property
    def is_relative(self) -> bool:
        """True for a link that does not begin at "/"; only such a link leads on in the capture kernel."""
        return self.is_link and not self.target.startswith("/")

    @property
    def description(self) -> str:
        """What stands there, in words for a report."""
        if self.kind == "absent":
            return f"{self.path} is not there"
        if not self.is_link:
            return f"{self.path} is a {self.kind}"
        return f"{self.path} -> {self.target}" + ("" if self.resolved else " (leads nowhere)")


@dataclass(frozen=True, slots=True)
class Rootraid:
    """The device labelled ROOTRAID ("" when there is none), its mounts, links, and the current upper layer's path.

    `over` are the mounts on /var and /var/crash: where, as what file system, and for one of ROOTRAID's own, which part.
    """

    sections: ClassVar[tuple[Section, ...]] = (Section("rootraid", _SCRIPT),)

    device: str
    upper: str
    mounts: tuple[Mount, ...]
    links: tuple[Link, ...]
    over: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read /dev/disk/by-label, proc_pid_mountinfo(5) and the links."""
        text = evidence.text("rootraid")
        if isinstance(text, Unknown):
            return text
        found = pairs(text)
        mounts = tuple(
            Mount(_unescape(point), tuple(options.split(",")))
            for point, root, options in rows(text, "mount", 3)
            if root == "/"
        )
        leads = dict(rows(text, "leads", 2))
        links = tuple(
            Link(path, kind, target, resolved, leads.get(path))
            for path, kind, target, resolved in rows(text, "path", 4)
        )
        over = tuple((point, fstype, own) for point, fstype, own in rows(text, "over", 3))
        return cls(found.get("device", ""), found.get("upper", ""), mounts, links, over)

    @property
    def mount(self) -> Mount | None:
        """The mount that counts: the boot hook's own where it is, else the first; None when not mounted."""
        return next((mount for mount in self.mounts if mount.point == CANONICAL), next(iter(self.mounts), None))

    @property
    def hidden(self) -> str:
        """What is mounted over the /var/crash of the upper layer ("ext4 on /var/crash"); "" for nothing."""
        over = {point: (fstype, own) for point, fstype, own in self.over}
        point = next((point for point in ("/var/crash", "/var") if point in over), "")
        fstype, own = over.get(point, ("", ""))
        root = self.mount.point if self.mount else CANONICAL
        return f"{fstype} on {point}" if point and (not own or root + own != self.upper + point) else ""

    def link(self, name: str) -> Link:
        """What stands at `name` ("/boot", "/crash") on the mount that counts."""
        path = (self.mount.point if self.mount else CANONICAL) + name
        return next((link for link in self.links if link.path == path), Link(path, "absent", "", ""))


def _unescape(point: str) -> str:
    r"""Undo mountinfo's octal escapes (\040 is a blank)."""
    parts = point.split("\\")
    decoded = parts[0]
    for part in parts[1:]:
        code = whole_number(part[:3], 8) if len(part) >= 3 else None
        decoded += chr(code) + part[3:] if code is not None else "\\" + part
    return decoded
