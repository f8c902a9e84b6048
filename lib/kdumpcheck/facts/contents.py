# SPDX-License-Identifier: Apache-2.0
"""What is inside the kdump initrds: where each will mount, what it will run, which drivers it brings.

The node's fstab and configuration say what the next initrd will be; only the one that is there says what a crash does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import whole_number
from kdumpcheck.facts.sysconfig import setting
from kdumpcheck.probe import Section

# lsinitrd would do, but it writes a temporary file. The archive is unpacked once, into three readers at the same time:
# tee passes it on through pipes. What the readers find is written line by line, so that it does not run together.
_SCRIPT = r"""
command -v cpio >/dev/null 2>&1 || { echo 'cannot	there is no cpio on the node to read it with'; exit 0; }
# Early microcode is one archive or more in front of the real one. dracut marks its own and brings a program that leaves
# them out; without it perl walks over every archive but the last (cpio(5), "New ASCII Format"; zeros may lie between).
# shellcheck disable=SC2016  # perl's own
past='
open(F, "<", $ARGV[0]) or exit 1; binmode F; my ($at, $start, $size, $seen, $early) = (0, 0, -s F, 0, 0);
while ($at + 110 <= $size) {
    seek(F, $at, 0); read(F, my $head, 110) == 110 or exit 1; last unless $head =~ /^07070[12][0-9A-Fa-f]{104}/;
    my ($length, $names) = (hex(substr($head, 54, 8)), hex(substr($head, 94, 8))); exit 1 if $names > 4096;
    read(F, my $name, $names) == $names or exit 1;
    my $data = $at + 110 + $names; $data += (4 - $data % 4) % 4; $at = $data + $length; $at += (4 - $at % 4) % 4;
    $seen += 4096 * int(($length + 4095) / 4096); next unless $name =~ /^TRAILER!!!/;
    my $block; seek(F, $at, 0);
    while (read(F, $block, 4096)) { if ($block =~ /[^\0]/) { $at += $-[0]; last } $at += length $block }
    last if $at >= $size; ($start, $early) = ($at, $seen);
}
printf STDERR "early\t%d\n", $early if $start;
seek(F, $start, 0); print $_ while read(F, $_, 65536);'
# shellcheck disable=SC2317  # called by the name in $skip
past_early() { perl -e "$past" "$1" 2>&6; }
unpack() {
    skip='cat' begins=$(head -c 1024 "$1" | tr -d '\000')
    case $begins in
        07070[12]*)
            case $begins in
                *early_cpio*) for tool in /lib/dracut/skipcpio /usr/lib/dracut/skipcpio; do
                    [ -x "$tool" ] && skip=$tool
                done ;;
            esac
            [ "$skip" != cat ] || ! command -v perl >/dev/null 2>&1 || skip='past_early'
            case $skip$begins in
                cat*kernel/x86*)
                    printf 'cannot\tmicrocode lies in front of it, and there is no perl on the node to skip it\n' >&6
                    return 0 ;;
            esac ;;
    esac
    case $("$skip" "$1" | head -c 6 | od -A n -t x1 | tr -d ' \n') in
        fd377a585a00) with='xz -dc' ;;
        1f8b*) with='gzip -dc' ;;
        28b52ffd*) with='zstd -dcq' ;;
        425a68*) with='bzip2 -dc' ;;
        02214c18*) with='lz4 -dc' ;;
        894c5a4f*) with='lzop -dc' ;;
        30373037303[12]) with='cat' ;;
        *) return 9 ;;
    esac
    command -v "${with%% *}" >/dev/null 2>&1 || {
        printf 'cannot\tthere is no %s on the node to unpack it with\n' "${with%% *}" >&6
        return 0
    }
    "$skip" "$1" | $with
}
# What comes after the archive's end is read all the same, or the writer would be cut off.
read_out() { cpio -i --quiet --to-stdout "$@"; cat >/dev/null; }
list() { cpio -itv --quiet; printf 'end\t%s\n' $?; cat >/dev/null; }
# The programs that the configuration names, too: whatever directory they are in.
programs=$(sed -n 's/^KDUMP_\(PRESCRIPT\|POSTSCRIPT\|REQUIRED_PROGRAMS\)=//p' /etc/sysconfig/kdump 2>/dev/null |
    tr "\"'\n" '   ')
programs="$programs $(sed -n -e 's/#.*//' -e 's/"//g' \
    -e 's/^[[:space:]]*\(kdump_pre\|kdump_post\|extra_bins\)[[:space:]]//p' /etc/kdump.conf 2>/dev/null | tr '\n' ' ')"
programs="$programs ${more_files:-}"
export programs
# shellcheck disable=SC2016  # awk's own
summary='
BEGIN {
    for (i = split(ENVIRON["programs"], word, " "); i > 0; i--) {
        parts = split(word[i], part, "/"); if (parts) wanted[part[parts]] = 1
    }
}
function tell(version) {
    if (names[version] != "") { printf "modules\t%s\t%s\n", version, names[version]; fflush() }
    names[version] = ""
}
$1 == "end" { print; fflush(); next }
/^-/ { bytes += int(($5 + 4095) / 4096) * 4096 }
/^[-l]/ && $9 ~ /(^|\/)lib\/modules\/[^\/]+\/.*\.ko(\.[a-z0-9]+)?$/ {
    parts = split($9, part, "/")
    for (i = 1; part[i] != "modules"; i++);
    version = part[i + 1]; name = part[parts]; sub(/\.ko.*/, "", name)
    names[version] = names[version] " " name
    if (length(names[version]) > 3000) tell(version)
    next
}
/^[-l]/ { parts = split($9, part, "/") }
/^[-l]/ && (part[parts] in wanted || $9 ~ /makedumpfile$|kdump-save|^kdump\/|bin\/mdadm$|\/kdump[^\/]*$/ ||
    $9 ~ /^(squash-|erofs-|squash\/)root\.img$/) {
    printf "file\t%s\t%s\n", $9, $5; fflush()
}
END { for (version in names) tell(version); printf "bytes\t%.0f\n", bytes }
'
open_up() {
    printf 'initrd\t%s\n' "$1"
    { { { unpack "$1"; printf 'unpacked\t%s\n' $? >&6; } | tee /dev/fd/7 /dev/fd/8 |
        read_out etc/fstab | sed -n '/^[^#]/s/^/fstab	/p' >&6; } 7>&1 |
        read_out etc/kdump.conf etc/sysconfig/kdump |
        sed -n -e 's/^\(KDUMP_SMTP_PASSWORD=\).*/\1"[redacted]"/' -e 's#://[^[:space:]]*@#://[redacted]@#g' \
            -e '/^[[:space:]]*KDUMP[A-Z_]*=/{s/^/config	/p;d' -e '}' \
            -e "s/\([Pp]ass[a-z]*=\)[^,[:space:]\"']*/\1[redacted]/g" \
            -e '/^[[:space:]]*[a-z][a-z0-9_]*[[:space:]]/s/^/conf	/p' >&6; } 8>&1 | list | awk "$summary"
    ! LC_ALL=C grep -a -q -E 'squash(-|/)root[.]img' "$1" || look_within "$1"
}
# dracut's squash modules put all files into an image inside an archive that is not packed: it is read where it lies.
look_within() {
    command -v unsquashfs >/dev/null 2>&1 || return 0
    LC_ALL=C grep -a -b -o hsqs "$1" | head -n 8 | while IFS=: read -r at _; do
        unsquashfs -o "$at" -s "$1" >/dev/null 2>&1 || continue
        printf 'within\t%s\n' "$at"
        unsquashfs -o "$at" -ll "$1" 2>/dev/null | sed -n 's# squashfs-root/# #p' |
            awk '{ print $1, 1, $2, $2, $3, $4, $5, "-", $6 }' | awk "$summary" | grep -v '^bytes'
        unsquashfs -o "$at" -cat "$1" etc/fstab 2>/dev/null | sed -n '/^[^#]/s/^/fstab	/p'
        unsquashfs -o "$at" -cat "$1" etc/kdump.conf 2>/dev/null |
            sed -n -e "s/\([Pp]ass[a-z]*=\)[^,[:space:]\"']*/\1[redacted]/g" -e '/^[[:space:]]*[a-z]/s/^/conf	/p'
        break
    done
}
exec 6>&1
# kdump loads the kernel that it is told, for a debug kernel kdumpctl loads the plain one, else the running one.
running=$(uname -r)
told=$(sed -n 's/^[[:space:]]*KDUMP_KERNELVER=["'\'']\{0,1\}\([^"'\'' #]*\).*/\1/p' /etc/sysconfig/kdump 2>/dev/null |
    tail -n 1)
[ "$told" != "$running" ] || told=''
for file in "/boot/initrd-$(uname -r)-kdump" ${told:+"/boot/initrd-$told-kdump"} /var/lib/kdump/initrd \
    "/var/lib/kdump/initrd.img-$running"; do
    [ -f "$file" ] && open_up "$file" 2>/dev/null
done
case $running in *[+-]debug) plain=${running%[+-]debug} ;; *) plain='' ;; esac
for release in "$running" ${plain:+"$plain"} ${told:+"$told"}; do
    for file in "/boot/initramfs-${release}kdump.img" "/var/lib/kdump/initramfs-${release}kdump.img"; do
        [ -f "$file" ] && open_up "$file" 2>/dev/null
    done
done
for file in $(printf '%s' "${more_opened:-}" | sed "s/{kernel}/$(uname -r)/g"); do
    [ -f "$file" ] && open_up "$file" 2>/dev/null
done
exit 0
"""

#: dracut's modules squash, squash-squashfs and squash-erofs put all files of a kdump initrd into an image of their own.
_PACKED = ("squash-root.img", "erofs-root.img", "squash/root.img")


@dataclass(frozen=True, slots=True)
class CaptureMount:
    """One line of the initrd's own fstab: what the capture kernel will mount, and where in its own tree."""

    device: str
    point: str
    fstype: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """One initrd, opened.

    `unpacked` is what it takes in memory, in bytes; `files` those of its files that kdump needs, with their sizes;
    `modules` its drivers by kernel release; `settings` the copy of the configuration that it carries;
    `damage` says why it could not be read to its end ("" when it could); `conf` are the lines of its own kdump.conf,
    where that is one of kdump-utils; `packed` is an image inside it that holds all the rest and could not be read.
    """

    path: str
    unpacked: int
    files: Mapping[str, int]
    modules: Mapping[str, frozenset[str]]
    mounts: tuple[CaptureMount, ...]
    settings: Mapping[str, str]
    damage: str
    conf: tuple[str, ...] = ()
    packed: str = ""

    def has(self, ending: str) -> bool:
        """Whether a file of this name is in it, in whatever directory."""
        return any(name == ending or name.endswith("/" + ending) for name in self.files)

    def has_whole(self, ending: str) -> bool:
        """The same for a file that must not be empty; of hard links, cpio gives all but one no size."""
        return any(size for name, size in self.files.items() if name == ending or name.endswith("/" + ending))

    def mount_of(self, path: str) -> CaptureMount | None:
        """The mount on which a path of the capture kernel's tree lies: the longest that fits, as the kernel sees it."""
        fitting = [mount for mount in self.mounts if _lies_under(path, mount.point)]
        return max(fitting, key=lambda mount: len(mount.point.rstrip("/")), default=None)


@dataclass(frozen=True, slots=True)
class Contents:
    """The initrds that kdump may have loaded, opened, by path."""

    sections: ClassVar[tuple[Section, ...]] = (Section("contents", _SCRIPT, timeout=120, limit=256 * 1024),)

    by_path: Mapping[str, Opened]

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read the listing of each initrd (cpio(1)) and the files taken out of it (dracut(8), kdump(7))."""
        text = evidence.text("contents")
        if isinstance(text, Unknown):
            return text
        opened = read_opened(text)
        return opened if isinstance(opened, Unknown) else cls(opened)

    def get(self, path: str) -> Opened | None:
        """The opened initrd at a path, or None when there is none."""
        return self.by_path.get(path)


def read_opened(text: str) -> dict[str, Opened] | Unknown:
    """The initrds that a listing tells of, by path; the same lines tell of a node's and of an image's."""
    readers: dict[str, _Reader] = {}
    reader = _Reader("")
    for line in text.split("\n"):
        kind, _, rest = line.partition("\t")
        if kind == "initrd":
            reader = readers.setdefault(rest, _Reader(rest))
        elif kind == "cannot":
            return Unknown(f"the kdump initrd could not be opened: {rest[:120]}")
        else:
            reader.take(kind, rest)
    return {path: reader.opened for path, reader in readers.items()}


class _Reader:
    """Collects the lines about one initrd."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._lines: dict[str, list[str]] = {}

    def take(self, kind: str, rest: str) -> None:
        self._lines.setdefault(kind, []).append(rest)

    def _only(self, kind: str) -> int | None:
        return whole_number(self._lines.get(kind, [""])[0])

    @cached_property
    def opened(self) -> Opened:
        files = [line.split("\t") for line in self._lines.get("file", [])]
        return Opened(
            path=self.path,
            unpacked=(self._only("bytes") or 0) + (self._only("early") or 0),
            files={columns[0]: whole_number(columns[1]) or 0 for columns in files if len(columns) == 2},
            modules=self._modules(),
            mounts=tuple(
                CaptureMount(words[0], words[1], words[2], tuple(words[3].split(",")) if len(words) > 3 else ())
                for line in self._lines.get("fstab", [])
                if len(words := line.split()) >= 3 and not words[0].startswith("#")
            ),
            settings=dict(read for line in self._lines.get("config", []) if (read := setting(line)) is not None),
            damage=self._damage(),
            conf=tuple(self._lines.get("conf", [])),
            packed="" if "within" in self._lines else next((name for name, *_ in files if name in _PACKED), ""),
        )

    def _modules(self) -> Mapping[str, frozenset[str]]:
        names: dict[str, set[str]] = {}
        for line in self._lines.get("modules", []):
            release, _, words = line.partition("\t")
            names.setdefault(release, set()).update(module(word) for word in words.split())
        return {release: frozenset(found) for release, found in names.items()}

    def _damage(self) -> str:
        unpacked, listed = self._only("unpacked"), self._only("end")
        if unpacked == 9:
            return "it is no archive that a kernel could unpack"
        if unpacked is None or listed is None or not self._only("bytes"):
            return "it could not be read to its end"
        return "" if unpacked == 0 and listed == 0 else "it breaks off or is damaged inside"


def module(name: str) -> str:
    """A kernel module's name as the kernel spells it: file names may have "-" where it says "_"."""
    return name.replace("-", "_")


def _lies_under(path: str, point: str) -> bool:
    stem = point.rstrip("/")
    return path == stem or path.startswith(stem + "/")
