# SPDX-License-Identifier: Apache-2.0
"""Which of the packages that kdump is made of are installed, and in which version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import rows
from kdumpcheck.probe import Section

_RPM = (
    "kernel-default kernel-default-debuginfo kdump kdump-utils makedumpfile kexec-tools dracut "
    "dracut-metal-mdsquash crash"
)
_DEB = "kdump-tools makedumpfile kexec-tools crash"
_SCRIPT = rf"""
if command -v rpm >/dev/null 2>&1; then
    printf 'asked\trpm\n'
    # shellcheck disable=SC2086  # words
    rpm -q --queryformat 'rpm\t%{{NAME}}\t%{{VERSION}}-%{{RELEASE}}\n' {_RPM} ${{more_packages:-}} 2>/dev/null
    [ ! -e /usr/bin/kdumpctl ] ||
        rpm -q -f --queryformat 'owner\t/usr/bin/kdumpctl\t%{{NAME}}\n' /usr/bin/kdumpctl 2>/dev/null
fi
if command -v dpkg-query >/dev/null 2>&1; then
    printf 'asked\tdeb\n'
    # shellcheck disable=SC2086  # words
    dpkg-query -W -f 'deb\t${{Package}}\t${{Version}}\t${{db:Status-Status}}\n' {_DEB} ${{more_packages:-}} 2>/dev/null
fi
exit 0
"""


@dataclass(frozen=True, slots=True)
class Packages:
    """Installed versions ("version-release") by package name; a kernel may be installed more than once.

    `owners` are the RPMs that programs belong to whose package was not always called the same.
    """

    sections: ClassVar[tuple[Section, ...]] = (Section("packages", _SCRIPT, timeout=20),)

    rpm: Mapping[str, tuple[str, ...]]
    deb: Mapping[str, tuple[str, ...]]
    owners: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read rpm -q (rpm(8)) and dpkg-query -W (dpkg-query(1))."""
        text = evidence.text("packages")
        if isinstance(text, Unknown):
            return text
        if not list(rows(text, "asked", 1)):
            return Unknown("neither rpm nor dpkg-query is on the node, so its packages are not known")
        rpm, deb = dict[str, list[str]](), dict[str, list[str]]()
        for name, version in rows(text, "rpm", 2):
            rpm.setdefault(name, []).append(version)
        for name, version, status in rows(text, "deb", 3):
            if status == "installed":
                deb.setdefault(name, []).append(version)
        owners = dict(rows(text, "owner", 2))
        return cls({k: tuple(v) for k, v in rpm.items()}, {k: tuple(v) for k, v in deb.items()}, owners)


def release_numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version, for comparing lines of releases: "1.0.2+git14-150500.3" is (1, 0, 2)."""
    numbers: list[int] = []
    for part in version.partition("-")[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits[:9]))
        if digits != part:
            break
    return tuple(numbers)
