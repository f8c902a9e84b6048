# SPDX-License-Identifier: Apache-2.0
"""Is there room for a dump, and are the dumps that were saved before whole and in view?"""

from __future__ import annotations

from kdumpcheck import Severity, check, expect, prefer
from kdumpcheck.facts import Dumps, Space, Sysconfig
from kdumpcheck.facts.lines import size
from kdumpcheck.facts.space import INODES_OF_A_DUMP
from kdumpcheck.providers import Provider
from kdumpcheck.providers.retention import kept

MOVE = "Move dumps that are still needed to another machine, and remove the others from /var/crash."


@check(
    "dumps.space",
    title="ROOTRAID has room for a dump",
    remedy="dumps.prune",
    instruction=MOVE
    + " Or lower KDUMP_FREE_DISK_SIZE, or see what else fills ROOTRAID (du -x /run/initramfs/overlayfs).",
    source="openSUSE/kdump kdumptool/savedump.cc, dracut/kdump-save (KDUMP_FREE_DISK_SIZE: a dump that leaves less "
    "room is deleted again); makedumpfile(8) -d",
    follows=("rootraid.mounted", "config.format"),
)
def test_there_is_room_for_a_dump(space: Space, dumps: Dumps, sysconfig: Sysconfig, kdump: Provider) -> None:
    """Room is free bytes of ROOTRAID itself, and what kdump deletes before it saves, less what must stay free.

    How large the dump will be is estimated from /proc/meminfo for the configured level: all memory less what the level
    leaves out, before compression, and so an upper bound for memory as it is used now. It fails when even a fifth of
    that would not fit (real dumps are smaller by more than that seldom), and warns when all of it would not.
    """
    need = space.needed(sysconfig.live)
    whole, least, reserve = need.whole, need.least, need.reserve
    doomed = set(kdump.deletes_first(sysconfig, [dump.name for dump in dumps.visible]))
    room = space.free + sum(dump.size for dump in dumps.visible if dump.name in doomed)
    stay = f" and {size(reserve)} that must stay free" if reserve else ""
    expect(
        room >= least + reserve,
        expected=f"room for at least {size(least)} of dump{stay}",
        found=f"{size(room)} on ROOTRAID",
    )
    inodes = space.inodes
    expect(
        inodes is None or inodes >= INODES_OF_A_DUMP,
        expected=f"{INODES_OF_A_DUMP} free inodes",
        found="no limit" if inodes is None else f"{inodes} free",
    )
    prefer(
        room >= whole + reserve,
        expected=f"room for {size(whole)}, the most a dump could have now{stay}",
        found=f"{size(room)} on ROOTRAID",
    )


@check(
    "dumps.retention",
    title="Earlier dumps are kept when a new one is saved",
    severity=Severity.WARN,
    instruction="Set KDUMP_KEEP_OLD_DUMPS to how many are to be kept (5; 0 keeps all), then restart kdump.service.",
    source="openSUSE/kdump sysconfig.kdump.in KDUMP_KEEP_OLD_DUMPS; kdumptool/deletedumps.cc; dracut/kdump-save",
)
def test_earlier_dumps_are_kept(sysconfig: Sysconfig) -> None:
    """A node that crashes twice in a row loses the first dump, which is the one that tells the cause."""
    number = kept(sysconfig.live)
    written = sysconfig.live.get("KDUMP_KEEP_OLD_DUMPS", "") or "not set, which keeps all"
    expect(
        number is not None and number >= 0,
        expected="KDUMP_KEEP_OLD_DUMPS keeps some or all",
        found=f"KDUMP_KEEP_OLD_DUMPS is {written}" + (": all are deleted first" if number and number < 0 else ""),
    )


@check(
    "dumps.complete",
    title="The dumps in /var/crash are whole",
    severity=Severity.WARN,
    instruction="Find out why the last crash was not saved to its end (its console log: out of memory, disk full, "
    "watchdog, reset by hand), mend that, and remove the incomplete dump.",
    source="openSUSE/kdump dracut/kdump-save (README.txt: vmcore status), kdumptool/savedump.cc (order of saving); "
    "makedumpfile diskdump_mod.h, makedumpfile.h (what a vmcore ends with)",
    follows=("rootraid.mounted",),
)
def test_earlier_dumps_are_whole(dumps: Dumps) -> None:
    """What went wrong once goes wrong again.

    The newest 50 are judged by names, sizes and README.txt, whose word may be wrong: of the vmcores of the newest 5, a
    few thousand bytes show whether they end as they must. `kdumpcheck dumps --deep` looks at their whole structure.
    """
    broken = [f"{dump.name}: {dump.problem}" for dump in reversed(dumps.visible) if dump.problem]
    whole = [] if broken else dumps.looked_into
    more = f"; and {len(broken) - 3} more" if len(broken) > 3 else ""
    expect(
        not broken,
        expected="each has a whole vmcore, and was saved to its end",
        found="; ".join(broken[:3]) + more if broken else f"{len(whole)} dumps, none with a flaw",
    )


@check(
    "dumps.orphans",
    title="All dumps on ROOTRAID are in view in /var/crash",
    severity=Severity.WARN,
    instruction="Move them to /var/crash, or remove them: they take room, are not found by those who look for them, "
    "and kdump does not count or delete them.",
    source="dracut-metal-mdsquash 90metalmdsquash/metal-kdump.sh (links per rd.live.dir; ln -snf nests)",
    follows=("rootraid.mounted", "links.crash"),
)
def test_no_dump_lies_out_of_view(dumps: Dumps) -> None:
    """Dumps of an earlier release stay in its upper layer; others lie in a directory in the link's place."""
    orphans = [f"{count} in {parent}" for parent, count in dumps.orphans]
    expect(
        not orphans,
        expected="dumps nowhere but in /var/crash",
        found="; ".join(orphans) if orphans else "none elsewhere",
    )
