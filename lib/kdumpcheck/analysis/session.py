# SPDX-License-Identifier: Apache-2.0
"""crash(8), or else drgn, on a dump, where the dump is: asked fixed things, without a terminal, within bounds."""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from itertools import takewhile

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
UNFLATTENED_BYTES = 8 << 30
"""The largest flattened dump that is written a second time, for programs that read it in no other way."""
#: The words of crash, of the gdb in it and of drgn when they may have no more memory.
_NO_MEMORY = ("virtual memory exhausted", "cannot allocate any more memory", "error: out of memory", "MemoryError")
#: The same where the kernel image has no symbols, or is of another build.
_NO_SYMBOLS = ("no debugging data available", "'init_uts_ns'", "has no symbols")
#: How lines begin by which crash says what it is not sure of, and drgn what it could not tell.
_DOUBTS = ("WARNING:", "drgn: ")
_NAMES = {"crash": "crash(8)"}
_MOST_WARNINGS, _LONGEST_WORDS = 5, 400


@dataclass(frozen=True, slots=True)
class Session:
    """What crash(8) or drgn said, a section for each command; `trouble` is why there is nothing, or not all."""

    sections: dict[str, bytes]
    trouble: str = ""
    namelist: str | None = None
    installed: tuple[str, ...] = ()
    version: str | None = None
    """which program it was, in its own words"""
    warnings: tuple[str, ...] = ()
    """what it was not sure of, in its own words"""

    @property
    def log(self) -> bytes:
        """The kernel's log out of the vmcore."""
        return self.sections.get("log", b"")

    @property
    def program(self) -> str:
        """What was asked: crash or drgn."""
        return program_of(self.version or "")

    @property
    def needs_symbols(self) -> bool:
        """Whether nothing could be told for want of the kernel's debuginfo."""
        return not set(self.sections) - {"log"} and (
            self.namelist is None or any(words in self.trouble for words in _NO_SYMBOLS)
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What crash(8) is asked about, and within which bounds.

    `vmcores` are the names of the dump's files in its directory, `release` is None where the dump does not tell it.
    """

    directory: str
    vmcores: tuple[str, ...]
    release: str | None
    seconds: int
    mebibytes: int
    wants_log: bool = True
    """whether the log is wanted out of the vmcore where crash(8) cannot be asked"""


def script(asked: Asked, *, mark: str) -> str:
    """The sh script that runs crash(8) on a dump and prints what it said.

    `mark` begins each section of the answer; only because nobody can guess it does no dump forge a section.
    """
    words = {
        "mark": mark,
        "directory": asked.directory,
        "release": asked.release or "",
        "seconds": str(asked.seconds),
        "kilobytes": str(asked.mebibytes * 1024),
        "limit": str(SECTION_BYTES),
        "most": str(UNFLATTENED_BYTES),
        "wants_log": "1" if asked.wants_log else "",
        "sections": " ".join(COMMANDS),
        "script": _resource("drgn_script.py"),
        # crash is in its working directory then.
        "commands": "\n".join(f"{command} | head -c {SECTION_BYTES} > {name}" for name, command in COMMANDS.items()),
    }
    values = "".join(f"{name}={shlex.quote(value)}\n" for name, value in words.items())
    files = f"set -- {shlex.join(asked.vmcores)}\n"
    return values + files + _resource("session.sh")


def _resource(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def read(answer: bytes, mark: str) -> Session:
    """What came back from the script; total over any bytes."""
    begin = re.compile(rb"^" + re.escape(mark.encode()) + rb" ([a-z][a-z-]*) ?(.*)$", re.MULTILINE)
    marks = list(begin.finditer(answer))
    told: dict[str, bytes] = {}
    for number, found in enumerate(marks):
        end = marks[number + 1].start() if number + 1 < len(marks) else len(answer)
        told[found[1].decode()] = found[2] or answer[found.end() + 1 : end]
    sections = {name: told[name] for name in COMMANDS if told.get(name, b"").strip()}
    said = _said(told.get("said", b""))
    return Session(
        sections,
        _trouble(told, said),
        namelist=_text(told["namelist"]) if "namelist" in told else None,
        installed=tuple(_text(told.get("installed", b"")).split()),
        version=_text(told.get("version", b"")) or None,
        warnings=_doubts(said) if sections else (),
    )


def run(do: Callable[[str], bytes], asked: Asked) -> Session:
    """Run crash(8) where the dump is; `do` runs a sh script there."""
    mark = f"@@{secrets.token_hex(8)}"
    return read(do(script(asked, mark=mark)), mark)


def _said(raw: bytes) -> list[str]:
    """The lines that crash printed beside the answers, without how it is to be called."""
    lines = (_text(line)[:_LONGEST_WORDS] for line in raw.split(b"\n"))
    return [line for line in takewhile(lambda line: line != "Usage:", lines) if line]


def _doubts(said: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(line for line in said if line.startswith(_DOUBTS)))[:_MOST_WARNINGS]


def _trouble(told: dict[str, bytes], said: list[str]) -> str:
    """Why there is nothing, or not all; "" when there is all."""
    if "end" not in told:
        return "the analysis on the node did not come to its end"
    if "trouble" in told:
        return _text(told["trouble"])
    program = program_of(_text(told.get("version", b"")))
    name, code, refused = _NAMES.get(program, program), _text(told.get("code", b"")), "refused" in told
    if "stopped" in told:
        return f"{name} was stopped after {_text(told['stopped'])} s."
    if code in ("", "0") and not refused:
        return ""
    if any(words in line for line in said for words in _NO_MEMORY):
        return f"{name} needs more memory than it may have (--crash-memory)."
    own = [line for line in said if line.startswith(f"{program}:")]
    # crash says last why it ends; drgn goes on, and says the same of all that follows.
    words = " ".join((own[:1] if program == "drgn" else own[-2:]) or said[-3:])[:_LONGEST_WORDS]
    return f"{name} could not open it: {words}" if refused else f"{name} ended with {code}: {words}"


def program_of(version: str) -> str:
    """Which of the two it is, by what it says of itself."""
    return version.partition(" ")[0] or "crash"


def _text(raw: bytes) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in raw.decode("utf-8", "replace")).split())
