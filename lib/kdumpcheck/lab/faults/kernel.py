# SPDX-License-Identifier: Apache-2.0
"""Faults of the running kernel: its settings, and whether it is the one that is installed."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import Fault

FAULTS: Final = (
    Fault(
        id="kexec-load-disabled",
        title="The kernel lets nobody load another one until it boots again",
        effect="sets kernel.kexec_load_disabled; what is loaded stays",
        warns=("kernel.kexec",),
        outcome="dump",
        needs="vm",
        break_shell="echo 1 >/proc/sys/kernel/kexec_load_disabled\n",
    ),
    Fault(
        id="panic-on-oops-off",
        title="An oops kills a process and not the node, so that there is nothing to dump",
        effect="sets kernel.panic_on_oops to 0",
        warns=("kernel.sysctls",),
        outcome="dump",
        needs="vm",
        break_shell="echo 0 >/proc/sys/kernel/panic_on_oops\n",
    ),
    Fault(
        id="panic-on-warn",
        title="Any warning of the kernel is a panic, in the capture kernel as well",
        effect="sets kernel.panic_on_warn, now and at boot",
        warns=("kernel.sysctls",),
        outcome="dump",
        needs="vm",
        break_shell="""\
echo 1 >/proc/sys/kernel/panic_on_warn
echo 'kernel.panic_on_warn = 1' >/etc/sysctl.d/90-lab-fault.conf
""",
    ),
    Fault(
        id="newer-kernel",
        title="A newer kernel is installed and the node was not rebooted",
        effect="puts an image and modules of a newer kernel beside those of the running one",
        warns=("kernel.rebooted",),
        outcome="dump",
        needs="vm",
        break_shell="""\
newer=6.4.0-150600.23.17-default
cp "/boot/vmlinuz-$kver" "/boot/vmlinuz-$newer"
mkdir -p "/lib/modules/$newer"
touch "/lib/modules/$newer/modules.dep"
""",
    ),
    Fault(
        id="kernel-package-removed",
        title="The RPM database knows no kernel, so that scripts get a wrong KVER",
        effect="takes kernel-default out of the RPM database; its files stay",
        warns=("kernel.kver",),
        outcome="dump",
        needs="vm",
        break_shell="rpm -e --justdb --nodeps kernel-default\n",
    ),
)
