# SPDX-License-Identifier: Apache-2.0
"""What the commands about a BMC share: which node, who we are for its BMC, and how a mistake is said."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from kdumpcheck.nodes import Inventory, Node, find_inventory, load_inventory
from kdumpcheck.power.login import DEFAULT_USER, USER_VARIABLE, Login, login_of

OK: Final = 0
FAILED: Final = 1
INTERRUPTED: Final = 2
USAGE: Final = 4


class UsageError(Exception):
    """What was asked for makes no sense, or is too dangerous; the text is one line."""


def add_node(parser: argparse.ArgumentParser) -> None:
    """Add which node is meant."""
    parser.add_argument("node", metavar="NODE")
    parser.add_argument("--inventory", type=Path, metavar="FILE", help="where the node and its BMC are described")
    parser.add_argument(
        "--plugin-dir", type=Path, action="append", default=[], metavar="DIR", help="more plugins (kdumpcheck plugins)"
    )


def add_login(parser: argparse.ArgumentParser) -> None:
    """Add who we are for its BMC."""
    parser.add_argument("--user", help=f"user of the BMC (default: the inventory's, ${USER_VARIABLE}, {DEFAULT_USER})")
    parser.add_argument(
        "--password-file", type=Path, metavar="FILE", help="read the BMC's password from a file of mode 0600"
    )
    parser.add_argument("--ask-password", action="store_true", help="ask for the BMC's password")


def node_of(args: argparse.Namespace) -> Node:
    """The one node, and its BMC; what the command line says of the login comes before the inventory.

    Raises `UsageError` and `InventoryError`.
    """
    nodes = _inventory(args).select(args.node)
    if len(nodes) > 1:
        raise UsageError(f"{args.node} names {len(nodes)} nodes: give one node at a time")
    [node] = nodes
    if args.user:
        node = replace(node, bmc_user=None)
    if args.password_file or args.ask_password:
        node = replace(node, bmc_password_file=None)
    return node


def login_from(args: argparse.Namespace) -> Login:
    """Who we are for a BMC of which the inventory says nothing. Raises `SecretError`."""
    file = args.password_file.expanduser() if args.password_file else None
    return login_of(os.environ, user=args.user, file=file, ask=args.ask_password)


def complain(command: str, message: str, code: int) -> int:
    """Say in one line what is wrong; the exit status."""
    print(f"kdumpcheck {command}: {' '.join(message.split())}", file=sys.stderr)
    return code


def _inventory(args: argparse.Namespace) -> Inventory:
    if args.inventory is not None:
        return load_inventory(args.inventory.expanduser())
    return find_inventory(os.environ, Path.cwd(), Path.home())
