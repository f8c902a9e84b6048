# SPDX-License-Identifier: Apache-2.0
"""What made a kernel tainted, in words.

Source: Documentation/admin-guide/tainted-kernels.rst; `N` and `X` as SUSE's kernels use them.
"""

from __future__ import annotations

TAINTS = {
    "P": "a proprietary module was loaded",
    "F": "a module was loaded by force",
    "S": "the CPUs or their use are out of specification",
    "R": "a module was unloaded by force",
    "M": "a machine check was reported: the hardware",
    "B": "a bad page was found: memory was corrupted",
    "U": "a program asked for it",
    "D": "the kernel had oopsed before",
    "A": "an ACPI table was overridden",
    "W": "the kernel had warned before",
    "C": "a staging driver was loaded",
    "I": "the firmware has a severe bug",
    "O": "a module built outside the kernel's tree was loaded",
    "E": "an unsigned module was loaded",
    "L": "a CPU had been locked up before",
    "K": "the kernel was live-patched",
    "X": "a module that its vendor supports, and not the distribution, was loaded",
    "T": "the kernel was built with randomized structures",
    "N": "a module without support, or a test, was loaded",
    "J": "a userspace device command that may do harm was sent",
}
#: What a module of its own is marked with in "Modules linked in:".
MODULE_MARKS = {
    "P": "proprietary",
    "F": "loaded by force",
    "C": "a staging driver",
    "O": "built outside the kernel's tree",
    "E": "unsigned",
    "K": "a live patch",
    "X": "supported by its vendor alone",
    "N": "without support",
}


def in_words(letters: str) -> tuple[str, ...]:
    """Each taint flag in words; `G` is no taint, and what is unknown is said to be."""
    known = [letter for letter in letters if letter.isalpha() and letter != "G"]
    return tuple(f"{letter}: {TAINTS.get(letter, 'a flag that kdumpcheck does not know')}" for letter in known)
