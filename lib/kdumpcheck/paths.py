# SPDX-License-Identifier: Apache-2.0
"""Where kdumpcheck keeps what belongs to one operator: settings, state and cache; and how it writes there."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

APPLICATION = "kdumpcheck"


def config_dir(environ: Mapping[str, str], home: Path) -> Path:
    """The operator's settings: $XDG_CONFIG_HOME/kdumpcheck, by default ~/.config/kdumpcheck."""
    return _base(environ, "XDG_CONFIG_HOME", home / ".config") / APPLICATION


def state_dir(environ: Mapping[str, str], home: Path) -> Path:
    """What outlives a run: $XDG_STATE_HOME/kdumpcheck, by default ~/.local/state/kdumpcheck."""
    return _base(environ, "XDG_STATE_HOME", home / ".local" / "state") / APPLICATION


def cache_dir(environ: Mapping[str, str], home: Path) -> Path:
    """What may be thrown away and made again: $XDG_CACHE_HOME/kdumpcheck, by default ~/.cache/kdumpcheck."""
    return _base(environ, "XDG_CACHE_HOME", home / ".cache") / APPLICATION


def lab_state_dir(environ: Mapping[str, str], home: Path) -> Path:
    """Where the running lab keeps its inventory, keys and process ids."""
    return state_dir(environ, home) / "lab"


def whole(path: Path, parts: Iterable[str]) -> Path:
    """Write a file whole or not at all. Raises `OSError`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.writelines(parts)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def unreadable(path: Path) -> str:
    """Why a file that was named cannot be read, in the system's words; "" where it can. It is not opened."""
    try:
        path.stat()
    except (OSError, ValueError) as error:
        return getattr(error, "strerror", None) or "not a usable file name"
    return "" if os.access(path, os.R_OK) else os.strerror(errno.EACCES)


def _base(environ: Mapping[str, str], variable: str, default: Path) -> Path:
    # The XDG Base Directory Specification: a relative path in the variable is invalid and is ignored.
    given = Path(environ.get(variable, ""))
    return given if given.is_absolute() else default
