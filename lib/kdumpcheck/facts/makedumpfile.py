# SPDX-License-Identifier: Apache-2.0
"""The options with which a dump is written, as makedumpfile(8) takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Self

from kdumpcheck.facts.lines import whole_number

_VALUED: Final = ("-d", "--message-level", "--num-threads", "--cyclic-buffer")
_COMPRESSING: Final = ("-c", "-l", "-p", "-z")
_PLAIN: Final = (*_COMPRESSING, "-E", "-F", "--non-cyclic")
#: With these it saves no memory at all, or not the kernel's.
_SAVING_NOTHING: Final = ("--dump-dmesg", "--dry-run", "--mem-usage", "--check-params", "-R", "--reassemble")
#: The highest of dump levels and of message levels.
_MOST: Final = 31


@dataclass(frozen=True, slots=True)
class Options:
    """`values` by option, `plain` those that take none; `odd` are words that are none of those known here."""

    values: Mapping[str, str]
    plain: frozenset[str]
    odd: tuple[str, ...]

    @classmethod
    def of(cls, words: Iterable[str]) -> Self:
        """Read a command line without its first word."""
        values, plain, odd = dict[str, str](), set[str](), list[str]()
        waiting = ""
        for word in words:
            name, equals, value = word.partition("=")
            if waiting:
                values[waiting], waiting = word, ""
            elif word in _VALUED:
                waiting = word
            elif equals and name in _VALUED:
                values[name] = value
            elif word.startswith("-d") and not word[2:].strip("0123456789,"):
                values["-d"] = word[2:]
            elif word in _PLAIN:
                plain.add(word)
            else:
                odd.append(word)
        return cls(values, frozenset(plain), (*odd, *([waiting] if waiting else [])))

    @property
    def problem(self) -> str:
        """Why makedumpfile would save nothing with these; "" for nothing that is known."""
        nothing = [word for word in self.odd if word in _SAVING_NOTHING]
        if nothing:
            return f"{nothing[0]} saves no memory"
        if any(level is None or level > _MOST for level in self._levels):
            return f"-d {self.values['-d']} is no level from 0 to {_MOST}"
        said = whole_number(self.values.get("--message-level", "7"))
        if said is None or said > _MOST:
            return f"--message-level {self.values['--message-level']} is none from 0 to {_MOST}"
        if "-E" in self.plain and self.compresses:
            return "-E takes no compression"
        return ""

    @property
    def level(self) -> int:
        """The dump level; of several makedumpfile tries the next one where there is no room."""
        return max(level or 0 for level in self._levels)

    @property
    def compresses(self) -> bool:
        """Whether the dump gets smaller than the memory that it holds."""
        return not self.plain.isdisjoint(_COMPRESSING)

    @property
    def _levels(self) -> list[int | None]:
        return [whole_number(each) for each in self.values.get("-d", "0").split(",")]
