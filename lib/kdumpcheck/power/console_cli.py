# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck console`: a node's console on the operator's screen, with times, and nothing typed into it."""

from __future__ import annotations

import argparse
import math
import time
from datetime import datetime
from typing import Final

from kdumpcheck.nodes import InventoryError
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
from kdumpcheck.power.console import Console, ConsoleError, Line
from kdumpcheck.power.console_choose import FORMS, open_console
from kdumpcheck.power.login import PASSWORD_VARIABLE
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.secret import SecretError

_LONGEST: Final = 30 * 86400.0
_TURN: Final = 60.0


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `console` to the command `kdumpcheck`."""
    console = subparsers.add_parser(
        "console",
        help="follow a node's console, through its BMC",
        description="Print what a node shows on its console from now on, with times; nothing is typed into it. "
        "End it with Ctrl-C.",
        epilog=f"The BMC's password comes from --password-file, --ask-password, ${PASSWORD_VARIABLE}, or the terminal.",
    )
    add_node(console)
    console.add_argument(
        "--console",
        metavar="WAY",
        help=f"{FORMS}, with {{node}} and {{bmc}} in it (default: as the inventory says, or sol)",
    )
    console.add_argument("--seconds", type=float, metavar="S", help="end after so many seconds (default: never)")
    add_login(console)
    console.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what `kdumpcheck console ...` was asked; the exit status.

    0 when the operator or --seconds ends it, 1 when the console does, 2 for a Ctrl-C before --seconds, 4 for usage.
    """
    try:
        _follow(args)
    except (UsageError, InventoryError, SecretError) as error:
        return complain("console", str(error), USAGE)
    except ConsoleError as error:
        return complain("console", str(error), USAGE if error.kind == "config" else FAILED)
    except KeyboardInterrupt:
        # Without --seconds it is the only way to stop watching, and no mishap.
        return OK if args.seconds is None else complain("console", "interrupted", INTERRUPTED)
    return OK


def _follow(args: argparse.Namespace) -> None:
    if args.seconds is not None and not 0 < args.seconds <= _LONGEST:
        raise UsageError(f"--seconds {args.seconds:g}: give more than 0, and at most {_LONGEST:g}")
    deadline = Deadline.after(math.inf if args.seconds is None else args.seconds)
    with open_console(node_of(args), Ways(login_from(args), console=args.console)) as console:
        print(f"{args.node}: {console.where}", flush=True)
        _print(console, deadline)


def _print(console: Console, deadline: Deadline) -> None:
    while not deadline.expired:
        for line in console.read(min(_TURN, deadline.remaining())):
            print(shown(line), flush=True)


def shown(line: Line) -> str:
    """A line for a person: the time of day here, and a mark before what is our own word."""
    at = datetime.fromtimestamp(time.time() - time.monotonic() + line.at).astimezone()
    return f"{at:%H:%M:%S}  {'-- ' if line.note else ''}{line.text}"
