# SPDX-License-Identifier: Apache-2.0
"""/etc/kdump.conf, and what it names on the node: the disk that dumps go to, its path, the programs that run.

Asked of nodes with kdump-utils alone (RHEL, Fedora); all others answer nothing. kdumpctl itself is never run: its
`status` takes a lock, and its `estimate` may build an initrd.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.devices import STACK
from kdumpcheck.facts.kdumpsettings import KdumpSettings
from kdumpcheck.facts.lines import rows, whole_number
from kdumpcheck.facts.mountinfo import Place, mount_of, place_of
from kdumpcheck.probe import Section

# Of all mounts, those on disks of this node alone are asked for the path: one of a server that hangs would take the
# answer with it.
_SCRIPT = (
    r"""
file=/etc/kdump.conf
[ -e "$file" ] || [ -e /usr/bin/kdumpctl ] || exit 0
exec 2>/dev/null
[ -e "$file" ] && printf 'file\tthere\n'
plain=$(sed -e 's/#.*//' -e 's/[[:space:]][[:space:]]*/ /g' -e 's/^ //' -e 's/ $//' -e '/^$/d' "$file")
printf '%s\n' "$plain" | sed -e "s/\([Pp]ass[a-z]*=\)[^, \"']*/\1[redacted]/g" -e '/./s/^/line	/p' -n
# Sets $told to the last value of any of the options that are named; without a process of its own.
value() {
    told='' before=$IFS IFS='
'
    set -f
    for line in $plain; do
        for option in "$@"; do
            case $line in "$option "*) told=${line#"$option "} ;; esac
        done
    done
    set +f
    IFS=$before
    case $told in \"*\") told=${told#\"} told=${told%\"} ;; esac
}
PATH=/bin:/usr/bin:/sbin:/usr/sbin
value core_collector
collector=${told%% *}
printf 'collector\t%s\t%s\n' "${collector:-makedumpfile}" "$(command -v "${collector:-makedumpfile}")"
for kind in kdump_pre kdump_post extra_bins; do
    value "$kind"
    for name in $told; do
        state=missing
        [ ! -e "$name" ] || state=plain
        [ ! -x "$name" ] || state=executable
        printf 'program\t%s\t%s\t%s\t%s\n' "$kind" "$name" "$state" "$(stat -L -c %Y "$name")"
    done
done
for name in /etc/kdump/pre.d/* /etc/kdump/post.d/*; do
    [ -f "$name" ] && [ -x "$name" ] && printf 'program\thook\t%s\texecutable\t%s\n' "$name" "$(stat -L -c %Y "$name")"
done
cut -c 1-600 /proc/self/mountinfo | head -n 300 | sed 's/^/mount	/'
lsblk -nrpo KNAME,FSTYPE | head -n 1000 | sed -e 's/^\([^ ]*\) */block	\1	/'
value path
path=${told:-/var/crash}
real=$(readlink -f "$path") || real=$path
printf 'path\t%s\t' "$real"
if [ -d "$real" ]; then echo there; else echo missing; fi
value raw ext2 ext3 ext4 xfs btrfs minix
target=$told
value dracut_args
case $target$told in
    *--mount[=\ ]*) target=${told##*--mount?} target=${target#[\"\']} target=${target%%[ \"\']*} ;;
esac
case $target in
    LABEL=*) name=/dev/disk/by-label/${target#LABEL=} ;;
    UUID=*) name=/dev/disk/by-uuid/${target#UUID=} ;;
    *) name=$target ;;
esac
device='' source='' stem=''
# Of several mounts on one place, the last one is seen.
while read -r _ _ _ _ point _ rest; do
    rest=${rest#*- } && fstype=${rest%% *} rest=${rest#* } && from=${rest%% *}
    [ -b "$from" ] || [ "$fstype" = virtiofs ] || continue
    [ -d "$point/$path" ] && printf 'held\t%s\n' "$point"
    case $real/ in
        "${point%/}"/*) [ "${#point}" -ge "${#stem}" ] && stem=$point source=$from ;;
    esac
done </proc/self/mountinfo
value nfs ssh virtiofs
[ -n "$name$told" ] || name=$source
[ -b "$name" ] && device=$(readlink -f "$name")
[ -z "$target" ] || printf 'name\t%s\t%s\n' "$target" "$device"
"""
    + STACK.lstrip("\n")
    + r"""
locked() {
    [ -r "$1/dm/uuid" ] && read -r uuid <"$1/dm/uuid" && case $uuid in
        CRYPT-*) printf 'locked\t%s\n' "${1##*/}" ;;
    esac
    for under in "$1"/slaves/*; do
        [ -e "$under" ] && locked "$under"
    done
    return 0
}
if [ -n "$device" ]; then
    stack "/sys/class/block/${device##*/}"
    locked "/sys/class/block/${device##*/}"
    fstype=$(lsblk -dnro FSTYPE "$device")
    [ -z "$fstype" ] || driver "$fstype"
    printf 'device\t%s\n' "$device"
fi
exit 0
"""
)


@dataclass(frozen=True, slots=True)
class Program:
    """A program that runs before or after the save, or is taken along: by which option, where, and if it can run.

    `state` is "executable", "plain" for a file that cannot be run, or "missing"; `mtime` is in seconds since 1970.
    """

    option: str
    path: str
    state: str
    mtime: int


@dataclass(frozen=True, slots=True)
class Kdumpconf:
    """`settings` are those of the file, None where it is not there; `device` is the disk that they lead to ("": none).

    `path` is where their `path` really is on this node, `path_there` whether it is a directory; `held` are the mounts
    of disks on which that path is. `blocks` has the file system on each block device ("" for none); `names` what the
    target's own name leads to; `drivers` are the modules that the disk needs, `locked` encrypted devices below it.
    `collector` is the program that writes the dump, and where it was found.
    """

    sections: ClassVar[tuple[Section, ...]] = (Section("kdumpconf", _SCRIPT, timeout=30, limit=256 * 1024),)

    settings: KdumpSettings | None
    device: str
    path: str
    path_there: bool
    mounts: tuple[Place, ...]
    blocks: Mapping[str, str]
    held: frozenset[str] = frozenset()
    names: Mapping[str, str] | None = None
    drivers: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    programs: tuple[Program, ...] = ()
    collector: tuple[str, str] = ("makedumpfile", "")

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read kdump.conf(5), proc_pid_mountinfo(5), lsblk(8) and sysfs."""
        text = evidence.text("kdumpconf")
        if isinstance(text, Unknown):
            return text
        paths = list(rows(text, "path", 2))
        if not paths:
            return Unknown("the node has no kdump-utils to be asked")
        programs = rows(text, "program", 4)
        collectors = list(rows(text, "collector", 2))
        there = bool(list(rows(text, "file", 1)))
        return cls(
            settings=KdumpSettings.read(line for (line,) in rows(text, "line", 1)) if there else None,
            device=next((device for (device,) in rows(text, "device", 1)), ""),
            path=paths[0][0],
            path_there=paths[0][1] == "there",
            mounts=tuple(place for (line,) in rows(text, "mount", 1) if (place := place_of(line)) is not None),
            blocks=dict(rows(text, "block", 2)),
            held=frozenset(point for (point,) in rows(text, "held", 1)),
            names=dict(rows(text, "name", 2)),
            drivers=tuple(dict.fromkeys(name for (name,) in rows(text, "driver", 1))),
            locked=tuple(dict.fromkeys(name for (name,) in rows(text, "locked", 1))),
            programs=tuple(Program(option, name, state, whole_number(at) or 0) for option, name, state, at in programs),
            collector=(collectors[0][0], collectors[0][1]) if collectors else ("makedumpfile", ""),
        )

    def mount_of(self, path: str) -> Place | None:
        """The mount on which a path lies: the longest that fits, and of equal ones the last."""
        return mount_of(self.mounts, path)
