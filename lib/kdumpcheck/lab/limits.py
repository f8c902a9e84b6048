# SPDX-License-Identifier: Apache-2.0
"""A kernel limit a fleet of containers runs into: each systemd, journal and bus of theirs watches files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.files import read_json, write_json

if TYPE_CHECKING:
    from kdumpcheck.lab.progress import Tell

INSTANCES: Final = Path("/proc/sys/fs/inotify/max_user_instances")
_RECORD: Final = "limits.json"
# Seen: 7 for each container, beyond which services on it silently wait for ever. The default of 128 is for 18.
_EACH: Final = 10
_OTHERS: Final = 256


def make_room(lab: Path, containers: int, tell: Tell, limit: Path = INSTANCES) -> None:
    """Raise fs.inotify.max_user_instances where so many containers need it; what it was is kept for `put_back`."""
    now, needed = _read(limit), _OTHERS + _EACH * containers
    if not containers or now >= needed:
        return
    known = read_json(lab / _RECORD)
    write_json(lab / _RECORD, {"before": now if known is None else known["before"], "raised": needed})
    tell(f"raising fs.inotify.max_user_instances from {now} to {needed} while the lab is up")
    limit.write_text(f"{needed}\n", encoding="ascii")


def put_back(lab: Path, limit: Path = INSTANCES) -> None:
    """Set the limit to what it was, unless somebody else has changed it since."""
    known = read_json(lab / _RECORD)
    if known is not None and _read(limit) == known["raised"]:
        limit.write_text(f"{known['before']}\n", encoding="ascii")
    (lab / _RECORD).unlink(missing_ok=True)


def _read(limit: Path) -> int:
    return int(limit.read_text(encoding="ascii"))
