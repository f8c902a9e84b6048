# SPDX-License-Identifier: Apache-2.0
"""The kdump dialects a node can be made with: one layer of the guest tree each."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.errors import ImageError
from kdumpcheck.lab.image.shape import DEBIAN_CRASHKERNEL, DEFAULT_CRASHKERNEL, RHEL_CRASHKERNEL

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Dialect:
    """One line of kdump releases, as the lab has it."""

    name: str
    """the name of the provider that checks it"""
    title: str
    """what it stands in for, as an operator would say it"""
    layer: str
    """directory of the guest tree with its files, and name of its list in `rpm/`"""
    initrd: str
    """where the node keeps its kdump initrd, as a shell word"""
    unit: str = "kdump.service"
    """the unit that loads the capture kernel"""
    crashkernel: str = DEFAULT_CRASHKERNEL
    """what its healthy node reserves"""
    plain: bool = False
    """whether the node has all it has on one disk of its own, and is not an image laid out as an NCN's"""
    installed: bool = False
    """whether its root is Debian as apt installs it, with Debian's own kdump; else it has a stand-in of kdump"""
    words: tuple[str, ...] = ()
    """words of the kernel command line that its nodes have besides the lab's"""


_ALL: Final = (
    Dialect("suse_legacy", "SUSE kdump before 1.9", "kdump-legacy", "/boot/initrd-$(uname -r)-kdump"),
    Dialect("suse", "SUSE kdump from 1.9 on", "kdump", "/var/lib/kdump/initrd"),
    Dialect(
        "kdump_tools",
        "Debian's kdump-tools",
        "kdump-tools",
        "/var/lib/kdump/initrd.img-$(uname -r)",
        unit="kdump-tools.service",
        crashkernel=DEBIAN_CRASHKERNEL,
        plain=True,
        installed=True,
        # It adds no panic= to the capture kernel's command line; without one that would stop where it fails.
        words=("panic=10",),
    ),
    Dialect(
        "kdump_utils",
        "kdump-utils of RHEL and Fedora",
        "kdump-utils",
        "/boot/initramfs-$(uname -r)kdump.img",
        crashkernel=RHEL_CRASHKERNEL,
        plain=True,
    ),
)

DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType({dialect.name: dialect for dialect in _ALL})
"""All dialects by name."""

DEFAULT_DIALECT: Final = "suse_legacy"


def find_dialect(name: str) -> Dialect:
    """The dialect of this name; raises ImageError naming those there are."""
    try:
        return DIALECTS[name]
    except KeyError:
        raise ImageError(f"there is no dialect {name!a}; the lab knows {', '.join(DIALECTS)}") from None
