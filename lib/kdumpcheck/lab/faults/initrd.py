# SPDX-License-Identifier: Apache-2.0
"""Faults of the initrd the capture kernel boots with."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import Fault

_MUST_BE_THERE: Final = '[ -f "$initrd" ] || fail "$initrd is not there, so there is nothing to break"\n'
_OTHER: Final = "other=/boot/initrd-5.3.18-150300.59.43-default-kdump\n"

FAULTS: Final = (
    Fault(
        id="initrd-missing",
        title="The kdump initrd is gone",
        effect="moves the kdump initrd out of /boot; the capture kernel stays loaded until the next boot",
        undo="moves it back, unless kdump.service has built a new one meanwhile",
        expects=("initrd.present",),
        break_shell=_MUST_BE_THERE
        + """\
mkdir -p "$kept"
mv "$initrd" "$kept/initrd"
""",
        heal_shell="""\
[ -f "$kept/initrd" ] || exit 0
[ -f "$initrd" ] || mv "$kept/initrd" "$initrd"
forget
""",
    ),
    Fault(
        id="initrd-stale",
        title="The kdump initrd is older than the configuration it was built from",
        effect="gives /etc/sysconfig/kdump the present time, as an edit would; its text stays the same",
        undo="gives /etc/sysconfig/kdump its old time back",
        expects=("initrd.fresh",),
        break_shell=_MUST_BE_THERE
        + """\
mkdir -p "$kept"
touch -r /etc/sysconfig/kdump "$kept/time"
touch /etc/sysconfig/kdump
[ "$(stat -c %Y /etc/sysconfig/kdump)" -gt "$(stat -c %Y "$initrd")" ] ||
    fail "the initrd is newer than now: is the node's clock right?"
""",
        heal_shell="""\
[ -f "$kept/time" ] || exit 0
touch -r "$kept/time" /etc/sysconfig/kdump
forget
""",
    ),
    Fault(
        id="initrd-other-kernel",
        title="There is a kdump initrd, but for another kernel",
        effect="renames the kdump initrd to that of a kernel the node does not run",
        undo="gives it its name back, unless kdump.service has built a new one meanwhile",
        expects=("initrd.present",),
        break_shell=_MUST_BE_THERE + _OTHER + 'mv -T "$initrd" "$other"\n',
        heal_shell=_OTHER
        + """\
[ -f "$other" ] || exit 0
if [ -f "$initrd" ]; then rm "$other"; else mv -T "$other" "$initrd"; fi
""",
    ),
)
