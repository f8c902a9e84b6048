# SPDX-License-Identifier: Apache-2.0
"""What the node says of the one dump that its crash left."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from kdumpcheck.crash import script
from kdumpcheck.facts.dumps import Dump
from kdumpcheck.facts.lines import pairs, rows, whole_number
from kdumpcheck.places import Place

SECONDS = 120.0
_STATUS = ("vmcore status:", "If you see this text the crash dump is likely incomplete")


@dataclass(frozen=True, slots=True)
class Details:
    """One dump. `files` are names and sizes in bytes; `marked` says that its kernel log has the mark of our crash.

    `shown` and `linked` say whether the same vmcore is read where people look for dumps, and through the link that the
    capture kernel follows where there is one; `log` is the name of the kernel log beside it ("" for none).
    """

    path: str
    files: tuple[tuple[str, int], ...]
    readme: tuple[str, ...]
    log: str
    marked: bool
    shown: bool
    linked: bool

    @classmethod
    def parse(cls, path: str, answer: bytes) -> Self | None:
        """Read what dump.sh printed of the dump at `path`; None where it did not come to its end."""
        text = answer.decode("utf-8", errors="backslashreplace")
        found = pairs(text)
        if found.get("whole") != "yes":
            return None
        files = tuple((name, whole_number(size) or 0) for name, size in rows(text, "file", 2))
        readme = tuple(line for (line,) in rows(text, "readme", 1))
        said = {key: found.get(key) == "yes" for key in ("marker", "shown", "linked")}
        return cls(path, files, readme, found.get("log", ""), said["marker"], said["shown"], said["linked"])

    @property
    def name(self) -> str:
        """The directory's own name, by which it is known to people."""
        return self.path.rpartition("/")[2]

    @property
    def dump(self) -> Dump:
        """The dump as a listing has it."""
        word = next((line for line in self.readme if line.startswith(_STATUS)), "")
        return Dump(self.path.rpartition("/")[0], self.name, self.files, word)


def question(place: Place, path: str, view: str, linked: str, marker: str) -> str:
    """The script that looks at the dump at `path`.

    `view` is the directory in which people find dumps, `linked` the dump by its way through a link that the capture
    kernel follows ("" for none).
    """
    name = path.rpartition("/")[2]
    settings = {"directory": path, "shown": f"{view}/{name}", "linked": linked, "marker": marker}
    patterns = {"memory": " ".join(place.memory), "logs": " ".join(place.logs)}
    return script.compose({**settings, **patterns}, "dump.sh")


def removal(place: Place, view: str, name: str, files: Iterable[str], marker: str) -> str:
    """The script that takes away a dump of ours, by its name where people find it, and the files we saw in it.

    Where `view` shows what lies below an overlay, it is removed through that, never below it.
    """
    lines = "".join(f"    printf '%s\\n' {shlex.quote(file)}\n" for file in files)
    functions = f"names() {{\n    :\n{lines}}}\n"
    settings = {"directory": f"{view}/{name}", "marker": marker, "logs": " ".join(place.logs)}
    return functions + script.compose(settings, "remove.sh")
