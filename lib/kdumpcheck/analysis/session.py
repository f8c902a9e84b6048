# SPDX-License-Identifier: Apache-2.0
"""crash(8) on a dump, where the dump is: asked a fixed set of things, without a terminal, within bounds."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

#: Name of each section and crash's own command for it (crash(8), section COMMANDS).
COMMANDS = {
    "sys": "sys",
    "log": "log",
    "bt": "bt",
    "bt-all": "bt -a",
    "ps": "ps",
    "modules": "mod -t",
    "memory": "kmem -i",
    "devices": "dev",
    "files": "files",
}
SECTION_BYTES = 512 << 10
"""Most bytes of a section that are kept."""


@dataclass(frozen=True, slots=True)
class Session:
    """What crash(8) said, a section for each command; `trouble` is why there is nothing, or not all."""

    sections: dict[str, bytes]
    trouble: str = ""
    namelist: str | None = None
    installed: tuple[str, ...] = ()

    @property
    def log(self) -> bytes:
        """The kernel's log out of the vmcore."""
        return self.sections.get("log", b"")


def script(directory: str, vmcore: str, release: str, *, seconds: int, mebibytes: int, mark: str) -> str:
    """The sh script that runs crash(8) on a dump and prints what it said.

    `mark` begins each section of the answer; only because nobody can guess it does no dump forge a section.
    """
    words = {
        "mark": mark,
        "directory": directory,
        "vmcore": vmcore,
        "release": release,
        "seconds": str(seconds),
        "kilobytes": str(mebibytes * 1024),
        "limit": str(SECTION_BYTES),
    }
    values = "".join(f"{name}={shlex.quote(value)}\n" for name, value in words.items())
    commands = "".join(
        f"{command} | head -c {SECTION_BYTES} > $work/{name}\n".replace("$work", "WORK")
        for name, command in COMMANDS.items()
    )
    names = f"sections={shlex.quote(' '.join(COMMANDS))}\ncommands={shlex.quote(commands)}\n"
    return values + names + resources.files(__package__).joinpath("session.sh").read_text(encoding="utf-8")


def read(answer: bytes, mark: str) -> Session:
    """What came back from the script; total over any bytes."""
    begin = re.compile(rb"^" + re.escape(mark.encode()) + rb" ([a-z][a-z-]*) ?(.*)$", re.MULTILINE)
    marks = list(begin.finditer(answer))
    told: dict[str, bytes] = {}
    for number, found in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(answer)
        told[found[1].decode()] = found[2] or answer[found.end() + 1 : end]
    sections = {name: told[name] for name in COMMANDS if told.get(name, b"").strip()}
    line = _text(told.get("trouble", b"")) if "end" in told else "the analysis on the node did not come to its end"
    return Session(
        sections,
        line,
        namelist=_text(told["namelist"]) if "namelist" in told else None,
        installed=tuple(_text(told.get("installed", b"")).split()),
    )


def run(
    do: Callable[[str], bytes], directory: str, vmcore: str, release: str, *, seconds: int, mebibytes: int
) -> Session:
    """Run crash(8) where the dump is; `do` runs a sh script there."""
    mark = f"@@{secrets.token_hex(8)}"
    return read(do(script(directory, vmcore, release, seconds=seconds, mebibytes=mebibytes, mark=mark)), mark)


def _text(raw: bytes) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in raw.decode("utf-8", "replace")).split())
