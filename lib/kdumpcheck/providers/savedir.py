# SPDX-License-Identifier: Apache-2.0
"""KDUMP_SAVEDIR, as both lines of SUSE's kdump read it."""

from __future__ import annotations

from collections.abc import Mapping
from posixpath import normpath
from urllib.parse import urlsplit


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
