# SPDX-License-Identifier: Apache-2.0
"""KDUMP_KEEP_OLD_DUMPS, as both lines of SUSE's kdump read it (kdumptool/deletedumps.cc; dracut/kdump-save)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def kept(settings: Mapping[str, str]) -> int | None:
    """How many old dumps are kept: 0 for all, a negative number for none, None for what is no number."""
    text = settings.get("KDUMP_KEEP_OLD_DUMPS", "0").strip() or "0"
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def doomed(settings: Mapping[str, str], dumps: Sequence[str]) -> Sequence[str]:
    """The dumps that are deleted before a new one is saved; `dumps` are names, oldest first."""
    number = kept(settings)
    if not number:
        return ()
    return dumps if number < 0 else dumps[: max(0, len(dumps) - number)]
