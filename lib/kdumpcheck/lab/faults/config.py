# SPDX-License-Identifier: Apache-2.0
"""Faults of /etc/sysconfig/kdump."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import LEGACY, NEW, Fault
from kdumpcheck.lab.faults.tools import REBUILD, SET, captured_setting, setting

_BLACKLIST: Final = "qedi,qedf,qede,qed,cxi_core,bridge,br_netfilter,aesni_intel,module_blacklist=mlx5_core"
_CHANGES: Final = "changes that setting, in the kdump initrd as well, and loads it"

FAULTS: Final = (
    Fault(
        id="savedir-remote",
        title="Dumps are to go to another machine, and the capture kernel has no network",
        effect="sets KDUMP_SAVEDIR to an NFS server, builds the kdump initrd anew and loads it",
        expects=("config.savedir", "initrd.target"),
        warns=("config.image",),
        outcome="none",
        dialects=LEGACY,
        needs="vm",
        break_shell=setting("KDUMP_SAVEDIR", '"nfs://10.0.2.2/crash"', REBUILD),
    ),
    Fault(
        id="savedir-unquoted",
        title="KDUMP_SAVEDIR is written without quotes, as the boot hook does not read it",
        effect="takes the quotes off KDUMP_SAVEDIR; the boot hook reads the copy in the image, which still has them",
        warns=("config.savedir",),
        outcome="dump",
        needs="vm",
        break_shell=SET
        + """set_key KDUMP_SAVEDIR "$(sed -n 's/^KDUMP_SAVEDIR="\\(.*\\)"/\\1/p' "$config")"\nreload\n""",
    ),
    Fault(
        id="savedir-past-the-link",
        title="Dumps go to ROOTRAID's own /var/crash, which is not the node's",
        effect="sets KDUMP_SAVEDIR to file:///var/crash, builds the kdump initrd anew and loads it",
        expects=("links.crash",),
        warns=("config.image",),
        outcome="elsewhere",
        dialects=LEGACY,
        needs="vm",
        break_shell=setting("KDUMP_SAVEDIR", '"file:///var/crash"', REBUILD),
    ),
    Fault(
        id="savedir-on-the-overlay",
        title="Dumps are to go to /var/crash, which kdump from 1.9 on takes for a place on the overlay",
        effect="sets KDUMP_SAVEDIR to file:///var/crash, builds the kdump initrd anew and loads it",
        expects=("initrd.target",),
        warns=("config.image",),
        outcome="none",
        dialects=NEW,
        needs="vm",
        break_shell=setting("KDUMP_SAVEDIR", '"file:///var/crash"', REBUILD),
    ),
    Fault(
        id="append-malformed",
        title="module_blacklist= stands in the middle of a word, where the kernel does not see it",
        effect="puts names before module_blacklist= in KDUMP_COMMANDLINE_APPEND, and loads with it",
        warns=("config.append", "config.image"),
        outcome="dump",
        needs="vm",
        break_shell=SET
        + f"""\
append=$(sed -n 's/^KDUMP_COMMANDLINE_APPEND="\\(.*\\)"/\\1/p' "$config" | sed 's/module_blacklist=[^ ]*//')
set_key KDUMP_COMMANDLINE_APPEND "\\"{_BLACKLIST} $append\\""
reload
""",
    ),
    Fault(
        id="append-hangs",
        title="A capture kernel that does not find its disk waits for ever, or in a shell",
        effect="takes rd.timeout= out of KDUMP_COMMANDLINE_APPEND and puts rd.shell in, as NCNs have it",
        warns=("config.hang", "config.image"),
        outcome="dump",
        needs="vm",
        break_shell=SET
        + """\
append=$(sed -n 's/^KDUMP_COMMANDLINE_APPEND="\\(.*\\)"/\\1/p' "$config" | sed 's/ *rd.timeout=[^ ]*//')
set_key KDUMP_COMMANDLINE_APPEND "\\"$append rd.shell\\""
reload
""",
    ),
    Fault(
        id="command-line-of-its-own",
        title="KDUMP_COMMANDLINE replaces kdump's own words, among them reset_devices",
        effect="sets KDUMP_COMMANDLINE to this kernel's words and a few more, takes reset_devices out of what is "
        "appended, and loads with it",
        warns=("initrd.devices", "config.image"),
        outcome="dump",
        needs="vm",
        break_shell=SET
        + """\
kept=$(tr -s ' ' '\\n' </proc/cmdline | grep -vE '^(root|crashkernel)=' | tr '\\n' ' ')
more="root=kdump rootflags=bind nr_cpus=1 irqpoll rd.timeout=180 panic=10"
set_key KDUMP_COMMANDLINE "\\"$kept$more\\""
append=$(sed -n 's/^KDUMP_COMMANDLINE_APPEND="\\(.*\\)"/\\1/p' "$config" | sed 's/ *reset_devices//')
set_key KDUMP_COMMANDLINE_APPEND "\\"$append\\""
reload
""",
    ),
    Fault(
        id="config-not-in-the-image",
        title="The settings on the node are not those in its image, which the boot hook reads",
        effect="sets KDUMP_KEEP_OLD_DUMPS to 4, on the node alone",
        warns=("config.image",),
        outcome="dump",
        needs="vm",
        break_shell=setting("KDUMP_KEEP_OLD_DUMPS", '"4"'),
    ),
    Fault(
        id="dumpformat-none",
        title="KDUMP_DUMPFORMAT is none: the log is saved and no memory",
        effect=_CHANGES,
        expects=("config.format",),
        warns=("config.image",),
        outcome="none",
        needs="vm",
        break_shell=captured_setting("KDUMP_DUMPFORMAT", '"none"'),
    ),
    Fault(
        id="dumplevel-99",
        title="KDUMP_DUMPLEVEL is a number that makedumpfile refuses",
        effect=_CHANGES,
        expects=("config.format",),
        warns=("config.image",),
        outcome="none",
        needs="vm",
        break_shell=captured_setting("KDUMP_DUMPLEVEL", '"99"'),
    ),
    Fault(
        id="no-immediate-reboot",
        title="The capture kernel waits in a shell when it has saved, until somebody comes",
        effect=_CHANGES,
        warns=("config.hang", "config.image"),
        outcome="dump",
        needs="vm",
        break_shell=captured_setting("KDUMP_IMMEDIATE_REBOOT", '"no"'),
    ),
    Fault(
        id="stop-on-error",
        title="The capture kernel waits in a shell when anything fails",
        effect=_CHANGES,
        warns=("config.hang", "config.image"),
        outcome="dump",
        needs="vm",
        break_shell=captured_setting("KDUMP_CONTINUE_ON_ERROR", '"false"'),
    ),
    Fault(
        id="prescript-missing",
        title="KDUMP_PRESCRIPT names a program that is not in the initrd",
        effect=_CHANGES,
        warns=("config.programs", "config.image"),
        outcome="dump",
        needs="vm",
        break_shell=captured_setting("KDUMP_PRESCRIPT", '"/usr/sbin/tell-somebody"'),
    ),
    Fault(
        id="keep-no-dumps",
        title="All earlier dumps are deleted before a new one is saved",
        effect=_CHANGES,
        warns=("dumps.retention", "config.image"),
        outcome="dump",
        needs="vm",
        break_shell=captured_setting("KDUMP_KEEP_OLD_DUMPS", '"-1"'),
    ),
)
