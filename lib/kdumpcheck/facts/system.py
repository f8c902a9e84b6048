# SPDX-License-Identifier: Apache-2.0
"""What this machine is: operating system, running kernel, boot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import pairs, whole_number
from kdumpcheck.probe import Section

# A command in $() costs a node a process, and a fleet of them a while: what the shell can read itself, it reads.
_SCRIPT = r"""
uname -snrm | {
    read -r system name release machine
    printf 'uname_s=%s\nuname_n=%s\nuname_r=%s\nuname_m=%s\n' "$system" "$name" "$release" "$machine"
}
printf 'uid=%s\n' "$(id -u)"
printf 'now=%s\n' "$(date +%s)"
boot_id=
{ read -r boot_id </proc/sys/kernel/random/boot_id; } 2>/dev/null
printf 'boot_id=%s\n' "$boot_id"
cmdline='' vendor=''
{ read -r cmdline </proc/cmdline; } 2>/dev/null
{ read -r vendor </sys/class/dmi/id/sys_vendor; } 2>/dev/null
printf 'cmdline=%s\nvendor=%s\n' "$cmdline" "$vendor"
[ -e /etc/pit-release ] && echo pit=yes
[ -e /etc/google_system ] && echo google=yes
sed -n -e 's/^ID=/os_id=/p' -e 's/^VERSION_ID=/os_version=/p' /etc/os-release 2>/dev/null
"""


@dataclass(frozen=True, slots=True)
class System:
    """The node as it names itself. `now` is its clock in seconds since 1970, `boot_id` changes at each boot.

    `vendor` is the firmware's word for who made the machine; `pit` and `google` tell the files that mark such a node.
    """

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
    cmdline: str = ""
    vendor: str = ""
    pit: bool = False
    google: bool = False

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
            cmdline=found.get("cmdline", ""),
            vendor=found.get("vendor", ""),
            pit=found.get("pit") == "yes",
            google=found.get("google") == "yes",
        )
