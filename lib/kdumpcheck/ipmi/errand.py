# SPDX-License-Identifier: Apache-2.0
"""An errand to a BMC over IPMI 2.0 (RMCP+): its power button pressed, or its power state asked for.

pyghmi sends a request again when it is not answered within a second, and BMCs that take longer do it again: a reset is
then done two to seven times. So what changes anything is sent with a timeout that never comes, and the waiting is ours.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from kdumpcheck.ipmi.session import Session
from kdumpcheck.ipmi.trouble import Trouble

Say = Callable[..., None]

CHASSIS: Final = 0x00
GET_STATUS: Final = 0x01
CONTROL: Final = 0x02
PRESS: Final = {"off": 0, "on": 1, "cycle": 2, "reset": 3, "nmi": 4}

_NEVER: Final = 86400.0
# A question may be asked again, but a slow BMC answers each one.
_QUESTION: Final = 8.0
_BETWEEN_LOOKS: Final = 1.0

_UNSUPPORTED: Final = {0xC1, 0xC2, 0xCC, 0xC7, 0xC9}
"""invalid command, not on this LUN, invalid data field, wrong length, parameter out of range (IPMI 2.0 table 5-2)"""


class Errand:
    """One order, carried out within its time."""

    def __init__(self, order: Mapping[str, Any], say: Say) -> None:
        self._action: str = order["action"]
        self._say = say
        self._session = Session(order, time.monotonic() + float(order["seconds"]))
        self._parent = os.getppid()

    def run(self) -> None:
        """Log in, do it, log out; then say the power state, where the action tells."""
        self._session.log_in()
        try:
            state = self._do(self._action)
        finally:
            self._session.log_out()
        self._say(state=state)

    def _do(self, action: str) -> Literal["on", "off"] | None:
        if action == "status":
            return self._state()
        self._press(PRESS[action])
        if action not in ("on", "off"):
            return None
        while (state := self._state()) != action:
            self._session.turns(_BETWEEN_LOOKS)
        return state

    def _state(self) -> Literal["on", "off"]:
        answer = self._session.ask(CHASSIS, GET_STATUS, (), _QUESTION)
        if answer["code"] or not answer["data"]:
            raise Trouble("rejected", answer.get("error") or "it told no power state")
        return "on" if answer["data"][0] & 1 else "off"

    def _press(self, button: int) -> None:
        if os.getppid() != self._parent:
            raise Trouble("unconfirmed", "nobody waits for this any more")
        self._say(sent=True)
        answer = self._session.ask(CHASSIS, CONTROL, (button,), _NEVER)
        if answer["code"]:
            text = f"{answer.get('error') or 'no reason given'} (completion code {answer['code']:#04x})"
            raise Trouble("unsupported" if answer["code"] in _UNSUPPORTED else "rejected", text)
