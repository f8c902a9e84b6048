# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck lab`: the embedded lab from the command line."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import console, status
from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.faults import FAULTS
from kdumpcheck.lab.image import DEFAULT_DIALECT, DIALECTS, ImageError
from kdumpcheck.lab.injection import Injector
from kdumpcheck.lab.lab import DEFAULT_NODES, Lab
from kdumpcheck.lab.progress import Progress
from kdumpcheck.lab.store import purge
from kdumpcheck.lab.teardown import tear_down
from kdumpcheck.nodes import InventoryError, expand, fold
from kdumpcheck.paths import cache_dir, lab_state_dir

if TYPE_CHECKING:
    from collections.abc import Callable

OK: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 2
USAGE: Final = 4

_FIRST_CONTAINER: Final = 101
_NO_LAB: Final = "no lab is up; start one with `kdumpcheck lab up`"


class UsageError(Exception):
    """What was asked for makes no sense; the text is one line."""


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `lab` and what it can do to the command `kdumpcheck`."""
    lab = subparsers.add_parser("lab", help="a small NCN cluster on this machine, with BMCs, to try everything on")
    lab.set_defaults(run=run)
    actions = lab.add_subparsers(dest="lab_action", required=True, metavar="ACTION")
    _add_up(actions)
    down = _add(actions, "down", _down, "end the lab and remove everything it made")
    down.add_argument("--purge", action="store_true", help="also throw away the node image and the saved states")
    _add(actions, "status", _status, "show the nodes, their faults, and where the BMC password is")
    ssh = _add(actions, "ssh", _ssh, "open a shell on a node, or run a command there")
    ssh.add_argument("node", metavar="NODE")
    ssh.add_argument("words", nargs=argparse.REMAINDER, metavar="CMD")
    watch = _add(actions, "console", _console, "follow a node's serial console")
    watch.add_argument("node", metavar="NODE")
    watch.add_argument("--interactive", action="store_true", help="type into it, through the node's BMC; leave by ~.")
    _add_faults(actions)


def run(args: argparse.Namespace) -> int:
    """Do what `kdumpcheck lab ...` was asked; the exit status (0 done, 1 failed, 2 interrupted, 4 usage)."""
    progress = Progress()
    lab = Lab(lab_state_dir(os.environ, Path.home()), cache_dir(os.environ, Path.home()), os.environ, progress)
    action: Callable[[Lab, argparse.Namespace, Progress], int] = args.lab_run
    try:
        return action(lab, args, progress)
    except (UsageError, InventoryError) as error:
        return _complain(str(error), USAGE)
    except (LabError, ImageError) as error:
        return _complain(str(error), FAILED)
    except KeyboardInterrupt:
        Deadline.interrupted.set()
        return _complain("interrupted; `kdumpcheck lab down` takes away what is there", INTERRUPTED)


def _add(
    actions: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    action: Callable[[Lab, argparse.Namespace, Progress], int],
    text: str,
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    parser.set_defaults(lab_run=action)
    return parser


def _add_up(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    up = _add(actions, "up", _up, "bring nodes up, besides those that are")
    up.add_argument("nodes", nargs="*", metavar="NODES", help=f"VMs, as a node set (default {fold(DEFAULT_NODES)})")
    up.add_argument(
        "--containers", metavar="N|NODES", help=f"container nodes: so many from ncn-w{_FIRST_CONTAINER} on, or these"
    )
    up.add_argument(
        "--dialect",
        metavar="NAME",
        help=f"kdump of new VMs: {', or '.join(f'{each.name} ({each.title})' for each in DIALECTS.values())}"
        f" (default {DEFAULT_DIALECT})",
    )
    up.add_argument("--cold", action="store_true", help="boot new VMs instead of going on from a saved state")
    up.add_argument("--fresh", action="store_true", help="throw saved states away and make them anew")


def _add_faults(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    broken = _add(actions, "break", _break, "put a fault on a node")
    broken.add_argument("--list", action="store_true", help="show all faults")
    broken.add_argument("node", nargs="?", metavar="NODE")
    broken.add_argument("fault", nargs="?", metavar="FAULT")
    heal = _add(actions, "heal", _heal, "take a node's faults away, or one of them")
    heal.add_argument("node", metavar="NODE")
    heal.add_argument("fault", nargs="?", metavar="FAULT")
    heal.add_argument("--restore", action="store_true", help="make the node anew, as it came up first")


def _up(lab: Lab, args: argparse.Namespace, progress: Progress) -> int:
    containers = _container_names(args.containers) if args.containers else ()
    vms = expand(",".join(args.nodes)) if args.nodes else () if containers else DEFAULT_NODES
    if args.dialect not in (None, *DIALECTS):
        raise UsageError(f"--dialect {args.dialect}: there is no such dialect; the lab knows {', '.join(DIALECTS)}")
    if containers and args.dialect not in (None, DEFAULT_DIALECT):
        raise UsageError(f"--dialect {args.dialect}: containers come in the dialect {DEFAULT_DIALECT} only")
    errors = lab.up(vms, containers, dialect=args.dialect, cold=args.cold, fresh=args.fresh)
    for error in errors:
        _complain(error, FAILED)
    count = len(lab.nodes())
    progress(f"lab: {count} node{'s' if count != 1 else ''}; `kdumpcheck lab status` shows them")
    return FAILED if errors else OK


def _container_names(text: str) -> tuple[str, ...]:
    if not text.isdecimal():
        return expand(text)
    if not 1 <= int(text) <= 99:
        raise UsageError(f"--containers {text}: give 1 to 99, or name them: --containers 'ncn-w[201-350]'")
    return tuple(f"ncn-w{number}" for number in range(_FIRST_CONTAINER, _FIRST_CONTAINER + int(text)))


def _down(lab: Lab, args: argparse.Namespace, progress: Progress) -> int:
    names = lab.state.node_names()
    with lab.state.locked():
        tear_down(lab.state)
    progress(f"lab: down; {fold(names)} and all files are gone" if names else "lab: no node was up")
    if args.purge:
        purge(cache_dir(os.environ, Path.home()))
        progress("lab: the node image and all saved states are gone; the next `kdumpcheck lab up` takes minutes")
    return OK


def _status(lab: Lab, _args: argparse.Namespace, _progress: Progress) -> int:
    nodes = status.nodes_of(lab)
    if not nodes:
        raise LabError(_NO_LAB)
    print(status.text_of(lab, nodes))
    return OK


def _ssh(lab: Lab, args: argparse.Namespace, _progress: Progress) -> int:
    _require_node(lab, args.node)
    return _become(lab.ssh.argv(args.node, args.words))


def _console(lab: Lab, args: argparse.Namespace, _progress: Progress) -> int:
    _require_node(lab, args.node)
    record = lab.machine(args.node).record
    if args.interactive:
        if record.kind != "vm":
            raise LabError(f"{args.node} is a container and has no serial line; use `kdumpcheck lab ssh {args.node}`")
        return _become(lab.bmcs.ipmitool(record.bmc, "sol", "activate"))
    try:
        for piece in console.follow(lab.state.node(args.node)):
            print(piece, end="", flush=True)
    except KeyboardInterrupt:  # the way to stop watching
        print()
    return OK


def _break(lab: Lab, args: argparse.Namespace, progress: Progress) -> int:
    if args.list:
        for fault in FAULTS.values():
            needs = "" if fault.needs == "any" else f" ({fault.needs} only)"
            print(f"{fault.id}{needs}\n    {fault.title}\n    break: {fault.effect}\n    heal:  {fault.undo}")
        return OK
    if not args.node or not args.fault:
        raise UsageError("say which node and which fault: kdumpcheck lab break NODE FAULT; --list shows the faults")
    _require_node(lab, args.node)
    fault = Injector(lab, progress).break_node(args.node, args.fault)
    progress(f"{args.node}: {fault.title}")
    return OK


def _heal(lab: Lab, args: argparse.Namespace, progress: Progress) -> int:
    _require_node(lab, args.node)
    if args.restore:
        if args.fault:
            raise UsageError("--restore takes every fault away; leave out which")
        lab.restore(args.node)
        progress(f"{args.node}: made anew")
        return OK
    healed = Injector(lab, progress).heal(args.node, args.fault)
    progress(f"{args.node}: healed of {', '.join(fault.id for fault in healed)}")
    return OK


def _require_node(lab: Lab, name: str) -> None:
    names = lab.state.node_names()
    if not names:
        raise LabError(_NO_LAB)
    if name not in names:
        raise LabError(f"the lab has no node {name!a}; it has {fold(names)}")


def _become(argv: list[str]) -> int:
    sys.stdout.flush()
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted; the operator's terminal becomes the program's
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed: apt-get install openssh-client ipmitool") from None


def _complain(message: str, code: int) -> int:
    print(f"kdumpcheck lab: {' '.join(message.split())}", file=sys.stderr)
    return code
