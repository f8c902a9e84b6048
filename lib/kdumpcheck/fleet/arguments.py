# SPDX-License-Identifier: Apache-2.0
"""How nodes are reached, as options of the commands that are no tests."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from kdumpcheck.nodes import Inventory, find_inventory, load_inventory
from kdumpcheck.suite.options import LONGEST
from kdumpcheck.suite.secrets import LOGIN_FILES, missing, passphrase_asker
from kdumpcheck.transport import Secret, SshSettings


class UsageError(Exception):
    """What was asked for makes no sense; the text is one line."""


def add(parser: argparse.ArgumentParser) -> None:
    """Add the options by which nodes are found and logged in to."""
    parser.add_argument("--inventory", type=Path, metavar="FILE", help="where the nodes are described")
    parser.add_argument(
        "--plugin-dir", type=Path, action="append", default=[], metavar="DIR", help="more plugins (kdumpcheck plugins)"
    )
    parser.add_argument("--deadline", type=float, default=60.0, metavar="S", help="seconds for a node (default: 60)")
    parser.add_argument("--ssh-config", type=Path, metavar="FILE", help="as ssh -F")
    parser.add_argument("--ssh-identity-file", type=Path, metavar="FILE", help="as ssh -i")
    for kind, what in (("", "the login"), ("sudo-", "sudo")):
        parser.add_argument(f"--ask-{kind}password", action="store_true", help=f"ask for the password of {what}")
        parser.add_argument(
            f"--{kind}password-file", type=Path, metavar="FILE", help=f"the password of {what}, in a file of mode 0600"
        )


def inventory(arguments: argparse.Namespace) -> Inventory:
    """The inventory that was named, or the one that is found. Raises `InventoryError`."""
    if arguments.inventory is not None:
        return load_inventory(arguments.inventory.expanduser())
    return find_inventory(os.environ, Path.cwd(), Path.home())


def settings(arguments: argparse.Namespace, nodes: Inventory) -> SshSettings:
    """How to log in. Raises `UsageError`."""
    if not 1 <= arguments.deadline <= LONGEST:
        raise UsageError(f"--deadline {arguments.deadline:g}: give a node between 1 and {LONGEST} seconds")
    identity = arguments.ssh_identity_file
    chosen = SshSettings(
        ssh_config=arguments.ssh_config or nodes.ssh_config,
        identity_files=(identity.expanduser(),) if identity is not None else (),
        known_hosts=nodes.known_hosts,
        password=secret("the login", arguments.password_file, ask=arguments.ask_password),
        sudo_password=secret("sudo", arguments.sudo_password_file, ask=arguments.ask_sudo_password),
        ask=passphrase_asker(),
    )
    for option in LOGIN_FILES:
        if no := missing(option, getattr(arguments, option)):
            raise UsageError(no)
    return chosen


def secret(what: str, file: Path | None, *, ask: bool) -> Secret | None:
    """A password out of a file or from a prompt; None when neither was asked for. Raises `UsageError`."""
    if file is not None and ask:
        raise UsageError(f"the password of {what} is both asked for and in a file: give one of them")
    if file is not None:
        return Secret.from_file(file.expanduser())
    return Secret.from_prompt(f"Password for {what} on the nodes: ") if ask else None
