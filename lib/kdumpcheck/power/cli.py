# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck power`: the power button from the command line."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import Final

from kdumpcheck.nodes import InventoryError, Node
from kdumpcheck.paths import lab_state_dir
from kdumpcheck.power.arguments import (
    FAILED,
    INTERRUPTED,
    OK,
    USAGE,
    UsageError,
    add_login,
    add_node,
    complain,
    login_from,
    node_of,
)
from kdumpcheck.power.choose import Ways
from kdumpcheck.power.guard import is_this_machine
from kdumpcheck.power.login import PASSWORD_VARIABLE, USER_VARIABLE
from kdumpcheck.power.outcome import ACTIONS, HARMFUL, Action, PowerError
from kdumpcheck.power.power import Power
from kdumpcheck.power.redfish import Trust
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.secret import SecretError

_SECONDS: Final = 30.0
_SHORTEST: Final = 2.0
_LONGEST: Final = 3600.0

_QUESTIONS: Final[dict[Action, str]] = {
    "off": "cut the power of",
    "cycle": "cut the power of, and switch on again,",
    "reset": "reset",
    "nmi": "crash, by an NMI,",
}


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `power` to the command `kdumpcheck`."""
    lab = lab_state_dir(os.environ, Path.home())
    power = subparsers.add_parser(
        "power",
        help="a node's power, through its BMC: status, on, off, cycle, reset, NMI",
        description="Press one node's power button, through its BMC: at NODE-mgmt, or where the inventory says "
        "(bmc: HOST, HOST:PORT, redfish://HOST, command://HOST). Each press is sent exactly once.",
        epilog=f"The password comes from --password-file, --ask-password, ${PASSWORD_VARIABLE}, or the terminal. "
        "A running lab is found by itself, as its inventory is: "
        f"kdumpcheck power ncn-w001 status --password-file {lab / 'bmc' / 'password'}",
    )
    add_node(power)
    power.add_argument("action", choices=ACTIONS, metavar="ACTION", help=f"one of {', '.join(ACTIONS)}")
    power.add_argument("--yes", action="store_true", help="do not ask; needed where there is no terminal")
    power.add_argument("--timeout", type=float, default=_SECONDS, metavar="S", help="seconds (default: 30)")
    add_login(power)
    _add_ways(power)
    power.set_defaults(run=run)


def _add_ways(power: argparse.ArgumentParser) -> None:
    power.add_argument(
        "--via",
        metavar="WAY",
        help="how to speak with the BMC: ipmi, redfish, command or a plugin's (default: as the inventory says, or "
        "ipmi)",
    )
    power.add_argument(
        "--command",
        metavar="WORDS",
        help="your own program, as 'bmc-tool {bmc} {action}' ({node}, too); no shell; it finds "
        f"${USER_VARIABLE} and ${PASSWORD_VARIABLE} in its environment, and says on or off for status",
    )
    power.add_argument("--ca", type=Path, metavar="FILE", help="redfish: the authority of the BMC's certificate")
    power.add_argument("--certificate", metavar="SHA256", help="redfish: the BMC's certificate itself")


def run(args: argparse.Namespace) -> int:
    """Do what `kdumpcheck power ...` was asked; the exit status (0 done, 1 not done, 2 interrupted, 4 usage)."""
    try:
        print(_press(args), flush=True)
    except (UsageError, InventoryError, SecretError) as error:
        return complain("power", str(error), USAGE)
    except PowerError as error:
        return complain("power", str(error), USAGE if error.kind == "config" else FAILED)
    except KeyboardInterrupt as stop:
        said = f"interrupted: {stop}" if stop.args else "interrupted; nothing had been sent"
        return complain("power", said, INTERRUPTED)
    return OK


def _press(args: argparse.Namespace) -> str:
    if not _SHORTEST <= args.timeout <= _LONGEST:
        raise UsageError(f"--timeout {args.timeout:g}: give {_SHORTEST:g} to {_LONGEST:g} seconds")
    action: Action = args.action
    node = node_of(args)
    if action != "status" and is_this_machine(node.name, socket.gethostname()):
        raise UsageError(f"{node.name} is this machine: its power is not pressed from here")
    power = _power(args, node)
    if action in HARMFUL and not args.yes:
        _confirm(node, action, power)
    return power.press(action, Deadline.after(args.timeout)).line()


def _power(args: argparse.Namespace, node: Node) -> Power:
    way = args.via or ("command" if args.command else None)
    ways = Ways(login_from(args), way, args.command, Trust(args.ca, args.certificate))
    power = ways.to(node)
    # Asked for, or read, before the clock of the errand starts, and before the operator is asked whether he is sure.
    power.login.password.reveal()
    return power


def _confirm(node: Node, action: Action, power: Power) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"{node.name}: {action} without a terminal to confirm it on: add --yes")
    question = (
        f"Really {_QUESTIONS[action]} {node.name} ({power.where})? What it has not written to disk is lost. [y/N] "
    )
    try:
        answer = input(question)
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise UsageError(f"{node.name}: not confirmed; nothing was sent")
