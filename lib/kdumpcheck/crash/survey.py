# SPDX-License-Identifier: Apache-2.0
"""A survey: what is compared of a node before its crash and after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from kdumpcheck.crash import script
from kdumpcheck.evidence import Unknown
from kdumpcheck.facts.lines import pairs, rows, whole_number
from kdumpcheck.places import Place, find

#: Seconds: one find over a few levels of a disk, and a question to systemd.
SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Survey:
    """A node at one moment. `clock` is its own, in seconds since 1970; `dumps` are paths of directories.

    `point` is where dumps are looked for, `shown` the directory in which people find them; `unit` and `system` are
    systemd's words for the unit that loads the capture kernel and for all that starts at boot. `stamp` is the name
    that a dump saved at this moment would have, "" where that does not matter.
    """

    boot_id: str
    release: str
    clock: int
    loaded: bool
    unit: str
    system: str
    point: str
    shown: str
    dumps: frozenset[str]
    stamp: str = ""

    @classmethod
    def parse(cls, answer: bytes) -> Self | Unknown:
        """Read what survey.sh printed; total over any bytes."""
        text = answer.decode("utf-8", errors="backslashreplace")
        found = pairs(text)
        clock = whole_number(found.get("clock", ""))
        if found.get("whole") != "yes" or not found.get("boot_id") or clock is None:
            return Unknown("the node did not say all of what is on it: is what dumps are saved on mounted?")
        return cls(
            found["boot_id"],
            found.get("release", ""),
            clock,
            found.get("loaded") == "1",
            found.get("unit", ""),
            found.get("system", ""),
            found["point"],
            found.get("shown", ""),
            frozenset(path for (path,) in rows(text, "dump", 1)),
            found.get("stamp", ""),
        )

    @property
    def armed(self) -> bool:
        """Whether a capture kernel is loaded, and kdump says so, too."""
        return self.loaded and self.unit == "active"

    @property
    def written_over(self) -> str:
        """The dump that one saved now would be written over, by its path; "" for none.

        Those that are named for a later minute are such, too: the save takes a while, and clocks are set.
        """
        later = (path for path in sorted(self.dumps) if path.rpartition("/")[2] >= self.stamp)
        return next(later, "") if self.stamp else ""

    @property
    def settled(self) -> bool:
        """Whether kdump has come to its end, good or bad, and nothing that starts at boot may start it yet."""
        if self.unit == "activating":
            return False
        return self.armed or self.unit == "failed" or self.system not in {"initializing", "starting"}


def question(place: Place, unit: str) -> str:
    """The script that asks for a survey; `unit` loads the capture kernel."""
    return with_survey(place, unit, {}, call="\n</dev/null survey\n")


def with_survey(place: Place, unit: str, settings: Mapping[str, str], *files: str, call: str = "") -> str:
    """A script of these files that can take a survey as well."""
    own = {"unit": unit, "depth": str(place.depth), "stamp": place.stamp}
    return find(place) + script.compose({**own, **settings}, "survey.sh", *files, call=call)
