# SPDX-License-Identifier: Apache-2.0
"""Faults of kdump.service."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import LEGACY, NEW, RHEL, Fault

# Sorted after every other drop-in, so that it has the last word.
_DROP_IN: Final = """\
drop_in=/etc/systemd/system/kdump.service.d/zzz-lab-fault.conf
"""

# As `systemctl disable` does, except that the links are kept, so that they come back as they were.
_DISABLE: Final = """\
mkdir -p "$kept"
disable() {
    wants=/etc/systemd/system/multi-user.target.wants/$1
    [ -L "$wants" ] || fail "$1 is not enabled, so there is nothing to break"
    mv "$wants" "$kept/"
}
%s
systemctl daemon-reload
"""
_ENABLE: Final = """\
[ -d "$kept" ] || exit 0
find "$kept" -type l -exec mv -t /etc/systemd/system/multi-user.target.wants {} +
forget
systemctl daemon-reload
"""

FAULTS: Final = (
    Fault(
        id="service-failed",
        title="kdump.service has failed",
        effect="makes kdump.service's start command fail and restarts it, which also unloads the capture kernel",
        undo="gives kdump.service its start command back and restarts it",
        expects=("service.active",),
        outcome="none",
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
    Fault(
        id="service-stopped",
        title="kdump.service was stopped",
        effect="stops kdump.service, which unloads the capture kernel",
        undo="starts kdump.service",
        expects=("service.active",),
        outcome="none",
        break_shell="systemctl stop kdump.service\n",
        heal_shell="systemctl start kdump.service\n",
    ),
    Fault(
        id="service-not-enabled",
        title="kdump does not start at boot",
        effect="disables kdump.service, and kdump-early.service with it, and boots",
        undo="enables both, and boots",
        expects=("service.enabled",),
        outcome="none",
        reboot=True,
        break_shell=_DISABLE % "disable kdump.service\ndisable kdump-early.service",
        heal_shell=_ENABLE,
    ),
    Fault(
        id="early-not-enabled",
        title="kdump-early.service does not start at boot, so that early crashes are lost",
        effect="disables kdump-early.service",
        undo="enables kdump-early.service",
        warns=("service.enabled",),
        outcome="dump",
        break_shell=_DISABLE % "disable kdump-early.service",
        heal_shell=_ENABLE,
    ),
    Fault(
        id="unloaded",
        title="The capture kernel was unloaded behind the back of kdump.service, which stays green",
        effect="unloads the capture kernel",
        undo="starts kdump.service again, which loads it",
        expects=("service.loaded",),
        outcome="none",
        dialects=(*LEGACY, *NEW, *RHEL),
        break_shell="unload\n",
        heal_shell="reload\n",
    ),
    Fault(
        id="service-starting",
        title="kdump.service is still starting and has loaded nothing yet",
        effect="lets kdump.service wait for ever before it loads, and restarts it, which unloads the capture kernel",
        expects=("service.active",),
        outcome="none",
        needs="vm",
        break_shell=_DROP_IN
        + """\
mkdir -p "${drop_in%/*}"
printf '[Service]\\nTimeoutStartSec=infinity\\nExecStartPre=/bin/sleep infinity\\n' >"$drop_in"
systemctl daemon-reload
systemctl restart --no-block kdump.service
until [ "$(systemctl is-active kdump.service)" = activating ]; do sleep 1; done
""",
    ),
    Fault(
        id="makedumpfile-removed",
        title="makedumpfile is no longer installed; the initrd that is there still has it",
        effect="takes makedumpfile out of the RPM database and off the node",
        warns=("service.packages",),
        outcome="dump",
        needs="vm",
        break_shell="""\
rpm -e --justdb --nodeps makedumpfile
rm -f /usr/bin/makedumpfile /usr/sbin/makedumpfile
""",
    ),
    Fault(
        id="rebuild-failed",
        title="Building the kdump initrd failed, and kdump.service went on with the old one",
        effect="lets kdump.service say that dracut failed, and load the initrd that is there",
        warns=("service.journal",),
        outcome="dump",
        needs="vm",
        break_shell=_DROP_IN
        + """\
mkdir -p "${drop_in%/*}"
said="dracut: FAILED: cp: error writing '/var/tmp/dracut.x/initramfs': No space left on device"
printf '[Service]\\nExecStartPre=-/bin/sh -c "echo \\\\"%s\\\\" >&2; exit 1"\\n' "$said" >"$drop_in"
systemctl daemon-reload
reload
""",
    ),
)
