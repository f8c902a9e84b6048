# SPDX-License-Identifier: Apache-2.0
"""What memory the kernel really set aside for a capture kernel, what a kernel takes up, and if one is loaded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown, known
from kdumpcheck.facts.lines import pairs, whole_number
from kdumpcheck.probe import Section

_SCRIPT = r"""
for name in kexec_crash_loaded kexec_crash_size; do
    value=
    { read -r value <"/sys/kernel/$name"; } 2>/dev/null
    printf '%s=%s\n' "$name" "$value"
done
grep -i -E 'crash kernel|kernel (code|rodata|data|bss)$' /proc/iomem | head -n 64
dmesg 2>/dev/null | grep -i -E 'crashkernel|crash kernel' | tail -n 40 | sed 's/^/dmesg: /'
exit 0
"""
_REGION = re.compile(r"^\s*([0-9a-f]{1,16})-([0-9a-f]{1,16}) : Crash kernel$", re.MULTILINE | re.IGNORECASE)
_KERNEL = re.compile(r"^\s*([0-9a-f]{1,16})-([0-9a-f]{1,16}) : Kernel (?:code|rodata|data|bss)$", re.MULTILINE)
_REFUSED = re.compile(r"^dmesg: (.*(?:cannot reserve|reservation failed).*)$", re.MULTILINE | re.IGNORECASE)
#: What crashkernel=,high may reserve begins here, out of the reach of devices with addresses of 32 bits.
_HIGH = 2**32


@dataclass(frozen=True, slots=True)
class Reservation:
    """Crash memory in bytes: `size` as the kernel states it, `regions` as /proc/iomem shows them.

    `loaded` is what /sys/kernel/kexec_crash_loaded says; `refusals` are the kernel's own words about memory
    it could not set aside; `kernel` is what the running kernel itself takes up (0: /proc/iomem does not show it).
    """

    sections: ClassVar[tuple[Section, ...]] = (Section("reservation", _SCRIPT),)

    loaded: bool
    size: int
    regions: tuple[tuple[int, int], ...] = ()
    refusals: tuple[str, ...] = ()
    kernel: int = 0

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read /sys/kernel/kexec_crash_* (kernel ABI sysfs-kernel-kexec), /proc/iomem and the kernel log."""
        text = evidence.text("reservation")
        if isinstance(text, Unknown):
            return text
        found = pairs(text)
        loaded, size = found.get("kexec_crash_loaded"), whole_number(found.get("kexec_crash_size", ""))
        if loaded not in {"0", "1"} or size is None:
            return Unknown("/sys/kernel/kexec_crash_loaded or kexec_crash_size could not be read")
        regions = tuple((int(low, 16), int(high, 16)) for low, high in _REGION.findall(text))
        own = sum(
            int(high, 16) - int(low, 16) + 1 for low, high in _KERNEL.findall(text) if int(high, 16) > int(low, 16)
        )
        return cls(loaded == "1", size, regions, tuple(_REFUSED.findall(text)), own)

    @property
    def kernel_size(self) -> int:
        """Bytes the running kernel's code and data take up. Raises `CouldNotLook` where /proc/iomem hides them."""
        return self.kernel or known(Unknown("/proc/iomem does not show how large the kernel is; it takes root to read"))

    @property
    def reserved(self) -> int:
        """Bytes set aside: the sum of /proc/iomem's regions where it shows them (kernels may count high only)."""
        # Without privilege /proc/iomem shows every region as 0-0: then only the kernel's own sum is left.
        return max(self.size, _total(self.regions))

    @property
    def low(self) -> int | None:
        """Bytes of it below 4 GiB where the rest is above; None where none is, or where /proc/iomem hides it."""
        below = tuple(region for region in self.regions if region[0] < _HIGH)
        return None if len(below) == len(self.regions) else _total(below)


def _regions(pattern: re.Pattern[str], text: str) -> tuple[tuple[int, int], ...]:
    return tuple((int(low, 16), int(high, 16)) for low, high in pattern.findall(text))


def _total(regions: tuple[tuple[int, int], ...]) -> int:
    return sum(high - low + 1 for low, high in regions if high > low)
