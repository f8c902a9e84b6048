# SPDX-License-Identifier: Apache-2.0
"""The % tokens, `~` and ${VARIABLES} of ssh_config values (ssh_config(5), TOKENS)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path


class TokenError(ValueError):
    """A value holds a token or a variable that cannot be filled in."""


def expand(text: str, tokens: Mapping[str, str | Callable[[], str]]) -> str:
    """Fill in the % tokens; a token may be a function, asked only when it is used."""

    def value(found: re.Match[str]) -> str:
        letter = found[1]
        if letter == "%":
            return "%"
        if letter not in tokens:
            raise TokenError(f"%{letter} cannot be used here")
        token = tokens[letter]
        return token if isinstance(token, str) else token()

    return re.sub(r"%(.?)", value, text, flags=re.DOTALL)


def expand_path(text: str, tokens: Mapping[str, str | Callable[[], str]]) -> Path:
    """A file name with its % tokens, a leading `~` and ${VARIABLES} filled in."""
    try:
        return Path(expand(_variables(text), tokens)).expanduser()
    except RuntimeError as error:  # expanduser: no home directory is known
        raise TokenError(str(error)) from None


def _variables(text: str) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in os.environ:
            raise TokenError(f"the environment has no {found[1]}")
        return os.environ[found[1]]

    return re.sub(r"\$\{(\w+)\}", value, text)
