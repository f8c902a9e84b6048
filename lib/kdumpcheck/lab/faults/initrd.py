# SPDX-License-Identifier: Apache-2.0
"""Faults of the initrd the capture kernel boots with: its file, its age, and whether it is the one that is loaded."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import LEGACY, Fault
from kdumpcheck.lab.faults.tools import MUST_HAVE_INITRD, REBUILD

_OTHER: Final = "other=/boot/initrd-5.3.18-150300.59.43-default-kdump\n"

FAULTS: Final = (
    Fault(
        id="initrd-missing",
        title="The kdump initrd is gone",
        effect="moves the kdump initrd away and unloads it, as after a boot that could not build it; the unit is green",
        undo="moves it back, unless kdump.service has built a new one meanwhile, and loads it",
        expects=("initrd.present",),
        outcome="none",
        break_shell=MUST_HAVE_INITRD
        + """\
mkdir -p "$kept"
mv "$initrd" "$kept/initrd"
unload
""",
        heal_shell="""\
[ -f "$kept/initrd" ] || exit 0
[ -f "$initrd" ] || mv "$kept/initrd" "$initrd"
forget
reload
""",
    ),
    Fault(
        id="initrd-gone-but-loaded",
        title="The kdump initrd is gone, and what was loaded of it is still there",
        effect="removes the kdump initrd; the capture kernel stays loaded until the next boot",
        warns=("initrd.present",),
        errors=("initrd.readable",),
        outcome="dump",
        needs="vm",
        break_shell=MUST_HAVE_INITRD + 'rm "$initrd"\n',
    ),
    Fault(
        id="initrd-other-kernel",
        title="There is a kdump initrd, but for another kernel",
        effect="gives the kdump initrd the name of another kernel's and unloads it; the unit stays green",
        undo="gives it its name back, unless kdump.service has built a new one meanwhile, and loads it",
        expects=("initrd.present",),
        outcome="none",
        dialects=LEGACY,
        break_shell=MUST_HAVE_INITRD + _OTHER + 'mv -T "$initrd" "$other"\nunload\n',
        heal_shell=_OTHER
        + """\
[ -f "$other" ] || exit 0
if [ -f "$initrd" ]; then rm "$other"; else mv -T "$other" "$initrd"; fi
reload
""",
    ),
    Fault(
        id="initrd-others",
        title="A kdump initrd of an earlier kernel lies beside the one in use",
        effect="puts a copy of the kdump initrd into /boot, under another kernel's name",
        warns=("initrd.others",),
        outcome="dump",
        needs="vm",
        break_shell=MUST_HAVE_INITRD + _OTHER + 'cp "$initrd" "$other"\n',
    ),
    Fault(
        id="initrd-garbage",
        title="The kdump initrd is no archive, and is loaded all the same",
        effect="writes text over the kdump initrd and loads it",
        expects=("initrd.readable",),
        outcome="none",
        needs="vm",
        break_shell=MUST_HAVE_INITRD + "yes 'this is no archive' | head -c 12000000 >\"$initrd\"\nreload\n",
    ),
    Fault(
        id="initrd-cut-short",
        title="The kdump initrd ends in its middle, as on a disk that was full",
        effect="cuts the kdump initrd to its first half and loads it",
        expects=("initrd.readable",),
        outcome="none",
        needs="vm",
        break_shell=MUST_HAVE_INITRD + 'truncate -s $(($(stat -c %s "$initrd") / 2)) "$initrd"\nreload\n',
    ),
    Fault(
        id="initrd-empty",
        title="The kdump initrd is an empty file",
        effect="empties the kdump initrd and starts kdump.service again",
        expects=("initrd.readable",),
        outcome="none",
        needs="vm",
        break_shell=MUST_HAVE_INITRD + ': >"$initrd"\nreload\n',
    ),
    Fault(
        id="initrd-stale",
        title="The kdump initrd is older than the configuration it was built from",
        effect="gives /etc/sysconfig/kdump the present time, as an edit would; its text stays the same",
        undo="gives /etc/sysconfig/kdump its old time back",
        warns=("initrd.fresh",),
        outcome="dump",
        break_shell=MUST_HAVE_INITRD
        + """\
mkdir -p "$kept"
touch -r "$config" "$kept/time"
touch "$config"
[ "$(stat -c %Y "$config")" -gt "$(stat -c %Y "$initrd")" ] ||
    fail "the initrd is newer than now: is the node's clock right?"
""",
        heal_shell="""\
[ -f "$kept/time" ] || exit 0
touch -r "$kept/time" "$config"
forget
""",
    ),
    Fault(
        id="initrd-outdated",
        title="The kdump initrd is older than what dracut is told, which kdump does not notice",
        effect="gives dracut's configuration the present time, as an edit would",
        warns=("initrd.outdated",),
        outcome="dump",
        needs="vm",
        break_shell=MUST_HAVE_INITRD + "touch /etc/dracut.conf.d/00-metal.conf\n",
    ),
    Fault(
        id="initrd-not-loaded-since",
        title="The kdump initrd was built anew, and the old one is still loaded",
        effect="writes the kdump initrd anew and does not load it",
        warns=("initrd.loaded",),
        outcome="dump",
        needs="vm",
        break_shell=MUST_HAVE_INITRD + 'sleep 3\ncp "$initrd" "$initrd.new"\nmv "$initrd.new" "$initrd"\n',
    ),
    Fault(
        id="initrd-for-the-overlay",
        title="The kdump initrd was built while /etc/fstab had no line for /, and would save to the overlay",
        effect="takes / out of /etc/fstab, builds the kdump initrd anew and loads it",
        expects=("initrd.target",),
        warns=("fstab.root",),
        outcome="none",
        dialects=LEGACY,
        needs="vm",
        break_shell="sed -i '/ROOTRAID/d' /etc/fstab\n" + REBUILD,
    ),
    Fault(
        id="initrd-for-a-lost-label",
        title="The kdump initrd was built while /etc/fstab named a disk that does not exist",
        effect="misspells ROOTRAID in /etc/fstab, builds the kdump initrd anew and loads it",
        expects=("initrd.target",),
        warns=("fstab.root",),
        outcome="none",
        dialects=LEGACY,
        needs="vm",
        break_shell="sed -i 's/ROOTRAID/ROOTRAD/' /etc/fstab\n" + REBUILD,
    ),
)
