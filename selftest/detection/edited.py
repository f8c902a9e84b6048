# SPDX-License-Identifier: Apache-2.0
"""Captured cases of what no lab node can be: evidence of a healthy one with the line that such a node would say."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from selftest.unit.kept import framed

from kdumpcheck.evidence import Evidence, load, save

_TAKEN: Final = datetime(2026, 1, 1, tzinfo=UTC)

Change = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """One such case."""

    id: str
    why: str
    """why no lab node can be like this"""
    section: str
    """the answer that is changed"""
    change: Change
    fails: tuple[str, ...] = ()
    warns: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ("suse_legacy", "suse")

    @property
    def expectation(self) -> str:
        """What is expected of it, as YAML in one line."""
        groups = (("fail", self.fails), ("warn", self.warns))
        return "{" + ", ".join(f"{word}: [{', '.join(sorted(checks))}]" for word, checks in groups if checks) + "}"


def _add(line: str) -> Change:
    return lambda data: data.rstrip(b"\n") + b"\n" + line.encode() + b"\n"


def _replace(pattern: str, new: str) -> Change:
    return lambda data: re.sub(pattern.encode(), new.encode(), data, flags=re.MULTILINE)


EDITED: Final = (
    Edited(
        id="watchdog-armed",
        why="the lab's kernel has no watchdog driver, and an emulated board has none of an NCN's",
        section="controls",
        change=_add("watchdog\twatchdog0\tHPE iLO2+ HW Watchdog Timer\tactive\t30"),
        warns=("watchdog.quiet",),
    ),
    Edited(
        id="selinux-enforcing",
        why="the lab's system has no SELinux policy",
        section="controls",
        change=_add("selinux_enforce=1"),
        warns=("kernel.selinux",),
    ),
    Edited(
        id="lockdown",
        why="the lab boots without Secure Boot, and its kernel is not signed",
        section="controls",
        change=_add("lockdown=none [integrity] confidentiality"),
        warns=("kernel.kexec",),
    ),
    Edited(
        id="initrd-from-the-image",
        why="the lab's image holds no kdump initrd, so that every node builds its own",
        section="initrds",
        change=_replace(r"^upper\t.*\n", ""),
        warns=("initrd.built-here",),
    ),
    Edited(
        id="rootraid-encrypted",
        why="the lab's initrd opens no encrypted disk",
        section="storage",
        change=_add("layer\tdm-0\tCRYPT-LUKS2-0123456789abcdef-ROOT\t\t\t\t"),
        warns=("rootraid.healthy",),
    ),
    Edited(
        id="two-kernels-in-the-database",
        why="the lab's RPM database is made with one kernel",
        section="kernels",
        change=_replace(r"^kver=.*$", "kver=6.4.0-150600.23.17-default"),
        warns=("kernel.kver",),
    ),
)
"""Beside these: an IOMMU with transfers under way and an mlx5 card that takes the capture kernel's memory show on no
healthy node at all; what can be seen of them is module_blacklist= and reset_devices (config.append)."""


def edit(healthy: Path, case: Edited, directory: Path) -> Path:
    """Write the case made of a healthy node's evidence; gives its path."""
    before = load(healthy)
    outputs = {name: output.data for name, output in before.outputs.items()}
    changed = case.change(outputs[case.section])
    if changed == outputs[case.section]:
        raise ValueError(f"{case.id}: nothing to change in the section {case.section} of {healthy}")
    evidence = Evidence(before.node, _TAKEN, before.origin)
    made = save(directory, evidence, framed({**outputs, case.section: changed}))
    return made.rename(directory / f"{case.id}.evidence.gz")
