# SPDX-License-Identifier: Apache-2.0
"""What a worker told, in one line for the operator: done, or why not and what to do."""

from __future__ import annotations

import time
from collections.abc import Callable

from kdumpcheck.power.outcome import Action, Kind, Outcome, PowerError
from kdumpcheck.power.worker import Report

# After these the BMC has said itself that it has not done it.
_SURE: frozenset[Kind] = frozenset({"unsupported", "rejected", "auth"})


def outcome_of(node: str, action: Action, where: str, user: str, errand: Callable[[], Report]) -> Outcome:
    """Have the errand done, and say what came of it. Raises `PowerError`."""
    start = time.monotonic()
    report = errand()
    seconds = time.monotonic() - start
    if report.error is None:
        return Outcome(node, action, where, seconds, report.state)
    if report.sent and report.error not in _SURE:
        what = f": {report.text}" if report.text else ""
        text = (
            f"{where} was told to {_VERBS[action]}, once, and has not confirmed it within {seconds:.0f} s{what}; "
            f"it may have been done: look before you try again"
        )
        raise PowerError("unconfirmed", node, text)
    raise PowerError(report.error, node, why_not(report.error, report.text, where, user, seconds))


_VERBS: dict[Action, str] = {
    "status": "tell its state",
    "on": "power on",
    "off": "power off",
    "cycle": "power cycle",
    "reset": "reset",
    "nmi": "send an NMI",
}


def why_not(kind: Kind, text: str, where: str, user: str, seconds: float) -> str:
    """What is wrong, and what to do about it; `text` is what the BMC or its library said."""
    said = f" ({text})" if text else ""
    texts: dict[Kind, str] = {
        "resolve": f"no address is known for {where}{said}: is the name right?",
        "refused": f"nothing listens at {where}: is it a BMC, and is its remote access on?",
        "silent": f"{where} has not answered within {seconds:.0f} s: nothing was changed{said}",
        "auth": f"{where} refused user {user} or the password{said}",
        "locked": f"{where} lets nobody in now{said}: wait, or end other sessions",
        "certificate": f"{where}: its certificate cannot be trusted{said}",
        "unsupported": f"{where} does not know this action{said}",
        "rejected": f"{where} did not do it{said}",
        "protocol": f"what answers at {where} is not a BMC we can talk to{said}",
        "config": f"{where}: {text}",
        "unconfirmed": f"{where}: {text}",
    }
    return texts[kind]
