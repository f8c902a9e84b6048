# SPDX-License-Identifier: Apache-2.0
"""`site.oops`: on this site's nodes every oops is a crash with a dump, now and after the next boot."""

from __future__ import annotations

from dataclasses import dataclass

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known
from kdumpcheck.facts import Sysctls
from kdumpcheck.remedies.remedy import Action, Traits
from kdumpcheck.remedies.script import around

# The file is whole or not there, and comes first: what was set by hand alone would be gone with the next boot.
SCRIPT = r"""
main() {
    outlive_the_caller
    one_at_a_time
    printf 'kernel.panic_on_oops = 1\n' >"$file.new" && mv "$file.new" "$file" || {
        rm -f "$file.new"
        answer failed "$file could not be written; nothing was changed"
    }
    echo 1 >"$switch" || answer failed "$file is written, and the running kernel does not take it"
    answer mended "every oops is a crash, and $file says so at the next boot"
}
</dev/null main
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOops(Traits):
    """The remedy for a node that would go on after an oops."""

    name: str = "site.oops"
    title: str = "Have an oops crash the node"

    def plan(self, subject: Subject) -> Action:
        """Plan to set it for the running kernel and for the next boot."""
        value = known(Sysctls.parse(subject.evidence)).panic_on_oops
        settings = {"file": "/etc/sysctl.d/90-site-oops.conf", "switch": "/proc/sys/kernel/panic_on_oops"}
        changes = {"kernel.panic_on_oops": {"old": str(value), "new": "1"}}
        return Action("have every oops crash the node", changes, around(SCRIPT, settings), seconds=60)


REMEDY = SiteOops()
