# SPDX-License-Identifier: Apache-2.0
"""Debian's kdump-tools saves into KDUMP_COREDIR, as /etc/default/kdump-tools is set.

Source: Debian kdump-tools 1.8.1: kdump-config (kdump_save_core, locate_kdump_kernel, kdump_load).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.defaults import Defaults
from kdumpcheck.facts.lines import whole_number
from kdumpcheck.facts.space import Need, Space
from kdumpcheck.places import Place, coredir
from kdumpcheck.providers.saving import Saving

KERNEL_LINK: Final = "/var/lib/kdump/vmlinuz"
INITRD_LINK: Final = "/var/lib/kdump/initrd.img"
_ELSEWHERE: Final = ("NFS", "SSH", "FTP")
_FILE: Final = "/etc/default/kdump-tools"


@dataclass(frozen=True, slots=True, eq=False)
class DebianSaving(Saving):
    """How kdump-tools saves."""

    place: Place = coredir.PLACE
    package: str = "kdump-tools"
    setting: str = "KDUMP_NUM_DUMPS"
    room: str = "savecore.space"

    def settings(self, evidence: Evidence) -> Mapping[str, str] | Unknown:
        """Those of /etc/default/kdump-tools; what only a shell could tell is not known."""
        found = Defaults.parse(evidence)
        if isinstance(found, Unknown):
            return found
        if found.riddles:
            return Unknown(f"only a shell could tell what {_FILE} means by: {found.riddles[0]}")
        return found.settings

    def off(self, settings: Mapping[str, str]) -> str:
        """USE_KDUMP, and the files that are loaded where they are not those that kdump-tools makes."""
        if not whole_number(settings.get("USE_KDUMP", "")):
            return f"USE_KDUMP is not 1 in {_FILE}: a restart neither unloads nor loads anything"
        for name, link in (("KDUMP_KERNEL", KERNEL_LINK), ("KDUMP_INITRD", INITRD_LINK)):
            if settings.get(name) != link:
                return f"{name} in {_FILE} is not {link}: what it loads was not made by kdump-tools"
        return ""

    def unprovable(self, settings: Mapping[str, str]) -> str:
        """What is packed by another program cannot be looked into, and what is on another machine not at all."""
        if remote := next((name for name in _ELSEWHERE if settings.get(name)), ""):
            return f"{remote} is set in {_FILE}: the dump goes to another machine"
        if packed := settings.get("KDUMP_COMPRESSION", ""):
            return f"KDUMP_COMPRESSION is {packed} in {_FILE}: a packed dump cannot be looked into"
        if settings.get("KDUMP_DUMP_DMESG", "1") != "1":
            return f"KDUMP_DUMP_DMESG is not 1 in {_FILE}: without its kernel log a dump cannot be told from another"
        return ""

    def need(self, space: Space, settings: Mapping[str, str]) -> Need:
        """By makedumpfile's level among MAKEDUMP_ARGS; 31 where they are not set."""
        level = level_of(settings.get("MAKEDUMP_ARGS", "").split() or ["-d", "31"]) or 0
        return space.needed({"KDUMP_DUMPLEVEL": str(level)})

    def kept(self, settings: Mapping[str, str]) -> int | None:
        """KDUMP_NUM_DUMPS, the new dump among them."""
        return whole_number(settings.get("KDUMP_NUM_DUMPS", "") or "0")

    def costs(self, settings: Mapping[str, str], dumps: Sequence[str]) -> Sequence[str]:
        """What is more than KDUMP_NUM_DUMPS once the new dump is saved, the oldest first."""
        number = self.kept(settings)
        return dumps[: max(0, len(dumps) + 1 - number)] if number else ()


def level_of(words: Sequence[str]) -> int | None:
    """The dump level among makedumpfile's arguments; 0 where none is given, None for what is no number."""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "-d":
            return whole_number(following)
        if word.startswith("-d"):
            return whole_number(word[2:])
    return 0
