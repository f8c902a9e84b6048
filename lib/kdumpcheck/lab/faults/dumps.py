# SPDX-License-Identifier: Apache-2.0
"""Faults of the room for dumps, and of the dumps that are there."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import LEGACY, NEW, Fault

_LEAVE: Final = """\
leave() {
    free=$(($(stat -f -c '%%a*%%S' "$rootraid") / 1048576))
    fallocate -l "$((free - $1))M" "$rootraid/lab-filler" || fail "could not fill ROOTRAID"
}
leave %d
"""
_OLD_DUMP: Final = """\
dump=%s
mkdir -p "$dump"
echo 'an earlier crash' >"$dump/%s"
head -c 100000 /dev/zero >"$dump/vmcore"
"""
_HALF: Final = """\
dump=/var/crash/%s
mkdir -p "$dump"
echo 'an earlier crash' >"$dump/%s"
: >"$dump/vmcore"
"""

FAULTS: Final = (
    Fault(
        id="disk-full",
        title="ROOTRAID has no room for a dump",
        effect="fills ROOTRAID up to 10 MiB",
        expects=("dumps.space",),
        outcome="none",
        needs="vm",
        break_shell=_LEAVE % 10,
    ),
    Fault(
        id="disk-nearly-full",
        title="ROOTRAID has room for a dump but not for what must stay free beside it",
        effect="fills ROOTRAID up to 75 MiB",
        expects=("dumps.space",),
        outcome="none",
        needs="vm",
        break_shell=_LEAVE % 75,
    ),
    Fault(
        id="no-inodes",
        title="ROOTRAID can hold no more files, however much room there is",
        effect="limits ROOTRAID's inodes to 1 % of its room, and uses all of them",
        expects=("dumps.space",),
        outcome="none",
        needs="vm",
        break_shell="""\
xfs_growfs -m 1 "$rootraid" >/dev/null
mkdir "$rootraid/lab-filler"
cd "$rootraid/lab-filler"
seq 40000 | xargs touch 2>/dev/null && fail "there is still room for files"
exit 0
""",
    ),
    Fault(
        id="orphan-dump-legacy",
        title="An earlier dump lies on ROOTRAID where /var/crash does not show it",
        effect="puts a dump into the upper layer of an earlier release",
        warns=("dumps.orphans",),
        outcome="dump",
        dialects=LEGACY,
        needs="vm",
        break_shell=_OLD_DUMP % ('"$rootraid/1.4.0/${upper##*/}/var/crash/2026-01-02-03:04"', "dmesg.txt"),
    ),
    Fault(
        id="orphan-dump",
        title="An earlier dump lies on ROOTRAID where /var/crash does not show it",
        effect="puts a dump into the upper layer of an earlier release",
        warns=("dumps.orphans",),
        outcome="dump",
        dialects=NEW,
        needs="vm",
        break_shell=_OLD_DUMP % ('"$rootraid/1.4.0/${upper##*/}/var/crash/2026-01-02-03-04"', "dmesg"),
    ),
    Fault(
        id="incomplete-dump-legacy",
        title="An earlier dump was not saved to its end",
        effect="puts a dump with an empty vmcore into /var/crash",
        warns=("dumps.complete",),
        outcome="dump",
        dialects=LEGACY,
        needs="vm",
        break_shell=_HALF % ("2026-01-02-03:04", "dmesg.txt"),
    ),
    Fault(
        id="incomplete-dump",
        title="An earlier dump was not saved to its end",
        effect="puts a dump into /var/crash whose README.txt is still the first one",
        warns=("dumps.complete",),
        outcome="dump",
        dialects=NEW,
        needs="vm",
        break_shell=_HALF % ("2026-01-02-03-04", "dmesg")
        + """\
echo 'If you see this text the crash dump is likely incomplete.' >"$dump/README.txt"
""",
    ),
)
