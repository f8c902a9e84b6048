# SPDX-License-Identifier: Apache-2.0
"""Shell of ours that looks for dumps, told where they are."""

from __future__ import annotations

import shlex
from pathlib import Path

from kdumpcheck.places import Place

_ASKED = "\nfind_place\n"


def laid_out(script: str, place: Place, point: Path, shown: Path | None = None) -> str:
    """The script with this layout below `point` instead of the one that it would find here."""
    assert script.count(_ASKED) == 1
    settings = {"layout": place.name, "day": place.names, "point": str(point), "shown": str(shown or point)}
    return script.replace(_ASKED, "\n" + "".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items()))
