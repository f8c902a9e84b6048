# SPDX-License-Identifier: Apache-2.0
"""Settings of the running kernel that decide whether a fault becomes a crash, and a crash a dump."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import pairs, whole_number
from kdumpcheck.probe import Section

# One section for sysctls, security and watchdogs: all of it is read by the shell itself, without a single process.
# Some of these files end without a line feed, for which `read` fails although it has read: only the value counts.
_SCRIPT = r"""
show() {
    value=
    { read -r value <"$2"; } 2>/dev/null
    [ -z "$value" ] || printf '%s=%s\n' "$1" "$value"
}
for name in panic panic_on_oops panic_on_warn sysrq kexec_load_disabled; do
    show "sysctl.$name" "/proc/sys/kernel/$name"
done
show crash_kexec_post_notifiers /sys/module/kernel/parameters/crash_kexec_post_notifiers
show lockdown /sys/kernel/security/lockdown
show selinux_enforce /sys/fs/selinux/enforce
for place in /sys/class/watchdog/watchdog[0-9]*; do
    [ -e "$place" ] || continue
    identity='' state='' timeout=''
    { read -r identity <"$place/identity"; } 2>/dev/null
    { read -r state <"$place/state"; } 2>/dev/null
    { read -r timeout <"$place/timeout"; } 2>/dev/null
    printf 'watchdog\t%s\t%s\t%s\t%s\n' "${place##*/}" "$identity" "$state" "$timeout"
done
exit 0
"""
CONTROLS = Section("controls", _SCRIPT)


def controls(evidence: Evidence) -> dict[str, str] | Unknown:
    """What the section says of the kernel's settings, by their names in it."""
    text = evidence.text("controls")
    if isinstance(text, Unknown):
        return text
    found = pairs(text)
    # Every kernel has this one.
    return found if "sysctl.panic_on_oops" in found else Unknown("/proc/sys/kernel could not be read")


@dataclass(frozen=True, slots=True)
class Sysctls:
    """Kernel settings as numbers, None where the kernel has no such setting (Documentation/admin-guide/sysctl)."""

    sections: ClassVar[tuple[Section, ...]] = (CONTROLS,)

    panic_on_oops: int | None
    panic_on_warn: int | None
    notifiers_first: bool

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read /proc/sys/kernel and the parameter crash_kexec_post_notifiers."""
        found = controls(evidence)
        if isinstance(found, Unknown):
            return found
        return cls(
            whole_number(found["sysctl.panic_on_oops"]),
            whole_number(found.get("sysctl.panic_on_warn", "")),
            found.get("crash_kexec_post_notifiers", "").upper() in {"Y", "1"},
        )
