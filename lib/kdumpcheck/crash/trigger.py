# SPDX-License-Identifier: Apache-2.0
"""How a node is crashed, and what is asked of it just before."""

from __future__ import annotations

from typing import Final, Literal, get_args

from kdumpcheck.crash import script
from kdumpcheck.crash.survey import with_survey
from kdumpcheck.places import Place

Trigger = Literal["sysrq", "nmi", "module"]
TRIGGERS: Final[tuple[Trigger, ...]] = get_args(Trigger)

WORDS: Final[dict[Trigger, str]] = {
    "sysrq": "by sysrq-c",
    "nmi": "by an NMI from its BMC",
    "module": "by a panic in the module lkdtm",
}

#: Seconds: writing out what a large node has in its page cache takes a while.
PREPARE_SECONDS: Final = 600.0
PULL_SECONDS: Final = 60.0


def prepare(place: Place, unit: str, marker: str, trigger: Trigger) -> str:
    """The script that syncs, leaves the mark of this crash in the kernel log, and takes a survey of the node."""
    return with_survey(place, unit, {"marker": marker, "trigger": trigger}, "prepare.sh")


def pull(trigger: Trigger) -> str:
    """The script that crashes the node, or, for an NMI, makes one mean a panic."""
    return script.compose({"trigger": trigger}, "trigger.sh")


def calm(meant: str) -> str:
    """The script that takes back what `pull` did for an NMI that was never sent."""
    return script.compose({"trigger": "calm", "meant": meant}, "trigger.sh")
