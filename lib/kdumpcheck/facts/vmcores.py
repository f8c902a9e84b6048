# SPDX-License-Identifier: Apache-2.0
"""A first look into the newest dumps: a few thousand bytes of each vmcore, and the last words of the kernel's log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kdumpcheck.dumps.beside import GREP, panic_line, shown
from kdumpcheck.dumps.glance import Glance, glance
from kdumpcheck.dumps.saved import flaw_of
from kdumpcheck.dumps.verdict import Problem
from kdumpcheck.dumps.vmcore import Vmcore
from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import rows, whole_number
from kdumpcheck.facts.mounted import FIND_PLACE
from kdumpcheck.probe import Section

# What is read is what kdumpcheck.dumps.glance judges by: headers, the first and the last page descriptors, the end.
# Shells differ in numbers beyond 2^63; a header that leads there is passed over, and so not judged.
_SCRIPT = (
    FIND_PLACE
    + r"""
find_place
[ -n "$point" ] || exit 0
some() {
    printf 'bytes\t%s\t%s\t%s\n' "$file" "$1" "$(od -An -v -tx1 -j "$1" -N "$2" "$file" 2>/dev/null | tr -d ' \n')"
}
numbers() { od -An -v -t"$1" -j "$2" -N "$3" "$file" 2>/dev/null; }
flattened() {
    place=4096 hops=0
    while [ "$hops" -lt 8 ] && [ "$place" -ge 4096 ] && [ "$place" -lt "$size" ]; do
        some "$place" 480
        # shellcheck disable=SC2046
        set -- $(numbers x1 "$((place + 8))" 8)
        case ${1:-ff} in [89a-f]?) break ;; esac
        [ "$#" -eq 8 ] || break
        place=$((place + 16 + 0x$1$2$3$4$5$6$7$8)) hops=$((hops + 1))
    done
    [ "$size" -lt 32 ] || some "$((size - 32))" 32
}
compressed() {
    # shellcheck disable=SC2046
    set -- $(numbers u4 428 12)
    [ "$#" -eq 3 ] && [ "$1" -le 131072 ] && [ "$2" -le 65536 ] || return
    block=$1 table=$(((1 + $2 + $3) * $1))
    some "$block" 104
    [ "$table" -gt 0 ] && [ "$table" -lt "$size" ] || return
    some "$table" 24
    # shellcheck disable=SC2046
    set -- $(numbers d8 "$table" 8)
    end=${1:-0}
    [ "$(((end - table) % 24))" -eq 0 ] || end=$((end - block))
    begin=$((end - 4080))
    [ "$begin" -ge "$table" ] || begin=$table
    [ "$end" -le "$begin" ] || [ "$end" -gt "$size" ] || some "$begin" "$((end - begin))"
}
look() {
    [ -f "$file" ] && [ ! -L "$file" ] && [ -r "$file" ] && size=$(stat -c %s "$file") || return
    printf 'vmcore\t%s\t%s\t%s\n' "$file" "$size" "$(stat -c %Y "$file")"
    some 0 512
    # shellcheck disable=SC2046
    set -- $(numbers x1 0 4)
    case $* in
        '6d 61 6b 65') flattened ;;
        '4b 44 55 4d') compressed ;;
        '7f 45 4c 46') some 0 4096 ;;
    esac
}
left=12 files=24 seen='|'
# shellcheck disable=SC2317  # called by its name
look_in() {
    for parent in "$@"; do
        if [ ! -d "$parent" ] || [ -L "$parent" ]; then continue; fi
        set --
        for dump in "$parent"/$day; do
            [ -d "$dump" ] && [ ! -L "$dump" ] && set -- "$@" "$dump"
        done
        [ "$#" -le 5 ] || shift $(($# - 5))
        for dump in "$@"; do
            case $seen in *"|$dump|"*) continue ;; esac
            seen="$seen$dump|" left=$((left - 1)) parts=0
            [ "$left" -ge 0 ] || exit 0
            for file in "$dump"/vmcore "$dump"/vmcore[0-9] "$dump"/vmcore[1-9][0-9] "$dump"/dump.[0-9]* \
                "$dump"/vmcore.[0-9]*; do
                # What a program packed (KDUMP_COMPRESSION) cannot be told by its ends.
                case $file in *.gz | *.bz2 | *.lz4 | *.xz) continue ;; esac
                if [ ! -e "$file" ] || [ "$parts" -ge 8 ] || [ "$files" -le 0 ]; then continue; fi
                parts=$((parts + 1)) files=$((files - 1))
                look
            done
            for file in "$dump"/dmesg.txt "$dump"/dmesg "$dump"/dmesg.[0-9]* "$dump"/vmcore-dmesg.txt; do
                if [ ! -f "$file" ] || [ -L "$file" ]; then continue; fi
                tail -c 1048576 "$file" 2>/dev/null | tr '\000\t' '  ' | grep -E '@GREP@' | tail -n 12 | cut -c 1-300 |
                    while read -r line; do printf 'last\t%s\t%s\n' "$dump" "$line"; done
            done
        done
    done
}
# The directory in view comes first; what is seen twice is passed over.
look_in "$shown"
look_in_parents look_in
exit 0
"""
).replace("@GREP@", GREP)
#: Beside the section `dumps`, so that what goes wrong here costs no listing.
SECTION = Section("dumps.vmcores", _SCRIPT, timeout=20, limit=384 * 1024, later=True)
_LONGEST = 5000


@dataclass(frozen=True, slots=True)
class Seen:
    """One dump, looked into: its vmcores by name, when each was last written (seconds since 1970), and the panic."""

    vmcores: tuple[tuple[str, Glance], ...]
    written: int | None
    panic: str | None

    def flaw(self, count: int) -> Problem | None:
        """What is wrong with the vmcores of a dump that has `count`; None too where a first look cannot tell."""
        vmcores = [(name, Vmcore(each.kind, each.size, each.flaw, each.told)) for name, each in self.vmcores]
        flawed = [each for each in vmcores if not each[1].complete]
        # What is missing between parts is only known when all were looked into.
        whole = self.sure and len(vmcores) == count
        return flaw_of(vmcores) if flawed or (whole and vmcores) else None

    @property
    def sure(self) -> bool:
        """Whether a first look could tell of all of them."""
        return all(each.verdict is not None for _, each in self.vmcores)


def parse(evidence: Evidence) -> Mapping[str, Seen] | Unknown:
    """What was seen in each dump, by the path of its directory; nothing in evidence from before this was asked."""
    if evidence.complete and SECTION.name not in evidence.outputs:
        return {}
    text = evidence.text(SECTION.name)
    if isinstance(text, Unknown):
        return text
    stretches: dict[str, dict[int, bytes]] = {}
    for path, offset, data in rows(text, "bytes", 3):
        place = whole_number(offset)
        if place is not None and len(data) <= 2 * _LONGEST:
            known = stretches.setdefault(path, {})
            # The first bytes of a file may come twice: the longer stretch holds the other.
            known[place] = max(known.get(place, b""), _bytes(data), key=len)
    lines: dict[str, list[str]] = {}
    for directory, line in rows(text, "last", 2):
        lines.setdefault(directory, []).append(line)
    found: dict[str, list[tuple[str, Glance]]] = {directory: [] for directory in lines}
    written: dict[str, int] = {}
    for path, size, when in rows(text, "vmcore", 3):
        directory, _, name = path.rpartition("/")
        seen = glance(whole_number(size) or 0, stretches.get(path, {}))
        found.setdefault(directory, []).append((shown(name), seen))
        written[directory] = max(written.get(directory, 0), whole_number(when) or 0)
    return {
        directory: Seen(
            tuple(vmcores),
            written.get(directory),
            panic_line("\n".join(lines.get(directory, [])).encode()),
        )
        for directory, vmcores in found.items()
    }


def _bytes(data: str) -> bytes:
    try:
        return bytes.fromhex(data)
    except ValueError:
        return b""
