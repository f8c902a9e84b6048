# SPDX-License-Identifier: Apache-2.0
"""What the probe asks for besides what it always does: the packages, units and files of a site's own providers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

#: The variables that sections read: words, in which {kernel} stands for uname -r and * for anything.
NAMES: Final = ("more_packages", "more_units", "more_initrds", "more_opened", "more_files", "more_sources")
_WORD = re.compile(r"[A-Za-z0-9@%_+:.,/*{}-]+", re.ASCII)

_more: dict[str, dict[str, None]] = {name: {} for name in NAMES}


def forget() -> None:
    """Ask for nothing more."""
    for words in _more.values():
        words.clear()


def ask(more: Mapping[str, Iterable[str]]) -> None:
    """Add words. Raises `ValueError`, and adds none of them, for one that a shell would not take as it stands."""
    listed = {name: list(words) for name, words in more.items()}
    for word in (word for words in listed.values() for word in words):
        if not _WORD.fullmatch(word) or word.startswith("-"):
            raise ValueError(f"{word[:60]!a} cannot be asked for on a node: letters, digits and @%_+:.,/- only")
    for name, words in listed.items():
        _more[name].update(dict.fromkeys(words))


def words(name: str) -> tuple[str, ...]:
    """What is asked for under one of `NAMES`."""
    return tuple(_more[name])


def variables() -> str:
    """Shell that sets all of them for the sections."""
    return "".join(f"{name}='{' '.join(words)}'\n" for name, words in _more.items()) + f"export {' '.join(NAMES)}\n"
