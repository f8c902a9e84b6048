# SPDX-License-Identifier: Apache-2.0
"""`config.repair`: make one word of the module_blacklist= that stands in the middle of a word.

The hotfix of CASMTRIAGE-7232 put names of modules before `module_blacklist=`; the kernel does not know such a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known
from kdumpcheck.facts import Sysconfig
from kdumpcheck.facts.sysconfig import setting
from kdumpcheck.remedies import script
from kdumpcheck.remedies.remedy import Action, RemedyError, Traits

CONFIG = "/etc/sysconfig/kdump"
_KEY = "module_blacklist="
#: A list of modules with the key anywhere in it, and no character that means anything to a shell.
_LIST = re.compile(r"([\w.-]+,)*module_blacklist=[\w.-]+(,[\w.-]+)*,?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRepair(Traits):
    """The remedy for a module_blacklist= that the capture kernel does not see."""

    name: str = "config.repair"
    title: str = "Make module_blacklist= a word of its own"
    then: tuple[str, ...] = ("initrd.rebuild",)

    def plan(self, subject: Subject) -> Action:
        """Plan the change of one line."""
        live = known(Sysconfig.parse(subject.evidence)).live
        # Both are on the capture kernel's line: the one that has a list, the appended one before the other.
        lines = ("KDUMP_COMMANDLINE_APPEND", "KDUMP_COMMANDLINE")
        name = next((name for name in lines if _KEY in live.get(name, "")), lines[0])
        line, value = _last(known(subject.evidence.text("sysconfig.live")), name)
        old, new = merged(value)
        if line.count(value) != 1 or "[redacted]" in line:
            raise RemedyError(f"{name} is not written as one word in quotes: change it in {CONFIG} by hand")
        settings = {"config": CONFIG, "old": line, "new": line.replace(value, new)}
        words = new.split()[next(i for i, word in enumerate(new.split()) if word.startswith(_KEY))]
        comment = (
            f"make one word module_blacklist= in {CONFIG}, with the file as it is kept in {CONFIG}.before-kdumpcheck; "
            "the image's copy stays as it is"
        )
        changes = {f"{CONFIG} {name}": {"old": " ".join(old), "new": words}}
        return Action(comment, changes, script.compose("config_repair", settings), seconds=120)


def merged(value: str) -> tuple[list[str], str]:
    """The words that belong together in a setting, and the setting with one in their place. Raises `RemedyError`."""
    words = value.split()
    lists = [word for word in words if _KEY in word or "," in word.partition("=")[0]]
    if not any(_KEY in word for word in lists):
        raise RemedyError("there is no module_blacklist=: which modules to leave out is for the site to say")
    for word in lists:
        if not _LIST.fullmatch(word):
            raise RemedyError(f"{word} is no list of modules that could be mended: change it in {CONFIG} by hand")
    modules = [name for word in lists for name in word.replace(_KEY, "").split(",") if name]
    whole = _KEY + ",".join(dict.fromkeys(modules))
    rest = [whole if word == lists[0] else word for word in words if word == lists[0] or word not in lists]
    return lists, " ".join(rest)


def _last(text: str, name: str) -> tuple[str, str]:
    """The line that counts for a setting, and its value."""
    found = [(line, read[1]) for line in text.splitlines() if (read := setting(line)) is not None and read[0] == name]
    if not found:
        raise RemedyError(f"{CONFIG} does not set {name}")
    return found[-1]


REMEDY = ConfigRepair()
