# SPDX-License-Identifier: Apache-2.0
"""What may keep the node from loading a capture kernel: lockdown, SELinux, kexec_load_disabled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.sysctls import CONTROLS, controls
from kdumpcheck.probe import Section

_CHOSEN = re.compile(r"\[(\w+)\]")


@dataclass(frozen=True, slots=True)
class Security:
    """`lockdown` is "none", "integrity" or "confidentiality", "" where the kernel has none.

    `enforcing` says if SELinux enforces; `kexec_disabled` if no kernel can be loaded until the next boot.
    """

    sections: ClassVar[tuple[Section, ...]] = (CONTROLS,)

    lockdown: str
    enforcing: bool
    kexec_disabled: bool

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read /sys/kernel/security/lockdown (kernel_lockdown(7)), /sys/fs/selinux/enforce and the sysctl."""
        found = controls(evidence)
        if isinstance(found, Unknown):
            return found
        chosen = _CHOSEN.search(found.get("lockdown", ""))
        return cls(
            chosen[1] if chosen else "",
            found.get("selinux_enforce") == "1",
            found.get("sysctl.kexec_load_disabled") == "1",
        )
