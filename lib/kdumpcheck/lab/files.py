# SPDX-License-Identifier: Apache-2.0
"""Small files that are whole or not there: written beside their place, then renamed."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, cast

from kdumpcheck.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def write_text(path: Path, text: str, mode: int = 0o600) -> None:
    """Replace a file in one step; nobody ever reads half of it, and only its owner reads it at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    draft.rename(path)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a JSON file in one step."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file, or None when there is no such file; raises `LabError` for anything else."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise LabError(f"{path}: cannot be read ({error}); `kdumpcheck lab down` clears the lab away") from None
    if not isinstance(content, dict):
        raise LabError(f"{path}: not a JSON object; `kdumpcheck lab down` clears the lab away")
    return cast("dict[str, Any]", content)
