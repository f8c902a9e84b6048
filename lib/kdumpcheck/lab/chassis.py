# SPDX-License-Identifier: Apache-2.0
"""The power button of one node, pressed by its BMC.

The words after the node's directory are ipmi_sim's: `get power`, `set power 0`, `set reset 1`, `check ...`
(ipmi_sim(1)). How it is run: `chassis_main.py`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.machine import alone, open_machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kdumpcheck.lab.machine import Machine


def main(argv: Sequence[str]) -> int:
    """Do what the BMC asks; 0 when it is done, 1 with one line on standard error otherwise."""
    try:
        directory, verb, *words = argv
        answers = _obey(Path(directory), verb, words)
    except (LabError, ValueError) as error:
        print(f"chassis: {error}", file=sys.stderr)
        return 1
    for answer in answers:
        print(answer)
    return 0


def _obey(directory: Path, verb: str, words: Sequence[str]) -> list[str]:
    machine = open_machine(directory, lab=directory.parents[1])
    if verb == "get":
        return [_get(machine, what) for what in words]
    if verb == "check":
        return []
    with alone(directory):
        for what, value in zip(words[::2], words[1::2], strict=True):
            _set(machine, what, value)
    return []


def _get(machine: Machine, what: str) -> str:
    if what == "power":
        return f"power:{int(machine.is_on())}"
    if what == "boot":
        return "boot:default"
    raise LabError(f"a lab BMC does not know its node's {what}")


def _set(machine: Machine, what: str, value: str) -> None:
    match what, value:
        case "power", "0":
            machine.power_off()
        case "power", _:
            machine.power_on()
        case "reset", _:
            machine.reset()
        case "shutdown", _:
            machine.shut_down()
        case _:
            raise LabError(f"a lab BMC cannot set its node's {what}")
