# SPDX-License-Identifier: Apache-2.0
"""`node.reboot`: reboot a node for what only another boot mends, and see that it comes back."""

from __future__ import annotations

from dataclasses import dataclass

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known
from kdumpcheck.facts import Boot, Kernels, Security
from kdumpcheck.remedies import script
from kdumpcheck.remedies.remedy import Action, RemedyError, Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReboot(Traits):
    """The remedy for a kernel that no longer lets a capture kernel be loaded."""

    name: str = "node.reboot"
    title: str = "Reboot the node"
    disrupts: bool = True

    def plan(self, subject: Subject) -> Action:
        """Plan a reboot, unless the boot would wipe the node's disks or throw its upper layer away."""
        boot, kernels = known(Boot.parse(subject.evidence)), known(Kernels.parse(subject.evidence))
        harm = [*boot.running.harm, *(boot.disk.harm if boot.disk is not None else [])]
        if harm:
            raise RemedyError(f"a boot would do harm ({harm[0]}): set the node's boot parameters (BSS) right first")
        if not boot.running.last("metal.no-wipe"):
            raise RemedyError("no metal.no-wipe=1 on the command line: whether a boot keeps the disks is not known")
        security = known(Security.parse(subject.evidence))
        if security.lockdown not in {"", "none"}:
            raise RemedyError(
                f"lockdown is {security.lockdown}: take it off the command line, or switch Secure Boot off"
            )
        changes = {"boot": {"old": f"of {kernels.running}", "new": "another one"}}
        comment = "reboot it in good order, and wait until it is back in another boot"
        return Action(comment, changes, script.compose("node_reboot", {}), seconds=120)


REMEDY = NodeReboot()
