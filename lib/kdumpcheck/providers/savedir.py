# SPDX-License-Identifier: Apache-2.0
"""KDUMP_SAVEDIR, KDUMP_DUMPFORMAT and KDUMP_DUMPLEVEL, as both lines of SUSE's kdump read them."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import normpath
from urllib.parse import urlsplit

from kdumpcheck.facts.lines import whole_number

#: The highest dump level (makedumpfile(8) -d).
_MOST = 31


def local_path(settings: Mapping[str, str]) -> str:
    """The local directory KDUMP_SAVEDIR names, bare or as file://; "" when it names none (sysconfig.kdump.in)."""
    words = settings.get("KDUMP_SAVEDIR", "").split()
    # urlsplit() would pass over a carriage return, which the shell and kdump take for a part of the name.
    if "\r" in settings.get("KDUMP_SAVEDIR", ""):
        return ""
    try:
        url = urlsplit(words[0]) if words else urlsplit("")
    except ValueError:
        return ""
    if url.scheme not in {"", "file"} or not url.path.startswith("/"):
        return ""
    # kdump makes the same of "//" and of "/" at the end (realpath -m).
    return normpath("/" + url.path.lstrip("/")).rstrip("/")


def saves_nothing(settings: Mapping[str, str]) -> str:
    """Why no memory would be saved, or all of it, with this format and level; "" for nothing (sysconfig.kdump.in)."""
    if settings.get("KDUMP_DUMPFORMAT") == "none":
        return "KDUMP_DUMPFORMAT is none: only the kernel log is saved"
    level = settings.get("KDUMP_DUMPLEVEL") or "0"
    number = whole_number(level)
    return f"KDUMP_DUMPLEVEL is {level}" if number is None or number > _MOST else ""
