# SPDX-License-Identifier: Apache-2.0
"""Faults of kdump.service."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import Fault

# Sorted after every other drop-in, so that it has the last word.
_DROP_IN: Final = """\
drop_in=/etc/systemd/system/kdump.service.d/zzz-lab-fault.conf
"""

FAULTS: Final = (
    Fault(
        id="service-failed",
        title="kdump.service has failed",
        effect="makes kdump.service's start command fail and restarts it, which also unloads the capture kernel",
        undo="gives kdump.service its start command back and restarts it",
        expects=("service.active",),
        break_shell=_DROP_IN
        + """\
mkdir -p "${drop_in%/*}"
printf '[Service]\\nExecStart=\\nExecStart=/bin/false\\n' >"$drop_in"
systemctl daemon-reload
systemctl restart kdump.service 2>/dev/null && fail "kdump.service did not fail"
exit 0
""",
        heal_shell=_DROP_IN
        + """\
rm -f "$drop_in"
rmdir --ignore-fail-on-non-empty "${drop_in%/*}" 2>/dev/null || :
systemctl daemon-reload
systemctl reset-failed kdump.service 2>/dev/null || :
# Without crash memory, which is another fault, it cannot start.
systemctl restart kdump.service || [ "$(cat /sys/kernel/kexec_crash_size)" = 0 ]
""",
    ),
)
