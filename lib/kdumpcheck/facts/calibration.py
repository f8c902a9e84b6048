# SPDX-License-Identifier: Apache-2.0
"""How much crash memory kdump itself would ask for on this node: what `kdumptool calibrate` answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.probe import Section

# Only the line before 1.9 is asked: from then on calibrate makes the save directory. It is never asked to --shrink.
# It would ask cryptsetup about the disk of the save directory, which takes a lock: without a PATH it cannot.
_SCRIPT = r"""
# shellcheck disable=SC2046  # one word is a version; more are two packages, or rpm's word for none
set -- $(rpm -q --queryformat '%{VERSION} ' kdump 2>/dev/null)
[ $# -eq 1 ] || exit 0
case $1 in
    0.* | 1.[0-8] | 1.[0-8][!0-9]*) ;;
    *) exit 0 ;;
esac
tool=$(command -v kdumptool) || exit 0
PATH=/nonexistent "$tool" calibrate 2>/dev/null
exit 0
"""
_LINE = re.compile(r"^(Low|High):[ \t]*(\d{1,9})[ \t]*$", re.MULTILINE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Calibration:
    """`advised` is the crash memory that kdump would ask for, in bytes; 0 where it gives no figure."""

    sections: ClassVar[tuple[Section, ...]] = (Section("calibrate", _SCRIPT, limit=4096),)

    advised: int

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read `kdumptool calibrate` (kdumptool(8)): what it advises below 4 GiB and above, in MiB."""
        text = evidence.text("calibrate")
        if isinstance(text, Unknown):
            return text
        found = {name: int(number) for name, number in _LINE.findall(text)}
        return cls((found["Low"] + found["High"]) * 2**20 if len(found) == 2 else 0)
