# SPDX-License-Identifier: Apache-2.0
"""What this machine is: operating system, running kernel, boot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import pairs, whole_number
from kdumpcheck.probe import Section

_SCRIPT = r"""
for flag in s n r m; do printf 'uname_%s=%s\n' "$flag" "$(uname -$flag)"; done
printf 'uid=%s\n' "$(id -u)"
printf 'now=%s\n' "$(date +%s)"
printf 'boot_id=%s\n' "$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)"
sed -n -e 's/^ID=/os_id=/p' -e 's/^VERSION_ID=/os_version=/p' /etc/os-release 2>/dev/null
"""


@dataclass(frozen=True, slots=True)
class System:
    """The node as it names itself. `now` is its clock in seconds since 1970, `boot_id` changes at each boot."""

    sections: ClassVar[tuple[Section, ...]] = (Section("system", _SCRIPT),)

    sysname: str
    nodename: str
    release: str
    machine: str
    uid: int | None
    now: int | None
    boot_id: str
    os_id: str
    os_version: str

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read uname(1), id(1) and os-release(5)."""
        text = evidence.text("system")
        if isinstance(text, Unknown):
            return text
        found = pairs(text)
        if not found.get("uname_s") or not found.get("uname_r"):
            return Unknown("uname did not say what system and kernel this is")
        return cls(
            sysname=found["uname_s"],
            nodename=found.get("uname_n", ""),
            release=found["uname_r"],
            machine=found.get("uname_m", ""),
            uid=whole_number(found.get("uid", "")),
            now=whole_number(found.get("now", "")),
            boot_id=found.get("boot_id", ""),
            os_id=found.get("os_id", "").strip("\"'"),
            os_version=found.get("os_version", "").strip("\"'"),
        )
