# SPDX-License-Identifier: Apache-2.0
"""An image that no node has booted yet: its kernels, what they need, and what ships beside it.

No probe asks for this: it is read out of the image itself (image/sections.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, NotBooted, Unknown
from kdumpcheck.facts.contents import Opened, read_opened
from kdumpcheck.facts.lines import rows, whole_number
from kdumpcheck.probe import Section


@dataclass(frozen=True, slots=True)
class Image:
    """What lies in an image.

    `kernels` are the sizes in bytes of the kernel images in /boot by release, `default` where /boot/vmlinuz leads
    ("" for nowhere, None where there is no such link); `modules` says of each release's modules
    "whole" or what they lack;
    `built_in` which of ROOTRAID's drivers a kernel holds itself; `dracut` are the settings of dracut, as file and line;
    `shipped` is the release of the kernel beside the image, `initrd` the initrd beside it: None where not given.
    """

    sections: ClassVar[tuple[Section, ...]] = ()

    kernels: Mapping[str, int]
    default: str | None
    modules: Mapping[str, str]
    built_in: Mapping[str, frozenset[str]]
    namelists: frozenset[str]
    programs: frozenset[str]
    hooks: tuple[str, ...]
    dracut: tuple[tuple[str, str], ...]
    shipped: str | None
    initrd: Opened | None

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read what image/sections.py tells."""
        if evidence.booted:
            return NotBooted("judges an image before any node boots it (--image)")
        text, initrd = evidence.text("image"), evidence.text("image.initrd")
        if isinstance(text, Unknown):
            return text
        opened = read_opened("" if isinstance(initrd, Unknown) else initrd)
        if isinstance(opened, Unknown):
            return opened
        built_in: dict[str, set[str]] = {}
        for release, name in rows(text, "built-in", 2):
            built_in.setdefault(release, set()).add(name)
        defaults = [path for (path,) in rows(text, "default", 1)]
        shipped = [release for (release,) in rows(text, "shipped", 1)]
        return cls(
            kernels={release: whole_number(size) or 0 for release, size in rows(text, "kernel", 2)},
            default=defaults[0] if defaults else None,
            modules=dict(rows(text, "modules", 2)),
            built_in={release: frozenset(names) for release, names in built_in.items()},
            namelists=frozenset(name for (name,) in rows(text, "namelist", 1)),
            programs=frozenset(name for (name,) in rows(text, "program", 1)),
            hooks=tuple(path for (path,) in rows(text, "hook", 1)),
            dracut=tuple((file, line) for file, line in rows(text, "dracut", 2)),
            shipped=shipped[0] if shipped else None,
            initrd=opened.get("initrd"),
        )

    @property
    def kernel(self) -> str:
        """The release of the kernel that the image boots: the link's, or the only one; "" where that is not clear."""
        if self.default:
            return self.default.rsplit("/", 1)[-1].partition("-")[2]
        return next(iter(self.kernels)) if len(self.kernels) == 1 else ""
