# SPDX-License-Identifier: Apache-2.0
"""Which kernel runs, which one a crash would boot, and which one the vendor's own scripts believe in (KVER)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import pairs
from kdumpcheck.probe import Section

# The vendor's dracut-lib.sh derives KVER from the installed RPM, not from the running kernel; with two kernels
# installed it mixes their names. It is asked here, in a bash of its own (it uses arrays), only to be compared.
_SCRIPT = r"""
printf 'running=%s\n' "$(uname -r)"
for link in /boot/vmlinuz /var/lib/kdump/kernel /var/lib/kdump/vmlinuz; do
    [ -L "$link" ] && printf 'link %s=%s\n' "$link" "$(readlink -e "$link")"
done
library=/srv/cray/scripts/common/dracut-lib.sh
[ -r "$library" ] || exit 0
export library
printf 'kver=%s\n' "$(bash -c '. "$library" >/dev/null 2>&1; printf "%s" "${KVER:-}"' | head -n 1)"
"""


@dataclass(frozen=True, slots=True)
class Kernels:
    """`running` is uname -r; `kver` is dracut-lib.sh's KVER, None where the node has no such library.

    `links` says which image each link to a kernel leads to ("" for one that dangles).
    """

    sections: ClassVar[tuple[Section, ...]] = (Section("kernels", _SCRIPT, timeout=20),)

    running: str
    kver: str | None
    links: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read uname -r and KVER (metal-provision, roles/node_images/files/scripts/common/dracut-lib.sh)."""
        text = evidence.text("kernels")
        if isinstance(text, Unknown):
            return text
        found = pairs(text)
        if not found.get("running"):
            return Unknown("uname -r did not name the running kernel")
        links = {key.removeprefix("link "): value for key, value in found.items() if key.startswith("link ")}
        return cls(found["running"], found.get("kver"), links)


def release_of(image: str) -> str:
    """The kernel release in an image's name: "/boot/vmlinuz-6.4.0-150600.23-default" is 6.4.0-150600.23-default."""
    return image.rsplit("/", 1)[-1].partition("-")[2]
