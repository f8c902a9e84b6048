# SPDX-License-Identifier: Apache-2.0
"""The systemd units that load the capture kernel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import pairs, whole_number
from kdumpcheck.probe import Section

_NAMES = "kdump.service kdump-early.service kdump-tools.service"
_PROPERTIES = (
    "Id LoadState ActiveState SubState Result UnitFileState ExecMainStatus ConditionResult "
    "ActiveEnterTimestampMonotonic ActiveEnterTimestamp"
)
# After a boot or a restart the initrd may be under construction (10-30 s on metal). That is no fault: wait for it,
# here on the node and before anything else is read, so that all of the evidence is of the settled state.
_SETTLE = rf"""
uptime() {{ read -r now _ </proc/uptime; printf '%s' "${{now%%.*}}"; }}
began=$(uptime) waited=0
# shellcheck disable=SC2086  # words
while systemctl is-active {_NAMES} ${{more_units:-}} 2>/dev/null | grep -q -x activating; do
    waited=$(($(uptime) - began))
    [ "$waited" -lt "$patience" ] || break
    sleep 1
done
printf 'waited=%s\n' "$waited"
"""
# TZ: systemd writes times as the caller would read them.
_SHOW = f"""
# shellcheck disable=SC2086  # words
TZ=UTC systemctl show --no-pager {" ".join(f"-p {name}" for name in _PROPERTIES.split())} {_NAMES} ${{more_units:-}}
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit as `systemctl show` states it. `active_since` is in seconds after boot, None if never.

    `active_at` is the same moment by the node's clock of then, in seconds since 1970.
    """

    name: str
    load_state: str
    active_state: str
    sub_state: str
    result: str
    enabled_state: str
    exit_status: int | None
    condition_met: bool
    active_since: float | None
    active_at: int | None = None

    @property
    def exists(self) -> bool:
        """True when systemd has read a unit file of this name."""
        return self.load_state == "loaded"

    @property
    def state(self) -> str:
        """The state in the words `systemctl status` uses, such as "active (exited)" or "failed (exit-code)"."""
        if not self.exists:
            return f"no such unit ({self.load_state})"
        detail = self.result if self.active_state == "failed" else self.sub_state
        return f"{self.active_state} ({detail})"


@dataclass(frozen=True, slots=True)
class Units:
    """The units by name, and how many seconds the probe waited for one that was still starting."""

    sections: ClassVar[tuple[Section, ...]] = (
        Section("settle", _SETTLE, timeout=600, first=True),
        Section("units", _SHOW),
    )

    by_name: Mapping[str, Unit]
    waited: int

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read `systemctl show` (systemctl(1)): one block a unit, blank lines between."""
        text = evidence.text("units")
        if isinstance(text, Unknown):
            return text
        units = [_unit(pairs(block)) for block in text.split("\n\n") if "LoadState=" in block]
        if not units:
            return Unknown("systemctl did not describe the kdump units; is systemd running here?")
        settle = evidence.text("settle")
        waited = 0 if isinstance(settle, Unknown) else whole_number(pairs(settle).get("waited", "")) or 0
        return cls({unit.name: unit for unit in units}, waited)

    def get(self, name: str) -> Unit:
        """One unit; a name systemd was not asked about is a unit that does not exist."""
        return self.by_name.get(name) or Unit(name, "not-found", "inactive", "dead", "", "", None, False, None)  # noqa: FBT003 - a record, in the order of its fields


def _unit(found: Mapping[str, str]) -> Unit:
    since = whole_number(found.get("ActiveEnterTimestampMonotonic", ""))
    return Unit(
        name=found.get("Id", ""),
        load_state=found.get("LoadState", ""),
        active_state=found.get("ActiveState", ""),
        sub_state=found.get("SubState", ""),
        result=found.get("Result", ""),
        enabled_state=found.get("UnitFileState", ""),
        exit_status=whole_number(found.get("ExecMainStatus", "")),
        condition_met=found.get("ConditionResult", "") == "yes",
        active_since=since / 1e6 if since else None,
        active_at=_moment(found.get("ActiveEnterTimestamp", "")),
    )


def _moment(text: str) -> int | None:
    """A time as systemd writes it for TZ=UTC ("Sun 2026-11-22 22:32:15 UTC")."""
    try:
        return int(datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return None
